package missingowner

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// byUnheeded looks at functions that are told who calls and never look at that: what they find by its key alone is as good for anybody.
func (s *search) byUnheeded() {
	for _, f := range s.facts.Functions {
		if len(f.Unheeded) == 0 || f.Aside != "" {
			continue
		}
		path := s.tracer.To(f)
		if path == nil || !path.Route.Guarded() && !path.Route.Checks || s.tracer.Ways(f).Operators() || trace.Permits(path.Route) || f.Permits ||
			slices.ContainsFunc(f.Equates, ofPerson.MatchString) || slices.ContainsFunc(f.Narrows, ofPerson.MatchString) {
			continue
		}
		for _, q := range f.Queries {
			key := s.named(q)
			if key == nil || q.Place.ErrorPath || !given(key.Arg, f) || slices.ContainsFunc(q.Statement.Predicates, func(p facts.Predicate) bool { return ofPerson.MatchString(p.Column) || ofTenant.MatchString(p.Column) }) {
				continue
			}
			if slices.ContainsFunc(path.Calls, func(c *facts.Call) bool {
				return c.From.Permits || slices.ContainsFunc(c.From.Equates, ofPerson.MatchString)
			}) {
				continue
			}
			told := slices.IndexFunc(s.found, func(other rule.Finding) bool { return other.Pos == q.Pos })
			if told >= 0 && s.found[told].Confidence != rule.Uncertain {
				break
			}
			found := rule.Finding{
				Pos: q.Pos, Confidence: rule.Likely,
				Message: fmt.Sprintf("%s finds the row of %s by its key alone, whoever's it is: it is told %s, and never looks at that", f.Name, q.Statement.Tables[0].Table, f.Unheeded[0]),
				Evidence: append(path.Evidence(), rule.Evidence{Pos: f.Pos, What: f.Name + " is told " + f.Unheeded[0]},
					rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
				Fix: "ask for the row of who calls: AND its owner = " + f.Unheeded[0],
			}
			if told >= 0 {
				s.found[told] = found
			} else {
				s.found = append(s.found, found)
			}
			break
		}
	}
}

// given reports whether a value is what a function was given itself.
func given(v *facts.Value, f *facts.Function) bool {
	return v != nil && slices.ContainsFunc(v.Origins, func(o facts.Origin) bool { return o.Kind == facts.FromParam && o.Function == f && o.Index >= 0 })
}
