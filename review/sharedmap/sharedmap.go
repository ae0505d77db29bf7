// Package sharedmap finds maps that requests write at once.
package sharedmap

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/concurrent"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed shared-map.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "shared-map", Severity: rule.High, CWE: "CWE-362", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	plugins := map[string]bool{} // programs that another starts and asks
	for _, p := range f.Packages {
		plugins[p.Path] = p.Name == "main" && slices.Contains(p.Libraries, "github.com/hashicorp/go-plugin")
	}
	var out []rule.Finding
	told := map[string]int{} // where in out a map is told of, by its holder and how it is written
	for _, function := range f.Functions {
		if function.Aside != "" || len(function.Shared) == 0 {
			continue
		}
		for _, w := range function.Shared {
			if finding, found := alone(tracer, function, w); found {
				out = append(out, finding)
			}
		}
		for _, w := range function.Shared {
			key := function.Package + " " + receiver(function) + " " + w.Name + " turns"
			if _, found := told[key]; found || w.Leaves != "" || w.Turns || w.Whole {
				continue
			}
			if finding, found := turns(tracer, function, w); found {
				told[key] = len(out)
				out = append(out, finding)
			}
		}
		path := tracer.To(function)
		if path == nil {
			out = append(out, forgotten(function)...)
		}
		for _, w := range elementsFirst(function.Shared) {
			if !w.Whole && path != nil && !locked(path) {
				continue // requests write it, see below
			}
			key := function.Package + " " + receiver(function) + " " + w.Name + " beside"
			if _, found := told[key]; found || w.Leaves != "" || w.Turns || w.Guard != nil || w.Field && !concurrent.Outlives(tracer, w.MadeIn) {
				continue
			}
			if finding, found := beside(tracer, function, w); found {
				told[key] = len(out)
				out = append(out, finding)
			}
		}
		if path == nil || locked(path) {
			continue
		}
		for _, w := range function.Shared {
			if w.Leaves != "" || w.Turns || w.Whole || w.Field && !concurrent.Outlives(tracer, w.MadeIn) {
				continue
			}
			how := "without a lock"
			switch {
			case w.ReadLock:
				how = "under RLock alone, which all of them hold"
			case w.OfKey:
				how = "under a lock for each key, which others hold for theirs"
			}
			writes := rule.Evidence{Pos: w.Pos, What: "writes " + w.Name}
			key := function.Package + " " + receiver(function) + " " + w.Name + " " + how
			if i, found := told[key]; found {
				out[i].Evidence = append(out[i].Evidence, writes) // one lock mends all of them
				continue
			}
			told[key] = len(out)
			confidence := rule.Likely
			if plugins[function.Package] {
				confidence = rule.Uncertain // the one that asks mostly does so for one thing after another
			}
			out = append(out, rule.Finding{
				Pos: w.Pos, Confidence: confidence, Message: fmt.Sprintf("requests write the map %s at once, %s", w.Name, how),
				Evidence: append(path.Evidence(), writes),
				Fix:      "guard it with a sync.Mutex at every use, or make it a sync.Map",
			})
		}
	}
	for _, g := range f.Guarded {
		if g.Kind != "map" && g.Kind != "list" {
			continue
		}
		if finding, locks := concurrent.Unguarded(tracer, g); locks != nil {
			out = append(out, finding)
		}
	}
	return out
}

// alone tells of a write that is wrong whatever else is known of its map.
func alone(tracer *trace.Tracer, function *facts.Function, w *facts.SharedWrite) (rule.Finding, bool) {
	switch {
	case w.Leaves != "":
		return rule.Finding{
			Pos: w.Pos, Confidence: rule.Likely, Severity: rule.Medium,
			Message:  fmt.Sprintf("the map %s, which is written under a lock, %s: whoever has it reads it without the lock", w.Name, w.Leaves),
			Evidence: []rule.Evidence{{Pos: function.Pos, What: function.Name + " takes the lock"}, {Pos: w.Pos, What: w.Name + " " + w.Leaves}},
			Fix:      "give a copy: maps.Clone(" + w.Name + ")",
		}, true
	case w.Turns:
		return rule.Finding{
			Pos: w.Pos, Confidence: rule.Likely, Message: fmt.Sprintf("goroutines of a loop write the map %s at once, without a lock", w.Name),
			Evidence: append(tracer.To(function).Evidence(), rule.Evidence{Pos: w.Pos, What: "writes " + w.Name + " while the others do"}),
			Fix:      "guard it with a sync.Mutex at every use, or make it a sync.Map",
		}, true
	}
	return rule.Finding{}, false
}

// elementsFirst are writes, those of elements before those that replace a map: a map is told of once, by the worse.
func elementsFirst(writes []*facts.SharedWrite) []*facts.SharedWrite {
	out := slices.Clone(writes)
	slices.SortStableFunc(out, func(a, b *facts.SharedWrite) int {
		switch {
		case a.Whole == b.Whole:
			return 0
		case b.Whole:
			return -1
		}
		return 1
	})
	return out
}

// receiver is the type whose method a function is, as its name has it: (*Service) of (*Service).Store, and "" of what is none.
func receiver(f *facts.Function) string {
	for f.Outer != nil {
		f = f.Outer
	}
	if of, _, is := strings.Cut(f.Name, ")."); is {
		return of
	}
	return ""
}

// forgotten are the writes of a function, to which no route is seen to lead, that take no lock where another function takes one for the same map.
func forgotten(function *facts.Function) []rule.Finding {
	var out []rule.Finding
	for _, w := range function.Shared {
		if w.Whole || w.Guard == nil || w.Guard.In == function || concurrent.UnderLock(function) || concurrent.BeforeOthers(function, w.MadeIn) {
			continue
		}
		out = append(out, rule.Finding{
			Pos: w.Pos, Confidence: rule.Likely, Severity: rule.Medium,
			Message: fmt.Sprintf("%s writes the map %s without the lock that %s takes for it", function.Name, w.Name, w.Guard.In.Name),
			Evidence: []rule.Evidence{
				{Pos: w.Guard.Pos, What: fmt.Sprintf("%s uses it under %s", w.Guard.In.Name, w.Guard.Lock)}, {Pos: w.Pos, What: "writes " + w.Name},
			},
			Fix: "take the same lock, and let it be one that writes: Lock, not RLock",
		})
	}
	return out
}

// locked reports whether some function on the way is one that holds a lock, by its name.
func locked(path *trace.Path) bool {
	for _, call := range path.Calls {
		if call.From.Locks {
			return true
		}
	}
	return false
}
