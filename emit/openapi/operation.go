package openapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// operation adds the route of a business operation.
func (d *document) operation(op *model.Operation) {
	o := object{{"operationId", op.Name}, {"summary", summary(op)}, {"description", description(op)}}
	deprecation(&o, op.Deprecated, op.Sunset)
	if op.Idempotent {
		o.put("x-idempotent", true)
	}
	o.put("tags", []string{d.moduleTag(op.Module)})
	var parameters []object
	var rest []*model.Field
	fields := op.Args
	whole := len(op.Args) == 1 && op.Args[0].Name == "input" && op.Args[0].Kind == model.InputDTO && !op.Args[0].Repeated
	if whole {
		fields = op.Args[0].Struct.Fields
	}
	for _, a := range fields {
		if strings.Contains(op.Path, "{"+a.Name+"}") {
			parameters = append(parameters, object{{"name", a.Name}, {"in", "path"}, {"required", true}, {"schema", d.property(a, true, false)}})
			continue
		}
		rest = append(rest, a)
	}
	inBody := op.Method != "GET" && op.Method != "DELETE"
	if !inBody {
		for _, a := range rest {
			parameters = append(parameters, d.argument(a))
		}
	}
	if op.Where != nil {
		o.put("parameters", append(parameters, d.pageParameters(op.Result.Target, op.Result.Page, op.Args)...))
		o.put("responses", answers(pageOf(op.Result.Target), "400", "401", "403", "404", "422"))
		o.put("security", security(op.Allow))
		d.route(version+op.Path, strings.ToLower(op.Method), o)
		return
	}
	if op.Result.Target != nil {
		for _, p := range shapeParameters(op.Result.Target) {
			if !slices.ContainsFunc(op.Args, func(f *model.Field) bool {
				return p.get("name") == f.Name || p.get("$ref") != nil && f.Name == "fields"
			}) {
				parameters = append(parameters, p)
			}
		}
	}
	if op.Kind == model.Mutation {
		parameters = append(parameters, ref("parameters", "idempotencyKey"))
	} else {
		parameters = append(parameters, ref("parameters", "ifNoneMatch"))
	}
	if len(parameters) > 0 {
		o.put("parameters", parameters)
	}
	if inBody && len(rest) > 0 {
		o.put("requestBody", object{{"required", slices.ContainsFunc(rest, door.Required)}, {"content", content("application/json", d.bodyOf(op, rest, whole && len(rest) == len(fields)))}})
	}
	o.put("responses", d.outcomes(op))
	o.put("security", security(op.Allow))
	d.route(version+op.Path, strings.ToLower(op.Method), o)
}

// summary is the first sentence of an operation's documentation, or its name in words.
func summary(op *model.Operation) string {
	doc := strings.Join(strings.Fields(op.Doc), " ")
	if first, _, more := strings.Cut(doc, ". "); more {
		return first + "."
	}
	if doc != "" {
		return doc
	}
	var words strings.Builder
	for i, r := range op.Name {
		switch {
		case i == 0:
			words.WriteRune(unicode.ToUpper(r))
		case unicode.IsUpper(r):
			words.WriteRune(' ')
			words.WriteRune(unicode.ToLower(r))
		default:
			words.WriteRune(r)
		}
	}
	return words.String()
}

func description(op *model.Operation) string {
	doc := strings.TrimSpace(op.Doc)
	switch {
	case doc != "":
	case op.Where != nil:
		doc = "A page of those rows that the viewer may see."
	case op.Kind == model.Mutation:
		doc = "All that it writes happens, or nothing does."
	default:
		doc = "It reads and writes nothing."
	}
	if op.Deprecated != "" {
		doc += "\n\nDeprecated: " + op.Deprecated
	}
	if op.Idempotent {
		doc += "\n\nTo do it twice is to do it once: it may be repeated when no answer came."
	}
	return doc
}

// argument is an argument in the query: scalars as text, structures as JSON.
func (d *document) argument(a *model.Field) object {
	p := object{{"name", a.Name}, {"in", "query"}}
	doc := describe(a)
	if a.Repeated && a.Kind == model.String {
		doc = strings.TrimSpace(doc + "\n\n" + quoting)
	}
	p.text("description", doc)
	if door.Required(a) {
		p.put("required", true)
	}
	deprecation(&p, a.Deprecated, a.Sunset)
	schema := d.property(a, true, false)
	switch {
	case a.Kind == model.InputDTO || a.Kind == model.Value || a.Kind == model.JSON:
		p.put("content", content("application/json", schema))
		return p
	case a.Repeated:
		p.put("style", "form")
		p.put("explode", false)
	}
	p.put("schema", schema)
	return p
}

// bodyOf is the body of an operation: an object of the arguments that the path does not hold; of the only argument,
// where that is an input called input, the input itself.
func (d *document) bodyOf(op *model.Operation, rest []*model.Field, whole bool) object {
	if whole {
		return d.one(op.Args[0], true)
	}
	return d.objectOf("", rest, true, door.Required, false)
}

// outcomes are what an operation answers, and how it fails.
func (d *document) outcomes(op *model.Operation) object {
	done := ok("Done.", d.result(op.Result))
	var headers object
	if op.Result.Kind == model.Ref {
		shown := "Some"
		if op.Result.Repeated {
			shown = "SomeRows"
		}
		done = some(done, shown)
	}
	if op.Kind == model.Query || op.Result.Kind == model.Ref && !op.Result.Repeated {
		headers.put("ETag", ref("headers", "ETag"))
	}
	if op.Kind == model.Mutation {
		headers.put("Idempotency-Replayed", ref("headers", "Replayed"))
	}
	if len(headers) > 0 {
		done.put("headers", headers)
	}
	good := object{{"200", done}}
	if op.Kind == model.Query {
		good = append(good, unchanged("The answer is as If-None-Match has it."))
	}
	return answersOf(op, good)
}

func (d *document) result(f *model.Field) object {
	if f.Kind == model.Ref {
		switch s := d.seen(f.Target); {
		case f.Repeated:
			return object{{"type", "array"}, {"items", ref("schemas", f.Target.Name)}}
		case f.Null:
			return nullable(s)
		default:
			return s
		}
	}
	unbound := *f
	unbound.Digits = 0 // a team's method may answer with more than a column holds
	return d.property(&unbound, false, f.Null)
}

// answersOf adds the problems: those that any operation may have, and those that this one declares.
func answersOf(op *model.Operation, out object) object {
	codes := map[int][]string{}
	for _, f := range op.Fails {
		codes[f.Status] = append(codes[f.Status], f.Code)
	}
	statuses := []int{400, 401, 403, 404, 422, 500}
	if op.Kind == model.Mutation {
		statuses = append(statuses, 409, 412) // 412: it has no version that an If-Match could name
	}
	for status := range codes {
		if !slices.Contains(statuses, status) {
			statuses = append(statuses, status)
		}
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		if declared := codes[status]; declared != nil {
			out.put(strconv.Itoa(status), object{
				{"description", fmt.Sprintf("It fails with %s.", strings.Join(declared, ", "))},
				{"content", content("application/problem+json", ref("schemas", "Problem"))},
			})
			continue
		}
		out.put(strconv.Itoa(status), ref("responses", "Problem"))
	}
	return out
}

// moduleTag is the tag of a module's operations: its name, apart from the tags of entities.
func (d *document) moduleTag(m *model.Module) string {
	name := m.Name + " operations"
	for _, t := range d.tags {
		if t.get("name") == name {
			return name
		}
	}
	d.tag(name, m.Doc)
	return name
}
