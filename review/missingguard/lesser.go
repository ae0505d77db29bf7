package missingguard

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// A check may be made and ask for too little: who may see a project may not yet change it, and the code says so by two checks of one thing, CanRead and
// CanUpdate. What changes the thing behind the first alone takes everybody who may read for who may write.

var (
	// toRead are checks that whoever may see something passes, and toWrite those of who may change it; what is behind the verb is the thing.
	toRead  = regexp.MustCompile(`^[Cc]an_?(Read|View|See)([A-Z]\w*)?$`)
	toWrite = regexp.MustCompile(`^[Cc]an_?(Update|Write|Edit|Delete|Manage|Modify|Change)([A-Z]\w*)?$`)
	// byVerb are checks that say so by their verb, and others what asks for a right under another name.
	byVerb = regexp.MustCompile(`^[Cc]an_?[A-Z]`)
	others = regexp.MustCompile(`(?i)^(is|has|check|require|ensure|verify|assert|must|enforce|guard|authori[sz]e|allow)`)
)

// readersChange finds routes that change a row and ask for it nothing but whether their caller may read it.
func readersChange(f *facts.Facts) []rule.Finding {
	seen := map[*facts.Function]bool{}
	var out []rule.Finding
	for _, r := range f.Routes {
		if r.Kind != "http" || !r.Writes() || r.Handler == nil || seen[r.Handler] || r.Handler.Aside != "" || trace.Permits(r) {
			continue
		}
		seen[r.Handler] = true
		checks, below := asked(r.Handler)
		if len(checks) == 0 || slices.ContainsFunc(checks, func(c *facts.Function) bool { return !toRead.MatchString(c.Own) || c != checks[0] }) {
			continue
		}
		check := checks[0]
		of := thing(check, toRead)
		stronger := slices.IndexFunc(f.Functions, func(other *facts.Function) bool {
			return other.Judges && other.Package == check.Package && toWrite.MatchString(other.Own) && other.Of == check.Of && strings.EqualFold(thing(other, toWrite), of)
		})
		changes := changing(below, of)
		if of == "" || stronger < 0 || changes == nil {
			continue
		}
		other := f.Functions[stronger]
		out = append(out, rule.Finding{
			Pos: r.Handler.Pos, Confidence: rule.Likely, Severity: rule.High,
			Message: fmt.Sprintf("%s changes a row of %s for everybody who may read it: it asks %s alone, and not %s", r.Handler.Name, changes.Statement.Tables[0].Table, check.Name, other.Name),
			Evidence: []rule.Evidence{
				{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s", r, r.Handler.Name)},
				{Pos: check.Pos, What: check.Name + " is all that is asked"},
				{Pos: changes.Pos, What: trace.Query(changes)},
				{Pos: other.Pos, What: other.Name + " says who may change it"},
			},
			Fix: "ask " + other.Name,
		})
	}
	return out
}

// asked are the checks that a function asks, itself or in what it calls, without those that checks ask themselves; and what it calls beside them. There
// are none where one of several checks is asked, by what type the value is of.
func asked(f *facts.Function) (checks, below []*facts.Function) {
	below = []*facts.Function{f}
	seen := map[*facts.Function]bool{f: true}
	for from, depth := 0, 0; depth < 5 && from < len(below); depth++ {
		end := len(below)
		for _, at := range below[from:end] {
			for _, call := range at.Calls {
				for _, callee := range call.Callees {
					switch {
					case seen[callee]:
					case byVerb.MatchString(callee.Own) && (callee.Judges || callee.Permits), callee.Permits && others.MatchString(callee.Own) && !hands(callee):
						if len(call.Callees) > 1 {
							return nil, nil
						}
						seen[callee] = true
						checks = append(checks, callee)
					default:
						seen[callee] = true
						below = append(below, callee)
					}
				}
			}
		}
		from = end
	}
	return checks, below
}

// hands reports whether a function asks a check that says so by its verb, which is then what is asked.
func hands(f *facts.Function) bool {
	return slices.ContainsFunc(f.Calls, func(call *facts.Call) bool {
		return slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool { return byVerb.MatchString(callee.Own) && callee.Judges })
	})
}

// thing is what a check is about: what its name says, or whose method it is.
func thing(check *facts.Function, verb *regexp.Regexp) string {
	if m := verb.FindStringSubmatch(check.Own); m != nil && m[2] != "" {
		return m[2]
	}
	return check.Of
}

// changing is a statement of some functions that changes or deletes rows of a table of things; nil where there is none.
func changing(below []*facts.Function, of string) *facts.Query {
	for _, f := range below {
		for _, q := range f.Queries {
			if st := q.Statement; st != nil && (st.Verb == facts.Update || st.Verb == facts.Delete) && len(st.Tables) == 1 {
				table := strings.ReplaceAll(st.Tables[0].Table, "_", "")
				if strings.EqualFold(table, of) || strings.EqualFold(table, of+"s") {
					return q
				}
			}
		}
	}
	return nil
}
