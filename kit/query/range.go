package query

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit/meta"
)

// This file keeps what is reckoned within what its kind holds. What is not is null, as a division by zero is: a database
// would refuse the whole statement (PostgreSQL), make a Float of it or cut it to the largest number (SQLite), and a duration
// would begin anew from below.
//
// Whole numbers are checked step by step, where the sizes of the operands do not tell already that it fits: one that left
// 64 bits does not come back. Decimals are such numbers on SQLite; on PostgreSQL, Decimals of any size stand in between.

// Bounds in the form in which they are stored.
const (
	maxDuration = math.MaxInt64 / int64(time.Microsecond) // of a time.Duration, in microseconds
	minInstant  = "-62135596800000000"                    // 0001-01-01T00:00:00Z, in microseconds
	maxInstant  = "253402300799999999"                    // 9999-12-31T23:59:59.999999Z
	maxFloat    = "8e+307"                                // of a Float that is reckoned: two of them add up to one that 64 bits hold
)

// How many bits a number of a kind has at most, without its sign.
const (
	intBits      = 31
	countBits    = 40 // of rows
	durationBits = 54
	instantBits  = 58
	wordBits     = 63
)

// size is how many bits a whole number of type t has at most.
func (t typ) size() int {
	switch {
	case t.bits > 0:
		return t.bits
	case t.kind == meta.Int:
		return intBits
	case t.kind == meta.Duration:
		return durationBits
	case t.kind == meta.DateTime:
		return instantBits
	}
	return wordBits
}

// sized is the literal n, or a number of that type.
func (t typ) sized(literal string) typ {
	if n, err := strconv.ParseInt(literal, 10, 64); err == nil && n != math.MinInt64 {
		t.bits = max(1, bits.Len64(uint64(max(n, -n))))
	}
	return t
}

// reckon is a operator b, of type t.
func (r *renderer) reckon(op meta.Op, a, b operand, t typ) operand {
	t.reckoned, t.unfit = true, false
	plain := "(" + a.sql + " " + arithmeticOperators[op] + " " + b.sql + ")"
	switch {
	case a.typ.kind == meta.Float || b.typ.kind == meta.Float:
		t.unfit = true
		return operand{sql: r.reckonFloats(op, a.sql, b.sql), typ: t}
	case t.kind == meta.Float || r.postgres && t.kind == meta.Decimal:
		t.unfit = t.kind == meta.Float
		return operand{sql: plain, typ: t}
	}
	size := map[meta.Op]int{
		meta.OpAdd: max(a.typ.size(), b.typ.size()) + 1, meta.OpSub: max(a.typ.size(), b.typ.size()) + 1,
		meta.OpMul: a.typ.size() + b.typ.size(), meta.OpDiv: a.typ.size(), meta.OpMod: b.typ.size(),
	}[op]
	if op == meta.OpDiv {
		size++ // the least by -1
	}
	if t.bits = min(size, wordBits); size <= wordBits {
		if r.postgres && size > intBits && a.typ.size() <= intBits && b.typ.size() <= intBits {
			plain = "(" + a.sql + "::bigint " + arithmeticOperators[op] + " " + b.sql + ")"
		}
		return operand{sql: plain, typ: t}
	}
	t.null, t.unfit = true, true
	if !r.postgres {
		return operand{sql: r.once(plain, isWord), typ: t}
	}
	exact := "(" + a.sql + "::numeric " + arithmeticOperators[op] + " " + b.sql + ")"
	if op == meta.OpDiv {
		exact = "div(" + a.sql + "::numeric, " + b.sql + ")"
	}
	return operand{sql: r.once(exact, fitsWord), typ: t}
}

// reckonFloats is a operator b. PostgreSQL refuses a statement of which one Float would be too large, or too small to be told from 0: their
// logarithms tell before. SQLite reckons with what is endless, and is asked afterwards, within the same bounds.
func (r *renderer) reckonFloats(op meta.Op, a, b string) string {
	alias, fence := r.alias("n"), ""
	if !r.postgres {
		x, y := alias+".a", alias+".b"
		plain := x + " " + arithmeticOperators[op] + " " + y
		choice := "WHEN max(abs(" + x + "), abs(" + y + ")) <= " + maxFloat + " THEN " + plain
		if op == meta.OpMul || op == meta.OpDiv {
			choice = "WHEN abs(" + plain + ") < 3.3075e-308 THEN 0.0 WHEN abs(" + plain + ") < 3.0233e+307 THEN " + plain // e to the power of ±708
		}
		return "(SELECT CASE " + choice + " END FROM (SELECT " + a + " AS a, " + b + " AS b) " + alias + ")"
	}
	if searches(a) || searches(b) {
		fence = r.fence()
	}
	a, b = bracket(a)+"::double precision AS a", bracket(b)+"::double precision AS b"
	x, y := alias+".a", alias+".b"
	plain := x + " " + arithmeticOperators[op] + " " + y
	choice := "WHEN greatest(abs(" + x + "), abs(" + y + ")) <= " + maxFloat + " THEN " + plain
	if op == meta.OpMul || op == meta.OpDiv {
		logarithm := "ln(abs(" + x + ")) " + map[meta.Op]string{meta.OpMul: "+", meta.OpDiv: "-"}[op] + " ln(abs(" + y + "))"
		choice = "WHEN " + x + " = 0 OR " + y + " = 0 THEN " + plain + " WHEN abs(" + logarithm + ") < 708 THEN " + plain + " WHEN " + logarithm + " < 0 THEN 0"
	}
	return "(SELECT CASE " + choice + " END FROM (SELECT " + a + ", " + b + fence + ") " + alias + ")"
}

// once is a choice by a value, which is worked out once where it is long: without its fence PostgreSQL writes the value into each place
// that names it, and of choices within choices into each of those.
func (r *renderer) once(sql string, choice func(value string) string) string {
	if len(sql) <= 60 {
		return "(" + choice(sql) + ")"
	}
	alias := r.alias("n")
	return "(SELECT " + choice(alias+".v") + " FROM (SELECT " + sql + " AS v" + r.fence() + ") " + alias + ")"
}

// searches tells whether a value is looked for in rows.
func searches(sql string) bool { return strings.Contains(sql, "SELECT ") }

// fitted is what is reckoned as a value of the field f, null where that does not hold it.
func (r *renderer) fitted(o operand, f *meta.Field) operand {
	want := fieldType(f)
	from := o.typ
	want.column, want.null = false, o.nullable() // what does not fit a field is null as any field may be
	o = operand{sql: r.convert(bracketCase(o.shown()), from, want), typ: want}
	if !from.reckoned && !outruns(from, f) {
		return o
	}
	least, most := "", ""
	switch f.Kind {
	case meta.Int:
		if from.kind == meta.Int && from.bits > 0 && from.bits <= intBits {
			return o
		}
		least, most = strconv.Itoa(math.MinInt32), strconv.Itoa(math.MaxInt32)
	case meta.Duration:
		most = strconv.FormatInt(maxDuration, 10)
		least = "-" + most
	case meta.DateTime:
		if least, most = minInstant, maxInstant; r.postgres {
			least, most = "'0001-01-01T00:00:00Z'::timestamptz", "'9999-12-31T23:59:59.999999Z'::timestamptz"
		}
	case meta.Float:
		least, most = "-"+maxFloat, maxFloat
	case meta.Decimal:
		most = strings.Repeat("9", digitsOf(f))
		if r.postgres {
			most = most[:len(most)-want.scale] + "." + most[len(most)-want.scale:]
		}
		least = "-" + most
	default:
		return o
	}
	o.typ.null = true
	o.sql = r.once(o.sql, func(v string) string {
		if r.postgres || f.Kind != meta.Decimal || from.kind != meta.Float {
			return "CASE WHEN " + v + " BETWEEN " + least + " AND " + most + " THEN " + v + " END"
		}
		return "CASE WHEN " + v + " BETWEEN " + least + " AND " + most + " THEN CAST(" + v + " AS INTEGER) END"
	})
	return o
}

// outruns tells whether a number as it is stored, or a choice between such, may not fit the field f. A count of rows is an Int: no row
// has two thousand million that refer to it.
func outruns(from typ, f *meta.Field) bool {
	switch {
	case f.Kind == meta.Int:
		return from.kind != meta.Int && from.size() > intBits && from.size() != countBits
	case f.Kind == meta.Decimal && from.kind == meta.Float:
		return true
	case f.Kind != meta.Decimal || from.kind != meta.Int && from.kind != meta.Int64 && from.kind != meta.Decimal:
		return false
	}
	whole := ((from.size()-1)*3+9)/10 - operand{typ: from}.scale() // its digits before the point
	if from.kind != meta.Decimal {
		whole = (from.size()*3 + 9) / 10
	}
	if scale := scaleOf(f); scale < (operand{typ: from}).scale() {
		whole++ // 9.99 is 10.0
	}
	return whole > digitsOf(f)-scaleOf(f)
}

// mustFit tells whether a row is refused where what it reckons of its own values does not fit: a field that may not be null, and is so
// for no other reason.
func mustFit(e *meta.Entity, f *meta.Field) bool {
	if f.Computed == nil || f.Null {
		return false
	}
	reckons, alone := false, true
	walk(f.Computed, func(x *meta.Expr) {
		switch x.Op {
		case meta.OpConst:
		case meta.OpAdd, meta.OpSub, meta.OpMul, meta.OpNeg:
			reckons = true
		case meta.OpGet:
			of := keyField(e, x.Path)
			alone = alone && x.Root == meta.RootThis && of != nil && of.Stored() && !of.Null && !isText(of.Kind) &&
				(len(x.Path) == 1 || e.Field(x.Path[0]).Kind == meta.Value && !e.Field(x.Path[0]).Null)
		default:
			alone = false
		}
	})
	return reckons && alone
}

// mostDigits is how many digits a Decimal has at most: what SQLite holds in a whole number, so that both databases take the same.
const mostDigits = 18

// digitsOf is how many digits a Decimal has.
func digitsOf(f *meta.Field) int { return min(defaulted(f.Digits, mostDigits), mostDigits) }

// total is the sum of a value over rows, 0 of none. fit, unless nil, is what it comes to where that fits.
func (r *renderer) total(value string, t typ) (sum string, of typ, fit func(sum string) string) {
	sum = "coalesce(sum(" + value + "), 0)"
	t.null, t.reckoned = false, true
	switch {
	case t.long:
		return "decimal_sum(" + value + ", 0)", t, nil
	case t.kind == meta.Float && r.postgres:
		t.null = true
		return "CASE WHEN count(" + value + ") = 0 THEN 0 ELSE " + sumOfFloats(value) + " END", t, nil
	case t.kind == meta.Float, r.postgres && t.kind == meta.Decimal:
		return sum, t, nil
	case t.kind == meta.Int && t.size() <= intBits: // there are not that many rows
		t.kind, t.bits = meta.Int64, wordBits
		return sum, t, nil
	case t.kind == meta.Int:
		t.kind = meta.Int64
	}
	// Where it does not fit, the sum of SQLite fails, but not that of its halves.
	upper, lower := "coalesce(sum("+value+" >> 32), 0)", "coalesce(sum("+value+" & 4294967295), 0)"
	if t.kind == meta.Decimal {
		if t.bits = t.size() + countBits; t.bits <= wordBits {
			return sum, t, nil
		}
		upper := operand{sql: upper, typ: typ{kind: meta.Decimal, scale: t.scale}}
		exact := r.reckonLong(meta.OpAdd, r.reckonLong(meta.OpMul, upper, operand{sql: "4294967296"}), operand{sql: lower, typ: upper.typ})
		return exact.sql, exact.typ, nil
	}
	t.bits, t.null = wordBits, true
	if r.postgres {
		return sum, t, fitsWord
	}
	return "(" + upper + " + (" + lower + " >> 32)) * 4294967296 + (" + lower + " & 4294967295)", t, isWord
}

// fitsWord is an exact number of PostgreSQL as one of 64 bits.
func fitsWord(v string) string {
	return "CASE WHEN " + v + " BETWEEN -9223372036854775808 AND 9223372036854775807 THEN " + v + "::bigint END"
}

// isWord is a number of SQLite that did not leave 64 bits.
func isWord(v string) string { return "CASE typeof(" + v + ") WHEN 'integer' THEN " + v + " END" }

// allFit is whether no element's value, x, is null because a step towards it did not fit: what is worked out of the others alone would be
// another number.
func (r *renderer) allFit(x *meta.Expr, value operand, e env) string {
	fitting := value.shown()
	if value.typ.kind == meta.Float && !r.postgres {
		fitting = "CASE WHEN abs(" + fitting + ") <= 1.7976931348623157e+308 THEN 1 END"
	}
	all := "*"
	if given := r.given(x, e); given != sqlTrue {
		all = "CASE WHEN " + given + " THEN 1 END"
	}
	return "count(" + fitting + ") = count(" + all + ")"
}

// given is whether all that x is worked out of is there, so that it has a value, or would have one if each step fitted.
func (r *renderer) given(x *meta.Expr, e env) string {
	switch x.Op {
	case meta.OpConst:
		if x.Value == nil {
			return sqlFalse
		}
		return sqlTrue
	case meta.OpAdd, meta.OpSub, meta.OpMul:
		return conjunction(r.given(x.Args[0], e), r.given(x.Args[1], e))
	case meta.OpDiv, meta.OpMod:
		return conjunction(r.given(x.Args[0], e), r.given(x.Args[1], e), r.divides(x.Args[1], e))
	case meta.OpNeg:
		return r.given(x.Args[0], e)
	case meta.OpIf:
		condition, yes, no := r.cond(x.Args[0], e, false), r.given(x.Args[1], e), r.given(x.Args[2], e)
		if yes == no {
			return yes
		}
		return "(CASE WHEN " + condition + " THEN " + yes + " ELSE " + no + " END)"
	case meta.OpSum:
		return sqlTrue
	case meta.OpMin, meta.OpMax, meta.OpAvg, meta.OpFind:
		found, ok := r.elements(x, e)
		if !ok || found.row == nil {
			return sqlFalse
		}
		where := found.all(r.cond(x.Args[1], found.within, false))
		given := r.given(x.Args[2], found.within)
		if x.Op != meta.OpFind {
			return "EXISTS (SELECT 1 FROM " + found.from() + whereClause(conjunction(where, given)) + ")"
		}
		if found.row.entity == nil {
			break
		}
		return "((SELECT " + given + " FROM " + found.from() + whereClause(where) + " ORDER BY " + r.identity(found.row).sql + " LIMIT 1) IS TRUE)"
	}
	o := r.value(x, e)
	switch {
	case o.sql == sqlNull:
		return sqlFalse
	case !o.nullable():
		return sqlTrue
	}
	return bracket(o.shown()) + " IS NOT NULL"
}

// divides is whether x, a divisor, is not 0.
func (r *renderer) divides(x *meta.Expr, e env) string {
	if _, asked := r.slots[x]; x.Op == meta.OpConst && !asked {
		if number, err := decimalFrom(x.Value); err == nil && !number.IsZero() {
			return sqlTrue
		}
		return sqlFalse
	}
	o := r.value(x, e)
	switch {
	case o.sql == sqlNull:
		return sqlFalse
	case r.postgres:
		return bracket(o.shown()) + " IS DISTINCT FROM 0"
	case o.typ.long:
		return "decimal_float(" + o.shown() + ") IS NOT 0"
	}
	return bracket(o.shown()) + " IS NOT 0"
}

// sumOfFloats is the sum of Floats on PostgreSQL, null of none and where it is too large: what is large is added up over 2^64, so that no
// step fails.
func sumOfFloats(value string) string {
	value = "(" + value + ")::double precision"
	large := "coalesce(sum(" + value + " / 18446744073709551616) FILTER (WHERE abs(" + value + ") > 1e+280), 0)"
	small := "coalesce(sum(" + value + ") FILTER (WHERE abs(" + value + ") <= 1e+280), 0)"
	return "CASE WHEN count(" + value + ") > 0 AND abs(" + large + ") <= 4e+288 THEN " + small + " + " + large + " * 18446744073709551616 END"
}
