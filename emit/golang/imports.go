package golang

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
)

const kit = "github.com/fettlehq/fettle/kit"

// qualifiers are the packages that written code names, by the name it uses.
var qualifiers = map[string]string{
	"context": "context", "embed": "embed", "errors": "errors", "iter": "iter", "json": "encoding/json", "maps": "maps", "os": "os",
	"strconv": "strconv", "strings": "strings", "testing": "testing", "time": "time",
	"kit": kit, "meta": kit + "/meta", "query": kit + "/query", "typed": kit + "/typed", "server": kit + "/server",
	"sqldb": kit + "/sqldb", "sqlite": kit + "/sqlite", "postgres": kit + "/postgres", "prometheus": kit + "/prometheus",
	"grpc": kit + "/grpc", "designtest": kit + "/designtest",
	"smtp": kit + "/mail/smtp",
}

// withImports adds to text, a Go file without imports, those of the packages that it names.
func withImports(m *model.Model, file, text string) string {
	known := map[string]string{}
	for name, p := range qualifiers {
		known[name] = p
	}
	for _, module := range m.Modules {
		known[qualifier(module)] = m.GoModule + "/" + PackageName(module)
	}
	for _, name := range []string{"app", "api", "migrations"} {
		known[name] = m.GoModule + "/" + name
	}
	var standard, others []string
	names := selected(file, text)
	if strings.Contains(text, "//go:embed ") && !slices.Contains(names, "embed") {
		standard = append(standard, `_ "embed"`)
	}
	for _, name := range names {
		p, ok := known[name]
		if !ok {
			continue
		}
		line := fmt.Sprintf("%q", p)
		if path.Base(p) != name {
			line = name + " " + line
		}
		if strings.Contains(p, ".") {
			others = append(others, line)
		} else {
			standard = append(standard, line)
		}
	}
	if len(standard)+len(others) == 0 {
		return text
	}
	byPath := func(a, b string) int {
		return strings.Compare(a[strings.Index(a, `"`):], b[strings.Index(b, `"`):])
	}
	slices.SortFunc(standard, byPath)
	slices.SortFunc(others, byPath)
	block := "import (\n" + strings.Join(standard, "\n") + "\n\n" + strings.Join(others, "\n") + "\n)\n\n"
	at := strings.Index(text, "package ")
	if !strings.HasPrefix(text, "package ") {
		at = strings.Index(text, "\npackage ") + 1
	}
	end := at + strings.Index(text[at:], "\n") + 1
	return text[:end] + "\n" + block + text[end:]
}

// selected returns the names x of all x.Y in text that no declaration in it makes.
func selected(file, text string) []string {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		panic(fmt.Sprintf("%s: %v\n%s", file, err, text))
	}
	names := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				names[x.Name] = true
			}
		}
		return true
	})
	return slices.Sorted(maps.Keys(names))
}
