package main

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/vikstrous/dataloadgen"
)

// loaders gather what the resolvers of one request ask for, so that each kind of row takes one statement a level.
type loaders struct {
	users     *dataloadgen.Loader[string, *User]
	tags      *dataloadgen.Loader[string, []*Tag]
	favorites *dataloadgen.Loader[string, int]
	comments  *dataloadgen.Loader[commentsKey, []*Comment]
}

type commentsKey struct {
	article string
	first   int
}

type loadersKey struct{}

func loadersOf(ctx context.Context) *loaders { return ctx.Value(loadersKey{}).(*loaders) }

// withLoaders gives each request its own.
func withLoaders(db *pgxpool.Pool, next http.Handler) http.Handler {
	wait := dataloadgen.WithWait(time.Millisecond)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l := &loaders{
			users:     dataloadgen.NewMappedLoader(func(ctx context.Context, ids []string) (map[string]*User, error) { return users(ctx, db, ids) }, wait),
			tags:      dataloadgen.NewLoader(func(ctx context.Context, ids []string) ([][]*Tag, []error) { return tags(ctx, db, ids) }, wait),
			favorites: dataloadgen.NewLoader(func(ctx context.Context, ids []string) ([]int, []error) { return favorites(ctx, db, ids) }, wait),
			comments: dataloadgen.NewLoader(func(ctx context.Context, keys []commentsKey) ([][]*Comment, []error) {
				return comments(ctx, db, keys)
			}, wait),
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), loadersKey{}, l)))
	})
}

func users(ctx context.Context, db *pgxpool.Pool, ids []string) (map[string]*User, error) {
	rows, err := db.Query(ctx, "SELECT id, username, bio, image FROM users WHERE id = ANY ($1)", ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*User, len(ids))
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[User])
	for _, u := range list {
		found[u.ID] = u
	}
	return found, err
}

func tags(ctx context.Context, db *pgxpool.Pool, ids []string) ([][]*Tag, []error) {
	rows, err := db.Query(ctx, "SELECT x.article_id, t.name FROM article_tags x JOIN tags t ON t.id = x.tag_id WHERE x.article_id = ANY ($1) ORDER BY t.name", ids)
	if err != nil {
		return nil, []error{err}
	}
	found := make(map[string][]*Tag, len(ids))
	var id, name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		found[id] = append(found[id], &Tag{name})
		return nil
	})
	return inOrder(ids, found), failures(err)
}

func favorites(ctx context.Context, db *pgxpool.Pool, ids []string) ([]int, []error) {
	rows, err := db.Query(ctx, "SELECT article_id, count(*) FROM favorites WHERE article_id = ANY ($1) GROUP BY article_id", ids)
	if err != nil {
		return nil, []error{err}
	}
	found := make(map[string]int, len(ids))
	var id string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		found[id] = n
		return nil
	})
	return inOrder(ids, found), failures(err)
}

// comments are the first of each article. All keys of a request ask for as many.
func comments(ctx context.Context, db *pgxpool.Pool, keys []commentsKey) ([][]*Comment, []error) {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.article
	}
	rows, err := db.Query(ctx, `SELECT id, article_id, author_id, body, created_at FROM (
  SELECT *, row_number() OVER (PARTITION BY article_id ORDER BY created_at, id) AS place FROM comments WHERE article_id = ANY ($1)
) c WHERE place <= $2 ORDER BY created_at, id`, ids, keys[0].first)
	if err != nil {
		return nil, []error{err}
	}
	found := make(map[string][]*Comment, len(ids))
	list, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Comment])
	for _, c := range list {
		found[c.ArticleID] = append(found[c.ArticleID], c)
	}
	return inOrder(ids, found), failures(err)
}

func inOrder[T any](ids []string, found map[string]T) []T {
	list := make([]T, len(ids))
	for i, id := range ids {
		list[i] = found[id]
	}
	return list
}

func failures(err error) []error {
	if err == nil {
		return nil
	}
	return []error{err}
}
