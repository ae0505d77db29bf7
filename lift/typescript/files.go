package typescript

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// largest bounds a file: a larger one is data, or made by a program.
const largest = 2 << 20

// file is a file of the code.
type file struct {
	name    string // relative to the root, with slashes
	tree    *syntax.File
	aside   string // as of facts.Function
	decls   map[string]*decl
	exports map[string]string // the name that others import ─▶ its own
	passed  []*passedOn       // export … from
	module  *function         // what its top level does; nil for nothing
	text    []byte
	sum     facts.Sum
}

// passedOn is what a file exports of another.
type passedOn struct {
	from  string
	names map[string]string // as exported ─▶ as named there; nil for all
	as    string            // of * as x
}

// manifest is a package.json.
type manifest struct {
	Dir             string            `json:"-"`
	Name            string            `json:"name"`
	Main            string            `json:"main"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	read            bool              // its files are
}

// config is a tsconfig.json, as far as it says what imports mean.
type config struct {
	dir     string
	Extends any `json:"extends"`
	Options struct {
		BaseURL string              `json:"baseUrl"`
		Paths   map[string][]string `json:"paths"`
	} `json:"compilerOptions"`
}

var (
	skipped   = regexp.MustCompile(`^(node_modules|dist|build|out|coverage|vendor|\..*)$`)
	source    = regexp.MustCompile(`\.(ts|mts|cts)$`)
	tests     = regexp.MustCompile(`(^|/)(__tests__|__mocks__|__fixtures__|tests?|e2e|cypress|mocks?|fixtures|testing|test-utils)/|[.-](spec|test|e2e|e2e-spec|mock|stories|fixture)\.[mc]?ts$`)
	moves     = regexp.MustCompile(`(^|/)migrations?/`)
	apart     = regexp.MustCompile(`(^|/)(seeds?|seeders?|scripts?|bin|cli|tools|e2e-common|dev-server|examples?|benchmarks?)/|(^|/)(seed|cli)[.-]?[\w-]*\.ts$`)
	generated = regexp.MustCompile(`(^|/)(generated|__generated__|gen)/|\.(generated|gen)\.ts$`)
)

// Reads reports whether a lift reads files of a name.
func Reads(name string) bool {
	name = path.Base(filepath.ToSlash(name))
	return source.MatchString(name) || name == "package.json" || strings.HasPrefix(name, "tsconfig") && strings.HasSuffix(name, ".json")
}

// asideOf is what a file is for, other than to answer requests.
func asideOf(name string) string {
	switch {
	case tests.MatchString(name):
		return "test"
	case moves.MatchString(name):
		return "migration"
	case generated.MatchString(name):
		return "generated"
	case apart.MatchString(name):
		return "command"
	}
	return ""
}

// read reads and parses all files of backends below the root.
func (l *lifter) read() error {
	var code []string
	err := filepath.WalkDir(l.root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && name == l.root:
			return err
		case err != nil:
			return nil
		case entry.IsDir():
			if name != l.root && skipped.MatchString(entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		case !entry.Type().IsRegular() || !Reads(entry.Name()) || strings.HasSuffix(entry.Name(), ".d.ts"):
			return nil
		}
		below, err := filepath.Rel(l.root, name)
		if err != nil {
			return nil
		}
		below = filepath.ToSlash(below)
		if source.MatchString(below) {
			code = append(code, below)
			return nil
		}
		if text, err := l.load(below); err == nil {
			l.setting(below, text)
		}
		return nil
	})
	if err != nil {
		return err
	}
	l.findBackends()
	for _, name := range code {
		if !l.backend(path.Dir(name)) {
			continue
		}
		text, err := l.load(name)
		if err != nil {
			l.facts.Coverage.Unread = append(l.facts.Coverage.Unread, name)
			continue
		}
		f := &file{name: name, aside: asideOf(name), text: text, sum: sha256.Sum256(text), decls: map[string]*decl{}, exports: map[string]string{}}
		l.files[name] = f
		l.order = append(l.order, f)
		l.facts.Sums[name] = f.sum
	}
	slices.SortFunc(l.order, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	l.parse()
	return nil
}

// errLarge is what a file fails with that is too large to be code.
var errLarge = errors.New("is too large to be code")

// load reads a file by its name below the root.
func (l *lifter) load(name string) ([]byte, error) {
	at := filepath.Join(l.root, filepath.FromSlash(name))
	if info, err := os.Stat(at); err != nil {
		return nil, err
	} else if info.Size() > largest {
		return nil, fmt.Errorf("%s: %w", name, errLarge)
	}
	return os.ReadFile(at)
}

// setting reads a package.json or tsconfig.json. One that is broken says nothing.
func (l *lifter) setting(name string, text []byte) {
	dir, base := path.Dir(name), path.Base(name)
	if base == "package.json" {
		if m := (&manifest{Dir: dir}); json.Unmarshal(text, m) == nil {
			l.packages[dir] = m
		}
		return
	}
	c := &config{dir: dir}
	if json.Unmarshal(plainJSON(text), c) != nil {
		return
	}
	if old := l.configs[dir]; old == nil || len(old.Options.Paths) == 0 && (base == "tsconfig.json" || len(c.Options.Paths) > 0) {
		l.configs[dir] = c
	}
}

// parse parses all files, on as many cores as there are.
func (l *lifter) parse() {
	next := make(chan *file)
	var done sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		done.Go(func() {
			for f := range next {
				f.tree = syntax.Parse(f.name, string(f.text))
				f.text = nil
			}
		})
	}
	for _, f := range l.order {
		next <- f
	}
	close(next)
	done.Wait()
	for _, f := range l.order {
		l.facts.Coverage.Files++
		l.facts.Coverage.Lines += strings.Count(f.tree.Text, "\n")
		for _, at := range f.tree.Broken {
			l.facts.Coverage.Broken = append(l.facts.Coverage.Broken, f.at(at))
		}
		for _, c := range f.tree.Comments {
			if ignore, found := facts.ReadIgnore(f.at(c.From), c.Text); found {
				l.facts.Ignores = append(l.facts.Ignores, ignore)
			}
		}
	}
}

// at is a place in a file.
func (f *file) at(offset int) facts.Pos {
	line, column := f.tree.Line(offset)
	return facts.Pos{File: f.name, Line: line, Column: column}
}

// pos is where a node begins.
func (f *file) pos(n syntax.Node) facts.Pos { return f.at(n.Pos()) }

// said is the text of a node, on one line and shortened.
func (f *file) said(n syntax.Node) string {
	text := strings.Join(strings.Fields(f.tree.Text[n.Pos():n.End()]), " ")
	if runes := []rune(text); len(runes) > 200 {
		return string(runes[:197]) + "…"
	}
	return text
}

// plainJSON takes comments and commas before a closing bracket out of JSON, as tsconfig.json may have them.
func plainJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			end := i + 1
			for end < len(text) && text[end] != '"' {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end+1, len(text))
			out = append(out, text[i:end]...)
			i = end - 1
		case c == '/' && i+1 < len(text) && text[i+1] == '/':
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(text) && text[i+1] == '*':
			i += 2
			for i+1 < len(text) && (text[i] != '*' || text[i+1] != '/') {
				i++
			}
			i++
		case c == ']' || c == '}':
			for len(out) > 0 && strings.ContainsRune(" \t\r\n", rune(out[len(out)-1])) {
				out = out[:len(out)-1]
			}
			if len(out) > 0 && out[len(out)-1] == ',' {
				out = out[:len(out)-1]
			}
			out = append(out, c)
		default:
			out = append(out, c)
		}
	}
	return out
}
