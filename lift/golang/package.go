package golang

import (
	"crypto/sha256"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Checked is one package whose types somebody else has found, as a pass of go/analysis has.
type Checked struct {
	Fset   *token.FileSet
	Files  []*ast.File
	Types  *types.Package
	Info   *types.Info
	Module string // the path of its module, "" where it is not known
	Read   func(name string) ([]byte, error)
}

// LiftPackage draws facts from one package alone: what lies in others is as unknown as a library's inside. Files of facts
// are named as the file set names them. Tests are left out.
func LiftPackage(c Checked) *facts.Facts {
	out := &facts.Facts{}
	s := &source{
		path: c.Types.Path(), name: c.Types.Name(), types: c.Types, info: c.Info, done: true, started: true,
		names: map[*ast.File]string{}, aside: map[*ast.File]string{},
	}
	loader := &loader{
		fset: c.Fset, sources: map[string]*source{s.path: s}, order: []*source{s}, libs: map[string]*types.Package{},
		coverage: &out.Coverage, texts: map[string][]byte{}, sums: map[string]facts.Sum{}, looked: map[string]bool{},
		standard: &standard{map[string]*types.Package{}, map[string]bool{}},
	}
	below := strings.Trim(strings.TrimPrefix(s.path, c.Module), "/")
	for _, file := range c.Files {
		name := c.Fset.PositionFor(file.FileStart, false).Filename
		text, err := c.Read(name)
		if err != nil || strings.HasSuffix(name, "_test.go") || len(text) != c.Fset.File(file.FileStart).Size() {
			continue // a test, or not the file that was parsed
		}
		s.dir = filepath.Dir(name)
		s.files = append(s.files, file)
		s.names[file], s.aside[file] = name, aside(path.Join(below, path.Base(filepath.ToSlash(name))), s.name, file)
		loader.texts[name], loader.sums[name] = text, sha256.Sum256(text)
		out.Coverage.Files++
	}
	loader.root, loader.modules = s.dir, []*mod{{dir: s.dir, path: s.path}}
	newLifter(loader, out).all()
	return out
}
