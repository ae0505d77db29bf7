package missingguard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// Who calls may be of several kinds, each with keys of its own: a user, the holder of a link. Where most functions that go by the key refuse a kind
// first, one that does not takes the holder of link 7 for user 7. And a kind that may not read one row of a type may not list them.

// deepestAsked bounds how far above a function somebody may ask for it.
const deepestAsked = 4

// ofCaller is a function with the parameter that says who calls.
type ofCaller struct {
	f     *facts.Function
	given facts.Caller
}

// kinds finds functions that take a kind of caller which their siblings refuse.
func kinds(f *facts.Facts, told []rule.Finding) []rule.Finding {
	var order []string
	groups := map[string][]ofCaller{} // by the type of the caller and the kind that is refused
	for _, fn := range f.Functions {
		if fn.Aside != "" {
			continue
		}
		for _, given := range fn.Given {
			for _, kind := range given.Kinds {
				group := given.Type + " " + kind
				if groups[group] == nil {
					order = append(order, group)
				}
				groups[group] = append(groups[group], ofCaller{fn, given})
			}
		}
	}
	seen := map[*facts.Function]bool{}
	for _, finding := range told {
		for _, fn := range f.Functions {
			seen[fn] = seen[fn] || fn.Pos == finding.Pos
		}
	}
	var out []rule.Finding
	for _, group := range order {
		_, kind, _ := strings.Cut(group, " ")
		for _, finding := range slices.Concat(byKey(groups[group], kind), listed(groups[group], kind)) {
			i := slices.IndexFunc(f.Functions, func(fn *facts.Function) bool { return fn.Pos == finding.Pos })
			if !seen[f.Functions[i]] {
				seen[f.Functions[i]] = true
				out = append(out, finding)
			}
		}
	}
	return out
}

// byKey finds functions that go by the key of whoever calls, among others of which most refuse a kind first.
func byKey(all []ofCaller, kind string) []rule.Finding {
	var askers, open []ofCaller
	for _, c := range all {
		switch {
		case c.given.Key == (facts.Pos{}):
		case slices.ContainsFunc(c.given.Told, func(t facts.ToldKind) bool { return t.Kind == kind && !after(t.Pos, c.given.Key) }):
			askers = append(askers, c)
		case !askedBefore(c.f, kind, 0) && !besideCheck(all, c.f):
			open = append(open, c)
		}
	}
	refusers := slices.DeleteFunc(slices.Clone(askers), func(c ofCaller) bool { return !refusesKind(c.given, kind) })
	if len(refusers) < 4 || float64(len(askers)) < enough*float64(len(askers)+len(open)) {
		return nil
	}
	var out []rule.Finding
	for _, c := range open {
		out = append(out, rule.Finding{
			Pos: c.f.Pos, Confidence: rule.Likely, Severity: rule.High,
			Message: fmt.Sprintf("%s goes by the key of whoever calls, and %s has keys of its own: %d of %d functions that go by it refuse that kind of caller, or tell it from others, first",
				c.f.Name, kind, len(askers), len(askers)+len(open)),
			Evidence: []rule.Evidence{
				{Pos: c.given.Key, What: "the key is of whichever " + c.given.Type + " calls"},
				{Pos: refusers[0].f.Pos, What: refusers[0].f.Name + " refuses it"},
			},
			Fix: "refuse " + kind + " first, as the others do",
		})
	}
	return out
}

func after(a, b facts.Pos) bool { return a.Line > b.Line || a.Line == b.Line && a.Column > b.Column }

// refusesKind reports whether a function refuses a kind of caller on every way through it.
func refusesKind(given facts.Caller, kind string) bool {
	return slices.ContainsFunc(given.Told, func(t facts.ToldKind) bool { return t.Kind == kind && t.Refused && !t.Sometimes })
}

// askedBefore reports whether who calls a function has told a kind of caller from others before, itself or by a method of the same type that it asks.
func askedBefore(f *facts.Function, kind string, depth int) bool {
	return depth < deepestAsked && slices.ContainsFunc(f.Callers, func(call *facts.Call) bool {
		return call.From != f && call.From.Aside != "test" && (tells(call.From, kind) || asksFirst(call, f, kind) || askedBefore(call.From, kind, depth+1))
	})
}

// asksFirst reports whether who calls a method asks before it another of the same type, which tells a kind of caller from others.
func asksFirst(call *facts.Call, method *facts.Function, kind string) bool {
	return method.Of != "" && slices.ContainsFunc(call.From.Calls, func(other *facts.Call) bool {
		return after(call.Pos, other.Pos) && slices.ContainsFunc(other.Callees, func(check *facts.Function) bool {
			return check.Of == method.Of && check.Package == method.Package && tells(check, kind)
		})
	})
}

// besideCheck reports whether a check that knows who calls stands beside a method: CanDelete of Delete. Who calls the method of whichever type it is
// asks that first, and what it lets pass is told of there.
func besideCheck(all []ofCaller, method *facts.Function) bool {
	return method.Of != "" && slices.ContainsFunc(all, func(c ofCaller) bool {
		return c.f.Judges && c.f.Own == "Can"+method.Own && c.f.Of == method.Of && c.f.Package == method.Package
	})
}

// tells reports whether a function tells a kind of caller from others on every way through it.
func tells(f *facts.Function, kind string) bool {
	return slices.ContainsFunc(f.Given, func(given facts.Caller) bool {
		return slices.ContainsFunc(given.Told, func(t facts.ToldKind) bool { return t.Kind == kind && !t.Sometimes })
	})
}

// listed finds methods that read rows of a type for a kind of caller which the check of who may read one of them refuses.
func listed(all []ofCaller, kind string) []rule.Finding {
	checks := map[string]*facts.Function{} // by the type whose rows they are
	lets := map[string]bool{}
	for _, c := range all {
		if !c.f.Judges || c.f.Of == "" {
			continue
		}
		of := c.f.Package + "." + c.f.Of
		if !refusesKind(c.given, kind) {
			lets[of] = true
		} else if toRead.MatchString(c.f.Own) {
			checks[of] = c.f
		}
	}
	var out []rule.Finding
	for _, c := range all {
		of := c.f.Package + "." + c.f.Of
		check := checks[of]
		if check == nil || lets[of] || c.f.Judges || slices.ContainsFunc(c.given.Told, func(t facts.ToldKind) bool { return t.Kind == kind && !t.Sometimes && (t.Refused || t.By == nil) }) {
			continue
		}
		q := lists(c.f)
		if q == nil || askedBefore(c.f, kind, 0) || besideCheck(all, c.f) {
			continue
		}
		out = append(out, rule.Finding{
			Pos: c.f.Pos, Confidence: rule.Likely, Severity: rule.Medium,
			Message: fmt.Sprintf("%s reads rows for %s as well, a kind of caller that %s refuses", c.f.Name, kind, check.Name),
			Evidence: []rule.Evidence{
				{Pos: q.Pos, What: trace.Query(q)},
				{Pos: check.Pos, What: check.Name + " refuses it"},
			},
			Fix: "refuse " + kind + " first, as " + check.Name + " does",
		})
	}
	return out
}

// lists is a statement by which a method reads several rows; nil where there is none.
func lists(method *facts.Function) *facts.Query {
	for _, q := range method.Queries {
		if st := q.Statement; st != nil && st.Verb == facts.Select && !st.Aggregate && !q.One && len(st.Tables) == 1 {
			return q
		}
	}
	return nil
}
