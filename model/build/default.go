package build

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// literalDefault reads @default(value:) and the default that SDL gives arguments and inputs. @default(from:) is an
// expression and waits for them.
func (b *builder) literalDefault(f *model.Field, w *design.Field) {
	d := design.Find(w.Directives, "default")
	v := w.Default
	if d != nil {
		value, from := d.Arg("value"), d.Arg("from")
		switch {
		case value != nil && from != nil:
			b.problems.Add(d.Pos, Contradiction, "keep one of them", "@default takes a value or an expression (from:), not both")
			return
		case value == nil && from == nil && d.Broken:
			return
		case value == nil && from == nil:
			b.problems.Add(d.Pos, Contradiction, "give it a value: or a from:", "@default needs a value or an expression (from:)")
			return
		case value == nil:
			return
		}
		v = value
	}
	if v == nil || f.Kind == "" || isComputed(f) {
		return
	}
	if v.Kind == design.NullValue && f.Null {
		return // null is what an absent field is
	}
	x, wrong := b.literal(f, v)
	if wrong != "" {
		b.wrongDefault(f, v, wrong)
		return
	}
	f.Default = x
}

// wrongDefault knows two slips with enum values: quotes around one, and a wrong letter.
func (b *builder) wrongDefault(f *model.Field, v *design.Value, wrong string) {
	if f.Kind == model.EnumKind {
		var values []string
		for _, value := range f.Enum.Values {
			values = append(values, value.Name)
		}
		length := len([]rune(v.Text))
		if v.Kind == design.StringValue {
			length += 2
		}
		if meant := nearest(v.Text, values); meant != "" && (v.Kind == design.NameValue || v.Kind == design.StringValue) {
			b.problems.AddEdit(v.Pos, WrongDefault, "write "+meant, diag.Edit{Pos: v.Pos, Length: length, Text: meant}, "%s", wrong)
			return
		}
		if b.design.ByName[f.Enum.Name] != nil && b.design.ByName[f.Enum.Name].Broken {
			return
		}
	}
	hint, edit := b.betterDefault(f, v)
	b.problems.AddEdit(v.Pos, WrongDefault, hint, edit, "%s", wrong)
}

// betterDefault knows a literal with quotes too many or too few, and a number that its field, or its @range, is too
// small for.
func (b *builder) betterDefault(f *model.Field, v *design.Value) (string, diag.Edit) {
	type form struct {
		kind design.ValueKind
		text string
	}
	forms := []form{{design.StringValue, quoted(v.Text)}}
	if v.Kind == design.StringValue {
		forms = []form{{design.IntValue, v.Text}, {design.FloatValue, v.Text}, {design.BoolValue, v.Text}}
	}
	for _, to := range forms {
		other := *v
		other.Kind = to.kind
		if to.kind == design.BoolValue && v.Text != "true" && v.Text != "false" || v.Kind == design.ListValue || v.Kind == design.ObjectValue || v.Kind == design.NullValue {
			continue
		}
		if _, wrong := b.literal(f, &other); wrong == "" {
			return "write " + to.text, diag.Between(v.Pos, v.End, to.text)
		}
	}
	switch {
	case outOfRange(f, v) != "":
		return "write a number that is " + withinRange(f) + ", or widen the @range", diag.Edit{}
	case f.Kind == model.Int && isInt64(v):
		return "make " + f.Name + " an Int64", diag.Edit{}
	case (f.Kind == model.Int || f.Kind == model.Int64) && v.Kind == design.FloatValue:
		return "write a whole number, or make " + f.Name + " a Float", diag.Edit{}
	default:
		return "", diag.Edit{}
	}
}

// literal makes a constant of a field's kind; the second result says why it cannot.
func (b *builder) literal(f *model.Field, v *design.Value) (*model.Expr, string) {
	x := &model.Expr{Op: model.Const, Kind: f.Kind}
	not := func(what string) (*model.Expr, string) {
		return nil, v.Text + " is no " + what + ", which " + f.Name + " is"
	}
	if f.Scalars() {
		return b.literals(f, v, x)
	}
	if f.Repeated || f.Kind == model.List || f.Kind == model.Value || f.Kind == model.InputDTO || f.Kind == model.File || f.Kind == model.Union || f.Kind == model.Bytes {
		return nil, "a " + string(f.Kind) + " takes no literal default"
	}
	if wrong := outOfRange(f, v); wrong != "" {
		return nil, wrong
	}
	text := v.Kind == design.StringValue
	switch f.Kind {
	case model.EnumKind:
		if v.Kind != design.NameValue || !hasValue(f.Enum, v.Text) {
			return nil, quoteIf(text, v.Text) + " is no value of " + f.Enum.Name
		}
		x.Value = v.Text
	case model.Boolean:
		if v.Kind != design.BoolValue {
			return not("Boolean")
		}
		x.Value = v.Text == "true"
	case model.Int, model.Int64:
		n, err := strconv.ParseInt(v.Text, 10, 64)
		if v.Kind != design.IntValue || err != nil || f.Kind == model.Int && (n > math.MaxInt32 || n < math.MinInt32) {
			return not(string(f.Kind))
		}
		x.Value = n
	case model.Float:
		n := number(v)
		if n == nil {
			return not("Float")
		}
		x.Value = *n
	case model.Decimal:
		if v.Kind != design.IntValue && v.Kind != design.FloatValue && !text || !decimalText(v.Text, min(f.Digits, sqliteDigits), f.Scale) {
			return not("Decimal of " + strconv.Itoa(min(f.Digits, sqliteDigits)) + " digits, " + strconv.Itoa(f.Scale) + " of them after the point")
		}
		x.Value = v.Text
	case model.Ref:
		return nil, "which row of " + f.Target.Name + "? A reference takes @default(from: …)"
	case model.JSON:
		if !isJSON(v.Text) || !text && v.Kind != design.IntValue && v.Kind != design.FloatValue && v.Kind != design.BoolValue {
			return not("JSON")
		}
		x.Value = v.Text
	default:
		if !text {
			return not(string(f.Kind))
		}
		return textLiteral(f, v, x)
	}
	return x, ""
}

// outOfRange says why a number is not within @range; empty where it is, or is no number.
func outOfRange(f *model.Field, v *design.Value) string {
	n, err := strconv.ParseFloat(v.Text, 64)
	if !numberKinds[f.Kind] || err != nil || (f.Min == nil || n >= *f.Min) && (f.Max == nil || n <= *f.Max) {
		return ""
	}
	return v.Text + " is not within the @range of " + f.Name
}

// withinRange says the @range of f: "at least 1 and at most 5".
func withinRange(f *model.Field) string {
	var bounds []string
	if f.Min != nil {
		bounds = append(bounds, "at least "+strconv.FormatFloat(*f.Min, 'f', -1, 64))
	}
	if f.Max != nil {
		bounds = append(bounds, "at most "+strconv.FormatFloat(*f.Max, 'f', -1, 64))
	}
	return strings.Join(bounds, " and ")
}

func isInt64(v *design.Value) bool {
	_, err := strconv.ParseInt(v.Text, 10, 64)
	return v.Kind == design.IntValue && err == nil
}

// literals makes a constant of a list of scalars.
func (b *builder) literals(f *model.Field, v *design.Value, x *model.Expr) (*model.Expr, string) {
	if v.Kind != design.ListValue {
		return nil, v.Text + " is no list, which " + f.Name + " is"
	}
	one := *f
	one.Repeated, one.MinLength, one.MaxLength = false, nil, nil
	items := make([]any, len(v.List))
	for i := range v.List {
		item, wrong := b.literal(&one, &v.List[i])
		if wrong != "" {
			return nil, wrong
		}
		items[i] = item.Value
	}
	if n := len(items); f.MinLength != nil && n < *f.MinLength || f.MaxLength != nil && n > *f.MaxLength {
		return nil, "the list has " + strconv.Itoa(n) + " elements, which the @length of " + f.Name + " does not allow"
	}
	x.Value = items
	return x, ""
}

// emptyUnlessGiven lets a list that is never null and may be empty be so when it is left out.
func emptyUnlessGiven(f *model.Field) {
	if f.Scalars() && !f.Null && f.Default == nil && f.Stored() && (f.MinLength == nil || *f.MinLength == 0) {
		f.Default = &model.Expr{Op: model.Const, Kind: f.Kind, Value: []any{}}
	}
}

// textLiteral reads the kinds that are written as strings.
func textLiteral(f *model.Field, v *design.Value, x *model.Expr) (*model.Expr, string) {
	x.Value = v.Text
	ok := true
	switch f.Kind {
	case model.Duration:
		d, err := parseDuration(v.Text)
		if ok = err == nil; ok {
			x.Value = d.Microseconds()
		}
	case model.Time:
		x.Value, ok = timeText(v.Text)
	default:
		ok = inDomain(f.Kind, v.Text)
	}
	if !ok {
		return nil, strconv.Quote(v.Text) + " is no " + string(f.Kind) + ", which " + f.Name + " is"
	}
	if n := len([]rune(v.Text)); f.MinLength != nil && n < *f.MinLength || f.MaxLength != nil && n > *f.MaxLength {
		return nil, strconv.Quote(v.Text) + " has " + strconv.Itoa(n) + " characters, which the @length of " + f.Name + " does not allow"
	}
	if f.Pattern != "" {
		if re, err := regexp.Compile(f.Pattern); err == nil && !re.MatchString(v.Text) {
			return nil, strconv.Quote(v.Text) + " does not have the @format of " + f.Name
		}
	}
	return x, ""
}

var (
	uuidPattern    = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	decimalPattern = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
)

func hasValue(e *model.Enum, name string) bool {
	for _, v := range e.Values {
		if v.Name == name {
			return true
		}
	}
	return false
}

func quoteIf(quoted bool, s string) string {
	if quoted {
		return strconv.Quote(s)
	}
	return s
}

// decimalText says whether a number fits so many digits, of which scale stand after the point.
func decimalText(s string, digits, scale int) bool {
	if !decimalPattern.MatchString(s) {
		return false
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return len(strings.TrimLeft(whole, "0")) <= digits-scale && len(strings.TrimRight(fraction, "0")) <= scale
}

// parseDuration reads "90s", "1h30m" and, for whole days, "30d".
func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseInt(days, 10, 32); err == nil && n < 100000 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	return time.ParseDuration(s)
}

// timeText makes "09:00" the form in which times are stored.
func timeText(s string) (string, bool) {
	for _, layout := range []string{"15:04", "15:04:05", "15:04:05.999999"} {
		if len(s) < 3 || s[2] != ':' || strings.Contains(s, ",") {
			break // Go reads 9:30 and 09:30:00,5 too
		}
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format("15:04:05.000000"), true
		}
	}
	return s, false
}
