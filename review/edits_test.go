package review_test

import (
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/pipeline"
)

// mendsWhole makes the edits that a review of an example proposes: all can be made, leave code that the checker has no more
// to say against, and silence their findings. What is told afterwards is what was not mended, and nothing else.
func mendsWhole(t *testing.T, dir string, archive *txtar.Archive, options pipeline.ReviewOptions, first *pipeline.Reviewed) {
	t.Helper()
	m, err := first.Mend(dir)
	if err != nil {
		t.Error(err)
		return
	}
	if len(m.Done) == 0 {
		return
	}
	if err := m.Write(); err != nil {
		t.Fatal(err)
	}
	again, err := pipeline.Review(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := first.Facts.Coverage, again.Facts.Coverage; a.Typed != b.Typed || len(a.Broken) != len(b.Broken) {
		t.Errorf("%d packages had no mistake, and after the fix %d:\n%s", a.Typed, b.Typed, m.Diff)
	}
	left := map[string]int{}
	for _, f := range m.Left {
		left[f.Rule+": "+f.Message]++
	}
	for _, f := range again.Findings {
		if what := f.Rule + ": " + f.Message; left[what] == 0 {
			t.Errorf("told after the fix, and not left by it: %s\n%s", what, m.Diff)
		} else {
			left[what]--
		}
	}
	for _, file := range archive.Files {
		was, err := format.Source(file.Data)
		if !strings.HasSuffix(file.Name, ".go") || err != nil || string(was) != string(file.Data) {
			continue
		}
		after, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file.Name)))
		if err != nil {
			t.Fatal(err)
		}
		if now, err := format.Source(after); err != nil || string(now) != string(after) {
			t.Errorf("%s is not as gofmt writes it (%v):\n%s", file.Name, err, after)
		}
	}
}
