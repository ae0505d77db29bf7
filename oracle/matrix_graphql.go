package oracle

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit"
)

// graphqlDoor selects all that needs no arguments. By is node or nodes, where rows are asked for by these.
type graphqlDoor struct {
	schema *ast.Schema
	by     string
}

func (d graphqlDoor) name() string { return strings.TrimSpace("GraphQL " + d.by) }

func (d graphqlDoor) offers(w Wish) bool { return d.by == "" || w.Do == "get" }

func (d graphqlDoor) ask(r *matrixRun, w Wish, v Viewer) (said, error) {
	e := r.product.backend.Entity(w.Entity)
	args := map[string]any{}
	var name string
	switch w.Do {
	case "list":
		name, args["first"] = e.Plural, fullPage
	case "aggregate":
		name = e.Plural + "Aggregate"
	case "get", "history":
		name = e.Singular
	case "create", "update", "delete", "restore":
		name = w.Do + e.Name
	default:
		name, args = w.Operation.Name, r.identified(w.Values).(map[string]any)
		if w.Operation.Where != nil {
			args["first"] = fullPage
		}
	}
	if w.Row != "" && w.Do != "get" && w.Do != "history" {
		args["id"] = r.id(w.Row)
	}
	if w.Do == "create" || w.Do == "update" {
		args["input"] = r.identified(w.Values)
	}
	kind, root := "query", d.schema.Query.Fields.ForName(name)
	if d.by != "" {
		return d.nodes(r, w, v)
	}
	if root == nil {
		kind, root = "mutation", d.schema.Mutation.Fields.ForName(name)
	}
	if root == nil {
		return said{}, fmt.Errorf("no field %s", name)
	}
	if w.Do == "get" || w.Do == "history" { // by what addresses it, which may be its id
		args[e.Key] = r.id(w.Row)
	}
	r.asked["field "+name] = true
	var types, given []string
	for _, a := range root.Arguments {
		if _, ok := args[a.Name]; ok {
			types = append(types, "$"+a.Name+": "+a.Type.String())
			given = append(given, a.Name+": $"+a.Name)
		}
	}
	document := kind
	field := name
	if len(types) > 0 {
		document += "(" + strings.Join(types, ", ") + ")"
		field += "(" + strings.Join(given, ", ") + ")"
	}
	selection := d.selection(root.Type, true)
	if w.Do == "history" {
		selection = fmt.Sprintf(" { history(first: %d)%s }", fullPage, d.selection(d.schema.Types[root.Type.Name()].Fields.ForName("history").Type, true))
	}
	document += " { " + field + selection + " }"
	q := r.visitor(v)
	q.method, q.path, q.body = http.MethodPost, "/graphql", map[string]any{"query": document, "variables": args}
	a, err := r.product.ask(q)
	if err != nil {
		return said{}, err
	}
	if errs, _ := a.object()["errors"].([]any); errs != nil || a.status >= http.StatusBadRequest {
		s, within := graphqlProblem(a)
		if within && w.row() && s.code == "DONE_UNSEEN" { // what cannot be null of the row is not for the viewer
			s = said{answer: unseen}
		}
		return s, nil
	}
	data, _ := a.object()["data"].(map[string]any)
	return d.answer(w, data[name])
}

// nodes asks for a row by its id alone, whatever its type.
func (d graphqlDoor) nodes(r *matrixRun, w Wish, v Viewer) (said, error) {
	r.asked["field "+d.by] = true
	id, at := "id: "+quote(r.id(w.Row)), 0
	if d.by == "nodes" {
		id = "ids: [" + quote("01900000-0000-7000-8000-000000000000") + ", " + quote(r.id(w.Row)) + "]"
		at = 1
	}
	selection := d.selection(&ast.Type{NamedType: w.Entity}, true)
	q := r.visitor(v)
	q.method, q.path = http.MethodPost, "/graphql"
	q.body = map[string]any{"query": "{ " + d.by + "(" + id + ") { ... on " + w.Entity + selection + " } }"}
	a, err := r.product.ask(q)
	if err != nil {
		return said{}, err
	}
	if a.object()["errors"] != nil || a.status >= http.StatusBadRequest {
		s, _ := graphqlProblem(a)
		return s, nil
	}
	data, _ := a.object()["data"].(map[string]any)
	row := data[d.by]
	if list, ok := row.([]any); ok {
		row = list[at]
	}
	return d.answer(w, row)
}

// graphqlProblem is the first error of an answer, and whether it is about a field within what the operation returns.
func graphqlProblem(a reply) (s said, within bool) {
	if errs, _ := a.object()["errors"].([]any); len(errs) > 0 {
		first := errs[0].(map[string]any)
		extensions, _ := first["extensions"].(map[string]any)
		path, _ := first["path"].([]any)
		s = said{code: fmt.Sprint(extensions["code"])}
		fields, _ := extensions["errors"].([]any)
		for _, f := range fields {
			s.fields = append(s.fields, fmt.Sprint(f.(map[string]any)["field"]))
		}
		slices.Sort(s.fields)
		return s, len(path) > 1
	}
	return said{code: fmt.Sprint(a.object()["code"])}, false
}

func (d graphqlDoor) answer(w Wish, v any) (said, error) {
	object, _ := v.(map[string]any)
	switch {
	case w.Do == "aggregate":
		return said{answer: firstCount(object["nodes"])}, nil
	case v == nil && (w.Do == "get" || w.Do == "history"):
		return said{code: kit.CodeNotFound}, nil
	case w.Do == "history":
		past, _ := object["history"].(map[string]any)
		return said{answer: list(plainly(past["nodes"]), nil)}, nil
	case w.Do == "list", w.Operation != nil && w.Operation.Where != nil:
		return said{answer: list(plainly(object["nodes"]), object["totalCount"])}, nil
	}
	if w.row() && plainly(v) == nil {
		return said{answer: unseen}, nil
	}
	return said{answer: plainly(v)}, nil
}

// selection is what to read of a type: of the rows that a row refers to the id.
func (d graphqlDoor) selection(t *ast.Type, top bool) string {
	def := d.schema.Types[t.Name()]
	switch {
	case def.Kind == ast.Union:
		var arms []string
		for _, arm := range def.Types {
			arms = append(arms, "... on "+arm+" { "+strings.ToLower(arm[:1])+arm[1:]+": id }")
		}
		return " { " + strings.Join(arms, " ") + " }"
	case def.Kind != ast.Object:
		return ""
	case !top && def.Fields.ForName("id") != nil:
		return " { id }"
	}
	var parts []string
	for _, f := range def.Fields {
		of := d.schema.Types[f.Type.Name()]
		rows := of.Kind == ast.Object && (of.Fields.ForName("nodes") != nil || f.Type.Elem != nil && of.Fields.ForName("id") != nil)
		switch {
		case strings.HasPrefix(f.Name, "__"), f.Name == "edges", f.Name == "pageInfo":
		case f.Name == "nodes":
			parts = append(parts, f.Name+d.selection(f.Type, true))
		case rows || len(f.Arguments) > 0:
		case strings.HasSuffix(of.Name, "Group"), strings.HasSuffix(of.Name, "Sum"), strings.HasSuffix(of.Name, "Avg"), strings.HasSuffix(of.Name, "Min"), strings.HasSuffix(of.Name, "Max"):
		default:
			parts = append(parts, f.Name+d.selection(f.Type, false))
		}
	}
	return " { " + strings.Join(parts, " ") + " }"
}
