package optimize

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A run removes the copies that killed ones have left, and neither those of runs that are at work nor what is not known to be a copy.
func TestCopiesThatAreLeft(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	place := func() *copyPlace {
		p, err := newCopyPlace(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p.dir, copyFile), make([]byte, 3<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	working, killed := place(), place()
	killed.lock.Close() //nolint:errcheck // as the end of its process does
	strange := filepath.Join(os.TempDir(), copyFolder+"-notes")
	if err := os.Mkdir(strange, 0o700); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	for _, dir := range []string{working.dir, killed.dir, strange} {
		if err := os.Chtimes(dir, long, long); err != nil {
			t.Fatal(err)
		}
	}
	report, err := RunSQLite(context.Background(), Options{Database: clubFile(t), Statements: clubStatements()[:1]})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(report.Notes, "\n"); strings.Count(notes, "removed ") != 1 || !strings.Contains(notes, "a copy of 3.0 MB which a run that was killed had left") {
		t.Errorf("it notes %s", notes)
	}
	for dir, stays := range map[string]bool{working.dir: true, killed.dir: false, strange: true} {
		if _, err := os.Stat(dir); (err == nil) != stays {
			t.Errorf("%s: %v, and it should be there: %v", dir, err, stays)
		}
	}
	working.end()
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), copyFolder+"*")); len(left) != 1 { //nolint:errcheck // the pattern is one
		t.Errorf("left are %q", left)
	}
}
