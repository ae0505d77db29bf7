package nplusone

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/trace"
)

// Why a list is long.
const (
	aClient    = "as many as a client sends"
	outside    = "as many as a document or another service holds"
	aPage      = "a page of rows"
	pages      = "put together from pages"
	elsewhere  = "rows that are read by the page elsewhere"
	wholeTable = "all rows of a table that grows"
	inOneGo    = "all of which the same function asks for in one go, too"
)

// besideBatch is how many other fields a message has at most whose list is what it is there for: keys of what is deleted, items that are stored together,
// beside them what they belong to and who sends them. A list among more of them is a part of one thing that the message describes, and short.
const besideBatch = 4

// shown reports whether it is shown that a loop is long, and for a statement that writes, that it is longer than such loops mostly are. A
// client that has something stored sends the parts of one form, and keys alone of what he has deleted; all rows of a table, or all that
// hang on one row, are written when something is set up, synchronised or removed. Of what is sent in one go, too, each row may have
// something of its own. A statement that is not known may be any.
func (s *search) shown(q *facts.Query, loop *facts.Loop, calls []*facts.Call) bool {
	why := s.grows(loop)
	if q.Statement != nil && q.Statement.Write() {
		return why == outside || why == aPage || why == pages || why == aClient && deletesByKey(q.Statement, loop, calls)
	}
	if q.Statement == nil && why == aClient {
		return false // it may write: a helper sends what it is given
	}
	return why != ""
}

// deletesByKey reports whether a statement deletes by one key that differs from turn to turn, so that a list of keys deletes all.
func deletesByKey(st *facts.Statement, loop *facts.Loop, calls []*facts.Call) bool {
	if st.Verb != facts.Delete {
		return false
	}
	keys := 0
	for _, p := range st.Predicates {
		if p.Operator != "=" {
			return false
		}
		if p.Arg != nil && vary([]facts.Value{*p.Arg}, loop, calls) {
			keys++
		}
	}
	return keys == 1
}

// because says why a loop is long, for a reader.
func (s *search) because(loop *facts.Loop) string {
	if why := s.grows(loop); why != "" {
		return ": " + why
	}
	return ""
}

// grows says by what a loop is shown to be long, itself or where it stands, "" where nothing shows it.
func (s *search) grows(loop *facts.Loop) string {
	if why := s.own(loop); why != "" {
		return why
	}
	return s.around(s.owners[loop], 0)
}

// own says by what the list of a loop, or that of a loop around it in its function, is shown to be long.
func (s *search) own(loop *facts.Loop) string {
	if known, is := s.grown[loop]; is {
		return known
	}
	s.grown[loop] = "" // a circle shows nothing
	why := s.long(loop.From.List, s.owners[loop], 0)
	if why == "" && loop.Outer != nil {
		why = s.own(loop.Outer)
	}
	if why == "" && s.together(s.owners[loop], loop.Over, loop) {
		why = inOneGo
	}
	s.grown[loop] = why
	return why
}

// around says by what a loop is shown to be long that calls a function with its items, itself or through another function.
func (s *search) around(f *facts.Function, depth int) string {
	if f == nil {
		return ""
	}
	for _, call := range f.Callers {
		if apart(call) || call.Place.EndsLoop {
			continue
		}
		if call.Loop == nil {
			if depth < 2 && call.Receiver.Has(facts.FromParam) || depth < 2 && slices.ContainsFunc(call.Args, func(v facts.Value) bool { return v.Has(facts.FromParam) }) {
				if why := s.around(call.From, depth+1); why != "" {
					return why
				}
			}
			continue
		}
		if s.repeats(call.Loop, anyTurns(append([]facts.Value{call.Receiver}, call.Args...), call.Loop)) == nil || s.ownWork(call.From, call.Loop) {
			continue
		}
		if why := s.own(call.Loop); why != "" {
			return why
		}
	}
	return ""
}

func apart(call *facts.Call) bool {
	return call.From.Aside == "test" || call.From.Aside == "migration" || call.From.Aside == "command" || call.Place.ErrorPath
}

// long says by what a list is shown to be long that a function has.
func (s *search) long(list []facts.Origin, in *facts.Function, depth int) string {
	for _, o := range list {
		switch o.Kind {
		case facts.FromRequest:
			if o.Beside <= besideBatch {
				return aClient
			}
		case facts.FromOutside:
			return outside
		case facts.FromQuery:
			q := s.queries[o.Pos]
			few := fewFor(q, in)
			if q != nil && q.Statement == nil && strings.Contains(q.Chain, ".Limit(") && !few {
				return aPage
			}
			if q != nil && q.Statement != nil && !few {
				if why := s.rows(hanging(q.Statement, o.Field), q.From); why != "" {
					return why
				}
			}
		case facts.FromLoop:
			if o.Loop.Kind == facts.OverEvents || o.Loop.Kind == facts.OverCondition {
				return pages
			}
			few := slices.ContainsFunc(o.Loop.From.List, func(o facts.Origin) bool { return o.Kind == facts.FromQuery && fewFor(s.queries[o.Pos], in) })
			if few {
				continue
			}
			if why := s.own(o.Loop); why != "" {
				return why
			}
		case facts.FromParam:
			if why := s.param(o, depth); why != "" {
				return why
			}
		}
	}
	return ""
}

// hanging is the statement by which a query reads what hangs on its rows under a name, and the query's own where it reads nothing so.
func hanging(st *facts.Statement, name string) *facts.Statement {
	for _, inner := range st.Inner {
		if name != "" && inner.Name == name {
			return inner
		}
	}
	return st
}

// param says by what a list is shown to be long that a function is given, or that is in a field of what it is given.
func (s *search) param(o facts.Origin, depth int) string {
	if depth == deepest {
		return ""
	}
	if !o.Whole {
		if o.Beside > besideBatch {
			return ""
		}
		if o.Index >= 0 && s.message(o, 0) || o.Index == -1 && slices.ContainsFunc(o.Function.Bound, func(b facts.Bound) bool { return strings.HasSuffix(b.Type, "."+o.Function.Of) }) {
			return aClient
		}
		return ""
	}
	if len(s.tracer.Routes(o.Function)) > 0 {
		return aClient
	}
	for _, call := range o.Function.Callers {
		if apart(call) {
			continue
		}
		for _, given := range given(call, map[int]bool{o.Index: true}) {
			if s.together(call.From, given.Text, call.Loop) {
				return inOneGo
			}
			if given.Kind == "text" && given.Has(facts.FromRequest) {
				return aClient // of which a list is made by cutting
			}
			if why := s.long(given.List, call.From, depth+1); why != "" {
				return why
			}
		}
	}
	return ""
}

// fewFor reports whether a function asks a query that reads pages for a few rows, by a number that it gives to what it calls.
func fewFor(q *facts.Query, in *facts.Function) bool {
	if in == nil || q == nil {
		return false
	}
	limit := q.Limit
	if q.Statement != nil {
		limit = q.Statement.LimitArg
	}
	if limit == nil {
		return false
	}
	few, reached := true, false
	asked := map[facts.Origin]bool{}
	var up func(v facts.Value, at *facts.Function, depth int)
	up = func(v facts.Value, at *facts.Function, depth int) {
		for _, o := range v.Origins {
			o = facts.Origin{Kind: o.Kind, Function: o.Function, Index: o.Index}
			if o.Kind != facts.FromParam || o.Function != at || asked[o] {
				continue
			}
			asked[o] = true
			for _, call := range at.Callers {
				if o.Index < 0 || o.Index >= len(call.Args) || call.From.Aside == "test" {
					continue
				}
				if arg := call.Args[o.Index]; call.From == in {
					n, err := strconv.Atoi(arg.Text)
					reached, few = true, few && err == nil && n < page
				} else if depth < 4 {
					up(arg, call.From, depth+1)
				}
			}
		}
	}
	up(*limit, q.From, 0)
	return few && reached
}

// page is how many rows a page has at least.
const page = 20

// rows says by what the answer of a statement of a function is shown to be long.
func (s *search) rows(st *facts.Statement, in *facts.Function) string {
	if len(st.Tables) == 0 || st.Verb != facts.Select || st.Limit == "1" {
		return ""
	}
	if n, err := strconv.Atoi(st.Limit); st.Limit != "" && (err != nil || n >= page) {
		return aPage
	}
	if !slices.ContainsFunc(st.Tables, func(t facts.TableUse) bool { return s.tables.Grows(t.Table) }) {
		return ""
	}
	narrow := false
	for _, p := range st.Predicates {
		if p.Arg == nil || p.Arg.Only(facts.FromConstant) || p.Disjoint {
			continue
		}
		switch {
		case p.Optional:
			narrow = true // by what one caller gives, of which another says nothing
		case p.Operator == "=":
			narrow = true
			if s.tables.Paged(st.Tables[0].Table, p.Column) {
				return elsewhere
			}
		case p.Operator == "IN":
			narrow = true
			if why := s.long(p.Arg.List, in, 0); why != "" {
				return why
			}
		}
	}
	if narrow || st.Unread {
		return ""
	}
	return wholeTable
}

// together reports whether a function sends a list, or what it gathers of its items, to the database in one go, outside of a loop: whoever
// wrote it reckons with many.
func (s *search) together(f *facts.Function, list string, loop *facts.Loop) bool {
	if f == nil {
		return false
	}
	list = strings.TrimLeft(list, "&*")
	gathered := func(v facts.Value) bool {
		return slices.ContainsFunc(v.List, func(o facts.Origin) bool {
			return o.Kind == facts.FromLoop && o.Loop != loop && s.owners[o.Loop] == f && o.Loop.Over == list
		})
	}
	same := func(v facts.Value) bool { return strings.TrimLeft(v.Text, "&*") == list && len(v.List) > 0 }
	if slices.ContainsFunc(f.Queries, func(q *facts.Query) bool {
		if q.Loop != nil || q.Statement == nil {
			return false
		}
		if slices.ContainsFunc(arguments(q), gathered) || q.Statement.Verb == facts.Insert && slices.ContainsFunc(q.Args, same) {
			return true
		}
		return slices.ContainsFunc(q.Statement.Predicates, func(p facts.Predicate) bool { return p.Arg != nil && same(*p.Arg) })
	}) {
		return true
	}
	return slices.ContainsFunc(f.Calls, func(call *facts.Call) bool {
		return call.Loop == nil && slices.ContainsFunc(call.Args, gathered) && slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool {
			return slices.ContainsFunc(trace.Below(callee), func(below *facts.Function) bool { return len(below.Queries) > 0 })
		})
	})
}
