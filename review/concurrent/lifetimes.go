package concurrent

import (
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/trace"
)

// BeforeOthers reports whether a function is called only where the value is made or the program begins, or by nobody.
func BeforeOthers(function *facts.Function, makers []*facts.Function) bool {
	return beforeOthers(function, makers, 0)
}

func beforeOthers(function *facts.Function, makers []*facts.Function, depth int) bool {
	if function.Own == "init" || function.Aside != "" || function.Outer != nil && function.Outer.Aside == "command" || slices.Contains(makers, function) {
		return true
	}
	if depth > 4 || len(function.Callers) == 0 {
		return depth == 0
	}
	return !slices.ContainsFunc(function.Callers, func(call *facts.Call) bool {
		return call.Handed || call.Spawned || !beforeOthers(call.From, makers, depth+1)
	})
}

// Outlives reports whether values that some functions make are made before any request: on the way from main alone.
func Outlives(tracer *trace.Tracer, makers []*facts.Function) bool {
	started := false
	for _, maker := range makers {
		if tracer.To(maker) != nil || mayBeAsked(maker, map[*facts.Function]bool{}) {
			return false
		}
		started = started || fromStart(maker, map[*facts.Function]bool{})
	}
	return started
}

// mayBeAsked reports whether a method that is given a context and that nobody is seen to call leads to a function: it may be called through
// something that is not followed, for each request anew.
func mayBeAsked(f *facts.Function, seen map[*facts.Function]bool) bool {
	if seen[f] || f.Aside != "" && (f.Aside != "command" || begins(f)) {
		return false
	}
	seen[f] = true
	if len(f.Callers) == 0 {
		return f.Of != "" && f.Context != ""
	}
	for _, call := range f.Callers {
		if mayBeAsked(call.From, seen) {
			return true
		}
	}
	return false
}

// fromStart reports whether the beginning of a program leads to a function.
func fromStart(f *facts.Function, seen map[*facts.Function]bool) bool {
	if seen[f] {
		return false
	}
	seen[f] = true
	if begins(f) {
		return true
	}
	for _, call := range f.Callers {
		if !handler(f, call) && fromStart(call.From, seen) {
			return true
		}
	}
	return false
}

// begins reports whether a function is where a program begins. What stands where commands do may also be a part of the service, such as what
// answers in a sandbox: what other functions call, and a method that is given a context and more and that nobody is seen to call.
func begins(f *facts.Function) bool {
	if f.Aside != "command" {
		return f.Own == "init" || f.Own == "main" // of a program, or of one of several that one binary is
	}
	called := slices.ContainsFunc(f.Callers, func(call *facts.Call) bool { return !call.Handed && call.From.Aside != "test" })
	return !called && (len(f.Callers) > 0 || f.Of == "" || f.Context == "" || len(f.Params) == 1)
}

// handler reports whether a call hands over a method with more than a context to be given: whoever has it calls it when there is something to give.
func handler(f *facts.Function, call *facts.Call) bool {
	return call.Handed && f.Of != "" && (len(f.Params) > 1 || len(f.Params) == 1 && f.Context == "")
}
