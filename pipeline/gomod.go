package pipeline

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// goModule gives the go.mod and go.sum of a service: they ask for the kit and for all that the kit asks for, in at least
// the kit's versions, so that the service builds without asking the network. What else stands there stays. They are
// left alone while recorded says that they were made for this very kit.
func goModule(dir, goModule string, k kit, recorded string) (files []file, requirements string, err error) {
	kitMod, err := os.ReadFile(filepath.Join(k.dir, "go.mod"))
	if err != nil {
		return nil, "", fmt.Errorf("kit: %w", err)
	}
	kitSum, err := os.ReadFile(filepath.Join(k.dir, "go.sum"))
	if err != nil {
		return nil, "", fmt.Errorf("kit: %w", err)
	}
	requirements = hash(append(slices.Clone(kitMod), k.version...))
	mod, err := read(dir, "go.mod")
	if err != nil {
		return nil, "", err
	}
	sum, err := read(dir, "go.sum")
	if err != nil {
		return nil, "", err
	}
	if mod != nil && sum != nil && recorded == requirements && names(mod, k, dir) {
		return nil, requirements, nil
	}
	mod, err = requireKit(filepath.Join(dir, "go.mod"), mod, goModule, kitMod, k, dir)
	if err != nil {
		return nil, "", err
	}
	sum = mergeSums(sum, append(bytes.Split(kitSum, []byte("\n")), lines(k.sums)...))
	return []file{{"go.mod", mod, shared}, {"go.sum", sum, shared}}, requirements, nil
}

// names reports whether a go.mod already takes the kit from where it is.
func names(mod []byte, k kit, dir string) bool {
	parsed, err := modfile.Parse("go.mod", mod, nil)
	if err != nil {
		return false
	}
	if k.version != unreleased {
		return slices.ContainsFunc(parsed.Require, func(r *modfile.Require) bool {
			return r.Mod == module.Version{Path: KitModule, Version: k.version}
		})
	}
	return slices.ContainsFunc(parsed.Replace, func(r *modfile.Replace) bool {
		return r.Old.Path == KitModule && filepath.Clean(absolute(dir, r.New.Path)) == filepath.Clean(k.dir)
	})
}

// requireKit adds to a go.mod, which may be empty, what a service needs.
func requireKit(name string, text []byte, goModule string, kitText []byte, k kit, dir string) ([]byte, error) {
	mod, err := modfile.Parse(name, text, nil)
	if err != nil {
		return nil, err
	}
	kitMod, err := modfile.Parse("kit/go.mod", kitText, nil)
	if err != nil {
		return nil, err
	}
	if mod.Module == nil {
		if err := mod.AddModuleStmt(goModule); err != nil {
			return nil, err
		}
	}
	if mod.Go == nil || semver.Compare("v"+mod.Go.Version, "v"+kitMod.Go.Version) < 0 {
		if err := mod.AddGoStmt(kitMod.Go.Version); err != nil {
			return nil, err
		}
	}
	requires := mod.Require
	have := map[string]string{}
	for _, r := range mod.Require {
		have[r.Mod.Path] = r.Mod.Version
	}
	switch {
	case have[KitModule] == "":
		mod.AddNewRequire(KitModule, k.version, false)
	case have[KitModule] != k.version:
		if err := mod.AddRequire(KitModule, k.version); err != nil {
			return nil, err
		}
	}
	for _, r := range kitMod.Require {
		version, found := have[r.Mod.Path]
		switch {
		case !found && forTests(r): // no service needs it
		case !found:
			mod.AddNewRequire(r.Mod.Path, r.Mod.Version, true)
		case semver.Compare(version, r.Mod.Version) < 0:
			if err := mod.AddRequire(r.Mod.Path, r.Mod.Version); err != nil {
				return nil, err
			}
		}
	}
	if len(requires) == 0 {
		mod.SetRequireSeparateIndirect(mod.Require)
	}
	if k.version == unreleased {
		if err := mod.AddReplace(KitModule, "", k.from(dir), ""); err != nil {
			return nil, err
		}
	}
	mod.Cleanup()
	return mod.Format()
}

// forTests reports whether only the kit's own tests need a requirement: its line in kit/go.mod says so.
func forTests(r *modfile.Require) bool {
	return slices.ContainsFunc(r.Syntax.Suffix, func(c modfile.Comment) bool { return strings.HasSuffix(c.Token, "tests") })
}

// mergeSums adds to a go.sum the lines of another that it lacks, in the order that the go command keeps.
func mergeSums(sum []byte, others [][]byte) []byte {
	var all []string
	for _, line := range append(bytes.Split(sum, []byte("\n")), others...) {
		if line := strings.TrimSpace(string(line)); line != "" {
			all = append(all, line)
		}
	}
	key := func(line string) module.Version {
		parts := strings.Fields(line)
		if len(parts) < 2 {
			return module.Version{Path: line}
		}
		return module.Version{Path: parts[0], Version: parts[1]}
	}
	slices.SortStableFunc(all, func(a, b string) int {
		pair := []module.Version{key(a), key(b)}
		if pair[0] == pair[1] {
			return strings.Compare(a, b)
		}
		module.Sort(pair)
		if pair[0] == key(a) {
			return -1
		}
		return 1
	})
	return []byte(strings.Join(slices.Compact(all), "\n") + "\n")
}

func lines(texts []string) [][]byte {
	var out [][]byte
	for _, text := range texts {
		out = append(out, []byte(text))
	}
	return out
}
