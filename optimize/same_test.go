package optimize_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/fettlehq/fettle/optimize"
)

// TestSameAdviceEachTime asks twice for the statements of every second case on the common schema at once, and compares every byte.
func TestSameAdviceEachTime(t *testing.T) {
	if testing.Short() {
		t.Skip("plans some thousand times")
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var workload bytes.Buffer
	for i, file := range files {
		if i%2 > 0 {
			continue
		}
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		own := false
		for _, section := range archive.Files {
			own = own || section.Name == "schema" || section.Name == "data"
		}
		for _, section := range archive.Files {
			if section.Name == "workload" && !own {
				workload.Write(section.Data)
			}
		}
	}
	url := template(t)
	var first []byte
	for range 2 {
		statements, _ := optimize.ParseWorkload("all.sql", workload.String())
		report, err := optimize.Run(t.Context(), optimize.Options{Database: url, Statements: statements, Explains: 500})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := report.JSON(&out); err != nil {
			t.Fatal(err)
		}
		if err := report.Text(&out, nil); err != nil {
			t.Fatal(err)
		}
		if len(report.Advice) < 10 {
			t.Fatalf("%d statements gave %d changes", len(statements), len(report.Advice))
		}
		if first == nil {
			first = out.Bytes()
		} else if !bytes.Equal(first, out.Bytes()) {
			t.Errorf("first\n%s\nthen\n%s", first, out.Bytes())
		}
	}
}
