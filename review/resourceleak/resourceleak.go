// Package resourceleak finds rows, bodies, transactions and connections that are not given back.
package resourceleak

import (
	_ "embed"
	"fmt"
	"regexp"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed resource-leak.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "resource-leak", Severity: rule.High, CWE: "CWE-772", Document: document, Find: find}

// fixes say how each kind is given back.
var fixes = map[string]string{
	"rows": "defer %s.Close()", "body": "defer %s.Body.Close()", "transaction": "defer %s.Rollback() // does nothing after Commit",
	"statement": "defer %s.Close()", "connection": "defer %s.Release()", "session": "defer %s.Close()",
	"client connection": "defer %s.Close()", "answer": "hold %s, and defer its Body.Close()",
	"goroutine": "%s := make(chan T, n) // room for all that is sent, so that nobody waits",
	"file":      "defer %s.Close()", "stream": "ctx, cancel := context.WithCancel(ctx); defer cancel() // before %s is opened",
}

// holds say what each kind keeps while it is open.
var holds = map[string]string{
	"rows": "a connection of the pool", "body": "a connection to the other side", "answer": "a connection to the other side", "transaction": "a connection of the pool, and its locks",
	"statement": "memory of the database", "connection": "a connection of the pool", "session": "a connection of the pool",
	"file": "a descriptor of the process", "stream": "a goroutine here and one on the other side",
	"client connection": "a connection to the other side and the goroutines that serve it",
}

// program are names of packages that hold what a program does by itself: its start, its commands, and what tries it out.
var program = regexp.MustCompile(`(?i)(^|[/_-])(cmd|cli|\w*ctl|commands?|tools?|tests?|bench|examples?)($|[/_-])`)

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "command" {
			continue
		}
		for _, r := range function.Resources {
			if r.Unread || r.Kind == "stream" && ended(tracer.To(function)) {
				continue // told of by another rule; the request's end is the stream's
			}
			led := tracer.To(function) != nil
			if r.Kind == "client connection" && !led && (function.Context == "" || function.Aside != "" || program.MatchString(function.Package)) {
				continue // a program that connects once
			}
			finding := rule.Finding{Pos: r.Pos, Confidence: rule.Certain, Severity: rule.High, Fix: fmt.Sprintf(fixes[r.Kind], r.Name), Edits: r.Mend}
			if r.Fix != "" {
				finding.Fix = r.Fix
			}
			finding.Evidence = append(tracer.To(function).Evidence(), rule.Evidence{Pos: r.Pos, What: fmt.Sprintf("%s opens %s, which holds %s", function.Name, r.Name, holds[r.Kind])})
			switch {
			case r.Kind == "lock":
				finding.Message = fmt.Sprintf("%s is not given back where the function leaves: whoever takes it next waits for ever", r.Name)
				finding.Evidence[len(finding.Evidence)-1].What = function.Name + " takes " + r.Name
				finding.Confidence = rule.Likely
				finding.Fix = "defer " + r.Close + ", or give it back before the return"
			case r.Late:
				finding.Message = fmt.Sprintf("%s is given back when the function ends, and not with the turn of the loop that opened it: each turn keeps one more", r.Name)
				finding.Evidence[len(finding.Evidence)-1].What = fmt.Sprintf("%s defers giving back %s, which holds %s", function.Name, r.Name, holds[r.Kind])
				finding.Severity, finding.Confidence = rule.Medium, rule.Likely
				finding.Fix = "give it back at the end of the turn, or do the turn in a function of its own"
			case r.Kind == "goroutine":
				finding.Message = fmt.Sprintf("goroutines that send to %s wait for ever where its reader has left: the channel has no room", r.Name)
				finding.Evidence[len(finding.Evidence)-1].What = function.Name + " has goroutines started, which send to " + r.Name
				finding.Confidence = rule.Likely
			case r.Kind == "callback":
				finding.Message = fmt.Sprintf("whoever calls this function again waits for ever: %s has no room, and one value of it is read", r.Name)
				finding.Evidence[len(finding.Evidence)-1].What = function.Name + " hands on a function that sends to " + r.Name
				finding.Confidence = rule.Likely
				finding.Fix = fmt.Sprintf("close %s by a sync.Once instead of sending, or send in a select with a default", r.Name)
			case r.Kind == "stream":
				finding.Message = fmt.Sprintf("the stream %s stays open where the function leaves before it has ended: its context is not cancelled", r.Name)
				finding.Confidence = rule.Likely
			case r.Drained:
				finding.Message = fmt.Sprintf("%s is given back by its end alone: what panics before it, or leaves in a later version, keeps it open", r.Name)
				finding.Severity = rule.Medium
			case r.Kind == "client connection" && !led:
				finding.Message = fmt.Sprintf("%s is never given back", r.Name)
				finding.Severity, finding.Confidence = rule.Medium, rule.Likely
			case r.Never && len(r.ReadBy) > 0:
				finding.Message = fmt.Sprintf("%s is never given back: %s, which is given it, leaves it open", r.Name, r.ReadBy[0].Name)
			case r.Never:
				finding.Message = fmt.Sprintf("%s is never given back", r.Name)
			default:
				finding.Message = fmt.Sprintf("%s is not given back on every path", r.Name)
				finding.Confidence = rule.Likely
			}
			for i, reader := range r.ReadBy {
				if i == 2 {
					break
				}
				finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: reader.Pos, What: reader.Name + " reads from it, and leaves it open"})
			}
			for i, lost := range r.Lost {
				if i == 3 {
					break
				}
				finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: lost, What: leaving(r.Kind)})
			}
			if r.Kind == "body" || r.Kind == "answer" || r.Kind == "statement" || r.Kind == "file" || r.Kind == "stream" || r.Kind == "goroutine" || r.Kind == "callback" || function.Aside == "migration" {
				finding.Severity = rule.Medium
			}
			if !led && !r.InLoop && r.Kind != "goroutine" && r.Kind != "callback" && r.Kind != "body" && r.Kind != "answer" && byCommand(function, map[*facts.Function]bool{}) {
				finding.Confidence = rule.Uncertain // the end of the program gives it back, which who asks another service may be far from
			}
			if function.Aside == "generated" {
				finding.Confidence = rule.Uncertain // who uses it ends what it begins, and who wrote it is a program
			}
			if function.Aside == "migration" && r.Kind != "body" && r.Kind != "answer" && r.Kind != "file" && r.Kind != "stream" {
				finding.Confidence = rule.Uncertain // one that fails ends the program, or its transaction
			}
			out = append(out, finding)
		}
	}
	return out
}

// byCommand reports whether commands alone lead to a function, each of them once and in no loop.
func byCommand(f *facts.Function, seen map[*facts.Function]bool) bool {
	if f.Aside == "command" {
		return true
	}
	if seen[f] {
		return false
	}
	seen[f] = true
	led := false
	for _, call := range f.Callers {
		if call.From.Aside == "test" {
			continue
		}
		if call.Loop != nil || call.Spawned || call.Handed || !byCommand(call.From, seen) {
			return false
		}
		led = true
	}
	return led
}

// leaving says what a way out does not do.
func leaving(kind string) string {
	if kind == "goroutine" {
		return "this path leaves without reading from it"
	}
	return "this path leaves without giving it back"
}

// ended reports whether a request leads to a function, with a context that ends with it.
func ended(path *trace.Path) bool { return path != nil && (path.Route == nil || !path.Route.Lasting) }
