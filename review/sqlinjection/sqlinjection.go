// Package sqlinjection finds SQL whose text holds what a stranger wrote.
package sqlinjection

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed sql-injection.md
var document string

// Rule is the rule.
var Rule = rule.Rule{
	Name: "sql-injection", Severity: rule.Critical, CWE: "CWE-89", OWASP: "A03:2021", Exposes: true, Document: document, Find: find,
}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	filled := map[*facts.Function]*built{} // what each method of a builder has put into statements
	for _, function := range f.Functions {
		if function.Aside == "test" {
			continue
		}
		told := map[facts.Pos]int{} // where in out a piece is told of
		for _, q := range function.Queries {
			finding, piece, taker := query(tracer, q)
			if piece == nil {
				continue
			}
			if b := filled[taker]; b != nil {
				b.add(&out[b.first], q)
				continue // one mend for all
			}
			if first, found := told[piece.Pos]; found {
				out[first].Evidence = append(out[first].Evidence, rule.Evidence{Pos: q.Pos, What: "and it is sent here too"})
				continue // one mend for both
			}
			told[piece.Pos] = len(out)
			if taker != nil {
				filled[taker] = &built{first: len(out)}
			}
			out = append(out, finding)
		}
	}
	return out
}

// built are the statements that one method of a builder puts a stranger's text into.
type built struct {
	first int // which finding tells of them
	more  int
}

// shown is how many of them a finding shows beside the first.
const shown = 3

func (b *built) add(to *rule.Finding, q *facts.Query) {
	b.more++
	to.Confidence = rule.Likely
	if b.more <= shown {
		to.Evidence = append(to.Evidence, rule.Evidence{Pos: q.Pos, What: "and the same method builds this one"})
		return
	}
	last := &to.Evidence[len(to.Evidence)-1]
	last.What = fmt.Sprintf("and the same method builds this one, and %d more", b.more-shown)
}

// query looks for a piece of a query's text that comes from outside, nil for none, and for the method that took it into a struct, whose
// field the text is made of; nil where it came by parameters alone.
func query(tracer *trace.Tracer, q *facts.Query) (rule.Finding, *facts.Value, *facts.Function) {
	for i, piece := range q.Dynamic {
		if piece.Kind == "number" {
			continue
		}
		source := tracer.TextFromOutside(q.From, piece)
		if source == nil && ordering(q) {
			source = tracer.Stored(q.From, piece)
		}
		if source == nil || answered(tracer, q, source) {
			continue
		}
		out := finding(tracer, q, piece, source)
		for _, other := range others(tracer, q, q.Dynamic[i:]) {
			out.Message += ", and " + other.Text
			out.Evidence = append(out.Evidence, rule.Evidence{Pos: other.Pos, What: fmt.Sprintf("and %s comes from outside as well", other.Text)})
		}
		return out, &q.Dynamic[i], taker(q, source)
	}
	return rule.Finding{}, nil, nil
}

// others are the pieces of a query's text behind one that is told of which come from outside as well: that one may be checked where nobody sees it,
// and these not.
func others(tracer *trace.Tracer, q *facts.Query, pieces []facts.Value) []facts.Value {
	var out []facts.Value
	for _, piece := range pieces[1:] {
		same := func(other facts.Value) bool { return other.Text == piece.Text }
		if piece.Kind == "number" || len(piece.Text) > longest || same(pieces[0]) || slices.ContainsFunc(out, same) || len(out) == shown {
			continue
		}
		if tracer.TextFromOutside(q.From, piece) != nil {
			out = append(out, piece)
		}
	}
	return out
}

// longest is how long an expression may be that a message names beside another.
const longest = 40

// answered reports whether a command holds what a client sends elsewhere: what a service of the same code answers it, which it calls by the
// same methods that the service has.
func answered(tracer *trace.Tracer, q *facts.Query, source *trace.Source) bool {
	start := first(q, source)
	ways := tracer.Ways(start)
	return source.Origin.Kind == facts.FromRequest && ways.Command && !ways.Client && !start.Contains(source.Origin.Pos)
}

// first is the function that a text goes out from.
func first(q *facts.Query, source *trace.Source) *facts.Function {
	if len(source.Calls) > 0 {
		return source.Calls[0].From
	}
	return q.From
}

// taker is the method of another value that took a text, nil where parameters carry it to the query.
func taker(q *facts.Query, source *trace.Source) *facts.Function {
	if len(source.Calls) == 0 {
		return nil
	}
	last := source.Calls[len(source.Calls)-1].Callees
	if len(last) == 0 || last[0].Of == "" || slices.Contains(last, q.From) {
		return nil
	}
	return last[0]
}

// sorting is a place that no parameter can fill: a column or direction to sort by.
var sorting = regexp.MustCompile(`(?is)\border\s+by\s[^()]*?\x{FFFC}`)

// ordering reports whether a query's text has such a place, or may have one, where a builder makes it.
func ordering(q *facts.Query) bool {
	return q.Text == "" && q.Sorts || sorting.MatchString(q.Text)
}

func finding(tracer *trace.Tracer, q *facts.Query, piece facts.Value, source *trace.Source) rule.Finding {
	out := rule.Finding{Pos: q.Pos, Confidence: rule.Certain, Severity: rule.Critical, Edits: q.Parameters}
	from := "the client sends"
	if source.Origin.Kind == facts.FromInput {
		out.Severity = rule.High
		from = "the program is started with"
	}
	if source.Origin.Kind == facts.FromQuery {
		out.Severity, out.Confidence = rule.Medium, rule.Likely
		from = "a row of the database holds"
	}
	out.Message = fmt.Sprintf("the text of this SQL holds %s, which %s", piece.Text, from)
	out.Evidence = tracer.To(first(q, source)).Evidence()
	name := source.Origin.Name
	if name == "" {
		name = "a value"
	}
	out.Evidence = append(out.Evidence, rule.Evidence{Pos: source.Origin.Pos, What: fmt.Sprintf("%s comes from outside", name)})
	for _, call := range source.Calls {
		out.Evidence = append(out.Evidence, trace.Called(call))
	}
	out.Evidence = append(out.Evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
	out.Fix = "pass the value as a parameter; for a column's name or a direction, take it from a list of those that are allowed"
	return out
}
