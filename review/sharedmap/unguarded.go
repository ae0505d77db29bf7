package sharedmap

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// unguarded are reads of maps and lists that hold none of the locks that every write of them holds.
func unguarded(tracer *trace.Tracer, f *facts.Facts) []rule.Finding {
	var out []rule.Finding
	for _, g := range f.Guarded {
		writes, guards := guardsOf(tracer, g)
		told := -1 // where in out it is told of: one lock mends all reads
		for _, read := range g.Uses {
			if read.Write || len(writes) == 0 || early(tracer, g, read.In) {
				continue
			}
			locks := heldAt(read, g.MadeIn)
			if slices.Contains(locks, facts.SomeLock) || common(locks, guards) {
				continue
			}
			finding, found := readBeside(tracer, g, read, writes, guards)
			if !found {
				continue
			}
			if told >= 0 {
				out[told].Evidence = append(out[told].Evidence, rule.Evidence{Pos: read.Pos, What: read.In.Name + " reads it without that lock, too"})
				continue
			}
			if len(locks) > 0 {
				finding.Message += ", under another one"
			}
			told = len(out)
			out = append(out, finding)
		}
	}
	return out
}

// guardsOf are the writes of a map or list that others may run beside, and the locks that all of them hold; no writes where one holds none, or one of
// which nothing is known.
func guardsOf(tracer *trace.Tracer, g *facts.Guarded) (writes []facts.GuardedUse, guards []string) {
	for _, w := range g.Uses {
		if !w.Write || early(tracer, g, w.In) {
			continue
		}
		locks := heldAt(w, g.MadeIn)
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

// early reports whether a function runs only where the value is made or the program begins, before others have it.
func early(tracer *trace.Tracer, g *facts.Guarded, f *facts.Function) bool {
	return f.Own == "init" || slices.Contains(g.MadeIn, f) || tracer.To(f) == nil && len(f.Callers) > 0 && beforeOthers(f, g.MadeIn, 0)
}

// heldAt are the locks that are held at a use: by its function, and by all that call it.
func heldAt(use facts.GuardedUse, makers []*facts.Function) []string {
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

// readBeside tells of a read that may run while a write does: one in a function that takes the lock elsewhere, or one to which another start leads.
func readBeside(tracer *trace.Tracer, g *facts.Guarded, read facts.GuardedUse, writes []facts.GuardedUse, guards []string) (rule.Finding, bool) {
	kind := "map"
	if g.List {
		kind = "list"
	}
	out := rule.Finding{Pos: read.Pos, Confidence: rule.Likely, Severity: rule.Medium, Fix: "take the same lock while it is read: RLock, where it is a sync.RWMutex"}
	tell := func(w facts.GuardedUse) {
		holder := w.In.Name
		if w.In == read.In {
			holder = "it"
		}
		out.Message = fmt.Sprintf("%s reads the %s %s without the lock that %s holds to write it", read.In.Name, kind, read.Name, holder)
	}
	if common(read.Takes, guards) {
		tell(writes[0])
		out.Evidence = []rule.Evidence{{Pos: writes[0].Pos, What: writes[0].In.Name + " writes it under the lock"}, {Pos: read.Pos, What: read.In.Name + " reads it, where it does not hold the lock that it takes elsewhere"}}
		return out, true
	}
	own := map[*facts.Function]bool{} // each of these makes a value of its own
	for _, maker := range g.MadeIn {
		for _, s := range startsOf(tracer, maker, true) {
			own[s.in] = true
		}
	}
	for _, w := range writes {
		for _, writer := range startsOf(tracer, w.In, true) {
			if writer.once(tracer, w.In) {
				continue
			}
			for _, reader := range startsOf(tracer, read.In, true) {
				if own[reader.in] || own[writer.in] || reader.in == writer.in && reader.route == nil || writer.call != nil && writer.call == reader.call {
					continue
				}
				tell(w)
				if reader.route != nil && writer.route != nil {
					out.Severity = rule.High
				}
				out.Evidence = append(writer.evidence(), rule.Evidence{Pos: w.Pos, What: w.In.Name + " writes " + w.Name + " under a lock"})
				out.Evidence = append(append(out.Evidence, reader.evidence()...), rule.Evidence{Pos: read.Pos, What: read.In.Name + " reads it without that lock"})
				return out, true
			}
		}
	}
	return rule.Finding{}, false
}

// once reports whether a start is a thread that the beginning of the program starts, and that ends when it has done what it was started for.
func (s start) once(tracer *trace.Tracer, in *facts.Function) bool {
	if s.call == nil || s.call.Later || s.call.Loop != nil || tracer.To(s.call.From) != nil || !beforeOthers(s.call.From, nil, 0) {
		return false
	}
	return !s.repeats(in)
}

// repeats reports whether a start leads to a function again and again: by a request, a timer, or a loop over what happens.
func (s start) repeats(in *facts.Function) bool {
	goesOn := func(l *facts.Loop) bool {
		for ; l != nil; l = l.Outer {
			if l.Kind == facts.OverEvents || l.Kind == facts.OverCondition {
				return true
			}
		}
		return false
	}
	return s.route != nil || s.call.Later || slices.ContainsFunc(in.Loops, goesOn) || slices.ContainsFunc(s.calls, func(c *facts.Call) bool { return goesOn(c.Loop) })
}
