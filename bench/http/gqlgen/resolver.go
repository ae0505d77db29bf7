package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type resolver struct{ db *pgxpool.Pool }

func (r *resolver) Query() QueryResolver       { return rootResolver{r.db} }
func (r *resolver) Mutation() MutationResolver { return rootResolver{r.db} }
func (r *resolver) Article() ArticleResolver   { return articleResolver{} }
func (r *resolver) Comment() CommentResolver   { return commentResolver{} }

type rootResolver struct{ db *pgxpool.Pool }

const articleColumns = "id, author_id, slug, title, description, body, created_at, updated_at"

func (r rootResolver) Article(ctx context.Context, slug string) (*Article, error) {
	rows, err := r.db.Query(ctx, "SELECT "+articleColumns+" FROM articles WHERE slug = $1", slug)
	if err != nil {
		return nil, err
	}
	a, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Article])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return a, err
}

func (r rootResolver) Articles(ctx context.Context, first int, after *After) ([]*Article, error) {
	where, args := "", []any{first}
	if after != nil {
		where, args = "WHERE (created_at, id) < ($2, $3)", append(args, after.CreatedAt, after.ID)
	}
	rows, err := r.db.Query(ctx, "SELECT "+articleColumns+" FROM articles "+where+" ORDER BY created_at DESC, id DESC LIMIT $1", args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Article])
}

func (r rootResolver) CreateComment(ctx context.Context, article, author, body string) (*Comment, error) {
	rows, err := r.db.Query(ctx, "INSERT INTO comments (article_id, author_id, body) VALUES ($1, $2, $3) RETURNING id, article_id, author_id, body, created_at", article, author, body)
	if err != nil {
		return nil, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Comment])
}

type articleResolver struct{}

func (articleResolver) Author(ctx context.Context, a *Article) (*User, error) {
	return loadersOf(ctx).users.Load(ctx, a.AuthorID)
}

func (articleResolver) Tags(ctx context.Context, a *Article) ([]*Tag, error) {
	return loadersOf(ctx).tags.Load(ctx, a.ID)
}

func (articleResolver) FavoritesCount(ctx context.Context, a *Article) (int, error) {
	return loadersOf(ctx).favorites.Load(ctx, a.ID)
}

func (articleResolver) Comments(ctx context.Context, a *Article, first int) ([]*Comment, error) {
	return loadersOf(ctx).comments.Load(ctx, commentsKey{a.ID, first})
}

type commentResolver struct{}

func (commentResolver) Author(ctx context.Context, c *Comment) (*User, error) {
	return loadersOf(ctx).users.Load(ctx, c.AuthorID)
}
