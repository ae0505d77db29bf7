package query

import "github.com/fettlehq/fettle/kit/meta"

// Full selects every stored field of e, in order, references as ids: the values of a row align with
// e.Columns().
func Full(e *meta.Entity) *Select {
	columns := e.Columns()
	s := &Select{Entity: e, Fields: make([]Selection, len(columns))}
	for i, f := range columns {
		s.Fields[i].Field = f
	}
	return s
}

// Exposed tells whether the doors offer to do v with e.
func Exposed(e *meta.Entity, v meta.Verb) bool { return !e.Internal && len(e.Allow.Of(v)) > 0 }

// Restorable tells whether the doors bring deleted rows of e back.
func Restorable(e *meta.Entity) bool { return e.SoftDelete && Exposed(e, meta.Delete) }

// ReadFields is the fields of e that the doors show.
func ReadFields(e *meta.Entity) []*meta.Field {
	return fieldsWhere(e, func(f *meta.Field) bool {
		if f.Kind == meta.Union && len(ShownArms(f)) == 0 {
			return false
		}
		return !f.Internal && !f.WriteOnly && (f.Target() == nil || Exposed(f.Target(), meta.Read))
	})
}

// CreateFields is the fields of e that a client may set through the doors when it makes a row.
func CreateFields(e *meta.Entity) []*meta.Field {
	return fieldsWhere(e, func(f *meta.Field) bool { return settable(f) && (f.Parts == nil || f.Parts.Create) })
}

// UpdateFields is the fields of e that a client may change through the doors.
func UpdateFields(e *meta.Entity) []*meta.Field {
	return fieldsWhere(e, func(f *meta.Field) bool { return settable(f) && !f.Immutable })
}

func settable(f *meta.Field) bool {
	if f.Auto || f.ReadOnly || f.Internal || f.IsComputed() {
		return false
	}
	return f.Kind != meta.List || f.Parts != nil || f.Join != nil && f.Join.Owner
}

func fieldsWhere(e *meta.Entity, fits func(*meta.Field) bool) []*meta.Field {
	var fields []*meta.Field
	for _, f := range e.Fields {
		if fits(f) {
			fields = append(fields, f)
		}
	}
	return fields
}
