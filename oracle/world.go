package oracle

import (
	"maps"
	"slices"
	"time"
)

// World is rows in memory and who may see them.
type World struct {
	Schema *Schema
	Now    time.Time
	Rows   map[*Type][]*Row
	In     *Row // the tenant of the request: of the others nothing is there; nil where it names none

	labels   map[string]*Row
	made     int
	counters map[string]int64 // the last numbers of next()
}

// Row is a row of an entity.
type Row struct {
	Type    *Type
	ID      string // sorts as the product's do: by when it was made
	Label   string
	Values  Object    // references as *Row, lists that are written here as []Value of *Row
	Deleted bool      // and kept
	Buried  time.Time // when
	History []*entry
}

func newWorld(s *Schema) *World {
	return &World{Schema: s, Rows: map[*Type][]*Row{}, labels: map[string]*Row{}, counters: map[string]int64{}}
}

// saved is a world as it was.
type saved struct {
	rows     map[*Type][]*Row
	states   map[*Row]Row
	labels   map[string]*Row
	counters map[string]int64
}

func (w *World) save() *saved {
	s := &saved{map[*Type][]*Row{}, map[*Row]Row{}, maps.Clone(w.labels), maps.Clone(w.counters)}
	for t, rows := range w.Rows {
		s.rows[t] = slices.Clone(rows)
		for _, row := range rows {
			s.states[row] = *row
		}
	}
	return s
}

// restore makes the world what it was. The values of a row are never changed in place.
func (w *World) restore(s *saved) {
	w.Rows, w.labels, w.counters = s.rows, s.labels, s.counters
	for row, state := range s.states {
		*row = state
	}
}

// Lives tells whether a row is there: of the tenant of the request, not deleted, and not part of one that is.
func (w *World) Lives(row *Row) bool { return w.ours(row) && w.lives(row, nil) }

// ours tells whether a row is not another tenant's.
func (w *World) ours(row *Row) bool {
	return w.In == nil || !w.Schema.Belongs(row.Type) || w.TenantOf(row) == w.In
}

// TenantOf is the tenant to which a row belongs, nil for none.
func (w *World) TenantOf(row *Row) *Row {
	for row != nil && row.Type.By != nil {
		row, _ = row.Values[row.Type.By.Name].(*Row)
	}
	if row == nil || w.Schema.Tenant == nil || row.Type != w.Schema.Tenant.Of {
		return nil
	}
	return row
}

// within does something in a tenant.
func (w *World) within(tenant *Row, do func()) {
	before := w.In
	w.In = tenant
	defer func() { w.In = before }()
	do()
}

// seen tells whether a row is one of a tenant whose rows are seen where none is named.
func (w *World) seen(row, viewer *Row) bool {
	t := w.Schema.Tenant
	if t == nil || t.When == nil || w.In != nil || row.Type.By == nil {
		return true
	}
	tenant := w.TenantOf(row)
	return tenant != nil && w.Lives(tenant) && env{world: w, row: tenant, viewer: viewer}.holds(t.When)
}

// lives follows the way from part to whole through each entity once.
func (w *World) lives(row *Row, passed []*Type) bool {
	if row.Deleted || !slices.Contains(w.Rows[row.Type], row) {
		return false
	}
	passed = append(slices.Clip(passed), row.Type)
	for _, f := range row.Type.Fields {
		whole, _ := row.Values[f.Name].(*Row)
		if f.OnDelete == "CASCADE" && whole != nil && !slices.Contains(passed, whole.Type) && !w.lives(whole, passed) {
			return false
		}
	}
	return true
}

// link is an element of a list, and the row that links it, nil where there is none of its own.
type link struct{ to, by *Row }

// Links is the rows of a list, whoever asks, the oldest first.
func (w *World) Links(row *Row, f *Field) (links []link) {
	switch {
	case f.Inverse != nil:
		for _, other := range w.Rows[f.Type] {
			if other.Values[f.Inverse.Name] == row && w.Lives(other) {
				links = append(links, link{to: other})
			}
		}
	case f.Through != nil:
		for _, by := range w.Rows[f.Through] {
			to, _ := by.Values[f.To.Name].(*Row)
			if by.Values[f.From.Name] == row && to != nil && w.Lives(by) && w.Lives(to) {
				links = append(links, link{to, by})
			}
		}
	case f.Owner:
		items, _ := row.Values[f.Name].([]Value)
		for _, item := range items {
			if to := item.(*Row); w.Lives(to) {
				links = append(links, link{to: to})
			}
		}
	case f.Mutual != nil:
		for _, other := range w.Rows[f.Type] {
			items, _ := other.Values[f.Mutual.Name].([]Value)
			if slices.Contains(items, Value(row)) && w.Lives(other) {
				links = append(links, link{to: other})
			}
		}
	}
	slices.SortFunc(links, func(a, b link) int { return compare(a.to, b.to) })
	return links
}

// Allows tells whether one of the rules of a verb holds for a row that is seen. Of an update, old is the row before it.
func (w *World) Allows(verb string, row, old, viewer *Row) bool {
	return w.seen(row, viewer) && w.holds(row.Type.Allow[verb], row, old, viewer)
}

func (w *World) holds(rules []*Rule, row, old, viewer *Row) bool {
	return slices.ContainsFunc(rules, func(r *Rule) bool {
		return env{world: w, row: row, old: old, viewer: viewer}.holds(r.When)
	})
}

// reader is somebody who reads.
type reader struct {
	*World
	viewer  *Row
	visible map[*Row]bool
}

func (w *World) reader(viewer *Row) *reader {
	if viewer != nil && !w.Lives(viewer) {
		viewer = nil
	}
	return &reader{World: w, viewer: viewer, visible: map[*Row]bool{}}
}

// Sees tells whether the viewer may read a row.
func (r *reader) Sees(row *Row) bool {
	seen, known := r.visible[row]
	if !known {
		seen = r.Lives(row) && r.Allows("READ", row, nil, r.viewer)
		r.visible[row] = seen
	}
	return seen
}

// MayRead tells whether the viewer may read a field of a row that he sees.
func (r *reader) MayRead(row *Row, f *Field) bool {
	rules := f.Allow["READ"]
	return len(rules) == 0 || r.holds(rules, row, nil, r.viewer)
}

// Get is a field as the viewer sees it: null where it, or what it refers to, is hidden.
func (r *reader) Get(row *Row, f *Field) Value {
	if !r.MayRead(row, f) {
		return nil
	}
	if f.List() {
		list := []Value{}
		for _, l := range r.Links(row, f) {
			if r.Sees(l.to) && r.learns(l, f) {
				list = append(list, l.to)
			}
		}
		return list
	}
	v := env{world: r.World, row: row, viewer: r.viewer}.field(row, f.Name)
	if to, ok := v.(*Row); ok && (to == nil || !r.Sees(to)) {
		return nil
	}
	return v
}

// learns tells whether the viewer may know of a link: of the references that it is made of too.
func (r *reader) learns(l link, f *Field) bool {
	switch {
	case f.Inverse != nil:
		return r.MayRead(l.to, f.Inverse)
	case l.by != nil:
		return r.Allows("READ", l.by, nil, r.viewer) && r.MayRead(l.by, f.From) && r.MayRead(l.by, f.To)
	}
	return true
}

// At is the value at the end of a path.
func (r *reader) At(row *Row, path []string) Value {
	f := row.Type.Field(path[0])
	v := r.Get(row, f)
	if len(path) == 1 {
		return v
	}
	switch v := v.(type) {
	case *Row:
		return r.At(v, path[1:])
	case Object:
		return v[path[1]]
	}
	return nil
}
