package oracle

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
)

// outcome is what may become of a write. Where several things are wrong, any of them may be said.
type outcome struct {
	problems []string // none: it is done
	unsure   bool     // what the language does not settle: the step is left out
	row      *Row
}

func (o *outcome) fail(code string) {
	if !slices.Contains(o.problems, code) {
		o.problems = append(o.problems, code)
	}
}

// write does a step. Where it is refused, the world is as it was.
func (w *World) write(s *Step) *outcome {
	viewer, system := w.find(s.As), s.As == "system"
	if viewer != nil && !w.Lives(viewer) {
		return &outcome{unsure: true}
	}
	t := w.Schema.Types[s.Entity]
	switch s.Do {
	case "create":
		return w.create(t, s, viewer, system)
	case "update":
		return w.update(s, viewer, system)
	}
	return w.delete(s, viewer, system)
}

func (w *World) create(t *Type, s *Step, viewer *Row, system bool) *outcome {
	o := &outcome{}
	w.made++
	row := &Row{Type: t, Label: s.Row, ID: fmt.Sprintf("%08d", w.made), Values: Object{"createdAt": w.Now, "updatedAt": w.Now, "version": int64(1)}}
	row.Values["id"] = row.ID
	given := w.take(o, row, s, viewer, "CREATE", system)
	w.defaults(o, row, given, viewer)
	for _, f := range t.Fields {
		v := row.Values[f.Name]
		if v == nil && !f.Null && f.Computed == nil && !f.List() {
			o.fail("INVALID")
			if f.Default != nil && viewer == nil {
				o.fail("UNAUTHENTICATED")
			}
		}
		if f.Flow != nil && slices.Contains(given, f) && v != nil && !slices.Contains(w.begins(f), v.(string)) {
			o.fail("INVALID")
		}
	}
	if slices.Contains(o.problems, "INVALID") {
		// Rules that need the row cannot be asked of half a one; they may still be what is told.
		o.fail(denied(viewer))
		return o
	}
	w.Rows[t] = append(w.Rows[t], row)
	w.after(o, row, nil, given, viewer, system, "CREATE")
	if len(o.problems) > 0 {
		w.Rows[t] = w.Rows[t][:len(w.Rows[t])-1]
		return o
	}
	w.labels[s.Row] = row
	o.row = row
	return o
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

// take puts the values of a step into a row and returns the fields that it gives.
func (w *World) take(o *outcome, row *Row, s *Step, viewer *Row, verb string, system bool) (given []*Field) {
	r, taken := w.reader(viewer), Object{}
	for _, name := range slices.Sorted(maps.Keys(s.Values)) {
		f := row.Type.Field(name)
		v := w.value(f, s.Values[name])
		given = append(given, f)
		switch {
		case !system && (f.ReadOnly || f.Internal), f.Auto, f.Computed != nil, f.Immutable && verb == "UPDATE", f.List() && !f.Owner:
			o.fail("INVALID")
			continue
		case v == nil && !f.Null && f.Default != nil && verb == "CREATE", v == nil && !f.Null && f.Given != nil && verb == "CREATE":
			if !system {
				o.fail("INVALID")
			}
			given = given[:len(given)-1]
			continue
		case v == nil && !f.Null:
			o.fail("INVALID")
			continue
		}
		if !valid(f, v) {
			o.fail("INVALID")
		}
		for _, to := range referred(v) { // as he sees them before the change
			if !w.Lives(to) || !system && !r.Sees(to) {
				o.fail("INVALID")
			}
		}
		taken[name] = v
	}
	maps.Copy(row.Values, taken)
	return given
}

func referred(v Value) []*Row {
	switch v := v.(type) {
	case *Row:
		return []*Row{v}
	case []Value:
		var rows []*Row
		for _, item := range v {
			if row, ok := item.(*Row); ok {
				rows = append(rows, row)
			}
		}
		return rows
	}
	return nil
}

// valid tells whether a value keeps the bounds of its field.
func valid(f *Field, v Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []Value:
		if f.List() {
			return f.Bound == 0 || len(v) <= f.Bound
		}
		one := *f
		one.Repeated, one.MinLength, one.MaxLength = false, 0, 0
		return len(v) >= f.MinLength && (f.MaxLength == 0 || len(v) <= f.MaxLength) &&
			!slices.ContainsFunc(v, func(item Value) bool { return !valid(&one, item) })
	case string:
		n := utf8.RuneCountInString(v)
		return f.Scalar != "String" || n >= f.MinLength && (f.MaxLength == 0 || n <= f.MaxLength)
	case Object:
		for _, part := range f.Type.Fields {
			if v[part.Name] == nil && !part.Null || !valid(part, v[part.Name]) {
				return false
			}
		}
		return true
	}
	n, ok := rational(v, true)
	if !ok {
		return true
	}
	return (f.Min == nil || n.Cmp(new(big.Rat).SetFloat64(*f.Min)) >= 0) && (f.Max == nil || n.Cmp(new(big.Rat).SetFloat64(*f.Max)) <= 0)
}

// defaults fills in what the step does not give.
func (w *World) defaults(o *outcome, row *Row, given []*Field, viewer *Row) {
	for _, f := range row.Type.Fields {
		if _, set := row.Values[f.Name]; set || slices.Contains(given, f) {
			continue
		}
		switch {
		case f.Given != nil:
			v, err := fromJSON(f, defaultJSON(f))
			if err != nil {
				panic(err)
			}
			row.Values[f.Name] = v
		case f.Default != nil:
			row.Values[f.Name] = env{world: w, row: row, values: row.Values, viewer: viewer}.eval(f.Default)
			if f.Scalar == "Date" {
				if at, ok := row.Values[f.Name].(time.Time); ok {
					row.Values[f.Name] = Day(at.Format(time.DateOnly))
				}
			}
		case f.Repeated && !f.Null:
			row.Values[f.Name] = []Value{}
		}
	}
}

// defaultJSON is a literal of the design as a door would read it.
func defaultJSON(f *Field) any {
	if f.Given.List != nil || f.Repeated {
		list := []any{}
		for _, item := range f.Given.List {
			list = append(list, item.Text)
		}
		return list
	}
	if f.Scalar == "Boolean" {
		return f.Given.Text == "true"
	}
	return f.Given.Text
}

// after asks what must hold of a row that was written.
func (w *World) after(o *outcome, row, old *Row, given []*Field, viewer *Row, system bool, verb string) {
	if !system {
		before := old
		if !w.allowed(row.Type.Allow[verb], row, before, viewer) {
			o.fail(denied(viewer))
		}
		for _, f := range given {
			if rules := f.Allow[verb]; len(rules) > 0 && !w.allowed(rules, row, before, viewer) {
				o.fail(denied(viewer))
			}
		}
	}
	if w.taken(row) {
		o.fail("CONFLICT")
	}
	for _, c := range row.Type.checks() {
		if old == nil && mentions(c.That, "old") {
			continue
		}
		if !(env{world: w, row: row, old: old, viewer: viewer, system: system}).holds(c.That) {
			o.fail("INVALID")
		}
	}
	for _, f := range row.Type.Fields {
		whole, _ := row.Values[f.Name].(*Row)
		if f.Scalar != "reference" || whole == nil || verb == "UPDATE" && !slices.Contains(given, f) {
			continue
		}
		for _, list := range f.Type.Fields {
			if list.Inverse == f && list.Type == row.Type && list.Bound > 0 && len(w.Links(whole, list)) > list.Bound {
				o.fail("INVALID")
			}
		}
	}
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
func (w *World) allowed(rules []*Rule, row, old, viewer *Row) bool {
	return slices.ContainsFunc(rules, func(r *Rule) bool {
		if old != nil && !mentions(r.When, "old") && !w.asBefore(row, old, func() bool { return env{world: w, row: row, viewer: viewer}.holds(r.When) }) {
			return false
		}
		return env{world: w, row: row, old: old, viewer: viewer}.holds(r.When)
	})
}

// asBefore asks about a row with the values that it had.
func (w *World) asBefore(row, old *Row, ask func() bool) bool {
	values := row.Values
	row.Values = old.Values
	defer func() { row.Values = values }()
	return ask()
}

// mentions tells whether an expression names something.
func mentions(x ast.Expr, name string) bool {
	found := false
	ast.PostOrderVisit(x, ast.NewExprVisitor(func(part ast.Expr) {
		found = found || part.Kind() == ast.IdentKind && part.AsIdent() == name
	}))
	return found
}

// taken tells whether something of a row that must be unique is another's.
func (w *World) taken(row *Row) bool {
	for _, u := range row.Type.Uniques {
		for _, other := range w.Rows[row.Type] {
			if other != row && !other.Deleted && u.clash(w, row, other) {
				return true
			}
		}
	}
	return false
}

func (u *Unique) clash(w *World, a, b *Row) bool {
	if u.When != nil && !((env{world: w, row: a}).holds(u.When) && (env{world: w, row: b}).holds(u.When)) {
		return false
	}
	for _, f := range u.Fields {
		x, y := a.Values[f.Name], b.Values[f.Name]
		if x == nil || y == nil {
			return false
		}
		if text, ok := x.(string); ok && u.IgnoreCase {
			x, y = strings.ToLower(text), strings.ToLower(y.(string))
		}
		if compare(x, y) != 0 {
			return false
		}
	}
	return true
}

func (w *World) update(s *Step, viewer *Row, system bool) *outcome {
	o := &outcome{}
	row := w.find(s.Row)
	if row == nil || !w.Lives(row) || !system && !w.reader(viewer).Sees(row) {
		o.fail("NOT_FOUND")
		for name := range s.Values {
			if f := w.Schema.Types[s.Entity].Field(name); f.Immutable || !system && (f.ReadOnly || f.Internal) {
				o.fail("INVALID") // whatever row it is
			}
		}
		return o
	}
	old := &Row{Type: row.Type, ID: row.ID, Values: maps.Clone(row.Values), Label: row.Label}
	undo := func() { row.Values = old.Values }
	row.Values = maps.Clone(row.Values)
	given := w.take(o, row, s, viewer, "UPDATE", system)
	for _, f := range given {
		from, to := old.Values[f.Name], row.Values[f.Name]
		if f.Flow != nil && from != to && !w.leads(f, from, to) {
			o.fail("CONFLICT")
		}
	}
	row.Values["updatedAt"], row.Values["version"] = w.Now, old.Values["version"].(int64)+1
	w.after(o, row, old, given, viewer, system, "UPDATE")
	if len(o.problems) > 0 {
		undo()
	}
	o.row = row
	return o
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

func (w *World) delete(s *Step, viewer *Row, system bool) *outcome {
	o := &outcome{}
	row := w.find(s.Row)
	if row == nil || !w.Lives(row) || !system && !w.reader(viewer).Sees(row) {
		o.fail("NOT_FOUND")
		return o
	}
	if !system && !w.holds(row.Type.Allow["DELETE"], row, row, viewer) {
		o.fail(denied(viewer))
	}
	if row.Type.Soft {
		w.bury(o, row)
	} else {
		w.remove(o, row)
	}
	return o
}

// bury marks a row as deleted, and those that belong to it and stay as well. Others that belong to it are hidden: they go too.
func (w *World) bury(o *outcome, row *Row) {
	going := []*Row{row}
	for i := 0; i < len(going); i++ {
		w.referrers(going[i], func(other *Row, f *Field) {
			if f.OnDelete == "CASCADE" && w.Lives(other) && !slices.Contains(going, other) {
				going = append(going, other)
			}
		})
	}
	for _, gone := range going {
		w.referrers(gone, func(other *Row, f *Field) {
			if f.OnDelete == "RESTRICT" && w.Lives(other) && !slices.Contains(going, other) {
				o.fail("CONFLICT")
			}
		})
	}
	if len(o.problems) == 0 {
		for _, gone := range going {
			gone.Deleted = gone.Type.Soft
		}
	}
}

// remove takes a row out of its table, and what the database takes with it.
func (w *World) remove(o *outcome, row *Row) {
	going := []*Row{row}
	for i := 0; i < len(going); i++ {
		w.referrers(going[i], func(other *Row, f *Field) {
			if f.OnDelete == "CASCADE" && !slices.Contains(going, other) {
				going = append(going, other)
			}
		})
	}
	type cleared struct {
		row *Row
		f   *Field
	}
	var clear []cleared
	for _, gone := range going {
		w.referrers(gone, func(other *Row, f *Field) {
			switch {
			case f.OnDelete == "SET_NULL":
				clear = append(clear, cleared{other, f})
			case f.OnDelete == "CASCADE":
			case slices.Contains(going, other):
				o.unsure = true
			default:
				o.fail("CONFLICT")
			}
		})
	}
	if len(o.problems) > 0 || o.unsure {
		return
	}
	for _, c := range clear {
		c.row.Values = maps.Clone(c.row.Values)
		c.row.Values[c.f.Name] = nil
	}
	for _, gone := range going {
		w.Rows[gone.Type] = slices.DeleteFunc(w.Rows[gone.Type], func(other *Row) bool { return other == gone })
	}
}

// referrers calls do for each row of a table that refers to row, and by which field.
func (w *World) referrers(row *Row, do func(other *Row, f *Field)) {
	for _, t := range w.Schema.Entities {
		for _, f := range t.Fields {
			if f.Scalar != "reference" || f.Type != row.Type || f.Computed != nil {
				continue
			}
			for _, other := range slices.Clone(w.Rows[t]) {
				if other.Values[f.Name] == row {
					do(other, f)
				}
			}
		}
	}
}
