package facts

import "slices"

// Function is a function, method or literal that the backend declares.
type Function struct {
	Name    string // as people say it: (*Store).FindUser, or main.handler.func1 of a literal
	Own     string // its name alone; "" of a literal
	Of      string // the type whose method it is; "" for none
	Package string // the path of its package
	Pos     Pos
	End     Pos
	Params  []string
	Lines   int

	Context   string    // an expression for the request's context, where the function has one
	Locks     bool      // takes a lock that it alone holds, which RLock is not
	LocksAny  bool      // takes a lock, be it one that others who read hold as well
	Tx        string    // the parameter that is an open transaction, which it does not do without; "" for none
	Begins    Pos       // where it begins a transaction of its own on a pool, and keeps it to itself
	Matches   []string  // names of fields and variables that it compares with something, in lower case with underscores
	Equates   []string  // those of Matches that it compares with another value, and not with nil or a constant
	EquatesOf []FieldOf // fields of its parameters that it compares with another value
	Narrows   []string  // columns, in lower case, that must have a value which it gives, of statements that other functions send
	Bound     []Bound   // fields of its receiver and parameters that a route's path fills
	Given     []Caller  // parameters that say who calls, of which kinds there are several
	Unheeded  []string  // what it is told of who calls, by its parameters, and never looks at
	RowOf     string    // the table of which a mapper calls it for each row that was read; "" for none
	Judges    bool      // answers yes or no
	Permits   bool      // asks by itself whether its caller may do what it does: by his role, or something that is named so
	Asks      []Asked   // where it does
	Toils     bool      // reads or writes files, or hands something on to who waits at a channel
	Uncalled  bool      // nothing calls it: its name stands nowhere else, but in tests and in what is never called either
	Serves    bool      // answers requests at an address, until the program ends
	Outer     *Function // in which a literal stands, and whose variables it sees
	Aside     string    // "test", "generated", "command", "migration": code that no request reaches by itself; else ""
	Returns   []Value

	Loops      []*Loop
	Calls      []*Call
	Queries    []*Query
	Sorts      []Sort // orders that a map allows the lists that it bounds
	Effects    []*Effect
	Resources  []*Resource
	Shared     []*SharedWrite
	Counted    []CountedApart
	TurnSets   []TurnSet // variables of functions around it that this one sets beside other turns of a loop
	Captured   []Captured
	Redrawn    []Redrawn
	Undeclared []Undeclared
	Unsent     []Unsent
	SetFields  []SetField
	Callers    []*Call // of this function, from anywhere; the other end of Call.Callees
}

// Sort is a map of the orders that lists of a table may have, of which one is named from outside.
type Sort struct {
	Pos    Pos
	Table  string      // "" where a query says it
	Lists  []*Function // the methods that answer these lists; none where a query says it
	Orders []Order
}

// Order is one of them.
type Order struct {
	Pos     Pos
	Name    string
	Columns []string // as far as they are plain
}

// Within reports whether a function is another one, or a literal in it.
func (f *Function) Within(outer *Function) bool {
	for ; f != nil; f = f.Outer {
		if f == outer {
			return true
		}
	}
	return false
}

// Contains reports whether a place lies in a function's text.
func (f *Function) Contains(at Pos) bool {
	return at.File == f.Pos.File && f.Pos.Line <= at.Line && at.Line <= f.End.Line
}

// Caller is a parameter that says who calls, where that may be of several types of the code, each with keys of its own: a user, the holder of a link.
type Caller struct {
	Param int
	Type  string // of the parameter
	Kinds []string
	Told  []ToldKind
	Key   Pos // where the function first compares the key of who calls with another value, or asks for rows by it; zero for nowhere
}

// Asked is a place where a function asks whether its caller may do what it does.
type Asked struct {
	Pos  Pos
	By   string // the function that it calls for it, as its name alone; "" where it asks by itself
	From Pos    // where the statement begins on one of whose ways alone it asks, the outermost; zero where it asks on all
	To   Pos    // where that statement ends
	Left bool   // of From: what a parameter holds decides whether it asks, nothing stands for the other case, and both go on to what follows
}

// ToldKind is a kind of caller that a function tells from others.
type ToldKind struct {
	Kind      string
	Pos       Pos
	Refused   bool      // the function leaves for it, and answers no or fails
	Sometimes bool      // on some ways through the function alone
	By        *Function // which does so, where the function itself does not and heeds its answer
}

// Bound is a field that a parameter of a route's path fills.
type Bound struct {
	Type   string // of the struct: its package's path and its name
	Param  string // in the path
	Column string // in the table of the struct
	Key    bool   // it is the key of the row itself
}

// FieldOf is a field of a parameter, as columns are spelled.
type FieldOf struct {
	Param  int
	Column string
}

// Undeclared is a place where a function goes through all names of what a client sent, also those that its type does not declare.
type Undeclared struct {
	Pos  Pos
	Name string // as written
	Type string
	Pipe Pos // that all bodies go through, and that does not take them away; zero for none
}

// Unsent is a statement that a function makes and never sends.
type Unsent struct {
	Pos  Pos
	Text string // as written, shortened
	Why  string // what it waits for
}

// SetField is a field that a function itself gives a value in the struct that one of its parameters points to, whatever stood there.
type SetField struct {
	Pos    Pos
	Param  int
	Column string
}

// Redrawn is a field that the code fills with something that nobody can guess, before what a client sent is decoded over it.
type Redrawn struct {
	Pos   Pos // of the decoding
	Made  Pos // where it is drawn
	Of    string
	Field string
}

// Call is a place where a function of the backend is called, or handed over to be called.
type Call struct {
	Pos      Pos
	From     *Function
	Callees  []*Function // more than one where an interface has several implementations
	Receiver Value
	Args     []Value
	Loop     *Loop // the innermost one around it, in its own function
	Place    Place
	InTx     Pos    // where the transaction that is open around it began
	Pools    []int  // parameters, the receiver being -1, that are given what was made with a pool, while a transaction is open around it
	Plain    []int  // parameters that are given a pool, as its type says, wherever it is called
	Apart    []int  // those that are given nothing that this transaction has to do with
	Self     bool   // of a method of the same value whose method From is
	Each     bool   // of a method of one value, which goroutines of the turns of a loop that counts, or goes over a list, all call
	BegunBy  string // of Self: the field of that value by which the transaction that is open around it was begun; "" for none
	Past     *Past  // goes past the transaction that is open around it
	MayLack  bool   // gives this transaction to what does without one where it is given none
	HandedOn []HandedOn
	AskedOf  bool  // From goes on to ask whether somebody may have what it answers: of a field that says whose it is, or by a question
	Endless  []int // arguments that are a new context, which nothing ends with the request
	Routers  []int // arguments that are what the router gives a handler, in place of a context, which does not end with the request
	Handed   bool  // a function value that is given away, as a callback or a handler
	Later    bool  // of Handed: it is run by itself, by a timer or for each message
	Deferred bool
	Spawned  bool     // runs on a thread of its own
	Holds    []string // locks that are held there, see GuardedUse
}

// Past is what a call goes through while a transaction is open around it that it could go through.
type Past struct {
	Through string // what has begun the transaction
	Tx      string
	Begun   Pos
}

// HandedOn is a parameter of a caller, or a part of it, that it gives to a parameter of the function called. A receiver is -1.
type HandedOn struct {
	From int
	To   int
}

// Loop is a loop of a function.
type Loop struct {
	Pos   Pos
	Kind  LoopKind
	Over  string // the text of what it goes over
	Outer *Loop
	From  Value // of what it goes over
	Part  bool  // what it goes over is a field of something
	Batch bool  // each turn takes many items
	ID    int   // told apart within all facts
}

// LoopKind is how a loop goes on.
type LoopKind string

// The kinds of loops.
const (
	OverItems     LoopKind = "items"     // of a list or map that exists
	OverRows      LoopKind = "rows"      // of a query's result
	OverConstant  LoopKind = "constant"  // as many turns as the code says
	OverEvents    LoopKind = "events"    // of a channel or stream, or for ever
	OverCondition LoopKind = "condition" // until something is so: pages, retries
)

// Place is how a statement lies in the paths of its function.
type Place struct {
	ErrorPath bool // done only where something has failed
	Branch    bool // done only where a condition holds, within a turn of the innermost loop
	EndsLoop  bool // the innermost loop ends after it
	Picks     bool // done only for the item of the innermost loop that is the one looked for
	Kept      bool // done only where a cache does not know the answer
	Switch    Pos  // the innermost switch over a value around it, in its own function
	Case      int  // of Switch: which, counted from 0
	Lacks     int  // done only where the function is given no map here: the parameter, counted from 1
}

// Value is what an expression may hold: where it comes from.
type Value struct {
	Text    string // as written, shortened
	Pos     Pos
	Kind    string // "text", "number", "list", "context" or "" where the type does not matter or is not known
	Origins []Origin
	List    []Origin // of a list: where its items are from; a parameter that is not Whole has them in a field
	Part    bool     // is made of a part of something, as written: a field, or what a method gives
	Named   bool     // is a map all of whose names the code itself says

	Written bool         // is a struct that the code writes out where it is given, with Fields and no others in it
	Fields  []FieldGiven // of Written, those that hold something

	Settable   []string // columns of the whole row that a client sets, and none should: its role, its owner
	Undeclared bool     // of Settable: what its type does not declare, as nothing takes that away from what the client sent
	Declared   []string // of Undeclared: what its type declares, and what is set beside, in lower case with underscores
}

// FieldGiven is a field of a struct that the code writes out.
type FieldGiven struct {
	Name      string
	Sometimes bool // is set only where a condition holds
	Origins   []Origin
}

// AnyColumn says of Settable that a client says which columns are set.
const AnyColumn = "*"

// OriginKind is a kind of source of values.
type OriginKind string

// The origins of values.
const (
	FromConstant OriginKind = "constant"
	FromParam    OriginKind = "parameter" // of Function, by Index; the receiver is -1
	FromRequest  OriginKind = "request"   // what a client sent
	FromInput    OriginKind = "input"     // arguments and environment of the program
	FromQuery    OriginKind = "query"     // a database's answer
	FromLoop     OriginKind = "loop"      // an item of Loop
	FromUnknown  OriginKind = "unknown"
	FromChecked  OriginKind = "checked" // compared with what is allowed, or quoted
	FromOutside  OriginKind = "outside" // a document, or what another service answered
	FromContext  OriginKind = "context" // the identity of the caller, a request's context
)

// Origin is one source of a value.
type Origin struct {
	Kind     OriginKind
	Function *Function // of FromParam
	Index    int       // of FromParam
	Loop     *Loop     // of FromLoop
	Name     string    // of the request's parameter, the library that sent the query
	Pos      Pos
	Bounded  bool       // compared with an upper limit
	Positive bool       // never zero, for all that is known
	Reckoned bool       // a sum or difference of it
	Checked  bool       // compared with what is allowed, on the way from a parameter
	Formed   OriginKind // of what is checked: of what kind it is otherwise, where its form alone was asked for, as whether it is a number; "" else
	Number   bool       // passed through a number, boolean or time, so that it holds no text
	Whole    bool       // the parameter itself is what is written, or a pointer to it, and nothing made of it
	Field    string     // of FromParam: the field of it that holds the value; "" for all of it, or where that is not known; of FromQuery of a mapper: of the row
	Beside   int        // of a list in a field of a message: how many other fields the message has
	Key      bool       // a name in the map that is the parameter, and not what stands under it
}

// Has reports whether a value may come from a kind of source.
func (v Value) Has(kind OriginKind) bool {
	for _, o := range v.Origins {
		if o.Kind == kind {
			return true
		}
	}
	return false
}

// Only reports whether a value comes from the given kinds of sources alone.
func (v Value) Only(kinds ...OriginKind) bool {
	for _, o := range v.Origins {
		found := false
		for _, kind := range kinds {
			found = found || o.Kind == kind
		}
		if !found {
			return false
		}
	}
	return true
}

// Effect is something that leaves the process and is no query.
type Effect struct {
	Pos      Pos
	Kind     string // "http", "remote" (through a client's library), "mail", "queue", "log", "log behind" (of a struct that an interface may hold), "personal log", "response", "failure" (what a procedure answers), "told back" (by a library, of what a handler gives back to the server Through), "client", "server", "background"
	Name     string // what is called
	Args     []Value
	Loop     *Loop
	Place    Place
	Deferred bool
	InTx     Pos  // where the transaction that is open around it began
	Bounded  bool // has a time limit, or is given a context
	Operator bool // of a server: it serves those who run the program alone
	StandsIn bool // of a client: only where none is given
	Note     string
	Through  Pos    // of a response: the function of the code that is given the error, or its text, and answers with it
	Retold   bool   // of Through: it is given the error, and takes its text itself
	Limit    []Edit // give it a time limit
}

// Resource is something that must be given back.
type Resource struct {
	Pos     Pos
	Kind    string // "rows", "body", "transaction", "statement", "connection", "file", "stream", "goroutine", "client connection", "lock", "answer" (of HTTP, which no variable holds), "callback" (which waits to send)
	Name    string
	Lost    []Pos       // returns on whose path it is not given back
	Never   bool        // given back nowhere
	Drained bool        // of rows: gone through to their end, which gives them back unless something panics
	Unread  bool        // of rows: gone through without a look at whether they ended by a failure
	InLoop  bool        // opened in each turn of a loop
	Late    bool        // of InLoop: given back when the function ends, and not with the turn
	Close   string      // what would give it back where nothing does
	Fix     string      // how it is given back on every path, in the words of its language; "" for those of Go
	ReadBy  []*Function // functions of the code that it is given to, and that leave it open
	Mend    []Edit      // give it back on every path; of what is Unread, ask whether it ended by a failure
}

// SharedWrite is a write to a map that many requests share, without a lock.
type SharedWrite struct {
	Pos      Pos
	Name     string
	ReadLock bool        // under RLock alone, which others hold as well
	OfKey    bool        // under a lock that is taken for a key, which others hold for other keys
	Leaves   string      // how the map itself leaves its lock, where it does: "is returned", "is given to f"
	Field    bool        // of the receiver
	MadeIn   []*Function // where values of the receiver's type are made
	Guard    *LockedUse  // where another function holds a lock for it; nil where none does
	Bare     []MapUse    // where other functions of its package read or write it without taking any lock themselves
	Whole    bool        // another map is put in its place
	Turns    bool        // by goroutines of a loop, of a map of the function that starts them
}

// CountedApart is a number of a value that a function reads by one method and counts on by another, each of which holds the value's lock for itself
// alone, if at all.
type CountedApart struct {
	Pos    Pos // of the read
	Name   string
	Read   string // the method that reads it
	Step   Pos    // of the other call
	Counts string // the method that counts it on, under a lock
}

// TurnSet is a variable, or a field of one ("out.rows"), that goroutines of a loop set without a lock, and that the function has which starts them.
type TurnSet struct {
	Pos   Pos
	Name  string
	Grows bool // to what it was and more: n++, all = append(all, one)
}

// Captured is a variable that a goroutine has while the function that started it goes on, where one of the two sets what the other reads or sets, and
// neither waits for the other.
type Captured struct {
	Name     string
	Started  Pos // where the goroutine is started
	There    Pos // in the goroutine
	Here     Pos // in the function, or in another goroutine of it
	SetThere bool
	SetHere  bool
	Beside   bool // Here is in another goroutine
}

// LockedUse is a place where a map is read or written while a lock is held.
type LockedUse struct {
	Pos  Pos
	In   *Function
	Lock string // what takes the lock: "s.mu.RLock"
}

// SomeLock is a lock of which nothing more is known.
const SomeLock = "?"

// Guarded is a value that outlives a call, with the locks that are held where it is used.
type Guarded struct {
	Name   string
	Kind   string      // "map", "list", "atomic", "sync" for what keeps others apart, "alone" for what one goroutine may use at a time, of both of which writes alone are uses, or "" for any other
	Type   string      // of Kind "alone", with the path of its package
	Field  bool        // of a value; otherwise a package's variable
	MadeIn []*Function // where values are made whose field it is; none for a package's variable
	Uses   []GuardedUse
}

// GuardedUse is a place where it is read or written.
type GuardedUse struct {
	Pos   Pos
	Name  string // as written there
	In    *Function
	Write bool
	Set   *Set     // how it is written, where that goes by what it was
	To    string   // what it is set to, where the code names it: "true", "Running"
	Locks []string // that are held there, by where they are declared; of a write those that nobody else holds
	Takes []string // that the function takes, there or elsewhere
}

// Set is how a value that is neither a map nor a list is set, where its function goes by what it was.
type Set struct {
	Counts bool // by what it was: n++, n -= 2
	Asked  Pos  // where the function decided by what the value was whether to set it, and held no lock from there on; zero for nowhere
	Fills  bool // it asked there whether the value was set at all
}

// Mixed reports whether some use writes under a lock, and another reads without any lock that this one holds.
func (g *Guarded) Mixed() bool {
	for _, w := range g.Uses {
		if !w.Write || len(w.Locks) == 0 || slices.Contains(w.Locks, SomeLock) {
			continue
		}
		for _, r := range g.Uses {
			if !r.Write && !slices.ContainsFunc(r.Locks, func(lock string) bool { return lock == SomeLock || slices.Contains(w.Locks, lock) }) {
				return true
			}
		}
	}
	return false
}

// Raced reports whether some use sets the value by what it was, although another may have set it since the function looked.
func (g *Guarded) Raced() bool {
	return slices.ContainsFunc(g.Uses, func(u GuardedUse) bool { return u.Set != nil })
}

// MapUse is a place where a map is read or written.
type MapUse struct {
	Pos Pos
	In  *Function
}
