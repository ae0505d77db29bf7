package build

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

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
	d, m, problems := parse(exampleFiles(example))
	if code == NotBuilt {
		Unbuilt(d, m, &problems)
	}
	if len(problems) == 0 {
		t.Fatal("no problem")
	}
	for _, p := range problems {
		if p.Code != code {
			t.Errorf("also gives %s: %s", p.Code, p.Message)
		}
	}
}

// exampleFiles reads a snippet, or several after lines such as "-- design/users.graphql --".
func exampleFiles(example string) map[string]string {
	files := map[string]string{}
	name := ""
	for line := range strings.Lines(example) {
		line = strings.TrimPrefix(line, "\t")
		if file, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok {
			name = strings.TrimSuffix(file, " --")
			continue
		}
		if name == "" {
			name = "design/shop.graphql"
		}
		files[name] += line
	}
	files["design/zz.graphql"] = backend
	return files
}
