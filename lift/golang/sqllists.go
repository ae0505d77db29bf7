package golang

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/lift/sql"
)

// joined reads a list of texts that strings.Join puts together: strings.Join(where, " AND ").
func (r *reader) joined(s *source, e *ast.CallExpr, depth int) (string, bool) {
	between := constantText(s, e.Args[1])
	r.lost = r.lost || strings.Contains(between, "?") // as many parameters as there are texts
	if object, is := s.target(e.Args[0]).(*types.Var); is && object.IsField() {
		return r.held.text(r, object, between)
	}
	holes, args, turns := len(r.holes), len(r.args), r.turns
	r.turns = false
	items, known := r.items(s, e.Args[0], depth)
	many := r.turns && strings.TrimSpace(between) != "," // conditions, of which nobody knows how many there are
	r.turns = turns
	if !known || many || len(items) == 0 {
		r.forget(holes, args)
		return "", false
	}
	return together(items, between), true
}

// together puts texts one behind the other; what stands between two of them is there only sometimes where the second is.
func together(texts []string, between string) string {
	var b strings.Builder
	for _, text := range texts {
		if rest, sometimes := strings.CutPrefix(text, sql.Sometimes); sometimes && b.Len() > 0 {
			text = sql.Sometimes + between + rest
		} else if b.Len() > 0 {
			text = between + text
		}
		b.WriteString(text)
	}
	return b.String()
}

// writtenList reads a list that an expression writes out: a literal, make, or append to another one, which rest reads. It reports whether the list is
// known, and whether the expression is such a one at all.
func writtenList[T any](e ast.Expr, one func(ast.Expr) T, rest func(ast.Expr) ([]T, bool)) (out []T, known, is bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		for _, element := range e.Elts {
			if _, keyed := element.(*ast.KeyValueExpr); keyed {
				return nil, false, true
			}
			out = append(out, one(element))
		}
		return out, true, true
	case *ast.CallExpr:
		switch calledName(e) {
		case "make":
			return nil, true, true
		case "append":
			if len(e.Args) == 0 || e.Ellipsis.IsValid() && len(e.Args) != 2 {
				return nil, false, true
			}
			out, known = rest(e.Args[0])
			if e.Ellipsis.IsValid() && known {
				more, known := rest(e.Args[1])
				return append(out, more...), known, true
			}
			for _, arg := range e.Args[1:] {
				out = append(out, one(arg))
			}
			return out, known, true
		}
	}
	return nil, false, false
}

// items reads the texts of a list, in the order in which they are put there.
func (r *reader) items(s *source, e ast.Expr, depth int) ([]string, bool) {
	one := func(e ast.Expr) string { return r.read(s, e, depth+1) }
	rest := func(e ast.Expr) ([]string, bool) { return r.items(s, e, depth+1) }
	if out, known, is := writtenList(e, one, rest); is {
		return out, known
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		if made := r.l.static(s, e); len(made) == 1 && !r.deep(depth) {
			if result := listReturned(made[0]); result != nil {
				outside := r.within
				r.within = append(slices.Clip(outside), given{s, e, made[0]})
				defer func() { r.within = outside }()
				return r.items(made[0].source, result, depth+1)
			}
		}
	case *ast.Ident:
		if object, is := s.target(e).(*types.Var); is && isTextList(object.Type()) {
			return r.listed(s, e, object, depth)
		}
		return nil, e.Name == "nil"
	}
	return nil, false
}

// listed reads the texts that a variable is given, one after the other.
func (r *reader) listed(s *source, e *ast.Ident, object *types.Var, depth int) ([]string, bool) {
	if r.seen[object] || r.deep(depth) {
		return nil, r.seen[object] // of where = append(where, …) what is new
	}
	if _, _, isParam := r.l.parameter(object); isParam {
		return nil, false
	}
	r.seen[object] = true
	defer delete(r.seen, object)
	var out []string
	for i, d := range r.l.defsBefore(s, object, e.Pos()) {
		if d.kind == filled && len(out) > 0 && i < 60 { // a function that is given the list adds to it
			r.lost = true
			out = append(out, sql.OnlyWhere(nil, r.open(s, e)))
			continue
		}
		if d.kind != assigned || d.expr == nil || d.index > 0 || d.entry || d.source != s || i > 60 {
			return nil, false
		}
		r.turns = r.turns || d.loop != nil && appends(d.expr)
		texts, known := r.items(d.source, d.expr, depth+1)
		if !known {
			return nil, false
		}
		for i := range texts {
			texts[i] = r.placed(s, texts[i], d.pos, e.Pos())
		}
		out = append(out, texts...)
	}
	return out, true
}

// listReturned is the list that a function gives back first: the one that is not nil.
func listReturned(f *function) ast.Expr {
	var found ast.Expr
	for _, n := range f.returns() {
		if len(n.Results) == 0 || len(n.Results) != resultCount(f) {
			return nil
		}
		if f.source.info.Types[n.Results[0]].IsNil() {
			continue
		}
		if found != nil {
			return nil
		}
		found = n.Results[0]
	}
	return found
}

func isTextList(t types.Type) bool {
	list, is := t.Underlying().(*types.Slice)
	return is && isString(list.Elem())
}

// valuesSpread are what a list of values holds that is given behind a text, in the order in which they are put there: args…; nothing
// where not all of it is known.
func (r *reader) valuesSpread(s *source, e ast.Expr, depth int) ([]piece, bool) {
	if r.deep(depth) {
		return nil, false
	}
	one := func(e ast.Expr) piece { return piece{source: s, expr: e, within: r.within} }
	rest := func(e ast.Expr) ([]piece, bool) { return r.valuesSpread(s, e, depth+1) }
	if out, known, is := writtenList(e, one, rest); is {
		return out, known
	}
	if e, is := ast.Unparen(e).(*ast.Ident); is {
		object, is := s.target(e).(*types.Var)
		if !is || object.IsField() {
			return nil, e.Name == "nil"
		}
		if f, index, isParam := r.l.parameter(object); isParam {
			return r.valuesGiven(f, index, depth)
		}
		if r.seen[object] {
			return nil, true
		}
		r.seen[object] = true
		defer delete(r.seen, object)
		var out []piece
		for i, d := range r.l.defsBefore(s, object, e.Pos()) {
			if d.kind != assigned || d.expr == nil || d.index >= 0 || d.entry || d.source != s || i > 60 {
				return nil, false
			}
			more, known := r.valuesSpread(s, d.expr, depth+1)
			if !known {
				return nil, false
			}
			out = append(out, more...)
		}
		return out, true
	}
	return nil, false
}

// valuesGiven are what a function that is read is given for its last parameter, which takes any number of values.
func (r *reader) valuesGiven(f *function, index, depth int) ([]piece, bool) {
	for i, by := range slices.Backward(r.within) {
		if by.callee != f || index < 0 || f.sig == nil {
			continue
		}
		inside := r.within
		r.within = slices.Clip(inside[:i])
		defer func() { r.within = inside }()
		switch last := f.sig.Params().Len() - 1; {
		case index >= len(by.call.Args):
			return nil, true
		case !f.sig.Variadic() || index != last || by.call.Ellipsis.IsValid():
			if isListType(by.source.info.TypeOf(by.call.Args[index])) {
				return r.valuesSpread(by.source, by.call.Args[index], depth+1)
			}
			return []piece{{source: by.source, expr: by.call.Args[index], within: r.within}}, true
		}
		var out []piece
		for _, arg := range by.call.Args[index:] {
			out = append(out, piece{source: by.source, expr: arg, within: r.within})
		}
		return out, true
	}
	return nil, false
}
