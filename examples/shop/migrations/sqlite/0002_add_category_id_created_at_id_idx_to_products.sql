-- +goose Up
CREATE INDEX `products_category_id_created_at_id_idx` ON `products` (`category_id`, `created_at`, `id`);
