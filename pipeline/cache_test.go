package pipeline_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/review/report"
)

// reviewedIn reviews a folder with a cache, and gives what is told of it as programs read it.
func reviewedIn(t *testing.T, dir, cache string) []byte {
	t.Helper()
	r, err := pipeline.Review(dir, pipeline.ReviewOptions{Uncertain: true, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.JSON(&b, r.Findings, r.Facts.Coverage); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An entry that is cut or changed is as good as none, and another takes its place.
func TestCacheBroken(t *testing.T) {
	dir, _, _ := leakingFolder(t)
	cache := t.TempDir()
	want := reviewedIn(t, dir, cache)
	entries, err := filepath.Glob(filepath.Join(cache, "all-*"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	name := entries[0]
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	changed := slices.Clone(whole)
	changed[len(changed)/2] ^= 1
	for _, text := range [][]byte{nil, whole[:10], whole[:len(whole)-1], changed} {
		parts, err := filepath.Glob(filepath.Join(cache, "part-*"))
		if err != nil || len(parts) != 1 {
			t.Fatalf("%v, %v", parts, err)
		}
		if err := os.WriteFile(parts[0], text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := reviewedIn(t, dir, cache); !bytes.Equal(got, want) {
			t.Errorf("told of a broken entry:\n%s", got)
		}
		if again, err := os.ReadFile(name); err != nil || !bytes.Equal(again, whole) {
			t.Errorf("the entry was not written again: %v", err)
		}
	}
}

// A change of a file is read, as is a file that comes or goes; a cache that cannot be written is none.
func TestCacheChanges(t *testing.T) {
	dir, file, _ := leakingFolder(t)
	cache := t.TempDir()
	before := reviewedIn(t, dir, cache)
	if err := os.WriteFile(file, []byte("package app\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mended := reviewedIn(t, dir, cache)
	if bytes.Equal(before, mended) {
		t.Errorf("a change was not seen:\n%s", mended)
	}
	if err := os.WriteFile(filepath.Join(dir, "more.go"), []byte(leaking), 0o600); err != nil {
		t.Fatal(err)
	}
	if more := reviewedIn(t, dir, cache); bytes.Equal(more, mended) {
		t.Errorf("a new file was not seen:\n%s", more)
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	reviewedIn(t, dir, blocked)
}

// Many at once write and read one entry.
func TestCacheTogether(t *testing.T) {
	dir, _, _ := leakingFolder(t)
	cache := t.TempDir()
	var wait sync.WaitGroup
	answers := make([][]byte, 6)
	for i := range answers {
		wait.Go(func() {
			r, err := pipeline.Review(dir, pipeline.ReviewOptions{Cache: cache})
			if err != nil {
				t.Error(err)
				return
			}
			var b bytes.Buffer
			if err := report.JSON(&b, r.Findings, r.Facts.Coverage); err != nil {
				t.Error(err)
			}
			answers[i] = b.Bytes()
		})
	}
	wait.Wait()
	for _, a := range answers {
		if !bytes.Equal(a, answers[0]) {
			t.Errorf("told\n%s\nand\n%s", a, answers[0])
		}
	}
	if entries, err := os.ReadDir(cache); err != nil || len(entries) != 2 {
		t.Errorf("the cache holds %v (%v), not one entry for the whole and one for its part", entries, err)
	}
}
