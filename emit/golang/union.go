package golang

import (
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// union is a union of entities: an interface that an id of each of them is, so that a switch on the type tells which.
func union(p *printer, u *model.UnionType) {
	kinds := make([]string, len(u.Members))
	params := make([]string, len(u.Members))
	for i, e := range u.Members {
		kinds[i], params[i] = armName(u, e), parameter(e.Singular)
	}
	p.f("")
	p.comment(spell.Described(u.Name, u.Doc, "one of several entities, by its id") + "\n\nIt is " + door.Either(kinds) + "; nil is none, or one that the viewer may not see.")
	p.f("type %s interface {", u.Name)
	p.comment("Values is the union as package meta states it.")
	p.f("Values() []any")
	p.f("is%s()", u.Name)
	p.f("}")
	for i, e := range u.Members {
		values := make([]string, len(u.Members))
		for j := range values {
			values[j] = "nil"
		}
		values[i] = "string(v)"
		p.f("")
		p.comment(kinds[i] + " is the id of " + article(human(e.Name)) + " as " + article(u.Name) + ".")
		p.f("type %s kit.ID", kinds[i])
		p.f("")
		p.f("func (%s) is%s() {}", kinds[i], u.Name)
		p.f("")
		p.comment("Values is v as package meta states it.")
		p.f("func (v %s) Values() []any { return []any{%s} }", kinds[i], strings.Join(values, ", "))
	}
	p.f("")
	p.comment(u.Name + "Of is the one of its members that is there.")
	p.f("func %sOf(%s any) %s {", u.Name, strings.Join(params, ", "), u.Name)
	p.f("switch {")
	for i := range u.Members {
		p.f("case typed.ID(%s) != \"\":", params[i])
		p.f("return %s(typed.ID(%s))", kinds[i], params[i])
	}
	p.f("}")
	p.f("return nil")
	p.f("}")
}

// armName is the Go name of a member of a union: "ReportableMessage".
func armName(u *model.UnionType, e *model.Entity) string { return u.Name + e.Name }
