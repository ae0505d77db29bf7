package design

// checkInterfaces reports types that lack a field of an interface they implement.
func (r *resolver) checkInterfaces() {
	for _, t := range r.design.Types {
		for _, name := range t.Implements {
			shape := r.design.ByName[name.Text]
			if shape == nil || shape.Broken || t.Broken {
				continue
			}
			for _, want := range shape.Fields {
				r.implemented(t, name, want)
			}
		}
	}
}

func (r *resolver) implemented(t *Type, shape Name, want *Field) {
	for _, f := range t.Fields {
		if f.Name != want.Name {
			continue
		}
		if wrote := f.Type.source(); !f.Broken && !want.Broken && !covers(f.Type, want.Type) {
			r.problems.Add(f.Type.Pos, BrokenInterface, "write "+want.Type.source(), "%s of %s is %s, and %s in interface %s",
				f.Name, t.Name, wrote, want.Type.source(), shape.Text)
		}
		return
	}
	if unsaid := unsaid[want.Name]; Find(t.Directives, "entity") != nil && covers(unsaid, want.Type) {
		return
	}
	r.problems.Add(shape.Pos, BrokenInterface, "write "+want.Name+": "+want.Type.source()+" in it",
		"%s has no field %q, which interface %s has", t.Name, want.Name, shape.Text)
}

// unsaid are the fields that every entity has.
var unsaid = map[string]TypeRef{
	"id": {Name: "ID", Required: true}, "createdAt": {Name: "DateTime", Required: true}, "updatedAt": {Name: "DateTime", Required: true},
	"version": {Name: "Int", Required: true},
}

// covers reports whether a field's type keeps the promise of its interface: the same, or never null where that may be.
func covers(got, want TypeRef) bool {
	return got.Name == want.Name && got.List == want.List && (got.Required || !want.Required) && (got.Elements || !want.Elements)
}

// source writes a type as SDL.
func (t TypeRef) source() string {
	text := t.Name
	if t.List {
		if t.Elements {
			text += "!"
		}
		text = "[" + text + "]"
	}
	if t.Required {
		text += "!"
	}
	return text
}
