// Package sharedstate finds values that requests read and set at once.
package sharedstate

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/concurrent"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed shared-state.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "shared-state", Severity: rule.Medium, CWE: "CWE-362", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	byLock := map[string]int{} // where in out the reads without a lock are told
	for _, g := range f.Guarded {
		if g.Kind == "map" || g.Kind == "list" {
			continue // see the rule shared-map
		}
		if g.Kind == "sync" {
			out = append(out, replaced(tracer, g)...)
			continue
		}
		if g.Kind == "alone" {
			out = append(out, atOnce(tracer, g)...)
			continue
		}
		finding, raced := raced(tracer, g)
		if raced {
			out = append(out, finding)
		}
		if raced && finding.Confidence != rule.Uncertain || g.Kind == "atomic" {
			continue
		}
		finding, locks := concurrent.Unguarded(tracer, g)
		if locks == nil {
			continue
		}
		if i, found := byLock[locks[0]]; found {
			out[i].Evidence = append(out[i].Evidence, rule.Evidence{Pos: finding.Pos, What: finding.Message})
			continue
		}
		byLock[locks[0]] = len(out)
		out = append(out, finding)
	}
	for _, function := range f.Functions {
		if function.Aside != "" && function.Aside != "generated" {
			continue
		}
		told := map[string]int{} // where in out a variable is told of, with all of its fields
		for _, set := range function.TurnSets {
			variable, _, _ := strings.Cut(set.Name, ".")
			if i, found := told[variable]; found {
				out[i].Evidence = append(out[i].Evidence, rule.Evidence{Pos: set.Pos, What: "sets " + set.Name + ", too"})
				continue
			}
			told[variable] = len(out)
			out = append(out, ofTurns(tracer, function, set))
		}
		for _, c := range function.Captured {
			out = append(out, captured(tracer, function, c))
		}
		for _, c := range function.Counted {
			if !function.Locks && !concurrent.UnderLock(function) {
				out = append(out, apart(tracer, function, c))
			}
		}
	}
	return out
}

// ofTurns tells of a variable that the goroutines of a loop set.
func ofTurns(tracer *trace.Tracer, function *facts.Function, set facts.TurnSet) rule.Finding {
	out := rule.Finding{
		Pos: set.Pos, Confidence: rule.Likely, Message: fmt.Sprintf("goroutines of a loop set %s at once, without a lock", set.Name),
		Evidence: append(tracer.To(function).Evidence(), rule.Evidence{Pos: set.Pos, What: "sets " + set.Name + ", which all of them have"}),
		Fix:      "let each have a variable of its own, or guard it with a sync.Mutex",
	}
	if set.Grows {
		out.Message += ": what others add is lost"
	}
	return out
}

// captured tells of a variable that a goroutine has while its function goes on.
func captured(tracer *trace.Tracer, function *facts.Function, c facts.Captured) rule.Finding {
	does := func(sets bool) string {
		if sets {
			return "sets"
		}
		return "reads"
	}
	other := function.Name + " goes on and " + does(c.SetHere) + " it"
	if c.Beside {
		other = "another " + does(c.SetHere) + " it"
	}
	return rule.Finding{
		Pos: c.There, Confidence: rule.Likely, Message: fmt.Sprintf("a goroutine %s %s while %s: neither waits for the other", does(c.SetThere), c.Name, other),
		Evidence: append(tracer.To(function).Evidence(), rule.Evidence{Pos: c.Started, What: function.Name + " starts a goroutine"},
			rule.Evidence{Pos: c.There, What: does(c.SetThere) + " " + c.Name + " there"}, rule.Evidence{Pos: c.Here, What: does(c.SetHere) + " it meanwhile"}),
		Fix: "give the goroutine a variable of its own, as an argument or by :=, and have it send what it finds over a channel",
	}
}

// apart tells of a number that is read and counted on under two holds of its lock.
func apart(tracer *trace.Tracer, function *facts.Function, c facts.CountedApart) rule.Finding {
	return rule.Finding{
		Pos: c.Pos, Confidence: rule.Likely,
		Message: fmt.Sprintf("%s takes the number %s by %s, and counts it on by %s, which takes the lock for itself: two at once take the same", function.Name, c.Name, c.Read, c.Counts),
		Evidence: append(tracer.To(function).Evidence(),
			rule.Evidence{Pos: c.Pos, What: "reads " + c.Name}, rule.Evidence{Pos: c.Step, What: "counts it on, under another hold of the lock"}),
		Fix: "read it and count it on in one method, under one hold of the lock, that answers the number; or use atomic.AddInt64, which answers it",
	}
}

// unguarded is the way by which requests come to use a value that all of them share, without any lock; nil for none.
func unguarded(tracer *trace.Tracer, g *facts.Guarded, use facts.GuardedUse) *trace.Path {
	path := tracer.To(use.In)
	if path == nil || concurrent.Early(tracer, g, use.In) || len(concurrent.HeldAt(use, g.MadeIn)) > 0 || g.Field && !concurrent.Outlives(tracer, g.MadeIn) {
		return nil
	}
	return path
}

// replaced are the places where requests put another sync.Map or lock in the place of the one that others use.
func replaced(tracer *trace.Tracer, g *facts.Guarded) []rule.Finding {
	var out []rule.Finding
	for _, use := range g.Uses {
		path := unguarded(tracer, g, use)
		if path == nil || begins.MatchString(use.In.Name) || closes.MatchString(use.In.Name) {
			continue
		}
		out = append(out, rule.Finding{
			Pos: use.Pos, Confidence: rule.Likely, Message: fmt.Sprintf("%s puts another value in the place of %s, while others use the one that is there", use.In.Name, use.Name),
			Evidence: append(path.Evidence(), rule.Evidence{Pos: use.Pos, What: "replaces " + use.Name}),
			Fix:      "empty it in place: Clear of a sync.Map; or hold a pointer to it, and replace that atomically",
		})
	}
	return out
}

// atOnce tells of a value that one goroutine may use at a time, and that requests share; one finding for all such places.
func atOnce(tracer *trace.Tracer, g *facts.Guarded) []rule.Finding {
	var out []rule.Finding
	for _, use := range g.Uses {
		path := unguarded(tracer, g, use)
		if path == nil {
			continue
		}
		evidence := rule.Evidence{Pos: use.Pos, What: "calls " + use.Name}
		if len(out) > 0 {
			out[0].Evidence = append(out[0].Evidence, evidence)
			continue
		}
		finding := rule.Finding{
			Pos: use.Pos, Confidence: rule.Likely, Message: fmt.Sprintf("requests call %s at once: one goroutine at a time may use a %s", use.Name, g.Type),
			Evidence: append(path.Evidence(), evidence), Fix: apartBy(g.Type),
		}
		if g.Field && !direct(path) {
			finding.Confidence = rule.Uncertain // what is called by an interface may be made for one request
		}
		out = append(out, finding)
	}
	return out
}

// apartBy is how requests are kept apart that share a value of a type.
func apartBy(of string) string {
	switch of {
	case "math/rand.Rand", "math/rand/v2.Rand":
		return "call the functions of the package itself, which many may call at once, or hold a sync.Mutex"
	case "html/template.Template", "text/template.Template":
		return "change a copy of it: Clone, and give the functions to that"
	}
	return "make one for each call, or hold a sync.Mutex"
}

// raced tells of a value that requests set by what it was, although others may have set it since they looked; one finding for all such places.
func raced(tracer *trace.Tracer, g *facts.Guarded) (rule.Finding, bool) {
	var out rule.Finding
	told := false
	for _, use := range g.Uses {
		finding, found := racedAt(tracer, g, use)
		switch {
		case !found:
		case told && out.Confidence == finding.Confidence:
			out.Evidence = append(out.Evidence, finding.Evidence[len(finding.Evidence)-1])
		case !told || out.Confidence == rule.Uncertain:
			out, told = finding, true
		}
	}
	return out, told
}

func racedAt(tracer *trace.Tracer, g *facts.Guarded, use facts.GuardedUse) (rule.Finding, bool) {
	if use.Set == nil || setSince(g, use) {
		return rule.Finding{}, false
	}
	path := tracer.To(use.In)
	if path == nil || concurrent.Early(tracer, g, use.In) {
		return rule.Finding{}, false
	}
	locks := concurrent.HeldAt(use, g.MadeIn)
	if slices.Contains(locks, facts.SomeLock) || len(locks) > len(use.Locks) {
		return rule.Finding{}, false // whoever calls holds a lock from the look on
	}
	if len(use.Locks) > 0 || g.Kind == "atomic" {
		return betweenLocks(path, g, use)
	}
	if g.Field && !concurrent.Outlives(tracer, g.MadeIn) {
		return rule.Finding{}, false // each request may have its own
	}
	set := rule.Evidence{Pos: use.Pos, What: "sets " + use.Name + " by what it was"}
	if use.Set.Counts {
		out := rule.Finding{
			Pos: use.Pos, Confidence: rule.Likely, Message: fmt.Sprintf("requests reckon with %s at once, and nothing keeps them apart", use.Name),
			Evidence: append(path.Evidence(), set), Fix: "use the Add of sync/atomic, or hold one sync.Mutex while it is read and set",
		}
		if g.Field && !direct(path) {
			out.Confidence = rule.Uncertain // what is called by an interface may be made for one request
		}
		return out, true
	}
	out := rule.Finding{
		Pos: use.Pos, Confidence: rule.Likely,
		Message:  fmt.Sprintf("%s sets %s by what it was, and nothing keeps requests apart that do so at once", use.In.Name, use.Name),
		Evidence: append(path.Evidence(), rule.Evidence{Pos: use.Set.Asked, What: "looks at " + use.Name}, set),
		Fix:      "hold one sync.Mutex from the look until it is set",
	}
	if g.Field || use.Set.Fills || !slices.ContainsFunc(g.Uses, func(u facts.GuardedUse) bool { return u.Write && u.Pos != use.Pos }) {
		out.Confidence = rule.Uncertain // each may have its own, or all of them fill it with the same
	}
	return out, true
}

// setSince reports whether the function itself has set a value since it looked at it: what it was is known from there on.
func setSince(g *facts.Guarded, use facts.GuardedUse) bool {
	return slices.ContainsFunc(g.Uses, func(u facts.GuardedUse) bool {
		return u.Write && u.In == use.In && !use.Set.Counts && use.Set.Asked.Line <= u.Pos.Line && u.Pos.Line < use.Pos.Line
	})
}

// begins are names of methods that prepare a value, which others have only then.
var begins = regexp.MustCompile(`(^|\.)(New|Init|Start|Setup|Open)`)

// closes are names of methods that end something: that two do so at once is seldom, and mostly does no harm.
var closes = regexp.MustCompile(`\)\.(Close|Stop|Shutdown|Cancel|Done)`)

// betweenLocks tells of a flag that is looked at under a lock and set under another taking of it, or by one atomic step and another. Where every one
// sets the same, nothing is lost; neither is what whoever comes last fills.
func betweenLocks(path *trace.Path, g *facts.Guarded, use facts.GuardedUse) (rule.Finding, bool) {
	if use.Set.Counts && g.Kind != "atomic" || use.Set.Fills {
		return rule.Finding{}, false
	}
	if !use.Set.Counts && (use.To == "" || !slices.ContainsFunc(g.Uses, func(u facts.GuardedUse) bool { return u.Write && u.To != use.To })) {
		return rule.Finding{}, false
	}
	out := rule.Finding{
		Pos: use.Pos, Confidence: rule.Likely,
		Message:  fmt.Sprintf("%s looks at %s and sets it later, under a lock that it has given back in between: two requests may both come to it", use.In.Name, use.Name),
		Evidence: path.Evidence(), Fix: "hold the lock from the look until it is set",
	}
	if g.Kind == "atomic" {
		out.Message = fmt.Sprintf("%s looks at %s by one step and sets it by another: two requests may both come to it", use.In.Name, use.Name)
		out.Fix = "look and set in one: CompareAndSwap, or Add"
	}
	if closes.MatchString(use.In.Name) {
		out.Confidence = rule.Uncertain
	}
	if !use.Set.Counts {
		out.Evidence = append(out.Evidence, rule.Evidence{Pos: use.Set.Asked, What: "looks at " + use.Name})
	}
	out.Evidence = append(out.Evidence, rule.Evidence{Pos: use.Pos, What: "sets " + use.Name})
	return out, true
}

// direct reports whether every call of a way goes to one function alone.
func direct(path *trace.Path) bool {
	return !slices.ContainsFunc(path.Calls, func(call *facts.Call) bool { return len(call.Callees) != 1 })
}
