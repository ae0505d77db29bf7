package migrate

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// conversion is how a stored value becomes one of another type. In the expressions @ stands for the column. A value that
// has no counterpart must make the statement fail.
type conversion struct {
	from, to schema.Type
	sqlite   string
	postgres string
	loss     string // what may be lost, or ""
}

const (
	mayNotFit   = "if a value does not fit, the migration stops"
	mayNotParse = "if a value cannot be read as one, the migration stops"
	rounded     = "values are rounded"
	timeOfDay   = "the time of day is lost"
)

// On SQLite a decimal is an integer times a power of ten and a point in time is a count of microseconds, so some
// conversions change values although the column's storage stays; tables are STRICT, so text that is not a number does
// not enter an INTEGER column.
func conversions() []conversion {
	const (
		boolean, integer, bigint, double = schema.Boolean, schema.Integer, schema.BigInt, schema.Double
		decimal, text                    = schema.Decimal, schema.Text
	)
	return []conversion{
		{integer, bigint, "@", "@::bigint", ""},
		{integer, double, "CAST(@ AS REAL)", "@::double precision", ""},
		{bigint, integer, onlyIf("@ BETWEEN -2147483648 AND 2147483647", "@"), "@::integer", mayNotFit},
		{bigint, double, "CAST(@ AS REAL)", "@::double precision", "values beyond 2^53 are rounded"},
		{double, integer, "CAST(ROUND(@) AS INTEGER)", "ROUND(@)::integer", rounded},
		{double, bigint, "CAST(ROUND(@) AS INTEGER)", "ROUND(@)::bigint", rounded},
		{integer, schema.Duration, "@", "@::bigint", ""},
		{bigint, schema.Duration, "@", "@::bigint", ""},
		{schema.Duration, bigint, "@", "@::bigint", ""},

		{boolean, integer, "@", "@::integer", ""},
		{boolean, bigint, "@", "@::integer::bigint", ""},
		{integer, boolean, "@ <> 0", "@ <> 0", "every number but 0 becomes true"},
		{bigint, boolean, "@ <> 0", "@ <> 0", "every number but 0 becomes true"},

		{schema.Date, schema.DateTime, "CAST(strftime('%s', @) AS INTEGER) * 1000000", "@::timestamp AT TIME ZONE 'UTC'", ""},
		{
			schema.DateTime, schema.Date,
			"date((@ - ((@ % 86400000000) + 86400000000) % 86400000000) / 1000000, 'unixepoch')",
			"(@ AT TIME ZONE 'UTC')::date", timeOfDay,
		},

		{boolean, text, "CASE @ WHEN 0 THEN 'false' WHEN 1 THEN 'true' END", "@::text", ""},
		{integer, text, "CAST(@ AS TEXT)", "@::text", ""},
		{bigint, text, "CAST(@ AS TEXT)", "@::text", ""},
		{double, text, "CAST(@ AS TEXT)", "@::text", ""},
		{schema.Date, text, "@", "to_char(@, 'YYYY-MM-DD')", ""},
		{schema.Time, text, "@", "to_char(@, 'HH24:MI:SS.US')", ""},
		{schema.UUID, text, "@", "@::text", ""},
		{schema.JSON, text, "@", "@::text", ""},

		{text, boolean, "CASE lower(@) WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE @ END", "@::boolean", mayNotParse},
		{text, integer, "@", "@::integer", mayNotParse},
		{text, bigint, "@", "@::bigint", mayNotParse},
		{text, double, "@", "@::double precision", mayNotParse},
		{text, schema.JSON, "json(@)", "@::jsonb", mayNotParse},
		{text, schema.UUID, onlyIf("lower(@) GLOB '"+uuidGlob()+"'", "lower(@)"), "@::uuid", mayNotParse},
		{text, schema.Date, onlyIf("date(@) = @", "@"), "@::date", mayNotParse},
	}
}

// onlyIf makes SQLite fail on a value that does not meet the condition. SQLite has no function that raises an error
// outside of triggers, but json does on what is not JSON.
func onlyIf(condition, expr string) string {
	return "CASE WHEN @ IS NULL OR " + condition + " THEN " + expr + " ELSE json('does not fit: ' || @) END"
}

func uuidGlob() string {
	group := func(digits int) string { return strings.Repeat("[0-9a-f]", digits) }
	return strings.Join([]string{group(8), group(4), group(4), group(4), group(12)}, "-")
}

// convert is how a value of from becomes one of to; ok is false when it cannot.
func convert(from, to *schema.Column) (c conversion, ok bool) {
	if sameType(from, to) {
		return conversion{sqlite: "@", postgres: "@"}, true
	}
	if from.List || to.List {
		return conversion{}, false
	}
	if from.Type == schema.Decimal || to.Type == schema.Decimal {
		return convertDecimal(from, to)
	}
	for _, c := range conversions() {
		if c.from == from.Type && c.to == to.Type {
			return c, true
		}
	}
	return conversion{}, false
}

func convertDecimal(from, to *schema.Column) (conversion, bool) {
	toNumeric := fmt.Sprintf("@::numeric(%d,%d)", to.Digits, to.Scale)
	switch {
	case from.Type == schema.Decimal && to.Type == schema.Decimal:
		c := conversion{sqlite: rescaled(from.Scale, to.Scale), postgres: toNumeric}
		switch {
		case to.Scale < from.Scale:
			c.loss = rounded
		case to.Digits-to.Scale < from.Digits-from.Scale:
			c.loss = mayNotFit
		}
		return c, true
	case from.Type == schema.Decimal && (to.Type == schema.Integer || to.Type == schema.BigInt):
		return conversion{sqlite: rescaled(from.Scale, 0), postgres: "ROUND(@)::" + string(to.Type), loss: rounded}, true
	case from.Type == schema.Decimal && to.Type == schema.Double:
		return conversion{sqlite: fmt.Sprintf("@ / %d.0", powerOfTen(from.Scale)), postgres: "@::double precision", loss: "values of more than 15 digits are rounded"}, true
	case from.Type == schema.Integer || from.Type == schema.BigInt:
		c := conversion{sqlite: rescaled(0, to.Scale), postgres: toNumeric}
		if most := map[schema.Type]int{schema.Integer: 10, schema.BigInt: 19}[from.Type]; to.Digits-to.Scale < most {
			c.loss = mayNotFit
		}
		return c, true
	case from.Type == schema.Double:
		return conversion{sqlite: fmt.Sprintf("CAST(ROUND(@ * %d) AS INTEGER)", powerOfTen(to.Scale)), postgres: toNumeric, loss: rounded}, true
	}
	return conversion{}, false
}

// rescaled moves an integer from one power of ten to another, rounding halves away from zero as Postgres does.
func rescaled(from, to int) string {
	switch {
	case to > from:
		return fmt.Sprintf("@ * %d", powerOfTen(to-from))
	case to < from:
		divisor := powerOfTen(from - to)
		return fmt.Sprintf("(@ + CASE WHEN @ < 0 THEN -%d ELSE %[1]d END) / %d", divisor/2, divisor)
	}
	return "@"
}

func powerOfTen(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// narrowing tells what the change of a column's type may lose, or "".
func narrowing(from, to *schema.Column) string {
	c, _ := convert(from, to)
	return c.loss
}

func (c conversion) onSQLite(column string) string { return strings.ReplaceAll(c.sqlite, "@", column) }

func (c conversion) onPostgres(column string) string {
	return strings.ReplaceAll(c.postgres, "@", column)
}

func checkConversions(from, to *schema.Schema) error {
	for _, table := range to.Tables {
		old := findTable(from, table.Name)
		if old == nil {
			continue
		}
		for _, column := range table.Columns {
			was := findColumn(old, column.Name)
			if was == nil {
				continue
			}
			if _, ok := convert(was, column); !ok {
				return fmt.Errorf("column %s.%s: %s cannot become %s; give it another name, and the old column is dropped",
					table.Name, column.Name, typeName(was), typeName(column))
			}
		}
	}
	return nil
}
