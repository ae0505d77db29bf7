package golang

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

func isSquirrel(path string) bool { return strings.HasSuffix(path, "Masterminds/squirrel") }

var squirrelTerminals = map[string]bool{"Query": true, "QueryRow": true, "Exec": true, "QueryContext": true, "QueryRowContext": true, "ExecContext": true}

// ofSquirrel reports whether an expression is a builder of squirrel, by its type, or by what it begins with where a library that squirrel
// itself needs is not at hand.
func (l *lifter) ofSquirrel(s *source, e ast.Expr, depth int) bool {
	if t := typeOr(s.info.TypeOf(e)); t != types.Typ[types.Invalid] || depth > 6 {
		return isSquirrel(namedPath(t))
	}
	switch begin := ast.Unparen(root(e)).(type) {
	case *ast.SelectorExpr:
		return isSquirrel(s.packageOf(begin.X)) || begin != e && l.ofSquirrel(s, begin, depth+1)
	case *ast.Ident:
		object := s.target(begin)
		return isSquirrel(s.packageOf(begin)) || object != nil && slices.ContainsFunc(l.defs[object], func(d def) bool {
			return d.kind == assigned && d.expr != nil && d.index < 0 && l.ofSquirrel(d.source, d.expr, depth+1)
		})
	}
	return false
}

// built finds the builder of squirrel that gives the text that an expression holds: q, args, err := b.ToSql().
func (l *lifter) built(s *source, e ast.Expr, depth int) (*source, *ast.CallExpr) {
	if depth > 4 {
		return nil, nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		switch {
		case is && (selector.Sel.Name == "ToSql" || selector.Sel.Name == "MustSql") && l.ofSquirrel(s, selector.X, 0), is && selector.Sel.Name == "ToSQL" && l.ofGoqu(s, selector.X):
			return s, e
		case is && selector.Sel.Name == "Rebind" && len(e.Args) == 1:
			return l.built(s, e.Args[0], depth+1)
		}
		if made := l.static(s, e); len(made) == 1 {
			for _, n := range made[0].returns() {
				if len(n.Results) == 0 {
					continue
				}
				if in, call := l.built(made[0].source, n.Results[0], depth+1); call != nil {
					return in, call
				}
			}
		}
	case *ast.Ident:
		// The definition before the use: a name serves for several statements of a function.
		for _, d := range slices.Backward(l.defs[s.target(e)]) {
			if d.source == s && d.pos < e.Pos() {
				if d.kind == assigned && d.expr != nil && d.index <= 0 {
					return l.built(s, d.expr, depth+1)
				}
				break
			}
		}
	}
	return nil, nil
}

// builtText reads a query whose text a builder gives.
func (l *lifter) builtText(at work, q *facts.Query, in *source, call *ast.CallExpr) {
	mapped, given := q.Mapped, q.Args
	q.Dynamic, q.Args = nil, nil
	made := at
	made.place = place{in, at.file}
	made.call = call
	spec := querySpec{library: "squirrel", text: -1, pos: ast.Unparen(call.Fun).(*ast.SelectorExpr)}
	if l.ofGoqu(in, spec.pos.X) {
		spec.library = "goqu"
	}
	l.chain(made, spec, q)
	q.Mapped = mapped
	if q.Statement == nil {
		q.Args = append(q.Args, given...)
	}
}

// squirrel reads the steps that squirrel has for itself, or takes in another way than the others.
func (b *builder) squirrel(s step, values func(int) []facts.Value, table string) bool {
	args := s.call.Args
	if len(args) == 0 {
		return false
	}
	switch s.name {
	case "Update":
		b.out.Verb = facts.Update
	case "Insert", "Replace":
		b.out.Verb = facts.Insert
		b.out.OnConflict = s.name == "Replace"
	case "Set":
		b.out.Verb = facts.Update
		if len(args) == 2 {
			b.assign(s.source, column(constantText(s.source, args[0])), args[1])
		}
	case "SetMap":
		literal, is := ast.Unparen(args[0]).(*ast.CompositeLit)
		if !is {
			b.q.Args = append(b.q.Args, values(0)...)
			return true
		}
		for _, element := range literal.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is {
				b.assign(s.source, column(constantText(s.source, pair.Key)), pair.Value)
			}
		}
	case "Values":
		b.q.Args = append(b.q.Args, values(0)...)
	case "Columns":
		for _, arg := range args {
			name := column(constantText(s.source, arg))
			if b.out.Verb == facts.Insert {
				b.out.Sets = append(b.out.Sets, name)
			} else {
				b.out.Columns = append(b.out.Columns, name)
			}
		}
	case "Suffix", "Prefix", "SuffixExpr", "PrefixExpr", "Options":
		said := strings.ToUpper(b.text(s, args[0]))
		b.out.OnConflict = b.out.OnConflict || strings.Contains(said, "ON CONFLICT") || strings.Contains(said, "ON DUPLICATE")
		b.out.Locks = b.out.Locks || strings.Contains(said, "FOR UPDATE") || strings.Contains(said, "FOR NO KEY UPDATE")
		b.out.Nested = b.out.Nested || strings.HasPrefix(s.name, "Prefix")
		b.q.Args = append(b.q.Args, values(1)...)
	case "Join", "LeftJoin", "RightJoin", "InnerJoin", "CrossJoin", "FromSelect", "JoinClause":
		b.out.Nested = true
		if t := s.source.info.TypeOf(args[0]); t != nil && isString(t) {
			b.text(s, args[0])
		}
		b.q.Args = append(b.q.Args, values(1)...)
	case "From":
		if t := s.source.info.TypeOf(args[0]); t != nil && isString(t) {
			b.text(s, args[0])
		}
	case "Select", "Column":
		for _, arg := range args {
			if t := s.source.info.TypeOf(arg); t != nil && isString(t) {
				b.text(s, arg)
			}
			name := constantText(s.source, arg)
			b.out.Columns = append(b.out.Columns, column(name))
			b.reckons = b.reckons || reckoning.MatchString(name)
			b.out.Aggregate = b.out.Aggregate || counting.MatchString(name)
			if s.name == "Column" {
				break
			}
		}
	default:
		return false
	}
	return true
}
