// Package typescript reads backends in TypeScript and tells what they do, as facts.
//
//	files ─▶ syntax trees ─▶ names across files ─▶ functions with their loops ─▶ calls, queries, effects ─▶ routes
//
// Nothing is built, installed or run: types are what annotations, constructors and decorators say, and a library is known by its name alone.
// Every look at a type therefore takes "not known" for an answer. Callbacks that are given to a call belong to the function around
// them, so that what a list's map or a transaction runs stands in its function; what has a name of its own is a function of its own.
package typescript

import (
	"cmp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/prisma"
	"github.com/fettlehq/fettle/lift/sql"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// Lifted is what a folder of TypeScript holds.
type Lifted struct {
	Facts    *facts.Facts
	Embedded []sql.Text // SQL that stands in the code and changes the schema
}

// Lift reads all TypeScript below a folder. The schemas of Prisma that were found there say which tables its clients ask; nil for none.
func Lift(dir string, schemas []*prisma.Schema) (*Lifted, error) {
	l := &lifter{
		root: dir, facts: &facts.Facts{Sums: map[string]facts.Sum{}}, files: map[string]*file{},
		packages: map[string]*manifest{}, configs: map[string]*config{}, schemas: schemas, classes: map[*syntax.Class]*class{}, runs: map[*syntax.Func]*function{}, tags: map[*syntax.Template]*syntax.Call{}, known: map[string]*file{}, bounds: map[*syntax.Class]bool{}, looseBodies: map[*class]bool{}, markReaders: map[*decl][]string{},
	}
	if err := l.read(); err != nil {
		return nil, err
	}
	for _, f := range l.order {
		l.declare(f)
	}
	l.settled = true
	l.findImplementations()
	l.findEntities()
	for _, f := range l.order {
		l.findFunctions(f)
	}
	for i := 0; i < len(l.functions); i++ { // those within functions are added as they are found
		l.findScopes(l.functions[i])
	}
	for _, f := range l.order {
		l.findSecrets(f)
	}
	l.findDocuments()
	l.findHandlers()
	l.findLoops()
	for _, f := range l.functions {
		l.findBody(f)
	}
	l.link()
	l.findPackages()
	l.facts.Loops = l.loops
	return &Lifted{Facts: l.facts, Embedded: l.embedded}, nil
}

// lifter is one run.
type lifter struct {
	root        string
	facts       *facts.Facts
	files       map[string]*file // by their names
	order       []*file
	packages    map[string]*manifest   // by folder
	configs     map[string]*config     // by folder
	settled     bool                   // all files have declared their names
	known       map[string]*file       // what imports name
	bounds      map[*syntax.Class]bool // classes of what clients send, and whether their limits have a ceiling
	schemas     []*prisma.Schema
	strips      bool               // all bodies go through what takes away what a class does not declare
	pipe        facts.Pos          // that all bodies go through
	markReaders map[*decl][]string // guards by the decorators whose notes they read
	looseBodies map[*class]bool    // classes of bodies of which nothing does
	embedded    []sql.Text

	classes      map[*syntax.Class]*class
	implementing map[*syntax.Interface][]*class
	allOf        []*class // in order
	entities     map[*class]*entity
	entityOrder  []*entity
	documents    map[*decl]*document  // models of Mongoose, by the constant that holds one
	documentsOf  map[*class]*document // and by the class that is its schema
	models       []*document          // in the order in which they are found
	functions    []*function
	runs         map[*syntax.Func]*function
	tags         map[*syntax.Template]*syntax.Call // templates that are given to a function
	loops        int
	limited      int // whether the code gives all its clients a time limit: 1 for no, 2 for yes, 0 where that was not asked yet
	over         []overLoop
}

// link connects calls with what they call, and orders everything.
func (l *lifter) link() {
	for _, f := range l.functions {
		for _, call := range f.fact.Calls {
			for _, callee := range call.Callees {
				callee.Callers = append(callee.Callers, call)
			}
		}
		l.facts.Functions = append(l.facts.Functions, f.fact)
	}
	slices.SortStableFunc(l.facts.Routes, func(a, b *facts.Route) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
}
