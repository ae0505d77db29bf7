package nplusone

import (
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// What makes a loop one that a senior would leave: each item is work of its own, the items are few, the statement is sent for few of
// them, or nobody waits. None of it is proof, so such loops are uncertain and not left out.

// ownWork reports whether a turn of a loop does something else than to ask the database: asks another service, sends mail, reads or
// writes files, hands something on, begins a thread or a transaction of its own. Then each item is a task of its own, for which
// the database is not what takes long.
func (s *search) ownWork(f *facts.Function, loop *facts.Loop) bool {
	if slices.ContainsFunc(f.Effects, func(e *facts.Effect) bool { return inside(e.Loop, loop) && leaves(e) }) {
		return true
	}
	if slices.ContainsFunc(f.Queries, func(q *facts.Query) bool { return inside(q.Loop, loop) && begunWithin(q, loop) }) {
		return true
	}
	return slices.ContainsFunc(f.Calls, func(call *facts.Call) bool {
		return inside(call.Loop, loop) && !call.Place.ErrorPath && (call.Spawned || s.anyToils(call, 0))
	})
}

// inside reports whether a loop is another, or stands in it.
func inside(loop, around *facts.Loop) bool {
	for ; loop != nil; loop = loop.Outer {
		if loop == around {
			return true
		}
	}
	return false
}

// begunWithin reports whether a query's transaction was begun in a turn of a loop.
func begunWithin(q *facts.Query, loop *facts.Loop) bool {
	return q.Handle.Begun.File == loop.Pos.File && q.Handle.Begun.Line > loop.Pos.Line
}

func (s *search) anyToils(call *facts.Call, depth int) bool {
	return slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool { return s.toils(callee, depth+1) })
}

// toils reports whether a function does work that is no query, itself or in what it calls.
func (s *search) toils(f *facts.Function, depth int) bool {
	if known, found := s.toil[f]; found || depth > deepest {
		return known
	}
	s.toil[f] = false // a circle adds nothing
	s.toil[f] = f.Toils || slices.ContainsFunc(f.Effects, leaves) ||
		slices.ContainsFunc(f.Queries, func(q *facts.Query) bool {
			return q.Handle.Begun.File == f.Pos.File && q.Handle.Begun.Line > f.Pos.Line && q.Handle.Begun.Line < f.End.Line
		}) ||
		slices.ContainsFunc(f.Calls, func(call *facts.Call) bool {
			return !call.Place.ErrorPath && (call.Spawned || s.anyToils(call, depth))
		})
	return s.toil[f]
}

func leaves(e *facts.Effect) bool {
	return (e.Kind == "http" || e.Kind == "remote" || e.Kind == "mail") && !e.Place.ErrorPath
}

// few reports whether a list is a part of something that the function is given or belongs to, and not of what a client sent: the
// labels of a step, the files of an entry, the parts of the program.
func (s *search) few(f *facts.Function, loop *facts.Loop) bool {
	if !loop.Part || len(loop.From.Origins) == 0 {
		return false
	}
	for _, o := range loop.From.Origins {
		switch o.Kind {
		case facts.FromParam:
			if o.Index >= 0 && s.message(o, 0) {
				return false
			}
		case facts.FromQuery, facts.FromRequest:
			if !loop.From.Has(facts.FromLoop) {
				return false
			}
		}
	}
	return true
}

// message reports whether a parameter is what a client sent, as a whole.
func (s *search) message(o facts.Origin, depth int) bool {
	if len(s.tracer.Routes(o.Function)) > 0 {
		return true
	}
	return depth < deepest && slices.ContainsFunc(o.Function.Callers, func(call *facts.Call) bool {
		if o.Index >= len(call.Args) {
			return false
		}
		return slices.ContainsFunc(call.Args[o.Index].Origins, func(given facts.Origin) bool {
			return given.Kind == facts.FromRequest && !call.Args[o.Index].Part || given.Kind == facts.FromParam && given.Whole && given.Index >= 0 && s.message(given, depth+1)
		})
	})
}

// seldom reports whether a statement is sent for few of the items: for the one that is looked for, for what a cache does not know, or
// where nothing was read ahead.
func seldom(q *facts.Query, calls []*facts.Call) bool {
	rare := func(p facts.Place) bool { return p.Picks || p.Kept }
	for i, call := range calls {
		inside := q.Place
		if i+1 < len(calls) {
			inside = calls[i+1].Place
		}
		if given := inside.Lacks - 1; given >= 0 && given < len(call.Args) && call.Args[given].Text != "nil" {
			return true // read ahead, unless that failed
		}
	}
	return rare(q.Place) || slices.ContainsFunc(calls, func(call *facts.Call) bool { return rare(call.Place) })
}

// again reports whether a loop leads back to the function that it stands in: each item goes with all that hangs on it.
func again(loop *facts.Loop, calls []*facts.Call) bool {
	if len(calls) == 0 {
		return false
	}
	owner := calls[0].From
	return slices.ContainsFunc(owner.Calls, func(call *facts.Call) bool { return inside(call.Loop, loop) && slices.Contains(call.Callees, owner) })
}

// mending are names of functions that put rows right once, and are not asked for again.
var mending = regexp.MustCompile(`(?i)^(re)?(migrat|repair|backfill|fixup|restore|seed|upgrade)|(migrate|enable|disable|rotate)encryption`)

// migrates are names of files that change a schema, and rows with it.
var migrates = regexp.MustCompile(`(?i)(^|[/_])migrations?\.\w+$`)

// once reports whether a loop stands in what puts rows right once, or asks it for each item.
func once(owner *facts.Function, calls []*facts.Call) bool {
	if migrates.MatchString(owner.Pos.File) {
		return true
	}
	for f := owner; f != nil; f = f.Outer {
		if mending.MatchString(f.Own) {
			return true
		}
	}
	return slices.ContainsFunc(calls, func(call *facts.Call) bool {
		return slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool { return mending.MatchString(callee.Own) })
	})
}

// operated reports whether all ways to a function begin with a route that nobody but who runs the service may ask for: he does so now and then.
func (s *search) operated(f *facts.Function) bool {
	ways := s.tracer.Ways(f)
	return ways.Operator && !ways.Client && !ways.Other
}

// alters reports whether a statement neither reads nor changes rows, but what holds them: one statement does not do so for several.
func alters(q *facts.Query) bool { return q.Statement != nil && q.Statement.Verb == facts.Other }

// ownValues reports whether an update gives each row a value of its own, as one that stores a whole row does: one statement for all of them would
// have to list them with their keys.
func ownValues(q *facts.Query, loop *facts.Loop, calls []*facts.Call) bool {
	if q.Statement == nil || q.Statement.Verb != facts.Update {
		return false
	}
	var values []facts.Value
	for _, set := range q.Statement.Assigned {
		if set.Arg != nil {
			values = append(values, *set.Arg)
		}
	}
	if q.Mapped && len(values) == 0 {
		values = slices.DeleteFunc(slices.Clone(q.Args), func(v facts.Value) bool { return v.Kind != "" || v.Part })
	}
	return vary(values, loop, calls)
}

// vary reports whether some of the values that a function has differ from turn to turn of a loop that calls it by calls, outermost first.
func vary(values []facts.Value, loop *facts.Loop, calls []*facts.Call) bool {
	for _, call := range slices.Backward(calls) {
		needs := map[int]bool{}
		for _, callee := range call.Callees {
			for index := range params(values, callee) {
				needs[index] = true
			}
		}
		values = given(call, needs)
	}
	return anyTurns(values, loop)
}

// small reports whether a loop goes over rows of tables that do not grow with use, as far as is known which tables they are of.
func (s *search) small(loop *facts.Loop) bool {
	known := false
	for _, o := range loop.From.Origins {
		if o.Kind != facts.FromQuery {
			continue
		}
		q := s.queries[o.Pos]
		if q == nil || q.Statement == nil || len(q.Statement.Tables) != 1 || s.tables.Grows(q.Statement.Tables[0].Table) {
			return false
		}
		known = true
	}
	return known
}
