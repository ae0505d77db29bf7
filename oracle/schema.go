package oracle

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

// Schema is a design as the reference reads it: from the SDL, not from the product's model.
type Schema struct {
	Entities []*Type
	Types    map[string]*Type // entities and value objects
	Enums    map[string][]string
	Unions   map[string][]string
	Account  *Type
	Queries  []*Query // of extend type Query, with @where
	Tenant   *Tenancy // nil without
}

// Type is an entity or a value object.
type Type struct {
	Name     string
	Entity   bool
	Fields   []*Field
	Allow    map[string][]*Rule // by verb
	Checks   []*Check
	Uniques  []*Unique
	Order    []Order
	Soft     bool
	History  bool
	Spans    []*Span
	Shapes   []*Shape
	Internal bool
	By       *Field // the reference by which a row belongs to a tenant, nil of one that belongs to none
}

// Tenancy is @tenant.
type Tenancy struct {
	Of   *Type
	By   string   // PATH or HEADER
	When ast.Expr // whose rows are seen where no tenant is named; nil for all
}

// Belongs tells whether rows of t are a tenant's, or tenants.
func (s *Schema) Belongs(t *Type) bool { return s.Tenant != nil && (t == s.Tenant.Of || t.By != nil) }

// Field is a field of a Type.
type Field struct {
	Name     string
	Scalar   string // the scalar's name; "enum", "value", "reference", "list" of others
	Enum     string
	Type     *Type
	Null     bool
	Repeated bool // a list of scalars
	Auto     bool
	Virtual  bool // computed

	Inverse *Field // of a list: the reference of Type that points back
	Mutual  *Field // many-to-many: the list of Type that is the same relation; nil without
	Owner   bool   // many-to-many: this side is written
	Through *Type
	From    *Field // of Through
	To      *Field
	Bound   int
	Arms    []*Type // of a union
	Order   []Order

	Computed  ast.Expr
	Formula   string   // Computed as it is written
	Default   ast.Expr // nil without
	Given     *design.Value
	Allow     map[string][]*Rule
	Checks    []*Check
	OnDelete  string // empty where the design says nothing
	Key       bool
	ReadOnly  bool
	Immutable bool
	Internal  bool
	Search    bool
	Method    bool // worked out by Go
	Min, Max  *float64
	MinLength int
	MaxLength int
	Flow      map[string][]string
}

// Rule is an @allow.
type Rule struct {
	Text string
	When ast.Expr
}

// Check is an @check.
type Check struct {
	That ast.Expr
	Code string
}

// Span is an @noOverlap.
type Span struct {
	From, Until *Field
	Per         []*Field
	When        ast.Expr
}

// Shape is an interface that a type has.
type Shape struct {
	Name   string
	Fields []string
}

// Unique is a set of fields that no two living rows share.
type Unique struct {
	Fields     []*Field
	IgnoreCase bool
	When       ast.Expr
}

// Order is one key of an order.
type Order struct {
	Path       []string
	Descending bool
}

// Query is a query without Go.
type Query struct {
	Name  string
	Of    *Type
	Args  []*Field
	Where ast.Expr
	Allow []*Rule
	Order []Order
}

// Field returns the field of that name, nil without.
func (t *Type) Field(name string) *Field {
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// KeyField is the field that addresses an entity.
func (t *Type) KeyField() *Field {
	for _, f := range t.Fields {
		if f.Key {
			return f
		}
	}
	return t.Field("id")
}

// List tells whether f is a list of rows.
func (f *Field) List() bool { return f.Scalar == "list" }

// Parts tells whether rows of a list are written with the row: those that go with it.
func (f *Field) Parts() bool {
	return f.List() && f.Inverse != nil && f.Inverse.OnDelete == "CASCADE" && !f.Internal && !f.ReadOnly && !f.Type.Internal &&
		(f.PartsOf("CREATE") || f.PartsOf("UPDATE") || f.PartsOf("DELETE"))
}

// PartsOf tells whether a verb is among what can be done to the rows of a list.
func (f *Field) PartsOf(verb string) bool {
	others := func(fits func(other *Field) bool) bool {
		return slices.ContainsFunc(f.Type.Fields, func(other *Field) bool { return other != f.Inverse && other.settable() && fits(other) })
	}
	switch {
	case len(f.Type.Allow[verb]) == 0:
		return false
	case verb == "CREATE":
		return f.Inverse.settable() && others(func(*Field) bool { return true })
	case verb == "UPDATE":
		return others(func(other *Field) bool { return !other.Immutable })
	}
	return verb == "DELETE"
}

// settable tells whether clients give f in a new row, as a column of its own.
func (f *Field) settable() bool {
	return !f.Auto && !f.ReadOnly && !f.Internal && f.Computed == nil && !f.Virtual && !f.List()
}

// refers tells whether f holds a row: a reference, or a union of them.
func (f *Field) refers() bool { return f.Scalar == "reference" || f.Scalar == "union" }

// armName is what a union calls its reference to rows of a type.
func (f *Field) armName(t *Type) string { return strings.ToLower(t.Name[:1]) + t.Name[1:] }

// arm is the type of a union's reference of that name, nil without.
func (f *Field) arm(name string) *Type {
	for _, t := range f.Arms {
		if f.armName(t) == name {
			return t
		}
	}
	return nil
}

// Searched tells whether rows of t are searched.
func (t *Type) Searched() bool {
	return slices.ContainsFunc(t.Fields, func(f *Field) bool { return f.Search })
}

// ManyToMany tells whether links are kept in a table that is no entity's.
func (f *Field) ManyToMany() bool { return f.List() && f.Inverse == nil && f.Through == nil }

// newSchema reads a design that the product has found to be without mistakes.
func newSchema(text string) (*Schema, error) {
	var problems diag.List
	d := design.Parse([]design.Source{{Name: "design/world.graphql", Text: text}}, &problems)
	if len(problems) > 0 {
		return nil, fmt.Errorf("design: %v", problems)
	}
	s := &Schema{Types: map[string]*Type{}, Enums: map[string][]string{}, Unions: map[string][]string{}}
	shapes := map[string]*Shape{}
	for _, t := range d.Types {
		switch t.Kind {
		case design.Enum:
			for _, v := range t.Values {
				s.Enums[t.Name] = append(s.Enums[t.Name], v.Name)
			}
		case design.Union:
			for _, m := range t.Members {
				s.Unions[t.Name] = append(s.Unions[t.Name], m.Text)
			}
		case design.Interface:
			shapes[t.Name] = &Shape{Name: t.Name}
			for _, f := range t.Fields {
				shapes[t.Name].Fields = append(shapes[t.Name].Fields, f.Name)
			}
		case design.Object:
			made := &Type{Name: t.Name, Entity: design.Find(t.Directives, "entity") != nil}
			s.Types[t.Name] = made
			if made.Entity {
				s.Entities = append(s.Entities, made)
			}
		}
	}
	for _, t := range d.Types {
		if made := s.Types[t.Name]; made != nil {
			s.fields(made, t)
		}
	}
	for _, t := range d.Types {
		if made := s.Types[t.Name]; made != nil {
			s.relations(made, t)
		}
	}
	for _, t := range d.Types {
		if made := s.Types[t.Name]; made != nil {
			s.directives(made, t)
			for _, name := range t.Implements {
				made.Shapes = append(made.Shapes, shapes[name.Text])
			}
		}
	}
	for _, t := range d.Types {
		if tenant := design.Find(t.Directives, "tenant"); tenant != nil {
			s.tenancy(s.Types[t.Name], tenant)
		}
	}
	for _, o := range d.Operations {
		if where := design.Find(o.Directives, "where").Arg("that"); where != nil {
			s.query(o, where)
		}
	}
	return s, nil
}

// tenancy finds what belongs to tenants: what refers to one, or to what belongs to one, and has to.
func (s *Schema) tenancy(of *Type, d *design.Directive) {
	s.Tenant = &Tenancy{Of: of, By: "PATH", When: s.parse(d.Arg("when"))}
	if by := d.Arg("by"); by != nil {
		s.Tenant.By = by.Text
	}
	for inside := []*Type{of}; len(inside) > 0; {
		var next []*Type
		for _, t := range s.Entities {
			if t == of || t.By != nil {
				continue
			}
			for _, f := range t.Fields {
				if f.Scalar == "reference" && !f.Null && !f.Virtual && slices.Contains(inside, f.Type) && !slices.Contains(next, t) {
					next = append(next, t)
				}
			}
		}
		for _, t := range next {
			for _, f := range t.Fields {
				if t.By == nil && f.Scalar == "reference" && !f.Null && !f.Virtual && slices.Contains(inside, f.Type) {
					t.By = f
					f.Immutable = f.Immutable || f.Type == of
				}
			}
		}
		inside = next
	}
}

func (s *Schema) fields(to *Type, t *design.Type) {
	if to.Entity {
		for _, auto := range [][2]string{{"id", "ID"}, {"createdAt", "DateTime"}, {"updatedAt", "DateTime"}, {"version", "Int"}} {
			to.Fields = append(to.Fields, &Field{Name: auto[0], Scalar: auto[1], Auto: true})
		}
	}
	login := ""
	if account := design.Find(t.Directives, "account"); account != nil {
		s.Account, login = to, account.Arg("login").Text
	}
	for _, written := range t.Fields {
		f := s.typed(written)
		f.Key, f.Virtual = has(written, "key"), has(written, "computed")
		f.ReadOnly, f.Immutable, f.Internal = has(written, "readOnly"), has(written, "immutable"), has(written, "internal")
		f.Immutable = f.Immutable || f.Name == login // it changes by proving the new one
		if r := design.Find(written.Directives, "range"); r != nil {
			f.Min, f.Max = number(r.Arg("min")), number(r.Arg("max"))
		}
		if l := design.Find(written.Directives, "length"); l != nil {
			f.MinLength, f.MaxLength = whole(l.Arg("min")), whole(l.Arg("max"))
			if f.List() {
				f.Bound = f.MaxLength
			}
		}
		if d := design.Find(written.Directives, "onDelete").Arg("do"); d != nil {
			f.OnDelete = d.Text
		}
		for _, d := range design.FindAll(written.Directives, "flow") {
			if f.Flow == nil {
				f.Flow = map[string][]string{}
			}
			for _, to := range names(d.Arg("to")) {
				f.Flow[d.Arg("from").Text] = append(f.Flow[d.Arg("from").Text], to)
			}
		}
		to.Fields = append(to.Fields, f)
	}
}

// typed is a field by its type alone.
func (s *Schema) typed(written *design.Field) *Field {
	f := &Field{Name: written.Name, Scalar: written.Type.Name, Null: !written.Type.Required}
	switch target := s.Types[written.Type.Name]; {
	case s.Unions[written.Type.Name] != nil:
		f.Scalar = "union"
		for _, arm := range s.Unions[written.Type.Name] {
			f.Arms = append(f.Arms, s.Types[arm])
		}
	case s.Enums[written.Type.Name] != nil:
		f.Scalar, f.Enum = "enum", written.Type.Name
		f.Repeated = written.Type.List
	case target != nil && target.Entity && written.Type.List:
		f.Scalar, f.Type = "list", target
	case target != nil && target.Entity:
		f.Scalar, f.Type = "reference", target
	case target != nil:
		f.Scalar, f.Type = "value", target
	default:
		f.Repeated = written.Type.List
	}
	return f
}

func (s *Schema) relations(to *Type, t *design.Type) {
	for _, written := range t.Fields {
		f := to.Field(written.Name)
		if !f.List() || has(written, "computed") {
			continue
		}
		if through := design.Find(written.Directives, "through"); through != nil {
			f.Through = s.Types[through.Arg("entity").Text]
			f.From = referenceTo(f.Through, to, through.Arg("from"))
			f.To = referenceTo(f.Through, f.Type, through.Arg("to"))
			continue
		}
		if inverse := design.Find(written.Directives, "inverse"); inverse != nil {
			f.Inverse = f.Type.Field(inverse.Arg("field").Text)
			continue
		}
		f.Inverse = referenceTo(f.Type, to, nil)
	}
	for _, f := range to.Fields {
		if !f.ManyToMany() || f.Mutual != nil {
			continue
		}
		f.Owner = true
		for _, other := range f.Type.Fields {
			if other != f && other.List() && other.Type == to && other.Inverse == nil && other.Through == nil && referenceTo(to, f.Type, nil) == nil {
				f.Mutual, other.Mutual = other, f
				if f.Bound == 0 && other.Bound > 0 {
					f.Owner, other.Owner = false, true
				}
			}
		}
	}
}

// referenceTo is the reference of t to target: the one of that name, or the only one.
func referenceTo(t, target *Type, name *design.Value) *Field {
	if name != nil {
		return t.Field(name.Text)
	}
	for _, f := range t.Fields {
		if (f.Scalar == "reference" && f.Type == target || slices.Contains(f.Arms, target)) && !f.Virtual {
			return f
		}
	}
	return nil
}

func (s *Schema) directives(to *Type, t *design.Type) {
	to.Allow = s.rules(t.Directives, nil)
	to.Soft, to.History = design.Find(t.Directives, "softDelete") != nil, design.Find(t.Directives, "history") != nil
	for _, d := range design.FindAll(t.Directives, "noOverlap") {
		span := &Span{From: to.Field(d.Arg("from").Text), Until: to.Field(d.Arg("until").Text), When: s.parse(d.Arg("when"))}
		for _, name := range names(d.Arg("per")) {
			span.Per = append(span.Per, to.Field(name))
		}
		to.Spans = append(to.Spans, span)
	}
	to.Internal = design.Find(t.Directives, "internal") != nil
	to.Order = []Order{{Path: []string{"createdAt"}, Descending: true}}
	if order := orderOf(t.Directives); order != nil {
		to.Order = order
	}
	to.Checks = s.checks(t.Directives)
	for _, d := range design.FindAll(t.Directives, "unique") {
		u := &Unique{IgnoreCase: d.Arg("ignoreCase") != nil && d.Arg("ignoreCase").Text == "true", When: s.parse(d.Arg("when"))}
		for _, name := range names(d.Arg("fields")) {
			u.Fields = append(u.Fields, to.Field(name))
		}
		to.Uniques = append(to.Uniques, u)
	}
	for _, written := range t.Fields {
		f := to.Field(written.Name)
		f.Computed = s.parse(design.Find(written.Directives, "computed").Arg("from"))
		if from := design.Find(written.Directives, "computed").Arg("from"); from != nil {
			f.Formula = from.Text
		}
		f.Default = s.parse(design.Find(written.Directives, "default").Arg("from"))
		f.Given = design.Find(written.Directives, "default").Arg("value")
		f.Allow = s.rules(written.Directives, []string{"READ", "UPDATE"})
		f.Checks = s.checks(written.Directives)
		f.Search, f.Method = has(written, "search"), f.Virtual && f.Computed == nil
		f.Order = orderOf(written.Directives)
		for _, d := range design.FindAll(written.Directives, "unique") {
			to.Uniques = append(to.Uniques, &Unique{Fields: []*Field{f}, IgnoreCase: d.Arg("ignoreCase") != nil && d.Arg("ignoreCase").Text == "true", When: s.parse(d.Arg("when"))})
		}
		if f.Key {
			to.Uniques = append(to.Uniques, &Unique{Fields: []*Field{f}})
		}
	}
	for _, f := range to.Fields {
		if f.Through != nil {
			f.Through.Uniques = append(f.Through.Uniques, &Unique{Fields: []*Field{f.From, f.To}})
		}
	}
}

// PageOrder is how the rows of a list are ordered when the caller does not say.
func (f *Field) PageOrder() []Order {
	if f.Order != nil {
		return f.Order
	}
	return f.Type.Order
}

func (s *Schema) query(o *design.Operation, where *design.Value) {
	q := &Query{Name: o.Name, Of: s.Types[o.Type.Name], Where: s.parse(where), Order: orderOf(o.Directives)}
	if q.Order == nil {
		q.Order = q.Of.Order
	}
	for _, a := range o.Args {
		f := s.typed(a)
		if ref := design.Find(a.Directives, "ref").Arg("entity"); ref != nil {
			f.Scalar, f.Type = "reference", s.Types[ref.Text]
		}
		q.Args = append(q.Args, f)
	}
	for _, d := range design.FindAll(o.Directives, "allow") {
		q.Allow = append(q.Allow, &Rule{Text: d.Arg("when").Text, When: s.parse(d.Arg("when"))})
	}
	s.Queries = append(s.Queries, q)
}

func (s *Schema) rules(ds []*design.Directive, verbs []string) map[string][]*Rule {
	rules := map[string][]*Rule{}
	for _, d := range design.FindAll(ds, "allow") {
		do := names(d.Arg("do"))
		if do == nil {
			do = verbs
		}
		for _, verb := range do {
			rules[verb] = append(rules[verb], &Rule{Text: d.Arg("when").Text, When: s.parse(d.Arg("when"))})
		}
	}
	return rules
}

func (s *Schema) checks(ds []*design.Directive) (all []*Check) {
	for _, d := range design.FindAll(ds, "check") {
		c := &Check{That: s.parse(d.Arg("that")), Code: "CHECK_FAILED"}
		if code := d.Arg("code"); code != nil {
			c.Code = code.Text
		}
		all = append(all, c)
	}
	return all
}

// expressions reads CEL without macros: exists and its like stay the calls that they are written as.
var expressions = func() *parser.Parser {
	p, err := parser.NewParser()
	if err != nil {
		panic(err)
	}
	return p
}()

func (s *Schema) parse(v *design.Value) ast.Expr {
	if v == nil {
		return nil
	}
	parsed, errs := expressions.Parse(common.NewTextSource(v.Text))
	if len(errs.GetErrors()) > 0 {
		panic(v.Text + ": " + errs.ToDisplayString())
	}
	return parsed.Expr()
}

func orderOf(ds []*design.Directive) (order []Order) {
	for _, name := range names(design.Find(ds, "page").Arg("order")) {
		field, descending := strings.CutSuffix(name, "_DESC")
		order = append(order, Order{Path: []string{field}, Descending: descending})
	}
	return order
}

func has(f *design.Field, directive string) bool { return design.Find(f.Directives, directive) != nil }

func names(v *design.Value) (all []string) {
	switch {
	case v == nil:
		return nil
	case v.Kind == design.ListValue:
		for _, one := range v.List {
			all = append(all, one.Text)
		}
		return all
	}
	return []string{v.Text}
}

func number(v *design.Value) *float64 {
	if v == nil {
		return nil
	}
	n, err := strconv.ParseFloat(v.Text, 64)
	if err != nil {
		panic(err)
	}
	return &n
}

func whole(v *design.Value) int {
	if v == nil {
		return 0
	}
	n, err := strconv.Atoi(v.Text)
	if err != nil {
		panic(err)
	}
	return n
}

// isEnumValue tells whether a name is a value of some enum.
func (s *Schema) isEnumValue(name string) bool {
	for _, values := range s.Enums {
		if slices.Contains(values, name) {
			return true
		}
	}
	return false
}
