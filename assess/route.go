package assess

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Access is who is let in at a route, as far as the code tells.
type Access string

// The kinds of access.
const (
	Guarded Access = "guarded" // a middleware looks at who is calling
	Checks  Access = "checks"  // the handler itself does
	Open    Access = "open"    // nothing does
)

// Route is a way in, with all that a request at it may do.
type Route struct {
	Method  string   `json:"method"` // "" for any
	Path    string   `json:"path"`
	Kind    string   `json:"kind"` // "http", "grpc" or "graphql"
	At      Place    `json:"at"`
	Handler string   `json:"handler"`
	Of      Place    `json:"of"` // where the handler stands
	Module  string   `json:"module"`
	Access  Access   `json:"access"`
	Guards  []Guard  `json:"guards"` // outermost first
	Queries []*Query `json:"queries"`
	Calls   []Call   `json:"calls"` // to the outside
	Tested  bool     `json:"tested"`
	Seen    bool     `json:"seen"` // the code shows what it does; else a contract alone tells of it
	Cost    Cost     `json:"cost"`

	fact *facts.Route
}

// Guard is a middleware of a route.
type Guard struct {
	Name string `json:"name"`
	Auth bool   `json:"auth"` // looks at who is calling
}

// Query is a statement that a request may send.
type Query struct {
	At      Place    `json:"at"`
	In      string   `json:"in"` // the function
	Verb    string   `json:"verb"`
	Tables  []string `json:"tables"`
	Text    string   `json:"text"`
	PerItem bool     `json:"perItem"` // once for each item of a list
	Maybe   bool     `json:"maybe"`   // only by one of several implementations of an interface
	Guard   bool     `json:"guard"`   // by a middleware, before the handler
	InTx    bool     `json:"inTx"`
}

// Call is what a request asks of the outside.
type Call struct {
	At      Place  `json:"at"`
	What    string `json:"what"`
	PerItem bool   `json:"perItem"`
	Bounded bool   `json:"bounded"`
}

// Cost is how many statements a request may send: at most so many once, and so many for each item of some list.
type Cost struct {
	Once    int `json:"once"`
	PerItem int `json:"perItem"`
	Writes  int `json:"writes"`
}

// String is a route as people write it.
func (r *Route) String() string { return strings.TrimSpace(r.Method + " " + r.Path) }

// reach is what lies behind a route.
type reach struct {
	functions map[*facts.Function]bool
	queries   []found
	effects   []foundEffect
}

type found struct {
	query                 *facts.Query
	perItem, maybe, guard bool
}

type foundEffect struct {
	effect  *facts.Effect
	perItem bool
}

// deepest bounds how many calls are followed from a handler.
const deepest = 14

// reach follows the calls of a route's handler. A function counts once, as often as the most frequent way to it.
func (a *assessor) reach(r *facts.Route) *reach {
	out := &reach{functions: map[*facts.Function]bool{}}
	if r.Handler == nil {
		return out
	}
	type state struct{ perItem, maybe, guard bool }
	best := map[*facts.Function]state{}
	type step struct {
		f     *facts.Function
		s     state
		depth int
	}
	queue := []step{{r.Handler, state{}, 0}}
	for _, g := range r.Guards {
		for _, f := range g.Runs {
			queue = append(queue, step{f, state{guard: true}, 0})
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if known, seen := best[at.f]; seen {
			merged := state{known.perItem || at.s.perItem, known.maybe && at.s.maybe, known.guard && at.s.guard}
			if merged == known {
				continue
			}
			at.s = merged
		}
		best[at.f] = at.s
		out.functions[at.f] = true
		if at.depth == deepest {
			continue
		}
		for _, call := range at.f.Calls {
			for _, callee := range call.Callees {
				if callee.Aside == "test" || callee.Aside == "command" && callee.Package != r.Handler.Package {
					continue
				}
				next := state{at.s.perItem || repeats(call.Loop) && !call.Place.EndsLoop, at.s.maybe || len(call.Callees) > 1, at.s.guard}
				queue = append(queue, step{callee, next, at.depth + 1})
			}
		}
	}
	for _, f := range a.facts.Functions { // in the order of files
		s, is := best[f]
		if !is {
			continue
		}
		for _, q := range f.Queries {
			if q.Library != "prepare" {
				out.queries = append(out.queries, found{q, s.perItem || repeats(q.Loop) && !q.Place.EndsLoop, s.maybe, s.guard})
			}
		}
		for _, e := range f.Effects {
			if isCall(e.Kind) {
				out.effects = append(out.effects, foundEffect{e, s.perItem || repeats(e.Loop) && !e.Place.EndsLoop})
			}
		}
	}
	return out
}

// repeats reports whether a loop runs for each item of something whose length is not known.
func repeats(l *facts.Loop) bool {
	for ; l != nil; l = l.Outer {
		if (l.Kind == facts.OverItems || l.Kind == facts.OverRows) && !l.Batch {
			return true
		}
	}
	return false
}

// isCall reports whether an effect asks something outside of the process.
func isCall(kind string) bool {
	return kind == "http" || kind == "mail" || kind == "queue" || kind == "rpc" || kind == "cloud"
}

// routes tells each route with what lies behind it.
func (a *assessor) routes() []*Route {
	out := make([]*Route, 0, len(a.facts.Routes))
	for _, fact := range a.facts.Routes {
		r := &Route{Method: fact.Method, Path: fact.Path, Kind: fact.Kind, At: at(fact.Pos), Guards: []Guard{}, Queries: []*Query{}, Calls: []Call{}, fact: fact}
		if fact.Handler != nil {
			r.Handler, r.Of, r.Module = fact.Handler.Name, at(fact.Handler.Pos), a.moduleOf[fact.Handler.Package]
		}
		r.Access = access(fact)
		for _, g := range fact.Guards {
			r.Guards = append(r.Guards, Guard{g.Name, g.Auth})
		}
		behind := a.reached[fact]
		for _, f := range behind.queries {
			r.Queries = append(r.Queries, query(f))
		}
		for _, e := range behind.effects {
			r.Calls = append(r.Calls, Call{at(e.effect.Pos), e.effect.Kind + ": " + e.effect.Name, e.perItem, e.effect.Bounded})
		}
		r.Cost = cost(r.Queries)
		r.Seen = !fact.Contract || len(r.Queries) > 0
		r.Tested = a.tests.covers(fact)
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(x, y *Route) int {
		return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method), cmp.Compare(x.At.File, y.At.File), cmp.Compare(x.At.Line, y.At.Line))
	})
	return out
}

func access(r *facts.Route) Access {
	switch {
	case r.Guarded():
		return Guarded
	case r.Checks:
		return Checks
	default:
		return Open
	}
}

func query(f found) *Query {
	q := &Query{
		At: at(f.query.Pos), In: f.query.From.Name, Tables: []string{}, Text: shown(f.query), PerItem: f.perItem, Maybe: f.maybe, Guard: f.guard,
		InTx: f.query.Handle.Kind == "tx" || f.query.Handle.Begun.Line > 0,
	}
	if s := f.query.Statement; s != nil {
		q.Verb = string(s.Verb)
		for _, t := range s.Tables {
			if t.Table != "" && !slices.Contains(q.Tables, t.Table) {
				q.Tables = append(q.Tables, t.Table)
			}
		}
	}
	return q
}

// shown is a query's text on one line, as far as it is known.
func shown(q *facts.Query) string {
	text := cmp.Or(q.Text, q.Chain, q.Name)
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "\uFFFC", "…")), " ")
	if runes := []rune(text); len(runes) > 160 {
		text = string(runes[:157]) + "…"
	}
	return text
}

func cost(queries []*Query) Cost {
	var c Cost
	for _, q := range queries {
		if q.PerItem {
			c.PerItem++
		} else {
			c.Once++
		}
		if q.Verb == "INSERT" || q.Verb == "UPDATE" || q.Verb == "DELETE" {
			c.Writes++
		}
	}
	return c
}
