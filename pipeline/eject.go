package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Ejected is a project that needs the tool no more.
type Ejected struct {
	*Checked
	Copied int // files of the runtime library
}

// Eject makes the project in a folder independent of the tool: generated code loses its mark and becomes the team's,
// the runtime library moves in as a module of its own in the folder kit, and what only the tool reads goes. The
// service builds as before, and is the same.
func Eject(dir, asked string) (*Ejected, error) {
	g, err := Generate(dir, Options{Kit: asked})
	if err != nil {
		return nil, err
	}
	e := &Ejected{Checked: g.Checked}
	if len(g.Problems) > 0 {
		return e, nil
	}
	if _, err := os.Stat(filepath.Join(dir, "kit")); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: is in the way of the runtime library", filepath.Join(dir, "kit"))
	}
	if err := g.Write(); err != nil {
		return nil, err
	}
	k, err := findKit(dir, asked)
	if err != nil {
		return nil, err
	}
	changes, err := copyOf(k.dir)
	if err != nil {
		return nil, err
	}
	e.Copied = len(changes)
	owned, err := unmark(dir)
	if err != nil {
		return nil, err
	}
	mod, err := replaceByCopy(dir)
	if err != nil {
		return nil, err
	}
	changes = append(append(changes, owned...), mod, Change{Path: LockFile}, Change{Path: snapshotFile})
	return e, write(dir, changes)
}

// copyOf is the runtime library in the folder kit, without its tests.
func copyOf(kit string) ([]Change, error) {
	var files []Change
	err := filepath.WalkDir(kit, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != kit && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")):
			return filepath.SkipDir
		case entry.IsDir(), strings.HasSuffix(name, "_test.go"), strings.HasPrefix(name, "."):
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(kit, path)
		if err != nil {
			return err
		}
		files = append(files, Change{"kit/" + filepath.ToSlash(relative), content})
		return nil
	})
	return files, err
}

// unmark gives generated Go files without the line that forbids editing.
func unmark(dir string) ([]Change, error) {
	var files []Change
	l, err := readLock(dir)
	if err != nil {
		return nil, err
	}
	for path := range l.Files {
		if !strings.HasSuffix(path, ".go") {
			continue
		}
		content, err := read(dir, path)
		if err != nil {
			return nil, err
		}
		line, rest, _ := bytes.Cut(content, []byte("\n"))
		if bytes.Contains(line, []byte(generatedMark)) {
			files = append(files, Change{path, bytes.TrimLeft(rest, "\n")})
		}
	}
	return files, nil
}

// replaceByCopy gives a go.mod that takes the runtime library from the project.
func replaceByCopy(dir string) (Change, error) {
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return Change{}, err
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return Change{}, err
	}
	for _, r := range slices.Clone(mod.Replace) {
		below, of := strings.CutPrefix(r.Old.Path, KitModule)
		if !of || r.Old.Path == KitModule {
			continue
		}
		if err := mod.AddReplace(r.Old.Path, r.Old.Version, "./kit"+below, ""); err != nil { // openapitest: it is copied too
			return Change{}, err
		}
	}
	for _, r := range slices.Clone(mod.Replace) {
		if r.Old.Path == KitModule {
			if err := mod.DropReplace(r.Old.Path, r.Old.Version); err != nil {
				return Change{}, err
			}
		}
	}
	if err := mod.AddReplace(KitModule, "", "./kit", ""); err != nil {
		return Change{}, err
	}
	mod.Cleanup()
	out, err := mod.Format()
	return Change{"go.mod", out}, err
}
