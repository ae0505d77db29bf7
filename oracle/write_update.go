package oracle

import (
	"encoding/json"
	"maps"
	"slices"
)

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
	parts := slices.ContainsFunc(t.Fields, func(f *Field) bool { return f.Parts() && anyOf(values[f.Name]) })
	if len(given) == 0 && !parts {
		row.Values = old.Values
		if !w.system && !w.allowed(row.Type.Allow["UPDATE"], row, old, held) {
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
	idle := !parts && w.idle(row, given)
	if !idle {
		row.Values["updatedAt"], row.Values["version"] = w.Now, old.Values["version"].(int64)+1
	}
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
	if !idle {
		w.remember(row, w.viewer, "UPDATE", old, given)
	}
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

// stale refuses a row that does not have the version that it must.
func (w *writer) stale(row *Row, met int) {
	if met != 0 && row.Values["version"] != int64(met) {
		w.o.fail("STALE")
	}
}
