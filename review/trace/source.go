package trace

import (
	"fmt"
	"maps"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// Source is where a value comes from outside, with the calls that carry it, outermost first.
type Source struct {
	Origin facts.Origin
	Calls  []*facts.Call
	Route  *facts.Route
}

// TextFromOutside follows the origins of a text in a function through callers to what a client sent, or to the program's input.
// Numbers carry no text.
func (t *Tracer) TextFromOutside(in *facts.Function, v facts.Value) *Source {
	return t.outside(in, v, func(o facts.Origin) bool { return o.Number || o.Checked || o.Kind == facts.FromChecked })
}

// Stored follows a text in a function to a row of the database that holds it: somebody has put it there.
func (t *Tracer) Stored(in *facts.Function, v facts.Value) *Source {
	t.stored = true
	defer func() { t.stored = false }()
	return t.outside(in, v, func(o facts.Origin) bool {
		return o.Number || o.Checked || o.Kind == facts.FromChecked || o.Kind == facts.FromRequest || o.Kind == facts.FromInput
	})
}

// Unbounded follows a number in a function to each place where a client sends it, and nothing on the way gives it an upper limit.
func (t *Tracer) Unbounded(in *facts.Function, v facts.Value) []*Source {
	return t.each(in, v, func(o facts.Origin) bool { return o.Bounded || o.Kind == facts.FromInput })
}

// Zero follows a number in a function to each place where a client sends it, and nothing on the way keeps it from being zero.
func (t *Tracer) Zero(in *facts.Function, v facts.Value) []*Source {
	return t.each(in, v, func(o facts.Origin) bool { return o.Positive || o.Kind == facts.FromInput })
}

// FromParam follows a value in a function to the parameter of the request that has a name.
func (t *Tracer) FromParam(in *facts.Function, v facts.Value, name string) *Source {
	return t.outside(in, v, func(o facts.Origin) bool {
		return (o.Kind == facts.FromRequest || o.Formed == facts.FromRequest) && o.Name != name || o.Kind == facts.FromInput
	})
}

// Sent follows a value in a function to each place where a client sends it.
func (t *Tracer) Sent(in *facts.Function, v facts.Value) []*Source {
	return t.each(in, v, func(o facts.Origin) bool { return o.Kind == facts.FromInput })
}

// IsSent reports whether a client may send a value that a function has.
func (t *Tracer) IsSent(in *facts.Function, v facts.Value) bool {
	return t.outside(in, v, func(o facts.Origin) bool { return o.Kind == facts.FromInput }) != nil
}

func (t *Tracer) each(in *facts.Function, v facts.Value, without func(facts.Origin) bool) []*Source {
	var out []*Source
	w := &wayOut{tracer: t, without: without, seen: map[string]bool{}, found: func(s *Source) bool {
		out = append(out, s)
		return false
	}}
	w.follow(v.Origins, step{in: in})
	return out
}

func (t *Tracer) outside(in *facts.Function, v facts.Value, without func(facts.Origin) bool) *Source {
	var out *Source
	w := &wayOut{tracer: t, without: without, seen: map[string]bool{}, found: func(s *Source) bool {
		out = s
		return true
	}}
	w.follow(v.Origins, step{in: in})
	return out
}

// wayOut is a search through callers for where a value comes from outside.
type wayOut struct {
	tracer  *Tracer
	without func(facts.Origin) bool
	seen    map[string]bool
	found   func(*Source) bool // is told of each source, and says whether it is enough
}

// step is how far such a search has come.
type step struct {
	in     *facts.Function // the function that holds the value
	calls  []*facts.Call   // that carry it from here on, outermost first
	within *between        // where the way went through a field: who else may have filled it; nil for anybody
}

// follow reports whether what was found is enough.
func (w *wayOut) follow(origins []facts.Origin, at step) bool {
	for _, o := range origins {
		if w.without(o) {
			continue
		}
		if o.Kind == facts.FromRequest || o.Formed == facts.FromRequest || o.Kind == facts.FromInput || o.Kind == facts.FromQuery && w.tracer.stored {
			if w.found(&Source{Origin: o, Calls: at.calls}) {
				return true
			}
		}
	}
	if len(at.calls) == 6 {
		return false
	}
	for _, o := range origins {
		if o.Kind != facts.FromParam || o.Index < 0 || w.without(o) {
			continue // what a receiver's field holds is said by the field
		}
		within := at.within
		if within == nil && o.Function != at.in {
			within = reaching(at.in, o.Function)
		}
		key := fmt.Sprintf("%p %d %s %p", o.Function, o.Index, o.Field, within.name())
		if w.seen[key] {
			continue
		}
		w.seen[key] = true
		if routes := w.tracer.routes[o.Function]; len(routes) > 0 && routes[0].Kind != "http" && o.Index > 0 && !w.without(facts.Origin{Kind: facts.FromRequest, Name: o.Function.Params[o.Index]}) {
			sent := facts.Origin{Kind: facts.FromRequest, Name: o.Function.Params[o.Index], Pos: o.Function.Pos}
			if w.found(&Source{Origin: sent, Calls: at.calls, Route: routes[0]}) {
				return true
			}
		}
		for _, call := range o.Function.Callers {
			if call.From.Aside == "test" || call.Handed || o.Index >= len(call.Args) || o.Key && call.Args[o.Index].Named || !within.admits(call) || wrapped(call, o.Function) {
				continue
			}
			next := step{in: call.From, calls: append([]*facts.Call{call}, at.calls...)}
			if within != nil && within.inner[call.From] {
				next.within = within
			}
			if w.follow(held(call.Args[o.Index], o.Field), next) {
				return true
			}
		}
	}
	return false
}

// wrapped reports whether what a call gives to an interface comes to one of the methods behind it by way of another, which is put around it and calls
// it: a check of what was sent, in front of what stores it. A method that is around it itself comes to it directly.
func wrapped(call *facts.Call, method *facts.Function) bool {
	if len(call.Callees) < 2 || slices.Contains(call.Callees, call.From) {
		return false
	}
	return slices.ContainsFunc(call.Callees, func(around *facts.Function) bool {
		return around != method && around.Own == method.Own && around.Aside == "" && slices.ContainsFunc(around.Calls, func(inner *facts.Call) bool {
			return !inner.Self && slices.Contains(inner.Callees, method) && slices.Contains(inner.Callees, around)
		})
	})
}

// held are the origins of a field of a value, or of all of it.
func held(v facts.Value, field string) []facts.Origin {
	if field == "" {
		return v.Origins
	}
	if v.Written {
		var out []facts.Origin
		for _, f := range v.Fields {
			if f.Name == field {
				out = append(out, f.Origins...)
			}
		}
		return out
	}
	out := slices.Clone(v.Origins)
	for i := range out {
		if out[i].Whole {
			out[i].Field = field
		}
	}
	return out
}

// between are the functions that fill what a function, the user, reads again by a method: the parts of a builder. Many functions build
// with the same methods, each with a builder of its own, so that what another one puts in is in no builder of the user. A nil one
// lets everybody in.
type between struct {
	user  *facts.Function
	users map[*facts.Function]bool // it and, where it is given the builder, who gives it
	inner map[*facts.Function]bool // on the ways from them to what takes the value
}

// reaching finds what leads from a user to the method that takes a value that the user reads from a field, nil where the user does not call that
// at all: then the field was filled before, by whoever made its struct.
func reaching(user, taker *facts.Function) *between {
	if user == nil || taker.Of == "" || taker.Within(user) || user.Within(taker) {
		return nil // a closure sees the variables of what it stands in
	}
	above := callersOf(taker)
	if !above[user] {
		return nil
	}
	out := &between{user: user, users: map[*facts.Function]bool{user: true}, inner: map[*facts.Function]bool{}}
	if slices.ContainsFunc(user.Calls, func(c *facts.Call) bool {
		return handsOn(c) && slices.ContainsFunc(c.Callees, func(f *facts.Function) bool { return above[f] })
	}) {
		for _, call := range user.Callers {
			out.users[call.From] = true
		}
	}
	queue := slices.Collect(maps.Keys(out.users))
	for ; len(queue) > 0; queue = queue[1:] {
		for _, call := range queue[0].Calls {
			for _, callee := range call.Callees {
				if above[callee] && !out.inner[callee] && !out.users[callee] {
					out.inner[callee] = true
					queue = append(queue, callee)
				}
			}
		}
	}
	return out
}

// callersOf are a function and those that call it, as deep as a builder's methods call each other.
func callersOf(f *facts.Function) map[*facts.Function]bool {
	const deep = 4
	out := map[*facts.Function]bool{f: true}
	last := []*facts.Function{f}
	for range deep {
		var next []*facts.Function
		for _, at := range last {
			for _, call := range at.Callers {
				if !out[call.From] && !call.Handed {
					out[call.From] = true
					next = append(next, call.From)
				}
			}
		}
		last = next
	}
	return out
}

// admits reports whether a call may put something in.
func (b *between) admits(call *facts.Call) bool {
	return b == nil || b.users[call.From] || b.inner[call.From] && handsOn(call)
}

// name is the user, nil for anybody.
func (b *between) name() *facts.Function {
	if b == nil {
		return nil
	}
	return b.user
}

// handsOn reports whether a call hands on what its function was given: as whose method is called, or as an argument of a function that is
// no method.
func handsOn(call *facts.Call) bool {
	method := slices.ContainsFunc(call.Callees, func(f *facts.Function) bool { return f.Of != "" })
	return call.Self || isGiven(call.Receiver) || !method && slices.ContainsFunc(call.Args, isGiven)
}

// isGiven reports whether a value is a parameter, and nothing made of it.
func isGiven(v facts.Value) bool {
	return slices.ContainsFunc(v.Origins, func(o facts.Origin) bool { return o.Kind == facts.FromParam && o.Whole })
}
