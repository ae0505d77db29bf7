-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS "tags_created_at_id_idx";
CREATE INDEX CONCURRENTLY "tags_created_at_id_idx" ON "tags" ("created_at", "id");
