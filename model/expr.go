package model

// Expr is an expression, lowered from CEL to what SQL can say. Package kit/meta has the same tree, with the same
// names, for the written service. Nothing in it is null-unsafe: a comparison with a null side is false (!= is true)
// except against the literal null.
type Expr struct {
	Op   Op
	Args []*Expr
	Root Root     // Get
	Var  string   // Get of a variable; the variable of a list operation
	Path []string // Get: fields from the root on, through references and value objects
	Kind Kind     // of the value, as far as the builder knows it
	// Value is a constant: nil, bool, int64, float64 or string. A Decimal, Date, Time, DateTime is its text,
	// a Duration its microseconds as int64, an enum value its name.
	Value any
	Verb  Verb   // Can
	Name  string // Call: the function
}

// Op is what an Expr does.
type Op string

// The operations. Comment: its Args.
const (
	Const Op = "Const" // Value
	Get   Op = "Get"   // Root, Var, Path; of a reference its id; of a list only as the first Arg of a list operation
	Now   Op = "Now"   // the instant at which the request began

	Eq  Op = "Eq" // a, b
	Ne  Op = "Ne"
	Lt  Op = "Lt"
	Le  Op = "Le"
	Gt  Op = "Gt"
	Ge  Op = "Ge"
	And Op = "And" // one or more
	Or  Op = "Or"
	Not Op = "Not" // a
	In  Op = "In"  // a, then the alternatives
	If  Op = "If"  // condition, then, else

	Add Op = "Add" // a, b: numbers, strings (concatenation), an instant or a duration and a duration
	Sub Op = "Sub"
	Mul Op = "Mul"
	Div Op = "Div"
	Mod Op = "Mod"
	Neg Op = "Neg" // a

	Exists Op = "Exists" // list, condition; Var is the element; the condition is true when the design has none
	Count  Op = "Count"  // list, condition
	Sum    Op = "Sum"    // list, condition, value
	Min    Op = "Min"
	Max    Op = "Max"
	Avg    Op = "Avg"
	Find   Op = "Find" // list, condition, value: of the first element that fits, null without one

	Can  Op = "Can"  // a (a reference, or Get of This): whether the viewer may Verb it by that entity's rules
	Call Op = "Call" // Name, Args: startsWith endsWith contains matches size lower upper trim, slug next token, at
)

// Root is where a Get begins.
type Root string

// The roots.
const (
	This     Root = "This"     // the row
	Old      Root = "Old"      // the row before an update
	Viewer   Root = "Viewer"   // the account that asks; null when signed out. With an empty Path, its id
	Variable Root = "Variable" // the element of a list operation
	Arg      Root = "Arg"      // Path[0] is an argument of the operation, then fields
)
