package graphql

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// roots prints Query and Mutation: the doors of entities, then the operations.
func (s *schema) roots() {
	var queries, mutations []root
	for _, e := range door.Entities(s.model) {
		queries = append(queries, going(e, s.queries(e))...)
		mutations = append(mutations, going(e, s.mutations(e))...)
	}
	for _, o := range door.Operations(s.model) {
		if o.Kind == model.Query {
			queries = append(queries, s.operation(o))
		} else {
			mutations = append(mutations, s.operation(o))
		}
	}
	queries = append(append(queries, s.nodeRoots()...), s.gatewayRoots()...)
	if len(queries) == 0 { // then the door has no queries either
		s.f("# Nothing can be read here: no rule allows it, and no operation of Query does it.")
	}
	if s.model.Tenant != nil {
		s.doc("", door.Tenancy(s.model))
	}
	s.root("Query", queries)
	s.root("Mutation", mutations)
	s.root("Subscription", s.subscriptions())
}

// subscriptions are the rows that are told of when they are written.
func (s *schema) subscriptions() []root {
	var out []root
	for _, o := range door.Subscriptions(s.model) {
		doc := strings.TrimSpace(o.Doc + " " + door.Told(o))
		out = append(out, root{doc, o.Name + arguments(s.arguments(o)) + ": " + required(s.readType(o.Result), o.Result.Null) + deprecated(o.Deprecated)})
	}
	return out
}

// arguments are those of an operation, as they stand in brackets.
func (s *schema) arguments(o *model.Operation) []string {
	args := make([]string, len(o.Args))
	for i, a := range o.Args {
		args[i] = a.Name + ": " + required(s.taking(a), !door.Required(a)) + deprecated(a.Deprecated)
		if doc := strings.Join(strings.Fields(a.Doc), " "); doc != "" {
			args[i] = quote(doc) + " " + args[i]
		}
	}
	return args
}

func arguments(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// root is a field of Query or Mutation.
type root struct{ doc, text string }

func (s *schema) root(name string, fields []root) {
	if len(fields) == 0 {
		return
	}
	if name != "Query" && s.Len() > 0 {
		s.f("")
	}
	s.f("type %s {", name)
	for _, f := range fields {
		s.doc("  ", f.doc)
		s.f("  %s", f.text)
	}
	s.f("}")
}

// going are the doors of an entity, deprecated where it is.
func going(e *model.Entity, doors []root) []root {
	for i := range doors {
		doors[i].text += deprecated(e.Deprecated)
	}
	return doors
}

func (s *schema) queries(e *model.Entity) []root {
	if !door.Exposed(e, model.Read) || e.HistoryOf != nil {
		return nil
	}
	var out []root
	if !door.Replaced(e, e.Singular) {
		out = append(out, root{text: fmt.Sprintf("%s(%s: %s!): %s", e.Singular, e.Key.Name, s.scalarType(e.Key), e.Name)})
	}
	if !door.Replaced(e, e.Plural) {
		doc := fmt.Sprintf("At most %d a page; %d unless first or last says otherwise.", e.Page.Max, e.Page.Size)
		out = append(out, root{doc, fmt.Sprintf("%s%s: %s!", e.Plural, s.pageArgs(e), s.name(e.Name+"Connection"))})
	}
	if s.aggregated(e) {
		out = append(out, s.aggregateRoot(e))
	}
	return out
}

// mutations are what is done to rows. Each may be null, as every mutation: a transaction of its own, whose failure takes
// nothing from the answers of others (decision 0082).
func (s *schema) mutations(e *model.Entity) []root {
	var out []root
	if door.Exposed(e, model.Create) && !door.Replaced(e, "create"+e.Name) {
		input := ""
		if len(door.CreateFields(e)) > 0 {
			input = "(input: " + s.name("Create"+e.Name+"Input") + "!)"
		}
		out = append(out, root{text: fmt.Sprintf("create%s%s: %s", e.Name, input, e.Name)})
	}
	if door.Exposed(e, model.Update) && len(door.UpdateFields(e)) > 0 && !door.Replaced(e, "update"+e.Name) {
		out = append(out, root{
			"The id may be the key. With a version that is no longer the row's, it fails with STALE.",
			fmt.Sprintf("update%s(id: ID!, input: %s!, version: %s): %s", e.Name, s.name("Update"+e.Name+"Input"), s.version(e), e.Name),
		})
	}
	if door.Exposed(e, model.Delete) && !door.Replaced(e, "delete"+e.Name) {
		out = append(out, root{text: fmt.Sprintf("delete%s(id: ID!, version: %s): Boolean", e.Name, s.version(e))})
	}
	if door.Restorable(e) && !door.Replaced(e, "restore"+e.Name) {
		out = append(out, root{
			"Brings a deleted one back, with what was deleted with it.",
			fmt.Sprintf("restore%s(id: ID!): %s", e.Name, e.Name),
		})
	}
	return out
}

// version is the type of an expected version: that of the field version.
func (s *schema) version(e *model.Entity) string {
	for _, f := range e.Fields {
		if f.Auto && f.Name == "version" {
			return s.scalarType(f)
		}
	}
	panic(e.Name + " has no version")
}

// query is a list of the rows for which a condition holds.
func (s *schema) query(o *model.Operation, args []string) root {
	own := ""
	if len(args) > 0 {
		own = strings.Join(args, ", ") + ", "
	}
	page := o.Result.Page
	doc := strings.TrimSpace(fmt.Sprintf("%s At most %d a page; %d unless first or last says otherwise.", o.Doc, page.Max, page.Size))
	arguments := "(" + own + strings.TrimPrefix(s.pageArgs(o.Result.Target), "(")
	return root{doc, o.Name + arguments + ": " + s.name(o.Result.Target.Name+"Connection") + "!" + deprecated(o.Deprecated)}
}

func (s *schema) operation(o *model.Operation) root {
	args := s.arguments(o)
	if o.Where != nil {
		return s.query(o, args)
	}
	result := s.readType(o.Result)
	if o.Result.Repeated {
		result = "[" + result + "!]"
	}
	doc := strings.TrimSpace(o.Doc)
	if len(o.Fails) > 0 {
		codes := make([]string, len(o.Fails))
		for i, f := range o.Fails {
			codes[i] = f.Code
		}
		doc = strings.TrimSpace(doc + " Fails with " + strings.Join(codes, ", ") + ".")
	}
	if o.Idempotent {
		doc = strings.TrimSpace(doc + " To do it twice is to do it once.")
	}
	return root{doc, o.Name + arguments(args) + ": " + required(result, o.Result.Null || o.Kind == model.Mutation) + deprecated(o.Deprecated)}
}
