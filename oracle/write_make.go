package oracle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// draft is a row to be made, of another where by is not nil.
type draft struct {
	label  string
	id     string
	values map[string]any
	of     *Row
	by     *Field
	in     *Row // the tenant of the row that it belongs to
}

// makeAll makes rows of an entity, with those that come with them.
func (w *writer) makeAll(t *Type, drafts []draft) {
	var kinds []string
	lots := map[string][]draft{}
	for _, d := range drafts {
		w.made++
		d.id = fmt.Sprintf("%08d", w.made)
		kind := d.ruled(t)
		if lots[kind] == nil {
			kinds = append(kinds, kind)
		}
		lots[kind] = append(lots[kind], d)
	}
	for _, kind := range kinds {
		w.makeLot(t, lots[kind])
	}
}

// ruled tells which rows are made together: those that set the same fields of those that have rules.
func (d draft) ruled(t *Type) string {
	var names []string
	for _, f := range t.Fields {
		v, given := d.values[f.Name]
		if _, links := v.(map[string]any); links && f.List() {
			given = anyOf(v)
		}
		switch {
		case f == d.by && len(f.Allow["CREATE"]) > 0:
			names = append(names, f.Name)
		case given && !f.Parts() && (len(f.Allow["CREATE"]) > 0 || f.List()):
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// anyOf tells whether something is to be done to a list.
func anyOf(v any) bool {
	for _, items := range objectOf(v) {
		if list, _ := items.([]any); len(list) > 0 {
			return true
		}
	}
	return false
}

func objectOf(v any) map[string]any {
	object, _ := v.(map[string]any)
	return object
}

func (w *writer) makeLot(t *Type, drafts []draft) {
	rows, given := make([]*Row, len(drafts)), make([][]*Field, len(drafts))
	for i, d := range drafts {
		w.within(cmp.Or(d.in, w.In), func() { rows[i], given[i] = w.make(t, d) })
	}
	if slices.Contains(w.o.problems, "INVALID") {
		// Rules that need the row cannot be asked of half a one; they may still be what is told.
		w.o.fail(denied(w.viewer))
		return
	}
	for _, f := range t.Fields {
		if !f.Parts() {
			continue
		}
		var parts []draft
		for i, d := range drafts {
			parts = append(parts, w.draftsOf(rows[i], f, d.values[f.Name])...)
		}
		if len(parts) > 0 {
			w.nested = true
			w.makeAll(f.Type, parts)
		}
	}
	for i, row := range rows {
		w.judge(func() []string {
			said := w.after(row, nil, given[i], "CREATE", nil)
			if slices.ContainsFunc(t.Fields, func(f *Field) bool { return f.Parts() && anyOf(drafts[i].values[f.Name]) }) && !w.system && !w.reader(w.viewer).Sees(row) {
				said = append(said, "INVALID") // whoever refers to it must see it
			}
			return said
		})
	}
}

// draftsOf is the rows that a list is to have more.
func (w *writer) draftsOf(row *Row, f *Field, v any) (drafts []draft) {
	items, _ := objectOf(v)["create"].([]any)
	for _, item := range items {
		values := maps.Clone(objectOf(item))
		label, _ := values[labelMember].(string)
		delete(values, labelMember)
		drafts = append(drafts, draft{label: label, values: values, of: row, by: f.Inverse, in: w.tenantFor(row)})
	}
	return drafts
}

// labelMember is what a row that is made with another is called, among its values.
const labelMember = "$row"

// make makes a row as it stands before rules are asked, and the fields that were given.
func (w *writer) make(t *Type, d draft) (*Row, []*Field) {
	o := w.o
	row := &Row{Type: t, Label: d.label, ID: d.id, Values: Object{"createdAt": w.Now, "updatedAt": w.Now, "version": int64(1)}}
	row.Values["id"] = row.ID
	var given []*Field
	if d.by != nil {
		row.Values[d.by.Name], given = d.of, []*Field{d.by}
	}
	tenant := w.settle(row, d)
	w.within(tenant, func() {
		given = append(given, w.take(row, d.values, "CREATE")...)
		w.defaults(o, row, given, w.viewer)
	})
	for _, f := range t.Fields {
		v := row.Values[f.Name]
		if v == nil && !f.Null && f.Computed == nil && !f.List() && !f.Virtual && !f.counts() {
			o.fail("INVALID")
			if f.Default != nil && w.viewer == nil {
				o.fail("UNAUTHENTICATED")
			}
		}
		if f.Flow != nil && slices.Contains(given, f) && v != nil && !slices.Contains(w.begins(f), v.(string)) {
			o.fail("INVALID")
		}
	}
	for _, f := range t.Fields {
		if w.Schema.Tenant != nil && t == w.Schema.Tenant.Of && slices.ContainsFunc(referred(row.Values[f.Name]), func(to *Row) bool { return to.Type.By != nil }) {
			o.fail("INVALID") // what belongs to another tenant cannot be of a new one
			if w.taken(row) {
				o.fail("CONFLICT")
			}
		}
	}
	if slices.Contains(o.problems, "INVALID") {
		return row, given
	}
	w.number(row)
	w.Rows[t] = append(w.Rows[t], row)
	w.labels[d.label] = row
	o.made = append(o.made, row)
	if w.taken(row) {
		o.fail("CONFLICT")
	}
	w.remember(row, w.viewer, "CREATE", nil, given)
	return row, given
}

// settle is the tenant in which a new row is: that of the request, or of the row by which it belongs to one. A tenant itself
// is made where none is named.
func (w *writer) settle(row *Row, d draft) *Row {
	t, by := row.Type, row.Type.By
	switch {
	case w.Schema.Tenant != nil && t == w.Schema.Tenant.Of && w.In != nil:
		w.o.fail("FORBIDDEN")
	case by == nil:
	case w.In != nil && by.Type == w.Schema.Tenant.Of && d.values[by.Name] == nil && d.by != by:
		row.Values[by.Name] = w.In
	case w.In == nil:
		to, _ := row.Values[by.Name].(*Row)
		if label, ok := d.values[by.Name].(string); ok {
			to = w.label(by.Type, label)
			if !w.Lives(to) || !w.system && !w.reader(w.viewer).Sees(to) {
				w.o.fail("INVALID")
				return nil
			}
		}
		if to == nil && by.Default != nil {
			to, _ = env{world: w.World, row: row, values: row.Values, viewer: w.viewer}.eval(by.Default).(*Row)
		}
		return w.TenantOf(to)
	}
	return w.In
}

// begins is where a new row may stand: in the default of the flow or, without one, where no step leads.
func (w *World) begins(f *Field) (all []string) {
	if f.Given != nil {
		return []string{f.Given.Text}
	}
	for _, value := range w.Schema.Enums[f.Enum] {
		led := false
		for _, to := range f.Flow {
			led = led || slices.Contains(to, value)
		}
		if !led {
			all = append(all, value)
		}
	}
	return all
}

// tenantFor is the tenant in which a write of a row goes on.
func (w *World) tenantFor(row *Row) *Row {
	if tenant := w.TenantOf(row); tenant != nil {
		return tenant
	}
	return w.In
}

// missing is what is said of a row that is not there.
func missing(of *draft) string {
	if of != nil {
		return "INVALID"
	}
	return "NOT_FOUND"
}
