package missingowner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
	"github.com/fettlehq/fettle/schema"
)

// A path need not name whose a row is: DELETE /comments/{id} is for whoever is signed in, and the row has a column that names a user.
// That the column decides who may reach a row is shown by the code's other statements of the table, which compare it beside the key.

var (
	// people are tables of those who call.
	people = regexp.MustCompile(`(?i)(^|_)(users?|accounts?|members?|customers?|people|persons?|profiles?)$`)
	// ofPerson are columns that name one who calls.
	ofPerson = regexp.MustCompile(`(?i)^((user|author|owner|creator|account|member|customer|profile|person|uploader)_?(id|uid|uuid)?|(created|owned|uploaded)_?by(_?(id|uid))?)$`)
	// ofPersonToo are columns that are worth a question where no other statement shows what they are for.
	ofPersonToo = regexp.MustCompile(`(?i)^(user|author|owner|creator)_?(id|uid|uuid)$`)
	// secretColumn are columns of what only those know whom the row is for.
	secretColumn = regexp.MustCompile(`(?i)(token|secret|code|hash|nonce|state|password|signature|email)`)
	// session are names of cookies, and of tables of what lets somebody in.
	session = regexp.MustCompile(`(?i)(session|cookie|token|nonce|captcha|^sid$)`)
	// granted are tables of what somebody makes to let programs in, and whose rows are found by keys of their own.
	granted = regexp.MustCompile(`(?i)(personal|access|api|auth)_?(access)?_?(token|key)s?$`)
	// entering are paths of those who come in, of whom nobody knows yet who they are.
	entering = regexp.MustCompile(`(?i)(log-?in|log-?out|sign-?(in|up|out)|register|registration|password|reset|forgot|verify|confirm|activat|oauth|oidc|sso|callback|webhook|unsubscribe)`)
)

// ownerColumn reports whether a column of a table names one who calls.
func (s *search) ownerColumn(table, column string) bool {
	if ofPerson.MatchString(column) {
		return true
	}
	t := s.table(table)
	return t != nil && slices.ContainsFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool {
		return len(k.Columns) == 1 && strings.EqualFold(k.Columns[0], column) && people.MatchString(k.Table)
	})
}

// byCaller looks at what routes of signed-in callers send as the key of a row that belongs to one of them.
func (s *search) byCaller(q *facts.Query, key *facts.Predicate) {
	st := q.Statement
	table := st.Tables[0].Table
	if people.MatchString(table) || counts(st) || slices.ContainsFunc(st.Predicates, func(p facts.Predicate) bool {
		return s.ownerColumn(table, p.Column) || secretColumn.MatchString(p.Column) || p.Arg != nil && p.Arg != key.Arg && p.Arg.Has(facts.FromContext)
	}) {
		return
	}
	sibling, column := s.owned(q)
	if sibling == nil {
		if column = s.maybeOwner(table); column == "" || !st.Write() {
			return
		}
	}
	if !st.Write() && len(st.Columns) == 1 && s.ownerColumn(table, st.Columns[0]) {
		return // to ask whose it is
	}
	for _, source := range s.tracer.Sent(q.From, *key.Arg) {
		start := s.from(q, source)
		if session.MatchString(source.Origin.Name) {
			continue
		}
		routes := s.tracer.Routes(start)
		for _, route := range routes {
			if !route.Guarded() && (!route.Checks || entering.MatchString(route.Path)) || s.tracer.ForOperators(route) || trace.Permits(route) || session.MatchString(table) && !granted.MatchString(table) && !strings.Contains(route.Path, "{"+source.Origin.Name+"}") {
				continue
			}
			if s.held(q, route, column) {
				continue
			}
			found := ofCaller(q, source, route, sibling, column)
			if sibling == nil && s.unasked(route, table, column) {
				found.Confidence = rule.Likely
				found.Message += fmt.Sprintf(", and %s never learns who that is, as others of %s do", route.Handler.Name, route.Router)
			}
			s.found = append(s.found, found)
			return
		}
	}
}

// counts reports whether all that a statement writes is reckoned from what was there: views and likes are for everybody to add to.
func counts(st *facts.Statement) bool {
	return st.Verb == facts.Update && len(st.Sets) > 0 && !slices.ContainsFunc(st.Sets, func(column string) bool { return !slices.Contains(st.Self, column) })
}

// owned is another statement of a query's table, on the way of a route, that finds a row by its key and by one who calls, and the column
// that names him. What everybody may read may be for its owner to change, so that a read is judged by reads of routes that do no more: most of
// them must ask for the owner.
func (s *search) owned(q *facts.Query) (*facts.Query, string) {
	table := q.Statement.Tables[0].Table
	var found *facts.Query
	column, asking, others := "", 0, 0
	for _, other := range s.ofTable[strings.ToLower(table)] {
		way := s.tracer.To(other.From)
		if way == nil || s.keyOf(other.Statement, "=") == nil || !q.Statement.Write() && (other.Statement.Write() || way.Route.Writes()) {
			continue // to change a row it is read first
		}
		i := slices.IndexFunc(other.Statement.Predicates, func(p facts.Predicate) bool {
			return p.Operator == "=" && p.Arg != nil && !p.Disjoint && s.ownerColumn(table, p.Column) && !s.inPath(other, *p.Arg)
		})
		switch {
		case i < 0:
			others++
		case found == nil:
			found, column = other, other.Statement.Predicates[i].Column
			fallthrough
		default:
			asking++
		}
	}
	if !q.Statement.Write() && asking < others {
		return nil, ""
	}
	return found, column
}

// inPath reports whether a value of a query stands in the path of a route: whose rows are asked for, and not who asks.
func (s *search) inPath(q *facts.Query, v facts.Value) bool {
	return slices.ContainsFunc(s.tracer.Sent(q.From, v), func(source *trace.Source) bool {
		return slices.ContainsFunc(s.facts.Routes, func(r *facts.Route) bool { return strings.Contains(r.Path, "{"+source.Origin.Name+"}") })
	})
}

// maybeOwner is the column of a table that names a user by its own name and by a key to the users' table; "" where there is none.
func (s *search) maybeOwner(table string) string {
	t := s.table(table)
	if t == nil {
		return ""
	}
	for _, c := range t.Columns {
		if ofPersonToo.MatchString(c.Name) {
			return c.Name
		}
	}
	return ""
}

// held reports whether something else on the way of a route holds the row against the caller: a comparison with the column, another
// statement that asks for it, a question whether he may, or a guard that looks at such rows.
func (s *search) held(q *facts.Query, route *facts.Route, column string) bool {
	table := q.Statement.Tables[0].Table
	for _, f := range trace.Below(route.Handler) {
		if f.Permits || slices.ContainsFunc(f.Equates, func(name string) bool { return named(name, column) || ofPerson.MatchString(name) }) {
			return true
		}
		for _, other := range f.Queries {
			if other != q && other.Statement != nil && (other.Statement.Nested && other.Statement.Uses(table) || s.asksForOwner(other.Statement) && !besides(q, other)) {
				return true
			}
		}
	}
	for _, g := range route.Guards {
		for _, run := range g.Runs {
			for _, f := range trace.Below(run) {
				if slices.ContainsFunc(f.Queries, func(other *facts.Query) bool { return other.Statement != nil && other.Statement.Uses(table) }) {
					return true
				}
			}
		}
	}
	return false
}

// unasked reports whether a handler cannot have asked whose a row is: it is told nothing of who is calling, where most of those that stand beside it and
// ask for rows of the table are, and one of them changes some. The column names a user by a key to the users' table.
func (s *search) unasked(route *facts.Route, table, column string) bool {
	t := s.table(table)
	if route.Checks || t == nil || !slices.ContainsFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool {
		return len(k.Columns) == 1 && strings.EqualFold(k.Columns[0], column) && people.MatchString(k.Table)
	}) {
		return false
	}
	told, all, writing := 0, 0, 0
	for _, other := range s.facts.Routes {
		if other.Router != route.Router || other.Kind != route.Kind || other.Pos.File != route.Pos.File || other.Handler == nil || other.Handler == route.Handler {
			continue
		}
		uses, writes := asksFor(other.Handler, table)
		if !uses {
			continue
		}
		all++
		if other.Checks {
			told++
			if writes {
				writing++
			}
		}
	}
	return told >= 2 && writing >= 1 && 2*told > all && !slices.ContainsFunc(trace.Below(route.Handler), knowsCaller)
}

// asksFor reports whether a handler, or what it calls, asks for rows of a table, and whether it changes some.
func asksFor(handler *facts.Function, table string) (uses, writes bool) {
	for _, f := range trace.Below(handler) {
		for _, q := range f.Queries {
			if q.Statement != nil && len(q.Statement.Tables) > 0 && strings.EqualFold(q.Statement.Tables[0].Table, table) {
				uses, writes = true, writes || q.Statement.Write()
			}
		}
	}
	return uses, writes
}

// knowsCaller reports whether a function gives anything on that says who is calling.
func knowsCaller(f *facts.Function) bool {
	has := func(v facts.Value) bool { return v.Has(facts.FromContext) }
	return slices.ContainsFunc(f.Queries, func(q *facts.Query) bool { return slices.ContainsFunc(q.Args, has) }) ||
		slices.ContainsFunc(f.Calls, func(c *facts.Call) bool { return slices.ContainsFunc(c.Args, has) })
}

// besides reports whether another statement does its work beside a query, and decides nothing of it: it changes the caller's rows of another table, or
// reads those that hang on the query's row, be they some or none.
func besides(q, other *facts.Query) bool {
	if other.Statement.Uses(q.Statement.Tables[0].Table) {
		return false
	}
	if other.Statement.Write() {
		return true
	}
	return other.From == q.From && !other.One && !other.Statement.Aggregate && other.Statement.Limit == "" && slices.ContainsFunc(other.Args, func(v facts.Value) bool {
		return slices.ContainsFunc(q.Args, func(of facts.Value) bool { return sameParam(v, of) })
	})
}

// sameParam reports whether two values are one parameter of their function, and nothing else.
func sameParam(a, b facts.Value) bool {
	return len(a.Origins) == 1 && len(b.Origins) == 1 && a.Origins[0].Kind == facts.FromParam && b.Origins[0].Kind == facts.FromParam &&
		a.Origins[0].Function == b.Origins[0].Function && a.Origins[0].Index == b.Origins[0].Index && a.Origins[0].Field == b.Origins[0].Field
}

// asksForOwner reports whether a statement looks for rows of one who calls.
func (s *search) asksForOwner(st *facts.Statement) bool {
	return st.Verb != facts.Insert && slices.ContainsFunc(st.Predicates, func(p facts.Predicate) bool {
		return ofPerson.MatchString(p.Column) || p.Table != "" && s.ownerColumn(p.Table, p.Column)
	})
}

func ofCaller(q *facts.Query, source *trace.Source, route *facts.Route, sibling *facts.Query, column string) rule.Finding {
	table := q.Statement.Tables[0].Table
	evidence := []rule.Evidence{{Pos: route.Pos, What: fmt.Sprintf("route %s is handled by %s, for whoever is signed in", route, route.Handler.Name)}, {Pos: source.Origin.Pos, What: source.Origin.Name + " comes from the client"}}
	for _, call := range source.Calls {
		evidence = append(evidence, trace.Called(call))
	}
	evidence = append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
	finding := rule.Finding{
		Pos: q.Pos, Severity: rule.Medium, Confidence: rule.Uncertain,
		Message: fmt.Sprintf("route %s finds the row of %s by its key alone, whoever's it is: nothing compares %s with the caller", route, table, column),
		Fix:     fmt.Sprintf("AND %s = …, the caller's", column),
	}
	if q.Statement.Write() {
		finding.Severity = rule.High
	}
	if sibling != nil {
		finding.Confidence = rule.Likely
		finding.Message += fmt.Sprintf(", as %s does", sibling.From.Name)
		evidence = append(evidence, rule.Evidence{Pos: sibling.Pos, What: "what compares it: " + trace.Query(sibling)})
	}
	finding.Evidence = evidence
	return finding
}
