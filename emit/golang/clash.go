package golang

import (
	"strings"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// Clash is a name of the design that Go cannot take.
type Clash struct {
	Pos  diag.Pos
	Name string // in Go: "NewOrder"
	Of   string // what has that name already: "the form to create an Order"
}

// Clashes finds the names of a model that would be declared twice in the packages of its modules, because of what is
// written besides its own types. What has one is written, but does not build. Package design has found the others.
func Clashes(m *model.Model) []Clash {
	c := &clashes{}
	for _, module := range m.Modules {
		c.module(module)
	}
	return c.found
}

type clashes struct{ found []Clash }

// scope is the names of one Go scope, and what has them.
type scope map[string]string

// declare takes a name, or reports that it is taken.
func (c *clashes) declare(s scope, pos diag.Pos, name, of string) {
	if other := s[name]; other != "" {
		c.found = append(c.found, Clash{pos, name, other})
		return
	}
	s[name] = of
}

func (c *clashes) module(m *model.Module) {
	s := scope{"Tx": "the transaction", "NewTx": "the transaction", "Module": "the module"}
	if operated(m) {
		s["Operations"], s["Business"], s["New"] = "the interface of the operations", "the business code", "the business code"
	}
	for _, e := range m.Entities {
		c.declare(s, e.Pos, e.Name, "the entity "+e.Name)
	}
	for _, v := range append(append([]*model.Struct{}, m.Values...), m.Inputs...) {
		c.declare(s, v.Pos, v.Name, "the type "+v.Name)
	}
	for _, e := range m.Enums {
		c.declare(s, e.Pos, e.Name, "the enum "+e.Name)
	}
	for _, e := range own(m.Events) {
		c.declare(s, e.Pos, e.Name, "the event "+e.Name)
		for _, f := range e.Fields {
			if exported(f.Name) == "Values" {
				c.found = append(c.found, Clash{f.Pos, "Values", "the method that writes " + article(e.Name)})
			}
		}
	}
	for _, o := range m.Business() {
		if name := outboxName(o); name != "" {
			c.declare(s, o.Pos, name, "what "+o.Name+" emits through")
		}
	}
	for _, u := range m.Unions {
		c.declare(s, u.Pos, u.Name, "the union "+u.Name)
		c.declare(s, u.Pos, u.Name+"Of", "the function that reads "+article(u.Name))
		for _, e := range u.Members {
			c.declare(s, u.Pos, armName(u, e), "the id of "+article(e.Name)+" in "+u.Name)
		}
	}
	for _, e := range m.Entities {
		c.entity(s, e)
	}
	for _, v := range m.Values {
		for _, f := range v.Fields {
			if exported(f.Name) == "Values" {
				c.found = append(c.found, Clash{f.Pos, "Values", "the method that writes " + article(v.Name)})
			}
		}
		c.declare(s, v.Pos, v.Name+"Of", "the function that reads "+article(v.Name))
	}
	for _, v := range m.Inputs {
		c.declare(s, v.Pos, v.Name+"Of", "the function that reads "+article(v.Name))
	}
	for _, e := range m.Enums {
		for _, v := range e.Values {
			c.declare(s, e.Pos, constant(e.Name, v.Name), "the value "+v.Name+" of "+e.Name)
		}
	}
	answers := scope{}
	for _, o := range m.Business() {
		answers[exported(o.Name)] = "the operation " + o.Name
	}
	for _, method := range m.Methods() {
		c.declare(answers, method.Field.Pos, methodName(method), "the method of "+method.Entity.Name+"."+method.Field.Name)
	}
	if operated(m) {
		for _, code := range faults(m) {
			c.declare(s, m.Business()[0].Pos, constant("Code", code), "the code "+code)
		}
	}
}

func (c *clashes) entity(s scope, e *model.Entity) {
	c.declare(s, e.Pos, creationName(e), "the form to create "+article(e.Name))
	for _, suffix := range []string{"Patch", "Store", "Query", "Of"} {
		c.declare(s, e.Pos, e.Name+suffix, "the "+strings.ToLower(suffix)+" of "+e.Name)
	}
	c.declare(s, e.Pos, pluralName(e), "the columns of "+e.Name)
	c.store(e)
}

// store finds bounded many-to-many lists that have the name of another method of their store.
func (c *clashes) store(e *model.Entity) {
	s := scope{}
	for _, name := range []string{"Get", "List", "All", "Select", "SelectOne", "Aggregate", "Create", "Update", "Delete", "DeleteWhere", "Lock", "Restore"} {
		s[name] = "a method of the store of " + e.Name
	}
	if e.Key.Name != "id" {
		s["By"+exported(e.Key.Name)] = "a method of the store of " + e.Name
	}
	for _, by := range planEnsures(e) {
		s["EnsureBy"+by.Name] = "a method of the store of " + e.Name
	}
	for _, f := range e.Fields {
		if reads(f) {
			c.declare(s, f.Pos, exported(f.Name), "the list "+f.Name)
		}
	}
}
