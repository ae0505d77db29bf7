package golang

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
	"github.com/fettlehq/fettle/schema"
)

// Code is lifted in parts: packages that import each other, over any number of steps and in either direction, are one. What
// is known of a part depends on nothing of the others, so that it can be kept while those change, and one part at a time
// is in memory. (Why not each package by itself: decision 0091.)

// folder is one that holds Go files.
type folder struct {
	dir   string
	path  string // that its package is imported by
	files []*file
	bare  bool // of no module
}

// file is one that was read: those that belong to this system, and tests.
type file struct {
	shown   string
	text    []byte
	sum     facts.Sum
	test    bool
	imports []string
	texts   []embedded // SQL that variables of the file hold
}

// read reads the files of some folders. What stands beyond the bounds is left out.
func (l *loader) read(dirs []string) []*folder {
	var out []*folder
	lines := 0
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		m := l.moduleOf(dir)
		below, _ := filepath.Rel(m.dir, dir)
		f := &folder{dir: dir, path: path.Join(m.path, filepath.ToSlash(below)), bare: m.named == bareModule}
		for _, entry := range entries {
			name := entry.Name()
			if !entry.Type().IsRegular() || !strings.HasSuffix(name, ".go") {
				continue
			}
			info, err := entry.Info()
			if err != nil {
				continue
			}
			if info.Size() > largestFile || lines > mostOfLines {
				l.unread = append(l.unread, l.shown(filepath.Join(dir, name)))
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				continue
			}
			isTest := strings.HasSuffix(name, "_test.go") // those behind build tags too: they are tests all the same
			if !isTest {
				if !l.builds(dir, name, text) {
					continue
				}
				lines += bytes.Count(text, []byte("\n"))
			}
			read := &file{shown: l.shown(filepath.Join(dir, name)), text: text, sum: sha256.Sum256(text), test: isTest, imports: m.importsOf(text, isTest)}
			if !isTest {
				read.texts = embeddedIn(dir, text)
			}
			f.files = append(f.files, read)
		}
		if len(f.files) > 0 {
			out = append(out, f)
		}
	}
	for _, m := range l.modules {
		if m.named == bareModule {
			m.nameByImports(out)
		}
	}
	return out
}

// nameByImports names a module without a go.mod, as all were before there were any: by the path that its files import each other by. That
// is what most imports begin with of which the rest is a folder of the code, two folders at least.
func (m *mod) nameByImports(folders []*folder) {
	below := func(f *folder) (string, bool) {
		if !f.bare || f.path != m.path && !strings.HasPrefix(f.path, m.path+"/") {
			return "", false
		}
		return strings.TrimPrefix(strings.TrimPrefix(f.path, m.path), "/"), true
	}
	known := map[string]bool{}
	for _, f := range folders {
		if rest, is := below(f); is && rest != "" {
			known[rest] = true
		}
	}
	named := map[string]map[string]bool{} // folders, by what stands before them
	best := ""
	for _, f := range folders {
		if _, is := below(f); !is {
			continue
		}
		for _, file := range f.files {
			for _, name := range file.imports {
				if isStandard(name) {
					continue
				}
				for i := range name {
					if name[i] != '/' || !known[name[i+1:]] {
						continue
					}
					before := name[:i]
					if named[before] == nil {
						named[before] = map[string]bool{}
					}
					named[before][name[i+1:]] = true
					if n, most := len(named[before]), len(named[best]); n > most || n == most && before < best {
						best = before
					}
				}
			}
		}
	}
	if len(named[best]) < 2 {
		return
	}
	m.named = best
	for _, f := range folders {
		if _, is := below(f); is {
			for _, file := range f.files {
				for i, name := range file.imports {
					file.imports[i] = m.own(name)
				}
			}
		}
	}
}

// builds reports whether a file belongs to this system, by its name and its build tags.
func (l *loader) builds(dir, name string, text []byte) bool {
	context := l.context
	context.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	matches, err := context.MatchFile(dir, name)
	return err != nil || matches
}

// importsOf are the packages that a file imports. Of tests nobody asks.
func (m *mod) importsOf(text []byte, isTest bool) []string {
	if isTest {
		return nil
	}
	parsed, _ := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly|parser.SkipObjectResolution)
	if parsed == nil {
		return nil
	}
	var out []string
	for _, spec := range parsed.Imports {
		out = append(out, m.own(strings.Trim(spec.Path.Value, "\"`")))
	}
	return out
}

// parts are the folders that have to do with each other, each in the order of the folders.
func parts(folders []*folder) [][]*folder {
	above := make([]int, len(folders)) // a forest of sets
	root := func(i int) int {
		for above[i] != i {
			above[i] = above[above[i]]
			i = above[i]
		}
		return i
	}
	join := func(a, b int) {
		if a, b = root(a), root(b); a != b {
			above[max(a, b)] = min(a, b)
		}
	}
	first, bare := map[string]int{}, -1
	for i, f := range folders {
		above[i] = i
		if same, known := first[f.path]; known {
			join(i, same)
		} else {
			first[f.path] = i
		}
		if f.bare { // what imports what cannot be known
			if bare < 0 {
				bare = i
			}
			join(i, bare)
		}
	}
	for i, f := range folders {
		for _, file := range f.files {
			for _, name := range file.imports {
				if j, known := first[name]; known {
					join(i, j)
				}
			}
		}
	}
	var out [][]*folder
	at := map[int]int{}
	for i, f := range folders {
		n, known := at[root(i)]
		if !known {
			n = len(out)
			at[root(i)] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], f)
	}
	return out
}

// Part is what a part of the code holds.
type Part struct {
	Facts    *facts.Facts
	Embedded []sql.Text // SQL that stands in the code and changes the schema
	Looked   []string   // folders in which libraries were looked for, there or not
}

// Kept is where parts are kept by a sum of all that they were drawn from, but for libraries.
type Kept interface {
	// Part gives what is kept, nil where nothing is that still holds.
	Part(sum facts.Sum) *Part
	// Keep keeps a part.
	Keep(sum facts.Sum, part *Part)
}

// sumOf is a sum of what a part is drawn from: its files and all modules, whose requirements say where libraries are.
func sumOf(folders []*folder, modules facts.Sum) (out facts.Sum) {
	sum := sha256.New()
	sum.Write(modules[:])
	for _, f := range folders {
		fmt.Fprintf(sum, "%q %q %d\n", f.dir, f.path, len(f.files))
		for _, file := range f.files {
			fmt.Fprintf(sum, "%q %x\n", file.shown, file.sum)
			for _, e := range file.texts {
				fmt.Fprintf(sum, "%q %q\n", e.name, e.text)
			}
		}
	}
	return facts.Sum(sum.Sum(nil))
}

// sumModules is a sum of the modules of the code.
func (l *loader) sumModules() facts.Sum {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %q\n", l.root, l.goroot, l.cache)
	for _, m := range l.modules {
		_ = binary.Write(sum, binary.BigEndian, int64(len(m.text)))
		fmt.Fprintf(sum, "%q %s\n", m.dir, m.text)
	}
	return facts.Sum(sum.Sum(nil))
}

// part lifts the folders of one part.
func (l *loader) part(folders []*folder) *Part {
	out := &facts.Facts{}
	own := *l
	own.sources, own.order, own.libs = map[string]*source{}, nil, map[string]*types.Package{"unsafe": types.Unsafe}
	own.used, own.missing, own.testFiles, own.texts = map[string]map[string]bool{}, map[string]bool{}, map[string][]*facts.TestFile{}, map[string][]byte{}
	own.embeds, own.sums, own.looked, own.coverage, own.bytes = map[*ast.File][]embedded{}, map[string]facts.Sum{}, map[string]bool{}, &out.Coverage, 0
	own.load(folders)
	lifter := newLifter(&own, out)
	lifter.all()
	out.Loops = len(lifter.loops)
	return &Part{out, lifter.embedded, append(sortedKeys(own.looked), sortedKeys(l.standard.looked)...)}
}

// merge puts parts together, in the order of folders, and within one as each part has it.
func merge(parts []*Part) *Lifted {
	all := &facts.Facts{Models: &facts.Database{Schema: &schema.Schema{}, At: map[string]facts.Pos{}}, Sums: map[string]facts.Sum{}}
	out := &Lifted{Facts: all}
	looked, missing := map[string]bool{}, map[string]bool{}
	for _, part := range parts {
		f := part.Facts
		all.Add(f)
		for _, name := range f.Coverage.Missing {
			missing[name] = true
		}
		for _, dir := range part.Looked {
			looked[dir] = true
		}
		out.Embedded = append(out.Embedded, part.Embedded...)
	}
	all.Coverage.Missing, out.Looked = sortedKeys(missing), sortedKeys(looked)
	inFolders(all.Practices, func(p facts.Practice) facts.Pos { return p.Pos })
	inFolders(all.Functions, func(f *facts.Function) facts.Pos { return f.Pos })
	inFolders(all.Guarded, func(g *facts.Guarded) facts.Pos { return g.Uses[0].Pos })
	inFolders(all.Secrets, func(s facts.Secret) facts.Pos { return s.Pos })
	inFolders(all.Ignores, func(i facts.Ignore) facts.Pos { return i.Pos })
	inFolders(all.Coverage.Broken, func(p facts.Pos) facts.Pos { return p })
	inFolders(out.Embedded, func(t sql.Text) facts.Pos { return t.Pos })
	slices.SortStableFunc(all.Packages, func(a, b *facts.Package) int { return strings.Compare(a.Dir, b.Dir) })
	sortRoutes(all.Routes)
	all.Libraries = mergeLibraries(all)
	return out
}

// inFolders orders what has a place by its folder.
func inFolders[T any](list []T, at func(T) facts.Pos) {
	slices.SortStableFunc(list, func(a, b T) int { return strings.Compare(folderOf(at(a)), folderOf(at(b))) })
}

// folderOf is the folder of a place, "" for the reviewed folder itself.
func folderOf(at facts.Pos) string {
	if dir := path.Dir(at.File); dir != "." {
		return dir
	}
	return ""
}

// mergeLibraries makes one of each library that several parts use: where it is first imported, by code before tests.
func mergeLibraries(all *facts.Facts) []*facts.Library {
	dirs := map[string]string{} // of packages
	for _, p := range all.Packages {
		dirs[p.Path] = p.Dir
	}
	slices.SortStableFunc(all.Libraries, func(a, b *facts.Library) int {
		byTests := func(l *facts.Library) int { return min(1, len(l.Packages)) }
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(byTests(b), byTests(a)), strings.Compare(folderOf(a.Pos), folderOf(b.Pos)))
	})
	var out []*facts.Library
	for _, library := range all.Libraries {
		if n := len(out); n > 0 && out[n-1].Path == library.Path {
			out[n-1].Packages = append(out[n-1].Packages, library.Packages...)
			continue
		}
		out = append(out, library)
	}
	for _, library := range out {
		slices.SortStableFunc(library.Packages, func(a, b string) int { return strings.Compare(dirs[a], dirs[b]) })
	}
	return out
}
