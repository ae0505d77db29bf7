package build

import (
	"slices"

	"github.com/fettlehq/fettle/model"
)

// parts finds the lists whose rows are written with the row that they belong to: those that go with it when it is deleted,
// which is what CASCADE says. Each verb is there where the doors have it for such a row by itself, and no operation of
// the design stands for that.
func (b *builder) parts() {
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			by := f.Inverse
			if f.Kind != model.List || by == nil || by.OnDelete != model.Cascade || f.Internal || f.ReadOnly || f.Target.Internal || f.Target.HistoryOf != nil {
				continue
			}
			t := f.Target
			own := func(name string) bool { return slices.Contains(t.Replaced, name+t.Name) }
			parts := model.Parts{
				Create: len(t.Allow.Create) > 0 && taken(by) && others(t, by, taken) && !own("create"),
				Update: len(t.Allow.Update) > 0 && others(t, by, changed) && !own("update"),
				Delete: len(t.Allow.Delete) > 0 && !own("delete"),
			}
			if parts != (model.Parts{}) {
				f.Parts = &parts
			}
		}
	}
}

// taken tells whether a client may set f in a new row.
func taken(f *model.Field) bool {
	return !f.Auto && !f.ReadOnly && !f.Internal && (f.Stored() || f.Kind == model.Union)
}

func changed(f *model.Field) bool { return taken(f) && !f.Immutable }

// others tells whether t has a field that fits besides the one by which its rows belong.
func others(t *model.Entity, by *model.Field, fits func(*model.Field) bool) bool {
	return slices.ContainsFunc(t.Fields, func(f *model.Field) bool { return f != by && fits(f) })
}
