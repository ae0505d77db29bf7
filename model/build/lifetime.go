package build

import (
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// lifetimes reads @softDelete.
func (b *builder) lifetimes() {
	for _, e := range b.model.Entities {
		d := design.Find(b.declared[e].Directives, "softDelete")
		if d == nil {
			continue
		}
		e.SoftDelete = true
		if keep := d.Arg("keep"); keep != nil {
			long, err := parseDuration(keep.Text)
			if err != nil || long <= 0 {
				b.problems.Add(keep.Pos, WrongType, `@softDelete(keep: "30d")`, "%q is no time for which a deleted row is kept", keep.Text)
			}
			e.Keep = long
		}
		for _, f := range e.Fields {
			b.ownColumn(e, f, model.DeletedAt, "when a row was deleted")
		}
	}
}

// ownColumn reports a field whose column is taken by what its entity keeps beside its fields.
func (b *builder) ownColumn(e *model.Entity, f *model.Field, column, what string) {
	for _, part := range append([]*model.Field{f}, f.Fields...) {
		if part.Column == column {
			b.problems.Add(f.Pos, NamesClash, `@db(name: "…")`, "column %s of %s holds %s", column, e.Name, what)
		}
	}
}
