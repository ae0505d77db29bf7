// Package missingtimeout finds clients and servers that wait for ever.
package missingtimeout

import (
	_ "embed"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed missing-timeout.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "missing-timeout", Severity: rule.Medium, CWE: "CWE-1088", Document: document, Find: find}

// trial are names of packages that try the program out.
var trial = regexp.MustCompile(`(?i)(load|stress|smoke|soak|e2e|integration|benchmark)[_-]?tests?($|[/_-])|(^|[/_-])(bench|benchmarks?|e2e)($|/)|[a-z]test$`)

// program are names of packages that hold what a program does by itself: its start, and its commands.
var program = regexp.MustCompile(`cmd($|/)`)

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	commands := map[string]bool{} // packages that are helpers and examples
	tools := map[string]bool{}    // programs, but for those that handle requests themselves
	for _, p := range f.Packages {
		commands[p.Path] = p.Aside == "command" || trial.MatchString(p.Path)
		tools[p.Path] = p.Name == "main" || program.MatchString(p.Path)
	}
	for _, r := range f.Routes {
		if r.Handler != nil {
			tools[r.Handler.Package] = false
		}
	}
	serves := len(f.Routes) > 0 || slices.ContainsFunc(f.Functions, func(f *facts.Function) bool {
		return f.Aside == "" && len(f.Queries) > 0 || slices.ContainsFunc(f.Effects, func(e *facts.Effect) bool { return e.Kind == "server" })
	})
	told := map[string][]int{} // where in out the requests of a file are told that no edit mends
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "migration" || function.Aside == "generated" || commands[function.Package] {
			continue
		}
		for _, e := range function.Effects {
			finding := rule.Finding{Pos: e.Pos, Confidence: rule.Likely, Message: e.Note + ": it waits for as long as the other side pleases", Edits: e.Limit}
			switch e.Kind {
			case "http", "mail":
				led := tracer.To(function) != nil
				if e.Bounded || !led && (function.Aside != "" || !serves || tools[function.Package] || tracer.Ways(function).Operators()) {
					continue
				}
				if led {
					finding.Confidence = rule.Certain
				}
				finding.Fix = "give it a time limit: a client with a Timeout, or the context or signal of the request"
				if e.Kind == "mail" {
					finding.Fix = "dial with a time limit, set a deadline on the connection, and send by smtp.NewClient"
				}
			case "client":
				if function.Aside == "command" && function.Own != "main" && tracer.To(function) == nil {
					continue // who runs a command sees that it waits, and ends it
				}
				if e.StandsIn {
					finding.Confidence = rule.Uncertain // who calls may give one that has a limit
				}
				finding.Fix = "http.Client{Timeout: 30 * time.Second}, or as long as the longest answer takes"
			case "server":
				if e.Operator {
					finding.Confidence = rule.Uncertain // on an address of its own, which few reach
				}
				finding.Fix = "http.Server{ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, …}"
			default:
				continue
			}
			finding.Evidence = append(tracer.To(function).Evidence(), rule.Evidence{Pos: e.Pos, What: e.Note})
			if e.Kind == "http" && len(e.Limit) == 0 {
				told[e.Pos.File] = append(told[e.Pos.File], len(out))
			}
			out = append(out, finding)
		}
	}
	return folded(out, told)
}

// folded are findings, of which those of a file that are many are told at the first of them: who gives them a limit does so in one place.
func folded(all []rule.Finding, of map[string][]int) []rule.Finding {
	const few = 5
	gone := map[int]bool{}
	for _, places := range of {
		if len(places) <= few {
			continue
		}
		first := &all[places[0]]
		for _, at := range places[1:] {
			gone[at] = true
			first.Evidence = append(first.Evidence, rule.Evidence{Pos: all[at].Pos, What: "likewise: " + all[at].Message})
		}
	}
	var out []rule.Finding
	for i, f := range all {
		if !gone[i] {
			out = append(out, f)
		}
	}
	return out
}
