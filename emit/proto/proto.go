// Package proto writes the contract of a service's gRPC door.
//
//	model ─▶ services and types ─▶ numbers (of before, and of what is new) ─▶ api/NAME/v1/NAME.proto ─▶ api/descriptors.binpb
//
// A module is a service. What an entity shows and takes is what the other contracts say (emit/door); the names are those of
// this community. A field has its number for ever: Numbers remember those that were given, and keep those of fields that are
// gone reserved. Descriptors are the same contract as protoc's output, which the running service reads.
package proto

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/fettlehq/fettle/model"
)

// Contract is what Emit writes.
type Contract struct {
	Path        string  // below api/, with slashes: "shop/v1/shop.proto", where protobuf looks for the package shop.v1
	Text        []byte  // empty where there is no operation: then nothing is served
	Descriptors []byte  // a google.protobuf.FileDescriptorSet with all that Text imports, without comments
	Numbers     Numbers // those of before and those of what is new
}

// Emit writes the contract of m. Numbers are those of the last time; what they hold is not changed.
func Emit(m *model.Model, numbers Numbers) Contract {
	p := newPlan(m)
	p.all()
	c := Contract{Path: p.folder + "/" + p.file + ".proto", Numbers: numbers.clone()}
	types := typesOf(p.types)
	for _, t := range p.types {
		c.Numbers.give(t, types)
	}
	if len(p.services) == 0 {
		return c
	}
	c.Text = p.print()
	c.Descriptors = compile(c.Path, c.Text)
	return c
}

// compile is the descriptors of a file whose text is known to be right: the plan has no other names than those of types that
// it made.
func compile(path string, text []byte) []byte {
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			Accessor: protocompile.SourceAccessorFromMap(map[string]string{path: string(text)}),
		}),
		MaxParallelism: 1,
	}
	files, err := compiler.Compile(context.Background(), path)
	if err != nil {
		panic(fmt.Sprintf("%s: %v\n%s", path, err, text))
	}
	set := &descriptorpb.FileDescriptorSet{}
	imports := files[0].Imports()
	for i := range imports.Len() {
		set.File = append(set.File, protodesc.ToFileDescriptorProto(imports.Get(i).FileDescriptor))
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(files[0]))
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", path, err))
	}
	return out
}

// print writes the text.
func (p *plan) print() []byte {
	w := &writer{pkg: p.name}
	w.doc("", p.doc)
	w.f("syntax = \"proto3\";")
	w.f("")
	w.f("package %s;", p.name)
	w.f("")
	for _, file := range p.imports() {
		w.f("import %q;", file)
	}
	if len(p.imports()) > 0 {
		w.f("")
	}
	w.f("option go_package = %q;", p.goPackage)
	for _, s := range p.services {
		w.service(s)
	}
	for _, t := range p.types {
		if t.values {
			w.enum(t)
		} else {
			w.message(t)
		}
	}
	return []byte(w.String())
}

type writer struct {
	strings.Builder
	pkg string // the name of the package
}

// f prints a line.
func (w *writer) f(format string, args ...any) {
	fmt.Fprintf(w, format, args...)
	w.WriteByte('\n')
}

// doc prints a comment.
func (w *writer) doc(indent, text string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		w.f("%s", strings.TrimRight(indent+"// "+strings.TrimSpace(line), " "))
	}
}

func (w *writer) service(s *service) {
	w.f("")
	w.doc("", s.doc)
	w.f("service %s {", s.name)
	for i, r := range s.rpcs {
		if i > 0 {
			w.f("")
		}
		w.doc("  ", r.doc)
		stream := ""
		if r.stream {
			stream = "stream "
		}
		var options []string
		if r.safe {
			options = append(options, "option idempotency_level = NO_SIDE_EFFECTS;")
		} else if r.idempotent {
			options = append(options, "option idempotency_level = IDEMPOTENT;")
		}
		if r.deprecated {
			options = append(options, "option deprecated = true;")
		}
		head := fmt.Sprintf("  rpc %s(%s) returns (%s%s)", r.name, w.within(s, r.request), stream, w.within(s, r.response))
		if len(options) == 0 {
			w.f("%s;", head)
			continue
		}
		w.f("%s {", head)
		for _, o := range options {
			w.f("    %s", o)
		}
		w.f("  }")
	}
	w.f("}")
}

// within is a message's name within a service: its methods hide messages of their names.
func (w *writer) within(s *service, message string) string {
	if slices.ContainsFunc(s.rpcs, func(r *rpc) bool { return r.name == message }) {
		return "." + w.pkg + "." + message
	}
	return message
}

func (w *writer) message(t *declaration) {
	w.f("")
	w.doc("", t.doc)
	if len(t.fields) == 0 && len(t.gone) == 0 {
		w.f("message %s {}", t.name)
		return
	}
	w.f("message %s {", t.name)
	if t.deprecated {
		w.f("  option deprecated = true;")
	}
	w.reserved(t)
	indent := "  "
	if t.oneof != "" {
		w.f("  oneof %s {", t.oneof)
		indent = "    "
	}
	for _, f := range t.fields {
		w.doc(indent, f.doc)
		label := f.label
		if label != "" {
			label += " "
		}
		var options []string
		if f.deprecated {
			options = append(options, "deprecated = true")
		}
		if jsonName(f.name) != f.origin && f.origin != "" {
			options = append(options, fmt.Sprintf("json_name = %q", f.origin))
		}
		w.f("%s%s%s %s = %d%s;", indent, label, f.typ, f.name, f.number, bracketed(options))
	}
	if t.oneof != "" {
		w.f("  }")
	}
	w.f("}")
}

func (w *writer) enum(t *declaration) {
	w.f("")
	w.doc("", t.doc)
	w.f("enum %s {", t.name)
	w.reserved(t)
	prefix := screaming(t.name) + "_"
	if t.fields[0].name != unspecified {
		w.f("  %s%s = 0;", prefix, unspecified)
	}
	for _, f := range t.fields {
		w.doc("  ", f.doc)
		var options []string
		if f.deprecated {
			options = append(options, "deprecated = true")
		}
		w.f("  %s%s = %d%s;", prefix, f.name, f.number, bracketed(options))
	}
	w.f("}")
}

// reserved prints the numbers and names of what is gone.
func (w *writer) reserved(t *declaration) {
	if len(t.gone) == 0 {
		return
	}
	var numbers, names []string
	for _, g := range t.gone {
		numbers = append(numbers, fmt.Sprint(g.number))
		name := g.name
		if name == "" {
			continue
		}
		if t.values {
			name = screaming(t.name) + "_" + name
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	w.f("  reserved %s;", strings.Join(numbers, ", "))
	if len(names) > 0 {
		w.f("  reserved %s;", strings.Join(names, ", "))
	}
}

func bracketed(options []string) string {
	if len(options) == 0 {
		return ""
	}
	return " [" + strings.Join(options, ", ") + "]"
}
