-- +goose Up
SET LOCAL lock_timeout = '5s';
ALTER TABLE "comments" DROP CONSTRAINT "comments_article_id_fkey", ADD CONSTRAINT "comments_article_id_fkey" FOREIGN KEY ("article_id") REFERENCES "articles" ("id") ON DELETE RESTRICT NOT VALID;
ALTER TABLE "favorites" DROP CONSTRAINT "favorites_article_id_fkey", DROP CONSTRAINT "favorites_user_id_fkey", ADD CONSTRAINT "favorites_article_id_fkey" FOREIGN KEY ("article_id") REFERENCES "articles" ("id") ON DELETE RESTRICT NOT VALID, ADD CONSTRAINT "favorites_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE RESTRICT NOT VALID;
ALTER TABLE "follows" DROP CONSTRAINT "follows_followed_id_fkey", DROP CONSTRAINT "follows_follower_id_fkey", ADD CONSTRAINT "follows_followed_id_fkey" FOREIGN KEY ("followed_id") REFERENCES "users" ("id") ON DELETE RESTRICT NOT VALID, ADD CONSTRAINT "follows_follower_id_fkey" FOREIGN KEY ("follower_id") REFERENCES "users" ("id") ON DELETE RESTRICT NOT VALID;
