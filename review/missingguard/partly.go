package missingguard

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// A check may stand where only some callers come by: within a condition over what they send. Who leaves that out is not asked, and changes the row all the
// same. That the check is for all of them, others show that make the same one first whatever they are sent.

// askersFirst is how many handlers must make a check on all their ways before they show that it is for all callers.
const askersFirst = 3

// partly finds handlers that change rows on all their ways, and ask whether their caller may on those alone that what they are sent decides.
func partly(f *facts.Facts, told []rule.Finding) []rule.Finding {
	first := map[string][]*facts.Route{} // by the package and the name of the check
	seen := map[*facts.Function]bool{}
	for _, r := range f.Routes {
		if r.Handler == nil || r.Handler.Aside != "" || seen[r.Handler] {
			continue
		}
		seen[r.Handler] = true
		var names []string
		for _, asked := range r.Handler.Asks {
			if asked.By != "" && asked.From == (facts.Pos{}) && !slices.Contains(names, asked.By) {
				names = append(names, asked.By)
				first[r.Handler.Package+" "+asked.By] = append(first[r.Handler.Package+" "+asked.By], r)
			}
		}
	}
	seen = toldOf(f, told)
	var out []rule.Finding
	for _, r := range f.Routes {
		if r.Handler == nil || r.Handler.Aside != "" || seen[r.Handler] || trace.Permits(r) || siblings(f, r) == "" || !writes(r.Handler) {
			continue
		}
		seen[r.Handler] = true
		asked := askedPartly(r.Handler)
		if asked == nil {
			continue
		}
		askers := first[r.Handler.Package+" "+asked.By]
		at := goesOn(r.Handler, asked)
		if len(askers) < askersFirst || at == (facts.Pos{}) {
			continue
		}
		out = append(out, rule.Finding{
			Pos: r.Handler.Pos, Confidence: rule.Likely, Severity: rule.High,
			Message: fmt.Sprintf("%s asks %s only where what it is sent says so, and goes on without: %d others ask it first, whatever they are sent", r.Handler.Name, asked.By, len(askers)),
			Evidence: []rule.Evidence{
				{Pos: asked.From, What: "who leaves out what this condition asks for is not asked whether he may"},
				{Pos: asked.Pos, What: asked.By + " is asked here alone"},
				{Pos: at, What: "this is done for everybody"},
				{Pos: askers[0].Handler.Pos, What: askers[0].Handler.Name + " asks it first"},
			},
			Fix: "ask " + asked.By + " before the condition, for everybody",
		})
	}
	return out
}

// askedPartly is the check that a handler makes on those ways alone that what it is sent decides, where it asks nothing on all of them; nil for none.
func askedPartly(handler *facts.Function) *facts.Asked {
	var out *facts.Asked
	for i, asked := range handler.Asks {
		if asked.From == (facts.Pos{}) || !asked.Left {
			return nil
		}
		if out == nil && asked.By != "" {
			out = &handler.Asks[i]
		}
	}
	for _, call := range handler.Calls {
		if !call.Place.Branch && !call.Place.ErrorPath && !call.Handed && slices.ContainsFunc(call.Callees, asksItself) {
			return nil
		}
	}
	return out
}

// goesOn is where a handler asks the database, behind the ways on which a check is made and whether it was made or not; zero for nowhere.
func goesOn(handler *facts.Function, asked *facts.Asked) facts.Pos {
	for _, q := range handler.Queries {
		if !q.Place.Branch && !q.Place.ErrorPath && after(q.Pos, asked.To) {
			return q.Pos
		}
	}
	for _, call := range handler.Calls {
		if !call.Place.Branch && !call.Place.ErrorPath && !call.Handed && after(call.Pos, asked.To) && slices.ContainsFunc(call.Callees, touchesRows) {
			return call.Pos
		}
	}
	return facts.Pos{}
}
