package golang

import (
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/facts"
)

// What an importer sees of a library is the same where all that it cannot see was left out, and less is opened for it.
func TestKeepAPI(t *testing.T) {
	names := []string{"net/http", "database/sql", "log/slog", "math/rand/v2", "time"}
	shown, opened := [2][]string{}, [2]int{}
	for i, whole := range []bool{true, false} {
		l := newLoader(t.TempDir(), &facts.Coverage{})
		l.goroot, l.cache = installation()
		if l.goroot == "" {
			t.Skip("no Go installation")
		}
		l.whole = whole
		for _, name := range names {
			shown[i] = append(shown[i], seen(l.imported(name, l.root))...)
		}
		opened[i] = len(l.standard.libs)
	}
	if len(shown[0]) < 1000 || len(shown[0]) != len(shown[1]) {
		t.Fatalf("%d and %d things are seen", len(shown[0]), len(shown[1]))
	}
	for i := range shown[0] {
		if shown[0][i] != shown[1][i] {
			t.Errorf("seen of the whole\n\t%s\nand of what is kept\n\t%s", shown[0][i], shown[1][i])
		}
	}
	if opened[1] >= opened[0] {
		t.Errorf("%d packages are opened, and %d for the whole", opened[1], opened[0])
	}
	t.Logf("%d packages are opened in place of %d", opened[1], opened[0])
}

// seen are the exported objects of a package, with their fields and methods.
func seen(p *types.Package) []string {
	var out []string
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		out = append(out, types.ObjectString(object, nil))
		if c, is := object.(*types.Const); is {
			out = append(out, c.Val().ExactString())
		}
		if _, is := object.(*types.TypeName); is {
			set := types.NewMethodSet(types.NewPointer(object.Type()))
			for i := range set.Len() {
				out = append(out, name+": "+set.At(i).String())
			}
		}
	}
	return out
}

// An import whose name its path does not tell is kept where some name is nobody's else.
func TestKeepAPINames(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":                          "module example.com/app\n\ngo 1.26\n",
		"main.go":                         "package main\n\nimport \"example.org/lib\"\n\nvar V = lib.Open().Inner.Name\n",
		"vendor/example.org/lib/lib.go":   "package lib\n\nimport \"example.org/odd-3\"\n\ntype DB struct{ Inner strange.Thing }\n",
		"vendor/example.org/lib/open.go":  "package lib\n\nimport \"example.org/unused\"\n\nfunc Open() *DB { unused.Do(); return nil }\n",
		"vendor/example.org/odd-3/odd.go": "package strange\n\ntype Thing struct{ Name string }\n",
	} {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	coverage := facts.Coverage{}
	l := newLoader(dir, &coverage)
	dirs, err := l.findModules()
	if err != nil {
		t.Fatal(err)
	}
	l.load(l.read(dirs))
	v := l.sources["example.com/app"].types.Scope().Lookup("V")
	if v.Type().String() != "string" {
		t.Errorf("V has the type %s", v.Type())
	}
	if missing := strings.Join(coverage.Missing, " "); missing != "" {
		t.Errorf("missing: %s", missing)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
