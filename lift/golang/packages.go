package golang

import (
	"go/ast"
	"go/doc"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// findPackages tells the packages of the code: what each imports, declares and tests.
func (l *lifter) findPackages() {
	for _, s := range l.loader.order {
		p := &facts.Package{Path: s.path, Dir: l.loader.shown(s.dir), Name: s.name, Unit: l.loader.shown(l.loader.moduleOf(s.dir).dir)}
		p.Aside = s.allAside()
		imports, libraries := map[string]facts.Pos{}, map[string]bool{}
		for _, file := range s.files {
			p.Files++
			p.Lines += l.fset.File(file.FileStart).LineCount()
			if p.Doc == "" && file.Doc != nil {
				p.Doc = new(doc.Package).Synopsis(file.Doc.Text())
			}
			for _, spec := range file.Imports {
				name := l.loader.moduleOf(s.dir).own(strings.Trim(spec.Path.Value, "\"`"))
				if l.loader.sources[name] == nil {
					libraries[name] = true
					l.useLibrary(s, name, spec.Pos())
				} else if _, known := imports[name]; !known {
					imports[name] = l.pos(spec.Pos())
				}
			}
			p.Types = append(p.Types, l.typesOf(place{s, file})...)
		}
		for _, name := range sortedKeys(imports) {
			p.Imports = append(p.Imports, facts.Import{Path: name, Pos: imports[name]})
		}
		p.Libraries = sortedKeys(libraries)
		p.Tests = l.loader.testFiles[s.dir]
		delete(l.loader.testFiles, s.dir) // of two packages in a folder the first has them
		l.facts.Packages = append(l.facts.Packages, p)
	}
	l.testsAlone()
	l.facts.Libraries = l.libraryFacts()
}

// testsAlone tells the folders that hold tests and nothing else.
func (l *lifter) testsAlone() {
	for _, dir := range sortedKeys(l.loader.testFiles) {
		tests := l.loader.testFiles[dir]
		m := l.loader.moduleOf(dir)
		below, _ := filepath.Rel(m.dir, dir)
		p := &facts.Package{
			Path: path.Join(m.path, filepath.ToSlash(below)), Dir: l.loader.shown(dir), Name: path.Base(filepath.ToSlash(dir)),
			Unit: l.loader.shown(m.dir), Aside: "test", Tests: tests,
		}
		l.facts.Packages = append(l.facts.Packages, p)
	}
	slices.SortStableFunc(l.facts.Packages, func(a, b *facts.Package) int { return strings.Compare(a.Dir, b.Dir) })
}

// allAside is what all files of a package are, where they are the same.
func (s *source) allAside() string {
	aside := s.aside[s.files[0]]
	for _, file := range s.files {
		if s.aside[file] != aside {
			return ""
		}
	}
	return aside
}

// typesOf tells the types that a file declares.
func (l *lifter) typesOf(p place) []*facts.Type {
	var out []*facts.Type
	for _, decl := range p.file.Decls {
		general, is := decl.(*ast.GenDecl)
		if !is || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			if spec, is := spec.(*ast.TypeSpec); is {
				t := l.typeFact(p, spec)
				t.Document = spec.Doc != nil || general.Doc != nil
				out = append(out, t)
			}
		}
	}
	return out
}

func (l *lifter) typeFact(p place, spec *ast.TypeSpec) *facts.Type {
	t := &facts.Type{Pos: l.pos(spec.Name.Pos()), Name: spec.Name.Name, Package: p.path, Kind: "other"}
	switch e := spec.Type.(type) {
	case *ast.StructType:
		t.Kind = "struct"
		t.Fields = l.fields(p, e)
	case *ast.InterfaceType:
		t.Kind = "interface"
		for _, method := range e.Methods.List {
			for _, name := range method.Names {
				t.Methods = append(t.Methods, name.Name)
			}
		}
	case *ast.FuncType:
		t.Kind = "function"
	}
	if object, is := p.info.Defs[spec.Name].(*types.TypeName); is {
		if named, is := object.Type().(*types.Named); is {
			for method := range named.Methods() {
				t.Methods = append(t.Methods, method.Name())
			}
		}
	}
	slices.Sort(t.Methods)
	t.Error = slices.Contains(t.Methods, "Error") && t.Kind != "interface"
	return t
}

func (l *lifter) fields(p place, e *ast.StructType) []facts.Field {
	var out []facts.Field
	for _, field := range e.Fields.List {
		f := facts.Field{Type: text(field.Type), Kind: l.kindOfField(p.info.TypeOf(field.Type))}
		if field.Tag != nil {
			f.Tag = strings.Trim(field.Tag.Value, "`\"")
		}
		if len(field.Names) == 0 {
			f.Name = f.Type[strings.LastIndexAny(f.Type, ".*")+1:]
			out = append(out, f)
		}
		for _, name := range field.Names {
			f.Name = name.Name
			out = append(out, f)
		}
	}
	return out
}

func (l *lifter) kindOfField(t types.Type) string {
	switch {
	case t == nil:
		return ""
	case types.IsInterface(t) && !isError(t):
		if named, is := types.Unalias(t).(*types.Named); is && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() != "context" {
			return "interface"
		}
		return ""
	case isFunction(t):
		return "function"
	}
	if pkg, _ := namedType(t); l.loader.sources[pkg] != nil {
		return "backend"
	}
	return ""
}
