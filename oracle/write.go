package oracle

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// outcome is what may become of a write. Where several things are wrong, any of them may be said.
type outcome struct {
	problems []string // none: it is done
	unsure   bool     // what the language does not settle: the step is left out
	made     []*Row   // of one entity in the order of their ids
}

func (o *outcome) fail(code string) {
	if !slices.Contains(o.problems, code) {
		o.problems = append(o.problems, code)
	}
}

// write does a step. Where it is refused, the world is as it was.
func (w *World) write(s *Step) *outcome {
	o := &outcome{}
	before := w.save()
	w.inTenant(o, s, func(viewer *Row) {
		if s.Do != "batch" {
			(&writer{World: w, o: o, viewer: viewer, system: s.As == "system", merges: s.Door == "rest" && s.As != "system"}).do(s)
			return
		}
		for i := range s.Batch {
			o.unsure = o.unsure || viewer != nil && !w.Lives(viewer) || o.namesPart(s, i) // he deletes himself
			if len(o.problems) == 0 && !o.unsure {
				(&writer{World: w, o: o, viewer: viewer, merges: true, batched: true}).do(&s.Batch[i])
			}
		}
	})
	if len(o.problems) > 0 || o.unsure {
		w.restore(before)
		o.made = nil
	}
	o.made = slices.DeleteFunc(o.made, func(row *Row) bool { return !w.kept(row) }) // made and deleted in one batch
	slices.SortFunc(o.made, func(a, b *Row) int { return strings.Compare(a.ID, b.ID) })
	return o
}

// namesPart tells whether request i of a batch names a row that an earlier one made with another: no client knows its id.
func (o *outcome) namesPart(s *Step, i int) bool {
	said := text(s.Batch[i])
	return slices.ContainsFunc(o.made, func(row *Row) bool {
		return strings.Contains(said, strconv.Quote(row.Label)) &&
			!slices.ContainsFunc(s.Batch[:i], func(before Step) bool { return before.Do == "create" && before.Row == row.Label })
	})
}

// refuses tells whether a step would be refused. Nothing is done.
func (w *World) refuses(s *Step) bool {
	if s.Do == "read" {
		o := &outcome{}
		w.inTenant(o, s, func(*Row) {})
		return len(o.problems) > 0
	}
	before := w.save()
	defer w.restore(before)
	o := w.write(s)
	return len(o.problems) > 0 || o.unsure
}

// inTenant does something as the step says: as who asks, in the tenant that he names, if he may see it.
func (w *World) inTenant(o *outcome, s *Step, do func(viewer *Row)) {
	viewer := w.find(s.As)
	if viewer != nil && !w.Lives(viewer) {
		o.unsure = true
		return
	}
	if s.Tenant == "" {
		do(viewer)
		return
	}
	tenant := w.chosen(s, viewer)
	if tenant == nil {
		o.fail("NOT_FOUND")
		if s.Do != "read" {
			o.fail("INVALID") // whatever tenant it is
		}
		return
	}
	w.within(tenant, func() { do(viewer) })
}

// chosen is the tenant that a step names, nil where the viewer may not see it.
func (w *World) chosen(s *Step, viewer *Row) *Row {
	tenant, r := w.find(s.Tenant), w.reader(viewer)
	if tenant != nil && s.ByKey && tenant.callable() {
		tenant = r.keyed(tenant)
	}
	if tenant == nil || !r.Sees(tenant) {
		return nil
	}
	return tenant
}

// writer is one write on its way.
type writer struct {
	*World
	o       *outcome
	viewer  *Row
	system  bool
	last    []func() []string // what is asked of each row, asked once more at the end
	heard   [][]string        // what was said when it was asked first
	nested  bool              // rows are written with their row
	batched bool
	merges  bool // of a value object, a patch may give some parts (the REST door)
	linked  map[*Row]map[*Field]links
}

func (w *writer) do(s *Step) {
	switch s.Do {
	case "create":
		w.makeAll(w.Schema.Types[s.Entity], []draft{{label: s.Row, values: s.Values}})
		w.hideTaken()
	case "update":
		w.update(w.Schema.Types[s.Entity], s.Row, w.merged(s), s.Met, nil)
	case "delete":
		w.delete(s.Row, s.Met, nil)
	case "restore":
		w.raise(s.Row)
	}
	for i, ask := range w.last {
		// When a rule looks at rows that are written in the same step, before or after its own, the language does not say
		// which of them it sees.
		if w.nested && len(w.o.problems) == 0 && !slices.Equal(ask(), w.heard[i]) {
			w.o.unsure = true
		}
	}
	if w.nested && slices.Contains(w.o.problems, "INVALID") {
		for _, code := range []string{denied(w.viewer), "CONFLICT", "STALE"} {
			w.o.fail(code) // of many rows, any may be told of first
		}
	}
}

// hideTaken leaves out that something is taken where the viewer may not make the row anyway. Of many rows, any may be told of first.
func (w *writer) hideTaken() {
	if slices.Contains(w.o.problems, denied(w.viewer)) && !w.nested && !w.batched && !slices.Contains(w.o.problems, "INVALID") {
		w.o.problems = slices.DeleteFunc(w.o.problems, func(code string) bool { return code == "CONFLICT" })
	}
}

// take puts values into a row and returns the fields that are given.
func (w *writer) take(row *Row, values map[string]any, verb string) (given []*Field) {
	o, r, taken := w.o, w.reader(w.viewer), Object{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f := row.Type.Field(name)
		if f.Parts() {
			if !f.offers(verb, values[name]) {
				o.fail("INVALID")
			}
			continue
		}
		linked, unlinked := w.links(f, values[name])
		var v Value
		if linked != nil {
			v = w.relinked(row, f, linked, unlinked)
		} else {
			v = w.value(f, values[name])
		}
		given = append(given, f)
		switch {
		case !w.system && (f.ReadOnly || f.Internal), f.Auto, f.Computed != nil, f.Immutable && verb == "UPDATE", f.List() && !f.Owner:
			o.fail("INVALID")
			continue
		case v == nil && !f.Null && f.Default != nil && verb == "CREATE", v == nil && !f.Null && f.Given != nil && verb == "CREATE":
			if !w.system {
				o.fail("INVALID")
			}
			given = given[:len(given)-1]
			continue
		case v == nil && !f.Null:
			o.fail("INVALID")
			continue
		}
		if !valid(f, v) || f == row.Type.KeyField() && slices.Contains([]Value{"", ".", ".."}, v) {
			o.fail("INVALID")
		}
		named := referred(v)
		if linked != nil {
			named = append(slices.Clone(linked), unlinked...)
			if len(named) == 0 {
				given = given[:len(given)-1]
				continue
			}
			if len(unlinked) > 0 && verb == "CREATE" {
				o.fail("INVALID")
			}
		}
		for _, to := range named { // as he sees them before the change
			if !w.Lives(to) || !w.system && !r.Sees(to) {
				o.fail("INVALID")
			}
		}
		if f.List() && linked == nil {
			v = w.whole(row, f, v)
		}
		if linked != nil {
			w.tell(row, f, w.relinks(row, f, linked, unlinked))
		}
		taken[name] = v
	}
	row.Values = maps.Clone(row.Values)
	maps.Copy(row.Values, taken)
	return given
}

// links is the rows that a list without a bound is to have and to lose; nil and nil where the whole list is given.
func (w *World) links(f *Field, v any) (linked, unlinked []*Row) {
	object, ok := v.(map[string]any)
	if !ok || !f.List() {
		return nil, nil
	}
	linked, unlinked = []*Row{}, []*Row{}
	for _, of := range []struct {
		name string
		rows *[]*Row
	}{{"link", &linked}, {"unlink", &unlinked}} {
		items, _ := object[of.name].([]any)
		for _, label := range items {
			*of.rows = append(*of.rows, w.label(f.Type, label.(string)))
		}
	}
	return linked, unlinked
}

// relinked is a list without some rows and with others, which win.
func (w *World) relinked(row *Row, f *Field, linked, unlinked []*Row) Value {
	items, _ := row.Values[f.Name].([]Value)
	list := []Value{}
	for _, item := range items {
		if !slices.Contains(unlinked, item.(*Row)) || slices.Contains(linked, item.(*Row)) {
			list = append(list, item)
		}
	}
	for _, to := range linked {
		if !slices.Contains(list, Value(to)) {
			list = append(list, to)
		}
	}
	return list
}

// relinks is what of it is not so already.
func (w *World) relinks(row *Row, f *Field, linked, unlinked []*Row) (does links) {
	items, _ := row.Values[f.Name].([]Value)
	for _, to := range linked {
		if !slices.Contains(items, Value(to)) && !slices.Contains(does.link, to) {
			does.link = append(does.link, to)
		}
	}
	for _, to := range unlinked {
		if slices.Contains(items, Value(to)) && !slices.Contains(linked, to) && !slices.Contains(does.unlink, to) {
			does.unlink = append(does.unlink, to)
		}
	}
	return does
}

// idle tells whether an update of which these fields are given leaves the row as it is: it links what is linked, and unlinks what is not.
func (w *writer) idle(row *Row, given []*Field) bool {
	return !slices.ContainsFunc(given, func(f *Field) bool {
		does, ok := w.linked[row][f]
		return !ok || !f.List() || f.Bound > 0 || len(does.link)+len(does.unlink) > 0
	})
}

// whole is a list that is written whole: what belongs to other tenants stays in it.
func (w *World) whole(row *Row, f *Field, v Value) Value {
	if w.In == nil || !w.Schema.Belongs(f.Type) || v == nil {
		return v
	}
	list := slices.Clone(v.([]Value))
	items, _ := row.Values[f.Name].([]Value)
	for _, item := range items {
		if !w.Lives(item.(*Row)) && !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}

// offers tells whether the doors do with the rows of a list what v asks.
func (f *Field) offers(verb string, v any) bool {
	for member := range objectOf(v) {
		if member != "create" && verb == "CREATE" || !f.PartsOf(strings.ToUpper(member)) {
			return false
		}
	}
	return true
}

// parts does to the rows that belong to a row what was asked.
func (w *writer) parts(row *Row, values map[string]any) {
	for _, f := range row.Type.Fields {
		asked := objectOf(values[f.Name])
		if !f.Parts() || !anyOf(values[f.Name]) {
			continue
		}
		w.nested = true
		of := &draft{of: row, by: f.Inverse}
		deleted, _ := asked["delete"].([]any)
		for _, label := range deleted {
			w.delete(label.(string), 0, of)
		}
		updated, _ := asked["update"].([]any)
		changed := map[string]bool{}
		for _, item := range updated {
			values := maps.Clone(objectOf(item))
			label, _ := values["id"].(string)
			if changed[label] {
				w.o.fail("INVALID")
			}
			changed[label] = true
			met := 0
			if values["version"] != nil {
				met = int(w.value(&Field{Scalar: "Int"}, values["version"]).(int64))
			}
			delete(values, "id")
			delete(values, "version")
			w.update(f.Type, label, values, met, of)
		}
	}
	for _, f := range row.Type.Fields {
		if drafts := w.draftsOf(row, f, values[f.Name]); f.Parts() && len(drafts) > 0 {
			w.makeAll(f.Type, drafts)
		}
	}
}
