// Package secretlog finds logs that keep what lets somebody in.
package secretlog

import (
	_ "embed"
	"fmt"
	"maps"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed secret-log.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "secret-log", Severity: rule.High, CWE: "CWE-532", OWASP: "A09:2021", Exposes: true, Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	told := map[string]int{} // where in out a habit of a file is told of
	servers := serving(f)
	for _, function := range f.Functions {
		if function.Aside != "" && !(function.Aside == "command" && servers[function.Package]) {
			continue
		}
		for _, e := range function.Effects {
			if e.Kind == "log" || e.Kind == "log behind" || e.Kind == "personal log" {
				finding := rule.Finding{
					Pos: e.Pos, Confidence: rule.Likely, Message: fmt.Sprintf("%s is written to the log", e.Note),
					Evidence: append(tracer.To(function).Evidence(), rule.Evidence{Pos: e.Pos, What: e.Name}),
					Fix:      "leave it out, or log an id that leads to it",
				}
				if e.Kind != "log" { // of a file a habit
					habit := e.Kind + " in " + e.Pos.File
					if first, found := told[habit]; found {
						out[first].Evidence = append(out[first].Evidence, rule.Evidence{Pos: e.Pos, What: fmt.Sprintf("and %s here", e.Note)})
						continue
					}
					told[habit] = len(out)
				}
				if e.Kind == "personal log" {
					finding.Severity = rule.Low
				}
				out = append(out, finding)
			}
		}
	}
	return out
}

// serving are packages that hold the command by which a server starts: what its command writes to the log is kept with the rest. Where all of
// a package is aside, such as an example, it serves nobody.
func serving(f *facts.Facts) map[string]bool {
	serves, used := map[string]bool{}, map[string]bool{}
	for _, function := range f.Functions {
		serves[function.Package] = serves[function.Package] || function.Serves
		used[function.Package] = used[function.Package] || function.Aside == ""
	}
	maps.DeleteFunc(serves, func(name string, is bool) bool { return !is || !used[name] })
	return serves
}
