package query

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/fettlehq/fettle/kit"
)

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
