package sqlite

import (
	"database/sql/driver"
	"fmt"
	"math"

	"github.com/shopspring/decimal"
	engine "modernc.org/sqlite"
)

// A Decimal is stored as a whole number, in units of its last digit. One that is divided has more digits than 64 bits hold, so what
// is reckoned from there on is text, such as '-33.3333', until it comes to a field. The functions of this file take either: a
// value is followed by the number of digits behind the point, which says nothing of a text. Null gives null.

// quotientDigits is how many digits behind the point a quotient has, the last of them rounded, halves away from zero. Package
// query has PostgreSQL round to as many.
const quotientDigits = 40

// decimals is a function decimal_… of SQL: two values, reckoned with.
func decimals(reckon func(a, b decimal.Decimal) (decimal.Decimal, bool)) func(*engine.FunctionContext, []driver.Value) (driver.Value, error) {
	return func(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
		if args[0] == nil || args[2] == nil {
			return nil, nil
		}
		a, err := decimalOf(args[0], args[1])
		if err != nil {
			return nil, err
		}
		b, err := decimalOf(args[2], args[3])
		if err != nil {
			return nil, err
		}
		if result, ok := reckon(a, b); ok {
			return result.String(), nil
		}
		return nil, nil
	}
}

func add(a, b decimal.Decimal) (decimal.Decimal, bool)      { return a.Add(b), true }
func subtract(a, b decimal.Decimal) (decimal.Decimal, bool) { return a.Sub(b), true }
func multiply(a, b decimal.Decimal) (decimal.Decimal, bool) { return a.Mul(b), true }

// divide and modulo have no value where b is 0.
func divide(a, b decimal.Decimal) (decimal.Decimal, bool) {
	if b.IsZero() {
		return b, false
	}
	return a.DivRound(b, quotientDigits), true
}

func modulo(a, b decimal.Decimal) (decimal.Decimal, bool) {
	if b.IsZero() {
		return b, false
	}
	return a.Mod(b), true
}

// decimalText is the function decimal_text of SQL: a value as text.
func decimalText(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
	if args[0] == nil {
		return nil, nil
	}
	number, err := decimalOf(args[0], args[1])
	return number.String(), err
}

// decimalFloat is the function decimal_float of SQL: a text as the nearest Float.
func decimalFloat(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
	if args[0] == nil {
		return nil, nil
	}
	number, err := decimalOf(args[0], int64(0))
	return number.InexactFloat64(), err
}

// decimalRound is the function decimal_round of SQL: a text as a whole number with so many digits behind the point, halves away from zero;
// null where 64 bits do not hold it.
func decimalRound(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
	if args[0] == nil {
		return nil, nil
	}
	number, err := decimalOf(args[0], int64(0))
	if err != nil {
		return nil, err
	}
	scale, err := scaleOf(args[1])
	if err != nil {
		return nil, err
	}
	if units := number.Round(scale).Shift(scale).BigInt(); units.IsInt64() {
		return units.Int64(), nil
	}
	return nil, nil
}

// decimalSum is the aggregate function decimal_sum of SQL, 0 of nothing.
type decimalSum struct{ sum decimal.Decimal }

func newDecimalSum(engine.FunctionContext) (engine.AggregateFunction, error) {
	return &decimalSum{}, nil
}

func (s *decimalSum) Step(_ *engine.FunctionContext, args []driver.Value) error {
	if args[0] == nil {
		return nil
	}
	number, err := decimalOf(args[0], args[1])
	s.sum = s.sum.Add(number)
	return err
}

func (s *decimalSum) WindowInverse(_ *engine.FunctionContext, args []driver.Value) error {
	if args[0] == nil {
		return nil
	}
	number, err := decimalOf(args[0], args[1])
	s.sum = s.sum.Sub(number)
	return err
}

func (s *decimalSum) WindowValue(*engine.FunctionContext) (driver.Value, error) {
	return s.sum.String(), nil
}

func (s *decimalSum) Final(*engine.FunctionContext) {}

// compareDecimals is the collation decimal of SQL: the order of texts as numbers. Other texts stand before all numbers.
func compareDecimals(a, b string) int {
	x, errX := decimal.NewFromString(a)
	y, errY := decimal.NewFromString(b)
	switch {
	case errX == nil && errY == nil:
		return x.Cmp(y)
	case errX == nil:
		return 1
	case errY == nil:
		return -1
	}
	return 0
}

// decimalOf is a whole number with so many digits behind the point, or a text.
func decimalOf(value, scale driver.Value) (decimal.Decimal, error) {
	switch value := value.(type) {
	case string:
		return decimal.NewFromString(value)
	case int64:
		digits, err := scaleOf(scale)
		return decimal.New(value, -digits), err
	}
	return decimal.Decimal{}, fmt.Errorf("%v is no Decimal", value)
}

func scaleOf(value driver.Value) (int32, error) {
	scale, ok := value.(int64)
	if !ok || scale < 0 || scale > math.MaxInt16 {
		return 0, fmt.Errorf("%v is no number of digits", value)
	}
	return int32(scale), nil
}
