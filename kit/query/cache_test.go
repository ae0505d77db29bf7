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
