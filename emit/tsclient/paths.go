package tsclient

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// paths prints, for each row that is shown, how its fields are named: those that are shown, brought along, ordered by, and
// conditions on them. Fields of rows that a row leads to are named one step further; conditions go as deep as one likes.
func (w *writer) paths() {
	for _, o := range w.plan.Objects {
		if o.Role == client.Row {
			w.pathsOf(o)
		}
	}
}

// step is where a field of a row leads.
type step struct {
	path string
	to   *client.Object
}

func (w *writer) pathsOf(o *client.Object) {
	name, kinds := w.names.objects[o], w.names.kinds[o]
	var own, relations, brought []string
	var steps []step
	for i, f := range door.ReadFields(o.Entity) {
		own = append(own, f.Name)
		switch {
		case f.Kind == model.Union:
			relations = append(relations, f.Name)
			for _, m := range o.Members[i].Type.Object.Members {
				steps = append(steps, step{f.Name + "." + m.Name, m.Type.Object})
			}
		case f.Target != nil:
			relations = append(relations, f.Name)
			steps = append(steps, step{f.Name, o.Members[i].Type.Object})
		case f.Computed != nil || f.Method:
			brought = append(brought, f.Name)
		}
	}
	deeper := func(kind func(pathKinds) string) (out string) {
		for _, s := range steps {
			out += fmt.Sprintf(" | `%s.${%s}`", s.path, kind(w.names.kinds[s.to]))
		}
		return out
	}
	w.f("export type %s = %s;", kinds.own, union(own))
	w.comment("", "The fields of "+name+", and of what they lead to.", "")
	w.f("export type %s = %s%s;", kinds.field, kinds.own, deeper(func(k pathKinds) string { return k.own }))
	w.f("export type %s = %s;", kinds.relation, union(append(slices.Clone(relations), brought...)))
	w.comment("", "What "+name+" leads to.", "")
	w.f("export type %s = %s%s;", kinds.include, union(relations), deeper(func(k pathKinds) string { return k.relation }))
	w.comment("", "By what "+name+" is sorted.", "")
	w.f("export type %s = `${\"\" | \"-\"}${%s}`;", kinds.order, union(sortable(o.Entity)))
	w.where(o, name, kinds)
	w.f("")
}

func sortable(e *model.Entity) (names []string) {
	for _, k := range door.Keys(e) {
		if !k.Field.Repeated {
			names = append(names, k.Name("."))
		}
	}
	return names
}

func (w *writer) where(o *client.Object, name string, kinds pathKinds) {
	w.comment("", "Conditions on "+name+", all of which hold.", "")
	w.f("export interface %s {", kinds.where)
	for i, f := range door.ReadFields(o.Entity) {
		if filter := w.filter(f, o.Members[i].Type); filter != "" {
			w.f("  %s?: %s%s;", property(f.Name), filter, inherited(f.Name))
		}
	}
	w.f("}")
}

// filter is the type of a condition on a field, empty where there is none.
func (w *writer) filter(f *model.Field, t client.Type) string {
	comparisons := door.Comparisons(f)
	switch {
	case f.Kind == model.Value && !f.Repeated:
		var parts []string
		for i, part := range f.Fields {
			if filter := w.filter(part, t.Object.Members[i].Type); filter != "" {
				parts = append(parts, property(part.Name)+"?: "+filter+inherited(part.Name))
			}
		}
		return "{ " + strings.Join(parts, "; ") + " }"
	case f.Kind == model.Union:
		var arms []string
		for _, m := range t.Object.Members {
			arms = append(arms, property(m.Name)+"?: ReferenceFilter<"+w.names.kinds[m.Type.Object].where+">")
		}
		return "{ " + strings.Join(arms, "; ") + " }"
	case len(comparisons) == 0:
		return ""
	case f.Kind == model.Ref:
		return "ReferenceFilter<" + w.names.kinds[t.Object].where + ">"
	case f.Scalars():
		return "ListFilter<" + w.names.one(t) + ">"
	case f.Kind == model.Boolean:
		return "BoolFilter"
	case slices.Contains(comparisons, "contains"):
		return "TextFilter<" + w.names.one(t) + ">"
	case slices.Contains(comparisons, "gt"):
		return "OrderedFilter<" + w.names.one(t) + ">"
	}
	return "EqualFilter<" + w.names.one(t) + ">"
}

func enumValues(e *model.Enum) []string {
	values := make([]string, len(e.Values))
	for i, v := range e.Values {
		values[i] = v.Name
	}
	return values
}
