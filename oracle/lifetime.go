package oracle

import (
	"maps"
	"slices"
)

// delete deletes a row; of one that belongs to another, of is that.
func (w *writer) delete(label string, met int, of *draft) {
	row := w.find(label)
	if row == nil || !w.Lives(row) || !w.system && !w.reader(w.viewer).Sees(row) || of != nil && row.Values[of.by.Name] != of.of {
		w.o.fail(missing(of))
		return
	}
	w.stale(row, met)
	if !w.system && !w.holds(row.Type.Allow["DELETE"], row, row, w.viewer) {
		w.o.fail(denied(w.viewer))
	}
	if len(w.o.problems) > 0 && w.nested {
		return
	}
	if row.Type.Soft {
		w.bury(row)
	} else {
		w.remove(w.o, row)
	}
}

// bury marks a row as deleted, and those that belong to it and stay as well. Others that belong to it are hidden, and what
// belongs to them with them.
func (w *writer) bury(row *Row) {
	going, marked := []*Row{row}, []*Row{row}
	for i := 0; i < len(going); i++ {
		w.referrers(going[i], func(other *Row, f *Field) {
			if f.OnDelete == "CASCADE" && w.lives(other, nil) && !slices.Contains(going, other) {
				going = append(going, other)
				if other.Type.Soft && going[i].Type.Soft {
					marked = append(marked, other)
				}
			}
		})
	}
	for _, gone := range going {
		w.referrers(gone, func(other *Row, f *Field) {
			if f.OnDelete == "RESTRICT" && w.lives(other, nil) && !slices.Contains(going, other) {
				w.o.fail("CONFLICT")
			}
		})
	}
	if len(w.o.problems) == 0 {
		for _, gone := range marked {
			gone.Deleted, gone.Buried = true, w.Now
			w.renew(gone, "DELETE")
		}
	}
}

// renew gives a row that was deleted, or came back, its next version.
func (w *writer) renew(row *Row, verb string) {
	row.Values = maps.Clone(row.Values)
	row.Values["updatedAt"], row.Values["version"] = w.Now, row.Values["version"].(int64)+1
	w.remember(row, w.viewer, verb, nil, nil)
}

// raise brings a deleted row back, with those that were deleted with it.
func (w *writer) raise(label string) {
	row := w.find(label)
	if row == nil || !row.Deleted || !w.ours(row) || !w.kept(row) {
		w.o.fail("NOT_FOUND")
		return
	}
	if !w.system {
		var sees, may bool
		w.asIfBack(row, func() { sees, may = w.wouldSee(row), w.holds(row.Type.Allow["DELETE"], row, row, w.viewer) })
		switch {
		case !sees:
			w.o.fail("NOT_FOUND")
			return
		case !may:
			w.o.fail(denied(w.viewer))
			return
		}
	}
	coming := []*Row{row}
	for i := 0; i < len(coming); i++ {
		w.referrers(coming[i], func(other *Row, f *Field) {
			together := other.Deleted && other.Buried.Equal(row.Buried)
			if f.OnDelete == "CASCADE" && !slices.Contains(coming, other) && (together || !other.Type.Soft || !coming[i].Type.Soft && !other.Deleted) {
				coming = append(coming, other)
			}
		})
	}
	for _, back := range coming {
		if back.Type.Soft && back.Deleted {
			back.Deleted = false
			w.renew(back, "RESTORE")
		}
	}
	for _, back := range coming {
		for _, f := range back.Type.Fields {
			whole, _ := back.Values[f.Name].(*Row)
			if f.refers() && (f.OnDelete == "RESTRICT" || f.OnDelete == "CASCADE") && whole != nil && !w.lives(whole, nil) {
				w.o.fail("CONFLICT")
			}
		}
		if w.taken(back) {
			w.o.fail("CONFLICT")
		}
	}
	said := (&writer{World: w.World, o: w.o, system: true}).after(row, nil, nil, "CREATE", nil)
	for _, code := range said {
		w.o.fail(code)
	}
}

// asIfBack asks something of a deleted row as if all that was deleted at the same instant were there.
func (w *World) asIfBack(row *Row, ask func()) {
	var back []*Row
	for _, rows := range w.Rows {
		for _, other := range rows {
			if other.Deleted && other.Buried.Equal(row.Buried) {
				other.Deleted = false
				back = append(back, other)
			}
		}
	}
	ask()
	for _, other := range back {
		other.Deleted = true
	}
}

// kept tells whether a row is still in its table.
func (w *World) kept(row *Row) bool { return slices.Contains(w.Rows[row.Type], row) }

// wouldSee tells whether the rules would show a deleted row to who writes.
func (w *writer) wouldSee(row *Row) bool { return w.Allows("READ", row, nil, w.viewer) }

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
			if !f.refers() || f.Scalar == "reference" && f.Type != row.Type || f.Computed != nil {
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
