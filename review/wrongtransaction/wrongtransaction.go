// Package wrongtransaction finds statements that pass by the transaction in whose midst they stand.
package wrongtransaction

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed wrong-transaction.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "wrong-transaction", Severity: rule.High, CWE: "CWE-662", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside == "test" {
			continue
		}
		for _, q := range function.Queries {
			if q.Handle.Other == "" || q.Library == "prepare" {
				continue
			}
			severity := rule.High
			if before(function, q) {
				severity = rule.Medium
			}
			out = append(out, rule.Finding{
				Pos: q.Pos, Confidence: rule.Certain, Severity: severity,
				Message: fmt.Sprintf("this statement goes through %s while the transaction %s is open, and is no part of it", q.Handle.Text, q.Handle.Other),
				Evidence: append(tracer.To(function).Evidence(),
					rule.Evidence{Pos: q.Handle.Begun, What: "transaction " + q.Handle.Other + " begins"},
					rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
				Fix: "send it through " + q.Handle.Other, Edits: q.ThroughTx,
			})
		}
		out = append(out, given(tracer, function)...)
		read := map[*facts.Query]bool{} // told of
		for _, call := range function.Calls {
			if call.Past != nil {
				out = append(out, beside(tracer, function, call)...)
				continue
			}
			if call.InTx.Line == 0 || call.MayLack || !surely(call) {
				continue
			}
			if q, way := passing(call, nil, writes); q != nil {
				out = append(out, helped(tracer, function, call, q, way))
			} else if q, way := passing(call, nil, reads); q != nil && !read[q] {
				read[q] = true
				finding := helped(tracer, function, call, q, way)
				finding.Severity = rule.Medium
				finding.Message = fmt.Sprintf("%s reads through %s while a transaction is open here that was begun by it, and sees nothing of that", q.From.Name, q.Handle.Field)
				out = append(out, finding)
			}
		}
	}
	return append(out, nested(tracer, f)...)
}

// before reports whether a statement only reads, and nothing has been asked of the transaction yet: it reads the same rows as it would
// within, and takes a second connection to do so.
func before(function *facts.Function, q *facts.Query) bool {
	if q.Statement == nil || q.Statement.Write() || q.Statement.Verb != facts.Select || q.Loop != nil {
		return false
	}
	within := func(begun, at facts.Pos) bool {
		return begun == q.Handle.Begun && (at.Line < q.Pos.Line || at.Line == q.Pos.Line && at.Column < q.Pos.Column)
	}
	for _, other := range function.Queries {
		if other != q && within(other.Handle.Begun, other.Pos) && other.Handle.Other == "" {
			return false
		}
	}
	return !slices.ContainsFunc(function.Calls, func(call *facts.Call) bool {
		return within(call.InTx, call.Pos) && slices.ContainsFunc(call.Callees, trace.Writes)
	})
}

// surely reports whether a call is made there and then, of one function alone, where nothing has failed: what is written where something
// has failed shall often stay when the transaction goes.
func surely(call *facts.Call) bool {
	return len(call.Callees) == 1 && !call.Handed && !call.Deferred && !call.Spawned && !call.Place.ErrorPath && call.Callees[0].Aside != "test"
}

// deepest bounds how many calls below the transaction a statement is looked for.
const deepest = 3

// writes reports whether a statement changes rows through the pool, which no transaction can be.
func writes(q *facts.Query, way []*facts.Call) bool {
	return q.Statement != nil && q.Statement.Write() && (throughPool(q, way) || throughOpener(q, way))
}

// reads reports whether a statement reads by what the transaction was begun with.
func reads(q *facts.Query, way []*facts.Call) bool {
	return q.Statement != nil && q.Statement.Verb == facts.Select && throughOpener(q, way)
}

// passing finds a statement of a kind below a call that goes past the transaction around it.
func passing(call *facts.Call, above []*facts.Call, past func(*facts.Query, []*facts.Call) bool) (*facts.Query, []*facts.Call) {
	callee, way := call.Callees[0], append(above, call)
	for _, q := range callee.Queries {
		if past(q, way) && q.Handle.Begun.Line == 0 && !q.Place.ErrorPath && q.Library != "prepare" {
			return q, way
		}
	}
	if len(way) == deepest {
		return nil, nil
	}
	for _, next := range callee.Calls {
		if next.InTx.Line == 0 && surely(next) && next.Callees[0] != callee {
			if q, way := passing(next, way[:len(way):len(way)], past); q != nil {
				return q, way
			}
		}
	}
	return nil, nil
}

// throughOpener reports whether a query goes through that by which the transaction was begun: the same field of the same value.
func throughOpener(q *facts.Query, way []*facts.Call) bool {
	return way[0].BegunBy != "" && q.Handle.Field == way[0].BegunBy && !slices.ContainsFunc(way, func(call *facts.Call) bool { return !call.Self })
}

// throughPool reports whether a query goes through a pool: by its type, or because the call within the transaction handed one down to it.
func throughPool(q *facts.Query, way []*facts.Call) bool {
	if q.Handle.Held == nil || q.Handle.Kind == "pool" {
		return q.Handle.Kind == "pool"
	}
	given := q.Handle.Held.By
	for i, call := range slices.Backward(way) {
		if slices.Contains(call.Plain, given) {
			return true
		}
		if i == 0 {
			return slices.Contains(call.Pools, given) || q.Handle.Held.Same && slices.Contains(call.Apart, given)
		}
		on := slices.IndexFunc(call.HandedOn, func(h facts.HandedOn) bool { return h.To == given })
		if on < 0 {
			return false
		}
		given = call.HandedOn[on].From
	}
	return false
}

// helped tells of a statement in a function that is called within a transaction.
func helped(tracer *trace.Tracer, function *facts.Function, call *facts.Call, q *facts.Query, way []*facts.Call) rule.Finding {
	evidence := append(tracer.To(function).Evidence(), rule.Evidence{Pos: call.InTx, What: "a transaction begins"})
	for _, c := range way {
		evidence = append(evidence, trace.Called(c))
	}
	return rule.Finding{
		Pos: call.Pos, Confidence: rule.Likely,
		Message:  fmt.Sprintf("%s writes through %s while a transaction is open here, and is no part of it", q.From.Name, q.Handle.Text),
		Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      "give " + call.Callees[0].Name + " the transaction, as what the pool and a transaction have in common: an interface of ExecContext and QueryContext",
	}
}
