package query_test

import (
	"errors"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// SQL of business code says which rows: the rules say who reads them, and the page and order are as everywhere.
func testAmong(w *world) {
	type article struct{}
	now := w.clock.Now()
	w.create(w.ann, false, "Article", "title", "Draft of Ann", "rating", int64(4))
	for _, title := range []string{"One $1", "Two", "Three"} {
		id := w.article(w.ann, title, "rating", int64(len(title)%5+1))
		w.create(w.bob, false, "Comment", "article", id, "body", "on "+title)
	}
	among := func(sql string, args ...any) *query.Select {
		s := w.sel("Article", "title")
		s.Order = []query.Order{{Path: []string{"title"}}}
		s.Where = query.Among[article](sql, args...).Expr()
		return s
	}
	all := among("SELECT id FROM articles")
	w.wantRows(w.ann, all, "[[Draft of Ann] [One $1] [Three] [Two]]")
	w.wantRows(w.bob, all, "[[One $1] [Three] [Two]]")
	all.First = 2
	w.wantRows(w.bob, all, "[[One $1] [Three]]")
	if l, statements, err := w.tryList(w.bob, all); err != nil || statements != 1 || !l.HasNext {
		w.Errorf("%+v by %d statements: %v", l, statements, err)
	}

	aged := "SELECT a.id FROM articles a WHERE a.rating >= $1 AND a.created_at <= $2 AND a.title <> $3 -- the last line, isn't it"
	w.wantRows(w.ann, among(aged, 4, now.Add(time.Hour), "Two"), "[[Draft of Ann]]")
	w.wantRows(w.ann, among(aged, int64(1), now.Add(time.Hour), "One $1"), "[[Draft of Ann] [Three] [Two]]")
	w.wantRows(w.ann, among(aged, 1, now.Add(-time.Hour), ""), "[]")
	w.wantRows(w.bob, among(`SELECT article_id FROM comments AS "it's $2" WHERE /* $7 */ body IN ('on $9', $1) OR body = $1`, "on One $1"), "[[One $1]]")
	w.wantRows(w.bob, among("SELECT article_id FROM comments WHERE author_id = $1 AND body LIKE $2", w.bob.ID, "on T%"), "[[Three] [Two]]")
	w.wantRows(w.bob, among("SELECT author_id FROM articles"), "[]")

	not := among("SELECT article_id FROM comments WHERE body = $1", "on Two")
	not.Where = meta.And(meta.Not(not.Where), query.Among[article]("SELECT id FROM articles WHERE title <> $1", "Three").Expr())
	w.wantRows(w.ann, not, "[[Draft of Ann] [One $1]]")
	w.wantRows(w.bob, not, "[[One $1]]")

	a := w.aggregation("Article", "", "sum:rating")
	a.Where = query.Among[article]("SELECT id FROM articles WHERE rating > $1", 0).Expr()
	w.wantGroups(w.bob, a, "[] 3 [7]")

	for _, s := range []*query.Select{
		among("SELECT id FROM articles WHERE title = $1"),
		among("SELECT id FROM articles WHERE title = $1", "Two", "Three"),
		among("SELECT id FROM articles WHERE title = $0", "Two"),
		among("SELECT id FROM articles WHERE rating > $1", decimal("1.5")), // of which column?
		among("SELECT id FROM articles WHERE rating > $1", query.Scaled(decimal("1.55"), 1)),
		among("SELECT id FROM articles WHERE rating > $1", []int{1}),
	} {
		var told *kit.Problem
		if _, _, err := w.tryList(w.ann, s); err == nil || errors.As(err, &told) {
			w.Errorf("%v: %s with %d arguments is taken, or told to who asks", err, s.Where.Name, len(s.Where.Args))
		}
	}
	if n, err := w.deleteWhere(w.bob, "Comment", query.Among[article]("SELECT id FROM comments WHERE body LIKE $1", "on T%").Expr()); n != 2 || err != nil {
		w.Errorf("%d are deleted: %v", n, err)
	}
	_, err := w.deleteWhere(w.bob, "Article", query.Among[article]("SELECT id FROM articles").Expr())
	w.want(err, "FORBIDDEN")
	w.wantRows(kit.Viewer{}, among("SELECT id FROM articles"), "[[One $1] [Three] [Two]]")
}

// Behind a reference and of the rows of a list the ids are theirs.
func testAmongOthers(w *world) {
	type (
		article struct{}
		comment struct{}
		user    struct{}
	)
	author, comments := query.NewReference[article, user]("author"), query.NewRelation[article, comment]("comments")
	for _, title := range []string{"One", "Two"} {
		w.create(w.bob, false, "Comment", "article", w.article(w.ann, title), "body", "on "+title)
	}
	w.article(w.bob, "Three")
	bobs := query.Among[user]("SELECT id FROM users WHERE id = $1", w.bob.ID)
	onTwo := query.Among[comment]("SELECT id FROM comments WHERE body = $1", "on Two")
	for _, c := range []struct {
		where query.Condition[article]
		want  string
	}{
		{author.Is(bobs), "[[Three]]"},
		{author.Is(query.Not(bobs)), "[[One] [Two]]"},
		{comments.Some(onTwo), "[[Two]]"},
		{comments.None(onTwo), "[[One] [Three]]"},
		{comments.Some(query.Not(onTwo)), "[[One]]"},
	} {
		s := w.sel("Article", "title")
		s.Order, s.Where = []query.Order{{Path: []string{"title"}}}, c.where.Expr()
		w.wantRows(w.root, s, c.want)
	}
}

// Arguments are of the types that columns have.
func testAmongArguments(w *world) {
	type entry struct{}
	type status string
	for _, amount := range []string{"1.49", "1.50"} {
		w.create(w.ann, false, "Entry", "name", amount, "exact", decimal(amount), "cost", []any{decimal(amount), "EUR"})
	}
	w.article(w.ann, "One")
	for _, c := range []struct {
		sql  string
		args []any
		want string
	}{
		{"SELECT id FROM entries WHERE cost_amount >= $1", []any{query.Scaled(decimal("1.5"), 2)}, "[[1.50]]"},
		{"SELECT id FROM entries WHERE cost_amount < $1", []any{query.Scaled(decimal("1.5"), 2)}, "[[1.49]]"},
		{"SELECT id FROM entries WHERE exact >= $1", []any{query.Scaled(decimal("1.5"), 4)}, "[[1.50]]"},
		{"SELECT id FROM entries WHERE EXISTS (SELECT 1 FROM users WHERE active = $1 AND id = $2)", []any{true, w.ann.ID}, "[[1.49] [1.50]]"},
		{"SELECT id FROM entries WHERE EXISTS (SELECT 1 FROM users WHERE active = $1 AND id = $2)", []any{false, w.ann.ID}, "[]"},
		{"SELECT id FROM entries WHERE EXISTS (SELECT 1 FROM articles WHERE status = $1)", []any{status("PUBLISHED")}, "[[1.49] [1.50]]"},
	} {
		s := w.sel("Entry", "name")
		s.Order, s.Where = []query.Order{{Path: []string{"name"}}}, query.Among[entry](c.sql, c.args...).Expr()
		w.wantRows(w.ann, s, c.want)
	}
	if w.engine.DB().Dialect() == sqldb.Postgres {
		s := w.sel("Entry", "name")
		s.Where = query.Among[entry]("SELECT id FROM entries WHERE name <> $$cost $9$$ AND name <> $a$it's $1$a$ AND name < $1", "1.5").Expr()
		w.wantRows(w.ann, s, "[[1.49]]")
	}
}
