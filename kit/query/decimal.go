package query

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// A quotient of Decimals, and a mean of them, has 40 digits behind the point, the last rounded, halves away from zero. That is more than
// a field has and a divisor may bring, so that one which comes to a field is as if it were rounded there alone. On SQLite it is
// text, which functions of package sqlite reckon with, and so is what may leave 64 bits: most products, and sums of many rows.

// quotient is a by b on PostgreSQL. A quotient has as many digits there as its operands have, so that a gets twice as many as stay.
func quotient(a, b string) string {
	return "round(round(" + a + ", 80) / nullif(" + b + ", 0), 40)"
}

var longFunctions = map[meta.Op]string{
	meta.OpAdd: "decimal_add", meta.OpSub: "decimal_subtract", meta.OpMul: "decimal_multiply", meta.OpDiv: "decimal_divide", meta.OpMod: "decimal_modulo",
}

// reckonLong is a op b on SQLite, as text.
func (r *renderer) reckonLong(op meta.Op, a, b operand) operand {
	sql := longFunctions[op] + "(" + a.sql + ", " + itoa(a.scale()) + ", " + b.sql + ", " + itoa(b.scale()) + ")"
	return operand{sql: sql, typ: typ{kind: meta.Decimal, long: true, reckoned: true, null: a.nullable() || b.nullable() || op == meta.OpDiv || op == meta.OpMod}}
}

// outgrows tells whether a op b, of Decimals on SQLite, may leave 64 bits with all its digits behind the point, or one of them where both
// have as many.
func outgrows(op meta.Op, a, b operand) bool {
	if op == meta.OpMul {
		return a.typ.size()+b.typ.size() > wordBits
	}
	scale := max(a.scale(), b.scale())
	size := max(a.sizeAt(scale), b.sizeAt(scale))
	if op == meta.OpAdd || op == meta.OpSub {
		size++
	}
	return size > wordBits
}

// asText is a number on SQLite as text.
func asText(o operand) operand {
	if o.typ.long || o.sql == sqlNull {
		return o
	}
	o.sql = "decimal_text(" + o.sql + ", " + itoa(o.scale()) + ")"
	o.typ = typ{kind: meta.Decimal, long: true, reckoned: o.typ.reckoned, null: o.typ.null, unfit: o.typ.unfit}
	return o
}

// collated is a value that is compared: texts of numbers by what they say.
func collated(o operand) operand {
	if o.typ.long && o.sql != sqlNull {
		o.sql += " COLLATE decimal"
	}
	return o
}

// decimalOf is unscaled / 10^scale.
func decimalOf(unscaled int64, scale int) kit.Decimal { return decimal.New(unscaled, -int32(scale)) }

// decimalFrom reads a decimal from any form in which a constant has it.
func decimalFrom(v any) (kit.Decimal, error) {
	switch v := v.(type) {
	case kit.Decimal:
		return bounded(v)
	case string:
		if len(v) > 64 {
			return kit.Decimal{}, fmt.Errorf("decimal %.64s…: too long", v)
		}
		number, err := decimal.NewFromString(v)
		if err != nil {
			return kit.Decimal{}, err
		}
		return bounded(number)
	case int64:
		return decimal.NewFromInt(v), nil
	case int:
		return decimal.NewFromInt(int64(v)), nil
	case float64:
		return decimal.NewFromFloat(v), nil
	}
	return kit.Decimal{}, fmt.Errorf("decimal: a %T is none", v)
}

// bounded refuses exponents that would fill the memory with zeros.
func bounded(v kit.Decimal) (kit.Decimal, error) {
	if exponent := v.Exponent(); exponent < -100 || exponent > 100 {
		return kit.Decimal{}, fmt.Errorf("decimal: exponent %d is out of range", exponent)
	}
	return v, nil
}

// decimalPower is 10^digits.
func decimalPower(digits int) kit.Decimal { return decimal.New(1, int32(digits)) }

// fraction is how many digits a constant has behind the point, at least so many.
func fraction(constant any, least int) int {
	number, err := decimalFrom(constant)
	for err == nil && least < mostDigits && !number.Truncate(int32(least)).Equal(number) {
		least++
	}
	return least
}
