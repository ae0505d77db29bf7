package golang

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// importer finds packages for one package of the reviewed code, or for a library (then s is nil).
type importer struct {
	l *loader
	s *source
}

// Import finds a package by its path.
func (i importer) Import(name string) (*types.Package, error) {
	dir := i.l.root
	if i.s != nil {
		dir = i.s.dir
	}
	return i.l.imported(name, dir), nil
}

func (l *loader) imported(name, from string) *types.Package {
	fromGo := l.fromGo(from)
	if len(l.modules) > 0 {
		name = l.moduleOf(from).own(name)
	}
	if s := l.sources[name]; s != nil && !fromGo {
		if p := l.check(s); p != nil {
			return p
		}
		return l.madeUp(name)
	}
	key := name
	if fromGo && !isStandard(name) {
		key = "vendor/" + name // the installation's own copy, whatever the code asks for by that path
	}
	if p := l.standard.libs[key]; p != nil && (fromGo || isStandard(name)) {
		return p
	}
	if p := l.libs[key]; p != nil {
		return p
	}
	dir := l.findLibrary(name, from)
	if dir != "" && (l.bytes < mostOfLibaries || l.fromGo(dir)) {
		if p := l.library(key, dir); p != nil {
			return p
		}
	}
	if !isStandard(name) && !fromGo {
		l.missing[name] = true
	}
	return l.madeUp(key)
}

// fromGo reports whether a folder is one of the Go installation's.
func (l *loader) fromGo(dir string) bool {
	return l.goroot != "" && strings.HasPrefix(dir, l.goroot+string(filepath.Separator))
}

func isStandard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

// findLibrary is the folder of a library's package, "" where it is not at hand.
func (l *loader) findLibrary(name, from string) string {
	exists := func(dir string) bool {
		if l.fromGo(dir) {
			l.standard.looked[dir] = true
		} else {
			l.looked[dir] = true
		}
		info, err := os.Stat(dir)
		return err == nil && info.IsDir()
	}
	if isStandard(name) {
		if dir := filepath.Join(l.goroot, "src", filepath.FromSlash(name)); l.goroot != "" && exists(dir) {
			return dir
		}
		return ""
	}
	if l.fromGo(from) {
		if dir := filepath.Join(l.goroot, "src", "vendor", filepath.FromSlash(name)); exists(dir) {
			return dir
		}
		return ""
	}
	for _, m := range l.modules {
		if dir := filepath.Join(m.dir, "vendor", filepath.FromSlash(name)); exists(dir) {
			return dir
		}
	}
	for _, m := range l.modules {
		for prefix := name; prefix != "."; prefix = path.Dir(prefix) {
			root := m.requires[prefix]
			if root == "" {
				continue
			}
			if dir := filepath.Join(root, filepath.FromSlash(strings.TrimPrefix(name, prefix))); exists(dir) {
				return dir
			}
			break
		}
	}
	return ""
}

// library reads the declarations of a library's package.
func (l *loader) library(name, dir string) *types.Package {
	context := l.context
	context.CgoEnabled = false
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var files []*ast.File
	for _, entry := range entries {
		file := entry.Name()
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		if matches, err := context.MatchFile(dir, file); err != nil || !matches {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			continue
		}
		if !l.fromGo(dir) {
			l.bytes += len(text)
		}
		parsed, _ := parser.ParseFile(l.fset, filepath.Join(dir, file), text, parser.SkipObjectResolution)
		if parsed == nil || parsed.Name == nil {
			continue
		}
		if len(files) == 0 || files[0].Name.Name == parsed.Name.Name {
			files = append(files, parsed)
		}
	}
	if len(files) == 0 {
		return nil
	}
	if !l.whole {
		keepAPI(files)
	}
	p := types.NewPackage(name, files[0].Name.Name)
	if l.fromGo(dir) {
		l.standard.libs[name] = p
	} else {
		l.libs[name] = p // a circle finds it unfinished
	}
	config := types.Config{
		Importer: within{l, dir}, IgnoreFuncBodies: true, FakeImportC: true, Error: func(error) {},
		Sizes: types.SizesFor("gc", runtime.GOARCH), DisableUnusedImportCheck: true,
	}
	defer func() { _ = recover() }() // a mistake of the checker itself: what it knew before it stays
	checker := types.NewChecker(&config, l.fset, p, nil)
	_ = checker.Files(files)
	return p
}

// within finds packages for a library.
type within struct {
	l   *loader
	dir string
}

// Import finds a package by its path.
func (w within) Import(name string) (*types.Package, error) { return w.l.imported(name, w.dir), nil }

// madeUp is a package in place of one that is not at hand. Its types have the names that the code uses and no methods,
// unless it is one whose declarations we know.
func (l *loader) madeUp(name string) *types.Package {
	if p := l.libs[name]; p != nil {
		return p
	}
	if p := l.known(name); p != nil {
		return p
	}
	p := types.NewPackage(name, packageName(name))
	for _, typeName := range sortedKeys(l.used[name]) {
		object := types.NewTypeName(token.NoPos, p, typeName, nil)
		types.NewNamed(object, types.NewStruct(nil, nil), nil)
		p.Scope().Insert(object)
	}
	p.MarkComplete()
	l.libs[name] = p
	return p
}

// known reads the declarations that are kept here of a library that is not at hand.
func (l *loader) known(name string) *types.Package {
	text, found := declarations(name)
	if !found {
		return nil
	}
	file, err := parser.ParseFile(l.fset, "declarations/"+name, text, parser.SkipObjectResolution)
	if err != nil {
		panic(fmt.Sprintf("declarations of %s: %v", name, err)) // they are part of the program
	}
	for _, typeName := range sortedKeys(l.used[name]) {
		if !declares(file, typeName) {
			file.Decls = append(file.Decls, emptyType(typeName))
		}
	}
	p := types.NewPackage(name, file.Name.Name)
	l.libs[name] = p
	config := types.Config{
		Importer: within{l, l.root}, IgnoreFuncBodies: true, Error: func(error) {}, DisableUnusedImportCheck: true,
	}
	_ = types.NewChecker(&config, l.fset, p, nil).Files([]*ast.File{file})
	return p
}

func declares(file *ast.File, name string) bool {
	for _, decl := range file.Decls {
		general, is := decl.(*ast.GenDecl)
		if !is {
			continue
		}
		for _, spec := range general.Specs {
			if t, is := spec.(*ast.TypeSpec); is && t.Name.Name == name {
				return true
			}
		}
	}
	return false
}

func emptyType(name string) ast.Decl {
	return &ast.GenDecl{Tok: token.TYPE, Specs: []ast.Spec{&ast.TypeSpec{
		Name: ast.NewIdent(name), Type: &ast.StructType{Fields: &ast.FieldList{}},
	}}}
}

// packageName guesses the name of a package from its path.
func packageName(importPath string) string {
	base := path.Base(importPath)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(importPath))
	}
	base, _, _ = strings.Cut(base, ".")
	base = strings.TrimPrefix(strings.TrimSuffix(base, "-go"), "go-")
	return strings.ReplaceAll(base, "-", "_")
}
