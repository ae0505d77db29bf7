// Package missingtimeout finds clients and servers that wait for ever.
package missingtimeout

import (
	_ "embed"
	"regexp"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed missing-timeout.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "missing-timeout", Severity: rule.Medium, CWE: "CWE-1088", Document: document, Find: find}

// trial are names of packages that try the program out.
var trial = regexp.MustCompile(`(?i)(load|stress|smoke|soak|e2e|integration|benchmark)[_-]?tests?($|[/_-])|(^|[/_-])(bench|benchmarks?|e2e)($|/)`)

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	commands := map[string]bool{} // packages that are helpers and examples
	for _, p := range f.Packages {
		commands[p.Path] = p.Aside == "command" || trial.MatchString(p.Path)
	}
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "migration" || function.Aside == "generated" || commands[function.Package] {
			continue
		}
		for _, e := range function.Effects {
			finding := rule.Finding{Pos: e.Pos, Confidence: rule.Likely, Message: e.Note + ": it waits for as long as the other side pleases", Edits: e.Limit}
			switch e.Kind {
			case "http":
				if e.Bounded || tracer.To(function) == nil {
					continue
				}
				finding.Confidence, finding.Fix = rule.Certain, "use a client with a Timeout, and http.NewRequestWithContext"
			case "client":
				finding.Fix = "http.Client{Timeout: 30 * time.Second}, or as long as the longest answer takes"
			case "server":
				finding.Fix = "http.Server{ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, …}"
			default:
				continue
			}
			finding.Evidence = append(tracer.To(function).Evidence(), rule.Evidence{Pos: e.Pos, What: e.Note})
			out = append(out, finding)
		}
	}
	return out
}
