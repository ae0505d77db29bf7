package grpc

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/doortest"
)

// decoding is a message of the contract of package doortest, for the door and for protobuf.
type decoding struct {
	ours   *message
	theirs protoreflect.MessageDescriptor
}

func decodings(tb testing.TB) []decoding {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(doortest.Descriptors, set); err != nil {
		tb.Fatal(err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		tb.Fatal(err)
	}
	l := &linker{backend: doortest.New(tb).Engine.Backend(), messages: map[protoreflect.FullName]*message{}, enums: map[protoreflect.FullName]*enum{}}
	var all []decoding
	for _, name := range []protoreflect.FullName{"ListArticlesRequest", "CreateSampleRequest", "UpdateArticleRequest", "ListSamplesRequest", "CreateFlagRequest"} {
		found, err := files.FindDescriptorByName("doors.v1." + name)
		if err != nil {
			tb.Fatal(err)
		}
		d := decoding{theirs: found.(protoreflect.MessageDescriptor)}
		d.ours = l.message(d.theirs)
		if filter := d.ours.names["filter"]; filter != nil {
			filter.message.alternatives(map[*message]bool{})
		}
		all = append(all, d)
	}
	return all
}

// FuzzDecode feeds the decoder what anybody may send. It must end, tell what is wrong as a problem of the caller, and refuse
// what protobuf refuses; what both take must read as what protobuf makes of it.
func FuzzDecode(f *testing.F) {
	all := decodings(f)
	for i, texts := range [][]string{
		{`{"filter":{"or":[{"title":{"in":{"values":["a","b"]}}},{"not":{"createdAt":{"gt":"2030-01-02T03:04:05Z"}}}]},"orderBy":["ARTICLE_ORDER_TITLE_ASC"],"pageSize":7,"readMask":"title,author.username"}`},
		{`{"input":{"small":-7,"big":"9","weight":1.5,"yes":false,"exact":"12.5","at":"2030-01-02T03:04:05Z","takes":"-90.5s","data":{"a":[1,null,"x",true,{"b":2.5}]},"raw":"aGk=","status":"STATUS_OPEN","words":["a"],"states":["STATUS_DRAFT"],"bigs":["1","-2"]}}`},
		{`{"id":"x","input":{"comments":{"create":[{"body":"a"}],"delete":["b"]},"shelves":{"link":["go"]}},"version":3,"updateMask":"title"}`},
		{`{"filter":{"bigs":{"hasSome":{"values":["1"]}},"takes":{"lt":"5s"},"words":{"isEmpty":true}}}`},
		{`{"input":{"about":{"article":"a"},"other":{"user":"b"}}}`},
	} {
		for _, text := range texts {
			m := dynamicpb.NewMessage(all[i].theirs)
			if err := protojson.Unmarshal([]byte(text), m); err != nil {
				f.Fatal(err)
			}
			wire, err := proto.Marshal(m)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(uint8(i), wire)
		}
	}
	f.Add(uint8(0), []byte{0x0a, 0x80, 0x80, 0x80, 0x80, 0x08})
	f.Add(uint8(1), []byte{0x0b, 0x0b, 0x0b})
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		d := all[int(which)%len(all)]
		object, err := decode(d.ours, data)
		m := dynamicpb.NewMessage(d.theirs)
		refused := proto.Unmarshal(data, m)
		var p *kit.Problem
		switch {
		case err != nil && (!errors.As(err, &p) || p.Code != kit.CodeMalformed || p.Status != 400):
			t.Fatalf("%x: %v", data, err)
		case err != nil:
			return
		case refused != nil:
			t.Fatalf("%x: protobuf refuses it: %v", data, refused)
		}
		canonical, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(d.ours, canonical)
		if err != nil || plainly(object) != plainly(again) {
			t.Fatalf("%x is %s\n%x, which protobuf makes of it, is %s %v", data, plainly(object), canonical, plainly(again), err)
		}
	})
}

// plainly is a tree as text.
func plainly(node any) string { return fmt.Sprintf("%#v", node) } // which sorts the members of a map
