// Package syntax reads TypeScript and JavaScript as a tree.
//
//	text ─▶ tokens ─▶ File: statements, classes with their decorators, expressions, types as far as names need them
//
// It takes what it does not understand for an end: the statement or member is left out, its place is in Broken, and what stands behind it
// is read again. It checks nothing, knows no names and no types, and says nothing of JSX, whose files are read up to the first element.
package syntax

// File is one file.
type File struct {
	Name     string
	Text     string
	Body     []Stmt
	Comments []Comment
	Broken   []int // offsets of what could not be read, in order
	lines    []int // offsets at which lines begin
}

// Comment is a comment as written, with its marks.
type Comment struct {
	Span
	Text string
}

// Span is where a node stands: bytes of the file's text.
type Span struct{ From, To int }

// Pos is the offset of a node's first byte.
func (s Span) Pos() int { return s.From }

// End is the offset behind a node's last byte.
func (s Span) End() int { return s.To }

// Node is a piece of the tree.
type Node interface {
	Pos() int
	End() int
}

// Expr is an expression; Stmt is a statement or declaration.
type (
	Expr interface {
		Node
		expr()
	}
	Stmt interface {
		Node
		stmt()
	}
)

// The expressions.
type (
	// Ident is a name; this, super, undefined, new.target and import (of import(…)) are names too.
	Ident struct {
		Span
		Name string
	}
	// Literal is a constant.
	Literal struct {
		Span
		Kind  LiteralKind
		Value string // of a text what it stands for; else as written
	}
	// Template is a text with values in it. Parts is one longer than Values.
	Template struct {
		Span
		Tag    Expr // nil for none
		Parts  []string
		Values []Expr
	}
	// Array is a list that is written out; a hole is nil.
	Array struct {
		Span
		Items []Expr
	}
	// Object is an object that is written out.
	Object struct {
		Span
		Props []*Property
	}
	// Property is one of them: key: value, a shorthand, a method, or ...value.
	Property struct {
		Span
		Key       string // "" of a spread, and where Computed is no constant text
		Computed  Expr   // [computed]: value
		Value     Expr   // of a method a *Func
		Shorthand bool
		Spread    bool
		Method    bool
		Get, Set  bool
	}
	// Func is a function expression, an arrow, or what a declaration or method holds.
	Func struct {
		Span
		Name       string
		Async      bool
		Generator  bool
		Arrow      bool
		TypeParams []string
		Params     []*Param
		Result     *Type // nil where it is not said
		Body       *Block
		Value      Expr // of an arrow without braces; Body is nil then
	}
	// Class is a class, as an expression or within a ClassDecl.
	Class struct {
		Span
		Name       string
		Decorators []*Decorator
		Abstract   bool
		TypeParams []string
		Extends    Expr    // nil for none
		ExtendsOf  []*Type // its type arguments
		Implements []*Type
		Members    []*Member
	}
	// Unary is an operator before a value: ! - + ~ typeof void delete.
	Unary struct {
		Span
		Op string
		X  Expr
	}
	// Update is ++ or --.
	Update struct {
		Span
		Op     string
		X      Expr
		Prefix bool
	}
	// Binary is an operator between two values, the logical ones, in and instanceof too.
	Binary struct {
		Span
		Op   string
		X, Y Expr
	}
	// Assign is an assignment, be it =, += or ??=. X is nil where it takes apart.
	Assign struct {
		Span
		Op      string
		X       Expr
		Pattern *Pattern // in place of X: [a, b] = c
		Y       Expr
	}
	// Cond is test ? then : otherwise.
	Cond struct {
		Span
		Test, Then, Else Expr
	}
	// Call is a call, or new X(…).
	Call struct {
		Span
		Fun      Expr
		TypeArgs []*Type
		Args     []Expr
		Optional bool // ?.(
		New      bool
	}
	// Select is x.name.
	Select struct {
		Span
		X        Expr
		Name     string // #name of a private one
		At       int    // the offset of the name
		Optional bool
	}
	// Index is x[index].
	Index struct {
		Span
		X, Index Expr
		Optional bool
	}
	// Await is await x.
	Await struct {
		Span
		X Expr
	}
	// Yield is yield x; X may be nil.
	Yield struct {
		Span
		X Expr
	}
	// Spread is ...x among arguments and items.
	Spread struct {
		Span
		X Expr
	}
	// As is x as T, x satisfies T, <T>x, and x! (Type is nil then).
	As struct {
		Span
		X    Expr
		Type *Type
	}
	// Comma is a, b.
	Comma struct {
		Span
		List []Expr
	}
)

// LiteralKind is a kind of constant.
type LiteralKind string

// The kinds of constants.
const (
	Text    LiteralKind = "text"
	Number  LiteralKind = "number" // also of bigint
	Boolean LiteralKind = "boolean"
	Null    LiteralKind = "null"
	Regexp  LiteralKind = "regexp"
)

// The statements.
type (
	// Import is import … from "…", also import x = require("…").
	Import struct {
		Span
		From      string
		Default   string // "" for none
		Namespace string // of * as x, and of import x = require
		Names     []ImportName
		TypeOnly  bool
	}
	// ImportName is a name that another file exports; also of an export.
	ImportName struct{ Name, As string }
	// Export is export {…}, export … from "…", export * from "…" and export default expression. What is declared with export is
	// the declaration itself, with Exported set.
	Export struct {
		Span
		From  string // "" for none
		Names []ImportName
		All   bool
		As    string // of * as x
		Value Expr   // of export default and export =
	}
	// Var is const, let or var.
	Var struct {
		Span
		Kind     string
		Exported bool
		Names    []*Declarator
	}
	// Declarator is one of them.
	Declarator struct {
		Span
		Pattern *Pattern
		Type    *Type
		Init    Expr
	}
	// FuncDecl declares a function; its Body is nil of an overload and of declare.
	FuncDecl struct {
		Span
		Func     *Func
		Exported bool
		Default  bool
	}
	// ClassDecl declares a class.
	ClassDecl struct {
		Span
		Class    *Class
		Exported bool
		Default  bool
	}
	// Interface declares an interface.
	Interface struct {
		Span
		Name       string
		TypeParams []string
		Extends    []*Type
		Members    []*TypeMember
		Exported   bool
	}
	// TypeAlias is type X = ….
	TypeAlias struct {
		Span
		Name       string
		TypeParams []string
		Type       *Type
		Exported   bool
	}
	// Enum declares an enum. A value is nil where none is written.
	Enum struct {
		Span
		Name     string
		Members  []EnumMember
		Exported bool
	}
	// EnumMember is one of its names.
	EnumMember struct {
		Name  string
		Value Expr
	}
	// Namespace is namespace X { … }, module "x" { … } and declare global { … }.
	Namespace struct {
		Span
		Name     string
		Body     []Stmt
		Exported bool
	}
	// ExprStmt is an expression as a statement.
	ExprStmt struct {
		Span
		X Expr
	}
	// Block is { … }.
	Block struct {
		Span
		Body []Stmt
	}
	// If is if (test) then else otherwise.
	If struct {
		Span
		Test       Expr
		Then, Else Stmt // Else may be nil
	}
	// For is for (init; test; update) body, each of which may be nil.
	For struct {
		Span
		Init   Stmt
		Test   Expr
		Update Expr
		Body   Stmt
	}
	// ForOf is for (x of list), for await (x of list), and for (x in object).
	ForOf struct {
		Span
		In      bool
		Await   bool
		Pattern *Pattern
		Over    Expr
		Body    Stmt
	}
	// While is while (test) body, and do body while (test).
	While struct {
		Span
		Do   bool
		Test Expr
		Body Stmt
	}
	// Return is return x; X may be nil.
	Return struct {
		Span
		X Expr
	}
	// Throw is throw x.
	Throw struct {
		Span
		X Expr
	}
	// Branch is break or continue.
	Branch struct {
		Span
		Op    string
		Label string
	}
	// Try is try body catch (param) handler finally. Each but the body may be nil.
	Try struct {
		Span
		Body    *Block
		Param   *Pattern
		Handler *Block
		Finally *Block
	}
	// Switch is switch (x) { cases }.
	Switch struct {
		Span
		X     Expr
		Cases []*Case
	}
	// Case is one of them; Test is nil of default.
	Case struct {
		Span
		Test Expr
		Body []Stmt
	}
	// Labeled is label: statement.
	Labeled struct {
		Span
		Label string
		Body  Stmt
	}
)

// Pattern is what a value is given to: a name, or what takes it apart.
type Pattern struct {
	Span
	Name    string         // "" where it takes apart, or is Target
	Props   []*PatternProp // of {a, b: c}
	Items   []*Pattern     // of [a, b]; a hole is nil
	Rest    bool           // ...x
	Default Expr           // = value
	Target  Expr           // of an assignment to a member: [a.b] = c
}

// PatternProp is one of the names that an object is taken apart by.
type PatternProp struct {
	Key      string // "" where it is computed, or a rest
	Computed Expr
	Pattern  *Pattern
}

// Param is a parameter.
type Param struct {
	Span
	Decorators []*Decorator
	Access     string // "private", "protected", "public" or "readonly" of one of a constructor that is a field too; "" else
	Pattern    *Pattern
	Type       *Type
	Optional   bool // x?
	Rest       bool
	Default    Expr
}

// Decorator is @name or @name(args); X is the whole expression behind the @.
type Decorator struct {
	Span
	Name string // the last name of it: Get of @Get(":id") and of @common.Get()
	Args []Expr
	Call bool
	X    Expr
}

// Member is a member of a class.
type Member struct {
	Span
	Kind       MemberKind
	Name       string // "" where it is computed and no constant text
	Computed   Expr
	Decorators []*Decorator
	Static     bool
	Access     string // "private", "protected", "public" or ""
	Readonly   bool
	Abstract   bool
	Optional   bool
	Type       *Type  // of a field
	Value      Expr   // of a field
	Func       *Func  // of the others; its Body is nil of an overload and of what is abstract
	Body       *Block // of static { … }
}

// MemberKind is a kind of member.
type MemberKind string

// The kinds of members.
const (
	FieldMember       MemberKind = "field"
	MethodMember      MemberKind = "method"
	ConstructorMember MemberKind = "constructor"
	GetMember         MemberKind = "get"
	SetMember         MemberKind = "set"
	StaticMember      MemberKind = "static"
)

// Type is a type, as far as names need it.
type Type struct {
	Span
	Kind    TypeKind
	Name    string        // of a reference, with dots; of a literal its value; of keyof, typeof and such the word
	Args    []*Type       // of a reference's type arguments, the arms of a union or intersection, the items of a tuple, the item of an array, what stands behind keyof
	Members []*TypeMember // of an object type
	Result  *Type         // of a function type
}

// TypeKind is a kind of type.
type TypeKind string

// The kinds of types.
const (
	RefType          TypeKind = "reference"
	ArrayType        TypeKind = "array"
	TupleType        TypeKind = "tuple"
	UnionType        TypeKind = "union"
	IntersectionType TypeKind = "intersection"
	LiteralType      TypeKind = "literal"
	ObjectType       TypeKind = "object"
	FunctionType     TypeKind = "function"
	OperatorType     TypeKind = "operator" // keyof X, typeof X, readonly X, X[Y]
	OtherType        TypeKind = "other"    // conditional, mapped, template: its text is what there is
)

// TypeMember is a member of an interface or of an object type.
type TypeMember struct {
	Span
	Name     string // "" of a call or index signature
	Optional bool
	Method   bool
	Params   []*Param
	Type     *Type // of a method its result; nil where it is not said
}

func (*Ident) expr()    {}
func (*Literal) expr()  {}
func (*Template) expr() {}
func (*Array) expr()    {}
func (*Object) expr()   {}
func (*Func) expr()     {}
func (*Class) expr()    {}
func (*Unary) expr()    {}
func (*Update) expr()   {}
func (*Binary) expr()   {}
func (*Assign) expr()   {}
func (*Cond) expr()     {}
func (*Call) expr()     {}
func (*Select) expr()   {}
func (*Index) expr()    {}
func (*Await) expr()    {}
func (*Yield) expr()    {}
func (*Spread) expr()   {}
func (*As) expr()       {}
func (*Comma) expr()    {}

func (*Import) stmt()    {}
func (*Export) stmt()    {}
func (*Var) stmt()       {}
func (*FuncDecl) stmt()  {}
func (*ClassDecl) stmt() {}
func (*Interface) stmt() {}
func (*TypeAlias) stmt() {}
func (*Enum) stmt()      {}
func (*Namespace) stmt() {}
func (*ExprStmt) stmt()  {}
func (*Block) stmt()     {}
func (*If) stmt()        {}
func (*For) stmt()       {}
func (*ForOf) stmt()     {}
func (*While) stmt()     {}
func (*Return) stmt()    {}
func (*Throw) stmt()     {}
func (*Branch) stmt()    {}
func (*Try) stmt()       {}
func (*Switch) stmt()    {}
func (*Labeled) stmt()   {}
