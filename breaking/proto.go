package breaking

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Proto compares two contracts of a gRPC door, each a FileDescriptorSet. What is gone, what has another number, type or name, and a
// method that is called otherwise are each a Change: the rules are those of buf breaking's category FILE that a contract of ours can
// break, under their names.
func Proto(before, after []byte) ([]Change, error) {
	old, err := descriptors("the descriptors as they were", before)
	if err != nil {
		return nil, err
	}
	now, err := descriptors("the descriptors as they are", after)
	if err != nil {
		return nil, err
	}
	c := &protoComparison{now: now, methods: map[protoreflect.FullName]string{}}
	old.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "google.protobuf") {
			c.file(file)
		}
		return true
	})
	return sorted(c.changes), nil
}

func descriptors(name string, binary []byte) (*protoregistry.Files, error) {
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(binary, set); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return files, nil
}

type protoComparison struct {
	now     *protoregistry.Files
	methods map[protoreflect.FullName]string // the methods that messages are the requests and the answers of
	changes []Change
}

func (c *protoComparison) add(rule string, of protoreflect.Descriptor, member, format string, args ...any) {
	at := string(of.Name())
	if member != "" {
		at += "." + member
	}
	change := Change{Rule: rule, At: at, Type: string(of.Name()), Member: member, Text: fmt.Sprintf(format, args...)}
	if method := c.methods[of.FullName()]; method != "" {
		change.Type, change.Member = "", method
	}
	c.changes = append(c.changes, change)
}

// is what has the name of a descriptor now, nil where nothing of its kind does.
func is[D protoreflect.Descriptor](c *protoComparison, was D) (found D, ok bool) {
	d, err := c.now.FindDescriptorByName(was.FullName())
	if err != nil {
		return found, false
	}
	found, ok = d.(D)
	return found, ok
}

func (c *protoComparison) file(was protoreflect.FileDescriptor) {
	for i := range was.Services().Len() {
		c.service(was.Services().Get(i))
	}
	for i := range was.Messages().Len() {
		c.message(was.Messages().Get(i))
	}
	for i := range was.Enums().Len() {
		c.enum(was.Enums().Get(i))
	}
}

func (c *protoComparison) service(was protoreflect.ServiceDescriptor) {
	for i := range was.Methods().Len() {
		m := was.Methods().Get(i)
		name := operationOf(m)
		c.methods[m.Input().FullName()], c.methods[m.Output().FullName()] = name, name
	}
	now, ok := is(c, was)
	if !ok {
		c.add("SERVICE_NO_DELETE", was, "", "the service %s is gone", was.Name())
		return
	}
	for i := range was.Methods().Len() {
		c.method(was.Methods().Get(i), now.Methods().ByName(was.Methods().Get(i).Name()))
	}
}

// operationOf is the name of the operation that a method does: createProduct of CreateProduct.
func operationOf(m protoreflect.MethodDescriptor) string {
	name := string(m.Name())
	return strings.ToLower(name[:1]) + name[1:]
}

func (c *protoComparison) method(was, now protoreflect.MethodDescriptor) {
	add := func(rule, format string, args ...any) {
		c.changes = append(c.changes, Change{
			Rule: rule, At: string(was.Parent().Name()) + "." + string(was.Name()), Member: operationOf(was), Text: fmt.Sprintf(format, args...),
		})
	}
	if now == nil {
		add("RPC_NO_DELETE", "the method %s is gone", was.Name())
		return
	}
	if was.Input().FullName() != now.Input().FullName() {
		add("RPC_SAME_REQUEST_TYPE", "%s took a %s and takes a %s", was.Name(), was.Input().Name(), now.Input().Name())
	}
	if was.Output().FullName() != now.Output().FullName() {
		add("RPC_SAME_RESPONSE_TYPE", "%s answered with a %s and answers with a %s", was.Name(), was.Output().Name(), now.Output().Name())
	}
	if was.IsStreamingClient() != now.IsStreamingClient() {
		add("RPC_SAME_CLIENT_STREAMING", "%s takes %s", was.Name(), many(now.IsStreamingClient()))
	}
	if was.IsStreamingServer() != now.IsStreamingServer() {
		add("RPC_SAME_SERVER_STREAMING", "%s answers with %s", was.Name(), many(now.IsStreamingServer()))
	}
	if level(was) != level(now) {
		add("RPC_SAME_IDEMPOTENCY_LEVEL", "%s was %s and is %s", was.Name(), level(was), level(now))
	}
}

func many(stream bool) string {
	if stream {
		return "a stream now"
	}
	return "one message now"
}

func level(m protoreflect.MethodDescriptor) descriptorpb.MethodOptions_IdempotencyLevel {
	options, _ := m.Options().(*descriptorpb.MethodOptions)
	return options.GetIdempotencyLevel()
}

func (c *protoComparison) message(was protoreflect.MessageDescriptor) {
	now, ok := is(c, was)
	if !ok {
		c.add("MESSAGE_NO_DELETE", was, "", "%s is gone", was.Name())
		return
	}
	for i := range was.Fields().Len() {
		f := was.Fields().Get(i)
		c.field(was, f, now.Fields().ByNumber(f.Number()), now.Fields().ByName(f.Name()))
	}
	told := map[protoreflect.Name]bool{}
	for i := range was.ReservedRanges().Len() {
		reserved := was.ReservedRanges().Get(i)
		for number := reserved[0]; number < reserved[1] && !now.ReservedRanges().Has(number); number++ {
			member := ""
			if f := now.Fields().ByNumber(number); f != nil {
				member, told[f.Name()] = f.JSONName(), true
			}
			c.add("RESERVED_MESSAGE_NO_DELETE", was, member, "%s", freed(was, int(number), member))
		}
	}
	c.names("RESERVED_MESSAGE_NO_DELETE", was, was.ReservedNames(), now.ReservedNames(), told, func(name protoreflect.Name) string {
		if f := now.Fields().ByName(name); f != nil {
			return f.JSONName()
		}
		return ""
	})
}

// names tells of names that were reserved and are so no longer, but for those of which their numbers told. Member is what has such a name
// now, empty for nothing.
func (c *protoComparison) names(rule string, of protoreflect.Descriptor, was, now protoreflect.Names, told map[protoreflect.Name]bool, member func(protoreflect.Name) string) {
	for i := range was.Len() {
		if name := was.Get(i); !now.Has(name) && !told[name] {
			c.add(rule, of, member(name), "the name %s of %s was reserved, for what had it before, and is reserved no longer", name, of.Name())
		}
	}
}

// freed says that a number which was reserved is so no longer.
func freed(of protoreflect.Descriptor, number int, now string) string {
	if now == "" {
		return fmt.Sprintf("the number %d of %s was reserved, for what had it before, and is reserved no longer", number, of.Name())
	}
	return fmt.Sprintf("the number %d of %s was reserved, for what had it before, and is that of %s", number, of.Name(), now)
}

// field compares a field with what has its number now, and what has its name.
func (c *protoComparison) field(of protoreflect.MessageDescriptor, was, now, named protoreflect.FieldDescriptor) {
	name := was.JSONName()
	switch {
	case now == nil && named != nil:
		c.add("FIELD_NO_DELETE", of, name, "%s of %s had the number %d and has %d", was.Name(), of.Name(), was.Number(), named.Number())
		return
	case now == nil:
		c.add("FIELD_NO_DELETE", of, name, "%s of %s is gone", was.Name(), of.Name())
		return
	}
	if was.Name() != now.Name() {
		c.add("FIELD_SAME_NAME", of, name, "%s of %s is called %s", was.Name(), of.Name(), now.Name())
	} else if was.JSONName() != now.JSONName() {
		c.add("FIELD_SAME_JSON_NAME", of, name, "%s of %s was %s in JSON and is %s", was.Name(), of.Name(), was.JSONName(), now.JSONName())
	}
	if typeOf(was) != typeOf(now) {
		c.add("FIELD_SAME_TYPE", of, name, "%s of %s was %s and is %s", was.Name(), of.Name(), typeOf(was), typeOf(now))
	}
	if cardinality(was) != cardinality(now) {
		c.add("FIELD_SAME_CARDINALITY", of, name, "%s of %s was %s and is %s", was.Name(), of.Name(), cardinality(was), cardinality(now))
	}
	if oneof(was) != oneof(now) {
		c.add("FIELD_SAME_ONEOF", of, name, "%s of %s is an alternative no longer, or newly", was.Name(), of.Name())
	}
}

func typeOf(f protoreflect.FieldDescriptor) string {
	switch {
	case f.Message() != nil:
		return string(f.Message().FullName())
	case f.Enum() != nil:
		return string(f.Enum().FullName())
	}
	return f.Kind().String()
}

func cardinality(f protoreflect.FieldDescriptor) string {
	switch {
	case f.IsList():
		return "repeated"
	case f.HasOptionalKeyword():
		return "optional"
	}
	return "single"
}

// oneof is the name of the alternatives that f is one of, empty for none; that of an optional field is no such.
func oneof(f protoreflect.FieldDescriptor) string {
	if of := f.ContainingOneof(); of != nil && !of.IsSynthetic() {
		return string(of.Name())
	}
	return ""
}

func (c *protoComparison) enum(was protoreflect.EnumDescriptor) {
	now, ok := is(c, was)
	if !ok {
		c.add("ENUM_NO_DELETE", was, "", "%s is gone", was.Name())
		return
	}
	for i := range was.Values().Len() {
		v := was.Values().Get(i)
		switch is := now.Values().ByNumber(v.Number()); {
		case is == nil:
			c.add("ENUM_VALUE_NO_DELETE", was, string(v.Name()), "%s of %s is gone", v.Name(), was.Name())
		case is.Name() != v.Name():
			c.add("ENUM_VALUE_SAME_NAME", was, string(v.Name()), "%s of %s is called %s", v.Name(), was.Name(), is.Name())
		}
	}
	told := map[protoreflect.Name]bool{}
	for i := range was.ReservedRanges().Len() {
		reserved := was.ReservedRanges().Get(i) // with its end, other than those of messages
		for number := reserved[0]; number <= reserved[1] && !now.ReservedRanges().Has(number); number++ {
			member := ""
			if v := now.Values().ByNumber(number); v != nil {
				member, told[v.Name()] = string(v.Name()), true
			}
			c.add("RESERVED_ENUM_NO_DELETE", was, member, "%s", freed(was, int(number), member))
		}
	}
	c.names("RESERVED_ENUM_NO_DELETE", was, was.ReservedNames(), now.ReservedNames(), told, func(name protoreflect.Name) string {
		if v := now.Values().ByName(name); v != nil {
			return string(v.Name())
		}
		return ""
	})
}
