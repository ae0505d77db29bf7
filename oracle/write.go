package oracle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
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

// judge asks what must hold of a row now that it is written.
func (w *writer) judge(what func() []string) {
	tenant := w.In
	ask := func() (said []string) {
		w.within(tenant, func() { said = what() })
		return said
	}
	said := ask()
	w.last, w.heard = append(w.last, ask), append(w.heard, said)
	for _, code := range said {
		w.o.fail(code)
	}
}

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
			w.tell(row, f, links{linked, unlinked})
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

// after is what is wrong with a row that was written. held tells which rules held of it before.
func (w *writer) after(row, old *Row, given []*Field, verb string, held map[*Rule]bool) (said []string) {
	if !w.system {
		if !w.allowed(row.Type.Allow[verb], row, old, held) {
			said = append(said, denied(w.viewer))
		}
		for _, f := range given {
			if rules := f.Allow[verb]; len(rules) > 0 && !w.allowed(rules, row, old, held) {
				said = append(said, denied(w.viewer))
			}
		}
	}
	for _, c := range row.Type.checks() {
		if old == nil && mentions(c.That, "old") {
			continue
		}
		if !(env{world: w.World, row: row, old: old, viewer: w.viewer, system: w.system}).holds(c.That) {
			said = append(said, "INVALID")
		}
	}
	if slices.ContainsFunc(row.Type.Spans, func(s *Span) bool { return s.backwards(row) }) {
		said = append(said, "INVALID")
	}
	for _, f := range row.Type.Fields {
		whole, _ := row.Values[f.Name].(*Row)
		if f.Scalar != "reference" || whole == nil || verb == "UPDATE" && !slices.Contains(given, f) {
			continue
		}
		for _, list := range f.Type.Fields {
			if list.Inverse == f && list.Type == row.Type && list.Bound > 0 && len(w.Links(whole, list)) > list.Bound {
				said = append(said, "INVALID")
			}
		}
	}
	return said
}

// checks is all checks of a type and of its fields.
func (t *Type) checks() []*Check {
	all := slices.Clone(t.Checks)
	for _, f := range t.Fields {
		all = append(all, f.Checks...)
	}
	return all
}

// allowed tells whether a rule holds of the row as it is and, unless it names old itself, held of the row before.
func (w *writer) allowed(rules []*Rule, row, old *Row, held map[*Rule]bool) bool {
	return slices.ContainsFunc(rules, func(r *Rule) bool {
		if old != nil && !mentions(r.When, "old") && !held[r] {
			return false
		}
		return env{world: w.World, row: row, old: old, viewer: w.viewer}.holds(r.When)
	})
}

// mentions tells whether an expression names something.
func mentions(x ast.Expr, name string) bool {
	found := false
	ast.PostOrderVisit(x, ast.NewExprVisitor(func(part ast.Expr) {
		found = found || part.Kind() == ast.IdentKind && part.AsIdent() == name
	}))
	return found
}

// update changes a row; of one that belongs to another, of is that.
func (w *writer) update(t *Type, label string, values map[string]any, met int, of *draft) {
	o, row := w.o, w.find(label)
	if row == nil || !w.Lives(row) || !w.system && !w.reader(w.viewer).Sees(row) || of != nil && row.Values[of.by.Name] != of.of {
		o.fail(missing(of))
		for name := range values {
			if f := t.Field(name); f.Immutable || f.List() || f.Scalar == "value" || !w.system && (f.ReadOnly || f.Internal) {
				o.fail("INVALID") // whatever row it is
			}
		}
		return
	}
	w.stale(row, met)
	old := &Row{Type: row.Type, ID: row.ID, Values: row.Values, Label: row.Label}
	var given []*Field
	w.within(w.tenantFor(row), func() { given = w.take(row, values, "UPDATE") })
	changed := row.Values
	row.Values = old.Values
	held := w.held(row, given)
	row.Values = changed
	if len(given) == 0 && !slices.ContainsFunc(t.Fields, func(f *Field) bool { return f.Parts() && anyOf(values[f.Name]) }) {
		row.Values = old.Values
		if !w.system && !slices.ContainsFunc(row.Type.Allow["UPDATE"], func(r *Rule) bool { return held[r] || mentions(r.When, "old") }) {
			o.fail(denied(w.viewer))
		}
		return
	}
	for _, f := range given {
		from, to := old.Values[f.Name], row.Values[f.Name]
		if f.Flow != nil && from != to && !w.leads(f, from, to) {
			o.fail("CONFLICT")
		}
	}
	row.Values["updatedAt"], row.Values["version"] = w.Now, old.Values["version"].(int64)+1
	if slices.Contains(o.problems, "INVALID") {
		o.fail(denied(w.viewer))
		return
	}
	w.reach(row, given)
	if w.taken(row) {
		o.fail("CONFLICT")
	}
	alone := w.after(row, old, given, "UPDATE", held)
	w.within(w.tenantFor(row), func() { w.parts(row, values) })
	if !w.lives(row, nil) {
		o.fail("CONFLICT")               // it goes with one of its parts
		o.unsure = o.unsure || w.batched // which is told when all requests are done, if none of them is refused
		o.fail(denied(w.viewer))
		if slices.Contains(alone, "INVALID") {
			o.fail("INVALID")
		}
		return
	}
	w.remember(row, w.viewer, "UPDATE", old, given)
	w.judge(func() []string { return w.after(row, old, given, "UPDATE", held) })
}

// merged is the values of an update: where the door takes patches, a value object of which some parts are given has the
// others as they are, and by a merge patch JSON merges too.
func (w *writer) merged(s *Step) map[string]any {
	row := w.find(s.Row)
	if !w.merges || row == nil {
		return s.Values
	}
	r, values, deep := w.reader(w.viewer), maps.Clone(s.Values), s.Patch && !w.batched
	for name, v := range values {
		f, parts := row.Type.Field(name), objectOf(v)
		if f.Scalar == "JSON" && parts != nil && deep {
			values[name] = mergePatch(row.Values[name], parts)
			continue
		}
		if f.Parts() && deep {
			values[name] = w.mergedParts(parts)
			continue
		}
		old, _ := row.Values[name].(Object)
		if f.Scalar != "value" || parts == nil || old == nil || !r.Sees(row) || f.Internal {
			continue
		}
		whole := toJSON(old).(map[string]any)
		maps.Copy(whole, parts)
		values[name] = whole
	}
	return values
}

// mergedParts is what becomes of rows that belong to one that a merge patch changes.
func (w *writer) mergedParts(asked map[string]any) map[string]any {
	asked = maps.Clone(asked)
	updates, _ := asked["update"].([]any)
	merged := make([]any, len(updates))
	for i, item := range updates {
		values := maps.Clone(objectOf(item))
		if label, _ := values["id"].(string); w.find(label) != nil {
			row := w.find(label)
			for name, v := range values {
				switch f := row.Type.Field(name); {
				case name == "id" || name == "version" || f == nil:
				case f.Scalar == "JSON" && objectOf(v) != nil:
					values[name] = mergePatch(row.Values[name], objectOf(v))
				case f.Parts() && objectOf(v) != nil:
					values[name] = w.mergedParts(objectOf(v))
				}
			}
		}
		merged[i] = values
	}
	if updates != nil {
		asked["update"] = merged
	}
	return asked
}

// mergePatch is what a patch makes of JSON (RFC 7396, section 2).
func mergePatch(old Value, patch map[string]any) any {
	var tree any
	if document, ok := old.(Document); ok {
		if err := json.Unmarshal([]byte(document), &tree); err != nil {
			panic(err)
		}
	}
	var merge func(old, patch any) any
	merge = func(old, patch any) any {
		members := objectOf(patch)
		if members == nil {
			return patch
		}
		whole := maps.Clone(objectOf(old))
		if whole == nil {
			whole = map[string]any{}
		}
		for name, member := range members {
			if member == nil {
				delete(whole, name)
			} else {
				whole[name] = merge(whole[name], member)
			}
		}
		return whole
	}
	return merge(tree, patch)
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

// stale refuses a row that does not have the version that it must.
func (w *writer) stale(row *Row, met int) {
	if met != 0 && row.Values["version"] != int64(met) {
		w.o.fail("STALE")
	}
}

// held tells which of the rules of an update hold of a row before it.
func (w *writer) held(row *Row, given []*Field) map[*Rule]bool {
	held := map[*Rule]bool{}
	ask := func(rules []*Rule) {
		for _, r := range rules {
			if !mentions(r.When, "old") {
				held[r] = env{world: w.World, row: row, viewer: w.viewer}.holds(r.When)
			}
		}
	}
	if !w.system {
		ask(row.Type.Allow["UPDATE"])
		for _, f := range given {
			ask(f.Allow["UPDATE"])
		}
	}
	return held
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
		for _, item := range updated {
			values := maps.Clone(objectOf(item))
			label, _ := values["id"].(string)
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

// leads tells whether a flow has a step. What was null begins now; nothing becomes null.
func (w *World) leads(f *Field, from, to Value) bool {
	switch {
	case to == nil:
		return false
	case from == nil:
		return slices.Contains(w.begins(f), to.(string))
	}
	return slices.Contains(f.Flow[from.(string)], to.(string))
}
