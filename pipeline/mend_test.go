package pipeline_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/review/rule"
)

const leaking = `package app

import "database/sql"

func names(db *sql.DB) error {
	rows, err := db.Query("SELECT name FROM users")
	if err != nil {
		return err
	}
	rows.Next()
	return rows.Err()
}
`

func leakingFolder(t *testing.T) (dir, file string, r *pipeline.Reviewed) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "app.go")
	if err := os.WriteFile(file, []byte(leaking), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := pipeline.Review(dir, pipeline.ReviewOptions{Rules: []string{"resource-leak"}})
	if err != nil || len(r.Findings) != 1 {
		t.Fatalf("%v, %v", r, err)
	}
	return dir, file, r
}

// A file that changed between the review and the fix is left as it is, at whichever moment it did so.
func TestMendChanged(t *testing.T) {
	dir, file, r := leakingFolder(t)
	m, err := r.Mend(dir)
	if err != nil || len(m.Done) != 1 {
		t.Fatalf("%v, %v", m, err)
	}
	changed := leaking + "\n// more\n"
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.Write(); err == nil || !strings.Contains(err.Error(), "has changed since it was read") {
		t.Errorf("written over a change: %v", err)
	}
	late, err := r.Mend(dir)
	if err != nil || len(late.Done) != 0 || len(late.Left) != 1 || !strings.Contains(late.Left[0].Why, "has changed since") {
		t.Errorf("%+v, %v", late, err)
	}
	if got, _ := os.ReadFile(file); string(got) != changed {
		t.Errorf("the file is now %s", got)
	}
}

// What lies outside of the folder, and what is no plain file, is never written.
func TestMendOutside(t *testing.T) {
	dir, file, r := leakingFolder(t)
	outside := filepath.Join(t.TempDir(), "app.go")
	if err := os.Rename(file, outside); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, file); err != nil {
		t.Fatal(err)
	}
	r.Findings = append(r.Findings, rule.Finding{Edits: []facts.Edit{{File: "../" + filepath.Base(filepath.Dir(outside)) + "/app.go", New: "x"}}})
	m, err := r.Mend(dir)
	if err != nil || len(m.Done) != 0 || len(m.Left) != 2 || m.Diff != "" {
		t.Fatalf("%+v, %v", m, err)
	}
	if got, _ := os.ReadFile(outside); string(got) != leaking {
		t.Errorf("the file outside is now %s", got)
	}
}

// A fix keeps the rights of a file, and leaves nothing beside it.
func TestMendWrites(t *testing.T) {
	dir, file, r := leakingFolder(t)
	m, err := r.Mend(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Write(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
	if text, _ := os.ReadFile(file); !strings.Contains(string(text), "\tdefer rows.Close()\n") {
		t.Errorf("%s", text)
	}
}
