package assess_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/assess"
	"github.com/fettlehq/fettle/assess/report"
	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/schema"
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

// A drawing holds the largest modules, says how many it leaves out, and marks the lines of a circle; names draw nothing themselves.
func TestDrawing(t *testing.T) {
	r := &assess.Report{Name: "desk", Cycles: [][]string{{"a", "b"}}, Modules: []*assess.Module{
		{Name: "a", Lines: 1000, DependsOn: []assess.Dependency{{Module: "b"}}},
		{Name: "b", Lines: 1000, DependsOn: []assess.Dependency{{Module: "a"}, {Module: "m00"}}},
		{Name: `c"] --> m1`, Lines: 1000, Layer: 1},
	}}
	for i := range 45 {
		r.Modules = append(r.Modules, &assess.Module{Name: fmt.Sprintf("m%02d", i), Lines: i, Layer: 1})
	}
	page := string(report.Markdown(r))
	_, page, _ = strings.Cut(page, "```mermaid\n")
	drawing, rest, _ := strings.Cut(page, "```\n")
	if !strings.HasPrefix(rest, "\n8 smaller modules are left out of the drawing.\n") || strings.Count(drawing, "\"]\n") != 40 {
		t.Errorf("it is not the largest 40 that are drawn:\n%s%.100s", drawing, rest)
	}
	for _, want := range []string{"  m1 -->|circle| m2\n", "  m2 -->|circle| m1\n", `  m3["c#quot;] --#gt; m1"]`} {
		if !strings.Contains(drawing, want) {
			t.Errorf("%q is not in\n%s", want, drawing)
		}
	}
	if strings.Contains(drawing, "m00") {
		t.Error("a module that is left out is drawn")
	}
}

// What depends on both of a circle is drawn above it: neither line follows from the other.
func TestLinesIntoACircle(t *testing.T) {
	r := &assess.Report{Name: "desk", Cycles: [][]string{{"read", "store"}}, Modules: []*assess.Module{
		{Name: "worker", DependsOn: []assess.Dependency{{Module: "log"}, {Module: "read"}, {Module: "store"}}},
		{Name: "read", Layer: 1, DependsOn: []assess.Dependency{{Module: "log"}, {Module: "store"}}},
		{Name: "store", Layer: 1, DependsOn: []assess.Dependency{{Module: "read"}}},
		{Name: "log", Layer: 2},
	}}
	page := string(report.HTML(r))
	for _, want := range []string{"worker imports read", "worker imports store", "read imports log"} {
		if !strings.Contains(page, want) {
			t.Errorf("no line says %q", want)
		}
	}
	if strings.Contains(page, "worker imports log") {
		t.Error("a line that follows from others is drawn")
	}
}

// One place that lets strangers at others' data, or shows what lets them in, comes before what only costs much; a small one does not.
func TestExposuresFirst(t *testing.T) {
	var problems []assess.Problem
	for i := range 12 {
		slow := assess.Problem{Rule: fmt.Sprintf("slow-%02d", i), Title: "Slow", Severity: "critical", Certain: true}
		problems = append(problems, slow, slow, slow)
	}
	problems = append(problems,
		assess.Problem{Rule: "open", Title: "Open", Severity: "high", Exposes: true},
		assess.Problem{Rule: "guess", Title: "A guess", Severity: "medium", Exposes: true},
	)
	r := assess.Of(&facts.Facts{Database: &facts.Database{Schema: &schema.Schema{}}}, assess.Options{Problems: problems})
	if len(r.Improvements) != 10 || r.Improvements[0].Rule != "open" || r.Improvements[1].Rule != "slow-00" {
		t.Errorf("what exposes is not the first, alone: %+v", r.Improvements)
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
