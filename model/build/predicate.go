package build

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

// predicate renders a condition on the columns of one row for each dialect. It is false where the condition names
// anything else, or what one of the dialects cannot say in a constraint.
//
// A comparison with a null side is false (<> is true), as everywhere in a design; plain SQL would let it pass, so
// comparisons of columns that may be null are wrapped.
func predicate(e *model.Entity, x *model.Expr) (schema.Predicate, bool) {
	pg := renderer{entity: e, dialect: postgres}
	lite := renderer{entity: e, dialect: sqlite}
	p, l := pg.condition(x), lite.condition(x)
	if pg.failed || lite.failed {
		return schema.Predicate{}, false
	}
	return schema.Predicate{SQLite: l, Postgres: p}, true
}

type dialect int

const (
	postgres dialect = iota
	sqlite
)

// predicateOfIndex renders the condition of an index of some rows, as package query writes it in the statements that ask for these rows: where it may
// be null it counts as false, and what is not true is so written. Databases see that a statement needs no other rows only where both are alike.
func predicateOfIndex(e *model.Entity, x *model.Expr) (schema.Predicate, bool) {
	pg := renderer{entity: e, dialect: postgres, ofIndex: true}
	lite := renderer{entity: e, dialect: sqlite, ofIndex: true}
	p, l := pg.condition(x), lite.condition(x)
	if pg.failed || lite.failed {
		return schema.Predicate{}, false
	}
	return schema.Predicate{SQLite: l, Postgres: p}, true
}

type renderer struct {
	entity  *model.Entity
	dialect dialect
	ofIndex bool
	failed  bool
}

func (r *renderer) refuse() string {
	r.failed = true
	return ""
}

// comparisons are the signs of SQL.
var comparisons = map[model.Op]string{
	model.Eq: "=", model.Ne: "<>", model.Lt: "<", model.Le: "<=", model.Gt: ">", model.Ge: ">=",
}

func (r *renderer) condition(x *model.Expr) string {
	if r.failed {
		return ""
	}
	switch x.Op {
	case model.Const:
		return r.boolean(x.Value == true)
	case model.And, model.Or:
		var parts []string
		for _, a := range x.Args {
			parts = append(parts, r.condition(a))
		}
		return "(" + strings.Join(parts, " "+strings.ToLower(string(x.Op))+" ") + ")"
	case model.Not:
		if r.ofIndex {
			return "(" + r.condition(x.Args[0]) + ") is not TRUE"
		}
		return "(not " + r.condition(x.Args[0]) + ")"
	case model.Eq, model.Ne, model.Lt, model.Le, model.Gt, model.Ge:
		return r.comparison(x)
	case model.In:
		return r.in(x)
	case model.Get:
		column, null := r.value(x, nil)
		return r.wrap(column, null, false)
	}
	return r.refuse()
}

func (r *renderer) boolean(v bool) string {
	if r.ofIndex {
		return strings.ToUpper(strconv.FormatBool(v))
	}
	if r.dialect == sqlite {
		return map[bool]string{true: "1", false: "0"}[v]
	}
	return strconv.FormatBool(v)
}

// wrap gives a condition that may be null a value.
func (r *renderer) wrap(condition string, null, otherwise bool) string {
	if !null || r.ofIndex {
		return condition
	}
	return fmt.Sprintf("coalesce(%s, %s)", condition, r.boolean(otherwise))
}

func (r *renderer) comparison(x *model.Expr) string {
	a, b := x.Args[0], x.Args[1]
	if isNull(a) {
		a, b = b, a
	}
	if isNull(b) {
		column, _ := r.value(a, nil)
		if x.Op == model.Eq {
			return column + " is null"
		}
		return column + " is not null"
	}
	if !r.sameScale(a, b) || x.Op != model.Eq && x.Op != model.Ne && (isText(a) || isText(b)) {
		return r.refuse() // databases order texts by different rules
	}
	left, leftNull := r.value(a, b)
	right, rightNull := r.value(b, a)
	if r.ofIndex && x.Op == model.Ne && (leftNull || rightNull) {
		return "(" + left + " = " + right + ") is not TRUE"
	}
	return r.wrap(left+" "+comparisons[x.Op]+" "+right, leftNull || rightNull, x.Op == model.Ne)
}

func isNull(x *model.Expr) bool { return x.Op == model.Const && x.Value == nil }

func (r *renderer) in(x *model.Expr) string {
	for _, v := range x.Args[1:] {
		if !r.sameScale(x.Args[0], v) {
			return r.refuse()
		}
	}
	column, null := r.value(x.Args[0], nil)
	var values []string
	for _, v := range x.Args[1:] {
		text, _ := r.value(v, x.Args[0])
		values = append(values, text)
	}
	return r.wrap(column+" in ("+strings.Join(values, ", ")+")", null, false)
}

// value renders a column, a constant or a reckoning, and says whether it may be null. Other is what it is compared
// with: a constant is stored as that column is.
func (r *renderer) value(x, other *model.Expr) (string, bool) {
	if r.failed {
		return "", false
	}
	switch x.Op {
	case model.Const:
		return r.constant(x, other), false
	case model.Get:
		f, null := r.field(x)
		if f == nil {
			return r.refuse(), false
		}
		return quote(f.Column), null
	case model.Neg:
		v, null := r.value(x.Args[0], other)
		return "(-" + v + ")", null
	case model.Add, model.Sub, model.Mul:
		return r.reckon(x)
	case model.Call:
		return r.call(x)
	}
	return r.refuse(), false
}

func (r *renderer) reckon(x *model.Expr) (string, bool) {
	signs := map[model.Op]string{model.Add: "+", model.Sub: "-", model.Mul: "*"}
	kind := x.Kind
	switch {
	case kind == model.Decimal && (x.Op == model.Mul || !r.sameScale(x.Args[0], x.Args[1])):
		return r.refuse(), false
	case kind == model.DateTime || x.Args[0].Kind == model.DateTime:
		return r.refuse(), false // PostgreSQL keeps durations as numbers
	case kind == model.String:
		return r.refuse(), false
	}
	a, aNull := r.value(x.Args[0], x.Args[1])
	b, bNull := r.value(x.Args[1], x.Args[0])
	return "(" + a + " " + signs[x.Op] + " " + b + ")", aNull || bNull
}

func (r *renderer) call(x *model.Expr) (string, bool) {
	arg := func(i int) (string, bool) { return r.value(x.Args[i], nil) }
	switch x.Name {
	case "size":
		v, null := arg(0)
		name := "length"
		if r.dialect == postgres && !r.ofIndex {
			name = "char_length"
		}
		return name + "(" + v + ")", null
	}
	return r.refuse(), false // lower and upper differ between the dialects beyond ASCII
}

// field finds the column that a path names: one field of the row, or a part of a value object of the row.
func (r *renderer) field(x *model.Expr) (*model.Field, bool) {
	if x.Root != model.This {
		return nil, false
	}
	path := x.Path
	if len(path) == 0 {
		path = []string{"id"}
	}
	fields := r.entity.Fields
	null := false
	for i, name := range path {
		f := find(fields, name)
		if f == nil {
			return nil, false
		}
		null = null || f.Null
		if i == len(path)-1 {
			if f.Column == "" || f.Kind == model.Union || f.Repeated {
				return nil, false
			}
			return f, null
		}
		if f.Kind != model.Value {
			return nil, false
		}
		fields = f.Fields
	}
	return nil, false
}

func isText(x *model.Expr) bool {
	return typ{kind: x.Kind}.text() && x.Kind != model.UUID && x.Kind != model.ID
}

// What a scale may be besides a number of digits.
const (
	anyScale = -1 // a constant takes the scale of the other side
	noScale  = -2 // not a Decimal
)

// sameScale says whether two values compare as they are stored. SQLite holds a Decimal as a scaled integer, so scales
// that differ would have to be brought together first.
func (r *renderer) sameScale(a, b *model.Expr) bool {
	x, y := r.scale(a), r.scale(b)
	return x == y || x == anyScale || y == anyScale
}

func (r *renderer) scale(x *model.Expr) int {
	if x == nil {
		return noScale
	}
	switch x.Op {
	case model.Const:
		return anyScale
	case model.Get:
		if f, _ := r.field(x); f != nil && f.Kind == model.Decimal {
			return f.Scale
		}
	case model.Neg:
		return r.scale(x.Args[0])
	case model.Add, model.Sub:
		if s := r.scale(x.Args[0]); s != anyScale {
			return s
		}
		return r.scale(x.Args[1])
	}
	return noScale
}

// constant renders a literal as the column beside it is stored.
func (r *renderer) constant(x, beside *model.Expr) string {
	switch v := x.Value.(type) {
	case bool:
		return r.boolean(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		switch x.Kind {
		case model.Decimal:
			return r.decimal(v, beside)
		case model.DateTime:
			return r.instant(v)
		case model.Date, model.Time:
			if r.dialect == postgres {
				return strings.ToLower(string(x.Kind)) + " " + literal(v)
			}
		}
		return literal(v)
	}
	return r.refuse()
}

// decimal renders an exact number: SQLite holds it times 10^scale.
func (r *renderer) decimal(text string, beside *model.Expr) string {
	if r.dialect == postgres {
		return text
	}
	n, ok := scaled(text, r.scale(beside))
	if !ok {
		return r.refuse()
	}
	return n
}

// scaled is a decimal number times 10^scale, where that is a whole number.
func scaled(text string, scale int) (string, bool) {
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", false
	}
	n.Mul(n, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
	if !n.IsInt() {
		return "", false
	}
	return n.Num().String(), true
}

func (r *renderer) instant(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return r.refuse()
	}
	if r.dialect == sqlite {
		return strconv.FormatInt(t.UnixMicro(), 10)
	}
	return "timestamptz " + literal(t.UTC().Format("2006-01-02 15:04:05.999999Z"))
}

func quote(name string) string   { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
func literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }
