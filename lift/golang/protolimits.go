package golang

import (
	"encoding/binary"
	"go/ast"
	goconstant "go/constant"
	"go/types"
	"reflect"
	"regexp"
	"strconv"
	"strings"
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
					l.limitMessages(p.source, descriptorOf(p.source, value.Values[0]), messagesOfFile, "")
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

// Numbers of fields in descriptor.proto, and in the options of validators.
const (
	messagesOfFile    = 4
	nameOfAny         = 1
	fieldsOfMessage   = 2
	messagesOfMessage = 3
	numberOfField     = 3
	optionsOfField    = 8
	bufValidateField  = 1159
	pgvRules          = 1071
)

// limitMessages notes what the messages within a descriptor limit. Of one within another the struct has both names.
func (l *lifter) limitMessages(s *source, descriptor []byte, messages int, within string) {
	eachProto(descriptor, func(number int, _ uint64, message []byte) {
		if number != messages {
			return
		}
		name := within
		eachProto(message, func(number int, _ uint64, value []byte) {
			if number == nameOfAny {
				name += string(value)
			}
		})
		eachProto(message, func(number int, _ uint64, field []byte) {
			if number == fieldsOfMessage {
				l.limitField(s, name, field)
			}
		})
		l.limitMessages(s, message, messagesOfMessage, name+"_")
	})
}

func (l *lifter) limitField(s *source, message string, field []byte) {
	numbered, limited := uint64(0), false
	eachProto(field, func(number int, n uint64, value []byte) {
		switch number {
		case numberOfField:
			numbered = n
		case optionsOfField:
			limited = limited || hasCeiling(value)
		}
	})
	named, is := s.types.Scope().Lookup(message).(*types.TypeName)
	if !is || !limited {
		return
	}
	structure, is := named.Type().Underlying().(*types.Struct)
	if !is {
		return
	}
	for i := range structure.NumFields() {
		parts := strings.Split(reflect.StructTag(structure.Tag(i)).Get("protobuf"), ",")
		if len(parts) > 1 && parts[1] == strconv.FormatUint(numbered, 10) {
			l.bounded[structure.Field(i)] = true
			l.bounded[structure.Field(i)] = true
		}
	}
}

// hasCeiling reports whether the options of a field say that its number is less than another: the rules of each kind of whole numbers, int32 to
// sfixed64, have a lt and a lte.
func hasCeiling(options []byte) bool {
	found := false
	eachProto(options, func(number int, _ uint64, rules []byte) {
		if number != bufValidateField && number != pgvRules {
			return
		}
		eachProto(rules, func(number int, _ uint64, ofKind []byte) {
			if number < 3 || number > 12 {
				return
			}
			eachProto(ofKind, func(number int, _ uint64, _ []byte) { found = found || number == 2 || number == 3 })
		})
	})
	return found
}

// eachProto gives the fields of a message in protobuf's binary form, in their order: a number, or the bytes of a text or another message. It ends
// where the form is broken.
func eachProto(message []byte, do func(number int, n uint64, value []byte)) {
	for len(message) > 0 {
		key, size := binary.Uvarint(message)
		if size <= 0 {
			return
		}
		message = message[size:]
		var n uint64
		var value []byte
		switch key & 7 {
		case 0:
			if n, size = binary.Uvarint(message); size <= 0 {
				return
			}
		case 1:
			size = 8
		case 2:
			length, before := binary.Uvarint(message)
			if before <= 0 || length > uint64(len(message)-before) {
				return
			}
			size = before + int(length)
			value = message[before:size]
		case 5:
			size = 4
		default:
			return
		}
		if size > len(message) {
			return
		}
		do(int(key>>3), n, value)
		message = message[size:]
	}
}
