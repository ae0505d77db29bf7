package golang

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/facts"
)

// A chain of goqu says its table, what it looks for, what it writes and how many rows it reads at most; what is put behind a chain later is no
// part of the text that was made of it before.
func TestGoqu(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "store.go"), `package app

import (
	"context"
	"database/sql"

	"github.com/doug-martin/goqu/v9"
)

const users = "users"

var dialect = goqu.Dialect("postgres")

func find(ctx context.Context, db *sql.DB, email string, ids []string) {
	text, args, _ := dialect.From(users).Select("id", goqu.I("u.name")).Where(goqu.Ex{
		"email": email, "deleted_at": nil, "id": ids, "age": goqu.Op{"gt": 18},
	}, goqu.Or(goqu.C("a").Eq(1), goqu.I("users.b").IsNull())).Order(goqu.I("name").Desc()).ToSQL()
	db.QueryContext(ctx, text, args...)
}

func page(ctx context.Context, db *sql.DB, limit uint) {
	chain := dialect.Select().From(goqu.T("notes").As("n"))
	counted, args, _ := chain.Select(goqu.COUNT("*")).ToSQL()
	db.QueryRowContext(ctx, counted, args...)
	chain = chain.Limit(limit)
	text, args, _ := chain.ToSQL()
	db.QueryContext(ctx, text, args...)
}

func change(ctx context.Context, db *sql.DB, id, name string) {
	text, args, _ := dialect.Insert(users).Rows(goqu.Record{"name": name}).OnConflict(goqu.DoNothing()).ToSQL()
	db.ExecContext(ctx, text, args...)
	text, args, _ = dialect.Update(users).Set(goqu.Record{"name": name, "hits": goqu.L("hits + 1")}).Where(goqu.L("id = ?", id)).ToSQL()
	db.ExecContext(ctx, text, args...)
	text, args, _ = dialect.Delete(users).Where(goqu.Ex{"id": id}).ToSQL()
	db.ExecContext(ctx, text, args...)
}
`)
	got := statements(t, dir, func(q *facts.Query, s *facts.Statement) string {
		return fmt.Sprintf(" %v %v %v %s %v", s.Sets, s.Self, s.Aggregate, s.Limit, s.OnConflict)
	})
	want := []string{
		"SELECT users email = deleted_at IS NULL id IN age > a =? b IS NULL? by name true [] [] false  false",
		"SELECT notes [] [] true  false",
		"SELECT notes [] [] false limit false",
		"INSERT users [name] [] false  true",
		"UPDATE users id = [name hits] [hits] false  false",
		"DELETE users id = [] [] false  false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
