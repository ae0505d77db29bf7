package pipeline

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The folder of facts stays within its bound: what was used longest ago goes.
func TestPrune(t *testing.T) {
	folder := t.TempDir()
	for i, name := range []string{"newest", "middle", "oldest"} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, mostCached/2); err != nil { // a hole takes no room
			t.Fatal(err)
		}
		used := time.Now().Add(-time.Duration(i) * time.Hour)
		if err := os.Chtimes(file, used, used); err != nil {
			t.Fatal(err)
		}
	}
	prune(folder)
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 || entries[0].Name() != "middle" || entries[1].Name() != "newest" {
		t.Errorf("%v, %v", entries, err)
	}
}
