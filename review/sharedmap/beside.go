package sharedmap

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/concurrent"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// beside finds a use of a map, without a lock, by what runs while something else writes it: what a timer or a message starts, a thread, a request.
func beside(tracer *trace.Tracer, function *facts.Function, w *facts.SharedWrite) (rule.Finding, bool) {
	writers := concurrent.Starts(tracer, function, true)
	own := map[*facts.Function]bool{} // each of these makes a value of its own
	for _, maker := range w.MadeIn {
		for _, s := range concurrent.Starts(tracer, maker, true) {
			own[s.In] = true
		}
	}
	for _, use := range w.Bare {
		if use.In == function || slices.Contains(w.MadeIn, use.In) || use.In.Own == "init" {
			continue
		}
		readers := concurrent.Starts(tracer, use.In, false)
		for _, writer := range writers {
			if w.Whole && !writer.Repeats(function) {
				continue // it is put there once, mostly before others begin
			}
			for _, reader := range readers {
				if reader.In == writer.In || beforeServing(writer, reader) || own[reader.In] || own[writer.In] || writer.Call != nil && writer.Call == reader.Call {
					continue
				}
				out := rule.Finding{Pos: w.Pos, Confidence: rule.Likely, Severity: rule.Medium, Fix: "guard it with a sync.RWMutex at every use, or make it a sync.Map"}
				verb := "writes"
				if w.Whole {
					verb = "replaces"
				} else if reader.Route != nil {
					out.Severity = rule.High
				}
				out.Message = fmt.Sprintf("%s %s the map %s while %s may read it, and nothing keeps them apart", function.Name, verb, w.Name, use.In.Name)
				out.Evidence = append(writer.Evidence(), rule.Evidence{Pos: w.Pos, What: verb + " " + w.Name})
				out.Evidence = append(append(out.Evidence, reader.Evidence()...), rule.Evidence{Pos: use.Pos, What: use.In.Name + " uses it without a lock"})
				return out, true
			}
		}
	}
	return rule.Finding{}, false
}

// beforeServing reports whether a thread writes before it begins to serve the requests that read: it goes on to a method that answers at an
// address, of the same value that handles them.
func beforeServing(writer, reader concurrent.Start) bool {
	if reader.Route == nil || writer.Call == nil || !writer.Call.Spawned || len(writer.Calls) == 0 {
		return false
	}
	first := writer.Calls[0].Pos
	return slices.ContainsFunc(writer.In.Calls, func(call *facts.Call) bool {
		behind := call.Pos.Line > first.Line || call.Pos.Line == first.Line && call.Pos.Column > first.Column
		return behind && !call.Spawned && !call.Handed && slices.ContainsFunc(call.Callees, func(f *facts.Function) bool {
			return f.Serves && f.Of != "" && f.Of == reader.In.Of && f.Package == reader.In.Package
		})
	})
}
