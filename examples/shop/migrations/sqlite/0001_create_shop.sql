-- +goose Up
CREATE TABLE `account_credentials` (
  `account_id` text NOT NULL,
  `password_hash` text NOT NULL,
  `verified_at` integer NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  PRIMARY KEY (`account_id`),
  CONSTRAINT `account_credentials_account_id_fkey` FOREIGN KEY (`account_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) STRICT;
CREATE TABLE `account_sessions` (
  `id` text NOT NULL,
  `account_id` text NOT NULL,
  `refresh_hash` text NOT NULL,
  `previous_hash` text NULL,
  `created_at` integer NOT NULL,
  `refreshed_at` integer NOT NULL,
  `expires_at` integer NOT NULL,
  `revoked_at` integer NULL,
  `user_agent` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `account_sessions_account_id_fkey` FOREIGN KEY (`account_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) STRICT;
CREATE INDEX `account_sessions_account_id_idx` ON `account_sessions` (`account_id`);
CREATE INDEX `account_sessions_previous_hash_idx` ON `account_sessions` (`previous_hash`);
CREATE UNIQUE INDEX `account_sessions_refresh_hash_key` ON `account_sessions` (`refresh_hash`);
CREATE TABLE `account_tokens` (
  `hash` text NOT NULL,
  `account_id` text NOT NULL,
  `purpose` text NOT NULL,
  `created_at` integer NOT NULL,
  `expires_at` integer NOT NULL,
  `used_at` integer NULL,
  PRIMARY KEY (`hash`),
  CONSTRAINT `account_tokens_account_id_fkey` FOREIGN KEY (`account_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) STRICT;
CREATE INDEX `account_tokens_account_id_idx` ON `account_tokens` (`account_id`);
CREATE TABLE `cart_lines` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `owner_id` text NOT NULL,
  `variant_id` text NOT NULL,
  `quantity` integer NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `cart_lines_owner_id_fkey` FOREIGN KEY (`owner_id`) REFERENCES `users` (`id`) ON DELETE CASCADE,
  CONSTRAINT `cart_lines_variant_id_fkey` FOREIGN KEY (`variant_id`) REFERENCES `variants` (`id`) ON DELETE CASCADE,
  CONSTRAINT `cart_lines_quantity_max` CHECK ("quantity" <= 99),
  CONSTRAINT `cart_lines_quantity_min` CHECK ("quantity" >= 1)
) STRICT;
CREATE INDEX `cart_lines_created_at_id_idx` ON `cart_lines` (`created_at`, `id`);
CREATE UNIQUE INDEX `cart_lines_owner_id_variant_id_key` ON `cart_lines` (`owner_id`, `variant_id`);
CREATE INDEX `cart_lines_variant_id_idx` ON `cart_lines` (`variant_id`);
CREATE TABLE `categories` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `slug` text NOT NULL,
  `name` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `categories_name_max_length` CHECK (length("name") <= 60),
  CONSTRAINT `categories_name_min_length` CHECK (length("name") >= 1),
  CONSTRAINT `categories_slug_max_length` CHECK (length("slug") <= 60)
) STRICT;
CREATE UNIQUE INDEX `categories_name_ci_key` ON `categories` ((lower(`name`)));
CREATE INDEX `categories_name_id_idx` ON `categories` (`name`, `id`);
CREATE UNIQUE INDEX `categories_slug_key` ON `categories` (`slug`);
CREATE TABLE `idempotency_keys` (
  `scope` text NOT NULL,
  `name` text NOT NULL,
  `request_hash` text NOT NULL,
  `created_at` integer NOT NULL,
  `status` integer NULL,
  `location` text NULL,
  `etag` text NULL,
  `body` blob NULL,
  PRIMARY KEY (`scope`, `name`)
) STRICT;
CREATE INDEX `idempotency_keys_created_at_idx` ON `idempotency_keys` (`created_at`);
CREATE TABLE `labels` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `name` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `labels_name_max_length` CHECK (length("name") <= 40),
  CONSTRAINT `labels_name_min_length` CHECK (length("name") >= 1)
) STRICT;
CREATE INDEX `labels_name_id_idx` ON `labels` (`name`, `id`);
CREATE UNIQUE INDEX `labels_name_key` ON `labels` (`name`);
CREATE TABLE `order_lines` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `order_id` text NOT NULL,
  `variant_id` text NOT NULL,
  `title` text NOT NULL,
  `quantity` integer NOT NULL,
  `price_amount` integer NOT NULL,
  `price_currency` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `order_lines_order_id_fkey` FOREIGN KEY (`order_id`) REFERENCES `orders` (`id`) ON DELETE CASCADE,
  CONSTRAINT `order_lines_variant_id_fkey` FOREIGN KEY (`variant_id`) REFERENCES `variants` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `order_lines_quantity_min` CHECK ("quantity" >= 1)
) STRICT;
CREATE INDEX `order_lines_created_at_id_idx` ON `order_lines` (`created_at`, `id`);
CREATE INDEX `order_lines_order_id_idx` ON `order_lines` (`order_id`);
CREATE INDEX `order_lines_variant_id_idx` ON `order_lines` (`variant_id`);
CREATE TABLE `orders` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `buyer_id` text NOT NULL,
  `status` text NOT NULL DEFAULT 'PLACED',
  `total_amount` integer NOT NULL,
  `total_currency` text NOT NULL,
  `ship_to_name` text NOT NULL,
  `ship_to_street` text NOT NULL,
  `ship_to_city` text NOT NULL,
  `ship_to_postcode` text NOT NULL,
  `ship_to_country` text NOT NULL,
  `tracking` text NULL,
  `shipped_at` integer NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `orders_buyer_id_fkey` FOREIGN KEY (`buyer_id`) REFERENCES `users` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `orders_ship_to_city_max_length` CHECK (length("ship_to_city") <= 80),
  CONSTRAINT `orders_ship_to_city_min_length` CHECK (length("ship_to_city") >= 1),
  CONSTRAINT `orders_ship_to_name_max_length` CHECK (length("ship_to_name") <= 80),
  CONSTRAINT `orders_ship_to_name_min_length` CHECK (length("ship_to_name") >= 1),
  CONSTRAINT `orders_ship_to_postcode_max_length` CHECK (length("ship_to_postcode") <= 16),
  CONSTRAINT `orders_ship_to_postcode_min_length` CHECK (length("ship_to_postcode") >= 1),
  CONSTRAINT `orders_ship_to_street_max_length` CHECK (length("ship_to_street") <= 120),
  CONSTRAINT `orders_ship_to_street_min_length` CHECK (length("ship_to_street") >= 1),
  CONSTRAINT `orders_status_values` CHECK ("status" in ('PLACED', 'SHIPPED', 'CANCELLED')),
  CONSTRAINT `orders_tracking_max_length` CHECK (length("tracking") <= 100)
) STRICT;
CREATE INDEX `orders_buyer_id_created_at_idx` ON `orders` (`buyer_id`, `created_at`);
CREATE INDEX `orders_created_at_id_idx` ON `orders` (`created_at`, `id`);
CREATE INDEX `orders_status_created_at_idx` ON `orders` (`status`, `created_at`);
CREATE TABLE `product_labels` (
  `product_id` text NOT NULL,
  `label_id` text NOT NULL,
  PRIMARY KEY (`product_id`, `label_id`),
  CONSTRAINT `product_labels_label_id_fkey` FOREIGN KEY (`label_id`) REFERENCES `labels` (`id`) ON DELETE CASCADE,
  CONSTRAINT `product_labels_product_id_fkey` FOREIGN KEY (`product_id`) REFERENCES `products` (`id`) ON DELETE CASCADE
) STRICT;
CREATE INDEX `product_labels_label_id_product_id_idx` ON `product_labels` (`label_id`, `product_id`);
CREATE TABLE `products` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `category_id` text NOT NULL,
  `slug` text NOT NULL,
  `title` text NOT NULL,
  `description` text NOT NULL DEFAULT '',
  `listed` integer NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  CONSTRAINT `products_category_id_fkey` FOREIGN KEY (`category_id`) REFERENCES `categories` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `products_description_max_length` CHECK (length("description") <= 10000),
  CONSTRAINT `products_slug_max_length` CHECK (length("slug") <= 80),
  CONSTRAINT `products_title_max_length` CHECK (length("title") <= 140),
  CONSTRAINT `products_title_min_length` CHECK (length("title") >= 3)
) STRICT;
CREATE INDEX `products_category_id_listed_created_at_idx` ON `products` (`category_id`, `listed`, `created_at`);
CREATE INDEX `products_created_at_id_idx` ON `products` (`created_at`, `id`);
CREATE UNIQUE INDEX `products_slug_key` ON `products` (`slug`);
CREATE TABLE `users` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `email` text NOT NULL,
  `name` text NOT NULL,
  `role` text NOT NULL DEFAULT 'CUSTOMER',
  PRIMARY KEY (`id`),
  CONSTRAINT `users_name_max_length` CHECK (length("name") <= 80),
  CONSTRAINT `users_name_min_length` CHECK (length("name") >= 1),
  CONSTRAINT `users_role_values` CHECK ("role" in ('CUSTOMER', 'STAFF', 'ADMIN'))
) STRICT;
CREATE INDEX `users_created_at_id_idx` ON `users` (`created_at`, `id`);
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email`);
CREATE TABLE `variants` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `product_id` text NOT NULL,
  `sku` text NOT NULL,
  `options` text NOT NULL DEFAULT '',
  `price_amount` integer NOT NULL,
  `price_currency` text NOT NULL,
  `stock` integer NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `variants_product_id_fkey` FOREIGN KEY (`product_id`) REFERENCES `products` (`id`) ON DELETE CASCADE,
  CONSTRAINT `variants_options_max_length` CHECK (length("options") <= 200),
  CONSTRAINT `variants_price_price_not_positive_check` CHECK ("price_amount" > 0),
  CONSTRAINT `variants_sku_max_length` CHECK (length("sku") <= 40),
  CONSTRAINT `variants_sku_min_length` CHECK (length("sku") >= 1),
  CONSTRAINT `variants_stock_min` CHECK ("stock" >= 0)
) STRICT;
CREATE UNIQUE INDEX `variants_product_id_sku_key` ON `variants` (`product_id`, `sku`);
CREATE INDEX `variants_sku_id_idx` ON `variants` (`sku`, `id`);
