package query_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

func TestGetLast(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			t.Run("it finds what was written", func(t *testing.T) { testFindsLast(newWorld(t, d.open(t))) })
			t.Run("its errors are told", func(t *testing.T) { testFailsLast(newWorld(t, d.open(t))) })
			t.Run("a new row is made and read, or neither", func(t *testing.T) { testCreatesLast(newWorld(t, d.open(t))) })
		})
	}
	t.Run("on PostgreSQL it goes with the commit", testGoesWithCommit)
}

// createLast makes a user and reads it as the last thing.
func (w *world) createLast(name string, s *query.Select, part bool, then func(*query.Row, error) error) error {
	e := w.entity("User")
	return w.engine.Write(w.Context(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
		id, err := tx.System().Create(ctx, e, w.changes(e, "email", name+"@example.com", "name", name))
		if err != nil {
			return err
		}
		if part {
			tx = tx.Part()
		}
		return tx.System().GetLast(ctx, s, string(id), then)
	})
}

func testFindsLast(w *world) {
	s := w.sel("User", "name", nest{"articles", w.sel("Article", "title")})
	for name, part := range map[string]bool{"cy": false, "dee": true} {
		var found *query.Row
		err := w.createLast(name, s, part, func(row *query.Row, err error) error {
			found = row
			return err
		})
		if err != nil || found == nil || found.Values[0] != name {
			w.Errorf("part %v: found %v, %v", part, found, err)
		}
	}
	// One of several that read last waits for the commit, the others do not.
	var read []string
	err := w.engine.Write(w.Context(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		for _, id := range []kit.ID{w.ann.ID, w.bob.ID, "nobody"} {
			err := tx.GetLast(ctx, w.sel("User", "name"), string(id), func(row *query.Row, err error) error {
				read = append(read, describe(err))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if slices.Sort(read); err != nil || fmt.Sprint(read) != "[NOT_FOUND ok ok]" {
		w.Errorf("several read %v, %v", read, err)
	}
}

func testFailsLast(w *world) {
	s := w.sel("User", "name")
	failed := errors.New("as the test asked")
	if err := w.createLast("cy", s, false, func(*query.Row, error) error { return failed }); !errors.Is(err, failed) {
		w.Errorf("an error of who reads last is told as %v", err)
	}
	if w.engine.DB().Dialect() != sqldb.Postgres {
		return
	}
	// What the database refuses undoes the transaction, and the connection is as good as before.
	for i, wrong := range []string{"SELECT 1 / (1 - length($1::text))", "SELECT 1 FROM no_such_table WHERE $1 = ''", "SELECT pg_sleep(600) WHERE $1 <> ''"} {
		ctx := w.Context()
		if i == 2 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 200_000_000)
			defer cancel()
		}
		email := fmt.Sprint("undone", i, "@example.com")
		err := w.engine.DB().Write(ctx, func(c sqldb.Conn) error {
			if _, err := c.Exec(ctx, "INSERT INTO tags (id, created_at, updated_at, version, name) VALUES ($1, now(), now(), 1, $1)", email); err != nil {
				return err
			}
			return sqldb.Last(c, func(c sqldb.Conn) error {
				rows, err := c.Query(ctx, wrong, "x")
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
				}
				return rows.Err()
			})
		})
		if err == nil {
			w.Errorf("%s: no error", wrong)
		}
		rows := w.list(w.ann, w.sel("Tag", "name"))
		for _, row := range rows.Rows {
			if row.Values[0] == email {
				w.Errorf("%s: what was written is there", wrong)
			}
		}
	}
}

func testGoesWithCommit(t *testing.T) {
	url, trips := counting(t, kittest.Postgres(t))
	w := newWorld(t, kittest.Open(t, postgres.Driver, url))
	s := w.sel("User", "name")
	for _, c := range []struct {
		part bool
		want int
	}{{false, 2}, {true, 3}} {
		least := 1 << 30 // the first time statements are prepared, and at times a pool asks how a connection is
		for i := range 20 {
			before := trips()
			if err := w.createLast(strings.Repeat(string(rune('a'+i)), c.want), s, c.part, func(_ *query.Row, err error) error { return err }); err != nil {
				t.Fatal(err)
			}
			least = min(least, trips()-before)
		}
		if least != c.want {
			t.Errorf("part %v: %d round trips, want %d", c.part, least, c.want)
		}
	}
	// What a row refers to is looked up by the statement that inserts it; who does nothing else has both with the commit.
	e := w.entity("Comment")
	article := w.create(w.ann, true, "Article", "title", "one", "author", w.ann.ID, "status", "PUBLISHED")
	comment, then := w.changes(e, "article", article, "body", "hi"), func(_ *query.Row, err error) error { return err }
	for _, c := range []struct {
		want int
		make func(ctx context.Context, tx *query.Tx) error
	}{
		{2, func(ctx context.Context, tx *query.Tx) error {
			id, err := tx.Create(ctx, e, comment)
			if err != nil {
				return err
			}
			return tx.GetLast(ctx, w.sel("Comment", "body"), string(id), then)
		}},
		{1, func(ctx context.Context, tx *query.Tx) error {
			return tx.CreateLast(ctx, w.sel("Comment", "body"), comment, func(_ kit.ID, row *query.Row, err error) error { return then(row, err) })
		}},
	} {
		least := 1 << 30
		for range 20 {
			before := trips()
			if err := w.engine.Write(w.Context(), w.bob, c.make); err != nil {
				t.Fatal(err)
			}
			least = min(least, trips()-before)
		}
		if least != c.want {
			t.Errorf("a comment takes %d round trips, want %d", least, c.want)
		}
	}
}

// testCreatesLast makes rows that are read at once: of what may not be nothing stays.
func testCreatesLast(w *world) {
	article := w.create(w.ann, true, "Article", "title", "one", "author", w.ann.ID, "status", "PUBLISHED")
	hidden := w.create(w.ann, true, "Article", "title", "two", "author", w.ann.ID)
	w.create(w.ann, true, "Tag", "name", "taken")
	e, tag := w.entity("Comment"), w.entity("Tag")
	for _, c := range []struct {
		who    kit.Viewer
		entity *meta.Entity
		set    []query.Change
		want   string
	}{
		{w.bob, e, w.changes(e, "article", article, "body", "hi"), "ok"},
		{w.bob, e, w.changes(e, "article", hidden, "body", "hi"), "INVALID article:NOT_FOUND"},
		{w.bob, e, w.changes(e, "article", "01900000-0000-7000-8000-000000000000", "body", "hi"), "INVALID article:NOT_FOUND"},
		{kit.Viewer{}, e, w.changes(e, "article", article, "body", "hi"), "UNAUTHENTICATED"},
		{w.bob, tag, w.changes(tag, "name", "taken"), "CONFLICT name:TAKEN"},
		{w.bob, tag, w.changes(tag, "name", "free"), "ok"},
		{w.bob, tag, w.changes(tag), "INVALID name:REQUIRED"},
	} {
		var made *query.Row
		var id kit.ID
		before := w.count(c.entity)
		err := w.engine.Write(w.Context(), c.who, func(ctx context.Context, tx *query.Tx) error {
			return tx.CreateLast(ctx, w.sel(c.entity.Name, "id"), c.set, func(new kit.ID, row *query.Row, err error) error {
				id, made = new, row
				return err
			})
		})
		stored := w.count(c.entity) - before
		switch {
		case describe(err) != c.want:
			w.Errorf("%s %v: %s, want %s", c.entity.Name, c.set, describe(err), c.want)
		case err == nil && (stored != 1 || made == nil || made.ID != id):
			w.Errorf("%s %v: %d rows, read %v of %s", c.entity.Name, c.set, stored, made, id)
		case err != nil && stored != 0:
			w.Errorf("%s %v: %s, and yet it is there", c.entity.Name, c.set, describe(err))
		}
	}
}

// count is how many rows of e there are.
func (w *world) count(e *meta.Entity) int {
	var n int
	if err := w.engine.DB().Handle().QueryRow(`SELECT count(*) FROM "` + e.Table + `"`).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}
