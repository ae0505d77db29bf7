package query

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Measure is one value that is worked out of a group.
type Measure struct {
	Of   Statistic
	Path []string // a field, or a part of a value object
}

// Statistic is what is worked out of the values of a field. Those that are null, or hidden from the viewer, do not count.
type Statistic string

// The statistics. Sums of whole numbers, Decimals and Durations are exact, and their means are rounded once, from the exact sum; both are the
// same on both databases. Those of Floats depend on the order in which they are added. The sum of no values is 0, or null where
// the field has a READ rule; the others are null.
const (
	Sum Statistic = "sum"
	Avg Statistic = "avg" // Float, of a Decimal a Decimal with 4 digits more, of a Duration a Duration in whole microseconds
	Min Statistic = "min"
	Max Statistic = "max"
)

// Statistics are all of them.
var Statistics = []Statistic{Sum, Avg, Min, Max}

// meanDigits is how many digits more the mean of Decimals has than they.
const meanDigits = 4

// Measures are the statistics that the doors offer of the fields of e.
func Measures(e *meta.Entity) (all []Measure) {
	for _, of := range Statistics {
		for _, path := range valuePaths(e) {
			if f := keyField(e, path); of.takes(f) && !(f.Auto && f.Kind != meta.DateTime) {
				all = append(all, Measure{of, path})
			}
		}
	}
	return all
}

func (s Statistic) takes(f *meta.Field) bool {
	switch f.Kind {
	case meta.Int, meta.Int64, meta.Float, meta.Decimal, meta.Duration:
		return true
	case meta.DateTime, meta.Date, meta.Time, meta.String:
		return s == Min || s == Max
	}
	return false
}

// Field describes the value of the measure.
func (m Measure) Field(e *meta.Entity) *meta.Field {
	f := keyField(e, m.Path)
	if f == nil {
		return nil
	}
	value := &meta.Field{Name: strings.Join(m.Path, "."), Kind: f.Kind, Null: m.Of != Sum || m.Hidden(e), Digits: f.Digits, Scale: f.Scale}
	switch {
	case m.Of == Sum && f.Kind == meta.Int:
		value.Kind = meta.Int64
	case m.Of == Sum && f.Kind == meta.Int64:
		value.Kind = meta.Decimal
	case m.Of == Avg && (f.Kind == meta.Int || f.Kind == meta.Int64):
		value.Kind = meta.Float
	}
	return value
}

// Hidden tells whether a READ rule of its own may hide the field.
func (m Measure) Hidden(e *meta.Entity) bool {
	f := e.Field(m.Path[0])
	return f != nil && len(f.Allow.Read) > 0
}

func (m Measure) is(other Measure) bool { return m.Of == other.Of && slices.Equal(m.Path, other.Path) }

// check refuses what has no such statistic. What belongs to a currency is worked out in each currency apart: the groups are
// by that too.
func (m Measure) check(a *Aggregation) error {
	f := keyField(a.Entity, m.Path)
	if f == nil || f.Repeated || f.Method || !m.Of.takes(f) {
		return malformed("There is no %s of %s in %s.", m.Of, strings.Join(m.Path, "."), a.Entity.Plural)
	}
	currency := m.currency(a.Entity)
	if currency == "" {
		return nil
	}
	for _, k := range a.Groups {
		if len(k.Path) == 2 && k.Path[0] == m.Path[0] && k.Path[1] == currency {
			return nil
		}
	}
	return kit.Invalid("groupBy", kit.FieldRequired, "must have %s.%s: amounts of different currencies have no %s together", m.Path[0], currency, m.Of)
}

// currency is the part of the value object that holds the currency of an amount; empty where it has none.
func (m Measure) currency(e *meta.Entity) string {
	if len(m.Path) != 2 || keyField(e, m.Path).Kind == meta.Currency {
		return ""
	}
	for _, part := range e.Field(m.Path[0]).Fields {
		if part.Kind == meta.Currency {
			return part.Name
		}
	}
	return ""
}

// measured is how a measure is read out of columns.
type measured struct {
	Statistic
	kind   meta.Kind // of the field
	scale  int
	column int // of the least or the greatest, or the sum; of a halved sum its upper half; of Floats the sum of the small ones
	lower  int // the lower half of a sum, or -1; of Floats the sum of the large ones, over 2^64
	count  int // of a mean: the number of values
}

// measure adds the columns of the measure of that number.
func (b *aggregator) measure(i int, m Measure, row *scope, at env) measured {
	name, t := b.value(m.Path, row, at)
	of := measured{Statistic: m.Of, kind: t.kind, scale: t.scale, lower: -1}
	alike := func(suffix, sql string, t typ) int {
		column := suffix + strconv.Itoa(i)
		b.alike = append(b.alike, sql+" AS "+column)
		return b.column("g."+column, t)
	}
	whole := typ{kind: meta.Int64}
	if m.Of == Avg {
		of.count = alike("n", "count("+name+")", whole)
	}
	switch {
	case m.Of == Min || m.Of == Max:
		of.column = alike("s", string(m.Of)+"("+name+")", t)
	case of.kind == meta.Float: // PostgreSQL fails where a step leaves 64 bits, and SQLite does not come back
		of.column = alike("s", "sum(CASE WHEN abs("+name+") <= 1e+280 THEN "+name+" END)", typ{kind: meta.Float})
		of.lower = alike("l", "sum(CASE WHEN abs("+name+") > 1e+280 THEN "+name+" / 18446744073709551616.0 END)", typ{kind: meta.Float})
	case b.postgres:
		of.column = alike("s", "sum("+name+")", typ{kind: meta.Decimal})
	default: // a sum of 64 bits would overflow; halves do not before there are 2^31 rows
		of.column = alike("s", "sum("+name+" >> 32)", whole)
		of.lower = alike("l", "sum("+name+" & 4294967295)", whole)
	}
	return of
}

// value adds the value at a path to the columns of the rows, once for all measures of it.
func (b *aggregator) value(path []string, row *scope, at env) (string, typ) {
	text := strings.Join(path, ".")
	if known, ok := b.known[text]; ok {
		return known.sql, known.typ
	}
	o := b.follow(row, path, at)
	sql := o.shown()
	if sql == sqlNull {
		sql += b.cast(o.typ.kind)
	}
	name := "v" + strconv.Itoa(len(b.known))
	b.rows = append(b.rows, sql+" AS "+name)
	b.known[text] = operand{sql: name, typ: o.typ}
	return name, o.typ
}

// value reads the measure, null where it is of no values.
func (m measured) value(cells []cell) (any, error) {
	switch {
	case m.Statistic == Min || m.Statistic == Max:
		return cells[m.column].value()
	case m.kind == meta.Float:
		return m.float(cells)
	}
	total, err := m.total(cells)
	if err != nil || total == nil {
		return nil, err
	}
	if m.Statistic == Sum {
		return m.sum(*total)
	}
	return m.mean(*total, decimal.NewFromInt(*cells[m.count].integer)), nil
}

// float is the sum or the mean of Floats. A mean fits whatever the sum comes to.
func (m measured) float(cells []cell) (any, error) {
	small, large := cells[m.column].float, cells[m.lower].float
	if small == nil && large == nil {
		return nil, nil
	}
	by := 1.0
	if m.Statistic == Avg {
		by = float64(*cells[m.count].integer)
	}
	var x float64
	if small != nil {
		x = *small / by
	}
	if large != nil {
		x += *large / by * (1 << 64)
	}
	if math.IsInf(x, 0) {
		return nil, m.tooLarge()
	}
	return x, nil
}

func (m measured) tooLarge() error {
	return &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "The " + string(m.Statistic) + " is too large."}
}

// total is the exact sum, nil of no values.
func (m measured) total(cells []cell) (*kit.Decimal, error) {
	if m.lower < 0 {
		value, err := cells[m.column].value()
		if total, ok := value.(kit.Decimal); ok {
			return &total, err
		}
		return nil, err
	}
	upper, lower := cells[m.column].integer, cells[m.lower].integer
	if upper == nil || lower == nil {
		return nil, nil
	}
	whole := new(big.Int).Lsh(big.NewInt(*upper), 32)
	whole.Add(whole, big.NewInt(*lower))
	scale := 0
	if m.kind == meta.Decimal {
		scale = m.scale
	}
	total := decimal.NewFromBigInt(whole, -int32(scale))
	return &total, nil
}

func (m measured) sum(total kit.Decimal) (any, error) {
	switch m.kind {
	case meta.Int:
		return total.IntPart(), nil
	case meta.Duration:
		micros := total.BigInt()
		if !micros.IsInt64() || micros.Int64() > math.MaxInt64/1000 || micros.Int64() < math.MinInt64/1000 {
			return nil, m.tooLarge()
		}
		return time.Duration(micros.Int64()) * time.Microsecond, nil
	}
	return total, nil
}

func (m measured) mean(total, count kit.Decimal) any {
	switch m.kind {
	case meta.Decimal:
		return total.DivRound(count, int32(m.scale+meanDigits))
	case meta.Duration:
		return time.Duration(total.DivRound(count, 0).IntPart()) * time.Microsecond
	}
	mean, _ := new(big.Rat).Quo(total.Rat(), count.Rat()).Float64()
	return mean
}

// zero is the sum of no values.
func (m measured) zero() any {
	switch m.kind {
	case meta.Int:
		return int64(0)
	case meta.Float:
		return float64(0)
	case meta.Duration:
		return time.Duration(0)
	case meta.Int64, meta.Decimal:
		return kit.Decimal{}
	}
	panic(fmt.Sprintf("sum: a value of kind %d has none", m.kind))
}
