package typescript

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// deepestPass bounds how many files pass a name on to each other.
const deepestPass = 8

// imported is the file that an import of another names; nil for a library.
func (l *lifter) imported(from *file, name string) *file {
	var key string
	if strings.HasPrefix(name, ".") {
		key = path.Join(path.Dir(from.name), name)
	} else {
		key = path.Dir(from.name) + " " + name
	}
	if known, is := l.known[key]; is {
		return known
	}
	found := l.find(from, name)
	l.known[key] = found
	return found
}

// find looks for the file of an import: beside the one that has it, by the configurations above, and among the packages of the repository.
func (l *lifter) find(from *file, name string) *file {
	if strings.HasPrefix(name, ".") {
		return l.fileAt(path.Join(path.Dir(from.name), name))
	}
	for dir := path.Dir(from.name); ; dir = path.Dir(dir) {
		if c := l.configs[dir]; c != nil {
			if f := l.byConfig(c, name); f != nil {
				return f
			}
			for _, base := range extended(c) {
				if above := l.configs[path.Dir(path.Join(dir, base))]; above != nil && above != c {
					if f := l.byConfig(above, name); f != nil {
						return f
					}
				}
			}
		}
		if dir == "." {
			break
		}
	}
	return l.byPackage(name)
}

// extended are the files that a configuration says it extends.
func extended(c *config) []string {
	switch e := c.Extends.(type) {
	case string:
		return []string{e}
	case []any:
		var out []string
		for _, one := range e {
			if text, is := one.(string); is {
				out = append(out, text)
			}
		}
		return out
	}
	return nil
}

// byConfig is the file that a configuration's paths, or its base, lead to.
func (l *lifter) byConfig(c *config, name string) *file {
	base := path.Join(c.dir, c.Options.BaseURL)
	for _, pattern := range slices.Sorted(maps.Keys(c.Options.Paths)) {
		before, after, any := strings.Cut(pattern, "*")
		if !any && name != pattern || any && (!strings.HasPrefix(name, before) || !strings.HasSuffix(name, after) || len(name) < len(before)+len(after)) {
			continue
		}
		held := ""
		if any {
			held = name[len(before) : len(name)-len(after)]
		}
		for _, to := range c.Options.Paths[pattern] {
			if f := l.fileAt(path.Join(base, strings.Replace(to, "*", held, 1))); f != nil {
				return f
			}
		}
	}
	if c.Options.BaseURL != "" {
		return l.fileAt(path.Join(base, name))
	}
	return nil
}

// byPackage is the file that a package of the same repository exports under a name.
func (l *lifter) byPackage(name string) *file {
	for _, dir := range slices.Sorted(maps.Keys(l.packages)) {
		m := l.packages[dir]
		if m.Name == "" || name != m.Name && !strings.HasPrefix(name, m.Name+"/") {
			continue
		}
		rest := strings.TrimPrefix(strings.TrimPrefix(name, m.Name), "/")
		tries := []string{path.Join(dir, rest), path.Join(dir, "src", rest), path.Join(dir, "lib", rest)}
		if rest == "" {
			tries = append([]string{path.Join(dir, "src", "index"), path.Join(dir, m.Main)}, tries...)
		}
		for _, try := range tries {
			if f := l.fileAt(try); f != nil {
				return f
			}
		}
	}
	return nil
}

// fileAt is the file that a path without its ending names.
func (l *lifter) fileAt(name string) *file {
	for _, try := range []string{name, name + ".ts", name + ".mts", name + ".cts", strings.TrimSuffix(name, ".js") + ".ts", strings.TrimSuffix(name, ".mjs") + ".mts", path.Join(name, "index.ts")} {
		if f := l.files[try]; f != nil {
			return f
		}
	}
	return nil
}

// named is what a name means at the top of a file, wherever that is declared; nil for what is not known. A name of a library has no file.
func (l *lifter) named(f *file, name string) *decl {
	d := f.decls[name]
	if d == nil || d.from == "" || !l.settled {
		return l.namedWithin(f, name, 0)
	}
	if !d.sought {
		d.means, d.sought = l.namedWithin(f, name, 0), true
	}
	return d.means
}

func (l *lifter) namedWithin(f *file, name string, depth int) *decl {
	d := f.decls[name]
	if d == nil || d.from == "" || depth > deepestPass {
		return d
	}
	to := l.imported(f, d.from)
	if to == nil {
		return &decl{library: d.from, name: d.imported}
	}
	if d.imported == "*" {
		return &decl{file: to, name: name, whole: true}
	}
	return l.exported(to, d.imported, depth+1)
}

// exported is what a file exports under a name.
func (l *lifter) exported(f *file, name string, depth int) *decl {
	if depth > deepestPass {
		return nil
	}
	if own, is := f.exports[name]; is {
		return l.namedWithin(f, own, depth+1)
	}
	for _, p := range f.passed {
		if p.as != "" {
			if p.as == name {
				if to := l.imported(f, p.from); to != nil {
					return &decl{file: to, name: name, whole: true}
				}
			}
			continue
		}
		inner := name
		if p.names != nil {
			known, is := p.names[name]
			if !is {
				continue
			}
			inner = known
		}
		to := l.imported(f, p.from)
		if to == nil {
			if p.names != nil {
				return &decl{library: p.from, name: inner}
			}
			continue
		}
		if d := l.exported(to, inner, depth+1); d != nil {
			return d
		}
	}
	return nil
}
