package oracle

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	celtypes "cel.dev/cel-go/common/types"
)

// env is what the names in an expression mean. All rows that are not deleted are visible in it.
type env struct {
	world  *World
	row    *Row           // this, and its fields as bare names; nil in an operation's rule
	values Object         // of a default: the values that the new row has so far
	old    *Row           // nil where there is none
	viewer *Row           // nil: nobody
	system bool           // without rules: everybody can
	vars   map[string]any // elements, by name
	args   map[string]Value
}

func (e env) with(name string, v Value) env {
	vars := maps.Clone(e.vars)
	if vars == nil {
		vars = map[string]any{}
	}
	vars[name] = v
	e.vars = vars
	return e
}

// holds tells whether a condition is true. Null is not.
func (e env) holds(x ast.Expr) bool { return e.eval(x) == true }

func isNullLiteral(x ast.Expr) bool {
	return x.Kind() == ast.LiteralKind && x.AsLiteral() == celtypes.NullValue
}

// unfit is what was reckoned by a step that did not fit. It is null but to what is reckoned with it: a sum leaves out what is null, and must not
// leave out this.
type unfit struct{}

func (e env) eval(x ast.Expr) Value {
	v := e.reckoned(x)
	if v == (unfit{}) {
		return nil
	}
	return v
}

func (e env) reckoned(x ast.Expr) Value {
	switch x.Kind() {
	case ast.LiteralKind:
		return literal(x)
	case ast.IdentKind:
		return e.name(x.AsIdent())
	case ast.SelectKind:
		return e.selects(x)
	case ast.CallKind:
		return e.call(x.AsCall())
	case ast.ListKind:
		var list []Value
		for _, element := range x.AsList().Elements() {
			list = append(list, e.eval(element))
		}
		return list
	}
	panic(fmt.Sprintf("expression of kind %v", x.Kind()))
}

func literal(x ast.Expr) Value {
	switch v := x.AsLiteral().(type) {
	case celtypes.Bool:
		return bool(v)
	case celtypes.Int:
		return int64(v)
	case celtypes.Double:
		return float64(v)
	case celtypes.String:
		return string(v)
	case celtypes.Null:
		return nil
	}
	panic(fmt.Sprintf("literal %T", x.AsLiteral()))
}

// name is an element, an argument, a field of the row, or one of the words of the language, in this order.
func (e env) name(name string) Value {
	if v, ok := e.vars[name]; ok {
		return v
	}
	if v, ok := e.args[name]; ok {
		return e.reached(v)
	}
	if v, ok := e.values[name]; ok {
		return e.reached(v)
	}
	if e.row != nil && e.row.Type.Field(name) != nil {
		return e.field(e.row, name)
	}
	switch name {
	case "this":
		return e.row
	case "old":
		if e.old == nil {
			return nil
		}
		return e.old
	case "now":
		return e.world.Now
	case "viewer":
		if e.viewer == nil {
			return nil
		}
		return e.viewer
	}
	if e.world.Schema.isEnumValue(name) {
		return name
	}
	panic("nothing is called " + name)
}

// reached is a value, null where it refers to a row that is gone.
func (e env) reached(v Value) Value {
	if row, ok := v.(*Row); ok && (row == nil || !e.world.Lives(row)) {
		return nil
	}
	return v
}

func (e env) selects(x ast.Expr) Value {
	s := x.AsSelect()
	if s.Operand().Kind() == ast.IdentKind && e.world.Schema.Enums[s.Operand().AsIdent()] != nil {
		return s.FieldName()
	}
	switch of := e.eval(s.Operand()).(type) {
	case *Row:
		if of != nil && of.Type.Field(s.FieldName()) == nil { // it was a union that is asked for one of its types
			if (&Field{}).armName(of.Type) == s.FieldName() {
				return of
			}
			return nil
		}
		return e.field(of, s.FieldName())
	case Object:
		return of[s.FieldName()]
	}
	return nil // selecting from null gives null
}

// field is a field of a row with nothing hidden.
func (e env) field(row *Row, name string) Value {
	if row == nil {
		return nil
	}
	f := row.Type.Field(name)
	switch {
	case f.Computed != nil:
		v := env{world: e.world, row: row, viewer: e.viewer, system: e.system}.eval(f.Computed)
		if f.Scalar == "Boolean" && !f.Null {
			return v == true // as null is in a condition
		}
		if r, ok := v.(*big.Rat); ok && f.Scalar == "Decimal" {
			v = roundedTo(decimalScale, r)
		}
		if !holds(f, v) {
			return nil
		}
		return v
	case f.Method:
		return workedOut(row.Values["createdAt"].(time.Time), row.Values["version"].(int64))
	case f.List():
		list := []Value{}
		for _, link := range e.world.Links(row, f) {
			list = append(list, link.to)
		}
		return list
	}
	return e.reached(row.Values[name])
}

// holds tells whether what was reckoned is a value of f: of as many bits, and between the years 1 and 9999.
func holds(f *Field, v Value) bool {
	switch v := v.(type) {
	case int64:
		return f.Scalar != "Int" || v >= math.MinInt32 && v <= math.MaxInt32
	case float64:
		return math.Abs(v) <= 8e307
	case time.Time:
		return v.Year() >= 1 && v.Year() <= 9999
	case *big.Rat:
		most := new(big.Rat).SetFrac(new(big.Int).Exp(big.NewInt(10), big.NewInt(decimalDigits-decimalScale), nil), big.NewInt(1))
		return new(big.Rat).Abs(v).Cmp(most) < 0
	}
	return true
}

// The Decimals of random designs have 18 digits, 4 of them behind the point. A quotient has 40 there.
const (
	decimalDigits  = 18
	decimalScale   = 4
	quotientDigits = 40
)

// roundedTo is r with so many digits behind the point, halves away from zero.
func roundedTo(digits int, r *big.Rat) *big.Rat {
	rounded, _ := new(big.Rat).SetString(r.FloatString(digits))
	return rounded
}

func (e env) call(c ast.CallExpr) Value {
	args := c.Args()
	if c.IsMemberFunction() {
		return e.member(c.FunctionName(), c.Target(), args)
	}
	switch c.FunctionName() {
	case operators.LogicalAnd:
		return e.holds(args[0]) && e.holds(args[1])
	case operators.LogicalOr:
		return e.holds(args[0]) || e.holds(args[1])
	case operators.LogicalNot:
		return !e.holds(args[0])
	case operators.Conditional:
		if e.holds(args[0]) {
			return e.reckoned(args[1])
		}
		return e.reckoned(args[2])
	case operators.Equals:
		return e.equal(args[0], args[1])
	case operators.NotEquals:
		return !e.equal(args[0], args[1])
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return ordered(c.FunctionName(), e.eval(args[0]), e.eval(args[1]))
	case operators.In:
		return e.in(e.eval(args[0]), e.eval(args[1]))
	case operators.Add, operators.Subtract, operators.Multiply, operators.Divide, operators.Modulo:
		return arithmetic(c.FunctionName(), e.reckoned(args[0]), e.reckoned(args[1]))
	case operators.Negate:
		return negative(e.reckoned(args[0]))
	case "size":
		return size(e.eval(args[0]))
	case "can":
		row, ok := e.eval(args[1]).(*Row)
		return ok && row != nil && e.world.Lives(row) && (e.system || e.world.Allows(args[0].AsIdent(), row, nil, e.viewer))
	}
	return made(c.FunctionName(), literal(args[0]).(string))
}

// made is what duration('24h') and its like say.
func made(function, text string) Value {
	switch function {
	case "duration":
		d, err := parseDuration(text)
		if err == nil {
			return d
		}
	case "timestamp":
		t, err := time.Parse(time.RFC3339Nano, text)
		if err == nil {
			return t.UTC()
		}
	case "date":
		return Day(text)
	case "time":
		return clockOf(text)
	case "decimal":
		if r, ok := new(big.Rat).SetString(text); ok {
			return r
		}
	}
	panic(function + "('" + text + "')")
}

// equal is a == b. Against the literal null it asks whether the other side is null; otherwise a null side makes it false.
func (e env) equal(a, b ast.Expr) bool {
	if isNullLiteral(a) {
		return isNull(e.eval(b))
	}
	x, y := e.eval(a), e.eval(b)
	if isNullLiteral(b) {
		return isNull(x)
	}
	return !isNull(x) && !isNull(y) && compare(x, y) == 0
}

func isNull(v Value) bool {
	row, ok := v.(*Row)
	object, isObject := v.(Object)
	return v == nil || v == (unfit{}) || ok && row == nil || isObject && object == nil
}

func ordered(operator string, a, b Value) bool {
	if a == nil || b == nil {
		return false
	}
	switch c := compare(a, b); operator {
	case operators.Less:
		return c < 0
	case operators.LessEquals:
		return c <= 0
	case operators.Greater:
		return c > 0
	default:
		return c >= 0
	}
}

func (e env) in(v, list Value) bool {
	items, _ := list.([]Value)
	return !isNull(v) && slices.ContainsFunc(items, func(item Value) bool { return !isNull(item) && compare(v, item) == 0 })
}

// arithmetic reckons; with a null side, or by zero, it gives null.
func arithmetic(operator string, a, b Value) Value {
	if a == nil || b == nil || (operator == operators.Divide || operator == operators.Modulo) && isZero(b) {
		return nil
	}
	if a == (unfit{}) || b == (unfit{}) {
		return unfit{}
	}
	if operator == operators.Add || operator == operators.Subtract {
		a, b = span(a, b), span(b, a)
	}
	switch x := a.(type) {
	case string:
		return x + b.(string)
	case time.Time:
		switch y := b.(type) {
		case time.Time:
			return inWord(new(big.Int).Mul(big.NewInt(x.UnixMicro()-y.UnixMicro()), big.NewInt(1000)), func(n int64) Value { return time.Duration(n) })
		case time.Duration:
			if operator == operators.Subtract {
				y = -y
			}
			return x.Add(y)
		}
	case time.Duration:
		switch y := b.(type) {
		case time.Time:
			return y.Add(x)
		case time.Duration:
			if operator == operators.Subtract {
				y = -y
			}
			return inWord(new(big.Int).Add(big.NewInt(int64(x)), big.NewInt(int64(y))), func(n int64) Value { return time.Duration(n) })
		case int64:
			switch {
			case operator == operators.Multiply:
				return inWord(new(big.Int).Mul(big.NewInt(int64(x)), big.NewInt(y)), func(n int64) Value { return time.Duration(n) })
			case y == 0:
				return nil
			}
			return (x / time.Microsecond / time.Duration(y)) * time.Microsecond
		}
	case int64:
		switch y := b.(type) {
		case time.Duration:
			return arithmetic(operator, y, x)
		case int64:
			return integers(operator, x, y)
		}
	}
	_, left := a.(*big.Rat)
	_, right := b.(*big.Rat)
	if left || right {
		x, y, _ := rationals(a, b)
		return exact(operator, x, y)
	}
	return floats(operator, float(a), float(b))
}

func float(v Value) float64 {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	return v.(float64)
}

func integers(operator string, x, y int64) Value {
	a, b, z := big.NewInt(x), big.NewInt(y), new(big.Int)
	switch {
	case operator == operators.Add:
		z.Add(a, b)
	case operator == operators.Subtract:
		z.Sub(a, b)
	case operator == operators.Multiply:
		z.Mul(a, b)
	case y == 0:
		return nil
	case operator == operators.Divide:
		z.Quo(a, b)
	default:
		z.Rem(a, b)
	}
	return inWord(z, func(n int64) Value { return n })
}

func isZero(v Value) bool {
	switch v := v.(type) {
	case int64:
		return v == 0
	case float64:
		return v == 0
	case time.Duration:
		return v == 0
	case *big.Rat:
		return v.Sign() == 0
	}
	return false
}

// inWord is a whole number that 64 bits hold.
func inWord(z *big.Int, made func(n int64) Value) Value {
	if !z.IsInt64() {
		return unfit{}
	}
	return made(z.Int64())
}

func exact(operator string, x, y *big.Rat) Value {
	r := new(big.Rat)
	switch operator {
	case operators.Add:
		return r.Add(x, y)
	case operators.Subtract:
		return r.Sub(x, y)
	case operators.Multiply:
		return r.Mul(x, y)
	}
	if y.Sign() == 0 {
		return nil
	}
	return roundedTo(quotientDigits, r.Quo(x, y))
}

func floats(operator string, x, y float64) Value {
	switch operator {
	case operators.Add:
		return x + y
	case operators.Subtract:
		return x - y
	case operators.Multiply:
		return x * y
	}
	if y == 0 {
		return nil
	}
	return x / y
}

func negative(v Value) Value {
	switch v := v.(type) {
	case unfit:
		return v
	case int64:
		return integers(operators.Subtract, 0, v)
	case float64:
		return -v
	case *big.Rat:
		return new(big.Rat).Neg(v)
	case time.Duration:
		return -v
	}
	return nil
}

func size(v Value) Value {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v))
	case []Value:
		return int64(len(v))
	}
	return nil
}

// member is target.name(args).
func (e env) member(name string, target ast.Expr, args []ast.Expr) Value {
	of := e.eval(target)
	switch name {
	case "exists", "all", "exists_one", "filter", "map", "find":
		items, _ := of.([]Value)
		return e.list(name, items, args[0].AsIdent(), args[1])
	case "sum", "min", "max", "avg":
		items, _ := of.([]Value)
		return aggregate(name, items)
	case "size":
		if of == nil && e.isList(target) {
			return int64(0)
		}
		return size(of)
	}
	if of == nil {
		return nil
	}
	if row, ok := of.(*Row); ok {
		return row != nil && e.matches(row, args[0])
	}
	if name == "at" {
		clock, zone := e.eval(args[0]), e.eval(args[1])
		if shown, ok := clock.(string); ok {
			clock = clockOf(shown)
		}
		if clock == nil || zone == nil {
			return nil
		}
		return atZone(of, clock, zone.(string))
	}
	text, _ := of.(string)
	switch name {
	case "lower":
		return strings.ToLower(text)
	case "upper":
		return strings.ToUpper(text)
	case "trim":
		return strings.Trim(text, " \t\n\r\f\v")
	}
	part, ok := e.eval(args[0]).(string)
	if !ok {
		return nil
	}
	switch name {
	case "startsWith":
		return strings.HasPrefix(text, part)
	case "endsWith":
		return strings.HasSuffix(text, part)
	case "contains":
		return strings.Contains(text, part)
	case "matches":
		return regexp.MustCompile(part).MatchString(text)
	}
	panic("no function " + name)
}

// matches tells whether a row has the words that are asked for; those of a caller find what he may read.
func (e env) matches(row *Row, words ast.Expr) bool {
	asked, _ := e.eval(words).(string)
	r := e.world.reader(e.viewer)
	return found(row, asked, func(f *Field) bool { return words.Kind() == ast.LiteralKind || r.MayRead(row, f) })
}

// isList tells whether x is a list, which is empty where it is null: by the name at its end, which no text has as well.
func (e env) isList(x ast.Expr) bool {
	name := ""
	switch x.Kind() {
	case ast.CallKind:
		return x.AsCall().FunctionName() == "filter" || x.AsCall().FunctionName() == "map"
	case ast.SelectKind:
		name = x.AsSelect().FieldName()
	case ast.IdentKind:
		name = x.AsIdent()
	}
	for _, t := range e.world.Schema.Types {
		if f := t.Field(name); f != nil && (f.List() || f.Repeated) {
			return true
		}
	}
	return false
}

func (e env) list(name string, items []Value, element string, x ast.Expr) Value {
	fit := []Value{}
	mapped := []Value{}
	for _, item := range items {
		within := e.with(element, item)
		if name == "map" {
			mapped = append(mapped, within.reckoned(x))
		} else if within.holds(x) {
			fit = append(fit, item)
		}
	}
	switch name {
	case "map":
		return mapped
	case "filter":
		return fit
	case "exists":
		return len(fit) > 0
	case "all":
		return len(fit) == len(items)
	case "exists_one":
		return len(fit) == 1
	}
	if len(fit) == 0 { // find
		return nil
	}
	return fit[0]
}

// aggregate leaves out nulls. The sum of nothing is 0, the others of nothing are null. Whole numbers are added up as long as they get.
func aggregate(name string, items []Value) Value {
	var total, least, greatest Value
	whole := new(big.Int)
	n := 0
	for _, item := range items {
		switch item := item.(type) {
		case nil:
			continue
		case unfit:
			return item
		case int64:
			whole.Add(whole, big.NewInt(item))
		case time.Duration:
			whole.Add(whole, big.NewInt(int64(item)))
		}
		n++
		if total == nil {
			total, least, greatest = item, item, item
			continue
		}
		switch item.(type) {
		case float64, *big.Rat:
			if name == "sum" || name == "avg" {
				total = arithmetic(operators.Add, total, item)
			}
		}
		if compare(item, least) < 0 {
			least = item
		}
		if compare(item, greatest) > 0 {
			greatest = item
		}
	}
	switch {
	case name == "sum" && n == 0:
		return int64(0)
	case n == 0:
		return nil
	case name == "sum":
		switch total.(type) {
		case int64:
			return inWord(whole, func(n int64) Value { return n })
		case time.Duration:
			return inWord(whole, func(n int64) Value { return time.Duration(n) })
		}
		return total
	case name == "min":
		return least
	case name == "max":
		return greatest
	}
	if d, ok := total.(*big.Rat); ok {
		return exact(operators.Divide, d, new(big.Rat).SetInt64(int64(n)))
	}
	if _, ok := total.(int64); ok {
		sum, _ := new(big.Float).SetInt(whole).Float64()
		return sum / float64(n)
	}
	return float(total) / float64(n)
}
