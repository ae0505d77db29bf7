package golang

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// literals prints composite literals of package meta: what is zero is left out.
type literals struct{ parts []string }

// part adds a part unless its text is empty.
func (l *literals) part(name, text string) {
	if text != "" {
		l.parts = append(l.parts, name+": "+text)
	}
}

func (l *literals) flag(name string, on bool) {
	if on {
		l.part(name, "true")
	}
}

func (l *literals) number(name string, n int) {
	if n != 0 {
		l.part(name, strconv.Itoa(n))
	}
}

func (l *literals) text(name, text string) {
	if text != "" {
		l.part(name, goString(text))
	}
}

func (l *literals) String() string { return "{" + strings.Join(l.parts, ", ") + "}" }

func entityMeta(p *printer, e *model.Entity) {
	p.f("")
	p.f("var %s = &meta.Entity{", metaName(e))
	p.f("Name: %q, Singular: %q, Plural: %q, Path: %q, Table: %q,", e.Name, e.Singular, e.Plural, e.Path, e.Table)
	if e.Doc != "" {
		p.f("Doc: %s,", goString(e.Doc))
	}
	p.f("Fields: []*meta.Field{")
	for _, f := range e.Fields {
		p.f("%s,", fieldMeta(f))
	}
	p.f("},")
	p.f("Key: %q,", e.Key.Name)
	if e.Upsert {
		p.f("Upsert: true,")
	}
	p.f("Page: %s,", pageMeta(e.Page))
	if allow := allowMeta(e.Allow); allow != "" {
		p.f("Allow: %s,", allow)
	}
	if len(e.Uniques) > 0 {
		p.f("Uniques: []meta.Unique{")
		for _, u := range e.Uniques {
			p.f("%s,", uniqueMeta(u))
		}
		p.f("},")
	}
	if len(e.Excludes) > 0 {
		p.f("Excludes: []meta.Exclusion{")
		for _, x := range e.Excludes {
			p.f("%s,", exclusionMeta(x))
		}
		p.f("},")
	}
	if checks := checksMeta(e.Checks); checks != "" {
		p.f("Checks: %s,", checks)
	}
	if e.Internal {
		p.f("Internal: true,")
	}
	if d := deprecationMeta(e.Deprecated, e.Sunset); d != "" {
		p.f("Deprecated: %s,", d)
	}
	if e.SoftDelete {
		p.f("SoftDelete: true,")
	}
	if e.TenantColumn != "" {
		by := ""
		if e.TenantBy != nil {
			by = e.TenantBy.Name
		}
		p.f("TenantColumn: %q, TenantBy: %q,", e.TenantColumn, by)
	}
	if e.HistoryOf != nil {
		p.f("HistoryOf: %q,", e.HistoryOf.Name)
	}
	if e.Keep > 0 {
		p.f("Keep: %s,", durationMeta(e.Keep))
	}
	p.f("}")
}

func fieldMeta(f *model.Field) string {
	var l literals
	l.text("Name", f.Name)
	l.text("Doc", f.Doc)
	if f.Kind != model.ID {
		l.part("Kind", metaKind(f.Kind))
	}
	l.text("Type", typeName(f))
	l.flag("Null", f.Null)
	l.flag("Repeated", f.Repeated)
	l.text("Column", f.Column)
	if f.Inverse != nil {
		l.text("Inverse", f.Inverse.Name)
	}
	if j := f.Join; j != nil {
		var join literals
		join.text("Table", j.Table)
		join.text("From", j.From)
		join.text("To", j.To)
		join.flag("Owner", j.Owner)
		if f.Through != nil {
			join.text("Through", f.Through.Entity.Name)
		}
		if j.Tenant != j.From && j.Tenant != j.To {
			join.text("Tenant", j.Tenant)
		}
		l.part("Join", "&meta.JoinTable"+join.String())
	}
	if f.Kind == model.List || f.Repeated && f.Kind == model.Ref && f.Page.Size > 0 {
		l.part("Page", pageMeta(f.Page))
	}
	if parts := f.Parts; parts != nil {
		var p literals
		p.flag("Create", parts.Create)
		p.flag("Update", parts.Update)
		p.flag("Delete", parts.Delete)
		l.part("Parts", "&meta.Parts"+p.String())
	}
	l.number("Bound", f.Bound)
	if len(f.Arms) > 0 {
		names := make([]string, len(f.Arms))
		for i, arm := range f.Arms {
			names[i] = arm.Name
		}
		l.part("Arms", "[]string{"+quoted(names...)+"}")
	}
	l.part("OnDelete", onDeleteMeta(f))
	l.part("OnGone", onGoneMeta(f))
	l.flag("Auto", f.Auto)
	l.flag("ReadOnly", f.ReadOnly)
	l.flag("Immutable", f.Immutable)
	l.flag("Internal", f.Internal)
	l.flag("WriteOnly", f.WriteOnly)
	l.flag("Personal", f.Personal)
	l.flag("Search", f.Search)
	if f.Default != nil {
		l.part("Default", expression(f.Default))
	}
	if f.Computed != nil {
		l.part("Computed", expression(f.Computed))
	}
	l.flag("Method", f.Method)
	l.part("Flow", flowMeta(f.Flow))
	if f.MinLength != nil {
		l.number("MinLength", *f.MinLength)
	}
	if f.MaxLength != nil {
		l.number("MaxLength", *f.MaxLength)
	}
	l.part("Min", bound(f.Min))
	l.part("Max", bound(f.Max))
	l.text("Pattern", pattern(f))
	l.number("Digits", f.Digits)
	l.number("Scale", f.Scale)
	l.part("Checks", checksMeta(f.Checks))
	l.part("Allow", allowMeta(f.Allow))
	l.part("Deprecated", deprecationMeta(f.Deprecated, f.Sunset))
	if f.Kind == model.Value && len(f.Fields) > 0 {
		l.part("Fields", fieldsMeta(f.Fields))
	}
	return l.String()
}

// flowMeta is the steps of a field, a line each.
func flowMeta(flow *model.Flow) string {
	if flow == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("&meta.Flow{\n")
	if len(flow.Begins) > 0 {
		fmt.Fprintf(&b, "Begins: []string{%s},\n", quoted(flow.Begins...))
	}
	b.WriteString("Steps: []meta.Step{\n")
	for _, s := range flow.Steps {
		fmt.Fprintf(&b, "{From: %q, To: []string{%s}},\n", s.From, quoted(s.To...))
	}
	return b.String() + "},\n}"
}

// onDeleteMeta is what the design says of a reference to rows that stay when they are deleted; the database knows the rest.
func onDeleteMeta(f *model.Field) string {
	switch {
	case f.Kind != model.Ref || !f.Said || f.Target == nil || !f.Target.Vanishes():
		return ""
	}
	return actionMeta(f.OnDelete)
}

// onGoneMeta is what the foreign key of a reference does.
func onGoneMeta(f *model.Field) string {
	if f.Kind != model.Ref || f.Column == "" || f.Computed != nil {
		return ""
	}
	return actionMeta(f.OnDelete)
}

func actionMeta(do model.OnDelete) string {
	switch do {
	case model.Cascade:
		return "meta.Cascade"
	case model.Restrict:
		return "meta.Restrict"
	}
	return ""
}

func durationMeta(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "24 * time.Hour"}, {time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"}} {
		if d%unit.length == 0 {
			return fmt.Sprintf("%d * %s", d/unit.length, unit.name)
		}
	}
	return strconv.FormatInt(int64(d), 10)
}

// fieldsMeta is the parts of a value object, a line each.
func fieldsMeta(fields []*model.Field) string {
	var b strings.Builder
	b.WriteString("[]*meta.Field{\n")
	for _, f := range fields {
		b.WriteString(fieldMeta(f) + ",\n")
	}
	return b.String() + "}"
}

// typeName is the enum, struct or entity of a field.
func typeName(f *model.Field) string {
	switch f.Kind {
	case model.EnumKind:
		return f.Enum.Name
	case model.Value, model.InputDTO:
		return f.Struct.Name
	case model.Ref, model.List:
		return f.Target.Name
	case model.Union:
		return f.Union.Name
	}
	return ""
}

// pattern is a field's own pattern, or that of its scalar.
func pattern(f *model.Field) string {
	if f.Pattern == "" && f.Scalar != nil {
		return f.Scalar.Pattern
	}
	return f.Pattern
}

func bound(b *float64) string {
	if b == nil {
		return ""
	}
	text := strconv.FormatFloat(*b, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return "new(" + text + ")"
}

func pageMeta(page model.Page) string {
	parts := []string{strconv.Itoa(page.Size), strconv.Itoa(page.Max)}
	for _, o := range page.Order {
		key := o.Field.Name
		if o.Descending {
			key = "-" + key
		}
		parts = append(parts, strconv.Quote(key))
	}
	return "meta.Pages(" + strings.Join(parts, ", ") + ")"
}

// grant is an @allow again: a rule with all of its verbs.
type grant struct {
	source, when string
	verbs        []string
}

// allowMeta is the rules of an entity or a field, empty without any.
func allowMeta(a model.Allow) string {
	var grants []*grant
	for _, verb := range []model.Verb{model.Read, model.Create, model.Update, model.Delete} {
		for _, r := range door.Rules(a, verb) {
			g := &grant{source: goString(sourceOf(r)), when: expression(r.When)}
			if i := slices.IndexFunc(grants, func(o *grant) bool { return o.source == g.source && o.when == g.when }); i >= 0 {
				g = grants[i]
			} else {
				grants = append(grants, g)
			}
			g.verbs = append(g.verbs, verbMeta(verb))
		}
	}
	if len(grants) == 0 {
		return ""
	}
	texts := make([]string, len(grants))
	for i, g := range grants {
		space := " "
		if len(g.source)+len(g.when) > 80 {
			space = "\n"
		}
		texts[i] = fmt.Sprintf("meta.When(%s,%s%s, %s)", g.source, space, g.when, strings.Join(g.verbs, ", "))
	}
	return "meta.Grants(\n" + strings.Join(texts, ",\n") + ",\n)"
}

// sourceOf is where a rule stands and how it reads.
func sourceOf(r *model.Rule) string {
	if r.Pos.File == "" {
		return r.Source
	}
	return fmt.Sprintf("%s:%d:%d: %s", r.Pos.File, r.Pos.Line, r.Pos.Column, r.Source)
}

func rulesMeta(rules []*model.Rule) string {
	texts := make([]string, len(rules))
	for i, r := range rules {
		source := goString(sourceOf(r))
		texts[i] = fmt.Sprintf("{Source: %s, When: %s}", source, expression(r.When))
		if len(texts[i]) > 80 {
			texts[i] = fmt.Sprintf("{\nSource: %s,\nWhen: %s,\n}", source, expression(r.When))
		}
	}
	if len(texts) == 1 {
		return "[]meta.Rule{" + texts[0] + "}"
	}
	return "[]meta.Rule{\n" + strings.Join(texts, ",\n") + ",\n}"
}

func exclusionMeta(x *model.Exclusion) string {
	var l literals
	l.text("Name", x.Name)
	l.text("From", x.From.Name)
	l.text("Until", x.Until.Name)
	if len(x.Per) > 0 {
		l.part("Per", namesMeta(x.Per))
	}
	if x.When != nil {
		l.part("When", expression(x.When))
	}
	l.text("Code", x.Code)
	return l.String()
}

func namesMeta(fields []*model.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return "[]string{" + quoted(names...) + "}"
}

func uniqueMeta(u *model.Unique) string {
	var l literals
	l.text("Name", u.Name)
	l.part("Fields", namesMeta(u.Fields))
	l.flag("IgnoreCase", u.IgnoreCase)
	if u.When != nil {
		l.part("When", expression(u.When))
	}
	return l.String()
}

func checksMeta(checks []*model.Check) string {
	if len(checks) == 0 {
		return ""
	}
	texts := make([]string, len(checks))
	for i, c := range checks {
		var l literals
		l.text("Name", c.Name)
		l.part("That", expression(c.That))
		l.text("Code", c.Code)
		if c.Field != nil {
			l.text("Field", c.Field.Name)
		}
		l.flag("Local", c.Local)
		texts[i] = l.String()
	}
	return "[]meta.Check{" + strings.Join(texts, ", ") + "}"
}

func enumMeta(p *printer, e *model.Enum) {
	var l literals
	l.text("Name", e.Name)
	l.text("Doc", e.Doc)
	values := make([]string, len(e.Values))
	for i, v := range e.Values {
		values[i] = v.Name
	}
	l.part("Values", "[]string{"+quoted(values...)+"}")
	var gone []string
	for _, v := range e.Values {
		if d := deprecationMeta(v.Deprecated, v.Sunset); d != "" {
			gone = append(gone, fmt.Sprintf("%q: %s", v.Name, strings.TrimPrefix(d, "&meta.Deprecation")))
		}
	}
	if gone != nil {
		l.part("Deprecated", "map[string]*meta.Deprecation{"+strings.Join(gone, ", ")+"}")
	}
	p.f("%s,", l.String())
}

func structMeta(p *printer, s *model.Struct, input bool) {
	p.f("{")
	p.f("Name: %q,", s.Name)
	if s.Doc != "" {
		p.f("Doc: %s,", goString(s.Doc))
	}
	if input {
		p.f("Input: true,")
	}
	p.f("Fields: []*meta.Field{")
	for _, f := range s.Fields {
		p.f("%s,", fieldMeta(f))
	}
	p.f("},")
	p.f("},")
}

func operationMeta(p *printer, o *model.Operation) {
	p.f("{")
	p.f("Name: %q,", o.Name)
	if o.Doc != "" {
		p.f("Doc: %s,", goString(o.Doc))
	}
	if o.Kind == model.Mutation {
		p.f("Mutation: true,")
	}
	if len(o.Args) > 0 {
		p.f("Args: []*meta.Field{")
		for _, f := range o.Args {
			p.f("%s,", fieldMeta(f))
		}
		p.f("},")
	}
	p.f("Result: &meta.Field%s,", fieldMeta(o.Result))
	if len(o.Allow) > 0 && !o.Internal { // without a rule it opens no door
		p.f("Allow: %s,", rulesMeta(o.Allow))
	}
	if len(o.Fails) > 0 {
		texts := make([]string, len(o.Fails))
		for i, f := range o.Fails {
			texts[i] = fmt.Sprintf("{Code: %q, Status: %d}", f.Code, f.Status)
		}
		p.f("Fails: []meta.Fault{%s},", strings.Join(texts, ", "))
	}
	if len(o.On) > 0 {
		verbs := make([]string, len(o.On))
		for i, verb := range o.On {
			verbs[i] = verbMeta(verb)
		}
		p.f("On: []meta.Verb{%s},", strings.Join(verbs, ", "))
	} else {
		p.f("Method: %q, Path: %q,", o.Method, o.Path)
	}
	if o.Retryable {
		p.f("Retry: true,")
	}
	if o.Where != nil {
		p.f("Where: %s,", expression(o.Where))
	}
	if d := deprecationMeta(o.Deprecated, o.Sunset); d != "" {
		p.f("Deprecated: %s,", d)
	}
	p.f("},")
}

// deprecationMeta is what callers are told of something that goes, empty where it does not.
func deprecationMeta(reason string, s *model.Sunset) string {
	if reason == "" {
		return ""
	}
	var parts []string
	if s != nil {
		if !s.Since.IsZero() {
			parts = append(parts, fmt.Sprintf("Since: %d", s.Since.Unix()))
		}
		if !s.On.IsZero() {
			parts = append(parts, fmt.Sprintf("On: %d", s.On.Unix()))
		}
		if s.See != "" {
			parts = append(parts, fmt.Sprintf("See: %q", s.See))
		}
	}
	return "&meta.Deprecation{" + strings.Join(parts, ", ") + "}"
}
