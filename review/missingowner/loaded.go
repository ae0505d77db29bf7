package missingowner

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// What finds a row by what a client names, wherever in its request, is mostly one function of the code: who calls it asks of the row that it answers
// whether the caller may have it. That most of them do says that the function does not, and one that asks nothing goes on with the row of anybody.

const (
	// mostAsk is the share of the calls of such a function of whose answer is asked, from which on another is an exception.
	mostAsk = 0.75
	// fewestAsk is how many of them must be asked of before they show anything.
	fewestAsk = 4
)

// byLoaded looks at calls that find a row which a client names, for routes that write. What everybody may read is for some to change, so that those that
// only read show nothing.
func (s *search) byLoaded() {
	for _, f := range s.facts.Functions {
		if f.Aside != "" || len(s.tracer.Routes(f)) > 0 || len(f.Callers) < fewestAsk {
			continue
		}
		if !s.oftenAsked(f) || !onlyReads(f) {
			continue // asked before what its callers are given is followed, which is dear
		}
		var asked, others []*facts.Call
		for _, call := range f.Callers {
			if !s.toChange(call) || !s.sentTo(call) {
				continue
			}
			if call.AskedOf {
				asked = append(asked, call)
			} else {
				others = append(others, call)
			}
		}
		others = slices.DeleteFunc(others, func(call *facts.Call) bool {
			start := s.tracer.To(call.From).Route.Handler
			return slices.ContainsFunc(asked, func(other *facts.Call) bool { return other.From == call.From || other.From == start })
		})
		if len(asked) < fewestAsk || float64(len(asked)) < mostAsk*float64(len(asked)+len(others)) {
			continue
		}
		for _, call := range others {
			s.goesOn(call, asked, len(others))
		}
	}
}

// oftenAsked reports whether enough calls of a function stand on ways of routes that write and are asked of, for an exception to show.
func (s *search) oftenAsked(f *facts.Function) bool {
	asked, others := 0, false
	for _, call := range f.Callers {
		switch {
		case call.AskedOf && s.toChange(call):
			asked++
		case !call.AskedOf:
			others = true
		}
	}
	return others && asked >= fewestAsk
}

// toChange reports whether a call of one function stands on the way of a route that writes, which others than who runs the service may ask for.
func (s *search) toChange(call *facts.Call) bool {
	if call.Handed || call.Spawned || call.From.Aside != "" || len(call.Callees) != 1 {
		return false
	}
	path := s.tracer.To(call.From)
	return path != nil && trace.Writes(path.Route.Handler) && !s.tracer.ForOperators(path.Route)
}

// sentTo reports whether something that a call is given comes from a client, or stands in a struct that the code writes out there.
func (s *search) sentTo(call *facts.Call) bool {
	return slices.ContainsFunc(call.Args, func(v facts.Value) bool {
		return s.tracer.IsSent(call.From, v) || slices.ContainsFunc(v.Fields, func(of facts.FieldGiven) bool {
			return s.tracer.IsSent(call.From, facts.Value{Text: v.Text, Pos: v.Pos, Origins: of.Origins})
		})
	})
}

// onlyReads reports whether a function reads rows, itself or below, and changes none.
func onlyReads(f *facts.Function) bool {
	reads := false
	for _, below := range trace.Below(f) {
		for _, q := range below.Queries {
			reads = true
			if q.Statement != nil && q.Statement.Write() {
				return false
			}
		}
	}
	return reads
}

// goesOn tells of a call behind which nothing is asked of anybody.
func (s *search) goesOn(call *facts.Call, asked []*facts.Call, open int) {
	path := s.tracer.To(call.From)
	if trace.Permits(path.Route) || s.asks(call.From) || s.asks(path.Route.Handler) {
		return
	}
	finds := call.Callees[0].Name
	s.found = append(s.found, rule.Finding{
		Pos: call.Pos, Severity: rule.Medium, Confidence: rule.Likely,
		Message: fmt.Sprintf("%s goes on with what %s finds of what the client sent, whoever's it is: %d of the %d that change something by it ask first whether their caller may",
			call.From.Name, finds, len(asked), len(asked)+open),
		Evidence: append(path.Evidence(), trace.Called(call), rule.Evidence{Pos: asked[0].Pos, What: asked[0].From.Name + " asks of what it finds"}),
		Fix:      "ask whether the caller may have it, as the others do",
	})
}
