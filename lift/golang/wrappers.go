package golang

import (
	"cmp"
	"go/ast"
	"go/types"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// liftWrappers moves a query that only passes on its function's parameter to those who call that function: the text
// stands there.
func (l *lifter) liftWrappers() {
	for range 3 {
		moved := false
		for _, f := range l.functions {
			for _, q := range slices.Clone(f.fact.Queries) {
				if index, is := passesOn(q, f.fact); is && !l.wrapped[q] && len(f.fact.Queries) <= 2 {
					l.wrapped[q] = true
					moved = l.moveQuery(f, q, index) || moved
				}
			}
		}
		if !moved {
			break
		}
	}
	for _, f := range l.functions {
		kept := f.fact.Queries[:0]
		for _, q := range f.fact.Queries {
			if !l.wrapped[q] {
				kept = append(kept, q)
			}
		}
		f.fact.Queries = kept
	}
}

// passesOn finds the parameter of a function that is, as it is, the text of a query.
func passesOn(q *facts.Query, f *facts.Function) (index int, is bool) {
	if q.Text != "" || q.Chain != "" || len(q.Dynamic) != 1 {
		return 0, false
	}
	origins := slices.DeleteFunc(slices.Clone(q.Dynamic[0].Origins), func(o facts.Origin) bool { return o.Kind == facts.FromConstant }) // what writes it on one line
	if len(origins) != 1 {
		return 0, false
	}
	o := origins[0]
	if o.Kind != facts.FromParam || o.Function != f || o.Index < 0 || o.Index >= len(f.Params) || q.Dynamic[0].Kind != "text" {
		return 0, false
	}
	// What is put together with a constant in another variable is a text of the function's own.
	return o.Index, len(origins) == len(q.Dynamic[0].Origins) || q.Dynamic[0].Text == f.Params[o.Index]
}

func (l *lifter) moveQuery(f *function, inner *facts.Query, index int) bool {
	moved := false
	for _, caller := range l.functions {
		for _, call := range callsOf(caller, f.fact) {
			fact := caller.calls[call]
			if len(call.Args) <= index || l.queries[call] != nil {
				continue
			}
			q := &facts.Query{
				Pos: fact.Pos, From: caller.fact, Library: inner.Library, One: inner.One, Loop: fact.Loop, Place: fact.Place,
				Name: text(call.Fun), Handle: facts.Handle{Text: fact.Receiver.Text}, Context: facts.Value{Text: "unknown"},
			}
			read := l.readText(caller.source, call.Args[index], q)
			l.note(q, read)
			q.Args = fact.Args[index+1:]
			if len(q.Args) == 1 && isValues(caller.source.info.TypeOf(call.Args[index+1])) { // all in one list
				q.Args = read.spread(caller.source, call.Args[index+1])
			}
			caller.fact.Queries = append(caller.fact.Queries, q)
			l.queries[call] = q
			moved = true
		}
	}
	return moved
}

// isValues reports whether a type is a list of any values.
func isValues(t types.Type) bool {
	if t == nil {
		return false
	}
	list, is := t.Underlying().(*types.Slice)
	return is && types.IsInterface(list.Elem())
}

// callsOf are a function's calls of another one, in the order of the text.
func callsOf(caller *function, f *facts.Function) []*ast.CallExpr {
	var out []*ast.CallExpr
	for call, fact := range caller.calls {
		if slices.Contains(fact.Callees, f) {
			out = append(out, call)
		}
	}
	slices.SortFunc(out, func(a, b *ast.CallExpr) int {
		return cmp.Or(cmp.Compare(a.Pos(), b.Pos()), cmp.Compare(a.End(), b.End()))
	})
	return out
}
