package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model/build"
	"github.com/fettlehq/fettle/recipe"
)

// Edited is a change of a design before it is made: what the design would be, and what is wrong with that.
type Edited struct {
	*Checked
	Diff    string // unified; empty where nothing would change
	Hash    string // names this change of this design, to agree to
	Applied []string

	sources []design.Source
	changes []change
}

// change is a file of a design with what it was read as.
type change struct {
	name          string
	before, after []byte // before is nil where the file is new
}

// Replacement changes a text of a design that stands there once, or with Old empty writes a new file.
type Replacement struct {
	File string // "design/notes.graphql"
	Old  string
	New  string
}

// Add does a recipe to the design of the project in a folder, or begins one there. Nothing is written until Write is called,
// which must not be when there are problems. Its error says why the recipe does not fit.
func Add(dir, name string, args []string) (*Edited, error) {
	r, err := Recipe(name)
	if err != nil {
		return nil, err
	}
	start, err := Open(dir)
	if err != nil {
		return nil, err
	}
	if len(start.Problems) > 0 {
		return start, nil
	}
	return start.Add(r, args)
}

// Recipe finds a recipe by its name. Its error says what there is instead, or that it is not built.
func Recipe(name string) (*recipe.Recipe, error) {
	r, err := recipe.Named(name)
	if err != nil {
		for _, g := range recipe.Unsaid {
			if g.Name == name {
				return nil, fmt.Errorf("%s: every service has it: %s: %s", name, g.Title, g.How)
			}
		}
		for _, w := range recipe.Waits {
			if w.Name == name {
				return nil, fmt.Errorf("%s: %s is not built yet, or has no recipe: write it in the design", name, w.Title)
			}
		}
	}
	return r, err
}

// Rewrite makes replacements in the design of the project in a folder. Nothing is written until Write is called.
func Rewrite(dir string, replacements []Replacement) (*Edited, error) {
	start, err := Open(dir)
	if err != nil {
		return nil, err
	}
	return start.Rewrite(replacements)
}

// Open reads the design of the project in a folder as a change of nothing. A folder without a design is one that a recipe may begin.
func Open(dir string) (*Edited, error) {
	sources, err := load(dir)
	if none := (*NoDesign)(nil); errors.As(err, &none) && !none.Module {
		sources, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	return edited(dir, sources, sources)
}

// NoDesign is the error of a folder that has no design.
type NoDesign struct {
	Dir    string
	Module bool // it is a Go module that people wrote
}

func (e *NoDesign) Error() string {
	if e.Module {
		return e.Dir + ": is a Go module without a design: fettle assess tells its conventions, and fettle review what is wrong with it; a backend begins in a folder of its own"
	}
	return e.Dir + ": has no design: fettle new begins a project, and fettle add registration --project " + e.Dir + " a design here"
}

// load reads the design of the project in a folder; a *NoDesign where there is none.
func load(dir string) ([]design.Source, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s: is no folder", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "design")); errors.Is(err, fs.ErrNotExist) {
		_, err := os.Stat(filepath.Join(dir, "go.mod"))
		return nil, &NoDesign{dir, err == nil}
	}
	return design.Load(dir)
}

// edited compares the sources of a design with what they are to become.
func edited(dir string, before, after []design.Source) (*Edited, error) {
	e := &Edited{Checked: &Checked{Dir: dir, Texts: map[string]string{}}, sources: after}
	if len(after) > 0 {
		e.Checked = check(dir, after)
	}
	old := design.Texts(before)
	sum := sha256.New()
	for _, s := range after {
		text, found := old[s.Name]
		if found && text == s.Text {
			continue
		}
		c := change{name: s.Name, after: []byte(s.Text)}
		if found {
			c.before = []byte(text)
		}
		e.changes = append(e.changes, c)
		e.Diff += string(diff.Diff("a/"+s.Name, c.before, "b/"+s.Name, c.after))
		fmt.Fprintf(sum, "%s %d %s%d %s", c.name, len(c.before), c.before, len(c.after), c.after)
	}
	if len(e.changes) > 0 {
		e.Hash = hex.EncodeToString(sum.Sum(nil))[:16]
	}
	return e, nil
}

// Reveals reports whether the design would have a unique constraint that tells of rows which not everybody may read, and does not say so.
func (e *Edited) Reveals() bool {
	return slices.ContainsFunc(e.Problems, func(p diag.Diagnostic) bool { return p.Code == build.Reveals })
}

// before are the sources as they are on disk.
func (e *Edited) before() []design.Source {
	sources := slices.Clone(e.sources)
	for _, c := range e.changes {
		i := slices.IndexFunc(sources, func(s design.Source) bool { return s.Name == c.name })
		if c.before == nil {
			sources = slices.Delete(sources, i, i+1)
		} else {
			sources[i].Text = string(c.before)
		}
	}
	return sources
}

// Add does one recipe more.
func (e *Edited) Add(r *recipe.Recipe, args []string) (*Edited, error) {
	name, err := nameFor(e.Dir)
	if err != nil && len(e.sources) == 0 {
		return nil, err
	}
	result, err := recipe.Apply(e.sources, name, r, args)
	if err != nil {
		return nil, err
	}
	return e.next(result.Sources, result.Notes)
}

// Rewrite makes replacements more. Each file is one of the folder design, and not the prelude.
func (e *Edited) Rewrite(replacements []Replacement) (*Edited, error) {
	sources := slices.Clone(e.sources)
	for _, r := range replacements {
		if !designFile.MatchString(r.File) || r.File == "design/prelude.graphql" {
			return nil, fmt.Errorf("%.80q: is no file of the design; there is design/MODULE.graphql", r.File)
		}
		i := slices.IndexFunc(sources, func(s design.Source) bool { return s.Name == r.File })
		switch {
		case r.Old == "" && i >= 0:
			return nil, fmt.Errorf("%s: is there already; say which text is replaced", r.File)
		case r.Old == "":
			sources = append(sources, design.Source{Name: r.File, Text: r.New})
		case i < 0:
			return nil, fmt.Errorf("%s: no such file in the design", r.File)
		default:
			was, becomes := r.Old, r.New
			if text := sources[i].Text; strings.Contains(text, "\r\n") && strings.Count(text, "\n") == strings.Count(text, "\r\n") {
				was, becomes = withReturns(was), withReturns(becomes) // lines end as they do in the file
			}
			if n := strings.Count(sources[i].Text, was); n != 1 {
				return nil, fmt.Errorf("%s: the text to replace stands there %d times, not once", r.File, n)
			}
			sources[i].Text = strings.Replace(sources[i].Text, was, becomes, 1)
		}
	}
	slices.SortFunc(sources, func(a, b design.Source) int { return strings.Compare(a.Name, b.Name) })
	return e.next(sources, nil)
}

// withReturns ends every line with a carriage return and a line feed.
func withReturns(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
}

func (e *Edited) next(sources []design.Source, notes []string) (*Edited, error) {
	next, err := edited(e.Dir, e.before(), sources)
	if err != nil {
		return nil, err
	}
	next.Applied = append(slices.Clone(e.Applied), notes...)
	return next, nil
}

var (
	designFile = regexp.MustCompile(`^design/[a-z][a-z0-9_-]{0,99}\.graphql$`)
	notOfNames = regexp.MustCompile(`[^a-z0-9]+`)
)

// nameFor is the name of a backend that begins in a folder.
func nameFor(dir string) (string, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	name := strings.Trim(notOfNames.ReplaceAllString(strings.ToLower(filepath.Base(full)), "-"), "-0123456789")
	if !backendName.MatchString(name) {
		return "", fmt.Errorf("%s: a backend is named after its folder, in lower case letters and digits", filepath.Base(full))
	}
	return name, nil
}

// Generate tells what the service of the design would be, as Generate does of a design on disk.
func (e *Edited) Generate(o Options) (*Generated, error) {
	c := *e.Checked
	c.Problems, c.Texts = slices.Clone(c.Problems), maps.Clone(c.Texts)
	return generate(&c, o)
}

// Write makes the change: all files or none. It refuses when a file is not what it was when the change was planned.
func (e *Edited) Write() error {
	if len(e.Problems) > 0 {
		panic(fmt.Sprintf("a design with %d problems is written", len(e.Problems)))
	}
	var changes []Change
	for _, c := range e.changes {
		have, err := read(e.Dir, c.name)
		if err != nil {
			return err
		}
		if (have == nil) != (c.before == nil) || !bytes.Equal(have, c.before) {
			return fmt.Errorf("%s: has changed since the change was planned; nothing was written", c.name)
		}
		changes = append(changes, Change{c.name, c.after})
	}
	return write(e.Dir, changes)
}
