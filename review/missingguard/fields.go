package missingguard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
)

// A field of a schema is answered wherever a query names it, by whatever way its object was reached. Where the resolvers that call methods of one type of
// another package ask first whether the caller may, they trust no object above; one that calls such a method and asks nothing answers whoever gets there.

const (
	// nearlyAll is the share of resolvers that ask, from which on one that does not is an exception: elsewhere the way in asks for all below it.
	nearlyAll = 0.8
	// fewest is how many of them must ask before they show anything.
	fewest = 5
)

// fields finds resolvers of fields that ask nowhere whether their caller may, where nearly all that call methods of the same type ask.
func fields(f *facts.Facts) []rule.Finding {
	var order []string
	groups := map[string][]*facts.Route{} // by the package of the resolver and the type whose methods it calls
	for _, r := range f.Routes {
		if r.Kind != "field" || r.Handler == nil || r.Handler.Aside != "" {
			continue
		}
		for _, service := range services(r.Handler) {
			group := r.Handler.Package + " " + service
			if groups[group] == nil {
				order = append(order, group)
			}
			groups[group] = append(groups[group], r)
		}
	}
	seen := map[*facts.Function]bool{}
	var out []rule.Finding
	for _, group := range order {
		out = append(out, amongFields(groups[group], seen)...)
	}
	return out
}

// services are the types of other packages whose methods a resolver calls itself with the context of its request.
func services(resolver *facts.Function) []string {
	var out []string
	for _, call := range resolver.Calls {
		if call.Handed || len(call.Callees) != 1 {
			continue
		}
		callee := call.Callees[0]
		service := callee.Package + "." + callee.Of
		if callee.Of != "" && callee.Context != "" && callee.Package != resolver.Package && !callee.Permits && !slices.Contains(out, service) {
			out = append(out, service)
		}
	}
	return out
}

// ofPage reports whether a field is of a page of a list, and of no row: who may see the page was asked where the list was.
func ofPage(r *facts.Route) bool {
	object, _, _ := strings.Cut(r.Path, ".")
	return strings.HasSuffix(object, "Connection") || strings.HasSuffix(object, "Edge")
}

func amongFields(routes []*facts.Route, seen map[*facts.Function]bool) []rule.Finding {
	var askers, open []*facts.Route
	for _, r := range routes {
		switch {
		case asksItself(r.Handler):
			askers = append(askers, r)
		case !r.Checks && !asks(r) && !ofPage(r):
			open = append(open, r)
		}
	}
	if len(askers) < fewest || float64(len(askers)) < nearlyAll*float64(len(routes)) {
		return nil
	}
	var out []rule.Finding
	for _, r := range open {
		if seen[r.Handler] {
			continue
		}
		seen[r.Handler] = true
		out = append(out, rule.Finding{
			Pos: r.Handler.Pos, Confidence: rule.Likely, Severity: rule.Medium,
			Message: fmt.Sprintf("%s asks nowhere whether its caller may, as %d of the %d fields that call the same service do", r.Handler.Name, len(askers), len(routes)),
			Evidence: []rule.Evidence{
				{Pos: r.Pos, What: fmt.Sprintf("%s answers the field %s of each object", r.Handler.Name, r.Path)},
				{Pos: askers[0].Handler.Pos, What: askers[0].Handler.Name + " asks before it calls the service"},
			},
			Fix: "ask of the object whether the caller may, as the others do",
		})
	}
	return out
}
