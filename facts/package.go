package facts

import "strings"

// Package is a unit of the code that others import.
type Package struct {
	Path      string // as others import it
	Dir       string // below the reviewed folder, "." for the folder itself
	Name      string
	Unit      string // the folder of the module, with its manifest, that it belongs to
	Doc       string // the first sentence of its comment
	Aside     string // as of Function, where all of its files are so
	Files     int
	Lines     int
	Imports   []Import // of other packages of the backend, by path
	Libraries []string // the paths of all others that it imports, the standard library's too, sorted
	Types     []*Type
	Tests     []*TestFile
}

// Unit is the folder of the module that a file belongs to, "." where no package stands in one around it.
func (f *Facts) Unit(file string) string {
	unit := "."
	for _, p := range f.Packages {
		if len(p.Unit) >= len(unit) && strings.HasPrefix(file, p.Unit+"/") {
			unit = p.Unit
		}
	}
	return unit
}

// Import is where a package names another.
type Import struct {
	Path string
	Pos  Pos // of the first file that does so
}

// Type is a type that a package declares.
type Type struct {
	Pos      Pos
	Name     string
	Package  string // its path
	Kind     string // "struct", "interface", "function" or "other"
	Fields   []Field
	Methods  []string // that the code declares on it, or of an interface, sorted
	Error    bool     // is an error
	Document bool     // has a comment
}

// Field is a field of a struct. Embedded ones have the name of their type.
type Field struct {
	Name string
	Type string // as written
	Kind string // "interface" or "function" where its type is one; "backend" of a type of the backend's own; else ""
	Tag  string // as written, without the quotes
}

// TestFile is a file of tests, as far as its syntax tells.
type TestFile struct {
	Pos       Pos
	Outside   bool // sees only what the package exports
	Tests     []Test
	Libraries []string // that it imports
	Names     []string // of functions and methods that it names, sorted: Create, or Store.Create where it is one of a type's
	Requests  []string // the paths that it asks for, with the method in front where it says so
}

// Test is one test.
type Test struct {
	Pos      Pos
	Name     string
	Kind     string // "test", "benchmark", "fuzz" or "example"
	Table    bool   // goes over cases
	Parallel bool
}

// Library is one that the backend asks for, with what it is for where that is known.
type Library struct {
	Path     string // of the module, or of the package of the standard library
	Version  string
	Role     string // "router", "rpc", "driver", "orm", "sql", "migrations", "cache", "queue", "mail", "cloud", "payment", "log", "trace", "metrics", "config", "validation", "auth", "inject", "test", "mock"; "" where it is not known
	Asks     string // what queries through it say that they go through; "" where it sends none, or they say something else
	Product  string // what it leads to, such as "PostgreSQL"; "" for nothing outside of the process
	Pos      Pos    // where it is first imported
	Packages []string
}

// Unasked are the libraries through which the code asks its database where no query through them is understood: what rules say of
// queries is said of none of those then.
func (f *Facts) Unasked() []string {
	asked := map[string]bool{}
	for _, function := range f.Functions {
		for _, q := range function.Queries {
			asked[q.Library] = true
		}
	}
	var out []string
	for _, l := range f.Libraries {
		if l.Asks != "" && !asked[l.Asks] && len(l.Packages) > 0 {
			out = append(out, l.Path)
		}
	}
	return out
}

// Practice is a place where the code does in one way what can be done in several.
type Practice struct {
	Pos      Pos
	Kind     PracticeKind
	Way      string
	Name     string // of the setting, the error, what is logged with
	Function *Function
	Package  string
}

// PracticeKind is what can be done in several ways.
type PracticeKind string

// The practices.
const (
	ForErrors      PracticeKind = "error"       // "sentinel", "wrapped", "type", "new", "compared", "panic"
	ForSettings    PracticeKind = "setting"     // "environment", "flag", "tag", or a library
	ForLogs        PracticeKind = "log"         // the library, such as "log/slog"
	ForConcurrency PracticeKind = "concurrency" // "goroutine", "group", "channel", "lock"
	ForInput       PracticeKind = "input"       // how what clients send is checked: "tags", or a library
)
