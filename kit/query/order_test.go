package query_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// What rows are ordered by and is searched for in others is searched for once a row by PostgreSQL, though it is kept within what its kind
// holds, selected, and compared with a cursor; a page behind one goes on where that before ends, with nulls and without.
func TestOrderIsSearchedOnce(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			b := backend()
			user := b.Entities[slices.IndexFunc(b.Entities, func(e *meta.Entity) bool { return e.Name == "User" })]
			of := func(op meta.Op) *meta.Expr {
				return meta.Over(op, meta.This("articles"), "a", meta.True(), meta.Var("a", "earnings"))
			}
			user.Fields = append(user.Fields,
				&meta.Field{Name: "total", Kind: meta.Decimal, Null: true, Computed: of(meta.OpSum)},
				&meta.Field{Name: "best", Kind: meta.Decimal, Null: true, Computed: meta.Apply(meta.OpAdd, of(meta.OpMax), meta.Const(decimal("0.5")))})
			db := &planning{Database: d.open(t)}
			w := newWorldOf(t, db, b)
			for i, earned := range []string{"3", "1.5", "", "7", "2", "", "1.5"} {
				id := w.create(w.root, false, "User", "name", fmt.Sprint("u", i), "email", fmt.Sprint("u", i, "@example.com"))
				if earned != "" {
					w.create(w.root, true, "Article", "title", fmt.Sprint("t", i), "author", id, "earnings", decimal(earned))
				}
			}
			for _, down := range []bool{false, true} {
				s := w.sel("User", "name", "total", "best")
				s.Order = []query.Order{{Path: []string{"best"}, Descending: down}, {Path: []string{"total"}, Descending: !down}, {Path: []string{"name"}}}
				all := names(w.list(w.root, s))
				if want := "u1 u6 u4 u0 u3 ann bob root u2 u5"; !down && strings.Join(all, " ") != want {
					t.Errorf("in order: %v, want %s", all, want)
				}
				s.First = 2
				var paged []string
				for {
					db.plan = ""
					page := w.list(w.root, s)
					if n := strings.Count(db.plan, "Aggregate  (cost"); db.Dialect() == sqldb.Postgres && n != 2 {
						t.Fatalf("articles are read %d times for two keys:\n%s", n, db.plan)
					}
					paged = append(paged, names(page)...)
					if !page.HasNext {
						break
					}
					s.After = page.Cursor(len(page.Rows) - 1)
				}
				if !slices.Equal(paged, all) {
					t.Errorf("in pages %v, in one %v", paged, all)
				}
			}
		})
	}
}

func names(l *query.List) (all []string) {
	for _, r := range l.Rows {
		all = append(all, r.Values[0].(string))
	}
	return all
}
