package proto

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

const (
	idDoc     = "The id or the %s."
	searchDoc = "Words that a row must have."
	tokenDoc  = "The next_page_token of the page before; the rest of the request stays the same."
	staleDoc  = "Where it is no longer the row's, it fails with STALE."
	maskDoc   = "What is read: unless given, all but lists, and the ids of what is referred to."
)

// readMask adds the choice of what is read.
func (p *plan) readMask(t *declaration, doc string) {
	name := "read_mask"
	for t.has(name) {
		name = "list_" + name
	}
	t.add("", p.wellKnown("FieldMask", "field_mask"), name, doc)
}

func (t *declaration) has(name string) bool {
	return slices.ContainsFunc(t.fields, func(f *field) bool { return f.name == name })
}

func readDoc(e *model.Entity) string {
	example := ""
	for _, f := range door.ReadFields(e) {
		switch {
		case f.Kind == model.List && f.Bound == 0:
			example = snake(f.Name) + ".items.id"
		case f.Kind == model.List:
			example = snake(f.Name) + ".id"
		case f.Kind == model.Ref && example == "":
			example = snake(f.Name) + "." + snake(f.Target.Key.Name)
		}
	}
	if example == "" {
		return maskDoc
	}
	return maskDoc + " A path may lead on: \"" + example + "\"."
}

// entity plans the methods of an entity. Declared tells whether an operation of the design has that name: it stands where the
// generated method would.
func (p *plan) entity(s *service, e *model.Entity, declared func(name string) bool) {
	add := func(offered bool, replaced, name string, plan func(name string)) {
		if !offered || door.Replaced(e, replaced) || declared(name) {
			return
		}
		before := len(s.rpcs)
		plan(name)
		for _, r := range s.rpcs[before:] {
			if e.Deprecated != "" {
				r.deprecated, r.doc = true, strings.TrimSpace(r.doc+"\n\nDeprecated: "+e.Deprecated)
			}
		}
	}
	read, plural := door.Exposed(e, model.Read), pascal(e.Plural)
	add(read, e.Singular, "Get"+e.Name, func(name string) { p.one(s, e, name, true, "", nil) })
	add(read, e.Plural, "List"+plural, func(name string) { p.list(s, e, name, nil, nil) })
	add(read, e.Plural, "Stream"+plural, func(name string) { p.stream(s, e, name) })
	add(read, e.Plural+"Aggregate", "Aggregate"+plural, func(string) { p.aggregate(s, e) })
	add(read && e.History != nil, "", "List"+e.Name+"History", func(name string) {
		p.list(s, e.History, name, nil, func(t *declaration) { t.add("", "string", "id", strings.TrimSpace("Of the row. "+p.idDoc(e))) })
	})
	add(door.Exposed(e, model.Create), "create"+e.Name, "Create"+e.Name, func(name string) {
		p.one(s, e, name, false, "", func(t *declaration) {
			if len(door.CreateFields(e)) > 0 {
				t.add("", p.createInput(e), "input", "")
			}
		})
	})
	add(door.Exposed(e, model.Update) && len(door.UpdateFields(e)) > 0, "update"+e.Name, "Update"+e.Name, func(name string) {
		p.one(s, e, name, false, "", func(t *declaration) {
			t.add("", "string", "id", p.idDoc(e))
			t.add("", p.updateInput(e), "input", "")
			t.add("", p.wellKnown("FieldMask", "field_mask"), "update_mask",
				"Which fields of input are changed: all that it has unless this is given. One that is named and absent is cleared.")
			t.add(optional, "int32", "version", staleDoc)
		})
	})
	add(door.Exposed(e, model.Delete), "delete"+e.Name, "Delete"+e.Name, func(name string) {
		request := p.message(s, name+"Request", func(t *declaration) {
			t.add("", "string", "id", p.idDoc(e))
			t.add(optional, "int32", "version", staleDoc)
		})
		s.rpcs = append(s.rpcs, &rpc{name: name, request: request, response: p.message(s, name+"Response", func(*declaration) {})})
	})
	add(door.Restorable(e), "restore"+e.Name, "Restore"+e.Name, func(name string) {
		p.one(s, e, name, false, "Brings a deleted one back, with what was deleted with it.", func(t *declaration) {
			t.add("", "string", "id", p.idDoc(e))
		})
	})
}

func (p *plan) idDoc(e *model.Entity) string {
	if e.Key.Name == "id" {
		return ""
	}
	return fmt.Sprintf(idDoc, snake(e.Key.Name))
}

// one plans a method that answers with a row. Fill adds what its request has before the mask; nil is nothing but the id.
func (p *plan) one(s *service, e *model.Entity, name string, safe bool, doc string, fill func(t *declaration)) {
	request := p.message(s, name+"Request", func(t *declaration) {
		if fill == nil {
			t.add("", "string", "id", p.idDoc(e))
		} else {
			fill(t)
		}
		if door.Exposed(e, model.Read) {
			p.readMask(t, readDoc(e))
		}
	})
	response := p.message(s, name+"Response", func(t *declaration) {
		doc := ""
		if !safe {
			doc = "Nothing but its id where it may not be read."
		}
		t.fields = append(t.fields, &field{name: snake(e.Singular), formers: formerRow(e), typ: p.entityMessage(e), doc: doc})
	})
	s.rpcs = append(s.rpcs, &rpc{name: name, doc: doc, request: request, response: response, safe: safe})
}

// list plans a method that answers with a page: all rows of e, or those of a query.
func (p *plan) list(s *service, e *model.Entity, name string, o *model.Operation, fill func(t *declaration)) {
	page := e.Page
	r := &rpc{name: name, safe: true}
	if o != nil {
		page, r.doc, r.deprecated = o.Result.Page, operationDoc(o), o.Deprecated != ""
	}
	r.request = p.message(s, name+"Request", func(t *declaration) {
		if fill != nil {
			fill(t)
		}
		p.conditions(t, e)
		t.free("", "int32", "page_size", fmt.Sprintf("Rows at most; %d unless given, at most %d.", page.Size, page.Max))
		t.free("", "string", "page_token", tokenDoc)
		t.free("", "bool", "include_total", "Also counts all rows that fit.")
		p.readMask(t, readDoc(e))
	})
	r.response = p.message(s, name+"Response", func(t *declaration) {
		t.fields = append(t.fields, &field{name: snake(e.Plural), formers: formerRows(e), typ: p.entityMessage(e), label: repeated})
		t.add("", "string", "next_page_token", "Empty on the last page.")
		t.add(optional, "int64", "total_size", "Where include_total asked for it.")
	})
	s.rpcs = append(s.rpcs, r)
}

// conditions adds which rows are read, and in which order.
func (p *plan) conditions(t *declaration, e *model.Entity) {
	t.free("", p.filter(e), "filter", "")
	if orders := p.orders(e); orders != "" {
		t.free(repeated, orders, "order_by", "")
	}
	if len(e.Search) > 0 {
		t.free("", "string", "search", searchDoc)
	}
}

// free adds a field of the tool's own beside arguments of the design, under another name where one of them has it.
func (t *declaration) free(label, typ, name, doc string) {
	for t.has(name) {
		name = "list_" + name
	}
	t.add(label, typ, name, doc)
}

// stream plans a method that answers with all rows of e, one after the other.
func (p *plan) stream(s *service, e *model.Entity, name string) {
	request := p.message(s, name+"Request", func(t *declaration) {
		p.conditions(t, e)
		t.add("", "int64", "limit", "Rows at most; all unless given.")
		t.add("", "string", "page_token", "Of the last row that came with one: the stream goes on behind it.")
		p.readMask(t, readDoc(e))
	})
	response := p.message(s, name+"Response", func(t *declaration) {
		t.fields = append(t.fields, &field{name: snake(e.Singular), formers: formerRow(e), typ: p.entityMessage(e)})
		t.add("", "string", "page_token", "Where the stream stands, from time to time; empty in between.")
	})
	s.rpcs = append(s.rpcs, &rpc{
		name: name, request: request, response: response, stream: true, safe: true,
		doc: "All rows that fit, read page by page.",
	})
}

func (p *plan) operation(s *service, o *model.Operation) {
	name := pascal(o.Name)
	if o.Where != nil {
		p.list(s, o.Result.Target, name, o, func(t *declaration) { p.arguments(t, o) })
		return
	}
	request := p.message(s, name+"Request", func(t *declaration) {
		p.arguments(t, o)
		if o.Result.Target != nil && door.Exposed(o.Result.Target, model.Read) {
			p.readMask(t, readDoc(o.Result.Target))
		}
	})
	response := p.message(s, name+"Response", func(t *declaration) { p.result(t, o.Result) })
	s.rpcs = append(s.rpcs, &rpc{
		name: name, doc: operationDoc(o), request: request, response: response, safe: o.Kind == model.Query,
		idempotent: o.Idempotent, deprecated: o.Deprecated != "",
	})
}

// subscription plans a method that tells of rows as they are written.
func (p *plan) subscription(s *service, o *model.Operation) {
	name := "Subscribe" + pascal(o.Name)
	for slices.ContainsFunc(door.Operations(p.model), func(o *model.Operation) bool { return pascal(o.Name) == name }) {
		name = "Subscribe" + name
	}
	e := o.Result.Target
	request := p.message(s, name+"Request", func(t *declaration) {
		p.arguments(t, o)
		p.readMask(t, readDoc(e))
	})
	response := p.message(s, name+"Response", func(t *declaration) {
		t.fields = append(t.fields, &field{
			name: snake(e.Singular), formers: formerRow(e), typ: p.entityMessage(e),
			doc: "Absent in the first, which says that nothing is missed from now on, and in signs of life.",
		})
		t.free("", "bool", "read_again", "Some may be missing: read again what is shown.")
	})
	s.rpcs = append(s.rpcs, &rpc{
		name: name, doc: strings.TrimSpace(operationDoc(o) + "\n\n" + door.Told(o)), request: request, response: response,
		stream: true, safe: true, deprecated: o.Deprecated != "",
	})
}

func (p *plan) arguments(t *declaration, o *model.Operation) {
	for _, f := range o.Args {
		p.takenField(t, f)
	}
}

// result plans the one field of an operation's answer.
func (p *plan) result(t *declaration, f *model.Field) {
	if f.Target != nil && (f.Repeated || f.Kind == model.List) {
		name := f.Target.Plural
		t.fields = append(t.fields, &field{
			name: snake(name), origin: name, formers: formerRows(f.Target), typ: p.entityMessage(f.Target), label: repeated,
		})
		return
	}
	out := *f
	out.Name = "result"
	if f.Target != nil {
		out.Name = f.Target.Singular
	}
	p.shown(t, &out)
	t.fields[0].doc = ""
	if f.Target != nil {
		t.fields[0].formers = formerRow(f.Target)
	}
}

func operationDoc(o *model.Operation) string {
	doc := strings.TrimSpace(o.Doc)
	if len(o.Fails) > 0 {
		codes := make([]string, len(o.Fails))
		for i, f := range o.Fails {
			codes[i] = f.Code
		}
		doc = strings.TrimSpace(doc + "\n\nFails with " + strings.Join(codes, ", ") + ".")
	}
	if o.Idempotent {
		doc = strings.TrimSpace(doc + "\n\nTo do it twice is to do it once.")
	}
	if o.Deprecated != "" {
		doc = strings.TrimSpace(doc + "\n\nDeprecated: " + o.Deprecated)
	}
	return doc
}
