// Package massassignment finds rows that are stored as a client sent them, columns and all.
package massassignment

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed mass-assignment.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "mass-assignment", Severity: rule.High, CWE: "CWE-915", OWASP: "API3:2023", Exposes: true, Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside == "test" {
			continue
		}
		out = append(out, overwritten(tracer, function)...)
		out = append(out, undeclared(tracer, function)...)
		for _, q := range function.Queries {
			if q.Statement == nil || q.Statement.Verb != facts.Insert && q.Statement.Verb != facts.Update || !q.Mapped {
				continue
			}
			for _, arg := range q.Args {
				if slices.ContainsFunc(q.Statement.Assigned, func(a facts.Assignment) bool { return a.Arg != nil && a.Arg.Pos == arg.Pos }) {
					continue // the value of one column
				}
				columns, calls, from := sent(arg, q.Pos, nil, 0)
				if from.Undeclared {
					columns = withheld(f.Database, q, from.Declared)
				}
				columns = stored(q, columns)
				if len(columns) == 0 {
					continue
				}
				out = append(out, finding(tracer, q, arg, columns, calls, from.Undeclared))
				break
			}
		}
	}
	return out
}

// overwritten tells what the code draws at random and a client may then send in its place: a code by which he proves who he is.
func overwritten(tracer *trace.Tracer, f *facts.Function) []rule.Finding {
	var out []rule.Finding
	for i, r := range f.Redrawn {
		if i > 0 && f.Redrawn[i-1].Pos == r.Pos {
			continue // one mend for all fields of the struct
		}
		var fields []string
		for _, other := range f.Redrawn[i:] {
			if other.Pos == r.Pos {
				fields = append(fields, other.Field)
			}
		}
		which, verb := strings.Join(fields, " and "), "is"
		if len(fields) > 1 {
			verb = "are"
		}
		out = append(out, rule.Finding{
			Pos: r.Pos, Confidence: rule.Likely,
			Message:  fmt.Sprintf("%s of %s %s drawn at random, and what the client sends is decoded over that: whoever names it in the body chooses it", which, r.Of, verb),
			Evidence: append(tracer.To(f).Evidence(), rule.Evidence{Pos: r.Made, What: r.Field + " is drawn"}, rule.Evidence{Pos: r.Pos, What: "what the client sends is decoded into the struct"}),
			Fix:      "`json:\"-\"` on " + which + ", or draw behind the decoding",
		})
	}
	return out
}

// withheld are the columns of a row that no client should set, and that nothing keeps him from: neither does the type of what he sends declare
// them, nor does the statement give them values of its own.
func withheld(d *facts.Database, q *facts.Query, declared []string) []string {
	if d == nil || len(q.Statement.Tables) == 0 {
		return nil
	}
	table := d.Schema.Table(q.Statement.Tables[0].Table)
	if table == nil {
		return nil
	}
	var out []string
	for _, c := range table.Columns {
		same := func(name string) bool { return facts.Snake(name) == facts.Snake(c.Name) }
		if facts.PrivilegedNamed(c.Name) && !slices.ContainsFunc(declared, same) && !slices.ContainsFunc(q.Statement.Sets, same) {
			out = append(out, c.Name)
		}
	}
	return out
}

// undeclared tells where a function that changes rows goes through all names of what a client sent.
func undeclared(tracer *trace.Tracer, f *facts.Function) []rule.Finding {
	path := tracer.To(f)
	if path == nil {
		return nil
	}
	var out []rule.Finding
	for _, u := range f.Undeclared {
		if !writes(f, 3) {
			continue
		}
		evidence := append(path.Evidence(), rule.Evidence{Pos: u.Pos, What: f.Name + " goes through all names of a " + u.Type})
		if u.Pipe.Line > 0 {
			evidence = append(evidence, rule.Evidence{Pos: u.Pipe, What: "what all bodies go through, and which takes no name away"})
		}
		out = append(out, rule.Finding{
			Pos: u.Pos, Confidence: rule.Likely,
			Message:  fmt.Sprintf("%s also has the names that %s does not declare: nothing takes them away from what the client sends, and rows are written by them", u.Name, u.Type),
			Evidence: evidence, Fix: "new ValidationPipe({ whitelist: true }) for all bodies, or go through the names that the code knows",
		})
	}
	return out
}

// writes reports whether a function changes rows, itself or by what it calls.
func writes(f *facts.Function, depth int) bool {
	if slices.ContainsFunc(f.Queries, func(q *facts.Query) bool { return q.Statement != nil && q.Statement.Write() }) {
		return true
	}
	return depth > 0 && slices.ContainsFunc(f.Calls, func(c *facts.Call) bool {
		return slices.ContainsFunc(c.Callees, func(to *facts.Function) bool { return writes(to, depth-1) })
	})
}

// stored keeps the columns that a statement names, where it names any.
func stored(q *facts.Query, columns []string) []string {
	if q.Chain != "" {
		return columns
	}
	return slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return !slices.Contains(q.Statement.Sets, c) })
}

// sent are the columns that a client sets of a row, which the function or its callers decoded, with the calls on the way and the value as it was
// sent, without those that a function on the way gives a
// value of its own before it hands the row on.
func sent(v facts.Value, at facts.Pos, calls []*facts.Call, depth int) ([]string, []*facts.Call, facts.Value) {
	if len(v.Settable) > 0 {
		return v.Settable, calls, v
	}
	if depth == 3 {
		return nil, nil, v
	}
	for _, o := range v.Origins {
		if o.Kind != facts.FromParam || o.Index < 0 || o.Function == nil || !o.Whole {
			continue
		}
		for _, call := range o.Function.Callers {
			if o.Index < len(call.Args) && call.From.Aside != "test" {
				columns, way, from := sent(call.Args[o.Index], call.Pos, append([]*facts.Call{call}, calls...), depth+1)
				columns = slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return givenBefore(o.Function, o.Index, c, at) })
				if len(columns) > 0 {
					return columns, way, from
				}
			}
		}
	}
	return nil, nil, v
}

// givenBefore reports whether a function gives a column of one of its parameters a value of its own before a place in it.
func givenBefore(f *facts.Function, param int, column string, at facts.Pos) bool {
	return slices.ContainsFunc(f.SetFields, func(g facts.SetField) bool {
		return g.Param == param && g.Column == column && g.Pos.File == at.File && (g.Pos.Line < at.Line || g.Pos.Line == at.Line && g.Pos.Column < at.Column)
	})
}

func finding(tracer *trace.Tracer, q *facts.Query, arg facts.Value, columns []string, calls []*facts.Call, undeclared bool) rule.Finding {
	start := q.From
	if len(calls) > 0 {
		start = calls[0].From
	}
	evidence := tracer.To(start).Evidence()
	for _, call := range calls {
		evidence = append(evidence, trace.Called(call))
	}
	with := strings.Join(columns, ", ")
	if slices.Contains(columns, facts.AnyColumn) {
		with = "whatever columns it names"
	}
	fix := "decode into a struct that holds what a client may set alone, and copy its fields"
	if undeclared {
		with += ", which its type does not declare and nothing takes away"
		fix = "name the columns that a client may set, or let a pipe or a schema take away what the type does not declare"
	}
	return rule.Finding{
		Pos: q.Pos, Confidence: rule.Likely,
		Message:  fmt.Sprintf("%s is stored as the client sent it, with %s", arg.Text, with),
		Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      fix,
	}
}
