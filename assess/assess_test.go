package assess_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/assess"
	"github.com/fettlehq/fettle/assess/report"
	"github.com/fettlehq/fettle/pipeline"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Each example is a backend and what is told of it: the sections golden.md, golden.txt, golden.json and brief.md, as far as it has them.
func TestGolden(t *testing.T) {
	examples, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, example := range examples {
		t.Run(filepath.Base(example), func(t *testing.T) {
			archive, err := txtar.ParseFile(example)
			if err != nil {
				t.Fatal(err)
			}
			r := assessed(t, archive)
			changed := false
			for i := range archive.Files {
				file := &archive.Files[i]
				var got []byte
				switch file.Name {
				case "golden.md":
					got = report.Markdown(r)
				case "golden.txt":
					got = report.Text(r, false)
				case "golden.json":
					if got, err = report.JSON(r); err != nil {
						t.Fatal(err)
					}
				case "brief.md":
					got = []byte(r.Brief)
				default:
					continue
				}
				if !bytes.Equal(got, file.Data) {
					if *update {
						file.Data, changed = got, true
						continue
					}
					t.Errorf("%s: got\n%s", file.Name, got)
				}
			}
			if changed {
				if err := os.WriteFile(example, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// The same code gives the same report, byte for byte.
func TestTwice(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/layers.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := unpack(t, archive)
	var texts [2][]byte
	for i := range texts {
		r, err := pipeline.Assess(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = report.HTML(r)
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("two reports of the same code differ")
	}
}

func assessed(t *testing.T, archive *txtar.Archive) *assess.Report {
	r, err := pipeline.Assess(unpack(t, archive), "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func unpack(t *testing.T, archive *txtar.Archive) string {
	dir := filepath.Join(t.TempDir(), "backend")
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, "golden.") || f.Name == "brief.md" {
			continue
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
