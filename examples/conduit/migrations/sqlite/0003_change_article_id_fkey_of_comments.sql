-- +goose Up
CREATE TEMP TABLE guard (
  enforced integer CONSTRAINT "PRAGMA foreign_keys must be off while tables are rebuilt" CHECK (enforced = 0),
  orphans integer CONSTRAINT "a foreign key names a row that is not there" CHECK (orphans = 0)
);
INSERT INTO guard (enforced) SELECT foreign_keys FROM pragma_foreign_keys;
CREATE TABLE `new_comments` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `article_id` text NOT NULL,
  `author_id` text NOT NULL,
  `body` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `comments_article_id_fkey` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `comments_author_id_fkey` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `comments_body_max_length` CHECK (length("body") <= 10000),
  CONSTRAINT `comments_body_min_length` CHECK (length("body") >= 1)
) STRICT;
INSERT INTO `new_comments` (`id`, `created_at`, `updated_at`, `version`, `article_id`, `author_id`, `body`)
SELECT `id`, `created_at`, `updated_at`, `version`, `article_id`, `author_id`, `body` FROM `comments`;
DROP TABLE `comments`;
ALTER TABLE `new_comments` RENAME TO `comments`;
CREATE INDEX `comments_article_id_created_at_id_idx` ON `comments` (`article_id`, `created_at`, `id`);
CREATE INDEX `comments_author_id_idx` ON `comments` (`author_id`);
CREATE INDEX `comments_created_at_id_idx` ON `comments` (`created_at`, `id`);
CREATE TABLE `new_favorites` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `user_id` text NOT NULL,
  `article_id` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `favorites_article_id_fkey` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `favorites_user_id_fkey` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE RESTRICT
) STRICT;
INSERT INTO `new_favorites` (`id`, `created_at`, `updated_at`, `version`, `user_id`, `article_id`)
SELECT `id`, `created_at`, `updated_at`, `version`, `user_id`, `article_id` FROM `favorites`;
DROP TABLE `favorites`;
ALTER TABLE `new_favorites` RENAME TO `favorites`;
CREATE INDEX `favorites_article_id_idx` ON `favorites` (`article_id`);
CREATE UNIQUE INDEX `favorites_user_id_article_id_key` ON `favorites` (`user_id`, `article_id`);
CREATE TABLE `new_follows` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `follower_id` text NOT NULL,
  `followed_id` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `follows_followed_id_fkey` FOREIGN KEY (`followed_id`) REFERENCES `users` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `follows_follower_id_fkey` FOREIGN KEY (`follower_id`) REFERENCES `users` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `follows_following_oneself_check` CHECK ("follower_id" <> "followed_id")
) STRICT;
INSERT INTO `new_follows` (`id`, `created_at`, `updated_at`, `version`, `follower_id`, `followed_id`)
SELECT `id`, `created_at`, `updated_at`, `version`, `follower_id`, `followed_id` FROM `follows`;
DROP TABLE `follows`;
ALTER TABLE `new_follows` RENAME TO `follows`;
CREATE INDEX `follows_followed_id_idx` ON `follows` (`followed_id`);
CREATE UNIQUE INDEX `follows_follower_id_followed_id_key` ON `follows` (`follower_id`, `followed_id`);
INSERT INTO guard (orphans) SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE guard;
