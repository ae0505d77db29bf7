package query

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// This file turns the Go values that package meta names for each Kind into what a dialect stores, and back.

// dialect says which database's SQL is written.
type dialect struct{ postgres bool }

// The classes of columns, as package sqldb names them.
const (
	textClass    = sqldb.TextClass
	integerClass = sqldb.IntegerClass
	floatClass   = sqldb.FloatClass
	booleanClass = sqldb.BooleanClass
	instantClass = sqldb.InstantClass
	bytesClass   = sqldb.BytesClass
)

func (d dialect) class(k meta.Kind) sqldb.Class {
	switch k {
	case meta.Int, meta.Int64, meta.Duration:
		return integerClass
	case meta.Float:
		return floatClass
	case meta.Boolean:
		return booleanClass
	case meta.Bytes:
		return bytesClass
	case meta.DateTime:
		return instantClass
	case meta.Decimal:
		if !d.postgres {
			return integerClass
		}
	}
	return textClass
}

// selected is the column as it is read: PostgreSQL sends what has no Go type of its own as text.
func (d dialect) selected(sql string, k meta.Kind) string {
	if of, many := element(k); many {
		return d.selectedList(sql, of)
	}
	if d.postgres {
		switch k {
		case meta.Decimal, meta.Date, meta.Time:
			return sql + "::text"
		}
	}
	return sql
}

// cell receives one column of each row. What it points to is null, or lies in it: it is good until the next row.
type cell struct {
	class   sqldb.Class
	kind    meta.Kind
	scale   int
	dialect dialect // of a list of scalars
	text    *string
	integer *int64
	float   *float64
	boolean *bool
	instant *time.Time
	bytes   *[]byte
	held    sqldb.Cell
}

// read reads a column of the row at hand.
func (c *cell) read(rows sqldb.Rows, column int) error {
	c.held.Class = c.class
	if err := rows.Cell(column, &c.held); err != nil {
		return err
	}
	c.text, c.integer, c.float, c.boolean, c.instant, c.bytes = nil, nil, nil, nil, nil, nil
	if c.held.Null {
		return nil
	}
	switch c.class {
	case integerClass:
		c.integer = &c.held.Integer
	case floatClass:
		c.float = &c.held.Float
	case booleanClass:
		c.boolean = &c.held.Boolean
	case instantClass:
		c.instant = &c.held.Instant
	case bytesClass:
		c.bytes = &c.held.Bytes
	default:
		c.text = &c.held.Text
	}
	return nil
}

// readAll reads the columns of the row at hand, in order.
func readAll(rows sqldb.Rows, cells []cell) error {
	for i := range cells {
		if err := cells[i].read(rows, i); err != nil {
			return err
		}
	}
	return nil
}

// value is the column of the row last read, nil where null.
func (c *cell) value() (any, error) {
	switch {
	case c.integer != nil:
		switch c.kind {
		case meta.Duration:
			return time.Duration(*c.integer) * time.Microsecond, nil
		case meta.Decimal:
			return kit.Decimal(decimalOf(*c.integer, c.scale)), nil
		}
		return *c.integer, nil
	case c.text != nil:
		return c.textValue(*c.text)
	case c.boolean != nil:
		return *c.boolean, nil
	case c.instant != nil:
		return c.instant.UTC(), nil
	case c.float != nil:
		return *c.float, nil
	case c.bytes != nil:
		return *c.bytes, nil
	}
	return nil, nil
}

func (c *cell) textValue(text string) (any, error) {
	if of, many := element(c.kind); many {
		return c.dialect.decodeList(text, of, c.scale)
	}
	switch c.kind {
	case meta.Decimal:
		return decimalFrom(text)
	case meta.Date:
		return kit.ParseDate(text)
	case meta.Time:
		return kit.ParseTimeOfDay(text)
	case meta.JSON:
		return json.RawMessage(text), nil
	}
	return text, nil
}

// encode is v, of that type, as an argument of a statement. Constants of expressions, which are text for some kinds,
// are read as well. Its error is the caller's mistake.
func (d dialect) encode(v any, t typ) (any, error) {
	if v == nil {
		return nil, nil
	}
	if _, many := element(t.kind); many {
		return d.encodeList(v, t)
	}
	switch t.kind {
	case meta.ID, meta.Reference, meta.UUID:
		return encodeID(v)
	case meta.Int, meta.Int64:
		return encodeInteger(v, t.kind)
	case meta.Float:
		return encodeFloat(v)
	case meta.Boolean:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case meta.Decimal:
		return d.encodeDecimal(v, t)
	case meta.DateTime:
		return d.encodeInstant(v)
	case meta.Date:
		return encodeDate(v)
	case meta.Time:
		return encodeTime(v)
	case meta.Duration:
		switch v := v.(type) {
		case time.Duration:
			return v.Microseconds(), nil
		case int64:
			return v, nil
		}
	case meta.JSON:
		switch v := v.(type) {
		case json.RawMessage:
			return string(v), nil
		case string:
			return v, nil
		}
	case meta.Bytes:
		if b, ok := v.([]byte); ok {
			return b, nil
		}
	default:
		if s, ok := textOf(v); ok {
			return s, nil
		}
	}
	return nil, malformed("A %s cannot be %v.", kindName(t.kind), v)
}

func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, wellFormed(v)
	case kit.ID:
		return string(v), true
	}
	return "", false
}

func encodeID(v any) (any, error) {
	text, _ := textOf(v)
	id, ok := canonicalID(text)
	if !ok {
		return nil, malformed("%q is no id.", text)
	}
	return id, nil
}

// canonicalID is a UUID with hyphens in lower case, if text is one in any case.
func canonicalID(text string) (string, bool) {
	if len(text) != 36 {
		return "", false
	}
	upper := false
	for i := range len(text) {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return "", false
			}
		case '0' <= c && c <= '9' || 'a' <= c && c <= 'f':
		case 'A' <= c && c <= 'F':
			upper = true
		default:
			return "", false
		}
	}
	if upper {
		text = strings.ToLower(text)
	}
	return text, true
}

func encodeInteger(v any, k meta.Kind) (any, error) {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case int:
		n = int64(v)
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return v, nil // compared as a number with a fraction
		}
		n = int64(v)
	default:
		return nil, malformed("A number cannot be %v.", v)
	}
	if k == meta.Int && (n < math.MinInt32 || n > math.MaxInt32) {
		return nil, malformed("%d does not fit 32 bits.", n)
	}
	return n, nil
}

func encodeFloat(v any) (any, error) {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			break
		}
		return v, nil
	case int64:
		return float64(v), nil
	case int:
		return float64(v), nil
	}
	return nil, malformed("A number cannot be %v.", v)
}

func (d dialect) encodeDecimal(v any, t typ) (any, error) {
	number, err := decimalFrom(v)
	if err != nil {
		return nil, malformed("A Decimal cannot be %v.", v)
	}
	if d.postgres || t.long {
		return number.String(), nil
	}
	scaled := number.Shift(int32(t.scale))
	switch below := scaled.Floor(); {
	case below.Equal(scaled) && below.BigInt().IsInt64():
		return below.IntPart(), nil
	case below.Abs().LessThan(halves): // finer than the column: between two numbers that it may hold
		return below.InexactFloat64() + 0.5, nil
	}
	return scaled.InexactFloat64(), nil // larger than what a column may hold
}

// halves is from where on a Float holds no number between two whole ones.
var halves = decimal.New(1<<52, 0)

// isFine tells whether a Decimal may need more digits than a Float has to stand between two numbers of a column: then it is compared
// as text on SQLite.
func isFine(v any) bool {
	number, is := v.(kit.Decimal)
	return is && number.Exponent() < 0 && number.NumDigits() > 15
}

func (d dialect) encodeInstant(v any) (any, error) {
	var instant time.Time
	switch v := v.(type) {
	case time.Time:
		instant = v
	case string:
		var err error
		if instant, err = time.Parse(time.RFC3339Nano, v); err != nil {
			return nil, malformed("%q is no instant.", v)
		}
	default:
		return nil, malformed("A DateTime cannot be %v.", v)
	}
	instant = instant.UTC().Truncate(time.Microsecond)
	if d.postgres {
		return instant, nil
	}
	return instant.UnixMicro(), nil
}

func encodeDate(v any) (any, error) {
	switch v := v.(type) {
	case kit.Date:
		return v.String(), nil
	case string:
		if day, err := kit.ParseDate(v); err == nil {
			return day.String(), nil
		}
	}
	return nil, malformed("A Date cannot be %v.", v)
}

func encodeTime(v any) (any, error) {
	switch v := v.(type) {
	case kit.TimeOfDay:
		return timeText(v), nil
	case string:
		if t, err := kit.ParseTimeOfDay(v); err == nil {
			return timeText(t), nil
		}
	}
	return nil, malformed("A Time cannot be %v.", v)
}

func timeText(t kit.TimeOfDay) string {
	return time.Time{}.Add(time.Duration(t)).Format("15:04:05.000000")
}

// literal is a constant of the design as SQL.
func (d dialect) literal(v any, t typ) (string, error) {
	stored, err := d.encode(v, t)
	if err != nil {
		return "", err
	}
	switch v := stored.(type) {
	case nil:
		return "NULL", nil
	case bool:
		if v {
			return "TRUE", nil
		}
		return "FALSE", nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !d.postgres && !strings.ContainsAny(text, ".e") {
			text += ".0" // of whole numbers SQLite makes a whole number
		}
		return text, nil
	case time.Time:
		return quote(v.Format(time.RFC3339Nano)) + "::timestamptz", nil
	case string:
		if d.postgres && t.kind == meta.Decimal {
			return v, nil
		}
		return quote(v) + d.literalCast(t.kind), nil
	}
	return "", fmt.Errorf("constant %v: a %T has no literal", v, v)
}

func (d dialect) literalCast(k meta.Kind) string {
	if !d.postgres {
		return ""
	}
	switch k {
	case meta.ID, meta.Reference, meta.UUID:
		return "::uuid"
	case meta.Date:
		return "::date"
	case meta.Time:
		return "::time"
	case meta.JSON:
		return "::jsonb"
	}
	return ""
}

// cast is the type of an argument, where PostgreSQL could not tell it from what stands around.
func (d dialect) cast(k meta.Kind) string {
	if !d.postgres {
		return ""
	}
	if of, many := element(k); many {
		if of == meta.Int {
			return "::integer[]" // what its column is
		}
		return d.cast(of) + "[]"
	}
	switch k {
	case meta.ID, meta.Reference, meta.UUID, meta.Date, meta.Time, meta.JSON:
		return d.literalCast(k)
	case meta.Int, meta.Int64, meta.Duration:
		return "::bigint"
	case meta.Float:
		return "::double precision"
	case meta.Boolean:
		return "::boolean"
	case meta.Decimal:
		return "::numeric"
	case meta.DateTime:
		return "::timestamptz"
	case meta.Bytes:
		return "::bytea"
	}
	return "::text"
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// ident is a name of the design's storage as SQL: quoted only where it could be a keyword or worse.
func ident(name string) string {
	plain := name != "" && !keywords[name]
	for i := range len(name) {
		c := name[i]
		plain = plain && (c == '_' || 'a' <= c && c <= 'z' || i > 0 && '0' <= c && c <= '9')
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func kindName(k meta.Kind) string {
	if _, many := element(k); many {
		return "list"
	}
	names := [...]string{
		"ID", "String", "Int", "Int64", "Float", "Boolean", "Decimal", "DateTime", "Date", "Time",
		"Duration", "UUID", "Email", "URL", "JSON", "Bytes", "TimeZone", "Country", "Currency", "enum", "value",
		"input", "reference", "list",
	}
	return names[k]
}
