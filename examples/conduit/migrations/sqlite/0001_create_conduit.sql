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
CREATE TABLE `article_tags` (
  `article_id` text NOT NULL,
  `tag_id` text NOT NULL,
  PRIMARY KEY (`article_id`, `tag_id`),
  CONSTRAINT `article_tags_article_id_fkey` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `article_tags_tag_id_fkey` FOREIGN KEY (`tag_id`) REFERENCES `tags` (`id`) ON DELETE CASCADE
) STRICT;
CREATE INDEX `article_tags_tag_id_article_id_idx` ON `article_tags` (`tag_id`, `article_id`);
CREATE TABLE `articles` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `slug` text NOT NULL,
  `title` text NOT NULL,
  `description` text NOT NULL,
  `body` text NOT NULL,
  `author_id` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `articles_author_id_fkey` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `articles_body_max_length` CHECK (length("body") <= 100000),
  CONSTRAINT `articles_description_max_length` CHECK (length("description") <= 500),
  CONSTRAINT `articles_title_max_length` CHECK (length("title") <= 200),
  CONSTRAINT `articles_title_min_length` CHECK (length("title") >= 1)
) STRICT;
CREATE INDEX `articles_author_id_idx` ON `articles` (`author_id`);
CREATE INDEX `articles_created_at_id_idx` ON `articles` (`created_at`, `id`);
CREATE UNIQUE INDEX `articles_slug_key` ON `articles` (`slug`);
CREATE TABLE `comments` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `article_id` text NOT NULL,
  `author_id` text NOT NULL,
  `body` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `comments_article_id_fkey` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `comments_author_id_fkey` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`) ON DELETE RESTRICT,
  CONSTRAINT `comments_body_max_length` CHECK (length("body") <= 10000),
  CONSTRAINT `comments_body_min_length` CHECK (length("body") >= 1)
) STRICT;
CREATE INDEX `comments_article_id_idx` ON `comments` (`article_id`);
CREATE INDEX `comments_author_id_idx` ON `comments` (`author_id`);
CREATE INDEX `comments_created_at_id_idx` ON `comments` (`created_at`, `id`);
CREATE TABLE `favorites` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `user_id` text NOT NULL,
  `article_id` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `favorites_article_id_fkey` FOREIGN KEY (`article_id`) REFERENCES `articles` (`id`) ON DELETE CASCADE,
  CONSTRAINT `favorites_user_id_fkey` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
) STRICT;
CREATE INDEX `favorites_article_id_idx` ON `favorites` (`article_id`);
CREATE UNIQUE INDEX `favorites_user_id_article_id_key` ON `favorites` (`user_id`, `article_id`);
CREATE TABLE `follows` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `follower_id` text NOT NULL,
  `followed_id` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `follows_followed_id_fkey` FOREIGN KEY (`followed_id`) REFERENCES `users` (`id`) ON DELETE CASCADE,
  CONSTRAINT `follows_follower_id_fkey` FOREIGN KEY (`follower_id`) REFERENCES `users` (`id`) ON DELETE CASCADE,
  CONSTRAINT `follows_following_oneself_check` CHECK ("follower_id" <> "followed_id")
) STRICT;
CREATE INDEX `follows_followed_id_idx` ON `follows` (`followed_id`);
CREATE UNIQUE INDEX `follows_follower_id_followed_id_key` ON `follows` (`follower_id`, `followed_id`);
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
CREATE TABLE `tags` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `name` text NOT NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `tags_name_max_length` CHECK (length("name") <= 40),
  CONSTRAINT `tags_name_min_length` CHECK (length("name") >= 1)
) STRICT;
CREATE INDEX `tags_created_at_id_idx` ON `tags` (`created_at`, `id`);
CREATE UNIQUE INDEX `tags_name_key` ON `tags` (`name`);
CREATE TABLE `users` (
  `id` text NOT NULL,
  `created_at` integer NOT NULL,
  `updated_at` integer NOT NULL,
  `version` integer NOT NULL DEFAULT 1,
  `email` text NOT NULL,
  `username` text NOT NULL,
  `bio` text NULL,
  `image` text NULL,
  PRIMARY KEY (`id`),
  CONSTRAINT `users_bio_max_length` CHECK (length("bio") <= 2000),
  CONSTRAINT `users_username_max_length` CHECK (length("username") <= 64),
  CONSTRAINT `users_username_min_length` CHECK (length("username") >= 1)
) STRICT;
CREATE INDEX `users_created_at_id_idx` ON `users` (`created_at`, `id`);
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email`);
CREATE UNIQUE INDEX `users_username_ci_key` ON `users` ((lower(`username`)));
CREATE UNIQUE INDEX `users_username_key` ON `users` (`username`);
CREATE TABLE `articles_search_rows` (
  `number` integer PRIMARY KEY,
  `key` text NOT NULL UNIQUE
) STRICT;
CREATE VIEW `articles_search_texts` AS
  SELECT r.`number`, substr(t.`body`, 1, 100000) AS `in_body`, substr(t.`title`, 1, 100000) AS `in_title`
  FROM `articles_search_rows` r JOIN `articles` t ON t.`id` = r.`key`;
CREATE VIRTUAL TABLE `articles_search` USING fts5(
  `in_body`, `in_title`,
  content = 'articles_search_texts', content_rowid = 'number',
  tokenize = "unicode61 remove_diacritics 2 categories 'L* Nd Nl Mn Mc' separators '️'"
);
-- +goose StatementBegin
CREATE TRIGGER `articles_search_insert` AFTER INSERT ON `articles` BEGIN
  INSERT INTO `articles_search_rows` (`key`) VALUES (new.`id`);
  INSERT INTO `articles_search` (rowid, `in_body`, `in_title`)
    SELECT `number`, substr(new.`body`, 1, 100000), substr(new.`title`, 1, 100000) FROM `articles_search_rows` WHERE `key` = new.`id`;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER `articles_search_update` AFTER UPDATE ON `articles`
  WHEN old.`body` IS NOT new.`body` OR old.`title` IS NOT new.`title` BEGIN
  INSERT INTO `articles_search` (`articles_search`, rowid, `in_body`, `in_title`)
    SELECT 'delete', `number`, substr(old.`body`, 1, 100000), substr(old.`title`, 1, 100000) FROM `articles_search_rows` WHERE `key` = old.`id`;
  INSERT INTO `articles_search` (rowid, `in_body`, `in_title`)
    SELECT `number`, substr(new.`body`, 1, 100000), substr(new.`title`, 1, 100000) FROM `articles_search_rows` WHERE `key` = new.`id`;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER `articles_search_delete` AFTER DELETE ON `articles` BEGIN
  INSERT INTO `articles_search` (`articles_search`, rowid, `in_body`, `in_title`)
    SELECT 'delete', `number`, substr(old.`body`, 1, 100000), substr(old.`title`, 1, 100000) FROM `articles_search_rows` WHERE `key` = old.`id`;
  DELETE FROM `articles_search_rows` WHERE `key` = old.`id`;
END;
-- +goose StatementEnd
