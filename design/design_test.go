package design_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

// The five designs of the language parse as they stand.
func TestDesigns(t *testing.T) {
	files, err := filepath.Glob("testdata/designs/*.graphql")
	if err != nil || len(files) != 5 {
		t.Fatalf("designs: %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source := design.Source{Name: "design/" + filepath.Base(file), Text: string(text)}
		var problems diag.List
		d := design.Parse([]design.Source{source}, &problems)
		if len(problems) > 0 {
			t.Errorf("%s:\n%s", file, printed(problems, []design.Source{source}))
		}
		if len(d.Types) == 0 || len(d.Operations) == 0 || d.Backend.Name == "" {
			t.Errorf("%s: %d types, %d operations, backend %q", file, len(d.Types), len(d.Operations), d.Backend.Name)
		}
	}
}

func printed(problems diag.List, files []design.Source) string {
	var b strings.Builder
	if err := diag.Text(&b, problems, design.Texts(files), false); err != nil {
		panic(err)
	}
	return b.String()
}
