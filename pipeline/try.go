package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"

	"github.com/fettlehq/fettle/review/rule"
)

// Trial does changes of a design in copies of its project, which are thrown away. The project itself is not written.
type Trial struct {
	Options Options

	before *state // of the project without a change; nil until it is asked for
}

// state is what is known of a project.
type state struct {
	tested   *Tested // nil where its tests cannot be run
	findings []rule.Finding
}

// Tried is what came of a change: generated, compiled, tested and reviewed. What was wrong before the change is not told.
type Tried struct {
	Generated *Generated // with problems where the service cannot be generated; nothing was tested then
	Tested    *Tested    // nil where nothing was tested
	Findings  []rule.Finding
}

// Try does a change in a copy.
func (t *Trial) Try(ctx context.Context, e *Edited) (*Tried, error) {
	g, err := e.Generate(t.Options)
	if err != nil {
		return nil, err
	}
	out := &Tried{Generated: g}
	if len(g.Problems) > 0 {
		return out, nil
	}
	var changes []Change
	for _, c := range e.changes {
		changes = append(changes, Change{c.name, c.after})
	}
	after, err := inCopy(ctx, e.Dir, append(changes, g.Changes...))
	if err != nil {
		return nil, err
	}
	out.Tested, out.Findings = after.tested, after.findings
	if after.clean() || len(e.before()) == 0 {
		return out, nil
	}
	if t.before == nil {
		if t.before, err = inCopy(ctx, e.Dir, nil); ctx.Err() != nil {
			return nil, ctx.Err()
		} else if err != nil { // what is not known to have been wrong is told
			t.before = &state{}
		}
	}
	out.without(t.before)
	return out, nil
}

// inCopy tests and reviews a copy of the project in a folder, with changes.
func inCopy(ctx context.Context, from string, changes []Change) (*state, error) {
	dir, err := os.MkdirTemp("", "fettle-try-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := copyOfProject(from, dir, changes); err != nil {
		return nil, err
	}
	tested, err := Test(ctx, dir)
	if err != nil {
		return nil, err
	}
	reviewed, err := Review(dir, ReviewOptions{})
	if err != nil {
		return nil, err
	}
	return &state{tested, reviewed.Findings}, nil
}

func (s *state) clean() bool {
	return s.tested.Built == nil && len(s.tested.Failed) == 0 && len(s.findings) == 0
}

// without leaves out what was wrong before.
func (t *Tried) without(before *state) {
	known := map[[3]string]int{}
	for _, f := range before.findings {
		known[[3]string{f.Rule, f.Pos.File, f.Message}]++
	}
	t.Findings = without(t.Findings, known)
	if before.tested == nil {
		return
	}
	if before.tested.Built != nil {
		t.Tested.Built = nil
	}
	t.Tested.Failed = slices.DeleteFunc(t.Tested.Failed, func(f Failure) bool {
		return slices.ContainsFunc(before.tested.Failed, func(o Failure) bool { return o.Test == f.Test })
	})
}

// Bounds of what is copied.
const (
	maxCopiedFiles = 20_000
	maxCopiedBytes = 512 << 20
)

// notCopied are folders of a project that neither its build nor its tests want.
var notCopied = []string{".git", ".fettle", "data", "node_modules"}

// copyOfProject copies the project in a folder to another, with changes. What its go.mod takes from folders beside it is taken from where
// they are.
func copyOfProject(from, to string, changes []Change) error {
	files, size := 0, int64(0)
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && name != "." && (slices.Contains(notCopied, name) || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files, size = files+1, size+info.Size()
		if files > maxCopiedFiles || size > maxCopiedBytes {
			return fmt.Errorf("%s: has more than %d files or %d MiB, too much for a copy to try the change in", from, maxCopiedFiles, maxCopiedBytes>>20)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), content, info.Mode().Perm()|0o200)
	})
	if err != nil {
		return err
	}
	if err := write(to, changes); err != nil {
		return err
	}
	return replaceAbsolutely(from, to)
}

// replaceAbsolutely lets the go.mod of a copy lead to the folders that the go.mod of the original leads to.
func replaceAbsolutely(from, to string) error {
	text, err := read(to, "go.mod")
	if err != nil || text == nil {
		return err
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return err
	}
	for _, r := range slices.Clone(mod.Replace) {
		if r.New.Version != "" {
			continue
		}
		full, err := filepath.Abs(absolute(from, r.New.Path))
		if err := errors.Join(err, mod.AddReplace(r.Old.Path, r.Old.Version, full, "")); err != nil {
			return err
		}
	}
	if text, err = mod.Format(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "go.mod"), text, 0o644)
}
