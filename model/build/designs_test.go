package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// parse reads designs and builds their model; each name is a file's.
func parse(files map[string]string) (*design.Design, *model.Model, diag.List) {
	var problems diag.List
	var sources []design.Source
	for _, name := range sortedNames(files) {
		sources = append(sources, design.Source{Name: name, Text: files[name]})
	}
	d := design.Parse(sources, &problems)
	m := Model(d, &problems)
	problems.Sort()
	return d, m, problems
}

func sortedNames(files map[string]string) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	for i := range names {
		for j := i; j > 0 && names[j] < names[j-1]; j-- {
			names[j], names[j-1] = names[j-1], names[j]
		}
	}
	return names
}

// The five designs are the measure of the language: they check without a problem, unchanged.
func TestDesigns(t *testing.T) {
	files, err := filepath.Glob("../../design/testdata/designs/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatal("no designs", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, m, problems := parse(map[string]string{filepath.Base(file): string(text)})
			for _, p := range problems {
				t.Errorf("%s:%d:%d: %s [%s] %s", p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message, p.Code, p.Hint)
			}
			Schema(m)
		})
	}
}
