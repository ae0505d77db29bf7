package query

import (
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Among holds for the rows whose ids the query sql gives: text of the team, in the dialect of its database, which runs within the statement
// that reads the rows, in the same transaction.
//
//	query.Among[catalog.Product]("SELECT product_id FROM order_lines GROUP BY product_id HAVING sum(quantity) > $1", 100)
//
// What the query itself looks at is under no policy, as it is with Tx.Conn; the rows that are read for it are, with their tenant and what is
// deleted. Never put into sql what somebody sent: args are its $1, $2 and so on, of the types that columns have (an enum's value as a
// string), stored as the database stores them. Each has to stand in it.
func Among[E any](sql string, args ...any) Condition[E] {
	x := &meta.Expr{Op: meta.OpAmong, Name: sql, Args: make([]*meta.Expr, len(args))}
	for i, arg := range args {
		switch v := arg.(type) {
		case kit.ID:
			arg = string(v)
		case int:
			arg = int64(v)
		}
		x.Args[i] = meta.Const(arg)
	}
	return Condition[E]{x}
}

// among is the condition that a row is among those that a query of the team gives.
func (r *renderer) among(x *meta.Expr, e env) string {
	places := make([]string, len(x.Args))
	used := make([]bool, len(x.Args))
	for i, arg := range x.Args {
		if slot, ok := r.slots[arg]; ok { // without a cast: what stands around it says its type
			places[i] = r.param(param{source: slotSource, slot: slot, typ: typ{kind: naturalKind(arg.Value), scale: 4}})
		} else {
			places[i] = r.constant(arg, typ{}).sql
		}
	}
	var b strings.Builder
	for sql := x.Name; sql != ""; {
		n := lexeme(sql)
		word := sql[:n]
		sql = sql[n:]
		if strings.HasPrefix(word, "--") || strings.HasPrefix(word, "/*") {
			word = " " // what it says of places would be read as one
		}
		if word[0] != '$' {
			b.WriteString(word)
			continue
		}
		number, err := strconv.Atoi(word[1:])
		if err != nil || number < 1 || number > len(places) {
			r.fail("query in SQL: there is no argument %s", word)
			return sqlFalse
		}
		b.WriteString(places[number-1])
		used[number-1] = true
	}
	for i := range used {
		if !used[i] {
			r.fail("query in SQL: its argument $%d stands nowhere in it", i+1)
		}
	}
	return r.identity(e.this).sql + " IN (" + b.String() + ")"
}

// lexeme is the length of the first token of SQL, as far as arguments are concerned: a place such as $1, a text, a name in quotes, a
// comment, or what lies before the next of these.
func lexeme(sql string) int {
	through := func(from int, end string) int {
		if i := strings.Index(sql[from:], end); i >= 0 {
			return from + i + len(end)
		}
		return len(sql)
	}
	switch {
	case sql[0] == '\'' || sql[0] == '"':
		return through(1, sql[:1])
	case strings.HasPrefix(sql, "--"):
		return through(2, "\n")
	case strings.HasPrefix(sql, "/*"):
		return through(2, "*/")
	case sql[0] == '$':
		n := 1
		for n < len(sql) && '0' <= sql[n] && sql[n] <= '9' {
			n++
		}
		return n
	}
	if n := strings.IndexAny(sql[1:], `'"-/$`); n >= 0 {
		return n + 1
	}
	return len(sql)
}
