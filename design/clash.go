package design

import (
	"strings"

	"github.com/fettlehq/fettle/diag"
)

// taken remembers who uses a name in Go or in the database.
type taken map[string]owner

type owner struct {
	name string
	pos  diag.Pos
}

// checkClashes reports names that differ in the design and are one in Go or in the database.
func (r *resolver) checkClashes() {
	types := taken{}
	for _, t := range r.design.Types {
		if first, clash := types[gone(t.Name)]; clash {
			r.problems.Add(t.Pos, NameClash, "choose another name", "%s and %s have one name in Go and in the database", first.name, t.Name)
			continue
		}
		types[gone(t.Name)] = owner{t.Name, t.Pos}
		r.fieldClashes(t)
		r.valueClashes(t)
	}
}

func (r *resolver) fieldClashes(t *Type) {
	inGo, columns := taken{}, taken{}
	if Find(t.Directives, "entity") != nil {
		for _, name := range []string{"id", "createdAt", "updatedAt", "version"} {
			inGo[gone(name)] = owner{name: name}
			columns[column(name)] = owner{name: name}
		}
	}
	for _, f := range t.Fields {
		if first, clash := inGo[gone(f.Name)]; clash && first.name != f.Name {
			r.problems.Add(f.Pos, NameClash, "choose another name", "%s and %s of %s have one name in Go", first.name, f.Name, t.Name)
			f.Broken = true
			continue
		}
		inGo[gone(f.Name)] = owner{f.Name, f.Pos}
		if f.Broken || t.Kind == Input {
			continue
		}
		for _, c := range r.columns(f) {
			if first, clash := columns[c]; clash && first.name != f.Name {
				r.problems.Add(f.Pos, NameClash, "choose another name", "%s and %s of %s have one column, %s", first.name, f.Name, t.Name, c)
				f.Broken = true
				break
			}
			columns[c] = owner{f.Name, f.Pos}
		}
	}
}

// columns are the columns that a field is kept in: one for a scalar or reference, several for a value object.
func (r *resolver) columns(f *Field) []string {
	if db := Find(f.Directives, "db"); db.Arg("name") != nil {
		return []string{db.Arg("name").Text}
	}
	t := r.design.ByName[f.Type.Name]
	switch {
	case t == nil || t.Broken || f.Type.List || Find(f.Directives, "computed") != nil:
		return nil
	case t.Kind == Scalar || t.Kind == Enum:
		return []string{column(f.Name)}
	case t.Kind == Object && Find(t.Directives, "entity") != nil:
		return []string{column(f.Name) + "_id"}
	case t.Kind == Object:
		var names []string
		for _, part := range t.Fields {
			names = append(names, column(f.Name)+"_"+column(part.Name))
		}
		return names
	default:
		return nil
	}
}

func (r *resolver) valueClashes(t *Type) {
	inGo := taken{}
	for _, v := range t.Values {
		name := strings.ToLower(strings.ReplaceAll(v.Name, "_", ""))
		if first, clash := inGo[name]; clash {
			r.problems.Add(v.Pos, NameClash, "choose another name", "%s and %s of %s have one name in Go", first.name, v.Name, t.Name)
			continue
		}
		inGo[name] = owner{v.Name, v.Pos}
	}
}
