package query

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// value is x as a value; a condition is never null.
func (r *renderer) value(x *meta.Expr, e env) operand {
	if r.depth++; r.depth > maxDepth {
		r.fail("expression: nested too deeply")
		return operand{sql: sqlNull}
	}
	defer func() { r.depth-- }()
	switch x.Op {
	case meta.OpConst:
		if x.Value == nil {
			return operand{sql: sqlNull}
		}
		t := typ{kind: naturalKind(x.Value), untyped: true, scale: 4}
		if slot, ok := r.slots[x]; ok {
			return operand{sql: r.typedParam(param{source: slotSource, slot: slot, typ: t}), typ: t}
		}
		o := r.constant(x, t)
		o.typ.untyped = true
		return o
	case meta.OpGet:
		return r.get(x, e)
	case meta.OpNow:
		t := typ{kind: meta.DateTime}
		return operand{sql: r.typedParam(param{source: nowSource, typ: t}), typ: t}
	case meta.OpIf:
		return r.either(x, e)
	case meta.OpAdd, meta.OpSub, meta.OpMul, meta.OpDiv, meta.OpMod:
		return r.arithmetic(x, e)
	case meta.OpNeg:
		o := r.value(x.Args[0], e)
		switch {
		case o.sql == sqlNull:
			return o
		case o.typ.long:
			return r.reckonLong(meta.OpSub, operand{sql: "0"}, o)
		}
		o.sql, o.guard, o.typ.null, o.typ.column = bracket(o.shown()), "", o.nullable(), false
		// Of 64 bits the least has no opposite, nor on PostgreSQL that of an Int.
		if t := o.typ; (t.kind == meta.Int64 || t.kind == meta.Duration) && t.size() == wordBits || r.postgres && t.kind == meta.Int && t.size() == intBits {
			negative := r.reckon(meta.OpSub, operand{sql: "0", typ: typ{kind: t.kind, bits: 1}}, o, t)
			negative.typ.null, negative.typ.unfit = negative.typ.null || t.null, negative.typ.unfit || t.unfit
			return negative
		}
		o.sql, o.typ.reckoned = "-"+o.sql, true
		return o
	case meta.OpCount, meta.OpSum, meta.OpMin, meta.OpMax, meta.OpAvg, meta.OpFind:
		return r.aggregate(x, e)
	case meta.OpCall:
		return r.call(x, e)
	}
	return r.truth(r.cond(x, e, false))
}

// truth is a condition as a value, false where unknown.
func (r *renderer) truth(condition string) operand {
	t := typ{kind: meta.Boolean}
	if condition == sqlTrue || condition == sqlFalse {
		return operand{sql: condition, typ: t}
	}
	return operand{sql: "((" + condition + ") IS TRUE)", typ: t}
}

// naturalKind is the kind of a constant that meets nothing with a kind.
func naturalKind(v any) meta.Kind {
	switch v.(type) {
	case kit.Decimal:
		return meta.Decimal
	case time.Time:
		return meta.DateTime
	case time.Duration:
		return meta.Duration
	case kit.Date:
		return meta.Date
	case kit.TimeOfDay:
		return meta.Time
	case json.RawMessage:
		return meta.JSON
	case []byte:
		return meta.Bytes
	case bool:
		return meta.Boolean
	case int64, int:
		return meta.Int64
	case float64:
		return meta.Float
	}
	return meta.String
}

func (r *renderer) either(x *meta.Expr, e env) operand {
	condition := r.cond(x.Args[0], e, false)
	yes, no := r.meet(x.Args[1], x.Args[2], e)
	if !r.postgres && wider(yes.typ, no.typ).kind == meta.Decimal && outgrows(meta.OpIf, yes, no) {
		yes, no = asText(yes), asText(no)
	}
	yes, no = r.align(yes, no)
	yes, no = collated(yes), collated(no)
	switch {
	case condition == sqlTrue, yes.sql == sqlNull && no.sql == sqlNull: // of a CASE of nulls PostgreSQL makes a text
		return yes
	case condition == sqlFalse:
		return no
	}
	t := yes.typ
	if yes.sql == sqlNull {
		t = no.typ
	}
	t.reckoned, t.unfit = yes.typ.reckoned || no.typ.reckoned, yes.typ.unfit || no.typ.unfit
	if t.bits = 0; yes.typ.bits > 0 && no.typ.bits > 0 {
		t.bits = max(yes.typ.bits, no.typ.bits)
	}
	t.null, t.column, t.untyped = yes.nullable() || no.nullable() || yes.sql == sqlNull || no.sql == sqlNull, false, false
	return operand{sql: "(CASE WHEN " + condition + " THEN " + yes.shown() + " ELSE " + no.shown() + " END)", typ: t}
}

var arithmeticOperators = map[meta.Op]string{
	meta.OpAdd: "+", meta.OpSub: "-", meta.OpMul: "*", meta.OpDiv: "/", meta.OpMod: "%",
}

func (r *renderer) arithmetic(x *meta.Expr, e env) operand {
	if o, ok := r.shiftedNow(x); ok {
		return o
	}
	a, b := r.value(x.Args[0], e), r.value(x.Args[1], e)
	if a.sql == sqlNull || b.sql == sqlNull {
		return operand{sql: sqlNull, typ: a.typ}
	}
	a, b = r.typeOperands(x, a, b)
	null := a.nullable() || b.nullable()
	a.sql, b.sql, a.guard, b.guard = bracket(a.shown()), bracket(b.shown()), "", ""
	o := r.operate(x.Op, a, b)
	o.typ.null, o.typ.unfit = null || o.typ.null || x.Op == meta.OpDiv || x.Op == meta.OpMod, o.typ.unfit || a.typ.unfit || b.typ.unfit
	o.typ.column, o.typ.untyped, o.typ.entity = false, false, nil
	return o
}

// shiftedNow is now plus or minus a constant duration, worked out before the statement runs.
func (r *renderer) shiftedNow(x *meta.Expr) (operand, bool) {
	if x.Op != meta.OpAdd && x.Op != meta.OpSub || x.Args[0].Op != meta.OpNow || x.Args[1].Op != meta.OpConst {
		return operand{}, false
	}
	micros, ok := x.Args[1].Value.(int64)
	if _, given := r.slots[x.Args[1]]; !ok || given {
		return operand{}, false
	}
	if x.Op == meta.OpSub {
		micros = -micros
	}
	t := typ{kind: meta.DateTime}
	return operand{sql: r.typedParam(param{source: nowSource, offset: micros, typ: t}), typ: t}, true
}

// typeOperands gives constants the type of the other side: beside an instant a number is a duration.
func (r *renderer) typeOperands(x *meta.Expr, a, b operand) (operand, operand) {
	beside := func(t typ) typ {
		if t.kind == meta.DateTime || t.kind == meta.Duration && x.Op != meta.OpMul && x.Op != meta.OpDiv {
			return typ{kind: meta.Duration}
		}
		if t.kind == meta.Duration {
			return typ{kind: meta.Int64}
		}
		t.column = false
		return t
	}
	if a.typ.untyped && !b.typ.untyped {
		a = r.constant(x.Args[0], r.factor(x, x.Args[0], beside(b.typ)))
	}
	if b.typ.untyped && !a.typ.untyped {
		b = r.constant(x.Args[1], r.factor(x, x.Args[1], beside(a.typ)))
	}
	return a, b
}

// factor is t with as many digits behind the point as a constant needs beside a Decimal on SQLite; with no more where it is multiplied, since
// a product has those of both.
func (r *renderer) factor(x, constant *meta.Expr, t typ) typ {
	if _, given := r.slots[constant]; given || r.postgres || t.kind != meta.Decimal {
		return t
	}
	if x.Op == meta.OpMul {
		t.scale = 0
	}
	return r.fine(constant, t)
}

// fine is t with all the digits that a constant has behind the point, where t is a Decimal of SQLite.
func (r *renderer) fine(constant *meta.Expr, t typ) typ {
	if _, given := r.slots[constant]; given || r.postgres || t.kind != meta.Decimal {
		return t
	}
	t.scale = fraction(constant.Value, t.scale)
	if stored, err := r.encodeDecimal(constant.Value, t); err == nil {
		_, whole := stored.(int64)
		t.long = !whole
	}
	return t
}

func (r *renderer) operate(op meta.Op, a, b operand) operand {
	switch {
	case a.typ.kind == meta.DateTime || b.typ.kind == meta.DateTime:
		return r.instants(op, a, b)
	case isText(a.typ.kind) && op == meta.OpAdd:
		return operand{sql: "(" + a.sql + " || " + b.sql + ")", typ: typ{kind: meta.String}}
	case !r.postgres && (a.typ.long || b.typ.long || wider(a.typ, b.typ).kind == meta.Decimal && (op == meta.OpDiv || outgrows(op, a, b))):
		return r.reckonLong(op, a, b)
	case op == meta.OpDiv || op == meta.OpMod:
		return r.divide(op, a, b)
	case op == meta.OpMul && !r.postgres:
		t := a.typ
		if b.typ.kind == meta.Decimal || b.typ.kind == meta.Float && t.kind != meta.Decimal || b.typ.kind == meta.Duration {
			t = b.typ
		}
		t.scale, t.null = a.scale()+b.scale(), false
		return r.reckon(op, a, b, t)
	}
	a, b = r.align(a, b)
	t := wider(a.typ, b.typ)
	t.null = false
	return r.reckon(op, a, b, t)
}

// wider is the type of a result of two numbers.
func wider(a, b typ) typ {
	rank := func(k meta.Kind) int {
		switch k {
		case meta.Int:
			return 0
		case meta.Int64:
			return 1
		case meta.Decimal:
			return 2
		}
		return 3
	}
	if rank(b.kind) > rank(a.kind) {
		return b
	}
	return a
}

// divide gives null where the divisor is 0. Whole numbers give a whole number.
func (r *renderer) divide(op meta.Op, a, b operand) operand {
	t := wider(a.typ, b.typ)
	switch {
	case t.kind == meta.Decimal && op == meta.OpDiv: // on PostgreSQL
		return operand{sql: quotient(a.sql, b.sql), typ: typ{kind: meta.Decimal, null: true, reckoned: true}}
	case t.kind == meta.Decimal:
		a, b = r.align(a, b)
		t = wider(a.typ, b.typ)
	}
	b.sql = "nullif(" + b.sql + ", 0)"
	return r.reckon(op, a, b, t)
}

// instants adds a duration to an instant or takes one from it, or tells the duration between two.
func (r *renderer) instants(op meta.Op, a, b operand) operand {
	t := typ{kind: meta.DateTime, reckoned: true}
	both := a.typ.kind == meta.DateTime && b.typ.kind == meta.DateTime
	if both {
		t.kind, t.bits = meta.Duration, instantBits+1
	}
	switch {
	case !r.postgres:
		return r.reckon(op, a, b, t)
	case both:
		return operand{sql: "(extract(epoch FROM " + a.sql + " - " + b.sql + ") * 1000000)::bigint", typ: t}
	case a.typ.kind != meta.DateTime:
		a, b = b, a
	}
	moved := "(" + a.sql + " " + arithmeticOperators[op] + " " + interval(b.sql) + ")"
	if b.typ.size() > instantBits+1 { // beyond what an instant of PostgreSQL can be
		t.null, t.unfit = true, true
		moved = "(CASE WHEN " + b.sql + " BETWEEN -" + maxInstant + " AND " + maxInstant + " THEN " + moved + " END)"
	}
	return operand{sql: moved, typ: t}
}

func interval(micros string) string {
	if _, err := strconv.ParseInt(micros, 10, 64); err == nil {
		return "interval '" + micros + " microseconds'"
	}
	// PostgreSQL multiplies an interval by a Float, which a whole number of microseconds beyond 285 years is not.
	return "(" + micros + " / 3600000000 * interval '1 hour' + " + micros + " % 3600000000 * interval '1 microsecond')"
}

func isText(k meta.Kind) bool {
	switch k {
	case meta.String, meta.Email, meta.URL, meta.TimeZone, meta.Country, meta.Currency, meta.EnumKind:
		return true
	}
	return false
}

// at is the instant of a time of day, on a date or on the day on which an instant falls, in a time zone.
func (r *renderer) at(day, clock, zone operand) operand {
	t := typ{kind: meta.DateTime, reckoned: true, null: day.nullable() || clock.nullable() || zone.nullable()}
	if !r.postgres {
		return operand{sql: "at_zone(" + day.sql + ", " + clock.sql + ", " + zone.sql + ")", typ: t}
	}
	date := bracket(day.sql)
	if day.typ.kind == meta.DateTime {
		date = "(" + date + " AT TIME ZONE " + zone.sql + ")::date"
	}
	return operand{sql: "((" + date + " + " + bracket(clock.sql) + ") AT TIME ZONE " + zone.sql + ")", typ: t}
}

// dayKind is the kind of a constant day.
func dayKind(v any) meta.Kind {
	if text, ok := v.(string); ok && len(text) > len(time.DateOnly) {
		return meta.DateTime
	}
	return meta.Date
}

// call is a function of the language.
func (r *renderer) call(x *meta.Expr, e env) operand {
	if found, ok := r.matches(x, e); ok {
		return r.truth(found)
	}
	if x.Name == "size" && len(x.Args) == 1 && r.isList(x.Args[0], e) {
		return r.aggregate(&meta.Expr{Op: meta.OpCount, Var: ".", Args: []*meta.Expr{x.Args[0], meta.True()}}, e)
	}
	args := make([]operand, len(x.Args))
	for i, a := range x.Args {
		args[i] = r.value(a, e)
		if x.Name == "at" && i < 2 && args[i].typ.untyped && args[i].sql != sqlNull {
			args[i] = r.constant(a, typ{kind: [...]meta.Kind{dayKind(a.Value), meta.Time}[i]})
		}
		if args[i].sql == sqlNull {
			return operand{sql: sqlNull, typ: typ{kind: meta.Boolean}}
		}
		args[i].sql = args[i].shown()
	}
	sql := func(i int) string { return args[i].sql }
	truth, text := typ{kind: meta.Boolean, null: true}, typ{kind: meta.String, null: true}
	switch {
	case len(args) == 2 && x.Name == "startsWith":
		return operand{sql: "(substr(" + sql(0) + ", 1, length(" + sql(1) + ")) = " + sql(1) + ")", typ: truth}
	case len(args) == 2 && x.Name == "endsWith" && r.postgres:
		return operand{sql: "(right(" + sql(0) + ", length(" + sql(1) + ")) = " + sql(1) + ")", typ: truth}
	case len(args) == 2 && x.Name == "endsWith":
		return operand{sql: "(substr(" + sql(0) + ", length(" + sql(0) + ") - length(" + sql(1) + ") + 1) = " + sql(1) + ")", typ: truth}
	case len(args) == 2 && x.Name == "contains" && r.postgres:
		return operand{sql: "(strpos(" + sql(0) + ", " + sql(1) + ") > 0)", typ: truth}
	case len(args) == 2 && x.Name == "contains":
		return operand{sql: "(instr(" + sql(0) + ", " + sql(1) + ") > 0)", typ: truth}
	case len(args) == 2 && x.Name == "matches" && r.postgres:
		return operand{sql: "(" + sql(0) + " ~ " + sql(1) + ")", typ: truth}
	case len(args) == 2 && x.Name == "matches":
		return operand{sql: "(" + sql(0) + " REGEXP " + sql(1) + ")", typ: truth}
	case len(args) == 3 && x.Name == "at":
		return r.at(args[0], args[1], args[2])
	case len(args) == 1 && x.Name == "size":
		return operand{sql: "length(" + sql(0) + ")", typ: typ{kind: meta.Int, null: args[0].nullable()}}
	case len(args) == 1 && x.Name == "lower":
		return operand{sql: "lower(" + sql(0) + ")", typ: text}
	case len(args) == 1 && x.Name == "upper":
		return operand{sql: "upper(" + sql(0) + ")", typ: text}
	case len(args) == 1 && x.Name == "trim" && r.postgres:
		return operand{sql: `btrim(` + sql(0) + `, E' \t\n\r\f\v')`, typ: text}
	case len(args) == 1 && x.Name == "trim":
		return operand{sql: "trim(" + sql(0) + ", char(32, 9, 10, 13, 12, 11))", typ: text}
	}
	r.fail("function %s of %d arguments has no form in SQL", x.Name, len(args))
	return operand{sql: sqlNull}
}
