package graphql

import (
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/facts"
)

// objects are the types of all schemas of a folder, as far as it matters which of them an answer may hold several of.
type objects struct {
	fields map[string][]*ast.Type // what the fields of an object give
	kinds  map[string][]string    // of an interface or a union what it may be
	many   map[string]bool        // those that a list leads to, or that are asked for by lists of keys
}

func (o *objects) add(d *ast.Definition) {
	switch d.Kind {
	case ast.Object, ast.Interface:
		for _, f := range d.Fields {
			o.fields[d.Name] = append(o.fields[d.Name], f.Type)
		}
		for _, of := range d.Interfaces {
			o.kinds[of] = append(o.kinds[of], d.Name)
		}
		if d.Directives.ForName("key") != nil {
			o.many[d.Name] = true // another service of a federation asks for any number of them at once
		}
	case ast.Union:
		o.kinds[d.Name] = append(o.kinds[d.Name], d.Types...)
	}
}

// single marks the routes that answer a field of an object of which a document's answer holds one: the fields of Query and of what else a
// document begins with lead to it without a list. Of an object that nothing leads to nobody knows.
func (o *objects) single(answers map[string][]*facts.Route) {
	one := map[string]bool{}
	for _, root := range []string{"Query", "Mutation", "Subscription"} {
		o.walk(root, false, one)
	}
	for _, name := range slices.Collect(maps.Keys(o.many)) {
		o.walk(name, true, one)
	}
	for name := range one {
		if o.many[name] {
			continue
		}
		for key, routes := range answers {
			if of, _, _ := strings.Cut(key, "."); of != strings.ToLower(name) {
				continue
			}
			for _, r := range routes {
				r.Single = r.Kind == "field"
			}
		}
	}
}

// walk follows what leads from an object to others. Below a list all is many.
func (o *objects) walk(name string, many bool, one map[string]bool) {
	for _, kind := range o.kinds[name] {
		o.to(kind, many, one)
	}
	for _, t := range o.fields[name] {
		o.to(t.Name(), many || listed(t), one)
	}
}

func (o *objects) to(name string, many bool, one map[string]bool) {
	seen := one
	if many {
		seen = o.many
	}
	if !seen[name] {
		seen[name] = true
		o.walk(name, many, one)
	}
}

func listed(t *ast.Type) bool { return t.Elem != nil }
