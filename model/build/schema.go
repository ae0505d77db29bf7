package build

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

// Schema is the database of a model: a table an entity, a table a many-to-many relation, and the runtime's own tables
// where there is use for them.
func Schema(m *model.Model) *schema.Schema {
	out := &schema.Schema{Tables: []*schema.Table{keyTable()}}
	for _, e := range m.Entities {
		out.Tables = append(out.Tables, entityTable(m, e))
		if e.History != nil {
			out.Tables = append(out.Tables, historyTable(e.History))
		}
	}
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			if f.Join != nil && f.Join.Owner {
				out.Tables = append(out.Tables, joinTable(e, f))
			}
		}
	}
	if m.Account != nil {
		out.Tables = append(out.Tables, accountSchema(m.Account.Entity.Table)...)
	}
	if slices.ContainsFunc(m.Entities, isNumbered) {
		out.Tables = append(out.Tables, counterTable())
	}
	if slices.ContainsFunc(m.Modules, tells) {
		out.Tables = append(out.Tables, outboxTable(m))
	}
	tenantKeys(out)
	for _, t := range out.Tables {
		sortTable(t)
	}
	slices.SortFunc(out.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func sortTable(t *schema.Table) {
	slices.SortFunc(t.Indexes, func(a, b *schema.Index) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(t.ForeignKeys, func(a, b *schema.ForeignKey) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(t.Exclusions, func(a, b *schema.Exclusion) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(t.Checks, func(a, b *schema.Check) int { return strings.Compare(a.Name, b.Name) })
}

// tableBuilder fills one table.
type tableBuilder struct {
	table  *schema.Table
	entity *model.Entity
	checks map[string]bool
}

func entityTable(m *model.Model, e *model.Entity) *schema.Table {
	t := &tableBuilder{
		table:  &schema.Table{Name: e.Table, Was: e.Was, Comment: firstLine(e.Doc), PrimaryKey: []string{"id"}},
		entity: e,
		checks: map[string]bool{},
	}
	t.columns(e.Fields, false)
	t.tenant()
	t.table.Search = slices.Sorted(slices.Values(columns(e.Search)))
	t.tombstone()
	for _, u := range e.Uniques {
		t.unique(u)
	}
	for _, i := range e.Indexes {
		t.index(i)
	}
	for _, x := range e.Excludes {
		t.exclusion(x)
	}
	t.pageIndex()
	t.foreignKeys()
	t.queryIndexes(m)
	t.purgeIndex()
	for _, c := range append(append([]*model.Check{}, e.Checks...), checksOf(e.Fields)...) {
		if that, ok := predicate(e, c.That); c.Local && ok {
			t.check(c.Name, that)
		}
	}
	return t.table
}

// columnTypes are the logical types of kinds.
var columnTypes = map[model.Kind]schema.Type{
	model.ID: schema.UUID, model.String: schema.Text, model.Int: schema.Integer, model.Int64: schema.BigInt,
	model.Float: schema.Double, model.Boolean: schema.Boolean, model.Decimal: schema.Decimal,
	model.DateTime: schema.DateTime, model.Date: schema.Date, model.Time: schema.Time, model.Duration: schema.Duration,
	model.UUID: schema.UUID, model.Email: schema.Text, model.URL: schema.Text, model.JSON: schema.JSON,
	model.Bytes: schema.Bytes, model.TimeZone: schema.Text, model.Country: schema.Text, model.Currency: schema.Text,
	model.EnumKind: schema.Text, model.Ref: schema.UUID,
}

// columns adds the fields; the parts of a value object that may be absent may be null.
func (t *tableBuilder) columns(fields []*model.Field, optional bool) {
	for _, f := range fields {
		switch {
		case f.Kind == model.Value && !f.Repeated:
			t.columns(f.Fields, optional || f.Null)
			if f.Null {
				t.together(f)
			}
		case f.Column == "" || isComputed(f) || f.Repeated && !f.Scalars() || columnTypes[f.Kind] == "":
		default:
			t.column(f, optional)
		}
	}
}

func (t *tableBuilder) column(f *model.Field, optional bool) {
	c := &schema.Column{Name: f.Column, Was: f.Was, Type: columnTypes[f.Kind], List: f.Repeated, Null: f.Null || optional, Comment: firstLine(f.Doc)}
	if f.Kind == model.Decimal {
		c.Digits, c.Scale = f.Digits, f.Scale
		if c.Digits == decimalDigits && c.Scale == decimalScale {
			c.Digits = 19 // as it was before 18 were the most: to narrow it would ask for a migration that may lose data
		}
	}
	if f.Auto && f.Name == "version" {
		c.Default = &schema.Value{Text: "1"}
	}
	if d := f.Default; d != nil && d.Op == model.Const && d.Value != nil {
		c.Default = &schema.Value{Text: defaultText(d)}
	}
	if f.Kind == model.EnumKind {
		c.Renamed = renamings(f.Enum)
	}
	t.table.Columns = append(t.table.Columns, c)
	if f.Repeated {
		t.listChecks(f)
		return
	}
	t.fieldChecks(f, c.Null)
}

func defaultText(x *model.Expr) string {
	switch v := x.Value.(type) {
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = defaultText(&model.Expr{Kind: x.Kind, Value: item})
		}
		text, err := json.Marshal(texts)
		if err != nil {
			panic(fmt.Sprintf("default %v: %v", v, err))
		}
		return string(text)
	case string:
		return v
	case int64:
		if x.Kind == model.Duration {
			return (time.Duration(v) * time.Microsecond).String()
		}
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	default:
		return fmt.Sprint(v)
	}
}

// listChecks writes the bounds of a list, and of what values it is where a database can say so: a check of SQLite cannot
// look into a list.
func (t *tableBuilder) listChecks(f *model.Field) {
	column := quote(f.Column)
	length := func(sign string, n int) schema.Predicate {
		return schema.Predicate{
			SQLite:   fmt.Sprintf("json_array_length(%s) %s %d", column, sign, n),
			Postgres: fmt.Sprintf("cardinality(%s) %s %d", column, sign, n),
		}
	}
	if f.Kind == model.EnumKind {
		t.check(sqlName(t.table.Name, f.Column, "values"), schema.Predicate{
			SQLite: "json_type(" + column + ") = 'array'", Postgres: column + " <@ array[" + enumValues(f.Enum) + "]",
		})
	}
	if f.MinLength != nil && *f.MinLength > 0 {
		t.check(sqlName(t.table.Name, f.Column, "min_length"), length(">=", *f.MinLength))
	}
	if f.MaxLength != nil {
		t.check(sqlName(t.table.Name, f.Column, "max_length"), length("<=", *f.MaxLength))
	}
}

// renamings is the values of an enum that were called otherwise. A name that another value has by now was not that of this one.
func renamings(e *model.Enum) []schema.Renaming {
	var all []schema.Renaming
	for _, v := range e.Values {
		if v.Former != "" && !hasValue(e, v.Former) {
			all = append(all, schema.Renaming{Was: v.Former, Name: v.Name})
		}
	}
	return all
}

func enumValues(e *model.Enum) string {
	values := make([]string, len(e.Values))
	for i, v := range e.Values {
		values[i] = literal(v.Name)
	}
	return strings.Join(values, ", ")
}

// fieldChecks writes the validation of a field that SQL can say. A null passes: a constraint is broken only when false.
func (t *tableBuilder) fieldChecks(f *model.Field, _ bool) {
	column := quote(f.Column)
	same := func(sql string) schema.Predicate { return schema.Predicate{SQLite: sql, Postgres: sql} }
	if f.Kind == model.EnumKind {
		t.check(sqlName(t.table.Name, f.Column, "values"), same(column+" in ("+enumValues(f.Enum)+")"))
	}
	if textKinds[f.Kind] {
		length := func(sign string, n int) schema.Predicate {
			return schema.Predicate{
				SQLite:   fmt.Sprintf("length(%s) %s %d", column, sign, n),
				Postgres: fmt.Sprintf("char_length(%s) %s %d", column, sign, n),
			}
		}
		if f.MinLength != nil && *f.MinLength > 0 {
			t.check(sqlName(t.table.Name, f.Column, "min_length"), length(">=", *f.MinLength))
		}
		if f.MaxLength != nil {
			t.check(sqlName(t.table.Name, f.Column, "max_length"), length("<=", *f.MaxLength))
		}
	}
	t.bound(f, "min", ">=", f.Min)
	t.bound(f, "max", "<=", f.Max)
}

func (t *tableBuilder) bound(f *model.Field, name, sign string, bound *float64) {
	if bound == nil {
		return
	}
	text := strconv.FormatFloat(*bound, 'f', -1, 64)
	lite := text
	if f.Kind == model.Decimal {
		var ok bool
		if lite, ok = scaled(text, f.Scale); !ok {
			return // finer than the column: the store checks it
		}
	}
	column := quote(f.Column)
	t.check(sqlName(t.table.Name, f.Column, name), schema.Predicate{SQLite: column + " " + sign + " " + lite, Postgres: column + " " + sign + " " + text})
}

// together keeps the required parts of an optional value object all there or all absent.
func (t *tableBuilder) together(f *model.Field) {
	var required []string
	eachColumn(f.Fields, func(part *model.Field) {
		if !part.Null {
			required = append(required, quote(part.Column))
		}
	})
	if len(required) < 2 {
		return
	}
	var pairs []string
	for _, column := range required[1:] {
		pairs = append(pairs, fmt.Sprintf("(%s is null) = (%s is null)", required[0], column))
	}
	sql := strings.Join(pairs, " and ")
	t.check(sqlName(t.table.Name, f.Column, "together"), schema.Predicate{SQLite: sql, Postgres: sql})
}

func (t *tableBuilder) check(name string, that schema.Predicate) {
	for n := 2; t.checks[name]; n++ {
		name = sqlName(strings.TrimSuffix(name, "_check"), strconv.Itoa(n), "check")
	}
	t.checks[name] = true
	t.table.Checks = append(t.table.Checks, &schema.Check{Name: name, That: that})
}

func (t *tableBuilder) parts(fields []*model.Field, ignoreCase bool) []schema.IndexPart {
	var parts []schema.IndexPart
	for _, f := range fields {
		parts = append(parts, schema.IndexPart{Column: f.Column, IgnoreCase: ignoreCase && textKinds[f.Kind]})
	}
	return parts
}

func (t *tableBuilder) unique(u *model.Unique) {
	i := &schema.Index{Name: u.Name, Unique: true, Parts: t.prefixed(u.Fields, t.parts(u.Fields, u.IgnoreCase))}
	i.Where = t.where(u.When)
	if t.entity.SoftDelete {
		i.Where = amongLiving(i.Where)
	}
	t.table.Indexes = append(t.table.Indexes, i)
}

func (t *tableBuilder) index(x *model.Index) {
	i := &schema.Index{Name: x.Name, Parts: t.parts(x.Fields, false), Lists: x.Fields[0].Scalars()}
	if !i.Lists && t.entity.TenantColumn != "id" && !ofTenant(x.Fields[:1]) {
		i.Parts = t.prefixed(nil, i.Parts)
	}
	i.Where = t.where(x.When)
	t.table.Indexes = append(t.table.Indexes, i)
}

func (t *tableBuilder) exclusion(x *model.Exclusion) {
	where := t.where(x.When)
	if t.entity.SoftDelete {
		where = amongLiving(where)
	}
	t.table.Exclusions = append(t.table.Exclusions, &schema.Exclusion{
		Name: x.Name, From: x.From.Column, Until: x.Until.Column, Per: t.perTenant(x.Per), Where: where,
	})
}

// where is the condition of what is about some rows only.
func (t *tableBuilder) where(when *model.Expr) *schema.Predicate {
	if when == nil {
		return nil
	}
	that, ok := predicate(t.entity, when)
	if !ok {
		return nil
	}
	return &that
}

// tombstone adds the column that tells deleted rows from living ones.
func (t *tableBuilder) tombstone() {
	if t.entity.SoftDelete {
		t.table.Columns = append(t.table.Columns, &schema.Column{Name: model.DeletedAt, Type: schema.DateTime, Null: true, Tombstone: true, Kept: kept(t.entity)})
	}
}

// amongLiving leaves the deleted rows out of what is about the rows of a condition, or of all of them.
func amongLiving(when *schema.Predicate) *schema.Predicate {
	lives := quote(model.DeletedAt) + " is null"
	if when == nil {
		return &schema.Predicate{SQLite: lives, Postgres: lives}
	}
	return &schema.Predicate{SQLite: lives + " and (" + when.SQLite + ")", Postgres: lives + " and (" + when.Postgres + ")"}
}

func kept(e *model.Entity) string {
	if e.Keep == 0 {
		return schema.Ever
	}
	return e.Keep.String()
}

// purgeIndex finds the rows whose time has come.
func (t *tableBuilder) purgeIndex() {
	if !t.entity.SoftDelete || t.entity.Keep == 0 {
		return
	}
	deleted := quote(model.DeletedAt) + " is not null"
	columns := []string{model.DeletedAt, "id"}
	t.table.Indexes = append(t.table.Indexes, &schema.Index{
		Name: t.unusedIndex(columns), Parts: []schema.IndexPart{{Column: columns[0]}, {Column: columns[1]}},
		Where: &schema.Predicate{SQLite: deleted, Postgres: deleted},
	})
}

// foreignKeys adds the key of each reference, and an index where none begins with its column.
func (t *tableBuilder) foreignKeys() {
	for _, f := range t.entity.Fields {
		if f.Kind != model.Ref || f.Column == "" || isComputed(f) {
			continue
		}
		t.table.ForeignKeys = append(t.table.ForeignKeys, t.keepInTenant(f, &schema.ForeignKey{
			Name:     sqlName(t.table.Name, f.Column, "fkey"),
			Columns:  []string{f.Column},
			Table:    f.Target.Table,
			To:       []string{"id"},
			OnDelete: action(f.OnDelete),
		}))
		t.listIndex(f)
		t.indexed(f.Column)
	}
}

// listIndex serves the first and every next page of the list that a reference is the other side of: the rows of one
// parent, in the order of the list. A list that is bounded is read whole, and finds its rows by the reference alone.
func (t *tableBuilder) listIndex(f *model.Field) {
	for _, list := range f.Target.Fields {
		if list.Kind == model.List && list.Inverse == f && list.Bound == 0 {
			t.ordered(list.Page.Order, f.Column)
			return
		}
	}
}

func action(do model.OnDelete) schema.Action {
	switch do {
	case model.Cascade:
		return schema.Cascade
	case model.SetNull:
		return schema.SetNull
	}
	return schema.Restrict
}

// indexed makes sure that an index over all rows begins with these columns.
func (t *tableBuilder) indexed(columns ...string) {
	parts := make([]schema.IndexPart, len(columns))
	for i, c := range columns {
		parts[i] = schema.IndexPart{Column: c}
	}
	if !t.leads(parts) {
		t.table.Indexes = append(t.table.Indexes, &schema.Index{Name: t.unusedIndex(columns), Parts: parts})
	}
}

func (t *tableBuilder) leads(parts []schema.IndexPart) bool {
	for _, i := range t.table.Indexes {
		if i.Where == nil && len(i.Parts) >= len(parts) && slices.Equal(i.Parts[:len(parts)], parts) {
			return true
		}
	}
	return false
}

func (t *tableBuilder) unusedIndex(columns []string) string {
	parts := append([]string{t.table.Name}, columns...)
	name := sqlName(append(parts, "idx")...)
	for n := 2; slices.ContainsFunc(t.table.Indexes, func(i *schema.Index) bool { return i.Name == name }); n++ {
		name = sqlName(append(slices.Clone(parts), strconv.Itoa(n), "idx")...)
	}
	return name
}

// pageIndex serves the first and every next page of the entity's own list.
func (t *tableBuilder) pageIndex() {
	e := t.entity
	if len(e.Allow.Read) == 0 || e.Internal {
		return
	}
	if e.TenantColumn != "" && e.TenantColumn != "id" {
		t.ordered(e.Page.Order, e.TenantColumn)
		return
	}
	t.ordered(e.Page.Order)
}

// ordered adds an index of the rows that are alike in some columns, in an order and then by id. An index is read in both
// directions, so only a mix of directions needs to be told.
func (t *tableBuilder) ordered(order []model.Order, alike ...string) {
	var parts []schema.IndexPart
	for _, column := range alike {
		parts = append(parts, schema.IndexPart{Column: column})
	}
	columns := slices.Clone(alike)
	mixed := slices.ContainsFunc(order, func(o model.Order) bool { return o.Descending != order[0].Descending })
	for _, o := range order {
		if o.Field.Column == "" || isComputed(o.Field) || o.Field.Auto && o.Field.Name == "id" {
			return
		}
		if slices.Contains(columns, o.Field.Column) {
			continue
		}
		parts = append(parts, schema.IndexPart{Column: o.Field.Column, Descending: mixed && o.Descending})
		columns = append(columns, o.Field.Column)
	}
	last := len(order) > 0 && order[len(order)-1].Descending
	parts = append(parts, schema.IndexPart{Column: "id", Descending: mixed && last})
	columns = append(columns, "id")
	if !t.leads(parts) {
		t.table.Indexes = append(t.table.Indexes, &schema.Index{Name: t.unusedIndex(columns), Parts: parts})
	}
}

// joinTable holds a many-to-many relation: its key leads from the owner, an index leads back.
func joinTable(e *model.Entity, f *model.Field) *schema.Table {
	j := f.Join
	t := &schema.Table{
		Name:       j.Table,
		Columns:    []*schema.Column{{Name: j.From, Type: schema.UUID}, {Name: j.To, Type: schema.UUID}},
		PrimaryKey: []string{j.From, j.To},
		Indexes:    []*schema.Index{{Name: sqlName(j.Table, j.To, j.From, "idx"), Parts: []schema.IndexPart{{Column: j.To}, {Column: j.From}}}},
	}
	if j.Tenant != "" && j.Tenant != j.From && j.Tenant != j.To {
		t.Columns = append(t.Columns, &schema.Column{Name: j.Tenant, Type: schema.UUID, Copied: &schema.Copied{By: j.From, Table: e.Table, Column: e.TenantColumn}})
	}
	for _, side := range []struct {
		column string
		entity *model.Entity
	}{{j.From, e}, {j.To, f.Target}} {
		key := &schema.ForeignKey{
			Name: sqlName(j.Table, side.column, "fkey"), Columns: []string{side.column},
			Table: side.entity.Table, To: []string{"id"}, OnDelete: schema.Cascade,
		}
		if j.Tenant != "" && j.Tenant != side.column {
			key.Columns, key.To = []string{j.Tenant, side.column}, []string{side.entity.TenantColumn, "id"}
		}
		t.ForeignKeys = append(t.ForeignKeys, key)
	}
	return t
}

func firstLine(doc string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(doc), "\n")
	return line
}
