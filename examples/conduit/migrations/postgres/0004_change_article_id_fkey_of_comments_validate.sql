-- +goose Up
SET LOCAL lock_timeout = '5s';
ALTER TABLE "comments" VALIDATE CONSTRAINT "comments_article_id_fkey";
ALTER TABLE "favorites" VALIDATE CONSTRAINT "favorites_article_id_fkey";
ALTER TABLE "favorites" VALIDATE CONSTRAINT "favorites_user_id_fkey";
ALTER TABLE "follows" VALIDATE CONSTRAINT "follows_followed_id_fkey";
ALTER TABLE "follows" VALIDATE CONSTRAINT "follows_follower_id_fkey";
