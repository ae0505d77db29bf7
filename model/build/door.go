package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// doors finds where two things would answer to one name. A declared operation that has the name of a generated one
// stands for it.
func (b *builder) doors() {
	generated := map[string]*model.Entity{}
	for _, e := range b.model.Entities {
		for _, name := range doorNames(e) {
			other := generated[name]
			if other == e {
				break // its plural is its singular, which is told already
			}
			if other != nil {
				b.problems.Add(e.Pos, NamesClash, otherName(name, other, e), "%s of %s would be called as one of %s", name, e.Name, other.Name)
				break
			}
			generated[name] = e
		}
	}
	roots, told := map[string]*model.Operation{}, map[string]*model.Operation{}
	paths := map[string]*model.Operation{}
	for _, o := range b.design.Operations {
		op := b.made[o]
		if op == nil {
			continue
		}
		if op.Kind == model.Subscription {
			if other := told[op.Name]; other != nil {
				b.problems.Add(op.Pos, NamesClash, "", "a subscription is called %s already: in %s", op.Name, where(other))
			}
			told[op.Name] = op
			continue
		}
		if e := generated[op.Name]; e != nil {
			e.Replaced = append(e.Replaced, op.Name)
		}
		key := op.Name
		if other := roots[key]; other != nil {
			b.problems.Add(op.Pos, NamesClash, "", "an operation is called %s already: in %s", op.Name, where(other))
		}
		roots[key] = op
		if op.Internal {
			continue
		}
		route := op.Method + " " + blankPath(op.Path)
		if other := paths[route]; other != nil && other.Name != op.Name {
			b.problems.Add(op.Pos, NamesClash, "give it another path with @rest", "%s answers at %s %s already", other.Name, op.Method, op.Path)
		}
		paths[route] = op
	}
	b.typeNames()
	b.unmakable()
}

// unmakable reports rows that the doors offer to create and never can: a field must have a value, and nobody gives it one. Where an operation of
// the design stands for the generated one, its Go does; and accounts are made by registration, which says so itself.
func (b *builder) unmakable() {
	for _, e := range b.model.Entities {
		create := "create" + e.Name
		if len(e.Allow.Create) == 0 || e.Internal || e.Upsert || slices.Contains(e.Replaced, create) || b.model.Account != nil && b.model.Account.Entity == e {
			continue
		}
		for _, f := range e.Fields {
			given := f.Null || f.Auto || f.Tenant || f.Default != nil || f.ArmOf != nil || design.Find(b.directives(f), "default") != nil
			if !f.ReadOnly && !f.Internal || given || !f.Stored() && f.Kind != model.Union || f.Kind == "" || b.broken[f] {
				continue
			}
			b.problems.Add(f.Pos, Contradiction, fmt.Sprintf("give it a @default, leave out its \"!\", or declare %s in extend type Mutation, whose Go sets it", create),
				"no client can create %s: %s is required, and clients never set it", article(e.Name), f.Name)
		}
	}
}

// otherName says what frees name, which both entities would give to an operation: a plural can be another.
func otherName(name string, one, two *model.Entity) string {
	var plural []string
	for _, e := range []*model.Entity{one, two} {
		if name == e.Plural || name == e.Plural+"Aggregate" {
			plural = append(plural, e.Name)
		}
	}
	if len(plural) == 0 {
		return fmt.Sprintf("rename %s or %s", one.Name, two.Name)
	}
	return fmt.Sprintf("give %s another plural, as @entity(plural: …)", strings.Join(plural, " or "))
}

func where(op *model.Operation) string {
	return fmt.Sprintf("%s:%d", op.Pos.File, op.Pos.Line)
}

// doorNames are the operations that an entity has unsaid.
func doorNames(e *model.Entity) []string {
	if e.Internal {
		return nil
	}
	names := []string{e.Singular, e.Plural, e.Plural + "Aggregate", "create" + e.Name, "update" + e.Name, "delete" + e.Name}
	if e.SoftDelete {
		names = append(names, "restore"+e.Name)
	}
	return names
}

// blankPath forgets what the arguments of a path are called.
func blankPath(path string) string {
	out, skip := "", false
	for _, r := range path {
		switch {
		case r == '{':
			skip = true
			out += "{}"
		case r == '}':
			skip = false
		case !skip:
			out += string(r)
		}
	}
	return out
}

// typeNames keeps the names of generated GraphQL types free.
func (b *builder) typeNames() {
	own := map[string]string{}
	for _, name := range []string{"Query", "Mutation", "Subscription", "PageInfo", "Node", "Task", "External"} {
		own[name] = "the API"
	}
	for _, e := range b.model.Entities {
		for _, name := range []string{e.Name + "Connection", e.Name + "Edge", e.Name + "Filter", e.Name + "Aggregate", e.Name + "AggregateConnection", e.Name + "Group", e.Name + "GroupBy", e.Name + "Sum", e.Name + "Avg", e.Name + "Min", e.Name + "Max", "Create" + e.Name + "Input", "Update" + e.Name + "Input"} {
			own[name] = e.Name
		}
		if h := e.History; h != nil {
			for _, name := range []string{h.Name, h.Name + "Connection", h.Name + "Edge", h.Name + "Filter", h.Name + "Order"} {
				own[name] = "the history of " + e.Name
			}
		}
	}
	for _, t := range b.design.Types {
		if of := own[t.Name]; of != "" && b.taken(t.Name) {
			b.problems.Add(t.Pos, NamesClash, "", "the API has a type %s for %s: choose another name", t.Name, of)
		}
	}
}
