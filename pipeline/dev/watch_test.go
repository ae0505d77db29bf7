package dev

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fettlehq/fettle/pipeline"
)

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	save := func(path, text string) {
		t.Helper()
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	save("design/orders.graphql", "a")
	save("orders/orders.go", "a")
	w, err := newWatch(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	told := func(want ...string) {
		t.Helper()
		var got []string
		patience := time.Minute
		if len(want) == 0 {
			patience = time.Second
		}
		select {
		case paths := <-w.saved:
			for _, path := range paths {
				relative, _ := filepath.Rel(dir, path)
				got = append(got, relative)
			}
		case <-time.After(patience):
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	}

	save("orders/orders.go", "b")
	told("orders/orders.go")

	save("orders/orders.go", "b") // the same again
	told()

	w.expect([]pipeline.Change{{Path: "app/app.gen.go", Content: []byte("x")}, {Path: "orders/orders.go", Content: []byte("c")}})
	save("app/app.gen.go", "x")
	save("orders/orders.go", "c")
	save("data/shop.db", "x")
	save("README.md", "x")
	told()

	save("billing/billing.go", "in a new folder")
	told("billing/billing.go")

	save("design/orders.graphql.tmp", "b") // as editors save
	if err := os.Rename(filepath.Join(dir, "design/orders.graphql.tmp"), filepath.Join(dir, "design/orders.graphql")); err != nil {
		t.Fatal(err)
	}
	told("design/orders.graphql")

	if err := os.Remove(filepath.Join(dir, "billing/billing.go")); err != nil {
		t.Fatal(err)
	}
	told("billing/billing.go")
}
