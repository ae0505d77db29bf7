package query

import (
	"encoding/json"
	"slices"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// Merge is the value of a Change that changes a part of what is there: of a JSON field a patch (RFC 7396, section 2), of a
// value object one value for each part, Kept where it stays. What is there is read under the lock under which the row is
// written, so that of two who merge at once neither undoes what the other did.
type Merge struct{ Patch any } // json.RawMessage or []any

// Kept is a part of a value object that a Merge leaves as it is.
type Kept struct{}

// maxMerged bounds what a patch may make of a JSON field, in bytes: what is sent whole is bounded by the door.
const maxMerged = 1 << 20

// takeMerge checks what can be seen of a merge before the row is read.
func (w *write) takeMerge(f *meta.Field, m Merge) any {
	switch patch := m.Patch.(type) {
	case json.RawMessage:
		if f.Kind != meta.JSON || f.Repeated || w.verb != meta.Update {
			break
		}
		valid, _ := w.wrong.field(f, f.Name, patch).(json.RawMessage)
		return Merge{valid}
	case []any:
		if f.Kind != meta.Value || f.Repeated || w.verb != meta.Update || len(patch) != len(f.Fields) {
			break
		}
		checked := slices.Clone(patch)
		for i, part := range f.Fields {
			at := f.Name + "." + part.Name
			switch value := patch[i].(type) {
			case Kept:
			case Merge:
				raw, _ := value.Patch.(json.RawMessage)
				valid, _ := w.wrong.field(part, at, raw).(json.RawMessage)
				checked[i] = Merge{valid}
			case nil: // its default, if it has one
			default:
				checked[i] = w.wrong.field(part, at, value)
			}
		}
		return Merge{checked}
	}
	w.wrong.add(f.Name, kit.FieldType, "Only what is there can be merged with.")
	return nil
}

// merge makes whole values of merges, from the row as it was.
func (w *write) merge(row *loaded) {
	for _, f := range w.merged {
		m, ok := w.values[f].(Merge)
		if !ok || len(w.wrong.wrong) > 0 {
			continue
		}
		w.values[f] = w.wrong.field(f, f.Name, w.merging(f, f.Name, w.before(f, row.old), m.Patch))
	}
}

// merging is what a patch makes of a value.
func (w *write) merging(f *meta.Field, path string, old, patch any) any {
	if parts, ok := patch.([]any); ok {
		before, _ := old.([]any)
		whole := slices.Clone(parts)
		for i, part := range f.Fields {
			var was any
			if before != nil {
				was = before[i]
			}
			switch value := parts[i].(type) {
			case Kept:
				whole[i] = was
			case Merge:
				whole[i] = w.merging(part, path+"."+part.Name, was, value.Patch)
			}
		}
		return whole
	}
	was, _ := old.(json.RawMessage)
	text, _ := patch.(json.RawMessage)
	whole, err := input.MergePatch(was, text)
	if err != nil || len(whole) > max(maxMerged, len(was)) {
		w.wrong.add(path, kit.FieldTooLong, "At most %d bytes, %d values and %d levels, with what is there.", maxMerged, input.MaxValues, input.MaxDepth)
		return old
	}
	return whole
}

// held is the fields whose columns hold f.
func held(f *meta.Field) []*meta.Field {
	if f.Kind == meta.Value {
		return f.Fields
	}
	return []*meta.Field{f}
}
