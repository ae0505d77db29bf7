package query

import (
	"slices"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// This file tells why a row is not deleted: which references hold it. It is asked before, in the statement that loads the row,
// since PostgreSQL answers nothing more in a transaction that failed, and SQLite does not say which key it was. Only what
// the viewer reads anyway is told, System() or not: another row that holds this one is not named.

// holder is a reference that may keep a row from being deleted, and the column that tells whether one that the viewer may read does.
type holder struct {
	referrer
	column int
}

// holders asks which references hold the row.
func (v *verdict) holders(t *Tx) {
	r := v.renderer
	defer func(system bool) { r.system = system }(r.system)
	r.system = false
	action := func(f *meta.Field) meta.OnDelete { return f.OnGone }
	if v.entity.SoftDelete {
		action = func(f *meta.Field) meta.OnDelete { return f.OnDelete }
	}
	var ask func(e *meta.Entity, row string, passed []*meta.Entity)
	ask = func(e *meta.Entity, row string, passed []*meta.Entity) {
		passed = append(passed[:len(passed):len(passed)], e)
		for _, from := range t.references(e) {
			switch action(from.field) {
			case meta.Restrict:
				s := &scope{entity: from.entity, alias: r.alias("h")}
				holds := conjunction(s.alias+"."+ident(from.field.Column)+row, r.policy(s.entity, meta.Read, s), r.fieldRule(from.field, meta.Read, s))
				if from.entity == v.entity {
					holds = conjunction(s.alias+".id <> t0.id", holds)
				}
				if holds != sqlFalse {
					holds = "EXISTS (SELECT 1 FROM " + r.table(s) + " WHERE " + holds + ")"
				}
				if column := v.add(holds); column >= 0 {
					v.held = append(v.held, holder{from, column})
				}
			case meta.Cascade:
				if !slices.Contains(passed, from.entity) {
					alias := r.alias("h")
					ask(from.entity, " IN (SELECT "+alias+".id FROM "+stored(from.entity)+" "+alias+" WHERE "+alias+"."+ident(from.field.Column)+row+")", passed)
				}
			}
		}
	}
	ask(v.entity, " = t0.id", nil)
}

// heldBy is the references that hold a row, of which cells are the answers.
func (v *verdict) heldBy(cells []cell, known []referrer) []referrer {
	for _, h := range v.held {
		if answered(cells[h.column]) && !slices.Contains(known, h.referrer) {
			known = append(known, h.referrer)
		}
	}
	return known
}

// stillReferred is the problem of a row of e that something still refers to. The references are those that the viewer may know of.
func stillReferred(e *meta.Entity, by []referrer, err error) error {
	problem := &kit.Problem{Code: kit.CodeConflict, Status: 409, Detail: "Something still refers to this " + e.Singular + ".", Err: err}
	for _, r := range by {
		problem.Fields = append(problem.Fields, kit.FieldError{
			Field: r.entity.Singular + "." + r.field.Path(), Code: kit.FieldReferred, Detail: "This refers to it.",
		})
	}
	return problem
}
