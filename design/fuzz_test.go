package design_test

import (
	"os"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

// No text makes the parser panic, every problem lies inside the text, and its edit and its print work.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/designs/*.graphql", "testdata/wrong/*.graphql"} {
		matches, _ := os.ReadDir(strings.TrimSuffix(pattern, "/*.graphql"))
		for _, entry := range matches {
			text, err := os.ReadFile(strings.TrimSuffix(pattern, "*.graphql") + entry.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	for _, seed := range []string{
		"", "\ufeff", "type", "type A", "type A {", "type A { a", "type A { a:", "type A { a: [", "type A @", "type A @b(",
		"type A @b(c:", "type A @b(c: [", "type A @b(c: {d", "enum A {", "union A =", "union A = |", "extend", "extend type",
		"extend type Query {", "extend type Query { a(", "extend schema", "extend schema @backend(", "}", "{", ")(", `"`, `"""`,
		`"""a""""`, `"\`, `"\u`, `type A { a: Int @default(value: "\u{`, "'", "-", "0x", "1.", "# c", "\x00", "\xff", "é", "schema {", "directive @a on",
		"query {", "interface A { a: Int } type B implements A", "type \"a\"", "input A { a: Int = ", "type A { a: [[Int]] }", "type A { \"x\" }",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		files := []design.Source{{Name: "design/a.graphql", Text: text}}
		var problems diag.List
		d := design.Parse(files, &problems)
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		for _, p := range problems {
			if p.Pos.Line < 1 || p.Pos.Line > lines || p.Pos.Column < 1 || p.Message == "" {
				t.Errorf("outside of the text: %+v", p)
			}
		}
		if len(problems) == 0 && d.Backend.Name == "" {
			t.Error("no backend, and no problem")
		}
		edited(files, edits(problems))
		printed(problems, files)
	})
}

func edits(problems diag.List) []diag.Edit {
	var all []diag.Edit
	for _, p := range problems {
		if p.Edit != nil {
			all = append(all, *p.Edit)
		}
	}
	return all
}
