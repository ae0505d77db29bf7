package golang

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// Of a library only what can be seen from outside is read: its exported declarations and what they are made of. What
// stands in bodies alone, and the imports that only bodies need, is left out before types are looked for, so that most of what a
// library itself imports is never opened.

// keepAPI takes out of a package's files all that an importer cannot see.
func keepAPI(files []*ast.File) {
	a := &api{declared: map[string][]*unit{}, methods: map[string][]*unit{}, kept: map[ast.Node]bool{}, names: map[*ast.File]map[string]bool{}}
	for _, file := range files {
		a.names[file] = map[string]bool{}
		for _, decl := range file.Decls {
			a.declare(file, decl)
		}
	}
	for _, name := range sortedKeys(a.declared) {
		if ast.IsExported(name) {
			a.reach(name)
		}
	}
	for len(a.waiting) > 0 {
		u := a.waiting[0]
		a.waiting = a.waiting[1:]
		a.walk(u)
	}
	for _, file := range files {
		a.prune(file)
	}
}

// api is what of a package an importer can see.
type api struct {
	declared map[string][]*unit // by name
	methods  map[string][]*unit // by the name of their type
	kept     map[ast.Node]bool
	waiting  []*unit
	names    map[*ast.File]map[string]bool // that something is selected from: an import, or a variable
}

// unit is a declaration that is kept or left out as a whole.
type unit struct {
	file *ast.File
	node ast.Node // *ast.FuncDecl, *ast.TypeSpec, *ast.ValueSpec, or *ast.GenDecl of constants, whose values follow from each other
}

func (a *api) declare(file *ast.File, decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		u := &unit{file: file, node: decl}
		if decl.Recv == nil || len(decl.Recv.List) == 0 {
			a.declared[decl.Name.Name] = append(a.declared[decl.Name.Name], u)
		} else if of := receiverName(decl.Recv.List[0].Type); of != "" {
			a.methods[of] = append(a.methods[of], u)
		}
	case *ast.GenDecl:
		whole := &unit{file: file, node: decl}
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				a.declared[spec.Name.Name] = append(a.declared[spec.Name.Name], &unit{file: file, node: spec})
			case *ast.ValueSpec:
				u := whole
				if decl.Tok == token.VAR {
					u = &unit{file: file, node: spec}
				}
				for _, name := range spec.Names {
					a.declared[name.Name] = append(a.declared[name.Name], u)
				}
			}
		}
	}
}

// receiverName is the name of the type that a method is declared on.
func receiverName(e ast.Expr) string {
	for {
		switch t := e.(type) {
		case *ast.StarExpr:
			e = t.X
		case *ast.ParenExpr:
			e = t.X
		case *ast.IndexExpr:
			e = t.X
		case *ast.IndexListExpr:
			e = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

func (a *api) reach(name string) {
	for _, u := range append(slices.Clip(a.declared[name]), a.methods[name]...) {
		if !a.kept[u.node] {
			a.kept[u.node] = true
			a.waiting = append(a.waiting, u)
		}
	}
}

// walk reaches what a declaration is made of.
func (a *api) walk(u *unit) {
	switch n := u.node.(type) {
	case *ast.FuncDecl:
		n.Body = nil
		a.look(u.file, n.Type)
		if n.Recv != nil {
			a.look(u.file, n.Recv)
		}
	case *ast.ValueSpec:
		if n.Type != nil {
			n.Values = nil
		}
		a.look(u.file, n)
	default:
		a.look(u.file, n)
	}
}

func (a *api) look(file *ast.File, n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if id, is := n.X.(*ast.Ident); is {
				a.names[file][id.Name] = true
			}
			a.look(file, n.X)
			return false
		case *ast.Field:
			a.look(file, n.Type) // and not its names
			return false
		case *ast.FuncLit:
			a.look(file, n.Type)
			return false
		case *ast.Ident:
			a.reach(n.Name)
		}
		return true
	})
}

// prune leaves in a file what is kept, and the imports that it needs.
func (a *api) prune(file *ast.File) {
	imports := a.imports(file)
	file.Decls = slices.DeleteFunc(file.Decls, func(decl ast.Decl) bool {
		general, is := decl.(*ast.GenDecl)
		if !is {
			return !a.kept[decl]
		}
		if general.Tok == token.CONST {
			return !a.kept[general]
		}
		general.Specs = slices.DeleteFunc(general.Specs, func(spec ast.Spec) bool {
			if named, is := spec.(*ast.ImportSpec); is {
				return !imports[named]
			}
			return !a.kept[spec]
		})
		return len(general.Specs) == 0
	})
}

// imports are those of a file's imports that what is kept may name. The name of a package may be another than its path
// makes one guess: where some name is nobody's by the guesses, it may be that of any import whose own guess is not named.
func (a *api) imports(file *ast.File) map[*ast.ImportSpec]bool {
	out, guessed := map[*ast.ImportSpec]bool{}, map[string]bool{}
	var rest []*ast.ImportSpec
	for _, spec := range file.Imports {
		importPath := strings.Trim(spec.Path.Value, "\"`")
		name := packageName(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		switch {
		case name == "." || a.names[file][name]:
			out[spec], guessed[name] = true, true
		case spec.Name == nil && !isStandard(importPath):
			rest = append(rest, spec)
		}
	}
	for name := range a.names[file] {
		if !guessed[name] && len(a.declared[name]) == 0 {
			for _, spec := range rest {
				out[spec] = true
			}
			break
		}
	}
	return out
}
