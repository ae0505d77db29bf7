package concurrent

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// closes are names of functions that end what a value does: mostly nothing else goes on with it.
var closes = regexp.MustCompile(`^(Close|Shutdown|Stop|Cleanup|Teardown)|\.(Close|Shutdown|Stop|Cleanup|Teardown)`)

// Unguarded tells of the reads of a value that hold none of the locks that every write of it holds, and which these are; one finding for all of
// them, as one lock mends them. There are no locks where nothing is told.
func Unguarded(tracer *trace.Tracer, g *facts.Guarded) (rule.Finding, []string) {
	var out rule.Finding
	told := false
	writes, guards := guardsOf(tracer, g)
	for _, read := range g.Uses {
		if read.Write || len(writes) == 0 || Early(tracer, g, read.In) || g.Kind == "" && closes.MatchString(read.In.Name) {
			continue
		}
		locks := HeldAt(read, g.MadeIn)
		if slices.Contains(locks, facts.SomeLock) || common(locks, guards) {
			continue
		}
		finding, found := readBeside(tracer, g, read, writes, guards)
		switch {
		case !found:
		case told:
			out.Evidence = append(out.Evidence, rule.Evidence{Pos: read.Pos, What: read.In.Name + " reads it without that lock, too"})
		default:
			if len(locks) > 0 {
				finding.Message += ", under another one"
			}
			out, told = finding, true
		}
	}
	if !told {
		return out, nil
	}
	return out, guards
}

// readBeside tells of a read that may run while a write does: one in a function that takes the lock elsewhere, or one to which another start leads.
func readBeside(tracer *trace.Tracer, g *facts.Guarded, read facts.GuardedUse, writes []facts.GuardedUse, guards []string) (rule.Finding, bool) {
	name := read.Name
	if g.Kind != "" {
		name = "the " + g.Kind + " " + name
	}
	out := rule.Finding{Pos: read.Pos, Confidence: rule.Likely, Severity: rule.Medium, Fix: "take the same lock while it is read: RLock, where it is a sync.RWMutex"}
	tell := func(w facts.GuardedUse) {
		holder := w.In.Name
		if w.In == read.In {
			holder = "it"
		}
		out.Message = fmt.Sprintf("%s reads %s without the lock that %s holds to write it", read.In.Name, name, holder)
	}
	if common(read.Takes, guards) {
		tell(writes[0])
		out.Evidence = []rule.Evidence{{Pos: writes[0].Pos, What: writes[0].In.Name + " writes it under the lock"}, {Pos: read.Pos, What: read.In.Name + " reads it, where it does not hold the lock that it takes elsewhere"}}
		return out, true
	}
	own := map[*facts.Function]bool{} // each of these makes a value of its own
	for _, maker := range g.MadeIn {
		for _, s := range Starts(tracer, maker, true) {
			own[s.In] = true
		}
	}
	for _, w := range writes {
		if g.Kind == "" && (read.In.Outer == w.In || calledBefore(read, w.In)) {
			continue // it is begun by the one that writes, or has it write first, and took its lock by that
		}
		for _, writer := range Starts(tracer, w.In, true) {
			if writer.Once(tracer, w.In) {
				continue
			}
			for _, reader := range Starts(tracer, read.In, true) {
				if g.Kind == "" && reader.Call != nil && leadsTo(w.In, reader.Call.From, 3) {
					continue // the one that writes has it begin
				}
				if own[reader.In] || own[writer.In] || reader.In == writer.In && reader.Route == nil || writer.Call != nil && writer.Call == reader.Call {
					continue
				}
				tell(w)
				if reader.Route != nil && writer.Route != nil {
					out.Severity = rule.High
				}
				out.Evidence = append(writer.Evidence(), rule.Evidence{Pos: w.Pos, What: w.In.Name + " writes " + w.Name + " under a lock"})
				out.Evidence = append(append(out.Evidence, reader.Evidence()...), rule.Evidence{Pos: read.Pos, What: read.In.Name + " reads it without that lock"})
				return out, true
			}
		}
	}
	return rule.Finding{}, false
}

// calledBefore reports whether the function of a use calls another one before that use, or each of those that call it did before they do.
func calledBefore(use facts.GuardedUse, f *facts.Function) bool {
	callsBefore := func(in *facts.Function, at facts.Pos) bool {
		return slices.ContainsFunc(in.Calls, func(c *facts.Call) bool {
			return !c.Spawned && !c.Handed && c.Pos.File == at.File && c.Pos.Line < at.Line && slices.Contains(c.Callees, f)
		})
	}
	return callsBefore(use.In, use.Pos) || len(use.In.Callers) > 0 && !slices.ContainsFunc(use.In.Callers, func(c *facts.Call) bool { return !callsBefore(c.From, c.Pos) })
}

// leadsTo reports whether a function is another one, or calls it, over a few calls.
func leadsTo(from, to *facts.Function, depth int) bool {
	return from == to || depth > 0 && slices.ContainsFunc(from.Calls, func(c *facts.Call) bool {
		return slices.ContainsFunc(c.Callees, func(f *facts.Function) bool { return leadsTo(f, to, depth-1) })
	})
}
