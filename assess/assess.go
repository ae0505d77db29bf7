// Package assess tells the architecture of a backend that was read.
//
//	facts, problems ─▶ Report ─▶ assess/report: text, Markdown, HTML, JSON
//
// A Report holds what was found and where, and nothing that was guessed: a part that the facts do not carry is empty, and
// Coverage says how much was read. It judges only by counting. Which faults there are is review's to say; pipeline hands
// them over as Problems. The same facts give the same report, byte for byte.
package assess

import (
	"github.com/fettlehq/fettle/facts"
)

// Report is the architecture of one backend. Its JSON is what programs read: fields are added, never changed.
type Report struct {
	Name         string        `json:"name"` // of the backend's module, or of its folder
	Summary      Summary       `json:"summary"`
	Modules      []*Module     `json:"modules"`
	Layers       [][]string    `json:"layers"` // names of modules: each depends only on layers below, but for cycles
	Cycles       [][]string    `json:"cycles"` // modules that depend on each other
	Breaches     []Breach      `json:"breaches"`
	Conventions  []Convention  `json:"conventions"`
	Routes       []*Route      `json:"routes"`
	Entities     []*Entity     `json:"entities"`
	Stores       []Store       `json:"stores"`
	Outside      []Outside     `json:"outside"`
	HotSpots     HotSpots      `json:"hotSpots"`
	Improvements []Improvement `json:"improvements"` // the most valuable first, ten at most
	Brief        string        `json:"brief"`        // Markdown: what to follow when adding code
	Coverage     Coverage      `json:"coverage"`
}

// Summary are the sizes of a backend.
type Summary struct {
	Packages int `json:"packages"`
	Files    int `json:"files"`
	Lines    int `json:"lines"`
	Routes   int `json:"routes"`
	Open     int `json:"open"` // routes at which nothing looks at who is calling
	Queries  int `json:"queries"`
	Tables   int `json:"tables"`
	Tests    int `json:"tests"`
}

// Place is where something stands. The zero Place is nowhere.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func at(p facts.Pos) Place { return Place{p.File, p.Line} }

// Coverage says how well the backend could be read.
type Coverage struct {
	Packages int      `json:"packages"`
	Typed    int      `json:"typed"`   // of which every type is known
	Missing  []string `json:"missing"` // libraries whose source is not at hand
	Broken   []Place  `json:"broken"`  // where files could not be read further
	Dynamic  int      `json:"dynamic"` // queries whose text is only known at run time
}

// Problem is a fault that somebody else has found, as far as a report tells of it.
type Problem struct {
	Rule     string
	Title    string // of the rule
	Reason   string // why it hurts
	Severity string // "critical", "high", "medium" or "low"
	Certain  bool
	Exposes  bool // lets others read or change what is not theirs, or holds what lets them in
	Place    facts.Pos
	Message  string
	Fix      string
	Chain    []facts.Pos // of its evidence
}

// Options say what is not in the facts.
type Options struct {
	Name     string
	Problems []Problem

	Generated bool // it follows from a design: the brief is about the design first
}

// Of tells the architecture that facts show.
func Of(f *facts.Facts, options Options) *Report {
	a := newAssessor(f)
	r := &Report{Name: options.Name, Coverage: coverage(f.Coverage)}
	r.Modules, r.Layers, r.Cycles = a.modules()
	r.Breaches = a.breaches()
	r.Routes = a.routes()
	r.Entities = a.entities()
	r.Stores, r.Outside = a.stores(), a.outside()
	r.HotSpots = a.hotSpots(r)
	r.Conventions = a.conventions(r)
	r.Summary = a.summary(r)
	r.Improvements = a.improvements(r, options.Problems)
	r.Brief = brief(r, options.Generated)
	return r
}

func coverage(c facts.Coverage) Coverage {
	out := Coverage{Packages: c.Packages, Typed: c.Typed, Missing: append([]string{}, c.Missing...), Broken: []Place{}, Dynamic: c.Dynamic}
	for _, pos := range c.Broken {
		out.Broken = append(out.Broken, at(pos))
	}
	return out
}

// assessor holds what several parts of a report ask of the facts.
type assessor struct {
	facts    *facts.Facts
	packages map[string]*facts.Package // by path
	moduleOf map[string]string         // of a package's path
	roles    map[string]role           // of a package's path
	handlers map[*facts.Function][]*facts.Route
	reached  map[*facts.Route]*reach
	tests    *testIndex
}

func newAssessor(f *facts.Facts) *assessor {
	a := &assessor{
		facts: f, packages: map[string]*facts.Package{}, handlers: map[*facts.Function][]*facts.Route{}, reached: map[*facts.Route]*reach{},
	}
	for _, p := range f.Packages {
		a.packages[p.Path] = p
	}
	for _, r := range f.Routes {
		if r.Handler != nil {
			a.handlers[r.Handler] = append(a.handlers[r.Handler], r)
		}
	}
	for _, r := range f.Routes {
		a.reached[r] = a.reach(r)
	}
	a.tests = newTestIndex(f.Packages)
	a.roles = a.findRoles()
	a.moduleOf = group(f.Packages)
	return a
}

func (a *assessor) summary(r *Report) Summary {
	s := Summary{Routes: len(r.Routes), Tables: len(r.Entities)}
	for _, p := range a.facts.Packages {
		s.Files += p.Files
		s.Lines += p.Lines
		if p.Files > 0 {
			s.Packages++
		}
		for _, file := range p.Tests {
			s.Tests += len(file.Tests)
		}
	}
	for _, route := range r.Routes {
		if route.Access == Open {
			s.Open++
		}
	}
	for _, f := range a.facts.Functions {
		if f.Aside != "test" {
			s.Queries += len(f.Queries)
		}
	}
	return s
}
