package graphql

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// schema is the schema text and what its root fields do.
type schema struct {
	ast       *ast.Schema
	backend   *meta.Backend
	queries   map[string]verb
	mutations map[string]verb

	subscriptions map[string]verb

	sdl string // of a subgraph
}

// verb is what a root field does.
type verb struct {
	do        doing
	entity    *meta.Entity
	operation *meta.Operation
}

type doing uint8

const (
	call doing = iota
	get
	list
	aggregate
	create
	update
	remove
	restore
	follow
	nodes    // by their ids, whatever their types
	entities // by what a gateway names them by
	service  // the schema, for a gateway
)

// link loads the schema and finds what each of its root fields does.
func link(b *meta.Backend, sdl string) (*schema, error) {
	loaded, err := validator.LoadSchema(validator.Prelude, &ast.Source{Name: "schema.graphql", Input: sdl})
	if err != nil {
		return nil, err
	}
	delete(loaded.Directives, "defer") // not served
	s := &schema{ast: loaded, backend: b, queries: map[string]verb{}, mutations: map[string]verb{}, subscriptions: map[string]verb{}}
	for _, e := range b.Entities {
		if e.Owner() != nil {
			continue // a history is read where its row is
		}
		s.queries[e.Singular] = verb{do: get, entity: e}
		s.queries[e.Plural] = verb{do: list, entity: e}
		s.queries[e.Plural+"Aggregate"] = verb{do: aggregate, entity: e}
		s.mutations["create"+e.Name] = verb{do: create, entity: e}
		s.mutations["update"+e.Name] = verb{do: update, entity: e}
		s.mutations["delete"+e.Name] = verb{do: remove, entity: e}
		if query.Restorable(e) {
			s.mutations["restore"+e.Name] = verb{do: restore, entity: e}
		}
	}
	for _, o := range b.Operations { // a declared operation replaces a generated one
		roots := s.queries
		if o.Mutation {
			roots = s.mutations
		}
		roots[o.Name] = verb{do: call, operation: o}
		if o.Where != nil {
			roots[o.Name] = verb{do: list, entity: o.Result.Target(), operation: o}
		}
	}
	s.linkNodes()
	s.linkSubgraph(sdl)
	for _, o := range b.Subscriptions {
		s.subscriptions[o.Name] = verb{do: follow, entity: o.Result.Target(), operation: o}
	}
	return s, s.check()
}

// linkNodes finds node and nodes, unless the design uses these names itself.
func (s *schema) linkNodes() {
	if of := s.ast.Types[nodeInterface]; of == nil || of.Kind != ast.Interface || s.ast.Query == nil {
		return
	}
	for _, name := range []string{"node", "nodes"} {
		f := s.ast.Query.Fields.ForName(name)
		if _, taken := s.queries[name]; !taken && f != nil && f.Type.Name() == nodeInterface {
			s.queries[name] = verb{do: nodes}
		}
	}
}

// check finds root fields and types of the schema that the backend does not have.
func (s *schema) check() error {
	for root, verbs := range map[*ast.Definition]map[string]verb{s.ast.Query: s.queries, s.ast.Mutation: s.mutations, s.ast.Subscription: s.subscriptions} {
		if root == nil {
			continue
		}
		for _, f := range root.Fields {
			if _, ok := verbs[f.Name]; !ok && !isIntrospection(f.Name) {
				return fmt.Errorf("schema: %s.%s: no entity or operation of that name", root.Name, f.Name)
			}
			if v := verbs[f.Name]; v.do == aggregate {
				if err := s.checkAggregate(f, v.entity); err != nil {
					return err
				}
			}
		}
	}
	for _, e := range s.backend.Entities {
		definition := s.ast.Types[e.Name]
		if definition == nil {
			continue // not exposed
		}
		for _, f := range definition.Fields {
			if e.Field(f.Name) == nil && !isIntrospection(f.Name) {
				return fmt.Errorf("schema: %s.%s: no field of that name", e.Name, f.Name)
			}
		}
	}
	return nil
}

func isIntrospection(name string) bool { return len(name) > 2 && name[:2] == "__" }
