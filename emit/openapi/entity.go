package openapi

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

const version = "/v1"

// entity adds the schemas and the routes of an entity.
func (d *document) entity(e *model.Entity) {
	if e.HistoryOf != nil {
		d.shown(e)
		d.route(version+"/"+e.HistoryOf.Path+"/{"+e.HistoryOf.Key.Name+"}/history", "get", d.history(e))
		return
	}
	d.tag(e.Plural, e.Doc)
	d.shown(e)
	rows, row := version+"/"+e.Path, version+"/"+e.Path+"/{"+e.Key.Name+"}"
	if door.Exposed(e, model.Read) && !door.Replaced(e, e.Plural) {
		d.route(rows, "get", d.listOf(e))
	}
	if door.Exposed(e, model.Read) && !door.Replaced(e, e.Plural+"Aggregate") {
		d.route(rows+":aggregate", "get", d.aggregate(e))
	}
	if door.Exposed(e, model.Create) && !door.Replaced(e, "create"+e.Name) {
		d.route(rows, "post", d.create(e))
	}
	if door.Exposed(e, model.Read) && !door.Replaced(e, e.Singular) {
		d.route(row, "get", d.read(e))
	}
	if door.Exposed(e, model.Update) && len(door.UpdateFields(e)) > 0 && !door.Replaced(e, "update"+e.Name) {
		d.route(row, "patch", d.update(e))
	}
	if door.Exposed(e, model.Delete) && !door.Replaced(e, "delete"+e.Name) {
		d.route(row, "delete", d.delete(e))
	}
	if door.Restorable(e) && !door.Replaced(e, "restore"+e.Name) {
		d.route(row+"/restore", "post", d.restore(e))
	}
}

// shown adds the schemas of a row and of a page of rows. Lists, and what is computed in the rows of a list, are members
// only where include= asks for them.
func (d *document) shown(e *model.Entity) {
	always := func(f *model.Field) bool { return f.Stored() || f.Kind == model.Union }
	doc := e.Doc
	if e.Deprecated != "" {
		doc = strings.TrimSpace(doc + "\n\nDeprecated: " + e.Deprecated)
	}
	schema := d.objectOf(doc, door.ReadFields(e), false, always, true)
	deprecation(&schema, e.Deprecated, e.Sunset)
	d.schemas.put(e.Name, schema)
	if !door.Exposed(e, model.Read) {
		return
	}
	d.schemas.put(e.Name+"Page", object{
		{"type", "object"},
		{"properties", object{
			{"items", object{{"type", "array"}, {"items", ref("schemas", e.Name)}}},
			{"next", object{{"description", "The cursor of the next page, null on the last."}, {"type", []string{"string", "null"}}}},
			{"previous", object{{"description", "The cursor of the page before, null on the first."}, {"type", []string{"string", "null"}}}},
			{"total", object{{"description", "How many rows fit; only with count=true."}, {"type", "integer"}}},
		}},
		{"required", []string{"items", "next", "previous"}},
	})
}

// entityOperation begins an operation of the doors of e.
func entityOperation(e *model.Entity, id, summary, description string) object {
	if e.Deprecated != "" {
		description += "\n\nDeprecated: " + e.Deprecated
	}
	o := object{{"operationId", id}, {"summary", summary}, {"description", description}}
	deprecation(&o, e.Deprecated, e.Sunset)
	return append(o, member{"tags", []string{e.Plural}})
}

func (d *document) listOf(e *model.Entity) object {
	o := entityOperation(e, e.Plural, "List "+e.Plural, "A page of those that the viewer may see. Every filter that is given must hold.")
	o.put("parameters", d.pageParameters(e, e.Page, nil))
	o.put("responses", answers(pageOf(e), "400", "422"))
	o.put("security", anybody())
	return o
}

// pageOf are the good answers of a list of e.
func pageOf(e *model.Entity) object {
	return object{{"200", tagged(some(ok("A page.", ref("schemas", e.Name+"Page")), "SomePage"), member{"Link", ref("headers", "Link")})}, unchanged("The page is as If-None-Match has it.")}
}

// unchanged is the answer to If-None-Match.
func unchanged(doc string) member {
	return member{"304", object{{"description", doc}, {"headers", object{{"ETag", ref("headers", "ETag")}}}}}
}

// tagged is an answer with an ETag, and other headers.
func tagged(answer object, others ...member) object {
	answer.put("headers", append(object{{"ETag", ref("headers", "ETag")}}, others...))
	return answer
}

// some adds to an answer how it is where fields= names members: of a type that is described apart, so that the other can
// promise all of them.
func some(answer object, schema string) object {
	contents := answer.get("content").(object)
	answer.set("content", append(contents, content(someType, ref("schemas", schema))...))
	return answer
}

// someType is the type that package rest of the kit gives to such an answer.
const someType = "application/json; fields=some"

// pageParameters are what a list of e takes, beside the arguments of a query.
func (d *document) pageParameters(e *model.Entity, page model.Page, args []*model.Field) []object {
	parameters := d.conditions(e, []string{"order", "limit", "after", "before", "include", "fields", "count"}, args)
	parameters = append(parameters, orderParameter(e, page), query("limit", "", object{
		{"type", "integer"}, {"minimum", 1}, {"maximum", page.Max}, {"default", page.Size},
	}), ref("parameters", "after"), ref("parameters", "before"), ref("parameters", "count"), ref("parameters", "ifNoneMatch"))
	return append(parameters, shapeParameters(e)...)
}

// shapeParameters say what is shown of rows of e.
func shapeParameters(e *model.Entity) (parameters []object) {
	if include := includeParameter(e); include != nil {
		parameters = append(parameters, include)
	}
	return append(parameters, ref("parameters", "fields"))
}

func searchParameter(e *model.Entity) object {
	names := make([]string, len(e.Search))
	for i, f := range e.Search {
		names[i] = f.Name
	}
	doc := "Words that the row has in " + strings.Join(names, ", ") + `, as far as the viewer may read them. A word that ends in * begins one; "several in quotes" follow each other.`
	return query("search", doc, object{{"type", "string"}, {"maxLength", 200}})
}

// quoting says how the values of a list are written in a parameter (RFC 4180, section 2).
const quoting = `Values of a list have commas between; one that has a comma, or begins with a quote, stands in quotes: "a, ""b""",c is two.`

// filters are the parameters that ask for equality; their descriptions say what else may be asked.
func (d *document) filters(f *model.Field, reserved []string) []object {
	if f.Kind == model.Value {
		var out []object
		for _, part := range f.Struct.Fields {
			for _, p := range d.filters(part, reserved) {
				p[0].value = f.Name + "." + p[0].value.(string)
				out = append(out, p)
			}
		}
		return out
	}
	if f.Kind == model.Union {
		var out []object
		for _, arm := range door.ShownArms(f) {
			for _, p := range d.filters(arm, reserved) {
				p[0].value = f.Name + "." + arm.Target.Singular
				out = append(out, p)
			}
		}
		return out
	}
	comparisons := door.Comparisons(f)
	if comparisons == nil {
		return nil
	}
	bare := *f
	bare.Repeated, bare.MinLength, bare.MaxLength, bare.Min, bare.Max, bare.Pattern, bare.Digits = false, nil, nil, nil, nil, "", 0
	schema := d.one(&bare, true)
	name := f.Name
	if slices.Contains(reserved, name) {
		name += ".eq" // the bare name is a parameter of its own
	}
	if f.Scalars() {
		name = f.Name + "." + comparisons[0]
	}
	doc := "Also with ." + strings.Join(comparisons[1:], ", .")
	if f.Kind == model.String || f.Kind == model.URL {
		doc += ". " + quoting
	}
	p := query(name, doc, schema)
	deprecation(&p, f.Deprecated, f.Sunset)
	return []object{p}
}

func orderParameter(e *model.Entity, page model.Page) object {
	var keys []string
	for _, k := range door.Keys(e) {
		names := make([]string, len(k.Path))
		for i, f := range k.Path {
			names[i] = f.Name
		}
		name := strings.Join(names, ".")
		keys = append(keys, name, "-"+name)
	}
	var initial []string
	for _, o := range page.Order {
		name := o.Field.Name
		if o.Descending {
			name = "-" + name
		}
		initial = append(initial, name)
	}
	doc := "Keys with commas between, - for descending."
	if len(initial) > 0 {
		doc += " " + strings.Join(initial, ",") + " unless given."
	}
	o := query("order", doc, object{{"type", "array"}, {"items", object{{"type", "string"}, {"enum", keys}}}})
	o.put("style", "form")
	o.put("explode", false)
	return o
}

// includeParameter asks for what references and lists lead to; nil where there are none.
func includeParameter(e *model.Entity) object {
	var names []string
	for _, f := range door.ReadFields(e) {
		if f.Target != nil || f.Kind == model.Union {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	doc := fmt.Sprintf("References and lists to show whole, with commas between: %s. A dot goes deeper, and names what is computed in the rows of a list.", strings.Join(names, ", "))
	o := query("include", doc, object{{"type", "array"}, {"items", object{{"type", "string"}}}})
	o.put("style", "form")
	o.put("explode", false)
	return o
}

func keyParameter(e *model.Entity) object {
	doc := "The id."
	if e.Key.Name != "id" {
		doc = "The " + e.Key.Name + ", or the id."
	}
	return object{{"name", e.Key.Name}, {"in", "path"}, {"required", true}, {"description", doc}, {"schema", object{{"type", "string"}}}}
}

func (d *document) read(e *model.Entity) object {
	o := entityOperation(e, e.Singular, "Read one", "One that the viewer may not see is answered like one that does not exist.")
	parameters := []object{keyParameter(e), ref("parameters", "ifNoneMatch")}
	o.put("parameters", append(parameters, shapeParameters(e)...))
	o.put("responses", answers(object{{"200", row(e, "The row.")}, unchanged("The row is as If-None-Match has it.")}, "404", "422"))
	o.put("security", security(e.Allow.Read))
	return o
}

// row is an answer that holds a row, with its version.
func row(e *model.Entity, description string) object {
	return tagged(some(ok(description, ref("schemas", e.Name)), "Some"))
}

// replayed is an answer that may be the one of before.
func replayed(answer object) object {
	headers, has := answer.get("headers").(object)
	headers = append(slices.Clone(headers), member{"Idempotency-Replayed", ref("headers", "Replayed")})
	if has {
		answer.set("headers", headers)
	} else {
		answer.put("headers", headers)
	}
	return answer
}

// seen is a row, or its id alone where the viewer may not see it.
func (d *document) seen(e *model.Entity) object {
	return object{{"anyOf", []object{ref("schemas", e.Name), ref("schemas", "Reference")}}}
}

func (d *document) create(e *model.Entity) object {
	d.schemas.put("Create"+e.Name, d.creation("", door.CreateFields(e)))
	o := entityOperation(e, "create"+e.Name, "Create one", "What is left out has its default.")
	parameters := []object{ref("parameters", "idempotencyKey")}
	o.put("parameters", append(parameters, shapeParameters(e)...))
	o.put("requestBody", body("application/json", ref("schemas", "Create"+e.Name)))
	created := some(ok("Created. Only the id, where the viewer may not see the row.", d.seen(e)), "Some")
	created.put("headers", object{{"ETag", ref("headers", "ETag")}, {"Location", ref("headers", "Location")}, {"Idempotency-Replayed", ref("headers", "Replayed")}})
	o.put("responses", answers(object{{"201", created}}, "400", "401", "403", "409", "412", "415", "422"))
	o.put("security", security(e.Allow.Create))
	return o
}

func (d *document) update(e *model.Entity) object {
	patch := d.patch("What is left out stays as it is; null clears (RFC 7396).", door.UpdateFields(e))
	d.schemas.put("Update"+e.Name, d.merged(e, patch))
	o := entityOperation(e, "update"+e.Name, "Change one", "What is left out stays as it is; null clears (RFC 7396).")
	parameters := []object{keyParameter(e), ref("parameters", "ifMatch"), ref("parameters", "idempotencyKey")}
	o.put("parameters", append(parameters, shapeParameters(e)...))
	o.put("requestBody", object{{"required", true}, {"content", object{
		{"application/merge-patch+json", object{{"schema", ref("schemas", "Update"+e.Name)}}},
		{"application/json", object{{"schema", ref("schemas", "Update"+e.Name)}}},
	}}})
	o.put("responses", answers(object{{"200", replayed(row(e, "Changed."))}, {"204", replayed(object{{"description", "Changed, but no longer for the viewer to see."}})}}, "400", "401", "403", "404", "409", "412", "415", "422", "428"))
	o.put("security", security(e.Allow.Update))
	return o
}

// merged is the schema of a patch of a row, in which value objects are patches too: of one that the viewer can read, parts
// that are left out stay.
func (d *document) merged(e *model.Entity, patch object) object {
	properties, _ := patch.get("properties").(object)
	for _, f := range door.UpdateFields(e) {
		if f.Kind != model.Value || f.Repeated || !slices.Contains(door.ReadFields(e), f) {
			continue
		}
		if name := "Update" + f.Struct.Name; !d.structs[name] {
			d.structs[name] = true
			d.schemas.put(name, d.objectOf("What is left out stays as it is.", patched(f.Struct.Fields), true, func(*model.Field) bool { return false }, false))
		}
		s := ref("schemas", "Update"+f.Struct.Name)
		if f.Null {
			s = nullable(s)
		}
		for i := range properties {
			if properties[i].name == f.Name {
				properties[i].value = annotated(s, f, false)
			}
		}
	}
	return patch
}

// patched are fields whose defaults do not apply, and of which those that are JSON merge by one of the two media types.
func patched(fields []*model.Field) []*model.Field {
	out := make([]*model.Field, len(fields))
	for i, f := range fields {
		bare := *f
		bare.Default = nil
		if f.Kind == model.JSON && !f.Repeated {
			bare.Doc = strings.TrimSpace(f.Doc + "\n\nAs application/merge-patch+json an object merges with the one that is there, and null takes a member away (RFC 7396); as application/json and in a batch the value is replaced.")
		}
		out[i] = &bare
	}
	return out
}

func (d *document) delete(e *model.Entity) object {
	o := entityOperation(e, "delete"+e.Name, "Delete one", deletion(e))
	o.put("parameters", []object{keyParameter(e), ref("parameters", "ifMatch"), ref("parameters", "idempotencyKey")})
	o.put("responses", answers(object{{"204", replayed(object{{"description", "Deleted."}})}}, "400", "401", "403", "404", "409", "412", "422", "428"))
	o.put("security", security(e.Allow.Delete))
	return o
}

// deletion says what becomes of a deleted row.
func deletion(e *model.Entity) string {
	if door.Restorable(e) {
		return "It can be restored until it is purged."
	}
	return "It is refused with 409 while rows that must not lose it refer to it."
}

func (d *document) history(h *model.Entity) object {
	e := h.HistoryOf
	o := entityOperation(e, h.Singular, "List who changed what", "The latest first. Who may see the row may see what became of it.")
	o.put("parameters", append([]object{keyParameter(e)}, d.pageParameters(h, h.Page, nil)...))
	o.put("responses", answers(pageOf(h), "400", "404", "422"))
	o.put("security", security(e.Allow.Read))
	return o
}

func (d *document) restore(e *model.Entity) object {
	o := entityOperation(e, "restore"+e.Name, "Bring a deleted one back", "What was deleted with it comes back as well.")
	parameters := []object{keyParameter(e), ref("parameters", "idempotencyKey")}
	o.put("parameters", append(parameters, shapeParameters(e)...))
	o.put("responses", answers(object{{"200", replayed(row(e, "It is back, with what was deleted with it."))}, {"204", replayed(object{{"description", "It is back, but not for the viewer to see."}})}}, "400", "401", "403", "404", "409", "422"))
	o.put("security", security(e.Allow.Delete))
	return o
}
