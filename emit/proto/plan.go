package proto

import (
	"maps"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// plan is a contract before it has numbers.
type plan struct {
	model     *model.Model
	name      string // of the package: "shop.v1"
	folder    string // "shop/v1"
	file      string // "shop"
	goPackage string
	doc       string
	services  []*service
	types     []*declaration // in the order in which they are named first

	named map[string]string // types that the design does not declare, by what they are called at best
	known map[string]bool   // types of the design that are planned
	taken map[string]bool   // names in the package
	well  map[string]bool   // files of protobuf's own that are imported
}

type service struct {
	name, doc string
	rpcs      []*rpc
}

type rpc struct {
	name, doc         string
	request, response string
	stream            bool // of answers
	safe              bool // reads only
	idempotent        bool // done twice is done once
	deprecated        bool
}

// declaration is a message or an enum.
type declaration struct {
	name, doc  string
	deprecated bool
	formers    []string // its names before, where what it is made of was renamed
	values     bool     // an enum
	oneof      string   // all fields are alternatives, under this name
	fields     []*field
	gone       []gone
}

// field is a field of a message or a value of an enum.
type field struct {
	name, doc  string   // "created_at"; of a value without the prefix of its enum
	origin     string   // its name in JSON, which is that of the design; empty for what protobuf makes of the name
	formers    []string // its names before, in the form of name
	typ, label string
	number     int
	deprecated bool
}

func newPlan(m *model.Model) *plan {
	name := packageName(m.Name)
	p := &plan{
		model: m, name: name + ".v1", folder: name + "/v1", file: name,
		goPackage: m.GoModule + "/api/" + name + "/v1;" + strings.ReplaceAll(name, "_", "") + "v1",
		doc:       "The gRPC door of " + m.Name + ", written by fettle from its design.",
		named:     map[string]string{}, known: map[string]bool{}, taken: map[string]bool{}, well: map[string]bool{},
	}
	if m.Tenant != nil {
		p.doc += "\n\n" + door.Tenancy(m)
	}
	for _, e := range m.Entities {
		p.taken[e.Name] = true
		if e.History != nil {
			p.taken[e.History.Name] = true
		}
	}
	for _, module := range m.Modules {
		for _, e := range module.Enums {
			p.taken[e.Name] = true
		}
		for _, v := range slices.Concat(module.Values, module.Inputs) {
			p.taken[v.Name] = true
		}
		for _, u := range module.Unions {
			p.taken[u.Name] = true
		}
	}
	return p
}

// all plans a service for each module that has something to do.
func (p *plan) all() {
	for _, module := range p.model.Modules {
		s := &service{doc: module.Doc}
		for _, o := range door.Operations(p.model) {
			if o.Module == module {
				s.rpcs = append(s.rpcs, &rpc{name: pascal(o.Name)})
			}
		}
		own := s.rpcs
		s.rpcs = nil
		declared := func(name string) bool {
			return slices.ContainsFunc(own, func(r *rpc) bool { return r.name == name })
		}
		s.name = p.free(pascal(snakeToPascal(module.Name))+"Service", "s")
		for _, e := range door.Entities(p.model) {
			if e.Module == module && e.HistoryOf == nil {
				p.entity(s, e, declared)
			}
		}
		for _, o := range door.Operations(p.model) {
			if o.Module == module {
				p.operation(s, o)
			}
		}
		for _, o := range door.Subscriptions(p.model) {
			if o.Module == module {
				p.subscription(s, o)
			}
		}
		if len(s.rpcs) > 0 {
			p.services = append(p.services, s)
		}
	}
}

func snakeToPascal(name string) string {
	var out strings.Builder
	for word := range strings.SplitSeq(strings.ReplaceAll(name, "-", "_"), "_") {
		if word != "" {
			out.WriteString(pascal(word))
		}
	}
	return out.String()
}

// free takes a name in the package: best, or with more behind it where the design uses that name itself.
func (p *plan) free(best, more string) string {
	for p.taken[best] {
		best += more
	}
	p.taken[best] = true
	return best
}

// generated is the name of a type that the design does not declare, planned by fill when it is named first.
func (p *plan) generated(best string, fill func(t *declaration), formers ...string) string {
	if name, ok := p.named[best]; ok {
		return name
	}
	name := p.free(best, "Type")
	p.named[best] = name
	p.plan(name, fill, formers...)
	return name
}

// declared is the name of a type of the design, planned by fill when it is named first.
func (p *plan) declared(name string, fill func(t *declaration)) string {
	if !p.known[name] {
		p.known[name] = true
		p.plan(name, fill)
	}
	return name
}

func (p *plan) plan(name string, fill func(t *declaration), formers ...string) {
	t := &declaration{name: name, formers: formers}
	p.types = append(p.types, t)
	fill(t)
}

// of is the name of a type that is made of e, whose name stands between before and after: "Create", "Input".
func (p *plan) of(e *model.Entity, before, after string, fill func(t *declaration)) string {
	var formers []string
	if e.Former != "" {
		formers = append(formers, before+e.Former+after)
	}
	return p.generated(before+e.Name+after, fill, formers...)
}

// message is the name of a request or an answer, which only one method has.
func (p *plan) message(s *service, best string, fill func(t *declaration)) string {
	if p.taken[best] {
		best = s.name + best
	}
	name := p.free(best, "s")
	p.plan(name, fill)
	return name
}

// imports are the files of protobuf's own that the types name.
func (p *plan) imports() []string { return slices.Sorted(maps.Keys(p.well)) }

// wellKnown is the name of one of protobuf's own types.
func (p *plan) wellKnown(name, file string) string {
	p.well["google/protobuf/"+file+".proto"] = true
	return "google.protobuf." + name
}

// add adds a field of the tool's own.
func (t *declaration) add(label, typ, name, doc string) {
	t.fields = append(t.fields, &field{name: name, label: label, typ: typ, doc: doc})
}

const (
	optional = "optional"
	repeated = "repeated"
)

// of is a field of the design, without its type.
func of(f *model.Field) *field {
	out := &field{name: snake(f.Name), origin: f.Name, doc: door.Doc(f), deprecated: f.Deprecated != ""}
	if f.Former != "" {
		out.formers = []string{snake(f.Former)}
	}
	if f.Deprecated != "" {
		out.doc = strings.TrimSpace(out.doc + "\n\nDeprecated: " + f.Deprecated)
	}
	return out
}

// formerRow is what a field that is called as one of e was called before, formerRows one that is called as several.
func formerRow(e *model.Entity) []string {
	if e.Former == "" {
		return nil
	}
	return []string{snake(e.Former)}
}

func formerRows(e *model.Entity) []string {
	if e.Was == "" {
		return nil
	}
	return []string{e.Was} // its table, which is called as the doors called its rows
}
