package typescript

import (
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// hole stands in a text for a piece that is not known.
const hole = "\uFFFC"

// sqlText is the text of an expression, with a hole for each piece that the code does not say, and those pieces.
func (l *lifter) sqlText(f *function, e syntax.Expr) (string, []facts.Value) {
	var pieces []facts.Value
	text := l.textOf(f, e, &pieces, 0)
	return text, pieces
}

func (l *lifter) textOf(f *function, e syntax.Expr, pieces *[]facts.Value, depth int) string {
	if depth < deepestValue {
		switch e := unwrapped(e).(type) {
		case *syntax.Literal:
			return e.Value
		case *syntax.Template:
			if e.Tag != nil {
				break
			}
			var out strings.Builder
			for i, part := range e.Parts {
				out.WriteString(part)
				if i < len(e.Values) {
					out.WriteString(l.textOf(f, e.Values[i], pieces, depth+1))
				}
			}
			return out.String()
		case *syntax.Binary:
			if e.Op == "+" {
				return l.textOf(f, e.X, pieces, depth+1) + l.textOf(f, e.Y, pieces, depth+1)
			}
		case *syntax.Ident:
			if b := f.binding(e.Name, e.Pos()); b != nil {
				if b.fixed && b.init != nil && len(b.path) == 0 && len(b.given) == 0 {
					return l.textOf(b.of, b.init, pieces, depth+1)
				}
			} else if d := l.named(f.file, e.Name); d != nil && d.fixed && d.value != nil && d.file.module != nil {
				return l.textOf(d.file.module, d.value, pieces, depth+1)
			}
		case *syntax.Call: // `…`.trim()
			if s, is := e.Fun.(*syntax.Select); is && (s.Name == "trim" || s.Name == "toString") && len(e.Args) == 0 {
				return l.textOf(f, s.X, pieces, depth+1)
			}
		}
	}
	*pieces = append(*pieces, l.value(f, e))
	return hole
}

// rawQuery is a query whose text is an expression, with parameters beside it.
func (l *lifter) rawQuery(f *function, call *syntax.Call, library string, text syntax.Expr, args []syntax.Expr) *facts.Query {
	q := &facts.Query{Library: library, Name: f.file.said(call.Fun)}
	q.Text, q.Dynamic = l.sqlText(f, text)
	for _, arg := range args {
		if list, is := unwrapped(arg).(*syntax.Array); is && len(args) == 1 {
			for _, item := range list.Items {
				q.Args = append(q.Args, l.value(f, item))
			}
			continue
		}
		q.Args = append(q.Args, l.value(f, arg))
	}
	if q.Text == hole {
		q.Text = ""
	}
	l.understood(q)
	return q
}

// taggedQuery is a query that is a template whose values are parameters, but for those that are pieces of SQL themselves.
func (l *lifter) taggedQuery(f *function, call *syntax.Call, library string, t *syntax.Template) *facts.Query {
	q := &facts.Query{Library: library, Name: f.file.said(call.Fun)}
	l.tagged(f, t, q, 0)
	l.understood(q)
	return q
}

func (l *lifter) tagged(f *function, t *syntax.Template, q *facts.Query, depth int) {
	for i, part := range t.Parts {
		q.Text += part
		if i < len(t.Values) {
			l.piece(f, t.Values[i], q, depth+1)
		}
	}
}

// piece adds a value of a tagged template to the text of a query.
func (l *lifter) piece(f *function, e syntax.Expr, q *facts.Query, depth int) {
	unread := func(v facts.Value) {
		q.Text += hole
		q.Dynamic = append(q.Dynamic, v)
	}
	fixed := facts.Value{Text: f.file.said(e), Pos: f.file.pos(e), Origins: []facts.Origin{{Kind: facts.FromConstant}}}
	if depth > deepestValue {
		unread(fixed)
		return
	}
	switch x := unwrapped(e).(type) {
	case *syntax.Call:
		switch calledName(x) {
		case "raw":
			if len(x.Args) == 1 {
				var pieces []facts.Value
				q.Text += l.textOf(f, x.Args[0], &pieces, 0)
				q.Dynamic = append(q.Dynamic, pieces...)
				return
			}
		case "sql":
			unread(fixed)
			return
		}
	case *syntax.Template:
		if x.Tag != nil && endName(x.Tag) == "sql" {
			l.tagged(f, x, q, depth)
			return
		}
	case *syntax.Select:
		if x.Name == "empty" {
			return
		}
	case *syntax.Cond:
		if fragment(x.Then) || fragment(x.Else) {
			unread(fixed)
			return
		}
	case *syntax.Ident:
		if b := f.binding(x.Name, x.Pos()); b != nil && b.init != nil && len(b.path) == 0 {
			if fragment(b.init) && b.fixed {
				l.piece(b.of, b.init, q, depth+1)
				return
			}
			if _, is := unwrapped(b.init).(*syntax.Cond); is && fragment(unwrapped(b.init).(*syntax.Cond).Then) {
				unread(fixed)
				return
			}
		}
	}
	if t := l.typeOf(f, e); t.name == "Sql" || t.name == "Prisma.Sql" {
		unread(fixed)
		return
	}
	q.Args = append(q.Args, l.value(f, e))
	q.Text += "$" + strconv.Itoa(len(q.Args))
}

// fragment reports whether an expression is a piece of SQL that is made as such.
func fragment(e syntax.Expr) bool {
	switch x := unwrapped(e).(type) {
	case *syntax.Template:
		return x.Tag != nil && endName(x.Tag) == "sql"
	case *syntax.Call:
		name := calledName(x)
		return name == "raw" || name == "sql" || name == "join"
	case *syntax.Select:
		return x.Name == "empty"
	}
	return false
}

// understood reads the text of a query.
func (l *lifter) understood(q *facts.Query) {
	if q.Text != "" {
		q.Statement = sql.Read(q.Text, q.Args)
	}
}
