package assess

import (
	"cmp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// HotSpots are where a change costs, or saves, most.
type HotSpots struct {
	Routes   []string        `json:"routes"`   // by the statements that they may send, most first
	Untested []Untested      `json:"untested"` // handlers that no test names or asks for, those that write most first
	Long     []LongFunction  `json:"long"`     // functions by their lines, longest first
	Tables   []FrequentTable `json:"tables"`   // by the places that ask for them, most first
}

// Untested is a handler that no test reaches.
type Untested struct {
	Handler string `json:"handler"`
	At      Place  `json:"at"`
	Route   string `json:"route"`
	Queries int    `json:"queries"`
	Writes  int    `json:"writes"`
}

// LongFunction is a function of many lines.
type LongFunction struct {
	Name  string `json:"name"`
	At    Place  `json:"at"`
	Lines int    `json:"lines"`
}

// FrequentTable is a table that many places ask for.
type FrequentTable struct {
	Table   string `json:"table"`
	Queries int    `json:"queries"`
	Modules int    `json:"modules"` // that read or write it
	Writers int    `json:"writers"` // modules that write it
}

// The bounds of lists that are there to be read.
const (
	mostHot    = 10
	longLines  = 80
	mostTables = 10
)

func (a *assessor) hotSpots(r *Report) HotSpots {
	h := HotSpots{Routes: []string{}, Untested: []Untested{}, Long: []LongFunction{}, Tables: []FrequentTable{}}
	costly := slices.Clone(r.Routes)
	slices.SortStableFunc(costly, func(x, y *Route) int {
		return cmp.Or(cmp.Compare(y.Cost.PerItem, x.Cost.PerItem), cmp.Compare(y.Cost.Once, x.Cost.Once))
	})
	for _, route := range costly {
		if len(h.Routes) < mostHot && route.Cost.Once+route.Cost.PerItem > 0 && !slices.Contains(h.Routes, route.String()) {
			h.Routes = append(h.Routes, route.String())
		}
	}
	seen := map[Place]bool{}
	for _, route := range r.Routes {
		if route.Tested || route.Handler == "" || seen[route.Of] || route.fact.Handler.Aside == "generated" {
			continue
		}
		seen[route.Of] = true
		h.Untested = append(h.Untested, Untested{route.Handler, route.Of, route.String(), len(route.Queries), route.Cost.Writes})
	}
	slices.SortStableFunc(h.Untested, func(x, y Untested) int {
		return cmp.Or(cmp.Compare(y.Writes, x.Writes), cmp.Compare(y.Queries, x.Queries), cmp.Compare(x.At.File, y.At.File), cmp.Compare(x.At.Line, y.At.Line))
	})
	h.Long = a.long()
	for _, e := range r.Entities {
		modules := slices.Clone(e.Reads)
		for _, m := range e.Writes {
			modules = with(modules, m)
		}
		if e.Queries > 0 {
			h.Tables = append(h.Tables, FrequentTable{e.Table, e.Queries, len(modules), len(e.Writes)})
		}
	}
	slices.SortStableFunc(h.Tables, func(x, y FrequentTable) int { return cmp.Compare(y.Queries, x.Queries) })
	h.Tables = h.Tables[:min(len(h.Tables), mostTables)]
	return h
}

func (a *assessor) long() []LongFunction {
	out := []LongFunction{}
	for _, f := range a.facts.Functions {
		if f.Aside == "" && f.Outer == nil && f.Lines >= longLines && !isWiring(f, a) {
			out = append(out, LongFunction{f.Name, at(f.Pos), f.Lines})
		}
	}
	slices.SortStableFunc(out, func(x, y LongFunction) int { return cmp.Compare(y.Lines, x.Lines) })
	return out[:min(len(out), mostHot)]
}

// isWiring reports whether a function registers routes: a list of them is long and no burden.
func isWiring(f *facts.Function, a *assessor) bool {
	n := 0
	for _, r := range a.facts.Routes {
		if r.Pos.File == f.Pos.File && r.Pos.Line >= f.Pos.Line && r.Pos.Line <= f.End.Line {
			n++
		}
	}
	return n > 5
}
