-- +goose Up
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
