-- The tables as one would make them by hand for these requests.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  email text NOT NULL UNIQUE,
  username text NOT NULL UNIQUE,
  bio text,
  image text
);
CREATE TABLE articles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  slug text NOT NULL UNIQUE,
  title text NOT NULL,
  description text NOT NULL,
  body text NOT NULL,
  author_id uuid NOT NULL REFERENCES users
);
CREATE INDEX ON articles (created_at, id);
CREATE INDEX ON articles (author_id);
CREATE TABLE tags (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL UNIQUE
);
CREATE TABLE article_tags (
  article_id uuid NOT NULL REFERENCES articles ON DELETE CASCADE,
  tag_id uuid NOT NULL REFERENCES tags ON DELETE CASCADE,
  PRIMARY KEY (article_id, tag_id)
);
CREATE INDEX ON article_tags (tag_id, article_id);
CREATE TABLE comments (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  article_id uuid NOT NULL REFERENCES articles ON DELETE CASCADE,
  author_id uuid NOT NULL REFERENCES users,
  body text NOT NULL
);
CREATE INDEX ON comments (article_id, created_at, id);
CREATE INDEX ON comments (author_id);
CREATE TABLE favorites (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  article_id uuid NOT NULL REFERENCES articles ON DELETE CASCADE,
  PRIMARY KEY (user_id, article_id)
);
CREATE INDEX ON favorites (article_id);
CREATE TABLE follows (
  follower_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  followed_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  PRIMARY KEY (follower_id, followed_id)
);
CREATE INDEX ON follows (followed_id);
