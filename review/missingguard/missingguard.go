// Package missingguard finds handlers that ask nobody who they are among siblings that do.
package missingguard

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed missing-guard.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "missing-guard", Severity: rule.High, CWE: "CWE-862", OWASP: "API5:2023", Exposes: true, Document: document, Find: find}

// enough is the share of siblings that look at their caller, from which on one that does not is an exception.
const enough = 0.6

func find(f *facts.Facts) []rule.Finding {
	var order []string
	groups := map[string][]*facts.Route{}
	for _, r := range f.Routes {
		group := siblings(f, r)
		if group == "" || r.Handler.Aside == "test" {
			continue
		}
		if groups[group] == nil {
			order = append(order, group)
		}
		groups[group] = append(groups[group], r)
	}
	var out []rule.Finding
	for _, group := range order {
		out = append(out, judge(groups[group])...)
	}
	out = append(out, doors(f, out)...)
	out = append(out, ofOneRow(f, out)...)
	out = append(out, changedUnasked(f, out)...)
	out = append(out, partly(f, out)...)
	out = slices.Concat(out, namesakes(f), readersChange(f), fields(f))
	out = append(out, kinds(f, out)...)
	out = append(out, unread(f)...)
	return append(out, unmarked(f, out)...)
}

// doors finds what two routes do by the same function, of which one asks by a guard what its caller may do, and the other nowhere.
func doors(f *facts.Facts, told []rule.Finding) []rule.Finding {
	tracer := trace.New(f)
	guarded := map[*facts.Function]*facts.Route{} // by what its handler calls
	for _, r := range f.Routes {
		if r.Kind == "http" && r.Writes() && r.Handler != nil && trace.Permits(r) && !tracer.ForOperators(r) {
			for _, does := range deeds(r) {
				if guarded[does] == nil {
					guarded[does] = r
				}
			}
		}
	}
	seen := toldOf(f, told)
	var out []rule.Finding
	for _, r := range f.Routes {
		if r.Kind != "http" || !r.Writes() || r.Handler == nil || seen[r.Handler] || r.Handler.Aside == "test" || !r.Guarded() || trace.Permits(r) || tracer.ForOperators(r) || asks(r) {
			continue
		}
		for _, does := range deeds(r) {
			other := guarded[does]
			if other == nil || other.Handler == r.Handler || !ofSameThing(r, other) {
				continue
			}
			seen[r.Handler] = true
			out = append(out, rule.Finding{
				Pos: r.Handler.Pos, Confidence: rule.Likely, Severity: rule.High,
				Message: fmt.Sprintf("route %s does what route %s does, and asks nowhere whether its caller may", r, other),
				Evidence: []rule.Evidence{
					{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s, behind %s", r, r.Handler.Name, guardNames(r))},
					{Pos: other.Pos, What: fmt.Sprintf("route %s is handled by %s, behind %s", other, other.Handler.Name, guardNames(other))},
					{Pos: does.Pos, What: fmt.Sprintf("both call %s", does.Name)},
				},
				Fix: "put it behind the guard of the other route",
			})
			break
		}
	}
	return out
}

// deeds are the functions that a handler itself calls to change rows.
func deeds(r *facts.Route) []*facts.Function {
	var out []*facts.Function
	for _, call := range r.Handler.Calls {
		if len(call.Callees) == 1 && !call.Handed && trace.Writes(call.Callees[0]) {
			out = append(out, call.Callees[0])
		}
	}
	return out
}

// ofOneRow finds what routes of one row do, as their paths name it, where most of them ask by the same function whether their caller may, and
// others ask nowhere. Who only reads must ask as well.
func ofOneRow(f *facts.Facts, told []rule.Finding) []rule.Finding {
	tracer := trace.New(f)
	seen := map[*facts.Function]bool{}
	for _, r := range f.Routes {
		seen[r.Handler] = r.Handler == nil || r.Handler.Aside == "test" || seen[r.Handler] || slices.ContainsFunc(told, func(t rule.Finding) bool { return t.Pos == r.Handler.Pos })
	}
	var order []string
	groups := map[string][]*facts.Route{} // by the path as far as one of its parameters
	for _, r := range f.Routes {
		if r.Kind != "http" || r.Handler == nil {
			continue
		}
		for _, at := range pathParam.FindAllStringIndex(r.Path, -1) {
			row := r.Path[:at[1]]
			if groups[row] == nil {
				order = append(order, row)
			}
			if !slices.ContainsFunc(groups[row], func(other *facts.Route) bool { return other.Handler == r.Handler }) {
				groups[row] = append(groups[row], r)
			}
		}
	}
	var out []rule.Finding
	for _, row := range slices.Backward(order) {
		group := groups[row]
		check, askers := mostAsked(group)
		if len(askers) < 4 || float64(len(askers)) < enough*float64(len(group)) {
			continue
		}
		for _, r := range group {
			if seen[r.Handler] || !r.Guarded() || r.Checks || tracer.ForOperators(r) || asks(r) || !touchesRows(r.Handler) ||
				slices.ContainsFunc(r.Guards, func(g facts.Guard) bool { return g.Auth && !around(askers[0], g) }) {
				continue
			}
			seen[r.Handler] = true
			out = append(out, rule.Finding{
				Pos: r.Handler.Pos, Confidence: rule.Likely, Severity: rule.Medium,
				Message: fmt.Sprintf("%s does not ask whether its caller may, as %d of the %d handlers below %s do", r.Handler.Name, len(askers), len(group), row),
				Evidence: []rule.Evidence{
					{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s", r, r.Handler.Name)},
					{Pos: askers[0].Handler.Pos, What: fmt.Sprintf("%s asks %s", askers[0].Handler.Name, check.Name)},
				},
				Fix: "ask " + check.Name + " of the row, as the others do",
			})
		}
	}
	return out
}

// mostAsked is the function that asks whether the caller may which most handlers of a group call themselves, with their routes.
func mostAsked(group []*facts.Route) (check *facts.Function, askers []*facts.Route) {
	by := map[*facts.Function][]*facts.Route{}
	for _, r := range group {
		for _, call := range r.Handler.Calls {
			for _, callee := range call.Callees {
				if !callee.Permits || call.Handed || slices.Contains(by[callee], r) {
					continue
				}
				by[callee] = append(by[callee], r)
				if len(by[callee]) > len(askers) {
					check, askers = callee, by[callee]
				}
			}
		}
	}
	return check, askers
}

// toldOf are the handlers of which findings tell.
func toldOf(f *facts.Facts, findings []rule.Finding) map[*facts.Function]bool {
	out := map[*facts.Function]bool{}
	for _, finding := range findings {
		for _, r := range f.Routes {
			if r.Handler != nil && r.Handler.Pos == finding.Pos {
				out[r.Handler] = true
			}
		}
	}
	return out
}

// touchesRows reports whether a handler reads or changes rows, itself or in what it calls.
func touchesRows(f *facts.Function) bool {
	return slices.ContainsFunc(trace.Below(f), func(f *facts.Function) bool { return len(f.Queries) > 0 })
}

// asks reports whether a handler, or what it calls, asks whether the caller may.
func asks(r *facts.Route) bool {
	return slices.ContainsFunc(trace.Below(r.Handler), func(f *facts.Function) bool { return f.Permits })
}

var pathParam = regexp.MustCompile(`\{\w+\}`)

// ofSameThing reports whether the paths of two routes name whose what they change is, by the same parameters.
func ofSameThing(a, b *facts.Route) bool {
	names := pathParam.FindAllString(a.Path, -1)
	others := pathParam.FindAllString(b.Path, -1)
	return len(names) > 0 && len(others) > 0 && names[0] == others[0] && (len(names) == 1 || len(others) == 1 || names[1] == others[1])
}

func guardNames(r *facts.Route) string {
	var names []string
	for _, g := range r.Guards {
		names = append(names, g.Name)
	}
	return strings.Join(names, ", ")
}

var writingName = regexp.MustCompile(`^(Create|Update|Delete|Set|Upsert|Add|Remove|Patch|Put|Save|Move|Rename|Archive|Restore|Assign|Revoke|Grant)`)

// siblings names what a route that writes is judged among: the handlers of its file, the procedures of its service, or the
// mutations of its module.
func siblings(f *facts.Facts, r *facts.Route) string {
	switch r.Kind {
	case "http":
		if !r.Writes() {
			return ""
		}
		return r.Handler.Pos.File
	case "grpc":
		if !writingName.MatchString(capital(r.Handler.Own)) {
			return ""
		}
		return r.Handler.Package + " " + r.Handler.Of
	case "graphql":
		if !strings.HasPrefix(r.Path, "Mutation.") {
			return ""
		}
		return f.Unit(r.Handler.Pos.File) + " Mutation"
	}
	return ""
}

func judge(routes []*facts.Route) []rule.Finding {
	handlers, guarded := map[*facts.Function]bool{}, 0
	var open []*facts.Route
	var example *facts.Route
	for _, r := range routes {
		if handlers[r.Handler] || refuses(r.Handler) {
			continue
		}
		handlers[r.Handler] = true
		switch {
		case r.Checks && r.Deep: // it asks, and shows no habit
		case r.Checks:
			guarded++
			example = r
		default:
			open = append(open, r)
		}
	}
	if guarded < 3 || float64(guarded) < enough*float64(len(handlers)) {
		return nil
	}
	var out []rule.Finding
	for _, r := range open {
		if r.Kind == "http" && !r.Guarded() || trace.Public(r) || !writes(r.Handler) {
			continue // an open route is told of as such
		}
		severity, confidence := rule.High, rule.Likely
		if r.Guarded() {
			severity = rule.Medium
		}
		if trace.Permits(r) || byPolicy(r) || slices.ContainsFunc(r.Guards, func(g facts.Guard) bool { return asksWhetherMay(g) && (g.Of != "" || !around(example, g)) }) {
			confidence = rule.Uncertain
		}
		out = append(out, rule.Finding{
			Pos: r.Handler.Pos, Confidence: confidence, Severity: severity,
			Message: r.Handler.Name + " writes and never looks at who is calling, as its siblings do",
			Evidence: []rule.Evidence{
				{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s", r, r.Handler.Name)},
				{Pos: example.Handler.Pos, What: fmt.Sprintf("%s looks at its caller, as %d of %d siblings do", example.Handler.Name, guarded, len(handlers))},
			},
			Fix: "check that the caller may do this to this row, as the siblings do",
		})
	}
	return out
}

// around reports whether a guard stands around a route that looks at its caller all the same.
func around(r *facts.Route, g facts.Guard) bool {
	return slices.ContainsFunc(r.Guards, func(other facts.Guard) bool { return other.Name == g.Name })
}

// asksWhetherMay reports whether a guard asks whether its caller may do what the handler does: then the handler need not. Where one stands around
// those that look at their caller as well it may ask for less than they do, unless it is made for what its routes are about: Required("settings").
func asksWhetherMay(g facts.Guard) bool {
	return g.Auth && slices.ContainsFunc(g.Runs, func(f *facts.Function) bool {
		return f.Permits || slices.ContainsFunc(f.Calls, func(c *facts.Call) bool {
			return slices.ContainsFunc(c.Callees, func(f *facts.Function) bool { return f.Permits })
		})
	})
}

// policies are names of guards that look up in a table of rights who may ask for which path.
var policies = regexp.MustCompile(`(?i)casbin|enforce`)

// byPolicy reports whether a table of rights lets a route's callers in. Handlers behind it look at their caller for something else.
func byPolicy(r *facts.Route) bool {
	return slices.ContainsFunc(r.Guards, func(g facts.Guard) bool {
		return policies.MatchString(g.Name) || slices.ContainsFunc(g.Runs, func(f *facts.Function) bool { return policies.MatchString(f.Name) })
	})
}

// writes reports whether a handler changes rows, as far as its queries are known, or as its name says.
func writes(f *facts.Function) bool {
	return trace.Writes(f) || writingName.MatchString(capital(f.Own))
}

// capital is a name with a capital first: whether others may call a function is no part of what it does.
func capital(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

// refuses reports whether a handler does nothing but answer, with an error or without one.
func refuses(f *facts.Function) bool {
	return f.Lines <= 5 && len(f.Calls)+len(f.Queries)+len(f.Effects)+len(f.Returns) == 0
}
