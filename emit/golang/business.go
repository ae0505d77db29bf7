package golang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// businessFile is where the team answers the operations of a module: a stub each, to begin with.
func businessFile(m *model.Module) string {
	p := &printer{}
	p.f("package %s", PackageName(m))
	p.f("")
	p.f("// Business answers the operations of this module. What they need besides their transaction is a field of it.")
	p.f("type Business struct{}")
	p.f("")
	p.f("var _ Operations = (*Business)(nil)")
	p.f("")
	p.f("// New makes the operations; what they need arrives here.")
	p.f("func New() *Business { return &Business{} }")
	for _, o := range m.Business() {
		p.f("")
		p.WriteString(Stub(o))
	}
	for _, method := range m.Methods() {
		p.f("")
		p.WriteString(methodStub(method))
	}
	return p.String()
}

// Stub is the method that answers an operation, to paste and to fill in.
func Stub(o *model.Operation) string {
	p := &printer{}
	if doc := strings.TrimSpace(o.Doc); doc != "" {
		p.comment(doc)
	}
	p.f("func (b *Business) %s {", signature(o))
	p.f("\treturn %s, errors.New(%q)", zero(o), o.Name+" is not written yet")
	p.f("}")
	return p.String()
}

// zero is the value that goes with an error.
func zero(o *model.Operation) string {
	t := typeOf(o.Module, o.Result, true)
	name := resultType(o)
	switch {
	case o.Result.Repeated, strings.HasPrefix(name, "*"), t.Family == bytes:
		return "nil"
	case t.Family == text:
		return `""`
	case t.Family == entity, t.Family == object, name == "time.Time", name == "kit.Date", name == "kit.Decimal":
		return name + "{}"
	case name == "bool":
		return "false"
	}
	return "0"
}

// Unwritten is a method that the team's code lacks.
type Unwritten struct {
	Name string // "placeOrder", or "Order.daysLeft": as the design names it
	Stub string // Go, to paste and to fill in
}

// Missing finds what no method in the Go files of dir answers yet: operations of a module, and fields that it works out. It
// reads the files of the team without type-checking them, so it works while they do not build.
func Missing(dir string, m *model.Module) ([]Unwritten, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	written := map[string]bool{}
	for _, path := range paths {
		if strings.HasSuffix(path, ".gen.go") || strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			if os.IsNotExist(err) {
				continue
			}
			return nil, err
		}
		methods(text, written)
	}
	var missing []Unwritten
	for _, o := range m.Business() {
		if !written[exported(o.Name)] {
			missing = append(missing, Unwritten{o.Name, Stub(o)})
		}
	}
	for _, method := range m.Methods() {
		if !written[methodName(method)] {
			missing = append(missing, Unwritten{method.Entity.Name + "." + method.Field.Name, methodStub(method)})
		}
	}
	return missing, nil
}

// methods adds the names of the methods in text. Of a text that does not parse they are found line by line.
func methods(text []byte, names map[string]bool) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		for _, found := range method.FindAllSubmatch(text, -1) {
			names[string(found[1])] = true
		}
		return
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
			names[f.Name.Name] = true
		}
	}
}

var method = regexp.MustCompile(`(?m)^func \([^)]*\) (\w+)\(`)
