-- +goose Up
CREATE TABLE "users" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "email" text NOT NULL,
  "name" text NOT NULL,
  "role" text NOT NULL DEFAULT 'CUSTOMER',
  PRIMARY KEY ("id"),
  CONSTRAINT "users_name_max_length" CHECK (char_length("name") <= 80),
  CONSTRAINT "users_name_min_length" CHECK (char_length("name") >= 1),
  CONSTRAINT "users_role_values" CHECK ("role" in ('CUSTOMER', 'STAFF', 'ADMIN'))
);
CREATE INDEX "users_created_at_id_idx" ON "users" ("created_at", "id");
CREATE UNIQUE INDEX "users_email_key" ON "users" ("email");
COMMENT ON TABLE "users" IS 'A person who buys here, or works here.';
CREATE TABLE "idempotency_keys" (
  "scope" text NOT NULL,
  "name" text NOT NULL,
  "request_hash" text NOT NULL,
  "created_at" timestamptz NOT NULL,
  "status" integer NULL,
  "location" text NULL,
  "etag" text NULL,
  "body" bytea NULL,
  PRIMARY KEY ("scope", "name")
);
CREATE INDEX "idempotency_keys_created_at_idx" ON "idempotency_keys" ("created_at");
CREATE TABLE "account_credentials" (
  "account_id" uuid NOT NULL,
  "password_hash" text NOT NULL,
  "verified_at" timestamptz NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  PRIMARY KEY ("account_id"),
  CONSTRAINT "account_credentials_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE TABLE "account_sessions" (
  "id" uuid NOT NULL,
  "account_id" uuid NOT NULL,
  "refresh_hash" text NOT NULL,
  "previous_hash" text NULL,
  "created_at" timestamptz NOT NULL,
  "refreshed_at" timestamptz NOT NULL,
  "expires_at" timestamptz NOT NULL,
  "revoked_at" timestamptz NULL,
  "user_agent" text NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "account_sessions_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX "account_sessions_account_id_idx" ON "account_sessions" ("account_id");
CREATE INDEX "account_sessions_previous_hash_idx" ON "account_sessions" ("previous_hash");
CREATE UNIQUE INDEX "account_sessions_refresh_hash_key" ON "account_sessions" ("refresh_hash");
CREATE TABLE "account_tokens" (
  "hash" text NOT NULL,
  "account_id" uuid NOT NULL,
  "purpose" text NOT NULL,
  "created_at" timestamptz NOT NULL,
  "expires_at" timestamptz NOT NULL,
  "used_at" timestamptz NULL,
  PRIMARY KEY ("hash"),
  CONSTRAINT "account_tokens_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX "account_tokens_account_id_idx" ON "account_tokens" ("account_id");
CREATE TABLE "categories" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "slug" text NOT NULL,
  "name" text NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "categories_name_max_length" CHECK (char_length("name") <= 60),
  CONSTRAINT "categories_name_min_length" CHECK (char_length("name") >= 1),
  CONSTRAINT "categories_slug_max_length" CHECK (char_length("slug") <= 60)
);
CREATE UNIQUE INDEX "categories_name_ci_key" ON "categories" ((lower("name")));
CREATE INDEX "categories_name_id_idx" ON "categories" ("name", "id");
CREATE UNIQUE INDEX "categories_slug_key" ON "categories" ("slug");
COMMENT ON TABLE "categories" IS 'A shelf of the shop.';
CREATE TABLE "products" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "category_id" uuid NOT NULL,
  "slug" text NOT NULL,
  "title" text NOT NULL,
  "description" text NOT NULL DEFAULT '',
  "listed" boolean NOT NULL DEFAULT false,
  PRIMARY KEY ("id"),
  CONSTRAINT "products_category_id_fkey" FOREIGN KEY ("category_id") REFERENCES "categories" ("id") ON DELETE RESTRICT,
  CONSTRAINT "products_description_max_length" CHECK (char_length("description") <= 10000),
  CONSTRAINT "products_slug_max_length" CHECK (char_length("slug") <= 80),
  CONSTRAINT "products_title_max_length" CHECK (char_length("title") <= 140),
  CONSTRAINT "products_title_min_length" CHECK (char_length("title") >= 3)
);
CREATE INDEX "products_category_id_listed_created_at_idx" ON "products" ("category_id", "listed", "created_at");
CREATE INDEX "products_created_at_id_idx" ON "products" ("created_at", "id");
CREATE UNIQUE INDEX "products_slug_key" ON "products" ("slug");
COMMENT ON TABLE "products" IS 'What a customer looks at. Until it is listed only staff see it.';
CREATE TABLE "variants" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "product_id" uuid NOT NULL,
  "sku" text NOT NULL,
  "options" text NOT NULL DEFAULT '',
  "price_amount" numeric(19,4) NOT NULL,
  "price_currency" text NOT NULL,
  "stock" integer NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "variants_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "products" ("id") ON DELETE CASCADE,
  CONSTRAINT "variants_options_max_length" CHECK (char_length("options") <= 200),
  CONSTRAINT "variants_price_price_not_positive_check" CHECK ("price_amount" > 0),
  CONSTRAINT "variants_sku_max_length" CHECK (char_length("sku") <= 40),
  CONSTRAINT "variants_sku_min_length" CHECK (char_length("sku") >= 1),
  CONSTRAINT "variants_stock_min" CHECK ("stock" >= 0)
);
CREATE UNIQUE INDEX "variants_product_id_sku_key" ON "variants" ("product_id", "sku");
CREATE INDEX "variants_sku_id_idx" ON "variants" ("sku", "id");
COMMENT ON TABLE "variants" IS 'What is put into a cart: one size and colour of a product, at a price, so many in stock.';
COMMENT ON COLUMN "variants"."stock" IS 'Pieces that can still be sold. The database refuses to go below zero.';
CREATE TABLE "cart_lines" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "owner_id" uuid NOT NULL,
  "variant_id" uuid NOT NULL,
  "quantity" integer NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "cart_lines_owner_id_fkey" FOREIGN KEY ("owner_id") REFERENCES "users" ("id") ON DELETE CASCADE,
  CONSTRAINT "cart_lines_variant_id_fkey" FOREIGN KEY ("variant_id") REFERENCES "variants" ("id") ON DELETE CASCADE,
  CONSTRAINT "cart_lines_quantity_max" CHECK ("quantity" <= 99),
  CONSTRAINT "cart_lines_quantity_min" CHECK ("quantity" >= 1)
);
CREATE INDEX "cart_lines_created_at_id_idx" ON "cart_lines" ("created_at", "id");
CREATE UNIQUE INDEX "cart_lines_owner_id_variant_id_key" ON "cart_lines" ("owner_id", "variant_id");
CREATE INDEX "cart_lines_variant_id_idx" ON "cart_lines" ("variant_id");
COMMENT ON TABLE "cart_lines" IS 'A variant that a customer means to buy.';
CREATE TABLE "orders" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "buyer_id" uuid NOT NULL,
  "status" text NOT NULL DEFAULT 'PLACED',
  "total_amount" numeric(19,4) NOT NULL,
  "total_currency" text NOT NULL,
  "ship_to_name" text NOT NULL,
  "ship_to_street" text NOT NULL,
  "ship_to_city" text NOT NULL,
  "ship_to_postcode" text NOT NULL,
  "ship_to_country" text NOT NULL,
  "tracking" text NULL,
  "shipped_at" timestamptz NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "orders_buyer_id_fkey" FOREIGN KEY ("buyer_id") REFERENCES "users" ("id") ON DELETE RESTRICT,
  CONSTRAINT "orders_ship_to_city_max_length" CHECK (char_length("ship_to_city") <= 80),
  CONSTRAINT "orders_ship_to_city_min_length" CHECK (char_length("ship_to_city") >= 1),
  CONSTRAINT "orders_ship_to_name_max_length" CHECK (char_length("ship_to_name") <= 80),
  CONSTRAINT "orders_ship_to_name_min_length" CHECK (char_length("ship_to_name") >= 1),
  CONSTRAINT "orders_ship_to_postcode_max_length" CHECK (char_length("ship_to_postcode") <= 16),
  CONSTRAINT "orders_ship_to_postcode_min_length" CHECK (char_length("ship_to_postcode") >= 1),
  CONSTRAINT "orders_ship_to_street_max_length" CHECK (char_length("ship_to_street") <= 120),
  CONSTRAINT "orders_ship_to_street_min_length" CHECK (char_length("ship_to_street") >= 1),
  CONSTRAINT "orders_status_values" CHECK ("status" in ('PLACED', 'SHIPPED', 'CANCELLED')),
  CONSTRAINT "orders_tracking_max_length" CHECK (char_length("tracking") <= 100)
);
CREATE INDEX "orders_buyer_id_created_at_idx" ON "orders" ("buyer_id", "created_at");
CREATE INDEX "orders_created_at_id_idx" ON "orders" ("created_at", "id");
CREATE INDEX "orders_status_created_at_idx" ON "orders" ("status", "created_at");
COMMENT ON TABLE "orders" IS 'What a customer has bought. Clients change an order through operations, never field by field.';
CREATE TABLE "order_lines" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "order_id" uuid NOT NULL,
  "variant_id" uuid NOT NULL,
  "title" text NOT NULL,
  "quantity" integer NOT NULL,
  "price_amount" numeric(19,4) NOT NULL,
  "price_currency" text NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "order_lines_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders" ("id") ON DELETE CASCADE,
  CONSTRAINT "order_lines_variant_id_fkey" FOREIGN KEY ("variant_id") REFERENCES "variants" ("id") ON DELETE RESTRICT,
  CONSTRAINT "order_lines_quantity_min" CHECK ("quantity" >= 1)
);
CREATE INDEX "order_lines_created_at_id_idx" ON "order_lines" ("created_at", "id");
CREATE INDEX "order_lines_order_id_idx" ON "order_lines" ("order_id");
CREATE INDEX "order_lines_variant_id_idx" ON "order_lines" ("variant_id");
COMMENT ON TABLE "order_lines" IS 'One position of an order, at the price of that day.';
CREATE TABLE "labels" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "name" text NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "labels_name_max_length" CHECK (char_length("name") <= 40),
  CONSTRAINT "labels_name_min_length" CHECK (char_length("name") >= 1)
);
CREATE INDEX "labels_name_id_idx" ON "labels" ("name", "id");
CREATE UNIQUE INDEX "labels_name_key" ON "labels" ("name");
COMMENT ON TABLE "labels" IS 'A word that products share: organic, sale.';
CREATE TABLE "product_labels" (
  "product_id" uuid NOT NULL,
  "label_id" uuid NOT NULL,
  PRIMARY KEY ("product_id", "label_id"),
  CONSTRAINT "product_labels_label_id_fkey" FOREIGN KEY ("label_id") REFERENCES "labels" ("id") ON DELETE CASCADE,
  CONSTRAINT "product_labels_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "products" ("id") ON DELETE CASCADE
);
CREATE INDEX "product_labels_label_id_product_id_idx" ON "product_labels" ("label_id", "product_id");
