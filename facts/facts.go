// Package facts is what is known of a backend: its routes, functions, queries and database, each with its place.
//
//	code ─▶ lift ─▶ Facts ─▶ review, assess, draft
//
// The vocabulary knows no language: a loop, a query and a route are the same whether they were read from Go or from
// TypeScript. Facts are plain values, complete once a lift returns them, and never changed after. What could not be
// known is absent, and never guessed: a rule that needs it stays silent.
package facts

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/schema"
)

// Pos is a place in the reviewed code. Files are named relative to the reviewed folder, with slashes.
type Pos = diag.Pos

// Facts are all that was read of one backend. Functions, routes and files are in the order of files and lines.
type Facts struct {
	Packages   []*Package
	Libraries  []*Library
	Practices  []Practice
	Functions  []*Function
	Routes     []*Route
	Database   *Database
	Models     *Database // the tables that structs of the code describe, for an object-relational mapper
	Migrations []*Migration
	Guarded    []*Guarded
	Secrets    []Secret
	Ignores    []Ignore
	Coverage   Coverage
	Sums       map[string]Sum // of the files that were read
	Loops      int            // how many there are
}

// Sum is the SHA-256 of a file as it was read.
type Sum [32]byte

// Coverage is how much was read, and how well.
type Coverage struct {
	Files    int // source files that were read
	Lines    int
	Packages int
	Typed    int      // packages of which every type is known
	Broken   []Pos    // places where a file could not be parsed further
	Unread   []string // files that are too large to be code: a few megabytes
	Missing  []string // libraries whose source is not at hand, so that their types are guessed
	Dynamic  int      // queries whose text is built at run time and not known
}

// Secret is a value in the code that looks like one that lets its holder in.
type Secret struct {
	Pos  Pos
	Name string // of the variable, field or key
	Kind string // such as "AWS access key"
}

// Database is the schema that the migrations make, with the places where it is made.
type Database struct {
	Schema   *schema.Schema
	At       map[string]Pos       // of "table", "table.column" and "index:name"; "also:table" where it stands a second time
	Dialect  string               // "postgres", "mysql", "sqlite", or "" where it is not known
	Others   []*Database          // the schemas that the same code keeps for other kinds of databases
	Declared map[string]*Declared // of tables that the code declares in a language of its own, by the table: migrations are made of that
	Loose    []LooseIndex         // of tables that no migration makes: of the models, which the program may make its tables of
}

// LooseIndex is an index of a table that was not known where the index was made.
type LooseIndex struct {
	Table string
	Index *schema.Index
	Pos   Pos
}

// Declared is how a table is declared from which migrations are made.
type Declared struct {
	Index     string            // how it says an index, with %s for the fields
	Unique    string            // how it says a unique one
	Fields    map[string]string // what it calls each column
	Immediate bool              // the program makes what is declared as it starts, and no migration is made of it
}

// Says is how an index of some columns is declared, "" where that is done otherwise, or of an expression.
func (d *Declared) Says(unique bool, columns ...string) string {
	if d == nil {
		return ""
	}
	fields := make([]string, 0, len(columns))
	for _, c := range columns {
		field := d.Fields[c]
		if field == "" {
			return ""
		}
		fields = append(fields, field)
	}
	form, then := d.Index, ", and a migration made of it"
	if unique {
		form = d.Unique
	}
	if d.Immediate {
		then = ""
	}
	return fmt.Sprintf(form, strings.Join(fields, ", ")) + " where the table is declared" + then
}
