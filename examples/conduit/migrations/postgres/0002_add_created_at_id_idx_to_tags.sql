-- +goose Up
SET LOCAL lock_timeout = '5s';
DROP INDEX "tags_name_id_idx";
