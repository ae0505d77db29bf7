package missingguard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// Who may not even see a row may not change it: where the handler that shows a row asks of its key whether the caller may, those that change it ask as
// well, however few the routes of such a row are.

// changedUnasked finds routes that change a row and ask nowhere, where the route that shows the row asks a function of the code for it.
func changedUnasked(f *facts.Facts, told []rule.Finding) []rule.Finding {
	tracer := trace.New(f)
	seen := map[*facts.Function]bool{}
	var out []rule.Finding
	for _, shows := range f.Routes {
		if shows.Kind != "http" || shows.Method != "GET" || !strings.HasSuffix(shows.Path, "}") || shows.Handler == nil || shows.Handler.Aside != "" {
			continue
		}
		names := pathParam.FindAllString(shows.Path, -1)
		if len(names) == 0 || !strings.HasSuffix(shows.Path, names[len(names)-1]) {
			continue // {$} is the end of a path, and names no row
		}
		check := asksOfRow(f, tracer, shows, strings.Trim(names[len(names)-1], "{}"))
		if check == nil {
			continue
		}
		for _, r := range f.Routes {
			if r.Kind != "http" || r.Handler == nil || r.Handler == shows.Handler || r.Handler.Aside != "" || seen[r.Handler] || !r.Writes() || !below(r.Path, shows.Path) ||
				slices.ContainsFunc(told, func(t rule.Finding) bool { return t.Pos == r.Handler.Pos }) {
				continue
			}
			if !r.Guarded() || r.Checks || tracer.ForOperators(r) || trace.Permits(r) || trace.Public(r) || asks(r) || !touchesRows(r.Handler) || proves(r, shows) {
				continue
			}
			seen[r.Handler] = true
			out = append(out, rule.Finding{
				Pos: r.Handler.Pos, Confidence: rule.Likely, Severity: rule.High,
				Message: fmt.Sprintf("%s does not ask whether its caller may, and %s, which shows the same row, does", r.Handler.Name, shows.Handler.Name),
				Evidence: []rule.Evidence{
					{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s", r, r.Handler.Name)},
					{Pos: shows.Handler.Pos, What: fmt.Sprintf("route %s is handled by %s, which asks %s", shows, shows.Handler.Name, check.Name)},
				},
				Fix: "ask " + check.Name + " of the row, as who shows it does",
			})
		}
	}
	return out
}

// below reports whether a path is that of a row, or goes on behind it.
func below(path, row string) bool { return path == row || strings.HasPrefix(path, row+"/") }

// asksOfRow is the function that a route's handler itself calls to ask whether its caller may, of what a parameter of the path says; nil for none.
func asksOfRow(f *facts.Facts, tracer *trace.Tracer, r *facts.Route, param string) *facts.Function {
	for _, call := range r.Handler.Calls {
		if call.Handed || len(call.Callees) != 1 || !call.Callees[0].Permits || call.Place.ErrorPath || call.Place.Branch {
			continue
		}
		check := call.Callees[0]
		if slices.ContainsFunc(call.Args, func(v facts.Value) bool { return tracer.FromParam(r.Handler, v, param) != nil }) || ofThisRow(f, check, r.Path) {
			return check
		}
	}
	return nil
}

// ofThisRow reports whether several handlers ask a function, all of them below the path of one row: then it is of such rows, by whatever way the key
// came to it.
func ofThisRow(f *facts.Facts, check *facts.Function, row string) bool {
	asking := map[*facts.Function]bool{}
	for _, r := range f.Routes {
		if r.Handler == nil || !slices.ContainsFunc(r.Handler.Calls, func(call *facts.Call) bool { return slices.Contains(call.Callees, check) }) {
			continue
		}
		if !below(r.Path, row) {
			return false
		}
		asking[r.Handler] = true
	}
	return len(asking) > 1
}

// proves reports whether a guard that looks at the caller stands around a route, and not around another.
func proves(r, other *facts.Route) bool {
	return slices.ContainsFunc(r.Guards, func(g facts.Guard) bool { return g.Auth && !around(other, g) })
}
