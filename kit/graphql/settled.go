package graphql

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit/query"
)

// settled is what is the same in all requests for an operation whose variables stand in arguments of its root fields only: all but
// those arguments. Programs send the same documents over and over, so it is made once.
type settled struct {
	fields     []*field     // of the root
	selections []*selection // of each of them; nil where it is planned anew
}

// selection is what a selection set makes of a Select, and how its rows are written. Nobody changes it.
type selection struct {
	read   query.Select // its part that the selection set decides
	object *object      // of one row
	page   *page        // of a list
}

// into makes sel read what the selection set selects.
func (s *selection) into(sel *query.Select) {
	sel.Fields, sel.Count, sel.Unversioned, sel.Unplaced = s.read.Fields, s.read.Count, s.read.Unversioned, s.read.Unplaced
}

// again is the root fields with the arguments of another request.
func (s *settled) again(c *collector) []*field {
	fields := make([]*field, len(s.fields))
	for i, known := range s.fields {
		f := *known
		f.arguments = c.arguments(f.definition, f.given)
		fields[i] = &f
	}
	return fields
}

func settle(p *plan) *settled {
	s := &settled{}
	for _, r := range p.roots {
		f := *r.field
		f.arguments = nil // what one request sent is not kept for others
		s.fields = append(s.fields, &f)
		var made *selection
		switch r.verb.do {
		case get, create, update, restore, list: // those that ask object or page
			made = &selection{object: r.member.object, page: r.member.page}
			made.read.Fields = slices.Clip(r.sel.Fields)
			made.read.Count, made.read.Unversioned, made.read.Unplaced = r.sel.Count, r.sel.Unversioned, r.sel.Unplaced
		}
		s.selections = append(s.selections, made)
	}
	return s
}

// object makes the root's Select read what its fields select of one row, and says how to write it.
func (r *root) object() *object {
	if r.known == nil {
		return planObject(r.definition.Type.Name(), r.fields, r.sel)
	}
	r.known.into(r.sel)
	return r.known.object
}

// page makes the root's Select read what its fields select of a list, and says how to write it.
func (r *root) page() *page {
	if r.known == nil {
		return planPage(r.field, r.sel)
	}
	r.known.into(r.sel)
	return r.known.page
}

// settles tells whether no variable of an operation stands anywhere but in the arguments of its root fields.
func settles(d *document, op *ast.OperationDefinition) bool {
	seen := map[string]bool{}
	var below func(set ast.SelectionSet, root bool) bool
	below = func(set ast.SelectionSet, root bool) bool {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				if varied(s.Directives) || !root && variable(s.Arguments) || !below(s.SelectionSet, false) {
					return false
				}
			case *ast.InlineFragment:
				if varied(s.Directives) || !below(s.SelectionSet, root) {
					return false
				}
			case *ast.FragmentSpread:
				if varied(s.Directives) {
					return false
				}
				// What is at the root may be spread below it, too: by another type's name only, so each is looked at once.
				if !seen[s.Name] {
					seen[s.Name] = true
					if !below(d.Fragments.ForName(s.Name).SelectionSet, root) {
						return false
					}
				}
			}
		}
		return true
	}
	return below(op.SelectionSet, true)
}

// varied tells whether what directives say hangs on a variable.
func varied(directives ast.DirectiveList) bool {
	return slices.ContainsFunc(directives, func(d *ast.Directive) bool { return variable(d.Arguments) })
}

func variable(arguments ast.ArgumentList) bool {
	return slices.ContainsFunc(arguments, func(a *ast.Argument) bool { return holdsVariable(a.Value) })
}

func holdsVariable(v *ast.Value) bool {
	return v.Kind == ast.Variable || slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return holdsVariable(c.Value) })
}
