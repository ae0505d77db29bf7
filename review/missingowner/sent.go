package missingowner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// Whose a row is may be asked of the wrong thing: PUT /notes/{id} compares the owner in its body with the caller, and changes the row that the path names.
// Whoever sends his own name there changes the row of anybody.

// bySent looks at routes that change a row which their path names, where the only question is of what the client sent.
func (s *search) bySent() {
	for _, r := range s.facts.Routes {
		if r.Kind != "http" || r.Method != "PUT" && r.Method != "PATCH" || r.Handler == nil || r.Handler.Aside != "" || len(inPathOf(r)) == 0 || !r.Guarded() && !r.Checks || s.tracer.ForOperators(r) {
			continue
		}
		row, column, at := s.changedBy(r)
		if row == "" {
			continue
		}
		for _, call := range r.Handler.Calls {
			if of := asksOfBody(call, column); of != "" && !s.asksBeside(r.Handler, column) {
				s.found = append(s.found, rule.Finding{
					Pos: call.Pos, Severity: rule.High, Confidence: rule.Likely,
					Message: fmt.Sprintf("route %s asks whose the row of %s is by the %s that the client sent: that of the row itself is not looked at", r, row, of),
					Evidence: []rule.Evidence{
						{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s", r, r.Handler.Name)},
						trace.Called(call),
						{Pos: call.Callees[0].Pos, What: fmt.Sprintf("%s compares the %s of what it is given", call.Callees[0].Name, of)},
						{Pos: at, What: "the row is changed by the key in the path"},
					},
					Fix: fmt.Sprintf("read the row and compare its %s with the caller, or AND %s = …", of, of),
				})
				break
			}
		}
	}
}

// changedBy is the table of the row that a route changes by a key of its path, the column that says whose it is, and where; "" where there is none.
func (s *search) changedBy(r *facts.Route) (table, column string, at facts.Pos) {
	if r.Rows != "" {
		return r.Rows, s.ownerOf(r), r.Handler.Pos
	}
	for _, f := range trace.Below(r.Handler) {
		for _, q := range f.Queries {
			if key := s.key(q); key != nil && q.Statement.Verb == facts.Update {
				names := inPathOf(r)
				if column := s.maybeOwner(q.Statement.Tables[0].Table); column != "" && s.tracer.FromParam(q.From, *key.Arg, names[len(names)-1]) != nil && !compares(q.Statement, column) {
					return q.Statement.Tables[0].Table, column, q.Pos
				}
			}
		}
	}
	return "", "", facts.Pos{}
}

// asksOfBody is the column that a call compares of what the client sent as a body; "" where it compares anything else.
func asksOfBody(call *facts.Call, column string) string {
	if column == "" || len(call.Callees) != 1 || call.Handed || slices.ContainsFunc(call.Args, finds) ||
		slices.ContainsFunc(trace.Below(call.Callees[0]), func(f *facts.Function) bool { return len(f.Queries) > 0 }) {
		return "" // it is given the row, or may read it
	}
	for _, of := range call.Callees[0].EquatesOf {
		if strings.EqualFold(of.Column, column) && of.Param < len(call.Args) && ofBody(call.Args[of.Param]) {
			return of.Column
		}
	}
	return ""
}

// finds reports whether a value is of a row that was read, or names one.
func finds(v facts.Value) bool {
	return slices.ContainsFunc(v.Origins, func(o facts.Origin) bool {
		return o.Kind == facts.FromQuery || o.Kind == facts.FromRequest && o.Name != "the body" && o.Name != "the request"
	})
}

// ofBody reports whether a value is what a client sent behind the head of its request, and nothing else.
func ofBody(v facts.Value) bool {
	return v.Has(facts.FromRequest) && !slices.ContainsFunc(v.Origins, func(o facts.Origin) bool {
		return o.Kind != facts.FromConstant && (o.Kind != facts.FromRequest || o.Name != "the body")
	})
}

// asksBeside reports whether a handler asks whose a row is in another way than by such calls.
func (s *search) asksBeside(handler *facts.Function, column string) bool {
	known := map[*facts.Function]bool{handler: false}
	return slices.ContainsFunc(handler.Equates, ofPerson.MatchString) ||
		slices.ContainsFunc(handler.Queries, func(q *facts.Query) bool { return q.Statement != nil && s.asksForOwner(q.Statement) }) ||
		slices.ContainsFunc(handler.Calls, func(call *facts.Call) bool {
			return len(call.Callees) > 0 && asksOfBody(call, column) == "" &&
				!slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool { return !s.asksSurely(callee, known, 1) })
		})
}
