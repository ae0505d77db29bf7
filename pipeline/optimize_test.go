package pipeline_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fettlehq/fettle/optimize"
	"github.com/fettlehq/fettle/pipeline"
)

// What is advised again keeps its file, and what is new takes a number that nobody has.
func TestWriteMigrations(t *testing.T) {
	dir := t.TempDir()
	advice := func(names ...string) *optimize.Report {
		r := &optimize.Report{}
		for _, name := range names {
			r.Advice = append(r.Advice, &optimize.Advice{Kind: optimize.KindIndex, File: name, Migration: "-- +goose Up\n"})
		}
		return r
	}
	for _, c := range []struct {
		there string
		names []string
		want  []string
	}{
		{"", []string{"a_idx", "b_idx"}, []string{"90001_a_idx.sql", "90002_b_idx.sql"}},
		{"", []string{"b_idx", "c_idx"}, []string{"90003_c_idx.sql"}},
		{"20261128120000_mine.sql", []string{"d_idx", "a_idx"}, []string{"20261128120001_d_idx.sql"}},
	} {
		if c.there != "" {
			if err := os.WriteFile(filepath.Join(dir, c.there), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		written, err := pipeline.WriteMigrations(dir, advice(c.names...))
		for i := range written {
			written[i] = filepath.Base(written[i])
		}
		if err != nil || !slices.Equal(written, c.want) {
			t.Errorf("%v: wrote %v, %v; want %v", c.names, written, err, c.want)
		}
	}
}
