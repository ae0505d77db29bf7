package build

import (
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// declareInterface makes an interface. What it says of a field besides its type would be inherited, and nothing is.
func (b *builder) declareInterface(t *design.Type) {
	i := &model.Interface{Pos: t.Pos, Name: t.Name, Doc: t.Doc}
	for _, f := range t.Fields {
		for _, d := range f.Directives {
			if d.Name != "deprecated" {
				b.problems.Add(d.Pos, WrongPlace, "say it on each type that implements "+t.Name, "an interface shares a shape: @%s of %s would be heeded nowhere", d.Name, f.Name)
			}
		}
		i.Fields = append(i.Fields, &model.Field{Pos: f.Pos, Name: f.Name, Doc: f.Doc, Deprecated: b.deprecated(f.Directives)})
	}
	b.shapes[t.Name] = i
	b.model.Interfaces = append(b.model.Interfaces, i)
}

// shareShapes tells entities and value objects which interfaces they implement. That they have the fields was checked when
// the design was read.
func (b *builder) shareShapes() {
	of := func(t *design.Type) (shapes []*model.Interface) {
		for _, name := range t.Implements {
			if i := b.shapes[name.Text]; i != nil {
				shapes = append(shapes, i)
			}
		}
		return shapes
	}
	for e, t := range b.declared {
		e.Shapes = of(t)
	}
	for s, t := range b.structured {
		s.Shapes = of(t)
	}
}
