package missingowner

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// What a request asks for may stand in its body: a handler goes to one of several cases by the name of an action, each for the rows that the request names.
// The cases are siblings as routes of one row are.

// asksByName are functions that answer whether the caller may have a row.
var asksByName = regexp.MustCompile(`(?i)^(check|require|ensure|verify|assert|can|may|is|has)\w*(owner|access|permission|allowed)`)

// oneOf is what stands in one case of a switch.
type oneOf struct {
	calls   []*facts.Call
	queries []*facts.Query // in its own text, and in what it calls
	below   []*facts.Function
	names   []string // of what its calls and queries are given
}

// byCases looks at the cases of a switch, most of which ask whose the row is before they change it.
func (s *search) byCases() {
	for _, f := range s.facts.Functions {
		if f.Aside != "" {
			continue
		}
		switches := casesOf(f)
		for _, at := range slices.SortedFunc(maps.Keys(switches), func(a, b facts.Pos) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) }) {
			s.amongCases(f, at, switches[at])
		}
	}
}

// casesOf are the cases of a function by their switch.
func casesOf(f *facts.Function) map[facts.Pos]map[int]*oneOf {
	out := map[facts.Pos]map[int]*oneOf{}
	of := func(p facts.Place) *oneOf {
		if out[p.Switch] == nil {
			out[p.Switch] = map[int]*oneOf{}
		}
		if out[p.Switch][p.Case] == nil {
			out[p.Switch][p.Case] = &oneOf{}
		}
		return out[p.Switch][p.Case]
	}
	for _, call := range f.Calls {
		if call.Place.Switch.Line == 0 || call.Handed {
			continue
		}
		c := of(call.Place)
		c.calls = append(c.calls, call)
		for _, arg := range call.Args {
			c.names = append(c.names, arg.Text)
		}
		for _, callee := range call.Callees {
			for _, below := range trace.Below(callee) {
				c.below, c.queries = append(c.below, below), append(c.queries, below.Queries...)
			}
		}
	}
	for _, q := range f.Queries {
		if q.Place.Switch.Line > 0 {
			c := of(q.Place)
			c.queries = append(c.queries, q)
			for _, arg := range q.Args {
				c.names = append(c.names, arg.Text)
			}
		}
	}
	return out
}

// asksIn reports whether a case asks in any way whether its caller may.
func (s *search) asksIn(c *oneOf) bool {
	return slices.ContainsFunc(c.below, s.asks) || slices.ContainsFunc(c.calls, asksAtOnce) ||
		slices.ContainsFunc(c.queries, func(q *facts.Query) bool { return q.Statement != nil && s.asksForOwner(q.Statement) })
}

func asksAtOnce(call *facts.Call) bool {
	return slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool { return asksByName.MatchString(callee.Own) })
}

func (s *search) amongCases(f *facts.Function, at facts.Pos, cases map[int]*oneOf) {
	if len(cases) < 3 {
		return
	}
	asking, open := map[string][]*oneOf{}, map[string][]*oneOf{} // by table
	changes := map[*oneOf]*facts.Query{}
	for _, i := range slices.Sorted(maps.Keys(cases)) {
		c, seen := cases[i], map[string]bool{}
		for _, q := range c.queries {
			if s.key(q) == nil {
				continue
			}
			table := strings.ToLower(q.Statement.Tables[0].Table)
			if q.Statement.Write() && changes[c] == nil {
				changes[c] = q
			}
			if seen[table] || people.MatchString(table) || session.MatchString(table) {
				continue
			}
			seen[table] = true
			if s.asksIn(c) {
				asking[table] = append(asking[table], c)
			} else {
				open[table] = append(open[table], c)
			}
		}
	}
	for _, table := range slices.Sorted(maps.Keys(open)) {
		those, peers := open[table], asking[table]
		if len(those) != 1 || len(peers) < 2 || changes[those[0]] == nil || !strings.EqualFold(changes[those[0]].Statement.Tables[0].Table, table) || !sharesName(those[0], peers) {
			continue
		}
		if s.asksBefore(f, at) {
			continue
		}
		s.tellCase(f, table, those[0], peers, changes[those[0]])
	}
}

// sharesName reports whether a case is given what another one is: the key that the request names.
func sharesName(c *oneOf, others []*oneOf) bool {
	return slices.ContainsFunc(c.names, func(name string) bool {
		return name != "" && !strings.Contains(strings.ToLower(name), "context") && name != "ctx" && !slices.ContainsFunc(others, func(other *oneOf) bool { return !slices.Contains(other.names, name) })
	})
}

func (s *search) tellCase(f *facts.Function, table string, c *oneOf, peers []*oneOf, q *facts.Query) {
	path := s.tracer.To(f)
	if path == nil || !path.Route.Guarded() && !path.Route.Checks || s.tracer.ForOperators(path.Route) || trace.Permits(path.Route) && path.Route.Handler != f {
		return
	}
	at := q.Pos
	evidence := path.Evidence()
	if len(c.calls) > 0 && q.From != f {
		at = c.calls[0].Pos
		evidence = append(evidence, trace.Called(c.calls[0]))
	}
	evidence = append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
	for _, peer := range peers[:2] {
		if len(peer.calls) > 0 {
			evidence = append(evidence, rule.Evidence{Pos: peer.calls[0].Pos, What: "another case asks whose the row is"})
		}
	}
	s.found = append(s.found, rule.Finding{
		Pos: at, Severity: rule.High, Confidence: rule.Likely,
		Message:  fmt.Sprintf("a case of %s changes the row of %s by its key alone, whoever's it is: %d others of the switch ask first", f.Name, table, len(peers)),
		Evidence: evidence, Fix: "ask in this case too, as the others do",
	})
}

// asksBefore reports whether a function asks before it goes to one of its cases, for all of them.
func (s *search) asksBefore(f *facts.Function, at facts.Pos) bool {
	return slices.ContainsFunc(f.Calls, func(call *facts.Call) bool {
		return call.Place.Switch.Line == 0 && call.Pos.Line < at.Line && !call.Handed &&
			(asksAtOnce(call) || slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool { return slices.ContainsFunc(trace.Below(callee), s.asks) }))
	})
}
