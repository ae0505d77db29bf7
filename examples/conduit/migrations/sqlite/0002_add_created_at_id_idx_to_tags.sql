-- +goose Up
DROP INDEX `tags_name_id_idx`;
CREATE INDEX `tags_created_at_id_idx` ON `tags` (`created_at`, `id`);
