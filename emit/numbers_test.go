package emit_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/emit/proto"
)

// Each testdata/numbers/*.txtar is a design that goes on, and what of its proto contract is to be seen: "design" is a
// version, "change" makes it of the one before by replacements, and what follows are declarations of the contract then.
func TestNumbers(t *testing.T) {
	files, err := filepath.Glob("testdata/numbers/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text, contract := "", proto.Contract{}
			for i, section := range archive.Files {
				switch section.Name {
				case "design":
					text = string(section.Data)
				case "change":
					for line := range strings.Lines(string(section.Data)) {
						from, to, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " =>")
						to = strings.TrimPrefix(to, " ")
						if !strings.Contains(text, from) {
							t.Fatalf("the design has no %q", from)
						}
						text = strings.ReplaceAll(text, from, to)
					}
				default:
					got := cut(contract.Text, contract.Path, section.Name)
					if !bytes.Equal(got, section.Data) && !*update {
						t.Errorf("%s:\n%s", section.Name, got)
					}
					archive.Files[i].Data = got
					continue
				}
				m := parse(t, []design.Source{
					{Name: "design/yard.graphql", Text: text},
					{Name: "design/zz.graphql", Text: `extend schema @backend(name: "shop", module: "example.com/shop")` + "\n"},
				})
				before := contract.Numbers
				contract = proto.Emit(m, before)
				if again := proto.Emit(m, contract.Numbers); !bytes.Equal(again.Text, contract.Text) || !maps.Equal(again.Numbers, contract.Numbers) {
					t.Error("the same design has other numbers the second time")
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
