package facts

import "slices"

// Query is one place that sends a statement to a database.
type Query struct {
	Pos     Pos
	From    *Function
	Library string  // "database/sql", "pgx", "gorm", …
	Name    string  // what is called, such as db.QueryContext
	Text    string  // the SQL, with $n or ? for parameters; "" where it is not known
	Dynamic []Value // pieces of the text that are no constants
	Chain   string  // of a builder: the calls as written, shortened
	Args    []Value
	One     bool // asks for one row
	Handle  Handle
	Context Value // the context it is given; no origins where there is none
	Passed  bool  // that context is the parameter that it names, as its function was given it
	Endless Lack  // why nothing ends it with its request, where that is known
	Loop    *Loop
	Place   Place

	Mapped    bool     // is given rows whose columns its library finds out, and stores all that the statement names, or all
	OneOf     []Sort   // maps of the orders that it may have, of no table by themselves
	Sorts     bool     // a builder's chain says what to sort by
	ErrorLost bool     // nobody looks at whether it failed
	GivesKey  bool     // it inserts a row, whose new key is used
	Reckoned  []string // columns of a row stored whole whose new value was reckoned from one that was read before
	Measured  bool     // a number that it answers is compared with another than none, as the most that there may be
	WhenNone  Pos      // of the query before it that found or changed no row: this one is sent only then

	PassContext []Edit // give it the context at hand
	Parameters  []Edit // give it what its text holds as parameters
	ThroughTx   []Edit // send it through the transaction in whose scope it stands

	Statement *Statement // nil where the text is not understood
	PerCall   []PerCall  // of one whose function is handed the condition: what it asks for by each call that writes that out
	Limit     *Value     // where a builder does not say what table it reads: the most rows that it asks for; nil for none
}

// PerCall is what a query asks for by one call of its function.
type PerCall struct {
	Calls     []*Call // that call, and those that hand on to the query what it writes out, outermost first
	Statement *Statement
}

// Lack is what a query lacks to end with its request.
type Lack string

// The ways to lack it.
const (
	TakesNoContext Lack = "takes none"   // what is called takes no context
	OwnContext     Lack = "has its own"  // it is given a new one, that nothing ends
	NotGiven       Lack = "not given"    // its chain could be given one, and is not
	RouterContext  Lack = "the router's" // it is given what the router gives a handler, which does not end with the request
)

// Handle is what a query is sent through.
type Handle struct {
	Text  string
	Kind  string // "pool", "tx", "conn", or "" where it is not known
	Begun Pos    // of the transaction in whose scope it stands, where it stands in one
	Other string // the name of that transaction's handle where the query does not go through it
	Field string // of its function's receiver that it is; "" for none
	Held  *Held  // where its type does not say whether it is a pool: what its function was given that holds it; nil where that is not known
}

// Held says by which parameter a function was given what it sends a query through.
type Held struct {
	By   int  // the receiver is -1
	Same bool // a pool and a transaction have the same type
}

// Verb is what a statement does.
type Verb string

// The verbs.
const (
	Select Verb = "SELECT"
	Insert Verb = "INSERT"
	Update Verb = "UPDATE"
	Delete Verb = "DELETE"
	Other  Verb = "OTHER"
)

// Statement is what a query asks for, as far as its text was understood.
type Statement struct {
	Verb       Verb
	Tables     []TableUse
	Predicates []Predicate
	Order      []OrderPart
	Limit      string // the text of LIMIT; "" for none
	LimitArg   *Value // its value, where it is a parameter
	LimitGiven *Given // it is there only where a caller gives this
	LimitOver  *Value // it is there only where this number is above zero; nil where that is not so, or not known
	Offset     bool
	Sets       []string // columns that are written
	Columns    []string // columns that are read at the top
	Aggregate  bool     // answers with one row for each group, or one
	Grouped    bool
	OnConflict bool
	Locks      bool     // FOR UPDATE
	LocksOf    []string // the aliases that FOR UPDATE OF names; none where all rows are locked that it reads
	LocksShare bool     // it is FOR SHARE or FOR KEY SHARE, which others may hold as well
	Unread     bool     // has a condition of which nothing is known; then it is Nested too
	Nested     bool     // has subqueries or set operations, which the predicates do not cover
	Covered    bool     // Nested by queries alone that stand within the columns that it answers, or that a column of a predicate is compared with
	Self       []string // columns whose new value is reckoned from the old, in the statement
	Assigned   []Assignment
	Mixed      string       // a condition that an OR beside it lets pass, where a builder put both at one level
	Inner      []*Statement // the statements of WITH, each for itself
	Name       string       // of one of WITH: what the others call it
	Within     int          // how many of Tables, at their beginning, the statements of WITH use, and not the SELECT behind them
}

// Assignment is a column of SET with the parameter that it is given.
type Assignment struct {
	Column string
	Arg    *Value
}

// TableUse is a table of a statement, by the name that its columns are called with.
type TableUse struct {
	Table  string
	Alias  string
	Schema string // that the text says before its name, "" for none
	Join   string // left, right or full, of an outer join to what stands before; within, of a query that Covered speaks of; else ""
}

// Predicate is one condition of the WHERE or of a join, which holds together with all others.
type Predicate struct {
	Table      string // "" where the column's table is not said and there are several
	Column     string
	Operator   string // "=", "<", "IN", "LIKE", "IS NULL", "JOIN", …
	Function   string // around the column, such as lower
	Arg        *Value // of a parameter
	Literal    string // the text of a literal
	Disjoint   bool   // one arm of an OR
	Optional   bool   // holds only where its parameter is given, or where the code puts it
	Given      *Given // of Optional: holds only where a caller gives this, and then always; nil where that is not known
	JoinTable  string // of a JOIN: the other side
	JoinColumn string
}

// Given is what a caller of the query's function gives or leaves out: a field of a struct that it gives for a parameter, or the parameter
// itself.
type Given struct {
	Param  int
	Field  string // "" for the parameter itself
	Partly bool   // something else must hold as well
}

// OrderPart is one part of ORDER BY.
type OrderPart struct {
	Table      string
	Column     string
	Descending bool
}

// Uses reports whether a statement names a table.
func (s *Statement) Uses(table string) bool {
	return slices.ContainsFunc(s.Tables, func(t TableUse) bool { return t.Table == table })
}

// Write reports whether a statement changes rows.
func (s *Statement) Write() bool { return s.Verb == Insert || s.Verb == Update || s.Verb == Delete }
