package query

import (
	"context"
	"fmt"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
)

func TestThePlanCacheIsBounded(t *testing.T) {
	var c planCache[plan]
	used := &plan{}
	c.put("used", used)
	for i := range 10 * plansKept {
		c.put(fmt.Sprint(i), &plan{})
		if c.get([]byte("used")) != used {
			t.Fatal("a plan in use is forgotten")
		}
	}
	if n := len(c.young) + len(c.old); n > 2*plansKept {
		t.Errorf("%d plans are kept", n)
	}
}

func TestAPlanServesAllValuesOfItsShape(t *testing.T) {
	e, err := New(goldenBackend(), kittest.Memory(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	kittest.Tables(t, e.DB(), e.Backend(), nil)
	article := e.Backend().Entity("Article")
	read := func(viewer kit.ID, title string, stars any) {
		s := &Select{Entity: article, Where: meta.And(meta.Eq(meta.This("title"), meta.Const(title)), meta.Eq(meta.This("stars"), meta.Const(stars)))}
		err := e.Read(t.Context(), kit.Viewer{ID: viewer}, func(ctx context.Context, tx *Tx) error {
			_, err := tx.List(ctx, s)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		read(kit.NewID(), fmt.Sprint("title ", i), int64(i))
	}
	if n := len(e.plans.young); n != 1 {
		t.Errorf("%d plans for one shape", n)
	}
	read(kit.NewID(), "title", nil)
	read("", "title", int64(1))
	if n := len(e.plans.young); n != 3 {
		t.Errorf("%d plans for three shapes", n)
	}
}

// BenchmarkCachedPlan finds what is kept of a page of articles with a filter, their authors, readers and comments with
// authors: a tree on PostgreSQL, and on SQLite the page's own statement.
func BenchmarkCachedPlan(b *testing.B) {
	e, err := New(goldenBackend(), kittest.Memory(b), Options{})
	if err != nil {
		b.Fatal(err)
	}
	fields := func(entity string, names ...string) (all []Selection) {
		for _, name := range names {
			all = append(all, Selection{Field: e.Backend().Entity(entity).Field(name)})
		}
		return all
	}
	nested := func(entity, name string, s *Select) Selection {
		return Selection{Field: e.Backend().Entity(entity).Field(name), Nested: s}
	}
	user, comment, article := e.Backend().Entity("User"), e.Backend().Entity("Comment"), e.Backend().Entity("Article")
	author := &Select{Entity: user, Fields: fields("User", "name", "active", "zone")}
	comments := &Select{Entity: comment, First: 5, Fields: append(fields("Comment", "id", "words"), nested("Comment", "author", author))}
	page := &Select{
		Entity: article, First: 20, Order: []Order{{Path: []string{"createdAt"}, Descending: true}},
		Where: meta.And(meta.Eq(meta.This("status"), meta.Const("DONE")), meta.Ge(meta.This("stars"), meta.Const(int64(3)))),
		Fields: append(fields("Article", "id", "title", "stars", "createdAt", "liked", "saves"),
			nested("Article", "author", author), nested("Article", "readers", author), nested("Article", "comments", comments)),
	}
	err = e.Read(b.Context(), kit.Viewer{ID: kit.NewID()}, func(ctx context.Context, tx *Tx) error {
		b.Run("postgres", func(b *testing.B) {
			e.dialect.postgres = true
			defer func() { e.dialect.postgres = false }()
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := tx.planTree(page, pageVariant, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("sqlite", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pg, err := page.page(nil)
				if err == nil {
					_, err = tx.plan(newShaper(), page, nil, pageVariant, pg)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
