package pipeline_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/pipeline"
)

// No input makes a review fail: what cannot be read is skipped, and told of.
func TestReviewAnything(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/anything.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range archive.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"loop": ".", "self.go": "self.go", "gone.go": "nowhere.go"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "binary.go"), []byte("\x00\xff\xfe package"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "binary.sql"), []byte("create table \x00\xff (((("), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"large.go", "large.sql"} {
		if err := os.WriteFile(filepath.Join(dir, name), append([]byte("-- "), make([]byte, 5<<20)...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	reviewed, err := pipeline.Review(dir, pipeline.ReviewOptions{Uncertain: true})
	if err != nil {
		t.Fatal(err)
	}
	if unread := reviewed.Facts.Coverage.Unread; !slices.Equal(unread, []string{"large.go", "large.sql"}) {
		t.Errorf("not read: %v", unread)
	}
	coverage := reviewed.Facts.Coverage
	if len(coverage.Broken) < 2 || coverage.Files < 8 {
		t.Errorf("read %d files, broken %v", coverage.Files, coverage.Broken)
	}
	for _, f := range reviewed.Findings {
		t.Errorf("found %v", f)
	}
}

func TestReviewNothing(t *testing.T) {
	reviewed, err := pipeline.Review(t.TempDir(), pipeline.ReviewOptions{})
	if err != nil || len(reviewed.Findings) > 0 {
		t.Errorf("%v, %v", reviewed, err)
	}
	if _, err := pipeline.Review("missing", pipeline.ReviewOptions{}); err == nil {
		t.Error("a folder that is not there was reviewed")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.Review(file, pipeline.ReviewOptions{}); err == nil {
		t.Error("a file was reviewed as a folder")
	}
}
