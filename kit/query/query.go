// Package query reads and writes the entities of a backend.
//
//	rest, graphql, typed stores ─▶ Tx ─▶ plan (policy, filter, order, page in one statement) ─▶ sqldb
//
// Every read and write of every door goes through here, so that no door can forget a rule: policy, validation,
// versions and defaults live in the plan. It knows nothing of HTTP.
package query

import (
	"context"
	"log/slog"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Engine reads and writes the entities of a backend in a database. All its methods may be called at the same time.
type Engine struct {
	backend  *meta.Backend
	db       sqldb.Database
	clock    kit.Clock
	log      *slog.Logger
	handlers map[string]Handler
	budget   int
	feed     *feed.Feed // nil: nobody watches
	watched  map[*meta.Entity]verbSet
	reaches  map[*meta.Entity][]reach
	order    []*meta.Entity // in which their rows are locked
	plans    planCache[plan]
	trees    planCache[tree]

	aggregates planCache[aggregatePlan]

	account  *meta.Entity // whose rows viewers are, nil without accounts
	tenant   *meta.Entity // to whose rows others belong, nil without tenants
	dialect  dialect
	patterns map[string]*regexp.Regexp
}

// Options are what an Engine needs besides its backend and database. The zero value works.
type Options struct {
	Clock    kit.Clock          // the system's unless given
	Log      *slog.Logger       // slog.Default unless given
	Handlers map[string]Handler // of every operation, by its name, and of every Method
	Feed     *feed.Feed         // is told of the rows that the backend's subscriptions watch; nil: nobody watches
	Budget   int                // statements that a transaction may run; one more fails it. 0 is no bound
}

// Handler runs a business operation: generated code that makes typed arguments and calls the team's method.
// Each of args has the form that its field's Kind states in package meta, except that a Reference is a *Row of
// Full (or []*Row where Repeated, nil where null). It returns the result in the same forms; of an entity its id (string), of a list of
// entities their ids ([]any of string).
//
// A Method is worked out by a handler of its own, called ENTITY.FIELD: its only argument is []*Row of Full, and its result
// []any with a value for each.
type Handler func(ctx context.Context, tx *Tx, args []any) (any, error)

// Tx is one transaction, or one snapshot, on behalf of one viewer. It is used by one goroutine at a time.
type Tx struct {
	engine *Engine
	conn   sqldb.Conn
	viewer kit.Viewer
	system bool
	part   bool   // it goes on after its holder; see Part
	tenant string // the id of the one whose rows are there, empty for all
	sought string // what the viewer calls the tenant, while its id is not known
	now    time.Time
	state  *txState
}

// Select says what to read of an entity. The engine changes nothing of what lies within it, so requests may share its Fields.
type Select struct {
	Entity *meta.Entity
	Fields []Selection
	Where  *meta.Expr      // asked for by the viewer, so that field rules apply inside it; nil for all
	Query  *meta.Operation // whose condition must hold too, if its rules allow, and whose page is read; nil for all. List only
	Args   []any           // of Query, a value of each of its Args, as the doors read them
	Search string          // words that its searched fields must have; empty for all. Not of a single row
	Order  []Order         // the entity's unless given; id is always appended
	// Keyset page (Relay Cursor Connections): First rows after the cursor After, or Last rows before the cursor Before.
	// Both 0 means the page's size. More than the page's maximum is a problem.
	First, Last   int
	After, Before string
	Skip          int  // rows after the cursor that are left out: each is still read by the database. No door offers it
	Count         bool // also count all rows that fit
	Unversioned   bool // the rows come without their Version, and so do those that they refer to
	Unplaced      bool // nobody asks where the rows of the list stand: they have no Cursor, and HasNext is not known

	given []any // what the arguments of Query came to
}

// Selection is one field to read.
type Selection struct {
	Field  *meta.Field
	Nested *Select // of a Reference (only Entity and Fields count) or a List; nil reads of a Reference the id alone
}

// Order is one key of an order: a scalar, enum or reference field, or a part of a value object (two steps of Path).
type Order struct {
	Path       []string
	Descending bool
}

// Row is one row that was read: a value per Selection. A scalar is as its Kind states in package meta, nil where null or
// where a field's READ rule hides it; a Value is []any; a Reference is *Row (nil where null or hidden), with the id
// as its only value where Nested is nil; a List is *List.
type Row struct {
	ID      kit.ID
	Version int64
	Values  []any

	keys []any // of the order of its list
}

// List is a page of rows.
type List struct {
	Rows        []*Row
	HasNext     bool
	HasPrevious bool
	Total       int64 // where Count was asked for

	hash string // of the order
}

// Cursor is where row i of a page stands: the page after it begins there, or the one before it ends. It is written when asked for.
func (l *List) Cursor(i int) string { return writeCursor(l.hash, l.Rows[i].keys) }

// Change sets a field to a value, in the form that its Kind states in package meta.
type Change struct {
	Field *meta.Field
	Value any
}

type txState struct {
	statements int
	budget     int
	changes    []feed.Change // of rows that are watched
	writes     int           // statements that changed something
	spoiled    error         // of the first write that failed after it had changed something, or of SQL of business code that failed
	exceeded   error         // of the first statement beyond the budget, which no savepoint takes back
	over       atomic.Bool   // what it did is committed or undone
}

// spoil keeps the transaction from being committed where err is of a write that has changed something; writes is how many
// statements had done so before it. It is deferred.
func (s *txState) spoil(writes int, err *error) {
	if *err != nil && s.writes > writes && s.spoiled == nil {
		s.spoiled = *err
	}
}
