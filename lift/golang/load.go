package golang

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// source is one package of the reviewed code: its files and what is known of their types.
type source struct {
	dir     string
	path    string
	name    string
	files   []*ast.File
	names   map[*ast.File]string
	types   *types.Package
	info    *types.Info
	aside   map[*ast.File]string
	wrong   int   // mistakes that the checker found
	boiled  *bool // whether sqlboiler wrote it; nil where nobody has asked
	jet     *bool // whether it knows jet; nil where nobody has asked
	started bool
	done    bool
}

// loader finds the types of the reviewed code from source alone: it runs no program of it, needs no network, and takes
// a library's declarations (not its bodies) from the module cache, a vendor folder or the standard library of the Go
// installation. A library that is not at hand is made up, with the names that the code uses of it.
type loader struct {
	root     string
	fset     *token.FileSet
	context  build.Context
	modules  []*mod
	sources  map[string]*source // by import path
	order    []*source
	libs     map[string]*types.Package
	used     map[string]map[string]bool // type names that the code uses of a library
	missing  map[string]bool
	goroot   string
	cache    string
	bytes    int // of libraries that were read
	coverage *facts.Coverage
	failed   map[string]error

	testFiles map[string][]*facts.TestFile // by folder
	texts     map[string][]byte            // of the files of the code
	sums      map[string]facts.Sum
	looked    map[string]bool // folders beyond the code in which libraries were looked for
	standard  *standard
	whole     bool     // libraries are read with what nobody sees of them, to compare
	unread    []string // files that are too large
	embeds    map[*ast.File][]embedded
}

// standard is what was read of the standard library, for all parts of the code: it is the same to each.
type standard struct {
	libs   map[string]*types.Package
	looked map[string]bool
}

// mod is one go.mod of the reviewed folder, or the folder itself where there is none.
type mod struct {
	dir      string
	text     []byte            // of its go.mod
	path     string            // no two have the same: where two name themselves so, the folder stands behind it
	named    string            // as its go.mod names it
	requires map[string]string // module path to folder
	versions map[string]string // module path to version
}

// bareModule is the path of code that no go.mod names.
const bareModule = "code"

// The bounds of what is read. A file beyond them is data in the clothes of code.
const (
	largestFile    = 4 << 20
	mostOfLibaries = 120 << 20
	mostOfLines    = 5_000_000
)

func newLoader(root string, coverage *facts.Coverage) *loader {
	l := &loader{
		root: root, fset: token.NewFileSet(), context: build.Default, sources: map[string]*source{},
		libs: map[string]*types.Package{"unsafe": types.Unsafe}, used: map[string]map[string]bool{}, missing: map[string]bool{},
		coverage: coverage, failed: map[string]error{}, testFiles: map[string][]*facts.TestFile{},
		texts: map[string][]byte{}, sums: map[string]facts.Sum{}, looked: map[string]bool{},
		standard: &standard{map[string]*types.Package{}, map[string]bool{}},
	}
	l.context.CgoEnabled = true
	return l
}

// installation is the folder of the Go installation and of its module cache, each "" where there is none.
func installation() (goroot, cache string) {
	out, err := exec.Command("go", "env", "GOROOT", "GOMODCACHE").Output()
	if err != nil {
		return "", ""
	}
	goroot, cache, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	return goroot, cache
}

// load parses the files of some folders and checks the types of their packages.
func (l *loader) load(folders []*folder) {
	for _, f := range folders {
		l.parseFolder(f)
	}
	for _, s := range l.order {
		for _, file := range s.files {
			l.noteUses(s, file)
		}
	}
	for _, s := range l.order {
		l.check(s)
	}
	l.coverage.Missing = sortedKeys(l.missing)
}

// findModules reads every go.mod and returns the folders that hold Go files, in order.
func (l *loader) findModules() ([]string, error) {
	var folders []string
	err := filepath.WalkDir(l.root, func(name string, entry fs.DirEntry, err error) error {
		base := entry
		switch {
		case err != nil && name == l.root:
			return err
		case err != nil:
			return nil // a folder that may not be read holds nothing to review
		case entry.IsDir() && name != l.root && skipped(base.Name()):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		case entry.Name() == "go.mod":
			l.readModule(name)
		case strings.HasSuffix(entry.Name(), ".go") && entry.Type().IsRegular():
			if dir := filepath.Dir(name); len(folders) == 0 || folders[len(folders)-1] != dir {
				folders = append(folders, dir)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(folders)
	folders = slices.Compact(folders)
	if len(l.modules) == 0 || !slices.ContainsFunc(l.modules, func(m *mod) bool { return m.dir == l.root }) {
		l.modules = append(l.modules, &mod{dir: l.root, path: bareModule})
	}
	l.tellModules()
	slices.SortFunc(l.modules, func(a, b *mod) int { return len(b.dir) - len(a.dir) })
	return folders, nil
}

// tellModules tells modules of one name apart: copies of a template, versions beside each other.
func (l *loader) tellModules() {
	slices.SortFunc(l.modules, func(a, b *mod) int { return strings.Compare(a.dir, b.dir) })
	seen := map[string]bool{}
	for _, m := range l.modules {
		m.named = m.path
		if seen[m.path] {
			m.path += "#" + l.shown(m.dir)
		}
		seen[m.path] = true
	}
}

// own is the path of a package as its module has it, by the path that files of the module import it by.
func (m *mod) own(name string) string {
	if below, is := strings.CutPrefix(name, m.named); is && m.named != "" && (below == "" || below[0] == '/') {
		return m.path + below
	}
	return name
}

// skipped reports whether a folder holds no code of the backend.
func skipped(name string) bool {
	return name == "vendor" || name == "node_modules" || name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func (l *loader) readModule(name string) {
	m := &mod{dir: filepath.Dir(name), path: bareModule, requires: map[string]string{}, versions: map[string]string{}}
	l.modules = append(l.modules, m)
	text, err := os.ReadFile(name)
	if err != nil {
		return
	}
	m.text = text
	file, err := modfile.Parse(name, text, func(_, version string) (string, error) { return version, nil })
	if err != nil {
		m.path = modfile.ModulePath(text)
		return
	}
	if file.Module != nil {
		m.path = file.Module.Mod.Path
	}
	for _, r := range file.Require {
		m.requires[r.Mod.Path] = l.cached(r.Mod.Path, r.Mod.Version)
		m.versions[r.Mod.Path] = r.Mod.Version
	}
	for _, r := range file.Replace {
		if modfile.IsDirectoryPath(r.New.Path) {
			m.requires[r.Old.Path] = filepath.Join(m.dir, filepath.FromSlash(r.New.Path))
		} else {
			m.requires[r.Old.Path] = l.cached(r.New.Path, r.New.Version)
		}
	}
}

// cached is the folder of a module in the module cache.
func (l *loader) cached(name, version string) string {
	escaped, err := module.EscapePath(name)
	escapedVersion, err2 := module.EscapeVersion(version)
	if err != nil || err2 != nil || l.cache == "" {
		return ""
	}
	return filepath.Join(l.cache, filepath.FromSlash(escaped)+"@"+escapedVersion)
}

// moduleOf is the module that a folder belongs to.
func (l *loader) moduleOf(dir string) *mod {
	for _, m := range l.modules {
		if dir == m.dir || strings.HasPrefix(dir, m.dir+string(filepath.Separator)) {
			return m
		}
	}
	return l.modules[len(l.modules)-1]
}

// parseFolder parses the files of one folder.
func (l *loader) parseFolder(f *folder) {
	for _, read := range f.files {
		if read.test {
			l.testFile(read.shown, f.dir, read.text)
			continue
		}
		file, err := parser.ParseFile(l.fset, read.shown, read.text, parser.ParseComments|parser.SkipObjectResolution)
		if file == nil {
			l.coverage.Broken = append(l.coverage.Broken, facts.Pos{File: read.shown, Line: 1, Column: 1})
			continue
		}
		if err != nil {
			l.coverage.Broken = append(l.coverage.Broken, l.broken(read.shown, err))
		}
		if file.Name == nil || file.Name.Name == "" || file.Name.Name == "_" {
			continue
		}
		l.texts[read.shown], l.sums[read.shown] = read.text, read.sum
		if len(read.texts) > 0 {
			l.embeds[file] = read.texts
		}
		l.coverage.Files++
		l.coverage.Lines += bytes.Count(read.text, []byte("\n"))
		l.add(f.path, f.dir, read.shown, file)
	}
}

func (l *loader) broken(shown string, err error) facts.Pos {
	var line, column int
	if _, scanned := fmt.Sscanf(strings.TrimPrefix(err.Error(), shown+":"), "%d:%d", &line, &column); scanned != nil {
		line, column = 1, 1
	}
	return facts.Pos{File: shown, Line: line, Column: column}
}

func (l *loader) shown(full string) string {
	name, err := filepath.Rel(l.root, full)
	if err != nil {
		return filepath.ToSlash(full)
	}
	return filepath.ToSlash(name)
}

// add puts a file to its package. Two packages in one folder are two sources; the first has the folder's import path.
func (l *loader) add(importPath, dir, shown string, file *ast.File) {
	name := file.Name.Name
	key := importPath
	s := l.sources[key]
	for n := 2; s != nil && s.name != name; n++ {
		key = fmt.Sprintf("%s#%s", importPath, name)
		s = l.sources[key]
	}
	if s == nil {
		s = &source{dir: dir, path: key, name: name, names: map[*ast.File]string{}, aside: map[*ast.File]string{}}
		l.sources[key] = s
		l.order = append(l.order, s)
		l.coverage.Packages++
	}
	s.files = append(s.files, file)
	s.names[file] = shown
	s.aside[file] = aside(shown, name, file)
}

// check finds the types of a package of the reviewed code.
func (l *loader) check(s *source) *types.Package {
	if s.started {
		return s.types // nil within a circle of imports
	}
	s.started = true
	s.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{}, Instances: map[*ast.Ident]types.Instance{},
	}
	config := types.Config{
		Importer: importer{l, s}, FakeImportC: true, Error: func(error) { s.wrong++ },
		Sizes: types.SizesFor("gc", runtime.GOARCH), DisableUnusedImportCheck: true,
	}
	func() {
		defer func() {
			if recover() != nil { // a mistake of the checker itself: what it knew before it stays
				s.wrong++
			}
		}()
		s.types, _ = config.Check(s.path, l.fset, s.files, s.info)
	}()
	for id, object := range s.info.Uses { // a field of a generic struct is one, of whatever types it is made
		if field, is := object.(*types.Var); is && field.IsField() && field.Origin() != field {
			s.info.Uses[id] = field.Origin()
		}
	}
	s.done = true
	if s.wrong == 0 {
		l.coverage.Typed++
	}
	return s.types
}

// noteUses remembers which types a file names of each library.
func (l *loader) noteUses(s *source, file *ast.File) {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		name := strings.Trim(spec.Path.Value, "\"`")
		local := packageName(name)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		imports[local] = name
	}
	note := func(e ast.Expr) {
		for {
			switch t := e.(type) {
			case *ast.StarExpr:
				e = t.X
				continue
			case *ast.ParenExpr:
				e = t.X
				continue
			case *ast.IndexExpr:
				e = t.X
				continue
			case *ast.Ellipsis:
				e = t.Elt
				continue
			}
			break
		}
		selector, is := e.(*ast.SelectorExpr)
		if !is {
			return
		}
		if x, is := selector.X.(*ast.Ident); is && imports[x.Name] != "" {
			name := imports[x.Name]
			if l.used[name] == nil {
				l.used[name] = map[string]bool{}
			}
			l.used[name][selector.Sel.Name] = true
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			note(n.Type)
		case *ast.ValueSpec:
			note(n.Type)
		case *ast.TypeSpec:
			note(n.Type)
		case *ast.CompositeLit:
			note(n.Type)
		case *ast.ArrayType:
			note(n.Elt)
		case *ast.MapType:
			note(n.Key)
			note(n.Value)
		case *ast.ChanType:
			note(n.Value)
		case *ast.TypeAssertExpr:
			note(n.Type)
		case *ast.CallExpr:
			if f, is := n.Fun.(*ast.Ident); is && (f.Name == "new" || f.Name == "make") && len(n.Args) > 0 {
				note(n.Args[0])
			}
		}
		return true
	})
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
