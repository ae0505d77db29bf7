package query

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// This file, compare.go, path.go, rows.go and value.go render an expression as SQL.
//
// SQL's third truth value never shows: a comparison is rendered plainly, so that indexes serve it, and stands only
// where unknown counts as false (WHERE, AND, OR, EXISTS, CASE WHEN). A negation is pushed down to the comparisons,
// where it becomes IS NOT TRUE. What is known before the statement runs (constants, a viewer who is signed out) is
// folded away.

// renderer writes the SQL of one statement.
type renderer struct {
	dialect
	backend *meta.Backend
	account *meta.Entity
	signed  bool // somebody asks
	system  bool // no policies
	tenant  bool // in a tenant: the rows of others are not there
	seeks   byTenant
	seeking string // finds the id of the tenant, once it is rendered
	back    string // the instant of a delete that may be undone: what was deleted then counts as living; empty for none

	// missing are the places of arguments that are not given; nil where that is not known.
	missing func(slot int) bool
	slots   map[*meta.Expr]int // constants that the viewer gave, and their places among the statement's values
	params  []param
	aliases int
	depth   int
	lists   int // of what the viewer asks for, within which the condition at hand stands
	err     error
}

// param is where an argument of the statement comes from.
type param struct {
	source source
	slot   int   // of slotSource
	offset int64 // of nowSource, in microseconds
	typ    typ
	name   string // of a search: what the caller calls it
}

type source uint8

const (
	viewerSource source = iota
	nowSource
	tenantSource
	soughtSource // what the viewer calls his tenant
	slotSource   // a value of the request
)

// typ is what is known of a value.
type typ struct {
	kind    meta.Kind
	scale   int
	entity  *meta.Entity // that a Reference, or an ID that is the row's own, leads to
	null    bool         // it may be null
	untyped bool         // a constant, which takes the type of what it meets
	column  bool         // a bare column, from which a parameter beside it takes its type

	reckoned bool // out of others, so that its kind may not hold it
	bits     int  // of a whole number, at most; 0: as its kind says
	long     bool // a Decimal on SQLite as text, with more digits than 64 bits hold
	unfit    bool // it is null where a step towards it did not fit
}

// operand is a value as SQL. guard, unless empty, is the condition under which the viewer may see it.
type operand struct {
	sql   string
	typ   typ
	guard string
}

// shown is the operand, null where the viewer may not see it.
func (o operand) shown() string {
	if o.guard == "" || o.sql == sqlNull {
		return o.sql
	}
	return "CASE WHEN " + o.guard + " THEN " + o.sql + " END"
}

func (o operand) nullable() bool { return o.typ.null || o.guard != "" }

const (
	sqlTrue  = "TRUE"
	sqlFalse = "FALSE"
	sqlNull  = "NULL"
)

// env is what the names in an expression mean.
type env struct {
	this, old *scope
	vars      []*scope // innermost last
	args      []*meta.Field
	firstArg  int  // the slot of the first of their values
	guarded   bool // asked for by the viewer: fields and rows that he may not see are null
	probed    bool // the design asks, but what is compared with a value that the viewer sends is guarded
}

// scope is one row within a statement.
type scope struct {
	name   string       // of a variable
	entity *meta.Entity // nil of an element of a list of scalars
	value  typ          // of such an element
	alias  string
	id     string                         // SQL of its id where the row itself need not be read
	used   bool                           // more of it than id was read
	fate   fate                           // of which rows it is one
	kin    bool                           // a row of the same tenant leads to it, which the database keeps so: nobody need ask again
	bound  func(f *meta.Field) (slot int) // values of a row that is gone; then there is no alias
}

// sent tells whether x names a value that the caller makes up: by trying many he would find out what he may not see. A row that
// he names is one that he sees.
func (e env) sent(x *meta.Expr) (found bool) {
	walk(x, func(x *meta.Expr) {
		if f, _ := argumentAt(x, e); f != nil && f.Kind != meta.Reference && f.Kind != meta.List {
			found = true
		}
	})
	return found
}

func (e env) with(s *scope) env {
	e.vars = append(e.vars[:len(e.vars):len(e.vars)], s)
	return e
}

// inside is the environment of a rule of the row s.
func inside(s *scope) env { return env{this: s} }

func (r *renderer) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *renderer) alias(prefix string) string {
	name := prefix + strconv.Itoa(r.aliases)
	r.aliases++
	return name
}

// param is the placeholder of p; the same p has the same one.
func (r *renderer) param(p param) string {
	p.typ = typ{kind: p.typ.kind, scale: p.typ.scale, long: p.typ.long}
	for i, known := range r.params {
		if known == p {
			return "$" + strconv.Itoa(i+1)
		}
	}
	r.params = append(r.params, p)
	return "$" + strconv.Itoa(len(r.params))
}

const maxDepth = 40

// cond is x as a condition, or its opposite.
func (r *renderer) cond(x *meta.Expr, e env, negate bool) string {
	if r.depth++; r.depth > maxDepth {
		r.fail("expression: nested too deeply, or rules that lead to each other")
		return sqlFalse
	}
	defer func() { r.depth-- }()
	if e.probed && x.Op != meta.OpAnd && x.Op != meta.OpOr && x.Op != meta.OpNot && e.sent(x) {
		e.guarded, e.probed = true, false
	}
	switch x.Op {
	case meta.OpConst:
		truth, _ := x.Value.(bool)
		return truthSQL(truth != negate)
	case meta.OpNot:
		return r.cond(x.Args[0], e, !negate)
	case meta.OpAnd, meta.OpOr:
		if (x.Op == meta.OpAnd) != negate {
			return r.all(x.Args, e, negate)
		}
		return r.any(x.Args, e, negate)
	case meta.OpNe:
		return r.differ(x, e, negate)
	case meta.OpEq:
		if negate {
			return r.differ(x, e, false)
		}
		return r.compare(x, e)
	case meta.OpLt, meta.OpLe, meta.OpGt, meta.OpGe:
		if negate {
			return r.beyond(x, e)
		}
		return r.compare(x, e)
	case meta.OpIn:
		if len(x.Args) == 2 && !isNull(x.Args[1]) { // null is in no list
			return r.cond(&meta.Expr{Op: meta.OpEq, Args: x.Args}, e, negate)
		}
		return opposite(r.in(x, e), negate)
	case meta.OpExists:
		return opposite(r.exists(x, e), negate)
	case meta.OpCan:
		return opposite(r.can(x, e), negate)
	case meta.OpAmong:
		return opposite(r.among(x, e), negate)
	case meta.OpIf:
		condition := r.cond(x.Args[0], e, false)
		yes, no := r.cond(x.Args[1], e, negate), r.cond(x.Args[2], e, negate)
		switch {
		case condition == sqlTrue || yes == no:
			return yes
		case condition == sqlFalse:
			return no
		}
		return r.choice(x, condition, yes, no, e)
	case meta.OpCall:
		if found, ok := r.matches(x, e); ok {
			return opposite(found, negate)
		}
	case meta.OpGet:
		if lifted, ok := r.lift(x, e); ok {
			return opposite(lifted, negate)
		}
		if s, f := e.predicate(x); f != nil && r.fieldGuard(s, f, e) == "" {
			return r.cond(f.Computed, inside(s), negate)
		}
	}
	o := r.value(x, e)
	if o.typ.kind != meta.Boolean && o.sql != sqlNull {
		r.fail("condition: a %s is no Boolean", kindName(o.typ.kind))
	}
	return opposite(conjunction(o.sql, o.guard), negate)
}

func truthSQL(truth bool) string {
	if truth {
		return sqlTrue
	}
	return sqlFalse
}

// opposite is the negation of a condition, true where the condition is unknown.
func opposite(condition string, negate bool) string {
	switch {
	case !negate:
		return condition
	case condition == sqlTrue:
		return sqlFalse
	case condition == sqlFalse, condition == sqlNull:
		return sqlTrue
	case strings.HasPrefix(condition, "EXISTS (") && closes(condition) == len(condition)-1:
		return "NOT " + condition
	case strings.HasPrefix(condition, "NOT EXISTS (") && closes(condition) == len(condition)-1:
		return strings.TrimPrefix(condition, "NOT ")
	}
	return "(" + condition + ") IS NOT TRUE"
}

// closes is where the first bracket of a condition closes.
func closes(condition string) int {
	depth, quoted := 0, false
	for i := range len(condition) {
		switch c := condition[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// all is the conjunction of xs. Those that ask about the same referred row ask in one EXISTS.
func (r *renderer) all(xs []*meta.Expr, e env, negate bool) string {
	if !negate {
		xs = r.groupHops(flatten(meta.OpAnd, xs, nil), e)
	}
	parts := make([]string, len(xs))
	for i, x := range xs {
		if x.Op == meta.OpAnd && !negate {
			parts[i], _ = r.lift(x, e)
		} else {
			parts[i] = r.cond(x, e, negate)
		}
	}
	return conjunction(parts...)
}

func flatten(op meta.Op, xs, into []*meta.Expr) []*meta.Expr {
	for _, x := range xs {
		if x.Op == op {
			into = flatten(op, x.Args, into)
		} else {
			into = append(into, x)
		}
	}
	return into
}

func (r *renderer) any(xs []*meta.Expr, e env, negate bool) string {
	parts := make([]string, len(xs))
	for i, x := range xs {
		parts[i] = r.cond(x, e, negate)
	}
	return disjunction(parts...)
}

// conjunction joins conditions with AND; an empty one says nothing.
func conjunction(parts ...string) string {
	kept := make([]string, 0, len(parts))
	for _, p := range parts {
		switch {
		case p == sqlFalse || p == sqlNull:
			return sqlFalse
		case p != sqlTrue && p != "" && !contains(kept, p):
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return sqlTrue
	}
	if len(kept) > 1 {
		for i, p := range kept {
			if loose(p, " OR ") {
				kept[i] = "(" + p + ")"
			}
		}
	}
	return strings.Join(kept, " AND ")
}

// disjunction joins conditions with OR.
func disjunction(parts ...string) string {
	kept := make([]string, 0, len(parts))
	for _, p := range parts {
		switch {
		case p == sqlTrue:
			return sqlTrue
		case p != sqlFalse && p != sqlNull && !contains(kept, p):
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return sqlFalse
	}
	return strings.Join(kept, " OR ")
}

func contains(list []string, text string) bool {
	for _, t := range list {
		if t == text {
			return true
		}
	}
	return false
}

// loose tells whether a condition has the operator outside of all brackets.
func loose(condition, operator string) bool {
	depth, quoted := 0, false
	for i := range len(condition) {
		switch c := condition[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.HasPrefix(condition[i:], operator):
			return true
		}
	}
	return false
}
