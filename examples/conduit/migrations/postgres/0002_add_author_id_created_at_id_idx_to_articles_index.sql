-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS "articles_author_id_created_at_id_idx";
CREATE INDEX CONCURRENTLY "articles_author_id_created_at_id_idx" ON "articles" ("author_id", "created_at", "id");
DROP INDEX CONCURRENTLY IF EXISTS "comments_article_id_created_at_id_idx";
CREATE INDEX CONCURRENTLY "comments_article_id_created_at_id_idx" ON "comments" ("article_id", "created_at", "id");
DROP INDEX CONCURRENTLY IF EXISTS "articles_author_id_idx";
DROP INDEX CONCURRENTLY IF EXISTS "comments_article_id_idx";
