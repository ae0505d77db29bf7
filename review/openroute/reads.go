package openroute

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// What everybody may read is often meant so: posts, prices, what a site is called. It is not where nearly all that reads rows is behind a guard, and all
// that changes these very rows as well: then who looks after them is who may see them, and the reading route stands outside of the group by mistake.

const (
	// almostEvery is the share of reading routes that ask who is calling, from which on one that does not is an exception.
	almostEvery = 0.9
	// fewestReads is how many of them must ask before they show anything.
	fewestReads = 8
)

// lastParam is the parameter that a path ends with.
var lastParam = regexp.MustCompile(`/\{[^/]*\}$`)

// secretColumn are names of columns that let in whoever knows what they hold. Those of passwords are seldom shown, as rows of people are read for more.
var secretColumn = regexp.MustCompile(`(?i)(^|_)(secret|private_?key|api_?key|access_?key|credentials?|(access|refresh|bearer|auth|api)_?token)$`)

// judgeReads tells of the routes that read rows and ask nobody, where all that change these rows stand behind a guard. Rows that nothing shows to be
// secret may be for everybody all the same.
func (u *unit) judgeReads(f *facts.Facts) []rule.Finding {
	changing := u.changing()
	var reading siblings
	var open []*facts.Route
	seen := map[*facts.Function]bool{}
	for _, r := range u.routes {
		if r.Method != "GET" || seen[r.Handler] || !readsRows(r.Handler) {
			continue
		}
		seen[r.Handler] = true
		switch {
		case r.Guarded() || r.Checks || slices.ContainsFunc(trace.Below(r.Handler), func(f *facts.Function) bool { return f.Permits }):
			reading.add(true)
		case len(changing[rowsOf(r)]) > 1 && !r.Open && !trace.Secret(r):
			reading.add(false)
			open = append(open, r)
		case !trace.Public(r):
			reading.add(false)
		}
	}
	if reading.guarded < fewestReads || !reading.ask(almostEvery) {
		return nil
	}
	var out []rule.Finding
	for _, r := range open {
		changing := changing[rowsOf(r)]
		confidence, severity := rule.Uncertain, rule.Medium
		what := "rows"
		if column := secretRead(f, r.Handler); column != "" {
			what = "rows with " + column
			severity = rule.High
			if !meantOpen.MatchString(r.Router) {
				confidence = rule.Likely
			}
		}
		out = append(out, rule.Finding{
			Pos: r.Pos, Confidence: confidence, Severity: severity,
			Message: fmt.Sprintf("route %s reads %s for whoever comes, while all %d routes that change them, and %d of %d that read rows, ask who is calling", r, what, len(changing), reading.guarded, reading.all),
			Evidence: []rule.Evidence{
				{Pos: r.Pos, What: "its middleware: " + names(r.Guards)},
				{Pos: r.Handler.Pos, What: r.Handler.Name + " looks at no caller either"},
				{Pos: changing[0].Pos, What: fmt.Sprintf("%s is behind %s", changing[0], names(guarding(changing[0])))},
			},
			Fix: "put it behind the middleware of those that change the rows, or say that everybody may read them",
		})
	}
	return out
}

// rowsOf are the rows that a route is about, as its path says.
func rowsOf(r *facts.Route) string { return lastParam.ReplaceAllString(r.Path, "") }

// changing are the routes that change rows, by these, where a guard is around each of them; none of rows that one changes which is open.
func (u *unit) changing() map[string][]*facts.Route {
	out := map[string][]*facts.Route{}
	open := map[string]bool{}
	for _, r := range u.routes {
		if r.Writes() {
			out[rowsOf(r)] = append(out[rowsOf(r)], r)
			open[rowsOf(r)] = open[rowsOf(r)] || !r.Guarded()
		}
	}
	maps.DeleteFunc(out, func(rows string, _ []*facts.Route) bool { return open[rows] })
	return out
}

// guarding are the guards of a route that look at who is calling.
func guarding(r *facts.Route) []facts.Guard {
	return slices.DeleteFunc(slices.Clone(r.Guards), func(g facts.Guard) bool { return !g.Auth })
}

// readsRows reports whether a handler reads rows, itself or in what it calls.
func readsRows(f *facts.Function) bool {
	return slices.ContainsFunc(trace.Below(f), func(f *facts.Function) bool {
		return slices.ContainsFunc(f.Queries, func(q *facts.Query) bool { return q.Statement == nil || q.Statement.Verb == facts.Select })
	})
}

// secretRead is a column of the rows that a handler reads which lets in whoever knows what it holds, with its table; "" for none.
func secretRead(f *facts.Facts, handler *facts.Function) string {
	for _, below := range trace.Below(handler) {
		for _, q := range below.Queries {
			if q.Statement == nil || q.Statement.Verb != facts.Select || q.Statement.Aggregate {
				continue
			}
			for _, table := range q.Statement.Tables {
				for _, d := range []*facts.Database{f.Database, f.Models} {
					column := secretOf(d, table.Table)
					if column != "" && (len(q.Statement.Columns) == 0 || slices.ContainsFunc(q.Statement.Columns, func(read string) bool {
						return read == "*" || strings.HasSuffix(read, ".*") || strings.EqualFold(read, column)
					})) {
						return table.Table + "." + column
					}
				}
			}
		}
	}
	return ""
}

// secretOf is a column of a table that lets in whoever knows what it holds; "" for none.
func secretOf(d *facts.Database, table string) string {
	if d == nil || d.Schema == nil || d.Schema.Table(table) == nil {
		return ""
	}
	for _, c := range d.Schema.Table(table).Columns {
		if secretColumn.MatchString(c.Name) {
			return c.Name
		}
	}
	return ""
}
