package query_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// ensure is a row that is there when it returns, made or found.
func (w *world) ensure(v kit.Viewer, entity string, by []string, pairs ...any) (id kit.ID, made bool, err error) {
	e := w.entity(entity)
	err = w.engine.Write(context.Background(), w.in(v), func(ctx context.Context, tx *query.Tx) (err error) {
		id, made, err = tx.Ensure(ctx, e, by, w.changes(e, pairs...))
		return err
	})
	return id, made, err
}

func testEnsure(w *world) {
	ensure := func(v kit.Viewer, entity string, by []string, pairs ...any) string {
		w.Helper()
		_, made, err := w.ensure(v, entity, by, pairs...)
		switch {
		case err != nil:
			return describe(err)
		case made:
			return "made"
		}
		return "found"
	}
	wants := func(got, want string) {
		w.Helper()
		if got != want {
			w.Errorf("got %s, want %s", got, want)
		}
	}
	article := w.article(w.ann, "one", "status", "PUBLISHED")
	made, _, err := w.ensure(w.ann, "Tag", []string{"name"}, "name", "go")
	must(err)
	found, again, err := w.ensure(w.bob, "Tag", []string{"name"}, "name", "go")
	if must(err); found != made || again {
		w.Errorf("found %s, made again: %v; want %s", found, again, made)
	}

	another := w.article(w.ann, "other")

	// By several fields, by default values too, and by whoever needs no rule.
	must(w.engine.Write(w.Context(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
		e := w.entity("Bookmark")
		changes := func(article kit.ID) []query.Change { return w.changes(e, "article", string(article)) }
		first, made, err := tx.System().Ensure(ctx, e, []string{"user", "article"}, changes(article))
		must(err)
		again, twice, err := tx.System().Ensure(ctx, e, []string{"user", "article"}, changes(article))
		if must(err); !made || twice || again != first {
			w.Errorf("made %v, then %v", made, twice)
		}
		_, _, err = tx.Ensure(ctx, e, []string{"user", "article"}, changes(article)) // she may make none, so it is nothing to her that there is one
		w.want(err, "FORBIDDEN")
		other, made, err := tx.System().Ensure(ctx, e, []string{"user", "article"}, changes(another))
		if must(err); !made || other == first {
			w.Error("of another article there was none")
		}
		_, _, err = tx.System().Ensure(ctx, e, []string{"user", "article"}, changes(kit.NewID()))
		w.want(err, "INVALID article:NOT_FOUND")
		return nil
	}))

	// What is there stays as it is, and is found by its own letters; what may not be read is taken as for any create.
	slug := []string{"slug"}
	wants(ensure(w.ann, "Article", slug, "title", "other", "slug", "one"), "found")
	wants(fmt.Sprint(w.row(w.ann, "Article", article)["title"]), "one")
	w.article(w.ann, "draft", "status", "DRAFT")
	wants(ensure(w.bob, "Article", slug, "title", "x", "slug", "draft"), "CONFLICT slug:TAKEN")
	wants(ensure(w.bob, "Article", slug, "title", "x", "slug", "draft", "author", w.ann.ID), "FORBIDDEN")
	wants(ensure(w.bob, "Article", slug, "title", "x", "slug", "one"), "found")
	wants(ensure(w.bob, "Article", slug, "title", "x", "slug", "one", "author", w.ann.ID), "FORBIDDEN")
	wants(ensure(w.bob, "Article", slug, "title", "x", "slug", "free", "author", w.ann.ID), "FORBIDDEN")
	wants(ensure(w.bob, "Article", slug, "title", "x", "slug", "One"), "INVALID slug:WRONG_FORMAT")
	wants(ensure(w.root, "User", []string{"name"}, "name", "ANN", "email", "new@example.com"), "found")

	// Something else that is taken is.
	wants(ensure(w.root, "User", []string{"name"}, "name", "new", "email", "ann@example.com"), "CONFLICT email:TAKEN")
	wants(ensure(w.root, "User", []string{"email"}, "name", "ann", "email", "new@example.com"), "CONFLICT name:TAKEN")
	wants(ensure(w.root, "User", []string{"name"}, "name", "new", "email", "new@example.com"), "made")

	// Nothing is like null.
	wants(ensure(w.ann, "Issue", []string{"project", "number"}, "number", 7), "made")
	wants(ensure(w.ann, "Issue", []string{"project", "number"}, "number", 7), "made")

	// Naming makes nothing beside what is found.
	topics := func() int { return len(w.list(w.ann, w.sel("Topic", "name")).Rows) }
	before := topics()
	wants(ensure(w.ann, "Article", slug, "title", "x", "slug", "one", "topics", []any{"unheard"}), "found")
	if after := topics(); after != before {
		w.Errorf("%d topics more", after-before)
	}
	wants(ensure(w.ann, "Article", slug, "title", "x", "slug", "two", "topics", []any{"unheard"}), "made")

	// What is refused for another row has changed nothing by the time that it is: the transaction goes on.
	before = topics()
	must(w.engine.Write(w.Context(), w.in(w.bob), func(ctx context.Context, tx *query.Tx) error {
		e := w.entity("Article")
		_, _, err := tx.Ensure(ctx, e, slug, w.changes(e, "title", "x", "slug", "draft", "topics", []any{"untold"}))
		w.want(err, "CONFLICT slug:TAKEN")
		_, err = tx.Create(ctx, e, w.changes(e, "title", "x", "slug", "afterwards"))
		return err
	}))
	if after := topics(); after != before {
		w.Errorf("%d topics more of what was refused", after-before)
	}

	if _, _, err := w.ensure(w.ann, "Article", []string{"title"}, "title", "x"); err == nil || describe(err) == "ok" {
		w.Error("a title need not be unique")
	}
}

// Whoever ensures a row finds it there, though others make it and delete it at the same time.
func testEnsureRace(w *world) {
	const callers, rounds = 12, 6
	e := w.entity("Tag")
	by := meta.Eq(meta.This("name"), meta.Const("go"))
	for round := range rounds {
		var wait sync.WaitGroup
		var lock sync.Mutex
		made, alone := 0, round%2 == 0 // nobody deletes
		for i := range callers {
			wait.Go(func() {
				if i%3 == 2 && !alone {
					err := w.engine.Write(context.Background(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
						_, err := tx.DeleteWhere(ctx, e, by)
						return err
					})
					w.want(err, "ok")
					return
				}
				id, new, err := w.ensure(w.ann, "Tag", []string{"name"}, "name", "go")
				if err != nil || id == "" {
					w.Errorf("round %d: %q, %s", round, id, describe(err))
				}
				lock.Lock()
				defer lock.Unlock()
				if new {
					made++
				}
			})
		}
		wait.Wait()
		s := w.sel("Tag", "name")
		s.Where = by
		if there := len(w.list(w.ann, s).Rows); alone && (made > 1 || there != 1) || there > 1 {
			w.Errorf("round %d: %d made, %d there", round, made, there)
		}
	}
}

// A row is found within its tenant, among the rows that count and among the living.
func TestEnsureCounts(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			b := backend()
			e := b.Entities[slices.IndexFunc(b.Entities, func(e *meta.Entity) bool { return e.Name == "Order" })]
			e.SoftDelete = true
			e.Allow.Delete = e.Allow.Read
			e.Uniques = []meta.Unique{{Name: "orders_title_key", Fields: []string{"title"}, When: meta.Eq(meta.This("state"), meta.Const("PLACED"))}}
			w := newWorldOf(t, d.open(t), b)
			must(w.engine.Write(t.Context(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
				if _, err := tx.Conn().Exec(ctx, "DROP INDEX orders_title_key"); err != nil {
					return err
				}
				_, err := tx.Conn().Exec(ctx, "CREATE UNIQUE INDEX orders_title_key ON orders (title) WHERE deleted_at IS NULL AND state = 'PLACED'")
				return err
			}))
			title := []string{"title"}
			first, made, err := w.ensure(w.ann, "Order", title, "title", "x")
			if must(err); !made {
				t.Error("there was none")
			}
			if id, made, err := w.ensure(w.ann, "Order", title, "title", "x"); err != nil || made || id != first {
				t.Error(id, made, err)
			}
			must(w.update(w.ann, "Order", first, 0, "state", "PAID"))
			second, made, err := w.ensure(w.ann, "Order", title, "title", "x")
			if must(err); !made {
				t.Error("one that is paid does not count")
			}
			must(w.delete(w.ann, "Order", second, 0))
			if _, made, err := w.ensure(w.ann, "Order", title, "title", "x"); err != nil || !made {
				t.Error("what is deleted does not count", err)
			}
		})
	}
}
