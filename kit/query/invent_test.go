package query_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Rows that are made at the same time of equal titles get slugs that differ, whoever makes them and however: nobody chose one.
func testRacingSlugs(w *world) {
	const writers, rounds = 6, 4
	e := w.entity("Article")
	ways := map[string]func(ctx context.Context, tx *query.Tx, changes []query.Change) error{
		"by its rules": func(ctx context.Context, tx *query.Tx, changes []query.Change) error {
			_, err := tx.Create(ctx, e, changes)
			return err
		},
		"by the system": func(ctx context.Context, tx *query.Tx, changes []query.Change) error {
			_, err := tx.System().Create(ctx, e, changes)
			return err
		},
		"and read": func(ctx context.Context, tx *query.Tx, changes []query.Change) error {
			return tx.CreateLast(ctx, w.sel("Article", "slug"), changes, func(_ kit.ID, _ *query.Row, err error) error { return err })
		},
	}
	for way, create := range ways {
		for round := range rounds {
			title := fmt.Sprint("Same ", way, round)
			var wait sync.WaitGroup
			for range writers {
				wait.Go(func() {
					err := w.engine.Write(context.Background(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
						return create(ctx, tx, w.changes(e, "title", title))
					})
					if err != nil {
						w.Errorf("%s: %s", title, describe(err))
					}
				})
			}
			wait.Wait()
			s := w.sel("Article", "slug")
			s.Where = meta.Eq(meta.This("title"), meta.Const(title))
			var slugs []string
			for _, row := range w.list(w.ann, s).Rows {
				slugs = append(slugs, row.Values[0].(string))
			}
			slices.Sort(slugs)
			plain := strings.ToLower(strings.ReplaceAll(title, " ", "-"))
			if len(slices.Compact(slices.Clone(slugs))) != writers || slugs[0] != plain || !strings.HasPrefix(slugs[1], plain+"-") {
				w.Errorf("%s: slugs are %q", title, slugs)
			}
		}
	}
}

// Rows of one write get slugs that differ, too.
func TestSlugsOfOneWrite(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			b := ordering()
			for _, e := range b.Entities {
				if e.Name == "Line" {
					e.Fields[slices.IndexFunc(e.Fields, func(f *meta.Field) bool { return f.Name == "seat" })].Default = meta.Call("slug", meta.Const("Seat"))
				}
			}
			w := newWorldOf(t, d.open(t), b)
			w.create(w.ann, false, "Basket", "code", "b", "lines", made(w.line(nil, "quantity", 1), w.line([]int{5}, "quantity", 2), w.line(nil, "quantity", 3)))
			var seats []string
			for _, row := range w.linesOf("b") {
				seats = append(seats, row.Values[1].(string))
			}
			if len(seats) != 3 || seats[0] != "seat" || !strings.HasPrefix(seats[1], "seat-") || !strings.HasPrefix(seats[2], "seat-") || seats[1] == seats[2] {
				t.Errorf("seats are %q", seats)
			}
			_, err := w.tryCreate(w.ann, false, "Basket", "code", "b", "lines", made(w.line(nil, "quantity", 1)))
			w.want(err, "CONFLICT code:TAKEN")
			_, err = w.tryCreate(w.ann, false, "Basket", "code", "c", "lines", made(w.line(nil, "quantity", 1, "seat", "x"), w.line(nil, "quantity", 2), w.line(nil, "quantity", 3, "seat", "x")))
			w.want(err, "CONFLICT lines.create.2.seat:TAKEN")
		})
	}
}
