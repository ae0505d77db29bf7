package review_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/pipeline"
)

// A fix is an edit that is sure to be right: each case compiles before and after it, its rule has nothing more to say of
// what was mended, and a second time changes nothing. The files below after/ are those that a fix changes.
func TestFixes(t *testing.T) {
	cases, err := filepath.Glob("*/testdata/fix/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(filepath.ToSlash(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			before := &txtar.Archive{}
			golden := map[string][]byte{}
			for _, f := range archive.Files {
				if after, found := strings.CutPrefix(f.Name, "after/"); found {
					golden[after] = f.Data
				} else {
					before.Files = append(before.Files, f)
				}
			}
			dir := unpack(t, before)
			compiles(t, dir)
			rules := strings.Fields(regexp.MustCompile(`(?m)^rules: (.*)$`).FindString(string(archive.Comment)))[1:]
			first := reviewed(t, dir, rules)
			m, err := first.Mend(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Write(); err != nil {
				t.Fatal(err)
			}
			compiles(t, dir)
			if *update {
				archive.Files = before.Files
			}
			for _, f := range before.Files {
				got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Name)))
				if err != nil {
					t.Fatal(err)
				}
				switch want, changed := golden[f.Name]; {
				case *update && !bytes.Equal(got, f.Data):
					archive.Files = append(archive.Files, txtar.File{Name: "after/" + f.Name, Data: got})
				case *update:
				case changed && !bytes.Equal(got, want):
					t.Errorf("%s is\n%s\nand should be\n%s", f.Name, got, want)
				case !changed && !bytes.Equal(got, f.Data):
					t.Errorf("%s was changed:\n%s", f.Name, got)
				}
			}
			if *update {
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			again := reviewed(t, dir, rules)
			if len(again.Findings) != len(m.Left) {
				t.Errorf("%d findings were left, and after the fix there are %v", len(m.Left), again.Findings)
			}
			if twice, err := again.Mend(dir); err != nil || twice.Diff != "" {
				t.Errorf("a second time changes more (%v):\n%s", err, twice.Diff)
			}
		})
	}
}

func reviewed(t *testing.T, dir string, rules []string) *pipeline.Reviewed {
	t.Helper()
	r, err := pipeline.Review(dir, pipeline.ReviewOptions{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compiles builds the Go code of a folder.
func compiles(t *testing.T, dir string) {
	t.Helper()
	if files, _ := filepath.Glob(filepath.Join(dir, "*.go")); len(files) == 0 {
		return
	}
	build := exec.Command("go", "build", "./...")
	build.Dir, build.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
}
