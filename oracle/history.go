package oracle

import (
	"slices"
	"time"
)

// historyField is the list of a row's entries.
const historyField = "history"

// entry is what a history says of one write.
type entry struct {
	version Value
	at      time.Time
	by      *Row // nil: nobody, or no rules
	verb    string
	changes map[string]any // values, or links
}

// links is what a write did to a list without a bound.
type links struct{ link, unlink []*Row }

// remember adds a write of a row to its history. old is the row before an update.
func (w *writer) remember(row, viewer *Row, verb string, old *Row, given []*Field) {
	if !row.Type.History {
		return
	}
	e := &entry{version: row.Values["version"], at: w.Now, by: viewer, verb: verb, changes: map[string]any{}}
	for _, f := range row.Type.Fields {
		v := row.Values[f.Name]
		switch {
		case !f.recorded() || verb == "DELETE" || verb == "RESTORE":
		case verb == "CREATE" && v == nil, verb == "UPDATE" && !slices.Contains(given, f):
		case f.List() && !slices.Contains(given, f):
		case verb == "UPDATE" && !f.List() && text(toJSON(v)) == text(toJSON(old.Values[f.Name])):
		case f.List() && f.Bound == 0:
			switch told, ok := w.linked[row][f]; {
			case !ok:
				e.changes[f.Name] = v
			case len(told.link)+len(told.unlink) > 0:
				e.changes[f.Name] = told
			}
		default:
			e.changes[f.Name] = v
		}
	}
	row.History = append(row.History[:len(row.History):len(row.History)], e)
}

// tell keeps what a write does to a list without a bound.
func (w *writer) tell(row *Row, f *Field, does links) {
	if w.linked == nil {
		w.linked = map[*Row]map[*Field]links{}
	}
	if w.linked[row] == nil {
		w.linked[row] = map[*Field]links{}
	}
	w.linked[row][f] = does
}

// recorded tells whether a history holds the values of a field.
func (f *Field) recorded() bool {
	switch {
	case f.Auto, f.Computed != nil, f.Virtual, f.Internal:
		return false
	case f.List():
		return f.Owner && exposed(f.Type, "READ")
	case f.Scalar == "union":
		return !slices.ContainsFunc(f.Arms, func(arm *Type) bool { return !exposed(arm, "READ") })
	}
	return f.Type == nil || !f.Type.Entity || exposed(f.Type, "READ")
}

// remembered tells whether the viewer may read the history of a row: one that he may read, or restore.
func (r *reader) remembered(row *Row) bool {
	if r.Sees(row) {
		return true
	}
	may := false
	if row.Deleted && r.ours(row) && r.kept(row) {
		r.asIfBack(row, func() {
			may = r.Allows("READ", row, nil, r.viewer) && r.holds(row.Type.Allow["DELETE"], row, row, r.viewer)
		})
	}
	return may
}

// history is the latest entries of a row as an answer.
func (r *reader) history(row *Row, first int) answer {
	nodes := []any{}
	for _, e := range slices.Backward(row.History) {
		if len(nodes) == first {
			break
		}
		var by answer = leaf{&Field{Scalar: "reference"}, nil}
		node := map[string]any{
			"version": leaf{&Field{Scalar: "Int"}, e.version},
			"at":      leaf{&Field{Scalar: "DateTime"}, e.at},
			"verb":    leaf{&Field{Scalar: "String"}, e.verb},
			"changes": r.changes(row, e),
		}
		if e.by != nil && r.Sees(e.by) {
			by = map[string]any{"id": leaf{&Field{Scalar: "row"}, e.by}}
		}
		if exposed(r.Schema.Account, "READ") {
			node["by"] = by
		}
		nodes = append(nodes, node)
	}
	return map[string]any{"nodes": nodes, "hasNextPage": leaf{&Field{Scalar: "Boolean"}, len(row.History) > first}}
}

// exactly is an object that has these members and no others.
type exactly map[string]any

// changes is what an entry says to the viewer: of fields that he may read now, but not where they name rows that he may not
// see.
func (r *reader) changes(row *Row, e *entry) answer {
	out := exactly{}
	for name, v := range e.changes {
		f := row.Type.Field(name)
		if !r.MayRead(row, f) || len(f.Allow["READ"]) > 0 && !r.Lives(row) {
			continue
		}
		var named []*Row
		if l, ok := v.(links); ok {
			named = append(slices.Clone(l.link), l.unlink...)
		} else {
			named = referred(v)
		}
		if slices.ContainsFunc(named, func(to *Row) bool { return !r.Sees(to) }) {
			continue
		}
		out[name] = shownAs(f, v)
	}
	return out
}

// shownAs is a value as a history tells it.
func shownAs(f *Field, v any) answer {
	ids := func(rows []*Row) any {
		list := []any{}
		for _, row := range rows {
			list = append(list, leaf{f, row})
		}
		return unordered(list)
	}
	switch v := v.(type) {
	case links:
		return exactly{"link": ids(v.link), "unlink": ids(v.unlink)}
	case Object:
		parts := exactly{}
		for _, part := range f.Type.Fields {
			parts[part.Name] = leaf{part, v[part.Name]}
		}
		return parts
	case []Value:
		if f.List() {
			return ids(referred(v))
		}
	case *Row:
		if f.Scalar == "union" {
			return exactly{f.armName(v.Type): leaf{f, v}}
		}
	}
	return leaf{f, v}
}

// unordered is a list whose elements come in any order.
type unordered []any
