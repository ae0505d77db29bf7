package typescript

import (
	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// queryAt is the query that a call sends; nil for any other call. What surrounds it is added by findBody.
func (l *lifter) queryAt(f *function, call *syntax.Call) *facts.Query {
	if q, is := f.queries[call]; is {
		return q
	}
	f.queries[call] = nil // while its values are looked for
	q := l.prismaQuery(f, call)
	if q == nil {
		q = l.typeormQuery(f, call)
	}
	if q != nil {
		q.From, q.Pos = f.fact, f.file.pos(call)
		if q.Chain == "" && q.Text == "" {
			q.Chain = f.file.said(call)
		}
	}
	f.queries[call] = q
	return q
}

// handle says what a query is sent through: a transaction, where one is open around it and it goes through that.
func (l *lifter) handle(f *function, q *facts.Query, s site) {
	root := rootOf(s.call)
	q.Handle.Text = root
	if s.at.tx == nil {
		return
	}
	q.Handle.Begun = f.file.pos(s.at.tx.call)
	if s.at.tx.handle == "" || root == s.at.tx.handle {
		q.Handle.Kind = "tx"
		return
	}
	q.Handle.Kind, q.Handle.Other = "pool", s.at.tx.handle
}

// rootOf is the name that a chain of calls and members begins with; of this.x it is x.
func rootOf(e syntax.Expr) string {
	name := ""
	for {
		switch x := unwrapped(e).(type) {
		case *syntax.Call:
			e = x.Fun
		case *syntax.Select:
			name = x.Name
			e = x.X
		case *syntax.Index:
			e = x.X
		case *syntax.Ident:
			if x.Name == "this" {
				return name
			}
			return x.Name
		default:
			return name
		}
	}
}
