package golang

import (
	"go/ast"
	goconstant "go/constant"
	"go/types"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// A contract of protobuf may say of a number how large it may be, in options that a validator asks for before a procedure is called:
//
//	int32 page_size = 2 [(buf.validate.field).int32.lte = 100];
//
// What protoc writes holds the contract in its binary form, a FileDescriptorProto, beside the structs of its messages.

var (
	// validatesContract are packages that ask of each request whether it keeps to its contract.
	validatesContract = regexp.MustCompile(`(^|[/-])(protovalidate|protoc-gen-validate)(-go)?($|/)|^connectrpc\.com/validate$|/(middleware|interceptors)/validat(e|or)$`)
	rawDescriptor     = regexp.MustCompile(`^file_\w+_rawDesc$`)
)

// findContractLimits notes the fields of messages whose contract gives them an upper limit, where the code has a validator of contracts.
func (l *lifter) findContractLimits() {
	validated := false
	l.eachFile(func(p place) {
		for _, i := range p.file.Imports {
			validated = validated || p.aside[p.file] == "" && validatesContract.MatchString(strings.Trim(i.Path.Value, `"`))
		}
	})
	if !validated {
		return
	}
	l.eachFile(func(p place) {
		for _, decl := range p.file.Decls {
			general, is := decl.(*ast.GenDecl)
			if !is || p.aside[p.file] != "generated" {
				continue
			}
			for _, spec := range general.Specs {
				value, is := spec.(*ast.ValueSpec)
				if is && len(value.Names) == 1 && len(value.Values) == 1 && rawDescriptor.MatchString(value.Names[0].Name) {
					var contract descriptorpb.FileDescriptorProto
					if proto.Unmarshal(descriptorOf(p.source, value.Values[0]), &contract) == nil {
						l.limitMessages(p.source, contract.GetMessageType(), "")
					}
				}
			}
		}
	})
}

// descriptorOf are the bytes of a literal: a constant text, or a list of bytes.
func descriptorOf(s *source, e ast.Expr) []byte {
	if value := s.info.Types[e].Value; value != nil && value.Kind() == goconstant.String {
		return []byte(goconstant.StringVal(value))
	}
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && len(call.Args) == 1 {
		e = call.Args[0] // string([]byte{…})
	}
	literal, is := ast.Unparen(e).(*ast.CompositeLit)
	if !is {
		return nil
	}
	out := make([]byte, 0, len(literal.Elts))
	for _, element := range literal.Elts {
		value := s.info.Types[element].Value
		if value == nil {
			return nil
		}
		n, _ := goconstant.Int64Val(goconstant.ToInt(value))
		out = append(out, byte(n))
	}
	return out
}

// Numbers of the options of a field that validators have.
const (
	bufValidateField = 1159
	pgvRules         = 1071
)

// limitMessages notes what messages limit. Of one within another the struct has both names.
func (l *lifter) limitMessages(s *source, messages []*descriptorpb.DescriptorProto, within string) {
	for _, m := range messages {
		for _, field := range m.GetField() {
			l.limitField(s, within+m.GetName(), field)
		}
		l.limitMessages(s, m.GetNestedType(), within+m.GetName()+"_")
	}
}

func (l *lifter) limitField(s *source, message string, field *descriptorpb.FieldDescriptorProto) {
	named, is := s.types.Scope().Lookup(message).(*types.TypeName)
	if !is || field.GetOptions() == nil || !hasCeiling(field.GetOptions().ProtoReflect().GetUnknown()) {
		return
	}
	structure, is := named.Type().Underlying().(*types.Struct)
	if !is {
		return
	}
	for i := range structure.NumFields() {
		parts := strings.Split(reflect.StructTag(structure.Tag(i)).Get("protobuf"), ",")
		if len(parts) > 1 && parts[1] == strconv.Itoa(int(field.GetNumber())) {
			l.bounded[structure.Field(i)] = true
		}
	}
}

// hasCeiling reports whether the options of a field say that its number is less than another: the rules of each kind of whole numbers, int32 to
// sfixed64, have a lt and a lte.
func hasCeiling(options []byte) bool {
	found := false
	eachPart(options, func(number protowire.Number, rules []byte) {
		if number != bufValidateField && number != pgvRules {
			return
		}
		eachPart(rules, func(number protowire.Number, ofKind []byte) {
			if number < 3 || number > 12 {
				return
			}
			eachPart(ofKind, func(number protowire.Number, _ []byte) { found = found || number == 2 || number == 3 })
		})
	})
	return found
}

// eachPart gives the fields of a message in protobuf's binary form, with the bytes of a text or another message. It ends where the form is broken.
func eachPart(message []byte, do func(number protowire.Number, value []byte)) {
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return
		}
		message = message[size:]
		length := protowire.ConsumeFieldValue(number, kind, message)
		if length < 0 {
			return
		}
		var value []byte
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(message)
		}
		do(number, value)
		message = message[length:]
	}
}
