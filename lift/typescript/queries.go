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
	if q == nil {
		q = l.documentQuery(f, call)
	}
	if q == nil {
		q = l.driverQuery(f, call)
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
	handle := ""
	switch open := f.spanAt(s.call.Pos()); {
	case s.at.tx != nil:
		handle = s.at.tx.handle
	case open != nil:
		handle = open.handle
	default:
		return
	}
	q.Handle.Begun = l.begun(f, s)
	if handle == "" || root == handle || givenTo(s.call, handle) {
		q.Handle.Kind = "tx"
		return
	}
	q.Handle.Kind, q.Handle.Other = "pool", handle
}

// givenTo reports whether some call of a chain is given a variable: manager.of(tx, User).find().
func givenTo(e syntax.Expr, name string) bool {
	for {
		switch x := unwrapped(e).(type) {
		case *syntax.Call:
			for _, arg := range x.Args {
				if id, is := unwrapped(arg).(*syntax.Ident); is && id.Name == name {
					return true
				}
			}
			e = x.Fun
		case *syntax.Select:
			e = x.X
		default:
			return false
		}
	}
}

// begun is where the transaction began that is open around a call; zero for none.
func (l *lifter) begun(f *function, s site) facts.Pos {
	if s.at.tx != nil {
		return f.file.pos(s.at.tx.call)
	}
	if open := f.spanAt(s.call.Pos()); open != nil {
		return open.at
	}
	return facts.Pos{}
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
