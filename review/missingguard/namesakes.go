package missingguard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// One handler may serve the rows of many types: it fills a struct from the route's path and calls its method ReadAll. Where nothing asks before such a
// method it asks itself whether its caller may see what the path names, and methods of one name are siblings as routes of one row are.

// namesakes finds methods of structs that a router fills which read or change the rows of a parent that the path names, and ask nowhere, as most methods
// of their name do.
func namesakes(f *facts.Facts) []rule.Finding {
	var order []string
	groups := map[string][]*facts.Function{}
	checked := map[string]bool{} // types and their methods that a check stands beside: CanUpdate of Update
	for _, method := range f.Functions {
		if rest, is := strings.CutPrefix(method.Own, "Can"); is && method.Judges {
			checked[method.Package+"."+method.Of+"."+rest] = true
		}
	}
	for _, method := range f.Functions {
		if method.Of == "" || method.Own == "" || method.Aside != "" || len(parents(method)) == 0 || checked[method.Package+"."+method.Of+"."+method.Own] {
			continue
		}
		group := f.Unit(method.Pos.File) + " " + method.Own
		if groups[group] == nil {
			order = append(order, group)
		}
		groups[group] = append(groups[group], method)
	}
	var out []rule.Finding
	for _, group := range order {
		out = append(out, amongNamesakes(groups[group])...)
	}
	return out
}

func amongNamesakes(methods []*facts.Function) []rule.Finding {
	var askers []*facts.Function
	open := map[*facts.Function]*facts.Query{}
	for _, method := range methods {
		if asksItself(method) {
			askers = append(askers, method)
		} else if q := byParent(method); q != nil && !slices.ContainsFunc(trace.Below(method), func(f *facts.Function) bool { return f.Permits }) {
			open[method] = q
		}
	}
	if len(askers) < 4 || float64(len(askers)) < enough*float64(len(askers)+len(open)) {
		return nil
	}
	var out []rule.Finding
	for _, method := range methods {
		q := open[method]
		if q == nil {
			continue
		}
		severity := rule.Medium
		if q.Statement.Write() {
			severity = rule.High
		}
		out = append(out, rule.Finding{
			Pos: method.Pos, Confidence: rule.Likely, Severity: severity,
			Message: fmt.Sprintf("%s does not ask whether its caller may, as %d of the %d methods of its name do", method.Name, len(askers), len(askers)+len(open)),
			Evidence: []rule.Evidence{
				{Pos: method.Pos, What: strings.Join(parents(method), ", ") + " is filled from the route's path"},
				{Pos: q.Pos, What: trace.Query(q)},
				{Pos: askers[0].Pos, What: askers[0].Name + " asks before it goes on"},
			},
			Fix: "ask of what the path names whether the caller may, as the others do",
		})
	}
	return out
}

// parents are the columns of a method's fields that a path fills and that are not the row's own key: they say whose it is.
func parents(method *facts.Function) []string {
	var out []string
	for _, b := range method.Bound {
		if !b.Key && strings.HasSuffix(b.Column, "_id") {
			out = append(out, b.Column)
		}
	}
	return out
}

// asksItself reports whether a function asks whether its caller may, or calls at once what does.
func asksItself(f *facts.Function) bool {
	return f.Permits || slices.ContainsFunc(f.Calls, func(call *facts.Call) bool {
		return !call.Handed && slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool { return callee.Permits })
	})
}

// byParent is a statement of a method that finds rows by a parent that the path names, and by nobody else; nil where there is none.
func byParent(method *facts.Function) *facts.Query {
	names := parents(method)
	for _, q := range method.Queries {
		if q.Statement == nil || q.Statement.Verb == facts.Insert {
			continue
		}
		found := false
		for _, p := range q.Statement.Predicates {
			if p.Arg == nil {
				continue
			}
			if !slices.Contains(names, p.Column) || !p.Arg.Only(facts.FromRequest, facts.FromParam) {
				found = false
				break // of somebody, or of a row that was read before
			}
			found = true
		}
		if found {
			return q
		}
	}
	return nil
}
