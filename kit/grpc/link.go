package grpc

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// method is one method of the contract.
type method struct {
	procedure string // "/shop.v1.CatalogService/CreateProduct"
	name      string // of the operation, for logs: "createProduct"
	in, out   *message
	safe      bool
	lasting   bool          // it goes on answering
	args      []*meta.Field // of the design, in the request beside the door's own members
	schema    protoreflect.MethodDescriptor
	handler   http.Handler
}

// link makes the methods of all services of the contract.
func (d *door) link(descriptors []byte) (*protoregistry.Files, []string, error) {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(descriptors, set); err != nil {
		return nil, nil, err
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, nil, err
	}
	d.resources = map[*meta.Entity]*resource{}
	l := &linker{backend: d.engine.Backend(), messages: map[protoreflect.FullName]*message{}, enums: map[protoreflect.FullName]*enum{}}
	verbs := d.verbs()
	var names []string
	var problems []error
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			names = append(names, string(service.FullName()))
			for j := range service.Methods().Len() {
				if err := d.add(l, service.Methods().Get(j), verbs); err != nil {
					problems = append(problems, fmt.Errorf("%s: %w", service.Methods().Get(j).FullName(), err))
				}
			}
		}
		return true
	})
	return files, names, errors.Join(problems...)
}

// verb is what a method may be.
type verb struct {
	name string // of the operation, for logs
	add  func(l *linker, m *method) error
}

// verbs are what the backend offers, by the names of the methods that do it. An operation of the design stands where a
// generated method of its name would.
func (d *door) verbs() map[string]verb {
	b := d.engine.Backend()
	verbs := map[string]verb{}
	for _, e := range b.Entities {
		if e.Owner() != nil {
			continue
		}
		offer := func(v meta.Verb, rpc, name string, add func(l *linker, m *method, e *meta.Entity) error) {
			if query.Exposed(e, v) {
				verbs[rpc] = verb{name, func(l *linker, m *method) error { return add(l, m, e) }}
			}
		}
		plural := pascal(e.Plural)
		offer(meta.Read, "Get"+e.Name, e.Singular, d.addGet)
		offer(meta.Read, "List"+plural, e.Plural, d.addList)
		offer(meta.Read, "Stream"+plural, e.Plural+"Stream", d.addStream)
		offer(meta.Read, "Aggregate"+plural, e.Plural+"Aggregate", d.addAggregate)
		offer(meta.Create, "Create"+e.Name, "create"+e.Name, d.addCreate)
		offer(meta.Update, "Update"+e.Name, "update"+e.Name, d.addUpdate)
		offer(meta.Delete, "Delete"+e.Name, "delete"+e.Name, d.addDelete)
		if e.History() != nil {
			offer(meta.Read, "List"+e.Name+"History", e.Singular+"History", d.addHistory)
		}
		if query.Restorable(e) {
			offer(meta.Delete, "Restore"+e.Name, "restore"+e.Name, d.addRestore)
		}
	}
	for _, o := range b.Operations {
		if len(o.Allow) == 0 {
			continue
		}
		verbs[pascal(o.Name)] = verb{o.Name, func(l *linker, m *method) error {
			if o.Where != nil {
				return d.addQuery(l, m, o)
			}
			return d.addOperation(l, m, o)
		}}
	}
	for _, o := range b.Subscriptions {
		if len(o.Allow) == 0 {
			continue
		}
		name := "subscribe" + pascal(o.Name)
		for verbs[pascal(name)].add != nil {
			name = "subscribe" + pascal(name)
		}
		verbs[pascal(name)] = verb{name, func(l *linker, m *method) error { return d.addSubscription(l, m, o) }}
	}
	return verbs
}

func (d *door) add(l *linker, of protoreflect.MethodDescriptor, verbs map[string]verb) error {
	v, ok := verbs[string(of.Name())]
	if !ok {
		return errors.New("the backend does nothing of that name")
	}
	service := of.Parent().FullName()
	options, _ := of.Options().(*descriptorpb.MethodOptions)
	return v.add(l, &method{
		procedure: "/" + string(service) + "/" + string(of.Name()), name: v.name,
		in: l.message(of.Input()), out: l.message(of.Output()), schema: of,
		safe: options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS,
	})
}

// pascal is the name of an operation as that of a method.
func pascal(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// need is a field that the method's request must have.
func (m *method) need(name string) (*field, error) {
	f := m.in.names[name]
	if f == nil {
		return nil, fmt.Errorf("its request has no %s", name)
	}
	return f, nil
}

// rowOut is the field of an answer that holds a row, or rows of e, and how they are written.
func (d *door) rowOut(l *linker, m *method, e *meta.Entity) (*field, *resource, error) {
	for _, f := range m.out.fields {
		if f.form == formMessage {
			r, err := d.bind(l, e, f.message)
			return f, r, err
		}
	}
	return nil, nil, errors.New("its answer has no row")
}

// free is what a field of the tool's own is called beside arguments: with list before it where one of them has its name.
func free(args []*meta.Field, name string) string {
	for _, f := range args {
		if f.Name == name {
			return free(args, "list"+pascal(name))
		}
	}
	return name
}

// listing is the fields of a request for rows, by what they are called in it.
type listing struct {
	filter, order, search, size, token, total, mask string

	orders map[string]query.Order
}

func (d *door) listing(m *method, e *meta.Entity, args []*meta.Field) (*listing, error) {
	ls := &listing{
		filter: free(args, "filter"), order: free(args, "orderBy"), search: free(args, "search"), size: free(args, "pageSize"),
		token: free(args, "pageToken"), total: free(args, "includeTotal"), mask: free(args, "readMask"),
	}
	filter, err := m.need(ls.filter)
	if err != nil {
		return nil, err
	}
	filter.message.alternatives(map[*message]bool{})
	if order := m.in.names[ls.order]; order != nil && order.form == formEnum {
		ls.orders, err = orders(e, order.enum)
	}
	return ls, err
}
