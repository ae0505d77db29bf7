// Package design reads the design language: GraphQL SDL in, a checked design out.
//
//	files ─▶ scan ─▶ cut ─▶ parse (recovers at each field) ─▶ resolve (names, directives against the prelude) ─▶ Design
//
// A Design is the text as a tree: every type that it uses exists, every directive stands where the prelude allows it
// with arguments of the right kind. What a mistake broke is repaired as its hint says, or left out and its owner marked
// Broken. What the tree means (relations, rules, defaults) is for model/build to say.
package design

import "github.com/fettlehq/fettle/diag"

// Source is one file of a design. Name is shown in diagnostics, relative to the project, as "design/orders.graphql".
type Source struct {
	Name string
	Text string
}

// Design is a whole backend as written.
type Design struct {
	Backend    Backend
	Services   []Service
	Modules    []*Module        // by file name
	Types      []*Type          // in source order, modules by file name; without Query, Mutation and their like
	Operations []*Operation     // fields of extend type Query, Mutation, Subscription, Task, External, in source order
	ByName     map[string]*Type // Types, and the built-in scalars
}

// Backend is extend schema @backend(name:, module:, clients:, subgraph:).
type Backend struct {
	Pos     diag.Pos
	Name    string // "shop"
	Module  string // "example.com/shop"
	Clients []Name // GO, TYPESCRIPT

	Subgraph *Value // nil where it is not said
}

// Service is extend schema @service(name:, modules:).
type Service struct {
	Pos     diag.Pos
	Name    string
	Modules []Name
}

// Module is a file: a bounded context.
type Module struct {
	Name string // "orders"
	File string // "design/orders.graphql"
	Doc  string // the comment at the head of the file
}

// TypeKind is the SDL keyword that declared a type.
type TypeKind string

// The kinds of types.
const (
	Scalar    TypeKind = "scalar"
	Enum      TypeKind = "enum"
	Object    TypeKind = "type"
	Input     TypeKind = "input"
	Union     TypeKind = "union"
	Interface TypeKind = "interface"
)

// Type is a named type.
type Type struct {
	Pos        diag.Pos // of its name; zero for a built-in scalar
	Open       diag.Pos // of the "{" before its fields or values; zero without
	Close      diag.Pos // of the "}" behind them; zero without
	Name       string
	Kind       TypeKind
	Doc        string
	Module     *Module // nil for a built-in scalar
	Directives []*Directive
	Fields     []*Field     // of a type, input or interface
	Values     []*EnumValue // of an enum
	Members    []Name       // of a union
	Implements []Name       // interfaces of a type
	Broken     bool         // part of it was reported and left out: later passes stay silent about what they miss
}

// EnumValue is one value of an enum.
type EnumValue struct {
	Pos, End   diag.Pos
	Name       string
	Doc        string
	Directives []*Directive
}

// Field is a field of a type, or an argument of an operation.
type Field struct {
	Pos        diag.Pos // of its name
	End        diag.Pos // behind its last directive; zero where it was broken off
	Name       string
	Doc        string
	Type       TypeRef
	Default    *Value // SDL default of an argument or input field, nil without
	Directives []*Directive
	Broken     bool // part of it was reported and left out; Type.Name may be empty
}

// TypeRef is a use of a type: Order, Order!, [Order!]!.
type TypeRef struct {
	Pos      diag.Pos // of its name; a list's bracket stands before
	End      diag.Pos // behind its last sign
	Name     string
	Required bool // the outer "!"
	List     bool
	Elements bool // the "!" inside a list
}

// OperationKind says what an operation is a field of.
type OperationKind string

// The kinds of operations.
const (
	Query        OperationKind = "Query"
	Mutation     OperationKind = "Mutation"
	Subscription OperationKind = "Subscription"
	Task         OperationKind = "Task"
	External     OperationKind = "External"
)

// Operation is a field of extend type Query, Mutation, Subscription, Task or External.
type Operation struct {
	Kind   OperationKind
	Module *Module
	Field  // its Type is the result
	Args   []*Field
}

// Directive is one use of a directive. Its arguments have been checked against the prelude.
type Directive struct {
	Pos    diag.Pos // of the "@"
	End    diag.Pos // behind its last sign
	Name   string   // without the "@"
	Args   []Arg
	Broken bool // an argument was reported and left out
}

// Arg is an argument of a directive.
type Arg struct {
	Pos   diag.Pos // of its name
	Name  string
	Value Value
}

// Name is a plain name used in a directive, as in fields: [project, number].
type Name struct {
	Pos  diag.Pos
	Text string
}

// ValueKind is the form of a Value, as written.
type ValueKind string

// The forms of values.
const (
	IntValue    ValueKind = "int"
	FloatValue  ValueKind = "float"
	StringValue ValueKind = "string"
	BoolValue   ValueKind = "bool"
	NullValue   ValueKind = "null"
	NameValue   ValueKind = "name" // an enum value or a plain name
	ListValue   ValueKind = "list"
	ObjectValue ValueKind = "object"
)

// Value is a literal.
type Value struct {
	Pos  diag.Pos // of its first character; inside a string, of its opening quote
	End  diag.Pos // behind its last character
	Kind ValueKind
	Text string  // of a string, unquoted; of the others, as written
	List []Value // of a list
	Args []Arg   // of an object

	Block bool // a string in triple quotes
}

// Find returns the first directive of that name, nil without.
func Find(ds []*Directive, name string) *Directive {
	for _, d := range ds {
		if d.Name == name {
			return d
		}
	}
	return nil
}

// FindAll returns every directive of that name.
func FindAll(ds []*Directive, name string) []*Directive {
	var found []*Directive
	for _, d := range ds {
		if d.Name == name {
			found = append(found, d)
		}
	}
	return found
}

// Arg returns the argument of that name, nil without.
func (d *Directive) Arg(name string) *Value {
	if d == nil {
		return nil
	}
	for i := range d.Args {
		if d.Args[i].Name == name {
			return &d.Args[i].Value
		}
	}
	return nil
}

// Names returns a value's plain names: a list of one may be written without brackets.
func (v *Value) Names() []Name {
	switch {
	case v == nil:
		return nil
	case v.Kind == ListValue:
		var names []Name
		for i := range v.List {
			names = append(names, v.List[i].Names()...)
		}
		return names
	default:
		return []Name{{Pos: v.Pos, Text: v.Text}}
	}
}
