-- +goose Up
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
CREATE TABLE "users" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "email" text NOT NULL,
  "username" text NOT NULL,
  "bio" text NULL,
  "image" text NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "users_bio_max_length" CHECK (char_length("bio") <= 2000),
  CONSTRAINT "users_username_max_length" CHECK (char_length("username") <= 64),
  CONSTRAINT "users_username_min_length" CHECK (char_length("username") >= 1)
);
CREATE INDEX "users_created_at_id_idx" ON "users" ("created_at", "id");
CREATE UNIQUE INDEX "users_email_key" ON "users" ("email");
CREATE UNIQUE INDEX "users_username_ci_key" ON "users" ((lower("username")));
CREATE UNIQUE INDEX "users_username_key" ON "users" ("username");
COMMENT ON TABLE "users" IS 'A person who reads and writes.';
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
CREATE TABLE "articles" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "slug" text NOT NULL,
  "title" text NOT NULL,
  "description" text NOT NULL,
  "body" text NOT NULL,
  "author_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "articles_author_id_fkey" FOREIGN KEY ("author_id") REFERENCES "users" ("id") ON DELETE RESTRICT,
  CONSTRAINT "articles_body_max_length" CHECK (char_length("body") <= 100000),
  CONSTRAINT "articles_description_max_length" CHECK (char_length("description") <= 500),
  CONSTRAINT "articles_title_max_length" CHECK (char_length("title") <= 200),
  CONSTRAINT "articles_title_min_length" CHECK (char_length("title") >= 1)
);
CREATE INDEX "articles_author_id_idx" ON "articles" ("author_id");
CREATE INDEX "articles_created_at_id_idx" ON "articles" ("created_at", "id");
CREATE UNIQUE INDEX "articles_slug_key" ON "articles" ("slug");
CREATE TABLE "tags" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "name" text NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "tags_name_max_length" CHECK (char_length("name") <= 40),
  CONSTRAINT "tags_name_min_length" CHECK (char_length("name") >= 1)
);
CREATE INDEX "tags_created_at_id_idx" ON "tags" ("created_at", "id");
CREATE UNIQUE INDEX "tags_name_key" ON "tags" ("name");
COMMENT ON TABLE "tags" IS 'Made by naming it: an article that is given an unknown tag creates it.';
CREATE TABLE "article_tags" (
  "article_id" uuid NOT NULL,
  "tag_id" uuid NOT NULL,
  PRIMARY KEY ("article_id", "tag_id"),
  CONSTRAINT "article_tags_article_id_fkey" FOREIGN KEY ("article_id") REFERENCES "articles" ("id") ON DELETE CASCADE,
  CONSTRAINT "article_tags_tag_id_fkey" FOREIGN KEY ("tag_id") REFERENCES "tags" ("id") ON DELETE CASCADE
);
CREATE INDEX "article_tags_tag_id_article_id_idx" ON "article_tags" ("tag_id", "article_id");
CREATE TABLE "comments" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "article_id" uuid NOT NULL,
  "author_id" uuid NOT NULL,
  "body" text NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "comments_article_id_fkey" FOREIGN KEY ("article_id") REFERENCES "articles" ("id") ON DELETE CASCADE,
  CONSTRAINT "comments_author_id_fkey" FOREIGN KEY ("author_id") REFERENCES "users" ("id") ON DELETE RESTRICT,
  CONSTRAINT "comments_body_max_length" CHECK (char_length("body") <= 10000),
  CONSTRAINT "comments_body_min_length" CHECK (char_length("body") >= 1)
);
CREATE INDEX "comments_article_id_idx" ON "comments" ("article_id");
CREATE INDEX "comments_author_id_idx" ON "comments" ("author_id");
CREATE INDEX "comments_created_at_id_idx" ON "comments" ("created_at", "id");
CREATE TABLE "favorites" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "user_id" uuid NOT NULL,
  "article_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "favorites_article_id_fkey" FOREIGN KEY ("article_id") REFERENCES "articles" ("id") ON DELETE CASCADE,
  CONSTRAINT "favorites_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX "favorites_article_id_idx" ON "favorites" ("article_id");
CREATE UNIQUE INDEX "favorites_user_id_article_id_key" ON "favorites" ("user_id", "article_id");
CREATE TABLE "follows" (
  "id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL,
  "updated_at" timestamptz NOT NULL,
  "version" integer NOT NULL DEFAULT 1,
  "follower_id" uuid NOT NULL,
  "followed_id" uuid NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "follows_followed_id_fkey" FOREIGN KEY ("followed_id") REFERENCES "users" ("id") ON DELETE CASCADE,
  CONSTRAINT "follows_follower_id_fkey" FOREIGN KEY ("follower_id") REFERENCES "users" ("id") ON DELETE CASCADE,
  CONSTRAINT "follows_following_oneself_check" CHECK ("follower_id" <> "followed_id")
);
CREATE INDEX "follows_followed_id_idx" ON "follows" ("followed_id");
CREATE UNIQUE INDEX "follows_follower_id_followed_id_key" ON "follows" ("follower_id", "followed_id");
CREATE OR REPLACE FUNCTION search_fold(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN normalize(regexp_replace(normalize(translate(lower($1), 'ς', 'σ'), NFD), '([a-z])[\u0300-\u036f]+', '\1', 'g'), NFC);
CREATE OR REPLACE FUNCTION search_words(text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('simple', regexp_replace(search_fold(coalesce($1, '')), '[^a-z0-9\u0080-\ufe0e\ufe10-\U0010ffff]+', ' ', 'g')) || '|:1'::tsvector;
ALTER TABLE "articles" ADD COLUMN "search_document" tsvector GENERATED ALWAYS AS (search_words(left("body", 100000)) || search_words(left("title", 100000))) STORED;
CREATE INDEX "articles_search_idx" ON "articles" USING gin ("search_document");
