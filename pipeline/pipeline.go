// Package pipeline is the only place that knows the order of the stages.
//
//	design ─▶ model ─▶ unbuilt ─▶ schema ─▶ migrate ─┐
//	                └▶ emit ───────────────────────────┴▶ reconcile with disk and fettle.lock ─▶ write
//
// Each verb of the tool is one function here; the doors (cli, and later mcp, console, lsp) parse a request, call it and
// print its result. A mistake of the user is a diag.Diagnostic in the result, an error says that the tool could not
// work. Nothing is printed here.
package pipeline

import (
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit/golang"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
)

// Checked is what the design of a project says, and every mistake in it.
type Checked struct {
	Dir      string
	Texts    map[string]string // of the files that problems may point at, by the name that they are shown with
	Problems diag.List
	Notes    []string     // what the user may want to know, and that stops nothing
	Model    *model.Model // complete only without problems

	design  *design.Design
	openAPI []byte // with what the team describes of its own; nil without
}

// Check reads the design of the project in a folder and reports every mistake in it. What the language has and the
// tool does not build yet is no mistake.
func Check(dir string) (*Checked, error) {
	sources, err := load(dir)
	if err != nil {
		return nil, err
	}
	return check(dir, sources), nil
}

// check reports every mistake in the sources of a design.
func check(dir string, sources []design.Source) *Checked {
	c := &Checked{Dir: dir, Texts: design.Texts(sources)}
	c.design = design.Parse(sources, &c.Problems)
	c.Model = build.Model(c.design, &c.Problems)
	if len(c.Problems) == 0 {
		for _, clash := range golang.Clashes(c.Model) {
			c.Problems.Add(clash.Pos, build.NamesClash, "choose another name", "in Go, %s is %s already", clash.Name, clash.Of)
		}
	}
	c.joinPart()
	c.Problems.Sort()
	c.Notes = portability(dir)
	return c
}
