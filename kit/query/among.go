package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Among holds for the rows whose ids the query sql gives: text of the team, in the dialect of its database, which runs within the statement
// that reads the rows, in the same transaction.
//
//	query.Among[catalog.Product]("SELECT product_id FROM order_lines GROUP BY product_id HAVING sum(quantity) > $1", 100)
//
// What the query itself looks at is under no policy, as it is with Tx.Conn; the rows that are read for it are, with their tenant and what is
// deleted. Never put into sql what somebody sent: args are its $1, $2 and so on, of the types that columns have, stored as the database
// stores them; a Decimal says by Scaled which column it is like. Each has to stand in it.
func Among[E any](sql string, args ...any) Condition[E] {
	x := &meta.Expr{Op: meta.OpAmong, Name: sql, Args: []*meta.Expr{meta.This()}}
	for i, arg := range args {
		given, err := argument(arg)
		if err != nil { // a mistake of the code, which is told when a statement is made of it
			return Condition[E]{&meta.Expr{Op: meta.OpAmong, Args: []*meta.Expr{meta.This()}, Value: fmt.Errorf("argument $%d: %w", i+1, err)}}
		}
		x.Args = append(x.Args, given)
	}
	return Condition[E]{x}
}

// Scaled is v as a column with that many digits after the point holds it (@decimal(scale:), 4 unless it says so), for an argument of Among.
// Digits beyond are an error.
func Scaled(v kit.Decimal, digits int) any { return scaled{v, digits} }

type scaled struct {
	kit.Decimal
	digits int
}

// argument is what one of Among's is in an expression: a constant, or of a Decimal a call whose Name is its digits after the point, since
// statements differ by them.
func argument(arg any) (*meta.Expr, error) {
	switch v := arg.(type) {
	case kit.ID:
		return meta.Const(string(v)), nil
	case int:
		return meta.Const(int64(v)), nil
	case int32:
		return meta.Const(int64(v)), nil
	case scaled:
		if v.digits < 0 || !v.Equal(v.Truncate(int32(v.digits))) {
			return nil, fmt.Errorf("%v has more than %d digits after its point", v.Decimal, v.digits)
		}
		return meta.Call(strconv.Itoa(v.digits), meta.Const(v.Decimal)), nil
	case kit.Decimal:
		return nil, errors.New("a Decimal is stored by the digits of its column: query.Scaled says them")
	case string, bool, int64, float64, time.Time, time.Duration, kit.Date, kit.TimeOfDay, json.RawMessage, []byte:
		return meta.Const(v), nil
	}
	if text := reflect.ValueOf(arg); text.Kind() == reflect.String { // a value of an enum
		return meta.Const(text.String()), nil
	}
	return nil, fmt.Errorf("no column holds a %T", arg)
}

// among is the condition that a row is among those that a query of the team gives.
func (r *renderer) among(x *meta.Expr, e env) string {
	if err, wrong := x.Value.(error); wrong {
		r.fail("query in SQL: %w", err)
		return sqlFalse
	}
	places := make([]string, len(x.Args)-1)
	used := make([]bool, len(places))
	for i, arg := range x.Args[1:] {
		t := typ{scale: 4}
		if arg.Op == meta.OpCall {
			t.scale, _ = strconv.Atoi(arg.Name)
			arg = arg.Args[0]
		}
		t.kind = naturalKind(arg.Value)
		if slot, ok := r.slots[arg]; ok { // without a cast: what stands around it says its type
			places[i] = r.param(param{source: slotSource, slot: slot, typ: t})
		} else {
			places[i] = r.constant(arg, t).sql
		}
	}
	var b strings.Builder
	for sql := x.Name; sql != ""; {
		n := lexeme(sql)
		word := sql[:n]
		sql = sql[n:]
		switch { // what a comment or a text says of places would be read as one
		case strings.HasPrefix(word, "--") || strings.HasPrefix(word, "/*"):
			word = " "
		case word[0] == '$' && len(word) > 1 && !digit(word[1]):
			tag := word[:strings.IndexByte(word[1:], '$')+2]
			word = quote(strings.TrimSuffix(word[len(tag):], tag))
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
	id := r.value(x.Args[0], e)
	return id.shown() + " IN (" + b.String() + ")"
}

// lexeme is the length of the first token of SQL, as far as arguments are concerned: a place such as $1, a text in quotes or in
// PostgreSQL's dollar quotes, a name in quotes, a comment, or what lies before the next of these.
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
		for n < len(sql) && (letter(sql[n]) || n > 1 && digit(sql[n])) {
			n++
		}
		if n < len(sql) && sql[n] == '$' {
			return through(n+1, sql[:n+1])
		}
		for n = 1; n < len(sql) && digit(sql[n]); n++ {
		}
		return n
	}
	if n := strings.IndexAny(sql[1:], `'"-/$`); n >= 0 {
		return n + 1
	}
	return len(sql)
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func letter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80 }
