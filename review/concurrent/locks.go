package concurrent

import (
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/trace"
)

// guardsOf are the writes of a value that others may run beside, and the locks that all of them hold; no writes where one holds none, or one of
// which nothing is known.
func guardsOf(tracer *trace.Tracer, g *facts.Guarded) (writes []facts.GuardedUse, guards []string) {
	for _, w := range g.Uses {
		if !w.Write || Early(tracer, g, w.In) {
			continue
		}
		locks := HeldAt(w, g.MadeIn)
		if slices.Contains(locks, facts.SomeLock) {
			return nil, nil
		}
		if writes == nil {
			guards = locks
		}
		writes, guards = append(writes, w), slices.DeleteFunc(slices.Clone(guards), func(lock string) bool { return !slices.Contains(locks, lock) })
		if len(guards) == 0 {
			return nil, nil
		}
	}
	return writes, guards
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(lock string) bool { return slices.Contains(b, lock) })
}

// Early reports whether a function runs only where the value is made or the program begins, before others have it.
func Early(tracer *trace.Tracer, g *facts.Guarded, f *facts.Function) bool {
	return f.Own == "init" || slices.Contains(g.MadeIn, f) || tracer.To(f) == nil && len(f.Callers) > 0 && BeforeOthers(f, g.MadeIn)
}

// UnderLock reports whether some function that leads to another holds a lock, by its name.
func UnderLock(f *facts.Function) bool { return underLock(f, 0) }

func underLock(f *facts.Function, depth int) bool {
	return depth < 4 && slices.ContainsFunc(f.Callers, func(call *facts.Call) bool { return call.From.Locks || underLock(call.From, depth+1) })
}

// HeldAt are the locks that are held at a use: by its function, and by all that call it.
func HeldAt(use facts.GuardedUse, makers []*facts.Function) []string {
	return append(slices.Clone(use.Locks), heldByCallers(use.In, makers, 0)...)
}

func heldByCallers(f *facts.Function, makers []*facts.Function, depth int) []string {
	var out []string
	first := true
	for _, call := range f.Callers {
		if call.From.Aside == "test" || slices.Contains(makers, call.From) {
			continue
		}
		var held []string
		switch {
		case call.Spawned || call.Later:
		case call.Handed:
			held = []string{facts.SomeLock} // whoever is given it may hold one
		default:
			held = slices.Clone(call.Holds)
			if depth < 5 {
				held = append(held, heldByCallers(call.From, makers, depth+1)...)
			}
		}
		if slices.Contains(held, facts.SomeLock) {
			if first {
				out, first = held, false
			}
			continue // it says nothing of which
		}
		if first || slices.Contains(out, facts.SomeLock) {
			out, first = held, false
			continue
		}
		out = slices.DeleteFunc(out, func(lock string) bool { return !slices.Contains(held, lock) })
	}
	if first && f.Outer != nil {
		return heldByCallers(f.Outer, makers, depth+1)
	}
	return out
}
