-- +goose Up
DROP INDEX `articles_author_id_idx`;
CREATE INDEX `articles_author_id_created_at_id_idx` ON `articles` (`author_id`, `created_at`, `id`);
DROP INDEX `comments_article_id_idx`;
CREATE INDEX `comments_article_id_created_at_id_idx` ON `comments` (`article_id`, `created_at`, `id`);
