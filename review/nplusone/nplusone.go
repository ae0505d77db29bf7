// Package nplusone finds queries that run once for each item of a list.
package nplusone

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/growth"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed n-plus-one.md
var document string

// Rule is the rule.
var Rule = rule.Rule{
	Name: "n-plus-one", Severity: rule.High, CWE: "CWE-1073", OWASP: "API4:2023", Document: document, Find: find,
}

// deepest bounds how far below the loop the query may be.
const deepest = 6

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	s := &search{tracer: tracer, tables: growth.Of(f, tracer), queries: map[facts.Pos]*facts.Query{}, lists: f.Functions, routes: len(f.Routes) > 0, inside: embedded(f.Libraries), toil: map[*facts.Function]bool{}, told: map[*facts.Loop]int{}, grown: map[*facts.Loop]string{}, owners: map[*facts.Loop]*facts.Function{}}
	for _, function := range f.Functions {
		for _, loop := range function.Loops {
			s.owners[loop] = function
		}
		for _, q := range function.Queries {
			s.queries[q.Pos] = q
		}
	}
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "migration" || function.Aside == "command" {
			continue
		}
		for _, q := range function.Queries {
			if q.Library != "prepare" {
				s.query(q)
			}
		}
		for _, e := range function.Effects {
			s.remote(function, e)
		}
	}
	return s.found
}

type search struct {
	tracer  *trace.Tracer
	tables  *growth.Tables
	queries map[facts.Pos]*facts.Query
	routes  bool
	inside  bool // the database runs within the process
	found   []rule.Finding
	toil    map[*facts.Function]bool // whether a function does work that is no query
	told    map[*facts.Loop]int      // which finding tells of a loop
	owners  map[*facts.Loop]*facts.Function
	grown   map[*facts.Loop]string // by what a loop is shown to be long
	lists   []*facts.Function      // what may read lists
}

// embedded reports whether the only database that the code can reach runs within its process, so that a query costs no round trip
// (https://www.sqlite.org/np1queryprob.html).
func embedded(libraries []*facts.Library) bool {
	found := false
	for _, library := range libraries {
		if library.Role != "driver" {
			continue
		}
		if library.Product != "SQLite" {
			return false
		}
		found = true
	}
	return found
}

// severity is how much a finding of a loop that may be as bad as high hurts.
func (s *search) severity() rule.Severity {
	if s.inside {
		return rule.Medium
	}
	return rule.High
}

// otherTable is a statement whose table is put into its text.
var otherTable = regexp.MustCompile(`(?i)\b(from|into|update|table)\s+["` + "`" + `]?\x{FFFC}`)

// asksOtherTables reports whether the table of a statement is not the same in each turn, as far as is known.
func asksOtherTables(q *facts.Query) bool {
	at := otherTable.FindStringIndex(q.Text)
	if at == nil {
		return false
	}
	piece := strings.Count(q.Text[:at[1]], "\uFFFC") - 1
	return piece < len(q.Dynamic) && (q.Dynamic[piece].Has(facts.FromLoop) || q.Dynamic[piece].Has(facts.FromParam))
}

// query looks for loops around one query, in its own function and in those that call it.
func (s *search) query(q *facts.Query) {
	if asksOtherTables(q) || q.Text == "" && q.Chain == "" && len(q.Dynamic) == 1 && len(q.Args) == 0 || strings.Contains(q.Text, "pg_notify(") {
		return // each turn asks another table, and no statement asks them all; or sends a statement, or a message, of its own
	}
	if q.Loop != nil && !q.Place.ErrorPath && !q.Place.EndsLoop {
		if loop := s.repeats(q.Loop, dependsOn(q, q.Loop)); loop != nil {
			s.report(q, loop, nil)
			return
		}
	}
	if q.Loop != nil || q.Place.ErrorPath {
		return // it is told of where it stands, or not at all
	}
	needs := params(arguments(q), q.From)
	s.resolver(q, q.From, needs, nil)
	s.hook(q, q.From, needs, nil)
	s.callers(q, needs)
	s.same(q)
}

// oneObject are names of what stores of objects do with one of them, and cannot do with several at once.
var oneObject = regexp.MustCompile(`\.(Get|Put|Head|Stat|Copy|FGet|FPut|Upload|Download|Read|Write)Object\w*$`)

// remote looks for a loop around a call to another service.
func (s *search) remote(f *facts.Function, e *facts.Effect) {
	if e.Kind != "http" && e.Kind != "remote" || oneObject.MatchString(e.Name) || e.Loop == nil || e.Place.ErrorPath || e.Place.EndsLoop || e.Place.Branch || f.Aside != "" {
		return
	}
	if s.repeats(e.Loop, anyTurns(e.Args, e.Loop)) == nil {
		return
	}
	confidence := rule.Likely
	if s.few(f, e.Loop) || s.grows(e.Loop) == "" {
		confidence = rule.Uncertain
	}
	evidence := append(s.tracer.To(f).Evidence(), rule.Evidence{Pos: e.Loop.Pos, What: "a loop, once for an item of " + e.Loop.Over}, rule.Evidence{Pos: e.Pos, What: e.Name})
	s.found = append(s.found, rule.Finding{
		Pos: e.Pos, Confidence: confidence, Severity: rule.Medium,
		Message:  fmt.Sprintf("%s asks another service once for each of %s", f.Name, e.Loop.Over),
		Evidence: evidence, Fix: "ask for all of them at once where the service can, or for some at a time, or keep what it answered",
	})
}

// resolver looks whether a query answers a field of an object of which there may be a list.
func (s *search) resolver(q *facts.Query, f *facts.Function, needs map[int]bool, calls []*facts.Call) {
	for _, r := range s.tracer.Routes(f) {
		if r.Kind != "field" || r.Single || !needs[r.Parent] {
			continue
		}
		evidence := []rule.Evidence{{Pos: r.Pos, What: fmt.Sprintf("%s answers %s of each object that a document asks for", f.Name, r.Path)}}
		for _, call := range calls {
			evidence = append(evidence, trace.Called(call))
		}
		confidence := rule.Likely
		if seldom(q, calls) {
			confidence = rule.Uncertain // what was read ahead is not asked for
		}
		s.found = append(s.found, rule.Finding{
			Pos: q.Pos, Confidence: confidence, Severity: s.severity(),
			Message:  fmt.Sprintf("the field %s asks the database once for each object of a list", r.Path),
			Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
			Fix:      "collect the keys of all objects with a loader, and ask once for all of them",
		})
	}
}

// repeats returns the loop where it runs for each item of a list of unknown length.
func (s *search) repeats(loop *facts.Loop, depends bool) *facts.Loop {
	if !depends || loop.Batch || loop.Kind != facts.OverItems && loop.Kind != facts.OverRows {
		return nil
	}
	return loop
}

// arguments are all values that a query is made of.
func arguments(q *facts.Query) []facts.Value {
	out := append([]facts.Value{}, q.Args...)
	out = append(out, q.Dynamic...)
	if q.Statement != nil {
		for _, p := range q.Statement.Predicates {
			if p.Arg != nil {
				out = append(out, *p.Arg)
			}
		}
	}
	return out
}

func dependsOn(q *facts.Query, loop *facts.Loop) bool {
	for _, v := range arguments(q) {
		if turns(v, loop) {
			return true
		}
	}
	return false
}

// turns reports whether a value changes with the turns of a loop. A list does so as a field of the item; one that the loop
// fills is sent in one go.
func turns(v facts.Value, loop *facts.Loop) bool {
	if v.Kind == "list" && !v.Part {
		return false
	}
	for _, o := range v.Origins {
		if o.Kind == facts.FromLoop && o.Loop == loop {
			return true
		}
	}
	return false
}

// params are the parameters of a function that values come from.
func params(values []facts.Value, f *facts.Function) map[int]bool {
	out := map[int]bool{}
	for _, v := range values {
		for _, o := range v.Origins {
			if o.Kind == facts.FromParam && o.Function == f {
				out[o.Index] = true
			}
		}
	}
	return out
}

// callers goes up from what a query is asked by, parameters of its function, to the loops that call with an item. A function that
// several paths lead through is passed once for each of its parameters, so that none of its loops is missed; the shortest
// path is told.
func (s *search) callers(q *facts.Query, needs map[int]bool) {
	type step struct {
		function *facts.Function
		needs    map[int]bool
		below    []*facts.Call
	}
	passed := map[*facts.Function]map[int]bool{q.From: needs}
	queue := []step{{q.From, needs, nil}}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, call := range at.function.Callers {
			if call.From.Aside == "test" || call.From.Aside == "migration" || call.Place.ErrorPath || call.Deferred {
				continue
			}
			values := given(call, at.needs)
			if at.function.Outer != nil {
				values = append(values, arguments(q)...) // a literal sees the variables around it
			}
			calls := append([]*facts.Call{call}, at.below...)
			if call.Loop != nil {
				if !call.Place.EndsLoop && s.repeats(call.Loop, anyTurns(values, call.Loop)) != nil {
					s.report(q, call.Loop, calls)
				}
				continue
			}
			next := without(params(values, call.From), passed[call.From])
			if len(next) == 0 {
				continue
			}
			passed[call.From] = union(passed[call.From], next)
			s.resolver(q, call.From, next, calls)
			s.hook(q, call.From, next, calls)
			if len(calls) < deepest {
				queue = append(queue, step{call.From, next, calls})
			}
		}
	}
}

// without are the parameters of one set that are not in another.
func without(set, other map[int]bool) map[int]bool {
	out := map[int]bool{}
	for index := range set {
		if !other[index] {
			out[index] = true
		}
	}
	return out
}

func union(set, other map[int]bool) map[int]bool {
	out := maps.Clone(other)
	maps.Copy(out, set)
	return out
}

func anyTurns(values []facts.Value, loop *facts.Loop) bool {
	for _, v := range values {
		if turns(v, loop) {
			return true
		}
	}
	return false
}

// given are the values that a call gives for parameters.
func given(call *facts.Call, needs map[int]bool) []facts.Value {
	var out []facts.Value
	if needs[-1] {
		out = append(out, call.Receiver)
	}
	for i, arg := range call.Args {
		if needs[i] {
			out = append(out, arg)
		}
	}
	return out
}

// report tells of a query that runs in each turn of a loop.
func (s *search) report(q *facts.Query, loop *facts.Loop, calls []*facts.Call) {
	owner, at := q.From, q.Pos
	if len(calls) > 0 {
		owner, at = calls[0].From, calls[0].Pos
	}
	if owner.Aside != "" && owner.Aside != "generated" {
		return
	}
	path := s.tracer.To(owner)
	finding := rule.Finding{Pos: at, Confidence: rule.Certain, Severity: s.severity()}
	switch {
	case path == nil && s.routes:
		finding.Severity, finding.Confidence = rule.Medium, rule.Likely // a worker, or a path that is not followed
	case path == nil:
		finding.Severity, finding.Confidence = rule.Medium, rule.Likely
	}
	write := q.Statement != nil && q.Statement.Write()
	if write {
		finding.Severity = rule.Medium
	}
	if s.ownWork(owner, loop) || s.few(owner, loop) || seldom(q, calls) || write && (s.tracer.Job(owner) || again(loop, calls)) || s.tracer.Sweep(owner) ||
		once(owner, calls) || ownValues(q, loop, calls) || s.small(loop) || q.GivesKey || alters(q) || !s.shown(q, loop, calls) || s.operated(owner) {
		finding.Severity, finding.Confidence = rule.Medium, rule.Uncertain
	}
	if !write && s.grows(loop) == aClient && q.One && readsToChange(q, calls) {
		finding.Confidence = rule.Uncertain // what each of the keys names is changed by itself, and read for that
	}
	each := "an item of " + loop.Over
	if loop.Kind == facts.OverRows {
		each = "a row of another query"
	}
	verb := "asks the database"
	if write {
		verb = "writes to the database"
	}
	finding.Message = fmt.Sprintf("%s %s once for each of %s", owner.Name, verb, strings.TrimPrefix(each, "an item of "))
	if loop.Kind == facts.OverRows {
		finding.Message = fmt.Sprintf("%s %s once for %s", owner.Name, verb, each)
	}
	finding.Evidence = path.Evidence()
	finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: loop.Pos, What: "a loop, once for " + each + s.because(loop)})
	for _, call := range calls {
		finding.Evidence = append(finding.Evidence, trace.Called(call))
	}
	finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
	finding.Fix = fix(q, write)
	s.tell(loop, finding)
}

// readsToChange reports whether a row is read for what the same turn then does with it: some function on the way changes rows of the table.
func readsToChange(q *facts.Query, calls []*facts.Call) bool {
	if q.Statement == nil || len(q.Statement.Tables) == 0 {
		return false
	}
	table := q.Statement.Tables[0].Table
	return changesTable(q.From, table, 0) || slices.ContainsFunc(calls, func(c *facts.Call) bool {
		return slices.ContainsFunc(c.Callees, func(f *facts.Function) bool { return changesTable(f, table, 1) })
	})
}

// tell tells of a loop once: what else it asks for stands in the evidence of the worst of its queries.
func (s *search) tell(loop *facts.Loop, finding rule.Finding) {
	known, is := s.told[loop]
	if !is {
		s.told[loop] = len(s.found)
		s.found = append(s.found, finding)
		return
	}
	first := &s.found[known]
	if finding.Confidence == rule.Uncertain && first.Confidence != rule.Uncertain {
		return
	}
	if first.Confidence == rule.Uncertain && finding.Confidence != rule.Uncertain || finding.Severity != first.Severity && finding.Severity.AtLeast(first.Severity) {
		*first, finding = finding, *first
	}
	also := rule.Evidence{Pos: finding.Pos, What: "and in each turn: " + strings.TrimPrefix(finding.Evidence[len(finding.Evidence)-1].What, "and in each turn: ")}
	if len(first.Evidence) < 16 && finding.Pos != first.Pos && !slices.ContainsFunc(first.Evidence, func(e rule.Evidence) bool { return e.Pos == also.Pos }) {
		first.Evidence = append(first.Evidence, also)
	}
}

// fix says what one statement for all items looks like.
func fix(q *facts.Query, write bool) string {
	st := q.Statement
	if write && st != nil && st.Verb == facts.Insert {
		return "collect the rows, and insert them with one statement of several VALUES (or COPY)"
	}
	if st != nil && len(st.Tables) > 0 {
		for _, p := range st.Predicates {
			if p.Operator == "=" && p.Arg != nil && p.Column != "" && !p.Disjoint {
				if write {
					return fmt.Sprintf("collect the values of %s, and change all rows with one statement: WHERE %s IN (…)", p.Column, p.Column)
				}
				return fmt.Sprintf("collect the values of %s before the loop, and ask once: SELECT … FROM %s WHERE %s IN (…); then look the rows up in a map", p.Column, st.Tables[0].Table, p.Column)
			}
		}
	}
	return "collect the keys before the loop, ask once for all of them, and look the rows up in a map"
}
