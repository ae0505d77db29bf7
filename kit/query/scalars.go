package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// A list of scalars is one column: on PostgreSQL an array of the scalar's type, on SQLite a JSON array of what a column of
// the scalar would hold. It is read as JSON from both.

// listOf is the kind of lists of k, within this package.
func listOf(k meta.Kind) meta.Kind { return firstList + k }

// firstList is more than all kinds of package meta.
const firstList meta.Kind = 100

// element is the kind of the elements of k, if it is one of lists.
func element(k meta.Kind) (meta.Kind, bool) { return k - firstList, firstList <= k && k < matchKind }

// isScalars tells whether f holds a list of scalars.
func isScalars(f *meta.Field) bool {
	switch f.Kind {
	case meta.Reference, meta.Value, meta.Input, meta.List, meta.JSON, meta.Bytes:
		return false
	}
	return f.Repeated
}

// encodeList is a list as an argument of a statement.
func (d dialect) encodeList(v any, t typ) (any, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, malformed("A list cannot be %v.", v)
	}
	t.kind, _ = element(t.kind)
	stored := make([]any, len(items))
	for i, item := range items {
		var err error
		if stored[i], err = d.encode(item, t); err != nil {
			return nil, err
		}
	}
	if d.postgres {
		return arrayText(stored), nil
	}
	var buf bytes.Buffer
	writer := json.NewEncoder(&buf)
	writer.SetEscapeHTML(false)
	if err := writer.Encode(stored); err != nil {
		return nil, err
	}
	return strings.TrimSuffix(buf.String(), "\n"), nil
}

// arrayText is the text of an array of PostgreSQL.
func arrayText(items []any) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	texts := make([]string, len(items))
	for i, item := range items {
		switch item := item.(type) {
		case string:
			texts[i] = `"` + escape.Replace(item) + `"`
		case time.Time:
			texts[i] = `"` + item.Format(time.RFC3339Nano) + `"`
		case float64:
			texts[i] = strconv.FormatFloat(item, 'g', -1, 64)
		default:
			texts[i] = fmt.Sprint(item)
		}
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// selectedList is an array as it is read: JSON, with instants as SQLite has them, since their text is of the session's zone.
func (d dialect) selectedList(sql string, of meta.Kind) string {
	if !d.postgres {
		return sql
	}
	if of != meta.DateTime {
		return "array_to_json(" + sql + ")::text"
	}
	return "(CASE WHEN " + bracket(sql) + " IS NOT NULL THEN array_to_json(ARRAY(SELECT (extract(epoch FROM value) * 1000000)::bigint FROM unnest(" +
		sql + ") WITH ORDINALITY u(value, key) ORDER BY key))::text END)"
}

// decodeList reads a list, nil from null.
func (d dialect) decodeList(text string, of meta.Kind, scale int) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var stored []any
	if err := decoder.Decode(&stored); err != nil {
		return nil, fmt.Errorf("list %q: %w", text, err)
	}
	items := make([]any, len(stored))
	for i, item := range stored {
		var err error
		if items[i], err = d.decodeElement(item, of, scale); err != nil {
			return nil, fmt.Errorf("list %q: %w", text, err)
		}
	}
	return items, nil
}

func (d dialect) decodeElement(v any, of meta.Kind, scale int) (any, error) {
	switch v := v.(type) {
	case json.Number:
		switch of {
		case meta.Float:
			return v.Float64()
		case meta.Decimal:
			return d.decimalElement(v, scale)
		}
		n, err := v.Int64()
		switch of {
		case meta.Duration:
			return microseconds(n), err
		case meta.DateTime:
			return time.UnixMicro(n).UTC(), err
		}
		return n, err
	case string:
		c := cell{kind: of, scale: scale}
		return c.textValue(v)
	case bool:
		return v, nil
	}
	return nil, fmt.Errorf("an element is %v", v)
}

// decimalElement reads a decimal: on SQLite its digits alone.
func (d dialect) decimalElement(v json.Number, scale int) (any, error) {
	if d.postgres {
		return decimalFrom(string(v))
	}
	n, err := v.Int64()
	return kit.Decimal(decimalOf(n, scale)), err
}

// scalars is the list of scalars to which a path leads, null where it leads to nothing; ok tells whether it is one.
func (r *renderer) scalars(list *meta.Expr, e env) (o operand, ok bool) {
	if f := r.listAt(list, e); f == nil || !isScalars(f) {
		return operand{}, false
	}
	return r.get(list, e), true
}

// values is the elements of a list of scalars, as rows.
func (r *renderer) values(x *meta.Expr, list operand, e env) elements {
	if list.sql == sqlNull || list.guard == sqlFalse {
		return elements{}
	}
	of, _ := element(list.typ.kind)
	row := &scope{name: x.Var, alias: r.alias("e"), value: typ{kind: of, scale: list.typ.scale}}
	from := "json_each(" + list.sql + ") " + row.alias
	if r.postgres {
		from = "unnest(" + list.sql + ") WITH ORDINALITY " + row.alias + "(value, key)"
	}
	return elements{from: func() string { return from }, where: conjunction(list.guard, sqlTrue), row: row, within: e.with(row)}
}

// sizeOf is how many elements a list of scalars has.
func (r *renderer) sizeOf(list operand) operand {
	t := typ{kind: meta.Int64}
	if list.sql == sqlNull {
		return operand{sql: "0", typ: t}
	}
	size := "json_array_length"
	if r.postgres {
		size = "cardinality"
	}
	return operand{sql: "coalesce(" + size + "(" + list.shown() + "), 0)", typ: t}
}

// holds is whether a list of scalars has an element that is one of some constants or arguments, where x asks no more than that: on
// PostgreSQL in the form that an index of the elements serves.
func (r *renderer) holds(x *meta.Expr, list operand, e env) (string, bool) {
	if !r.postgres || len(x.Args) < 2 || list.sql == sqlNull || list.guard == sqlFalse {
		return "", false
	}
	condition, operator := x.Args[1], "@>"
	var alternatives []*meta.Expr
	switch {
	case condition.Op == meta.OpEq && isElement(condition.Args[0], x):
		alternatives = condition.Args[1:]
	case condition.Op == meta.OpEq && isElement(condition.Args[1], x):
		alternatives = condition.Args[:1]
	case condition.Op == meta.OpIn && isElement(condition.Args[0], x):
		alternatives, operator = condition.Args[1:], "&&"
	default:
		return "", false
	}
	of, _ := element(list.typ.kind)
	texts := make([]string, len(alternatives))
	for i, a := range alternatives {
		switch {
		case a.Op == meta.OpConst && a.Value != nil:
			texts[i] = r.constant(a, typ{kind: of, scale: list.typ.scale}).sql
		case a.Op == meta.OpGet && a.Root == meta.RootArg && !r.isList(a, e):
			given := r.get(a, e)
			if given.sql == sqlNull || given.guard != "" || given.typ.kind != of {
				return "", false
			}
			texts[i] = given.sql
		default:
			return "", false
		}
	}
	return conjunction(list.guard, bracket(list.sql)+" "+operator+" ARRAY["+strings.Join(texts, ", ")+"]"+r.cast(list.typ.kind)), true
}

// canonicalList is a list of constants of the design in the form that f's Kind states.
func canonicalList(items []any, f *meta.Field) any {
	one := *f
	one.Repeated = false
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = canonical(item, &one)
	}
	return all
}
