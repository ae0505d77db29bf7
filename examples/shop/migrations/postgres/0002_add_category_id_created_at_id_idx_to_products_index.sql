-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS "products_category_id_created_at_id_idx";
CREATE INDEX CONCURRENTLY "products_category_id_created_at_id_idx" ON "products" ("category_id", "created_at", "id");
