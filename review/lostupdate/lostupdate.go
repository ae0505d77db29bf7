// Package lostupdate finds values that are read, reckoned with, and written back without regard to who did so meanwhile.
package lostupdate

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

//go:embed lost-update.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "lost-update", Severity: rule.High, CWE: "CWE-362", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	queries := map[facts.Pos]*facts.Query{}
	for _, function := range f.Functions {
		for _, q := range function.Queries {
			queries[q.Pos] = q
		}
	}
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside != "" && function.Aside != "generated" {
			continue
		}
		for _, q := range function.Queries {
			if q.Statement == nil || q.Statement.Verb != facts.Update || guarded(q) {
				continue
			}
			if finding, found := judge(tracer, queries, q); found {
				if finding.Severity == rule.Low && !contested(f.Database, q.Statement.Tables[0].Table) {
					finding.Confidence = rule.Uncertain
				}
				out = append(out, finding)
			}
		}
	}
	return out
}

// alone says how each library stores some columns of a row.
var alone = map[string]string{"gorm": ": Model(&row).Select(…).Updates(…)", "typeorm": ": update(id, { … })"}

// moving are names of columns that several requests change for reasons of their own: how much there is of something, and how far it has come.
var moving = regexp.MustCompile(`(?i)(^|_)(state|status|stock|quantity|balance|total|sub_?total|amount|count|counter|credits?|points|price|progress|version|attempts|active|paid|used|remaining|limit)s?$`)

// contested reports whether what a request puts back may matter: one of the table's columns says how much there is of something, or how far it has
// come. Of a table that no schema tells of it is not known.
func contested(d *facts.Database, name string) bool {
	if d == nil || d.Schema.Table(name) == nil {
		return true
	}
	return slices.ContainsFunc(d.Schema.Table(name).Columns, func(c *schema.Column) bool { return moving.MatchString(facts.Snake(c.Name)) })
}

var versionName = regexp.MustCompile(`(?i)(version|revision|etag|updated_?at|modified)`)

// guarded reports whether a lock is held for the row, or its condition says what the row must still be.
func guarded(q *facts.Query) bool {
	if q.From.Locks {
		return true
	}
	for _, p := range q.Statement.Predicates {
		if versionName.MatchString(p.Column) || slices.Contains(q.Statement.Sets, p.Column) {
			return true
		}
	}
	return locksRow(q.From, q, 0)
}

// locksRow reports whether a function, or one that it calls or is called by, reads rows of the query's table for update.
func locksRow(f *facts.Function, q *facts.Query, depth int) bool {
	look := func(f *facts.Function) bool {
		return f.Locks || slices.ContainsFunc(f.Queries, func(other *facts.Query) bool {
			return other.Statement != nil && other.Statement.Locks
		})
	}
	if look(f) {
		return true
	}
	for _, call := range f.Calls {
		if slices.ContainsFunc(call.Callees, look) {
			return true
		}
	}
	if depth == 2 {
		return false
	}
	for _, call := range f.Callers {
		if call.From.Aside != "test" && locksRow(call.From, q, depth+1) {
			return true
		}
	}
	return false
}

func judge(tracer *trace.Tracer, queries map[facts.Pos]*facts.Query, q *facts.Query) (rule.Finding, bool) {
	column, calls, confidence := "", []*facts.Call(nil), rule.Likely
	for _, a := range q.Statement.Assigned {
		if a.Arg == nil || a.Arg.Kind == "text" || slices.Contains(q.Statement.Self, a.Column) {
			continue // texts are put together, and not reckoned with
		}
		way, is, apart := reckoned(queries, q, *a.Arg, nil, 0)
		if is || apart && column == "" {
			column, calls, confidence = a.Column, way, rule.Likely
		}
		if is {
			break
		}
		if apart {
			confidence = rule.Uncertain // counted anew of other rows, and what was there before is not in it
		}
	}
	read := slices.ContainsFunc(q.Args, func(v facts.Value) bool { return readBefore(queries, q, v) })
	if column == "" && read && len(q.Reckoned) > 0 {
		column = q.Reckoned[0]
	}
	start := q.From
	if len(calls) > 0 {
		start = calls[0].From
	}
	path := tracer.To(start)
	if column == "" {
		return whole(q, path, read)
	}
	table := q.Statement.Tables[0].Table
	out := rule.Finding{
		Pos: q.Pos, Confidence: confidence, Severity: rule.Medium,
		Message: fmt.Sprintf("the new %s of %s is reckoned from one that was read before: of two requests at once, one's change is lost", column, table),
		Fix:     fmt.Sprintf("let the database reckon: UPDATE %s SET %s = %s + …; or read the row FOR UPDATE in the same transaction", table, column, column),
	}
	if path != nil {
		out.Severity = rule.High
	}
	out.Evidence = path.Evidence()
	for _, call := range calls {
		out.Evidence = append(out.Evidence, trace.Called(call))
	}
	out.Evidence = append(out.Evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
	return out, true
}

// whole finds rows that are read and stored again with all of their columns.
func whole(q *facts.Query, path *trace.Path, read bool) (rule.Finding, bool) {
	made := slices.ContainsFunc(q.Args, func(v facts.Value) bool { return strings.Contains(v.Text, "{") }) // a row that is written out here
	if !read || made || path == nil || !slices.Contains(q.Statement.Sets, "*") || len(q.Statement.Tables) == 0 {
		return rule.Finding{}, false
	}
	return rule.Finding{
		Pos: q.Pos, Confidence: rule.Likely, Severity: rule.Low,
		Message:  fmt.Sprintf("a row of %s is read and stored again with all its columns by %s: what another request changed meanwhile is put back", q.Statement.Tables[0].Table, q.From.Name),
		Evidence: append(path.Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      "store the columns that change alone" + alone[q.Library],
	}, true
}

// readBefore reports whether a value may be what another query answered: what stores a row writes its new key there. A row that the function has made
// and stored before is no other's yet.
func readBefore(queries map[facts.Pos]*facts.Query, q *facts.Query, v facts.Value) bool {
	return slices.ContainsFunc(v.Origins, func(o facts.Origin) bool {
		if of := queries[o.Pos]; of != nil && of != q && of.From == q.From && of.Statement != nil && of.Statement.Verb == facts.Insert {
			return false
		}
		return o.Kind == facts.FromQuery && !(o.Pos.File == q.Pos.File && o.Pos.Line == q.Pos.Line)
	})
}

// reckoned reports whether a value is a sum of what a query answered, in the function or in those that give it; or, apart, of what those of
// other tables than the one that is changed answered.
func reckoned(queries map[facts.Pos]*facts.Query, q *facts.Query, v facts.Value, calls []*facts.Call, depth int) (way []*facts.Call, is, apart bool) {
	for _, o := range v.Origins {
		if o.Kind != facts.FromQuery || !o.Reckoned {
			continue
		}
		if !ofOthers(queries[o.Pos], q) {
			return calls, true, false
		}
		way, apart = calls, true
	}
	if depth == 3 {
		return way, false, apart
	}
	for _, o := range v.Origins {
		if o.Kind != facts.FromParam || o.Index < 0 || o.Function == nil {
			continue
		}
		for _, call := range o.Function.Callers {
			if o.Index >= len(call.Args) || call.From.Aside == "test" {
				continue
			}
			from, is, of := reckoned(queries, q, call.Args[o.Index], append([]*facts.Call{call}, calls...), depth+1)
			if is {
				return from, true, false
			}
			if of && !apart {
				way, apart = from, true
			}
		}
	}
	return way, false, apart
}

// ofOthers reports whether it is known that a query reads no rows of the table that another one changes.
func ofOthers(read, change *facts.Query) bool {
	return read != nil && read.Statement != nil && !read.Statement.Nested && len(read.Statement.Tables) > 0 && len(change.Statement.Tables) > 0 && !read.Statement.Uses(change.Statement.Tables[0].Table)
}
