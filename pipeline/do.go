package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/recipe"
)

// Done is what a request in words comes to, before anything is done.
type Done struct {
	*Edited
	Request *recipe.Request
	Steps   []string // what would be done, in order, and what is there already
	Slow    *Slow    // how the list that is slow is read; nil where nothing was to be faster
}

// Slow is what the design says of a list that is slow.
type Slow struct {
	Entity  string
	Query   string   // GraphQL, to explain
	Order   string   // in which it is read
	Indexes []string // that serve it
	Rules   []string // that are part of its statement
}

// Do matches a request to recipes and verbs, without a model. Nothing is written until Write is called.
func Do(dir, request string) (*Done, error) {
	if len(request) > 2000 {
		return nil, fmt.Errorf("a request of %d bytes: say one thing at a time", len(request))
	}
	e, err := Open(dir)
	if none := (*NoDesign)(nil); errors.As(err, &none) { // what needs no design is done without
		if asked := recipe.Match(nil, request); asked.Verb != nil || asked.Faster && asked.Against == "" {
			return &Done{Edited: &Edited{Checked: &Checked{Dir: dir}}, Request: asked}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	d := &Done{Edited: e}
	if len(e.Problems) > 0 {
		d.Request = &recipe.Request{}
		return d, nil
	}
	d.Request = recipe.Match(e.sources, request)
	if len(d.Request.Missing) > 0 || d.Request.Against != "" {
		return d, nil
	}
	if len(d.Request.Unread) > 0 { // what they change is not known: it is told how to ask for what was read
		for _, wanted := range d.Request.Recipes {
			d.Steps = append(d.Steps, strings.Join(append([]string{"fettle add", wanted.Recipe.Name}, wanted.Args...), " "))
		}
		return d, nil
	}
	for _, wanted := range d.Request.Recipes {
		words := strings.Join(append([]string{"fettle add", wanted.Recipe.Name}, wanted.Args...), " ")
		next, err := d.Edited.Add(wanted.Recipe, wanted.Args)
		if err != nil {
			return nil, err
		}
		if next.Hash == d.Hash {
			words += ": the design has it already"
		} else {
			words += ": " + wanted.Recipe.Title
		}
		d.Edited, d.Steps = next, append(d.Steps, words)
	}
	if d.Request.Faster && d.Model != nil {
		d.slow()
	}
	return d, nil
}

// slow finds how the list in question is read, and gives it an index of its order where it has none.
func (d *Done) slow() {
	i := slices.IndexFunc(d.Model.Entities, func(e *model.Entity) bool { return e.Name == d.Request.Slow })
	if i < 0 {
		return
	}
	e := d.Model.Entities[i]
	s := &Slow{Entity: e.Name, Query: ListQuery(e)}
	var order []string
	for _, o := range e.Page.Order {
		text := o.Field.Name
		if o.Descending {
			text += " down"
		}
		order = append(order, text)
	}
	s.Order = strings.Join(order, ", ")
	for _, index := range e.Indexes {
		var names []string
		for _, f := range index.Fields {
			names = append(names, f.Name)
		}
		s.Indexes = append(s.Indexes, strings.Join(names, ", "))
	}
	for _, r := range e.Allow.Read {
		s.Rules = append(s.Rules, r.Source)
	}
	d.Slow = s
}

// ListQuery is a GraphQL query of the first page of an entity's list, with some of its fields.
func ListQuery(e *model.Entity) string {
	var fields []string
	for _, f := range e.Fields {
		if f.Stored() && !f.Auto && !f.Internal && !f.WriteOnly && f.Kind != model.Ref && f.Kind != model.Value && len(fields) < 3 {
			fields = append(fields, f.Name)
		}
	}
	if len(fields) == 0 {
		fields = []string{"id"}
	}
	return fmt.Sprintf("{ %s(first: 20) { nodes { %s } } }", e.Plural, strings.Join(fields, " "))
}

// Statements are those that the slow list is read with, in a database and for an account (its login or id; empty for one that is
// new). The service is built to be asked; nothing is written.
func (d *Done) Statements(ctx context.Context, database, as string) ([]string, error) {
	return statements(ctx, d.Dir, database, as, d.Slow.Query)
}

// Entities are the names of the entities that a request may name.
func (d *Done) Entities() []string {
	var names []string
	if d.Model != nil {
		for _, e := range d.Model.Entities {
			names = append(names, e.Name)
		}
	}
	return names
}
