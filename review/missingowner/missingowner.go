// Package missingowner finds rows that are found by their key alone where the route names whose they are.
package missingowner

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
	"github.com/fettlehq/fettle/schema"
)

//go:embed missing-owner.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "missing-owner", Severity: rule.High, CWE: "CWE-639", OWASP: "API1:2023", Exposes: true, Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	s := &search{facts: f, tracer: trace.New(f), columns: map[string][]string{}, ofTable: map[string][]*facts.Query{}}
	for _, function := range f.Functions {
		for _, q := range function.Queries {
			if q.Statement != nil && ofOne(q.Statement) {
				table := strings.ToLower(q.Statement.Tables[0].Table)
				if function.Aside != "test" {
					s.ofTable[table] = append(s.ofTable[table], q)
				}
				for _, p := range q.Statement.Predicates {
					s.columns[table] = append(s.columns[table], strings.ToLower(p.Column))
				}
			}
		}
	}
	for _, function := range f.Functions {
		if function.Aside != "" && function.Aside != "generated" {
			continue
		}
		for _, q := range function.Queries {
			s.byTenant(q)
			if key := s.named(q); key != nil && !s.byRoute(q, key) && !s.byFields(q, key) && !s.byBody(q, key) {
				s.byCaller(q, key)
			}
		}
	}
	s.bySiblings()
	s.byRepositories()
	s.bySent()
	s.byCases()
	s.byHabit()
	s.byLoaded()
	s.byUnheeded()
	return s.found
}

type search struct {
	facts   *facts.Facts
	tracer  *trace.Tracer
	columns map[string][]string       // that queries compare, by table
	ofTable map[string][]*facts.Query // of one table alone, whatever subqueries of others its conditions have
	found   []rule.Finding
}

// key is the condition by which a query finds one row by its key alone; nil where it does not.
func (s *search) key(q *facts.Query) *facts.Predicate { return s.byKey(q, "=") }

// named is the condition by which a query finds the rows of one key, or of each key of a list, by that alone; nil where it does not.
func (s *search) named(q *facts.Query) *facts.Predicate {
	if key := s.key(q); key != nil {
		return key
	}
	return s.byKey(q, "IN")
}

func (s *search) byKey(q *facts.Query, operator string) *facts.Predicate {
	if q.Statement == nil || len(q.Statement.Tables) != 1 || q.Statement.Nested {
		return nil
	}
	return s.keyOf(q.Statement, operator)
}

// ofOne reports whether a statement is of one table, but for subqueries that a column is compared with.
func ofOne(st *facts.Statement) bool {
	return len(st.Tables) > 0 && !slices.ContainsFunc(st.Tables[1:], func(t facts.TableUse) bool { return t.Join != "within" })
}

// keyOf is the condition by which a statement of one table finds rows by their key, whatever else it asks for; nil where it does not.
func (s *search) keyOf(st *facts.Statement, operator string) *facts.Predicate {
	if !ofOne(st) || st.Nested && !st.Covered || st.Aggregate || st.Verb != facts.Select && st.Verb != facts.Update && st.Verb != facts.Delete {
		return nil
	}
	primary := "id"
	if t := s.table(st.Tables[0].Table); t != nil && len(t.PrimaryKey) == 1 {
		primary = t.PrimaryKey[0]
	}
	for i, p := range st.Predicates {
		if p.Operator == operator && p.Arg != nil && !p.Disjoint && (strings.EqualFold(p.Column, primary) || p.Column == "uuid" || p.Column == "slug") {
			return &st.Predicates[i]
		}
	}
	return nil
}

func (s *search) table(name string) *schema.Table {
	for _, t := range s.facts.Database.Schema.Tables {
		if strings.EqualFold(t.Name, name) {
			return t
		}
	}
	return nil
}

var pathParam = regexp.MustCompile(`\{(\w+)\}`)

// byRoute looks at the parameters of the route's path: the last names the row, those before it whose it is. It reports whether it told
// of it.
func (s *search) byRoute(q *facts.Query, key *facts.Predicate) bool {
	for _, start := range s.starts(q) {
		for _, route := range s.tracer.Routes(start) {
			names := inPathOf(route)
			if len(names) < 2 {
				continue
			}
			own := names[len(names)-1]
			source := s.tracer.FromParam(q.From, *key.Arg, own)
			if source == nil || !s.from(q, source).Within(start) && !start.Contains(source.Origin.Pos) {
				continue
			}
			parent := names[len(names)-2]
			column := s.parentColumn(q.Statement.Tables[0].Table, parent)
			if column == "" || s.scoped(q, start, parent, column) {
				continue
			}
			s.tell(q, source, route, parent, column)
			return true
		}
	}
	return false
}

// starts are the handlers of routes that a query may serve.
func (s *search) starts(q *facts.Query) []*facts.Function {
	var out []*facts.Function
	above := []*facts.Function{q.From}
	seen := map[*facts.Function]bool{q.From: true}
	for depth := 0; depth < 6 && len(above) > 0; depth++ {
		var next []*facts.Function
		for _, f := range above {
			if len(s.tracer.Routes(f)) > 0 {
				out = append(out, f)
			}
			for _, call := range f.Callers {
				if !seen[call.From] && call.From.Aside != "test" && len(seen) < 200 {
					seen[call.From] = true
					next = append(next, call.From)
				}
			}
		}
		above = next
	}
	return out
}

func (s *search) from(q *facts.Query, source *trace.Source) *facts.Function {
	if len(source.Calls) > 0 {
		return source.Calls[0].From
	}
	return q.From
}

// endings are what names of parameters and columns of a row's owner end with.
var endings = regexp.MustCompile(`(?i)_?(id|uuid|slug|name|key)$`)

// short are the usual short and other forms of words that name what holds rows.
var short = map[string]string{
	"org": "organization", "organisation": "organization", "repo": "repository", "proj": "project", "env": "environment", "app": "application", "ws": "workspace",
}

// inFull is what a parameter or a column names, without its ending: "organization" of orgID and of organisation_id.
func inFull(name string) string {
	base := strings.ToLower(strings.ReplaceAll(endings.ReplaceAllString(name, ""), "_", ""))
	if full, is := short[base]; is {
		return full
	}
	return base
}

// parentColumn is the column of a table that says which row of the parent it belongs to; "" where there is none.
func (s *search) parentColumn(table, param string) string {
	base := inFull(param)
	if base == "" {
		return ""
	}
	matches := func(column string) bool { return endings.MatchString(column) && inFull(column) == base }
	if t := s.table(table); t != nil {
		for _, c := range t.Columns {
			if matches(c.Name) {
				return c.Name
			}
		}
		return ""
	}
	for _, c := range s.columns[strings.ToLower(table)] {
		if matches(c) {
			return c
		}
	}
	return ""
}

// scoped reports whether the query, or something else on the way from the handler, holds the row against its parent.
func (s *search) scoped(q *facts.Query, start *facts.Function, parent, column string) bool {
	for _, p := range q.Statement.Predicates {
		if strings.EqualFold(p.Column, column) {
			return true
		}
	}
	for _, arg := range q.Args {
		if s.tracer.FromParam(q.From, arg, parent) != nil {
			return true
		}
	}
	for _, f := range trace.Below(start) {
		if slices.ContainsFunc(f.Matches, func(name string) bool { return named(name, column) }) {
			return true
		}
		for _, other := range f.Queries {
			if other == q || other.Statement == nil || !other.Statement.Uses(q.Statement.Tables[0].Table) {
				continue
			}
			if other.Statement.Nested || slices.ContainsFunc(other.Statement.Predicates, func(p facts.Predicate) bool { return strings.EqualFold(p.Column, column) }) {
				return true
			}
		}
	}
	return false
}

func (s *search) tell(q *facts.Query, source *trace.Source, route *facts.Route, parent, column string) {
	table := q.Statement.Tables[0].Table
	evidence := []rule.Evidence{{Pos: route.Pos, What: fmt.Sprintf("route %s is handled by %s", route, route.Handler.Name)}, {Pos: source.Origin.Pos, What: source.Origin.Name + " comes from the client"}}
	for _, call := range source.Calls {
		evidence = append(evidence, trace.Called(call))
	}
	evidence = append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
	s.found = append(s.found, rule.Finding{
		Pos: q.Pos, Confidence: rule.Likely,
		Message:  fmt.Sprintf("route %s finds the row of %s by its key alone: a %s of another %s is as good", route, table, strings.TrimSuffix(table, "s"), parent),
		Evidence: evidence, Fix: fmt.Sprintf("AND %s = …, with %s of the path", column, parent),
	})
}

// judged reports whether a check of a type, one that answers yes or no, reads the row itself by its key before it answers: what it
// says of the row holds for whoever asks, wherever the path says the row is. Where what calls the method that asks for the row is seen to ask other
// checks of the type alone, those that are not asked say nothing.
func (s *search) judged(q *facts.Query, typeName, table string) bool {
	var names []string
	for _, f := range s.facts.Functions {
		if !f.Judges || f.Aside == "test" || !ofType(f, typeName) {
			continue
		}
		for _, below := range trace.Below(f) {
			for _, q := range below.Queries {
				st := q.Statement
				if st != nil && st.Verb == facts.Select && st.Uses(table) && (s.key(q) != nil || q.One && len(st.Predicates) == 0 && len(st.Tables) == 1) {
					names = append(names, f.Own)
				}
			}
		}
	}
	return len(names) > 0 && !passesBy(q.From, typeName, names, 0)
}

// checkOf is the check of a type that is named after one of its methods: CanUpdate of Update; nil for none.
func (s *search) checkOf(method *facts.Function, typeName string) *facts.Function {
	i := slices.IndexFunc(s.facts.Functions, func(f *facts.Function) bool {
		return f.Judges && f.Own == "Can"+method.Own && f.Of == method.Of && ofType(f, typeName)
	})
	if i < 0 {
		return nil
	}
	return s.facts.Functions[i]
}

func ofType(f *facts.Function, typeName string) bool {
	return slices.ContainsFunc(f.Bound, func(b facts.Bound) bool { return b.Type == typeName })
}

// passesBy reports whether a method of a type leads to a function, and what calls it through an interface asks checks of the interface before, and none
// of those that have some names.
func passesBy(f *facts.Function, typeName string, names []string, depth int) bool {
	if depth > 3 || f.Judges || !ofType(f, typeName) {
		return false
	}
	for _, call := range f.Callers {
		if call.From.Aside == "test" || call.Handed {
			continue
		}
		if len(call.Callees) == 1 {
			if passesBy(call.From, typeName, names, depth+1) {
				return true
			}
			continue
		}
		asks, asksThose := false, false
		for _, other := range call.From.Calls {
			for _, callee := range other.Callees {
				asks = asks || len(other.Callees) > 1 && callee.Judges
				asksThose = asksThose || slices.Contains(names, callee.Own)
			}
		}
		if asks && !asksThose {
			return true
		}
	}
	return false
}

// byFields looks at the fields that a router fills: one is the row's key, another says whose it is. It reports whether it told of it.
func (s *search) byFields(q *facts.Query, key *facts.Predicate) bool {
	var own *facts.Bound
	for i, b := range q.From.Bound {
		if b.Key && slices.ContainsFunc(key.Arg.Origins, func(o facts.Origin) bool { return o.Kind == facts.FromRequest && o.Name == b.Param }) {
			own = &q.From.Bound[i]
		}
	}
	if own == nil {
		return false
	}
	table := q.Statement.Tables[0].Table
	if slices.ContainsFunc(q.From.Queries, func(other *facts.Query) bool {
		return other.Statement != nil && other.Statement.Verb == facts.Insert && other.Statement.Uses(table) && other.Pos.Line < q.Pos.Line
	}) {
		return false // the key is that of the row that it has inserted
	}
	for _, b := range q.From.Bound {
		t := s.table(table)
		if b.Key || !strings.HasSuffix(b.Column, "_id") || t == nil || !slices.ContainsFunc(t.Columns, func(c *schema.Column) bool { return c.Name == b.Column }) {
			continue
		}
		compared := slices.ContainsFunc(q.From.Matches, func(name string) bool { return named(name, b.Column) })
		for _, p := range q.Statement.Predicates {
			compared = compared || p.Column == b.Column
		}
		for _, other := range q.From.Queries {
			for _, o := range other.Args {
				compared = compared || slices.ContainsFunc(o.Origins, func(o facts.Origin) bool { return o.Kind == facts.FromRequest && o.Name == b.Param })
			}
		}
		if compared || s.judged(q, own.Type, q.Statement.Tables[0].Table) {
			continue
		}
		evidence := []rule.Evidence{{Pos: q.From.Pos, What: fmt.Sprintf("%s and %s are filled from the route's path", own.Column, b.Column)}}
		if check := s.checkOf(q.From, own.Type); check != nil {
			evidence = append(evidence, rule.Evidence{Pos: check.Pos, What: check.Name + " asks before, and reads no such row by its key"})
		}
		s.found = append(s.found, rule.Finding{
			Pos: q.Pos, Confidence: rule.Likely,
			Message:  fmt.Sprintf("%s finds the row of %s by its key alone, although the path names its %s: a row of another one is as good", q.From.Name, table, b.Param),
			Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}), Fix: fmt.Sprintf("AND %s = …", b.Column),
		})
		return true
	}
	return false
}

// named reports whether a name that the code compares, in lower case with underscores, is that of a column.
func named(name, column string) bool { return strings.EqualFold(name, facts.Snake(column)) }
