package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// A test that draws draws the same each time, or a change is refused for what another did: where there is such a test, a
// seed_test.go fixes the seed.
func TestRandomTestsHaveASeed(t *testing.T) {
	draws := regexp.MustCompile(`\brapid\.(Check|MakeCheck|MakeFuzz)\(`)
	found := 0
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".go" || name == "seed_test.go" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil || !draws.Match(text) {
			return err
		}
		found++
		if _, err := os.Stat(filepath.Join(filepath.Dir(name), "seed_test.go")); err != nil {
			t.Errorf("%s draws, and the seed is not fixed: %v", name, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("no test draws")
	}
}
