package build

import (
	"fmt"
	"math"
	"strconv"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// textKinds hold characters: @length and @format bound them.
var textKinds = map[model.Kind]bool{
	model.String: true, model.Email: true, model.URL: true, model.TimeZone: true, model.Country: true, model.Currency: true,
}

// numberKinds are ordered by size: @range bounds them.
var numberKinds = map[model.Kind]bool{model.Int: true, model.Int64: true, model.Float: true, model.Decimal: true}

// decimal digits and scale unless @decimal says otherwise. Digits are the most that both databases hold: SQLite has them in a whole number
// of 64 bits.
const (
	decimalDigits = 18
	decimalScale  = 4
)

// facts reads what the directives of one field say about the field alone.
func (b *builder) facts(f *model.Field, w *design.Field, where place) {
	ds := w.Directives
	f.ReadOnly = design.Find(ds, "readOnly") != nil
	f.Immutable = design.Find(ds, "immutable") != nil
	f.Internal = design.Find(ds, "internal") != nil
	f.WriteOnly = design.Find(ds, "writeOnly") != nil
	f.Personal = design.Find(ds, "personal") != nil
	if was := design.Find(ds, "was").Arg("name"); was != nil {
		f.Former = was.Text
		if f.Column != "" {
			former := *f
			former.Name = was.Text
			f.Was = columnOf(&former, nil)
		}
	}
	if computed := design.Find(ds, "computed"); computed != nil {
		f.Column = ""
		if f.Computed = (&model.Expr{}); computed.Arg("from") == nil {
			f.Computed, f.Method = nil, true
		}
		if def := design.Find(ds, "default"); def != nil {
			b.problems.Add(def.Pos, WrongPlace, "", "%s is computed: nothing is stored, so it has no default", f.Name)
		}
	}
	b.length(f, ds)
	b.bounds(f, ds)
	b.pattern(f, ds)
	b.decimal(f, ds)
	b.literalDefault(f, w)
	if d := design.Find(ds, "writeOnly"); d != nil {
		b.neverShown(f, ds, d)
	}
	if f.ReadOnly && f.Immutable {
		d := design.Find(ds, "immutable")
		b.problems.AddEdit(d.Pos, Contradiction, "leave out @immutable", diag.Between(d.Pos, d.End, ""), "%s is @readOnly, so clients never set it at all", f.Name)
	}
}

// neverShown reports a @writeOnly field that something shows, or that nobody could give.
func (b *builder) neverShown(f *model.Field, ds []*design.Directive, d *design.Directive) {
	for _, other := range []struct{ name, why string }{
		{"key", "a @key stands in the address of its row"},
		{"computed", "what is computed is never given"},
		{"readOnly", "clients never give it, and see it no more"},
		{"internal", "no door knows it anyway"},
	} {
		if design.Find(ds, other.name) != nil {
			b.problems.Add(d.Pos, Contradiction, "leave out @writeOnly or @"+other.name, "%s is given and never shown: %s", f.Name, other.why)
		}
	}
}

// length reads @length: characters of a text, elements of a list.
func (b *builder) length(f *model.Field, ds []*design.Directive) {
	d := design.Find(ds, "length")
	if d == nil || f.Kind == "" {
		return
	}
	if !textKinds[f.Kind] && f.Kind != model.Bytes && f.Kind != model.List && !f.Repeated {
		hint, edit := "", diag.Edit{}
		if numberKinds[f.Kind] {
			hint, edit = "write @range", renamed(d, "range")
		}
		b.problems.AddEdit(d.Pos, WrongPlace, hint, edit, "@length bounds texts and lists; %s is %s", f.Name, article(string(f.Kind)))
		return
	}
	f.MinLength, f.MaxLength = whole(d.Arg("min")), whole(d.Arg("max"))
	switch {
	case f.MinLength == nil && f.MaxLength == nil:
		b.unbounded(d)
	case f.MinLength != nil && *f.MinLength < 0 || f.MaxLength != nil && *f.MaxLength < 0:
		b.problems.Add(d.Pos, Contradiction, "", "a length is not negative")
	case f.MinLength != nil && f.MaxLength != nil && *f.MinLength > *f.MaxLength:
		better := fmt.Sprintf("@length(min: %d, max: %d)", *f.MaxLength, *f.MinLength)
		b.problems.AddEdit(d.Pos, Contradiction, "write "+better, diag.Between(d.Pos, d.End, better), "no length is at least %d and at most %d", *f.MinLength, *f.MaxLength)
	case f.MaxLength != nil && *f.MaxLength == 0:
		b.problems.Add(d.Pos, Contradiction, "", "a length of at most 0 leaves nothing to say")
	}
	if f.Kind == model.List && f.MaxLength != nil {
		f.Bound = *f.MaxLength
	}
}

// renamed is the edit that gives a directive another name.
func renamed(d *design.Directive, name string) diag.Edit {
	pos := d.Pos
	pos.Column++
	return diag.Edit{Pos: pos, Length: len(d.Name), Text: name}
}

// unbounded reports a bound that says nothing, unless what it said was reported.
func (b *builder) unbounded(d *design.Directive) {
	if !d.Broken {
		b.problems.Add(d.Pos, Contradiction, "give it a min, a max or both", "@%s says neither min nor max", d.Name)
	}
}

func whole(v *design.Value) *int {
	if v == nil || v.Kind != design.IntValue {
		return nil
	}
	n, err := strconv.Atoi(v.Text)
	if err != nil {
		n = math.MaxInt32
	}
	return &n
}

func number(v *design.Value) *float64 {
	if v == nil || v.Kind != design.IntValue && v.Kind != design.FloatValue {
		return nil
	}
	n, err := strconv.ParseFloat(v.Text, 64)
	if err != nil {
		return nil
	}
	return &n
}

// bounds reads @range.
func (b *builder) bounds(f *model.Field, ds []*design.Directive) {
	d := design.Find(ds, "range")
	if d == nil || f.Kind == "" {
		return
	}
	if !numberKinds[f.Kind] {
		hint, edit := "", diag.Edit{}
		if textKinds[f.Kind] && (d.Arg("min") == nil || whole(d.Arg("min")) != nil) && (d.Arg("max") == nil || whole(d.Arg("max")) != nil) {
			hint, edit = "write @length", renamed(d, "length")
		}
		b.problems.AddEdit(d.Pos, WrongPlace, hint, edit, "@range bounds numbers; %s is %s", f.Name, article(string(f.Kind)))
		return
	}
	f.Min, f.Max = number(d.Arg("min")), number(d.Arg("max"))
	switch {
	case f.Min == nil && f.Max == nil:
		b.unbounded(d)
	case f.Min != nil && f.Max != nil && *f.Min > *f.Max:
		better := fmt.Sprintf("@range(min: %s, max: %s)", d.Arg("max").Text, d.Arg("min").Text)
		b.problems.AddEdit(d.Pos, Contradiction, "write "+better, diag.Between(d.Pos, d.End, better), "no number is at least %v and at most %v", *f.Min, *f.Max)
	}
}

func (b *builder) pattern(f *model.Field, ds []*design.Directive) {
	d := design.Find(ds, "format")
	pattern := d.Arg("pattern")
	if pattern == nil || f.Kind == "" {
		return
	}
	if !textKinds[f.Kind] {
		b.problems.Add(d.Pos, WrongPlace, "", "@format is for texts; %s is %s", f.Name, article(string(f.Kind)))
		return
	}
	if f.Scalar != nil && f.Scalar.Pattern != "" {
		b.problems.Add(d.Pos, Contradiction, "", "%s has the format of %s already", f.Name, f.Scalar.Name)
		return
	}
	f.Pattern = pattern.Text
	b.checkPattern(pattern)
}

func (b *builder) decimal(f *model.Field, ds []*design.Directive) {
	d := design.Find(ds, "decimal")
	if f.Kind == model.Decimal && f.Digits == 0 {
		f.Digits, f.Scale = decimalDigits, decimalScale
	}
	if d == nil || f.Kind == "" {
		return
	}
	if f.Kind != model.Decimal {
		b.problems.Add(d.Pos, WrongPlace, "", "@decimal is for a Decimal; %s is %s", f.Name, article(string(f.Kind)))
		return
	}
	if n := whole(d.Arg("digits")); n != nil {
		f.Digits = *n
	}
	if n := whole(d.Arg("scale")); n != nil {
		f.Scale = *n
	}
	if f.Digits < 1 || f.Digits > decimalDigits || f.Scale < 0 || f.Scale > f.Digits {
		b.problems.Add(d.Pos, Contradiction, "digits is at most 18, which is what SQLite holds too, and scale at most digits", "a Decimal has 1 to 18 digits, of which scale stand after the point")
		f.Digits, f.Scale = decimalDigits, decimalScale
	}
}

// constrainFields reads @key, @unique, @index and @page where they stand on fields. A list is read as its entity is,
// unless it says otherwise: hence the entities' pages come first.
func (b *builder) constrainFields() {
	for _, e := range b.model.Entities {
		b.page(&e.Page, e, design.Find(b.declared[e].Directives, "page"))
	}
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			b.key(e, f)
			b.fieldUnique(e, f)
			b.fieldIndexes(e, f)
			if f.Kind == model.List && f.Target != nil {
				f.Page = f.Target.Page
				if d := design.Find(b.directives(f), "page"); d != nil {
					b.page(&f.Page, f.Target, d)
				}
			} else if d := design.Find(b.directives(f), "page"); d != nil && f.Kind != "" && !f.Repeated {
				b.problems.Add(d.Pos, WrongPlace, "", "@page is for lists; %s is %s", f.Name, article(string(f.Kind)))
			}
		}
	}
}

func (b *builder) key(e *model.Entity, f *model.Field) {
	d := design.Find(b.directives(f), "key")
	if d == nil || f.Kind == "" {
		return
	}
	switch {
	case f.Kind == model.UUID && !f.Repeated:
		b.problems.Add(d.Pos, WrongPlace, "write @unique, and filter by it", "a UUID in a URL is read as the id of its row, and never as its %s", f.Name)
	case !textKinds[f.Kind] && f.Kind != model.Int && f.Kind != model.Int64 || f.Repeated || isComputed(f):
		b.problems.Add(d.Pos, WrongPlace, "", "a @key stands in a URL: it is a text or a whole number, stored; %s is none", f.Name)
	case f.Null:
		t := b.written[f].Type
		b.problems.AddEdit(d.Pos, WrongPlace, fmt.Sprintf("write %s: %s!", f.Name, t.Name), diag.Edit{Pos: t.End, Text: "!"}, "a @key addresses every %s, so it is never null", e.Name)
	case e.Key != e.Fields[0]:
		b.problems.Add(d.Pos, Contradiction, "", "%s has a @key already: %s", e.Name, e.Key.Name)
	default:
		e.Key, e.Upsert = f, isTrue(d.Arg("upsert"))
		e.Uniques = append(e.Uniques, &model.Unique{Pos: d.Pos, Name: b.unusedName(e.Table, f.Column, "key"), Fields: []*model.Field{f}})
	}
}

func (b *builder) fieldUnique(e *model.Entity, f *model.Field) {
	for _, d := range design.FindAll(b.directives(f), "unique") {
		if f.Kind == "" {
			return
		}
		if fields := d.Arg("fields"); fields != nil {
			b.problems.Add(fields.Pos, WrongPlace, "put it on the type", "@unique on a field is about that field alone")
			continue
		}
		if !b.indexable(f, d, "@unique") {
			continue
		}
		b.unique(e, d, []*model.Field{f})
	}
}

// unique adds what @unique says of some fields.
func (b *builder) unique(e *model.Entity, d *design.Directive, fields []*model.Field) {
	for _, fields := range withArms(fields) {
		u := &model.Unique{Pos: d.Pos, Fields: fields, IgnoreCase: isTrue(d.Arg("ignoreCase")), Reveals: isTrue(d.Arg("reveals"))}
		b.ignoresCase(u, d)
		suffix := "key"
		if u.IgnoreCase {
			suffix = "ci_key"
		}
		u.Name = b.unusedName(append(append([]string{e.Table}, columns(fields)...), suffix)...)
		b.addUnique(e, u, d)
	}
}

// addUnique leaves out what a @key says already.
func (b *builder) addUnique(e *model.Entity, u *model.Unique, d *design.Directive) {
	if d.Arg("when") == nil && !u.IgnoreCase {
		for _, other := range e.Uniques {
			if sameFields(other.Fields, u.Fields) && !other.IgnoreCase && !b.partial(e, other) {
				return
			}
		}
	}
	e.Uniques = append(e.Uniques, u)
}

// partial says whether a unique was written with a condition, which is lowered later.
func (b *builder) partial(e *model.Entity, u *model.Unique) bool {
	for _, d := range append(design.FindAll(b.declared[e].Directives, "unique"), b.uniquesOfFields(e)...) {
		if d.Pos == u.Pos {
			return d.Arg("when") != nil
		}
	}
	return false
}

func (b *builder) uniquesOfFields(e *model.Entity) []*design.Directive {
	var ds []*design.Directive
	for _, f := range e.Fields {
		ds = append(ds, design.FindAll(b.directives(f), "unique")...)
	}
	return ds
}

func sameFields(a, b []*model.Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (b *builder) ignoresCase(u *model.Unique, d *design.Directive) {
	if !u.IgnoreCase {
		return
	}
	for _, f := range u.Fields {
		if textKinds[f.Kind] {
			return
		}
	}
	b.problems.Add(d.Pos, WrongPlace, "", "ignoreCase needs a text among the fields")
	u.IgnoreCase = false
}

func (b *builder) fieldIndexes(e *model.Entity, f *model.Field) {
	for _, d := range design.FindAll(b.directives(f), "index") {
		if f.Kind == "" || !f.Scalars() && !b.indexable(f, d, "@index") {
			continue
		}
		if fields := d.Arg("fields"); fields != nil {
			b.problems.Add(fields.Pos, WrongPlace, "put it on the type", "@index on a field is about that field alone")
			continue
		}
		for _, fields := range withArms([]*model.Field{f}) {
			e.Indexes = append(e.Indexes, &model.Index{Pos: d.Pos, Name: b.unusedName(e.Table, fields[0].Column, "idx"), Fields: fields})
		}
	}
}

// indexable reports a field that no index can hold.
func (b *builder) indexable(f *model.Field, d *design.Directive, what string) bool {
	switch {
	case isComputed(f):
		b.problems.Add(d.Pos, WrongPlace, "", "%s is about stored fields; %s is computed", what, f.Name)
	case f.Scalars():
		b.problems.Add(d.Pos, WrongPlace, "", "%s cannot hold %s: it is a list", what, f.Name)
	case f.Kind == model.List || f.Repeated || f.Kind == model.JSON || f.Kind == model.Bytes || f.Kind == model.File:
		b.problems.Add(d.Pos, WrongPlace, "", "%s cannot hold %s: it is %s", what, f.Name, article(string(f.Kind)))
	case f.Kind == model.Value:
		b.problems.Add(d.Pos, WrongPlace, "", "%s cannot hold %s as a whole: it has several columns", what, f.Name)
	default:
		return true
	}
	return false
}

func isTrue(v *design.Value) bool { return v != nil && v.Text == "true" }

func columns(fields []*model.Field) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.Column)
	}
	return out
}
