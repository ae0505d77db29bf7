// Package openapi writes the description of a service's REST door, OpenAPI 3.1.
//
//	model ─▶ paths (accounts, entities, operations), schemas ─▶ openapi.json
//
// It describes what the door serves and nothing else: which fields are shown and taken is decided by package door.
package openapi

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// Emit writes api/openapi.json.
func Emit(m *model.Model) []byte { return indented(whole(m)) }

// whole is the document of what is generated.
func whole(m *model.Model) object {
	d := &document{model: m, paths: map[string]*object{}, shapes: map[string]string{}, structs: map[string]bool{}, keys: map[*model.Field]bool{}, parts: map[string]bool{}, deprecates: deprecates(m)}
	for _, e := range m.Entities {
		d.keys[e.Key] = true
	}
	d.account()
	for _, e := range door.Entities(m) {
		d.entity(e)
	}
	d.index()
	if writes(m) {
		d.batch()
	}
	for _, o := range door.Operations(m) {
		d.operation(o)
	}
	d.writeParts()
	d.common()
	paths := d.pathItems()
	return boundObject(object{
		{"openapi", "3.1.0"},
		{"info", object{
			{"title", m.Name},
			{"version", "1"},
			{"description", strings.TrimSpace(about + " " + door.Tenancy(m))},
			{"contact", object{{"name", "The developers of " + m.Name}}},
			{"license", object{{"name", "All rights reserved"}, {"identifier", "LicenseRef-All-Rights-Reserved"}}},
		}},
		{"servers", d.servers()},
		{"tags", d.tags},
		{"paths", paths},
		{"components", used(paths, object{
			{"schemas", d.schemas},
			{"parameters", d.parameters},
			{"responses", d.responses()},
			{"headers", d.headers()},
			{"securitySchemes", object{{"bearer", object{{"type", "http"}, {"scheme", "bearer"}, {"description", "The access token that signing in returned."}}}}},
		})},
	}, longestOutput)
}

// used are the components to which something in paths leads, and how people sign in.
func used(paths, components object) object {
	reached := map[string]bool{}
	var reach func(o object)
	reach = func(o object) {
		text, err := plain(o)
		if err != nil {
			panic(err) // an object holds strings, numbers, lists and objects only
		}
		for _, found := range reference.FindAllSubmatch(text, -1) {
			kind, name := string(found[1]), string(found[2])
			if key := kind + "/" + name; !reached[key] {
				reached[key] = true
				if component, ok := components.get(kind).(object).get(name).(object); ok {
					reach(component)
				}
			}
		}
	}
	reach(paths)
	var out object
	for _, kind := range components {
		all := kind.value.(object)
		if kind.name != "securitySchemes" {
			all = slices.DeleteFunc(slices.Clone(all), func(m member) bool { return !reached[kind.name+"/"+m.name] })
		}
		if len(all) > 0 {
			out.put(kind.name, all)
		}
	}
	return out
}

var reference = regexp.MustCompile(`"#/components/(\w+)/([^"]+)"`)

const about = "Errors are problem details (RFC 9457) with a stable code. Lists come in pages: the answer's next is the cursor for after, its previous that for before. " +
	"A row's version is its ETag, a weak one, which If-Match takes all the same; a write with If-Match is refused with 412 when the row has moved on. " +
	"A write with an Idempotency-Key that comes again is done once and answered as it was the first time. " +
	"Where a write is answered with a Read-After, reads that send it back see what was written."

const keyed = "A name for this request, such as a UUID: a retry that brings it again is answered like the first, for 24 hours. " +
	"It is refused with 409 while the first is under way, and with 422 when it came with another request."

// document collects the parts.
type document struct {
	model      *model.Model
	tags       []object
	order      []string // of paths
	paths      map[string]*object
	shapes     map[string]string // paths by their shape
	schemas    object
	parameters object
	structs    map[string]bool // schemas that are written or being written
	keys       map[*model.Field]bool
	parts      map[string]bool // schemas of rows that are written along, which are written or to be
	later      []func()        // writes those that are to be
	deprecates bool            // something is deprecated
}

// route adds an operation at a path and a method; like at the door, the last one wins. Paths that differ only in the
// names of their parameters are one path, which keeps the names that it had first.
func (d *document) route(path, method string, operation object) {
	first, known := d.shapes[shape(path)]
	if !known {
		d.shapes[shape(path)], first = path, path
		d.paths[path] = &object{}
		d.order = append(d.order, path)
	}
	if responses, ok := operation.get("responses").(object); ok {
		responses = anyRequest(responses, path, operation.get("requestBody") != nil)
		operation.set("responses", responses)
		if d.model.Tenant != nil && strings.HasPrefix(path, version+"/") && responses.get("404") == nil {
			responses = noTenant(responses)
			operation.set("responses", responses)
		}
		everywhere(responses, d.headersOf(method, path)...)
	}
	if first != path {
		rename(operation, names(path), names(first))
	}
	if item := d.paths[first]; item.get(method) != nil {
		item.set(method, operation)
	} else {
		item.put(method, operation)
	}
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

func shape(path string) string { return parameter.ReplaceAllString(path, "{}") }

func names(path string) []string { return parameter.FindAllString(path, -1) }

// rename gives the path parameters of an operation other names.
func rename(operation object, from, to []string) {
	parameters, _ := operation.get("parameters").([]object)
	for i := range from {
		for _, p := range parameters {
			if p.get("in") == "path" && p.get("name") == strings.Trim(from[i], "{}") {
				p.set("name", strings.Trim(to[i], "{}"))
			}
		}
	}
}

func (d *document) pathItems() object {
	var items object
	for _, path := range d.order {
		item := *d.paths[path]
		if t := d.model.Tenant; t != nil && t.By == model.ByHeader && strings.HasPrefix(path, version+"/") {
			item = append(object{{"parameters", []object{ref("parameters", "tenant")}}}, item...)
		}
		items.put(path, item)
	}
	return items
}

func (d *document) tag(name, doc string) {
	d.tags = append(d.tags, object{{"name", name}, {"description", cmp.Or(strings.TrimSpace(doc), "About "+name+".")}})
}

// anybody says that who brings no token is answered too: with those rows that he may see, which may be none.
func anybody() []object { return []object{{{"bearer", []string{}}}, {}} }

// security says whether a token is needed: with a rule that may hold for a viewer who is signed out it is not.
func security(rules []*model.Rule) []object {
	bearer := object{{"bearer", []string{}}}
	for _, r := range rules {
		if r.SignedOut || r.When.Op == model.Const && r.When.Value == true {
			return []object{bearer, {}}
		}
	}
	return []object{bearer}
}

func ref(kind, name string) object { return object{{"$ref", "#/components/" + kind + "/" + name}} }

// content is a body of one media type.
func content(mediaType string, schema any) object {
	return object{{mediaType, object{{"schema", schema}}}}
}

func body(mediaType string, schema any) object {
	return object{{"required", true}, {"content", content(mediaType, schema)}}
}

// ok is an answer with a JSON body.
func ok(description string, schema any) object {
	return object{{"description", description}, {"content", content("application/json", schema)}}
}

// answers are the responses of an operation: what is given, and the problems by status. Those that any request may run into
// are added by anyRequest.
func answers(good object, problems ...string) object {
	slices.Sort(problems)
	for _, status := range problems {
		good.put(status, ref("responses", "Problem"))
	}
	return good
}

// anyRequest adds to answers the problems that any request may run into, and any that brings a body, in the order of their
// statuses.
func anyRequest(answers object, path string, body bool) object {
	statuses := []string{"400", "401", "429", "500", "503", "504"}
	if !strings.HasPrefix(path, "/auth/") { // which answers as it does
		statuses = append(statuses, "406")
	}
	if body {
		statuses = append(statuses, "408", "413", "415")
	}
	for _, status := range statuses {
		if answers.get(status) == nil {
			answers.put(status, ref("responses", "Problem"))
		}
	}
	for i, m := range answers {
		named, shared := problemsOf[m.name], m.value.(object).get("$ref") != nil
		switch {
		case named.response != "" && shared:
			answers[i].value = ref("responses", named.response)
		case named.response != "":
			answers[i].value = append(m.value.(object), member{"headers", object{{named.header, ref("headers", named.header)}}})
		}
	}
	slices.SortStableFunc(answers, func(a, b member) int { return strings.Compare(a.name, b.name) })
	answers.put("default", ref("responses", "Problem"))
	return answers
}

// problemsOf are the responses of problems that bring a header field of their own, by status.
var problemsOf = map[string]struct{ response, header string }{
	"401": {"Unauthenticated", "WWW-Authenticate"}, "415": {"UnsupportedType", "Accept-Encoding"},
	"429": {"TooMany", "Retry-After"}, "503": {"Unavailable", "Retry-After"},
}

// noTenant adds to answers that of a request in a tenant that is not there, or not for the viewer to see.
func noTenant(answers object) object {
	at := slices.IndexFunc(answers, func(m member) bool { return m.name > "404" })
	return slices.Insert(answers, at, member{"404", ref("responses", "Problem")})
}

func (d *document) responses() object {
	problem := func(name, description string, headers ...string) member {
		o := object{{"description", description}, {"content", content("application/problem+json", ref("schemas", "Problem"))}}
		var own object
		for _, h := range headers {
			own.put(h, ref("headers", h))
		}
		if own != nil {
			o.put("headers", own)
		}
		return member{name, o}
	}
	all := object{
		problem("Problem", "A problem: code says which.", "Retry-After"),
		problem("Unauthenticated", "There is no token that holds, and one is needed or was sent.", "WWW-Authenticate"),
		problem("UnsupportedType", "The body is of a type, or compressed in a way, that is not read here.", "Accept-Encoding"),
		problem("TooMany", "Too many requests, where they are counted: those to sign in always, all others where RATE_LIMIT is set.", "Retry-After"),
		problem("Unavailable", "Too much is under way, or the process is about to end: the same may be asked again.", "Retry-After"),
	}
	everywhere(all, d.headersOf("post", "")...)
	return all
}

func (d *document) headers() object {
	all := object{
		{"Access-Control-Allow-Origin", object{
			{"description", "The origin of the page that asks, where CORS_ORIGINS has it."},
			{"schema", object{{"type", "string"}, {"format", "uri"}}},
		}},
		{"ETag", object{{"description", "The state of the answer, for If-None-Match; of a row its version too, for If-Match."}, {"schema", object{{"type", "string"}, {"examples", []string{`W/"3-1k2j3h"`}}}}}},
		{"Replayed", object{
			{"description", "The answer is the one that the first request with this Idempotency-Key was given."},
			{"schema", object{{"type", "string"}, {"enum", []string{"true"}}}},
		}},
		{"X-Request-Id", object{
			{"description", "The trace of this request, as logs name it."},
			{"schema", object{{"type", "string"}, {"pattern", "^[0-9a-f]{32}$"}, {"maxLength", 32}}},
		}},
		{"Read-After", object{
			{"description", "What was written, where there are replicas: reads that send it back see it."},
			{"schema", object{{"type", "string"}, {"pattern", "^[0-9a-f]+$"}, {"maxLength", 16}}},
		}},
		{"Accept-Encoding", object{
			{"description", "How a body may be compressed, where that is what was wrong."},
			{"schema", object{{"type", "string"}, {"examples", []string{"gzip, zstd"}}, {"maxLength", 64}}},
		}},
		{"RateLimit", object{
			{"description", "What is left, and in how many seconds all of it is back, where requests are counted: those to sign in always, all others where RATE_LIMIT is set. See draft-ietf-httpapi-ratelimit-headers."},
			{"schema", object{{"type", "string"}, {"examples", []string{`"service";r=599;t=1`}}, {"maxLength", 128}}},
		}},
		{"RateLimit-Policy", object{
			{"description", "How many requests a network address may make, and in how many seconds as many come back, where they are counted."},
			{"schema", object{{"type", "string"}, {"examples", []string{`"service";q=600;w=60`}}, {"maxLength", 128}}},
		}},
		{"WWW-Authenticate", object{
			{"description", "How to sign in; of a token that is none, or is one no more, with error (RFC 6750)."},
			{"schema", object{{"type", "string"}, {"examples", []string{"Bearer", `Bearer error="invalid_token", error_description="The access token has expired. Refresh it."`}}, {"maxLength", 256}}},
		}},
		{"Retry-After", object{
			{"description", "Seconds after which to try again."},
			{"schema", object{{"type", "integer"}}},
		}},
		{"Link", object{
			{"description", "Where the next page is, as rel=\"next\" (RFC 8288), and the one before, as rel=\"prev\"; missing at the ends."},
			{"schema", object{{"type", "string"}, {"examples", []string{`</v1/articles?after=x>; rel="next"`}}}},
		}},
		{"Location", object{{"description", "Where the new row is."}, {"schema", object{{"type", "string"}, {"format", "uri-reference"}}}}},
	}
	if d.deprecates {
		all = append(all, object{
			{"Deprecation", object{
				{"description", "Since when something that the request uses is deprecated: a day in seconds since 1970 (RFC 9745); @0 where it is not said."},
				{"schema", object{{"type", "string"}, {"pattern", "^@[0-9]+$"}, {"maxLength", 20}}},
			}},
			{"Sunset", object{
				{"description", "When it goes (RFC 8594)."},
				{"schema", object{{"type", "string"}, {"examples", []string{"Sun, 31 Jan 2027 00:00:00 GMT"}}, {"maxLength", 29}}},
			}},
		}...)
		all.get("Link").(object).set("description", "Where the next page is, as rel=\"next\" (RFC 8288), and the one before, as rel=\"prev\", and what tells of something deprecated, as rel=\"deprecation\" and rel=\"sunset\".")
	}
	return all
}

// deprecates tells whether anything that clients see is deprecated.
func deprecates(m *model.Model) bool {
	seen := map[*model.Struct]bool{} // inputs may hold each other
	var gone func(fields []*model.Field) bool
	gone = func(fields []*model.Field) bool {
		return slices.ContainsFunc(fields, func(f *model.Field) bool {
			if f.Enum != nil && slices.ContainsFunc(f.Enum.Values, func(v model.EnumValue) bool { return v.Deprecated != "" }) {
				return true
			}
			if f.Deprecated != "" || f.Struct == nil || seen[f.Struct] {
				return f.Deprecated != ""
			}
			seen[f.Struct] = true
			return gone(f.Struct.Fields)
		})
	}
	return slices.ContainsFunc(door.Entities(m), func(e *model.Entity) bool { return e.Deprecated != "" || gone(e.Fields) }) ||
		slices.ContainsFunc(door.Operations(m), func(o *model.Operation) bool { return o.Deprecated != "" || gone(o.Args) })
}

// common adds the schemas and parameters that every service has.
func (d *document) common() {
	d.schemas.put("Reference", object{
		{"description", "A row, by its id; with include=, all of it."},
		{"type", "object"},
		{"properties", object{{"id", object{{"type", "string"}, {"format", "uuid"}}}}},
		{"required", []string{"id"}},
		{"maxProperties", 1},
	})
	d.schemas.put("Some", object{{"description", "A row with those of its members that fields= names."}, {"type", "object"}})
	d.schemas.put("SomeRows", object{{"type", "array"}, {"items", ref("schemas", "Some")}})
	d.schemas.put("SomePage", object{
		{"description", "A page of rows with those of their members that fields= names."},
		{"type", "object"},
		{"properties", object{
			{"items", ref("schemas", "SomeRows")},
			{"next", object{{"type", []string{"string", "null"}}}},
			{"previous", object{{"type", []string{"string", "null"}}}},
			{"total", object{{"type", "integer"}}},
		}},
		{"required", []string{"items", "next", "previous"}},
	})
	d.schemas.put("Problem", object{
		{"description", "Problem details, as in RFC 9457."},
		{"type", "object"},
		{"properties", object{
			{"type", object{{"type", "string"}}},
			{"title", object{{"type", "string"}}},
			{"status", object{{"type", "integer"}, {"examples", []int{422}}}},
			{"detail", object{{"type", "string"}}},
			{"instance", object{{"type", "string"}}},
			{"code", object{{"type", "string"}, {"description", "Stable, for programs."}, {"examples", []string{"INVALID"}}}},
			{"errors", object{{"type", "array"}, {"items", ref("schemas", "FieldError")}}},
		}},
		{"required", []string{"title", "status", "code"}},
	})
	d.schemas.put("FieldError", object{
		{"description", "What is wrong with one field of the input."},
		{"type", "object"},
		{"properties", object{
			{"field", object{{"type", "string"}, {"examples", []string{"price.amount"}}}},
			{"code", object{{"type", "string"}, {"examples", []string{"TOO_LONG"}}}},
			{"detail", object{{"type", "string"}}},
		}},
		{"required", []string{"field", "code", "detail"}},
	})
	if t := d.model.Tenant; t != nil && t.By == model.ByHeader {
		d.parameters.put("tenant", object{
			{"name", door.TenantHeader},
			{"in", "header"},
			{"description", "The " + t.Entity.Singular + " in which this asks."},
			{"schema", object{{"type", "string"}, {"minLength", 1}}},
		})
	}
	d.parameters = append(object{
		{"after", query("after", "The next of the page before.", object{{"type", "string"}})},
		{"before", query("before", "The previous of the page after; empty for the last page. It goes without after.", object{{"type", "string"}})},
		{"count", query("count", "Also count all rows that fit.", object{{"type", "boolean"}})},
		{"ifMatch", object{
			{"name", "If-Match"},
			{"in", "header"},
			{"description", "The ETag that the row must still have."},
			{"schema", object{{"type", "string"}}},
		}},
		{"ifNoneMatch", object{
			{"name", "If-None-Match"},
			{"in", "header"},
			{"description", "The ETag of the answer as it is known: the same again is 304, without a body."},
			{"schema", object{{"type", "string"}}},
		}},
		{"fields", fieldsParameter()},
		{"idempotencyKey", object{
			{"name", "Idempotency-Key"},
			{"in", "header"},
			{"description", keyed},
			{"schema", object{{"type", "string"}, {"minLength", 1}, {"maxLength", 255}, {"pattern", "^[!-~]+$"}}},
		}},
	}, d.parameters...)
}

// fieldsParameter says all that is shown of rows.
func fieldsParameter() object {
	o := query("fields", "The fields to show, with commas between; all others are left out. A dot leads through a reference or a list, which is brought along.",
		object{{"type", "array"}, {"items", object{{"type", "string"}}}, {"maxItems", 100}})
	o.put("style", "form")
	o.put("explode", false)
	return o
}

func query(name, description string, schema object) object {
	o := object{{"name", name}, {"in", "query"}}
	o.text("description", description)
	o.put("schema", schema)
	return o
}
