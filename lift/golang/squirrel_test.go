package golang

import (
	"path/filepath"
	"strings"
	"testing"
)

// What a builder has made a text of is a statement, also where it is sent through something whose type is not at hand.
func TestBuiltAndSent(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.com/app\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "store.go"), `package app

import (
	"context"

	"example.com/elsewhere/resolver"
	"github.com/Masterminds/squirrel"
)

type store struct{ connection *resolver.Connection }

func (s *store) find(ctx context.Context, email, text string) error {
	db, err := s.connection.Resolve(ctx)
	if err != nil {
		return err
	}
	builder := squirrel.Select("id").From("users").Where(squirrel.Eq{"email": email}).PlaceholderFormat(squirrel.Dollar)
	query, args, err := builder.ToSql()
	if err != nil {
		return err
	}
	db.QueryContext(ctx, text, args...)
	_, err = db.QueryContext(ctx, query, args...)
	return err
}
`)
	lifted, err := Lift(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range lifted.Facts.Functions {
		for _, q := range f.Queries {
			line := q.Name + ":"
			if q.Statement != nil {
				line += " " + q.Statement.Tables[0].Table
				for _, p := range q.Statement.Predicates {
					line += " " + p.Column
				}
			}
			got = append(got, line)
		}
	}
	if all := strings.Join(got, "; "); all != "db.QueryContext: users email" {
		t.Errorf("got %s", all)
	}
}
