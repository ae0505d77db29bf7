package query_test

import (
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
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
	} {
		if _, _, err := w.tryList(w.ann, s); err == nil {
			w.Errorf("%s with %d arguments is taken", s.Where.Name, len(s.Where.Args))
		}
	}
	if n, err := w.deleteWhere(w.bob, "Comment", query.Among[article]("SELECT id FROM comments WHERE body LIKE $1", "on T%").Expr()); n != 2 || err != nil {
		w.Errorf("%d are deleted: %v", n, err)
	}
	_, err := w.deleteWhere(w.bob, "Article", query.Among[article]("SELECT id FROM articles").Expr())
	w.want(err, "FORBIDDEN")
	w.wantRows(kit.Viewer{}, among("SELECT id FROM articles"), "[[One $1] [Three] [Two]]")
}
