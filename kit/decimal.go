package kit

import "github.com/shopspring/decimal"

// Decimal is an exact decimal number.
type Decimal = decimal.Decimal

// NewDecimal is the whole number n as a Decimal.
func NewDecimal[N int | int32 | int64](n N) Decimal { return decimal.NewFromInt(int64(n)) }

// ParseDecimal reads a Decimal such as "-12.50".
func ParseDecimal(text string) (Decimal, error) { return decimal.NewFromString(text) }
