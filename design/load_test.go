package design_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
)

// Files are read in the order of their names, without the prelude and what is no design.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "design")
	if err := os.MkdirAll(filepath.Join(folder, "old.graphql"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b.graphql", "a.graphql", "prelude.graphql", "notes.md"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := design.Load(dir)
	if err != nil || len(files) != 2 || files[0] != (design.Source{Name: "design/a.graphql", Text: "a.graphql"}) || files[1].Name != "design/b.graphql" {
		t.Errorf("%v, %v", files, err)
	}
}

func TestLoadNames(t *testing.T) {
	_, err := design.Load(filepath.Join(t.TempDir(), "nowhere"))
	if err == nil || !strings.HasPrefix(err.Error(), "design of ") || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("%v", err)
	}
}
