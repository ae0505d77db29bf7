// Package checktheninsert finds uniqueness that only the code looks after.
package checktheninsert

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

//go:embed check-then-insert.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "check-then-insert", Severity: rule.High, CWE: "CWE-367", Document: document, Find: find}

// drawn are columns of what is drawn at random: nobody looks whether one is free.
var drawn = regexp.MustCompile(`(?i)(token|secret|nonce|session)(_?(id|key|hash))?$`)

// step is a query that a function makes, itself or by a call.
type step struct {
	query *facts.Query
	call  *facts.Call // nil where it stands in the function
	at    facts.Pos
	place facts.Place
	loop  *facts.Loop // in which it stands
}

func find(f *facts.Facts) []rule.Finding {
	if f.Database == nil {
		return nil
	}
	tracer := trace.New(f)
	var out []rule.Finding
	told := map[string]int{} // one unique key mends all of a package that look for the same
	for _, function := range f.Functions {
		out = append(out, updateThenInsert(tracer, function)...)
		path := tracer.To(function)
		if path == nil || function.Aside != "" {
			continue
		}
		list := steps(function)
		for _, check := range list {
			for _, insert := range list {
				if finding, found := judge(f.Database, check, insert); found {
					key := function.Package + " " + string(finding.Confidence) + " " + finding.Message
					if i, is := told[key]; is {
						out[i].Evidence = append(out[i].Evidence, rule.Evidence{Pos: finding.Pos, What: "and one is made here too"})
						continue
					}
					finding.Evidence = append(path.Evidence(), finding.Evidence...)
					told[key] = len(out)
					out = append(out, finding)
				}
			}
		}
	}
	return out
}

// updateThenInsert finds rows that are made where an update of the same table has found none to change.
func updateThenInsert(tracer *trace.Tracer, f *facts.Function) []rule.Finding {
	if f.Aside != "" {
		return nil
	}
	var out []rule.Finding
	for _, insert := range f.Queries {
		st := insert.Statement
		if insert.WhenNone.Line == 0 || st == nil || st.Verb != facts.Insert || st.OnConflict || len(st.Tables) == 0 {
			continue
		}
		i := slices.IndexFunc(f.Queries, func(q *facts.Query) bool { return q.Pos == insert.WhenNone })
		if i < 0 || f.Queries[i].Statement == nil || f.Queries[i].Statement.Verb != facts.Update || !f.Queries[i].Statement.Uses(st.Tables[0].Table) {
			continue
		}
		update := f.Queries[i]
		var columns []string
		for _, p := range update.Statement.Predicates {
			if p.Operator == "=" && p.Column != "" && !slices.Contains(columns, p.Column) {
				columns = append(columns, p.Column)
			}
		}
		out = append(out, rule.Finding{
			Pos: insert.Pos, Confidence: rule.Likely, Severity: rule.Medium,
			Message: fmt.Sprintf("a row of %s is made where an update has changed none: of two requests at once both find none, and the second makes a second row or fails", st.Tables[0].Table),
			Evidence: append(tracer.To(f).Evidence(),
				rule.Evidence{Pos: update.Pos, What: trace.Query(update)}, rule.Evidence{Pos: insert.Pos, What: trace.Query(insert)}),
			Fix: fmt.Sprintf("one statement: INSERT INTO %s … ON CONFLICT (%s) DO UPDATE SET …", st.Tables[0].Table, strings.Join(columns, ", ")),
		})
	}
	return out
}

// steps are the queries of a function and of what it calls with one hop, in the order of the text.
func steps(f *facts.Function) []step {
	var out []step
	for _, q := range f.Queries {
		out = append(out, step{q, nil, q.Pos, q.Place, q.Loop})
	}
	for _, call := range f.Calls {
		if call.Handed || call.Spawned || len(call.Callees) != 1 {
			continue
		}
		for _, q := range call.Callees[0].Queries {
			out = append(out, step{q, call, call.Pos, call.Place, call.Loop})
		}
	}
	return out
}

// judge asks whether one step looks whether a row is there, a later one of the same function makes it, and nothing in
// the database keeps two requests from doing so at once.
func judge(d *facts.Database, check, insert step) (rule.Finding, bool) {
	a, b := check.query.Statement, insert.query.Statement
	if a == nil || b == nil || a.Verb != facts.Select || b.Verb != facts.Insert || a.Locks || a.Nested || len(a.Order) > 0 || b.OnConflict || b.Nested ||
		len(a.Tables) != 1 || !b.Uses(a.Tables[0].Table) || check.at.Line >= insert.at.Line || !(check.query.One || a.Limit == "1" || a.Aggregate) {
		return rule.Finding{}, false
	}
	if check.call != nil && slices.ContainsFunc(check.call.Callees[0].Queries, func(q *facts.Query) bool { return q.Statement != nil && q.Statement.Write() }) {
		return rule.Finding{}, false // what it has seen, it deals with itself
	}
	if a.Aggregate && check.query.Measured {
		return rule.Finding{}, false // it counts for a limit, which no unique key keeps
	}
	if check.loop != nil && !within(insert.loop, check.loop) {
		return rule.Finding{}, false // what a loop looks for is made in it, and not in another behind it
	}
	if len(check.query.Dynamic) > 0 {
		return rule.Finding{}, false // by what else it looks is put together
	}
	table := d.Schema.Table(a.Tables[0].Table)
	var columns []string
	for _, p := range a.Predicates {
		if p.Operator != "=" || p.Disjoint || p.Column == "" || p.Arg == nil {
			return rule.Finding{}, false
		}
		columns = append(columns, p.Column)
	}
	if table == nil || len(columns) == 0 || table.Unique(append(constant(b), columns...)) || !slices.ContainsFunc(columns, func(c string) bool { return slices.Contains(b.Sets, c) }) {
		return rule.Finding{}, false
	}
	for _, c := range columns {
		if !slices.Contains(b.Sets, c) {
			return rule.Finding{}, false // it looks for something else than what it makes
		}
		if !slices.ContainsFunc(table.Columns, func(column *schema.Column) bool { return strings.EqualFold(column.Name, c) }) {
			return rule.Finding{}, false // another program's table of the same name, of whose keys nobody knows here
		}
	}
	if len(columns) == 1 && drawn.MatchString(columns[0]) {
		return rule.Finding{}, false // who shows one must have it: what is made has another
	}
	out := rule.Finding{
		Pos: insert.at, Confidence: rule.Likely,
		Message: fmt.Sprintf("a row of %s is made after a look that finds none with the same %s, and no unique key keeps a second request from doing the same", table.Name, strings.Join(columns, ", ")),
		Fix:     fmt.Sprintf("CREATE UNIQUE INDEX %s_%s_key ON %s (%s); then INSERT … ON CONFLICT DO NOTHING, and look at the count of rows", table.Name, strings.Join(columns, "_"), table.Name, strings.Join(columns, ", ")),
	}
	if said := d.Declared[table.Name].Says(true, columns...); said != "" {
		out.Fix = said + "; then make the row, and answer as if it had been found where that fails by the key"
	}
	if insert.query.Text != "" && setsUnique(table, b.Sets) {
		out.Confidence = rule.Uncertain
	}
	for _, s := range []step{check, insert} {
		if s.call != nil {
			out.Evidence = append(out.Evidence, trace.Called(s.call))
		}
		out.Evidence = append(out.Evidence, rule.Evidence{Pos: s.query.Pos, What: trace.Query(s.query)})
	}
	if made := d.At[table.Name]; made.Line > 0 {
		out.Evidence = append(out.Evidence, rule.Evidence{Pos: made, What: "the table has " + trace.Keys(table)})
	}
	return out, true
}

// constant are the columns that are given the same value in each row that a statement makes: a key that has them beside what was looked for keeps a
// second row out.
func constant(st *facts.Statement) []string {
	var out []string
	for _, a := range st.Assigned {
		if a.Arg != nil && len(a.Arg.Origins) > 0 && !slices.ContainsFunc(a.Arg.Origins, func(o facts.Origin) bool { return o.Kind != facts.FromConstant }) {
			out = append(out, a.Column)
		}
	}
	return out
}

// within reports whether a loop is another, or stands in it.
func within(loop, other *facts.Loop) bool {
	for ; loop != nil; loop = loop.Outer {
		if loop == other {
			return true
		}
	}
	return false
}

// setsUnique reports whether a row is given the values of a unique key, which may stand for what was looked for: the second insertion fails by it. What a
// struct gives without being named may be empty.
func setsUnique(t *schema.Table, sets []string) bool {
	return slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool {
		return i.Unique && len(i.Parts) > 0 && !slices.ContainsFunc(i.Parts, func(p schema.IndexPart) bool {
			return p.Column == "" || !slices.ContainsFunc(sets, func(c string) bool { return strings.EqualFold(c, p.Column) })
		})
	})
}
