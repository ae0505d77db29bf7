-- +goose Up
SET LOCAL lock_timeout = '5s';
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
