package trace

import (
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// Asked is what a query asks for one of those who call its function: with the conditions that he gives something for.
type Asked struct {
	Statement *facts.Statement
	From      *facts.Function // who says what is asked
	Calls     []*facts.Call   // his call, and those that hand it on to the query, outermost first
	Handed    bool            // he writes out the condition itself
	Narrows   bool            // he gives more than constants, whatever the code does with it
}

// PerCaller are what a query asks for each caller that writes out what it gives, where conditions or a limit hang on that, or are that; none where
// no caller does.
func PerCaller(q *facts.Query) []Asked {
	var handed []Asked
	for _, by := range q.PerCall {
		handed = append(handed, Asked{Statement: by.Statement, From: by.Calls[0].From, Calls: by.Calls, Handed: true})
	}
	return append(handed, filled(q)...)
}

// filled are what a query asks for each caller that fills a struct in which it says what to look for.
func filled(q *facts.Query) []Asked {
	param := hangsOn(q.Statement)
	if param < 0 {
		return nil
	}
	var out []Asked
	seen := map[*facts.Function]bool{}
	var up func(f *facts.Function, param int, calls []*facts.Call)
	up = func(f *facts.Function, param int, calls []*facts.Call) {
		if seen[f] || len(calls) == 4 {
			return
		}
		seen[f] = true
		for _, call := range f.Callers {
			if call.From.Aside != "" && call.From.Aside != "generated" || call.Handed || param >= len(call.Args) {
				continue
			}
			way := append([]*facts.Call{call}, calls...)
			arg := call.Args[param]
			if arg.Written {
				out = append(out, Asked{Statement: asked(q.Statement, arg), From: call.From, Calls: way, Narrows: narrowed(arg.Fields)})
				continue
			}
			for _, o := range arg.Origins {
				if o.Kind == facts.FromParam && o.Whole && o.Function == call.From && o.Index >= 0 && len(arg.Origins) == 1 {
					up(call.From, o.Index, way)
				}
			}
		}
	}
	up(q.From, param, nil)
	return out
}

// narrowed reports whether one of the fields that a caller gives may hold anything but what the code itself says, wherever that leads: a single
// one that is given only where a condition holds is left out elsewhere, of several there may always be one.
func narrowed(fields []facts.FieldGiven) bool {
	sometimes := 0
	for _, f := range fields {
		if narrows(f) && !f.Sometimes {
			return true
		}
		if narrows(f) {
			sometimes++
		}
	}
	return sometimes > 1
}

// narrows reports whether a field may hold anything but what the code itself says.
func narrows(f facts.FieldGiven) bool {
	return slices.ContainsFunc(f.Origins, func(o facts.Origin) bool { return o.Kind != facts.FromConstant })
}

// hangsOn is the parameter by a field of which some conditions or the limit of a statement hold, -1 for none and for several.
func hangsOn(st *facts.Statement) int {
	param := -1
	if st == nil {
		return param
	}
	given := []*facts.Given{st.LimitGiven}
	for _, p := range st.Predicates {
		given = append(given, p.Given)
	}
	for _, g := range given {
		if g == nil || g.Field == "" {
			continue
		}
		if param >= 0 && param != g.Param {
			return -1
		}
		param = g.Param
	}
	return param
}

// asked is a statement as one call makes it: without what hangs on fields that the call leaves out.
func asked(st *facts.Statement, v facts.Value) *facts.Statement {
	gives := func(g *facts.Given) *facts.FieldGiven {
		i := slices.IndexFunc(v.Fields, func(f facts.FieldGiven) bool { return f.Name == g.Field })
		if i < 0 {
			return nil
		}
		return &v.Fields[i]
	}
	out := *st
	out.Predicates = nil
	for _, p := range st.Predicates {
		if p.Given != nil && p.Given.Field != "" {
			given := gives(p.Given)
			if given == nil {
				continue
			}
			p.Optional = given.Sometimes || p.Given.Partly
			if p.Arg == nil || p.Arg.Origins == nil {
				p.Arg = &facts.Value{Text: given.Name, Origins: given.Origins}
			}
		}
		out.Predicates = append(out.Predicates, p)
	}
	if st.LimitGiven != nil && st.LimitGiven.Field != "" {
		if gives(st.LimitGiven) == nil {
			out.Limit, out.LimitArg = "", nil
		}
	}
	return &out
}
