package vet_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/pipeline/vet"
)

// The test is the tool, where go vet calls it.
func TestMain(m *testing.M) {
	if vet.Asked(os.Args[1:]) {
		vet.Main()
	}
	os.Exit(m.Run())
}

const leaking = `package app

import "database/sql"

func names(db *sql.DB) error {
	rows, err := db.Query("SELECT name FROM users")
	if err != nil {
		return err
	}
	if !rows.Next() {
		return nil
	}
	return rows.Err()
}

func quiet(db *sql.DB) {
	// fettle:ignore swallowed-error nobody would do anything about it
	db.Exec("DELETE FROM users")
}
`

// go vet -vettool tells what a review tells, with its fixes, and is as quiet about what the code asks to ignore.
func TestGoVet(t *testing.T) {
	tool, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/app\n\ngo 1.26\n", "app.go": leaking, "app_test.go": strings.Replace(leaking, "names", "more", 1)} {
		if name == "app_test.go" {
			text = strings.Replace(text, "func quiet", "func silent", 1)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		command := exec.Command("go", append([]string{"vet", "-vettool=" + tool}, args...)...)
		command.Dir, command.Env = dir, append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off")
		out, _ := command.CombinedOutput()
		return string(out)
	}
	told := run("./...")
	if !strings.Contains(told, "app.go:6:2: resource-leak: rows is not given back on every path") && !strings.Contains(told, "app.go:6:2: resource-leak: rows is never given back") {
		t.Errorf("told:\n%s", told)
	}
	if strings.Contains(told, "app_test.go") || strings.Contains(told, "swallowed-error") {
		t.Errorf("told of a test, or of what was to be ignored:\n%s", told)
	}
	if json := run("-json", "-resourceleak", "./..."); !strings.Contains(json, `"suggested_fixes"`) || !strings.Contains(json, `defer rows.Close()`) {
		t.Errorf("told programs:\n%s", json)
	}
}

// Every analyzer is one that a driver takes.
func TestAnalyzers(t *testing.T) {
	for _, a := range vet.Analyzers() {
		if a.Doc == "" || strings.ContainsAny(a.Name, "- ") {
			t.Errorf("%q: %q", a.Name, a.Doc)
		}
	}
}
