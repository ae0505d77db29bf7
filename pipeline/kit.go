package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"golang.org/x/mod/modfile"
)

// KitModule is the module of the runtime library that services import.
const KitModule = "github.com/fettlehq/fettle/kit"

// unreleased is the version that a go.mod names where a replace says which folder is meant.
const unreleased = "v0.0.0"

// kit is the runtime library that a service is written against.
type kit struct {
	dir     string // folder of its source
	version string // unreleased, or that of a release
	sums    []string
}

// findKit finds the runtime library for the project in a folder: the one that was asked for, else the one that its
// go.mod replaces or requires, else the one that belongs to this tool.
func findKit(dir, asked string) (kit, error) {
	if asked != "" {
		return kitIn(asked)
	}
	mod, err := read(dir, "go.mod")
	if err != nil {
		return kit{}, err
	}
	if mod != nil {
		parsed, err := modfile.Parse(filepath.Join(dir, "go.mod"), mod, nil)
		if err != nil {
			return kit{}, err
		}
		for _, r := range parsed.Replace {
			if r.Old.Path == KitModule && r.New.Version == "" {
				k, err := kitIn(absolute(dir, r.New.Path))
				if err != nil {
					return kit{}, fmt.Errorf("%s:%d: takes the runtime library from %s, where it is not; --kit DIR says where it is: %w", filepath.Join(dir, "go.mod"), r.Syntax.Start.Line, r.New.Path, err)
				}
				return k, nil
			}
		}
		for _, r := range parsed.Require {
			if r.Mod.Path == KitModule && r.Mod.Version != unreleased {
				return kitOfVersion(dir, r.Mod.Version)
			}
		}
	}
	return ownKit()
}

// ownKit is the runtime library that belongs to this tool: the same version where the tool was installed from a
// release, else the folder beside the tool's own source.
func ownKit() (kit, error) {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Sum != "" {
		return kitOfVersion("", info.Main.Version)
	}
	_, source, _, _ := runtime.Caller(0)
	k, err := kitIn(filepath.Join(filepath.Dir(source), "..", "kit"))
	if err != nil {
		return kit{}, fmt.Errorf("%w; say where it is with --kit", err)
	}
	return k, nil
}

func kitIn(dir string) (kit, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return kit{}, err
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return kit{}, fmt.Errorf("kit: %w", err)
	}
	if path := modfile.ModulePath(mod); path != KitModule {
		return kit{}, fmt.Errorf("%s: is module %s, not %s", dir, path, KitModule)
	}
	return kit{dir: dir, version: unreleased}, nil
}

// kitOfVersion finds a released runtime library in the module cache, where the go command puts it if it is not there.
func kitOfVersion(dir, version string) (kit, error) {
	command := exec.Command("go", "mod", "download", "-json", KitModule+"@"+version)
	command.Dir = dir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	var found struct{ Dir, Sum, GoModSum, Error string }
	if json.Unmarshal(out, &found) != nil || found.Error != "" || err != nil {
		return kit{}, fmt.Errorf("%s@%s: %s%s", KitModule, version, found.Error, bytes.TrimSpace(stderr.Bytes()))
	}
	return kit{dir: found.Dir, version: version, sums: []string{
		fmt.Sprintf("%s %s %s", KitModule, version, found.Sum),
		fmt.Sprintf("%s %s/go.mod %s", KitModule, version, found.GoModSum),
	}}, nil
}

// from is how go.mod of a project names the folder of the kit: relative where both are in one repository, so that it
// holds on every machine.
func (k kit) from(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return k.dir
	}
	for _, resolve := range []*string{&dir, &k.dir} {
		if real, err := filepath.EvalSymlinks(*resolve); err == nil {
			*resolve = real
		}
	}
	relative, err := filepath.Rel(filepath.Dir(k.dir), dir)
	if err != nil || !filepath.IsLocal(relative) {
		return k.dir
	}
	back, err := filepath.Rel(dir, k.dir)
	if err != nil {
		return k.dir
	}
	if back = filepath.ToSlash(back); !modfile.IsDirectoryPath(back) {
		back = "./" + back
	}
	return back
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// portability notes a go.mod that works on this machine only.
func portability(dir string) []string {
	text, err := read(dir, "go.mod")
	if err != nil || text == nil {
		return nil
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil
	}
	var notes []string
	for _, r := range mod.Replace {
		if r.New.Version == "" && filepath.IsAbs(r.New.Path) {
			notes = append(notes, fmt.Sprintf("go.mod:%d: %s is replaced by a folder of this machine, which others do not have", r.Syntax.Start.Line, r.Old.Path))
		}
	}
	return notes
}
