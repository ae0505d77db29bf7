package design_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

// The example in the comment of each code gives that code, and no other.
func TestExamples(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || seen[code] {
			t.Fatalf("code %s: %v, or used twice", code, err)
		}
		seen[code] = true
		t.Run(code, func(t *testing.T) { checkExample(t, diag.Code(code), spec.Doc.Text()) })
		return false
	})
}

func checkExample(t *testing.T, code diag.Code, doc string) {
	_, example, ok := strings.Cut(doc, "Example:\n")
	if !ok {
		t.Fatal("no example")
	}
	files := sources(dedent(example))
	problems := parse(files)
	if len(problems) == 0 {
		t.Fatal("no problem")
	}
	for _, p := range problems {
		if p.Code != code {
			t.Errorf("also gives:\n%s", printed(problems, files))
			return
		}
	}
}

func dedent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text)) {
		b.WriteString(strings.TrimPrefix(line, "\t"))
	}
	return b.String()
}

// sources reads the files of a txtar, or takes a text for one module. A backend is added where the design is a mere
// snippet.
func sources(text string) []design.Source {
	archive := txtar.Parse([]byte(text))
	var files []design.Source
	for _, f := range archive.Files {
		if strings.HasSuffix(f.Name, ".graphql") {
			files = append(files, design.Source{Name: f.Name, Text: string(f.Data)})
		}
	}
	if len(files) > 0 {
		return files
	}
	return withBackend([]design.Source{{Name: "design/shop.graphql", Text: text}})
}

func withBackend(files []design.Source) []design.Source {
	for _, f := range files {
		if strings.Contains(f.Text, "@backend") {
			return files
		}
	}
	backend := design.Source{Name: "design/zz.graphql", Text: `extend schema @backend(name: "test", module: "example.com/test")`}
	return append(files, backend)
}

func parse(files []design.Source) diag.List {
	var problems diag.List
	design.Parse(files, &problems)
	return problems
}
