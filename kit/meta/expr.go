package meta

// Expr is a condition or a value of the design, as a small tree that package query renders as SQL.
//
// A comparison with a null side is false, and Ne with a null side is true, except against Null():
// then it asks whether the other side is null.
type Expr struct {
	Op    Op
	Args  []*Expr
	Root  Root     // Get
	Var   string   // Get of a Variable; of a list operation, the name of its element
	Path  []string // Get: fields from the root on, through references and value objects
	Value any      // Const: nil, bool, int64, float64, string, of a default []any of these. Decimal, Date, Time, DateTime as text; Duration as int64 microseconds
	Verb  Verb     // Can
	Name  string   // Call
}

// Op is what an Expr does.
type Op uint8

// The operations. Comment: their Args.
const (
	OpConst  Op = iota // Value
	OpGet              // Root, Var, Path; of a reference its id; of a list only as the first Arg of a list operation
	OpNow              // the instant at which the request began
	OpEq               // a, b
	OpNe               // a, b
	OpLt               // a, b
	OpLe               // a, b
	OpGt               // a, b
	OpGe               // a, b
	OpAnd              // any number; none is true
	OpOr               // any number; none is false
	OpNot              // a
	OpIn               // a, then the alternatives
	OpIf               // condition, then, else
	OpAdd              // a, b
	OpSub              // a, b
	OpMul              // a, b
	OpDiv              // a, b
	OpMod              // a, b
	OpNeg              // a
	OpExists           // list, condition
	OpCount            // list, condition
	OpSum              // list, condition, value
	OpMin              // list, condition, value
	OpMax              // list, condition, value
	OpAvg              // list, condition, value
	OpFind             // list, condition, value: of the first element that fits
	OpCan              // a reference, or This(): whether the viewer may Verb it
	OpCall             // Name: startsWith endsWith contains matches size lower upper trim slug next token at
	OpAmong            // Name: a query in SQL of the ids for which this holds; an id, then the query's arguments. Of business code alone
)

// Root is where a Get begins.
type Root uint8

// The roots.
const (
	RootThis     Root = iota // the row
	RootOld                  // the row before an update
	RootViewer               // the account that asks, null when signed out; with an empty Path its id
	RootVariable             // the element of a list operation
	RootArg                  // Path[0] is an argument of the operation
)

// Const is a constant.
func Const(v any) *Expr { return &Expr{Op: OpConst, Value: v} }

// Null is the literal null.
func Null() *Expr { return &Expr{Op: OpConst} }

// True always holds.
func True() *Expr { return Const(true) }

// This is a field of the row, or with no path its id.
func This(path ...string) *Expr { return &Expr{Op: OpGet, Root: RootThis, Path: path} }

// Old is a field of the row as it was before the update.
func Old(path ...string) *Expr { return &Expr{Op: OpGet, Root: RootOld, Path: path} }

// Viewer is a field of the account that asks, or with no path its id.
func Viewer(path ...string) *Expr { return &Expr{Op: OpGet, Root: RootViewer, Path: path} }

// Var is a field of the element that a list operation named, or with no path its id.
func Var(name string, path ...string) *Expr {
	return &Expr{Op: OpGet, Root: RootVariable, Var: name, Path: path}
}

// Arg is an argument of the operation, or a field of it.
func Arg(path ...string) *Expr { return &Expr{Op: OpGet, Root: RootArg, Path: path} }

// Now is the instant at which the request began.
func Now() *Expr { return &Expr{Op: OpNow} }

// Apply is the operation op on args.
func Apply(op Op, args ...*Expr) *Expr { return &Expr{Op: op, Args: args} }

// Eq holds when both are equal and neither is null.
func Eq(a, b *Expr) *Expr { return Apply(OpEq, a, b) }

// Ne is the opposite of Eq.
func Ne(a, b *Expr) *Expr { return Apply(OpNe, a, b) }

// Lt holds when a is less than b and neither is null.
func Lt(a, b *Expr) *Expr { return Apply(OpLt, a, b) }

// Le holds when a is at most b and neither is null.
func Le(a, b *Expr) *Expr { return Apply(OpLe, a, b) }

// Gt holds when a is greater than b and neither is null.
func Gt(a, b *Expr) *Expr { return Apply(OpGt, a, b) }

// Ge holds when a is at least b and neither is null.
func Ge(a, b *Expr) *Expr { return Apply(OpGe, a, b) }

// And holds when all do.
func And(args ...*Expr) *Expr { return Apply(OpAnd, args...) }

// Or holds when one does.
func Or(args ...*Expr) *Expr { return Apply(OpOr, args...) }

// Not is the opposite.
func Not(a *Expr) *Expr { return Apply(OpNot, a) }

// In holds when a equals one of the alternatives.
func In(a *Expr, alternatives ...*Expr) *Expr {
	return Apply(OpIn, append([]*Expr{a}, alternatives...)...)
}

// Over is a list operation on list, whose element is called name: OpExists or OpCount with a condition,
// the others with a condition and a value.
func Over(op Op, list *Expr, name string, args ...*Expr) *Expr {
	return &Expr{Op: op, Var: name, Args: append([]*Expr{list}, args...)}
}

// Can holds when the viewer may verb the row that target refers to, by the rules of its entity.
func Can(verb Verb, target *Expr) *Expr { return &Expr{Op: OpCan, Verb: verb, Args: []*Expr{target}} }

// Call is a function of the language.
func Call(name string, args ...*Expr) *Expr { return &Expr{Op: OpCall, Name: name, Args: args} }
