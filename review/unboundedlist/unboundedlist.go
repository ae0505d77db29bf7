// Package unboundedlist finds routes that answer with as many rows as a table has.
package unboundedlist

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/growth"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed unbounded-list.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "unbounded-list", Severity: rule.Medium, CWE: "CWE-770", OWASP: "API4:2023", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	tables := growth.Of(f, tracer)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside != "" && function.Aside != "generated" {
			continue
		}
		for _, q := range function.Queries {
			path := tracer.To(function)
			if found, is := atZero(tracer, q); is {
				if tables.Small(q.Statement.Tables[0].Table) {
					found.Confidence = rule.Uncertain
				}
				out = append(out, found)
				continue
			}
			if found, is := forCaller(tracer, q); is {
				if !tables.Grows(q.Statement.Tables[0].Table) {
					found.Confidence = rule.Uncertain
				}
				out = append(out, found)
				continue
			}
			if source, read := clientsLimit(tracer, q); source != nil {
				found := limitFinding(tracer, q, read, source)
				if tracer.Ways(function).Operators() || tables.Small(q.Statement.Tables[0].Table) {
					found.Confidence = rule.Uncertain
				}
				out = append(out, found)
			} else if path != nil && skipsOnly(q) {
				found := finding(q, path)
				found.Message = fmt.Sprintf("route %s skips some rows of %s, as for a page, and reads all that follow", path.Route, q.Statement.Tables[0].Table)
				found.Fix = "give the page its size as well"
				out = append(out, found)
			} else if reads(path) && unbounded(q) {
				found := finding(q, path)
				if tracer.Ways(function).Operators() || !tables.Ages(q.Statement.Tables[0].Table) {
					found.Confidence = rule.Uncertain
				}
				out = append(out, found)
			}
		}
	}
	return out
}

// forCaller tells of a query that one of its callers asks without a limit, and without anything else that narrows it: what hangs on what a
// caller gives is not there where he leaves it out.
func forCaller(tracer *trace.Tracer, q *facts.Query) (rule.Finding, bool) {
	if q.Statement == nil || q.Statement.Limit != "" && q.Statement.LimitGiven == nil {
		return rule.Finding{}, false
	}
	for _, asked := range trace.PerCaller(q) {
		one := *q
		if asked.Narrows {
			continue // by a condition that is not understood, perhaps
		}
		one.Statement, one.Text = always(asked.Statement), harmless.ReplaceAllString(q.Text, " ")
		if asked.Handed {
			one.Text = "" // all of it is known
		}
		if path := tracer.To(asked.From); reads(path) && unbounded(&one) && !tracer.Ways(asked.From).Operators() {
			found := finding(q, path)
			if asked.Handed {
				found.Pos = asked.Calls[0].Pos // where no condition stands
			}
			found.Evidence = found.Evidence[:len(found.Evidence)-1]
			for _, call := range asked.Calls {
				found.Evidence = append(found.Evidence, trace.Called(call))
			}
			found.Evidence = append(found.Evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
			return found, true
		}
	}
	return rule.Finding{}, false
}

// always is what of a statement holds whatever the client sends: without the conditions that its caller gives only at times.
func always(st *facts.Statement) *facts.Statement {
	out := *st
	out.Predicates = slices.DeleteFunc(slices.Clone(st.Predicates), func(p facts.Predicate) bool { return p.Optional && p.Given != nil })
	return &out
}

// harmless are parts of a text that are not known and say nothing of which rows are read.
var harmless = regexp.MustCompile(`(?is)^\s*select\s.*?\sfrom\s|\$\x{FFFC}|\border\s+by\s[^()]*|\b(?:limit|offset)\s+\x{FFFC}`)

// unbounded reports whether a query lists a whole table: no condition that a value of the request or the caller narrows,
// and no limit.
func unbounded(q *facts.Query) bool {
	st := q.Statement
	if st == nil || st.Verb != facts.Select || q.One || st.Limit != "" || st.Aggregate || st.Grouped || st.Nested || len(st.Tables) == 0 ||
		strings.ContainsRune(q.Text, '\uFFFC') || q.Library == "prepare" {
		return false
	}
	for _, p := range st.Predicates {
		if p.Arg != nil || p.Operator != "JOIN" && p.Literal != "" && p.Literal != "true" && p.Literal != "false" {
			return false
		}
	}
	return !system(st.Tables[0].Table)
}

// skipsOnly reports whether a query skips rows and has no limit: whoever wrote it meant a page.
func skipsOnly(q *facts.Query) bool {
	st := q.Statement
	return st != nil && st.Verb == facts.Select && st.Offset && st.Limit == "" && st.LimitArg == nil && !q.One && !st.Aggregate && len(st.Tables) > 0 && !strings.ContainsRune(q.Text, '\uFFFC')
}

// system reports whether a table is one of the database's own.
func system(table string) bool {
	return strings.HasPrefix(table, "pg_") || strings.HasPrefix(table, "sqlite_") || strings.HasPrefix(table, "information_schema")
}

func finding(q *facts.Query, path *trace.Path) rule.Finding {
	table := q.Statement.Tables[0].Table
	return rule.Finding{
		Pos: q.Pos, Confidence: rule.Likely,
		Message:  fmt.Sprintf("route %s reads all rows of %s, however many there are", path.Route, table),
		Evidence: append(path.Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      "give the list a limit with a ceiling, and continue behind the last key: WHERE id > $1 ORDER BY id LIMIT 100",
	}
}

// reads reports whether a way begins with a route that reads, as far as its method is known.
func reads(path *trace.Path) bool {
	return path != nil && (path.Route.Method == "GET" || path.Route.Method == "")
}

// clientsLimit is where a query's limit comes from, where that is the client of a route that reads and nothing keeps it from being any number, and the
// way from there: other routes may ask the same query.
func clientsLimit(tracer *trace.Tracer, q *facts.Query) (*trace.Source, *trace.Path) {
	limit := limitOf(q)
	if limit == nil || q.Statement.Verb != facts.Select {
		return nil, nil
	}
	var elsewhere *trace.Source
	for _, source := range tracer.Unbounded(q.From, *limit) {
		if q.Statement.LimitArg == nil && !source.Origin.Number || source.Route == nil && !mayLimit(source.Origin.Name) {
			continue // what fills a builder or a struct of conditions holds more than the limit; a message is called as its handler likes
		}
		start, path := q.From, tracer.To(q.From)
		for _, call := range source.Calls {
			if way := tracer.To(call.From); way != nil { // to what fills the parameters of a route none leads
				start, path = call.From, way
				break
			}
		}
		given := len(source.Calls) == 0 || slices.ContainsFunc(source.Calls, func(c *facts.Call) bool { return c.From == q.From || slices.Contains(c.Callees, q.From) })
		if !given && !slices.Contains(trace.Below(start), q.From) {
			elsewhere = source // what fills a builder sends another statement of it
		} else if reads(path) {
			return source, path
		}
	}
	if path := tracer.To(q.From); elsewhere != nil && q.Statement.LimitArg != nil && reads(path) {
		return elsewhere, path // it may be called as a value
	}
	return nil, nil
}

// limitName are names of parameters that say how many rows, or hold among others what does.
var limitName = regexp.MustCompile(`(?i)limit|size|count|page|pagination|per|take|top|first|last|max|num|rows|^[a-z]$|filter|query|search|opt|param|input|req|body|form|arg|cmd|command|payload|data|list`)

// mayLimit reports whether what a client sends by a name may say how many rows. The whole of what was sent has the name "the body", or none.
func mayLimit(name string) bool {
	return name == "" || strings.HasPrefix(name, "the ") || limitName.MatchString(name)
}

// writtenLimit is a limit that is put into a text.
var writtenLimit = regexp.MustCompile(`(?i)\blimit\s+\x{FFFC}`)

// limitOf is the number that limits a query: what is given for a parameter, what is put into its text, or what is above zero where it has a limit.
func limitOf(q *facts.Query) *facts.Value {
	if q.Statement == nil {
		return nil
	}
	if q.Statement.LimitArg != nil {
		return q.Statement.LimitArg
	}
	if at := writtenLimit.FindStringIndex(q.Text); at != nil {
		piece := strings.Count(q.Text[:at[1]], "\uFFFC") - 1
		if piece < len(q.Dynamic) && strings.Count(q.Text, "\uFFFC") == len(q.Dynamic) && !slices.ContainsFunc(q.Dynamic[piece].Origins, func(o facts.Origin) bool { return !o.Number }) {
			return &q.Dynamic[piece]
		}
	}
	return q.Statement.LimitOver
}

// atZero tells of a query that has a limit only where a number is above zero, where the client says the number and nothing keeps it from being zero.
func atZero(tracer *trace.Tracer, q *facts.Query) (rule.Finding, bool) {
	st := q.Statement
	if st == nil || st.LimitOver == nil || st.Verb != facts.Select || q.One || st.Aggregate || len(st.Tables) == 0 || system(st.Tables[0].Table) {
		return rule.Finding{}, false
	}
	if source, _ := clientsLimit(tracer, q); source != nil {
		return rule.Finding{}, false // told as such
	}
	for _, source := range tracer.Zero(q.From, *st.LimitOver) {
		start := q.From
		if len(source.Calls) > 0 {
			start = source.Calls[0].From
		}
		path := tracer.To(start)
		if !reads(path) || !slices.Contains(trace.Below(start), q.From) {
			continue // what fills a builder sends another statement of it
		}
		found := limitFinding(tracer, q, path, source)
		found.Message = fmt.Sprintf("a limit of 0 has route %s read all rows of %s that are asked for: the statement has none then", path.Route, st.Tables[0].Table)
		found.Fix = "limit = 50 where it is not above 0, before it is asked whether it is too large"
		if tracer.Ways(start).Operators() {
			found.Confidence = rule.Uncertain
		}
		return found, true
	}
	return rule.Finding{}, false
}

func limitFinding(tracer *trace.Tracer, q *facts.Query, path *trace.Path, source *trace.Source) rule.Finding {
	evidence := path.Evidence()
	if len(source.Calls) > 0 {
		evidence = tracer.To(source.Calls[0].From).Evidence()
	}
	evidence = append(evidence, rule.Evidence{Pos: source.Origin.Pos, What: "the client sends " + source.Origin.Name})
	for _, call := range source.Calls {
		evidence = append(evidence, trace.Called(call))
	}
	return rule.Finding{
		Pos: q.Pos, Confidence: rule.Likely,
		Message:  fmt.Sprintf("the client says how many rows route %s reads, and nothing says that it is too many", path.Route),
		Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      "limit = min(limit, 100), and a default for none",
	}
}
