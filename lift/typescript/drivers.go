package typescript

import (
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// Drivers are given SQL as a text with its parameters beside it: pool.query("SELECT … WHERE id = $1", [id]), as are the ways around a mapper,
// knex.raw and sequelize.query. What they are called says little; that the text is a statement says it.

var (
	// asks are methods that are given a statement.
	asks = regexp.MustCompile(`^(query|execute|exec|raw|rawQuery|unsafe|run|all|get|each|one|many|any|none|oneOrNone|manyOrNone|queryRaw)$`)
	// stepped are the methods of a statement that was prepared before.
	stepped = regexp.MustCompile(`^(all|get|run|iterate|each|execute)$`)
	// statement is how a text begins that asks for rows or changes them.
	statement = regexp.MustCompile(`(?is)^\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*(?:select\s|insert\s+(?:or\s+\w+\s+)?into\s|replace\s+into\s|update\s+\S+\s+(?:(?:as\s+)?\w+\s+)?set\s|delete\s+from\s|with\s+(?:recursive\s+)?"?\w+"?\s*(?:\([^)]*\)\s*)?as\s)`)
	// tagging are libraries whose template, tagged as SQL, is a query by itself.
	tagging = regexp.MustCompile(`^(postgres|@vercel/postgres|@neondatabase/serverless|slonik|sql-template-strings|@planetscale/database)$`)
)

// driverQuery is the query of a call that is given a statement as a text.
func (l *lifter) driverQuery(f *function, call *syntax.Call) *facts.Query {
	if len(call.Args) == 1 {
		if t, is := call.Args[0].(*syntax.Template); is && t.Tag == call.Fun { // sql`SELECT …`
			if of := l.typeOf(f, call.Fun); tagging.MatchString(of.library) && statement.MatchString(t.Parts[0]) {
				return l.taggedQuery(f, call, "sql", t)
			}
			return nil
		}
	}
	on, is := call.Fun.(*syntax.Select)
	if !is {
		return nil
	}
	if on.Name == "execute" { // sql`SELECT …`.execute(db)
		if t, is := unwrapped(on.X).(*syntax.Template); is && t.Tag != nil && endName(t.Tag) == "sql" && statement.MatchString(t.Parts[0]) {
			return l.taggedQuery(f, call, "sql", t)
		}
	}
	if stepped.MatchString(on.Name) {
		if text := l.prepared(f, on.X); text != nil {
			return l.textQuery(f, call, text, call.Args)
		}
	}
	if !asks.MatchString(on.Name) || len(call.Args) == 0 {
		return nil
	}
	text, args := call.Args[0], call.Args[1:]
	if o, is := unwrapped(text).(*syntax.Object); is { // {text, values}
		text = member(o, "text")
		if text == nil {
			text = member(o, "sql")
		}
		if values := member(o, "values"); values != nil {
			args = []syntax.Expr{values}
		}
	}
	if t, is := unwrapped(text).(*syntax.Template); is && t.Tag != nil {
		if name := endName(t.Tag); (name == "sql" || name == "SQL") && statement.MatchString(t.Parts[0]) {
			return l.taggedQuery(f, call, "sql", t)
		}
		return nil
	}
	return l.textQuery(f, call, text, args)
}

// textQuery is a query whose text is an expression; nil where that is no statement.
func (l *lifter) textQuery(f *function, call *syntax.Call, text syntax.Expr, args []syntax.Expr) *facts.Query {
	switch unwrapped(text).(type) {
	case *syntax.Literal, *syntax.Template, *syntax.Binary, *syntax.Ident, *syntax.Call:
	default:
		return nil
	}
	if said, _ := l.sqlText(f, text); !statement.MatchString(said) {
		return nil
	}
	return l.rawQuery(f, call, "sql", text, args)
}

// prepared is the text that a statement was prepared of; nil where an expression is none.
func (l *lifter) prepared(f *function, e syntax.Expr) syntax.Expr {
	switch x := unwrapped(e).(type) {
	case *syntax.Call:
		if on, is := x.Fun.(*syntax.Select); is && on.Name == "prepare" && len(x.Args) > 0 {
			return x.Args[0]
		}
	case *syntax.Ident:
		if b := f.binding(x.Name, x.Pos()); b != nil && b.fixed && b.init != nil && len(b.path) == 0 {
			return l.prepared(b.of, b.init)
		}
	}
	return nil
}

// span is a part of a function during which a transaction is open that a statement of its own begins.
type span struct {
	handle   string
	at       facts.Pos
	from, to int
}

var (
	opens = regexp.MustCompile(`^(startTransaction|beginTransaction|begin)$`)
	shuts = regexp.MustCompile(`^(commitTransaction|commit|rollbackTransaction|rollback)$`)
	begin = regexp.MustCompile(`(?i)^\s*(begin|start\s+transaction)\b`)
	shut  = regexp.MustCompile(`(?i)^\s*(commit|rollback|end)\b`)
)

// findSpans finds the transactions that a function begins and ends by statements of their own: client.query("BEGIN"),
// queryRunner.startTransaction().
func (l *lifter) findSpans(f *function) {
	for _, s := range f.sites {
		on, is := s.call.Fun.(*syntax.Select)
		if !is {
			continue
		}
		text := ""
		if asks.MatchString(on.Name) && len(s.call.Args) > 0 {
			text = constantText(s.call.Args[0])
		}
		handle := rootOf(on.X)
		switch {
		case handle == "" || f.binding(handle, s.call.Pos()) == nil: // a connection of its own
		case opens.MatchString(on.Name) || begin.MatchString(text):
			f.spans = append(f.spans, &span{handle: handle, at: f.file.pos(s.call), from: s.call.End(), to: s.call.End()})
		case shuts.MatchString(on.Name) || shut.MatchString(text):
			for _, open := range slices.Backward(f.spans) { // the last one ends it: a rollback may stand before
				if open.handle == handle {
					open.to = s.call.Pos()
					break
				}
			}
		}
	}
}

// spanAt is the transaction that is open at an offset of a function; nil for none.
func (f *function) spanAt(offset int) *span {
	for _, s := range f.spans {
		if s.from <= offset && offset < s.to {
			return s
		}
	}
	return nil
}
