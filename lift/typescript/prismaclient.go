package typescript

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/prisma"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// Prisma's client asks for rows by objects: prisma.user.findMany({where: {teamId}, include: {posts: true}, take: 10})
// (https://www.prisma.io/docs/orm/reference/prisma-client-reference).

// prismaVerbs are the methods of a model.
var prismaVerbs = map[string]facts.Verb{
	"findUnique": facts.Select, "findUniqueOrThrow": facts.Select, "findFirst": facts.Select, "findFirstOrThrow": facts.Select, "findMany": facts.Select,
	"count": facts.Select, "aggregate": facts.Select, "groupBy": facts.Select,
	"create": facts.Insert, "createMany": facts.Insert, "createManyAndReturn": facts.Insert, "upsert": facts.Insert,
	"update": facts.Update, "updateMany": facts.Update, "updateManyAndReturn": facts.Update, "delete": facts.Delete, "deleteMany": facts.Delete,
}

// prismaClients are names of what is Prisma's client.
var prismaClients = regexp.MustCompile(`(?i)prisma|^_?(tx|trx|db|dbClient|client|model|transaction)$`)

// prismaQuery is the query of a call of Prisma's client.
func (l *lifter) prismaQuery(f *function, call *syntax.Call) *facts.Query {
	method, is := call.Fun.(*syntax.Select)
	if !is || len(l.schemas) == 0 {
		return nil
	}
	if strings.HasPrefix(method.Name, "$") {
		return l.prismaRaw(f, call, method)
	}
	verb := prismaVerbs[method.Name]
	of, is := method.X.(*syntax.Select)
	if verb == "" || !is {
		return nil
	}
	schema, model := l.prismaModel(f, of)
	if model == nil {
		return nil
	}
	r := &prismaReader{l: l, f: f, schema: schema, model: model, st: &facts.Statement{Verb: verb, Tables: []facts.TableUse{{Table: model.Table, Alias: model.Table}}}}
	q := &facts.Query{Library: "prisma", Name: f.file.said(call.Fun), Statement: r.st}
	var given *syntax.Object
	if len(call.Args) > 0 {
		given = l.object(f, call.Args[0], 0)
		if given == nil {
			r.unread()
		}
	}
	switch method.Name {
	case "findUnique", "findUniqueOrThrow":
		q.One = true
	case "findFirst", "findFirstOrThrow":
		q.One, r.st.Limit = true, "1"
	case "count", "aggregate":
		r.st.Aggregate = true
	case "groupBy":
		r.st.Aggregate, r.st.Grouped = true, true
	case "upsert":
		r.st.OnConflict = true
	}
	if given != nil {
		for _, p := range given.Props {
			r.option(p, verb)
		}
	}
	q.Args, q.Mapped = r.args, r.mapped
	return q
}

// prismaModel is the model that a member of a client stands for: prisma.user.
func (l *lifter) prismaModel(f *function, of *syntax.Select) (*prisma.Schema, *prisma.Model) {
	schema, model := l.modelNamed(of.Name)
	if model == nil {
		return nil, nil
	}
	t := l.typeOf(f, of.X)
	switch {
	case within(t.library, "@prisma/client") || strings.Contains(t.name, "PrismaClient") || strings.Contains(t.name, "TransactionClient"):
	case t.of("@prisma/client", "PrismaClient"):
	case prismaClients.MatchString(endName(of.X)):
	default:
		return nil, nil
	}
	return schema, model
}

// modelNamed is the model that a client calls by a name: User is user.
func (l *lifter) modelNamed(name string) (*prisma.Schema, *prisma.Model) {
	for _, s := range l.schemas {
		for _, m := range s.Models {
			if lowerFirst(m.Name) == name {
				return s, m
			}
		}
	}
	return nil, nil
}

func lowerFirst(name string) string {
	for i, r := range name {
		return string(unicode.ToLower(r)) + name[i+len(string(r)):]
	}
	return ""
}

// prismaRaw is a query whose SQL the code writes itself.
func (l *lifter) prismaRaw(f *function, call *syntax.Call, method *syntax.Select) *facts.Query {
	if len(call.Args) == 0 {
		return nil
	}
	switch method.Name {
	case "$queryRaw", "$executeRaw":
		switch x := unwrapped(call.Args[0]).(type) {
		case *syntax.Template:
			return l.taggedQuery(f, call, "prisma", x)
		default:
			q := &facts.Query{Library: "prisma", Name: f.file.said(call.Fun)}
			l.piece(f, x, q, 0)
			l.understood(q)
			return q
		}
	case "$queryRawUnsafe", "$executeRawUnsafe":
		return l.rawQuery(f, call, "prisma", call.Args[0], call.Args[1:])
	}
	return nil
}

// object is the object that an expression writes out, be it through a constant; nil where it is none.
func (l *lifter) object(f *function, e syntax.Expr, depth int) *syntax.Object {
	if depth > 6 {
		return nil
	}
	switch e := unwrapped(e).(type) {
	case *syntax.Object:
		return e
	case *syntax.Ident:
		if b := f.binding(e.Name, e.Pos()); b != nil {
			if b.init != nil && len(b.path) == 0 && len(b.given) == 0 && !changed(b) {
				return l.object(b.of, b.init, depth+1)
			}
			return nil
		}
		if d := l.named(f.file, e.Name); d != nil && d.fixed && d.value != nil {
			if x, is := unwrapped(d.value).(*syntax.Object); is && d.file == f.file {
				return x
			}
		}
	case *syntax.Call: // Prisma.validator<…>()({…})
		if len(e.Args) == 1 && !e.New {
			if inner, is := e.Fun.(*syntax.Call); is && calledName(inner) == "validator" {
				return l.object(f, e.Args[0], depth+1)
			}
		}
	}
	return nil
}

// changed reports whether members of an object are set after it was made.
func changed(b *binding) bool {
	return slices.ContainsFunc(b.of.sets, func(a *syntax.Assign) bool {
		e := a.X
		for {
			switch x := unwrapped(e).(type) {
			case *syntax.Select:
				e = x.X
				continue
			case *syntax.Index:
				e = x.X
				continue
			case *syntax.Ident:
				return x.Name == b.name && b.from <= x.Pos() && x.Pos() < b.to
			}
			return false
		}
	})
}

// prismaReader reads what one call asks for.
type prismaReader struct {
	l      *lifter
	f      *function
	schema *prisma.Schema
	model  *prisma.Model
	st     *facts.Statement
	args   []facts.Value
	mapped bool // rows are stored with all that an object holds
}

// unread notes that something is asked for that is not known.
func (r *prismaReader) unread() { r.st.Unread, r.st.Nested = true, true }

// value is a value that the statement is given.
func (r *prismaReader) value(e syntax.Expr) *facts.Value {
	v := r.l.value(r.f, e)
	r.args = append(r.args, v)
	return &v
}

// option reads one member of what a method is given.
func (r *prismaReader) option(p *syntax.Property, verb facts.Verb) {
	if p.Spread {
		if inner := r.l.object(r.f, p.Value, 0); inner != nil {
			for _, below := range inner.Props {
				r.option(below, verb)
			}
		} else {
			r.unread()
		}
		return
	}
	switch p.Key {
	case "where":
		r.where(p.Value, mode{})
	case "take":
		r.st.Limit, r.st.LimitArg = r.f.file.said(p.Value), r.value(p.Value)
	case "skip":
		r.st.Offset = true
		r.value(p.Value)
	case "cursor":
		r.value(p.Value)
	case "orderBy":
		r.order(p.Value)
	case "data", "create":
		r.data(p.Value)
	case "update":
		for _, x := range r.l.wholes(r.f, p.Value, 0) {
			r.value(x)
			r.mapped = true
		}
		r.value(p.Value)
	case "include", "select":
		r.loads(p.Value, r.model, 0)
	}
}

// mode is how conditions hold together.
type mode struct {
	disjoint bool
	optional bool
	depth    int
}

// where reads conditions.
func (r *prismaReader) where(e syntax.Expr, m mode) {
	m.depth++
	if m.depth > 12 {
		r.unread()
		return
	}
	object := r.l.object(r.f, e, 0)
	if object == nil {
		switch x := unwrapped(e).(type) {
		case *syntax.Cond:
			for _, arm := range []syntax.Expr{x.Then, x.Else} {
				if !absent(arm) {
					some := m
					some.optional = true
					r.where(arm, some)
				}
			}
			return
		case *syntax.Binary: // given && {…}
			if x.Op == "&&" {
				m.optional = true
				r.where(x.Y, m)
				return
			}
		}
		if !absent(e) {
			r.value(e)
			r.unread()
		}
		return
	}
	for _, p := range object.Props {
		r.condition(p, m)
	}
}

// absent reports whether an expression is nothing: undefined, null or {}.
func absent(e syntax.Expr) bool {
	switch x := unwrapped(e).(type) {
	case *syntax.Ident:
		return x.Name == "undefined"
	case *syntax.Literal:
		return x.Kind == syntax.Null
	case *syntax.Object:
		return len(x.Props) == 0
	case *syntax.Array:
		return len(x.Items) == 0
	}
	return false
}

// condition reads one member of a where.
func (r *prismaReader) condition(p *syntax.Property, m mode) {
	switch {
	case p.Spread:
		r.where(p.Value, m)
		return
	case p.Key == "AND":
		r.each(p.Value, m)
		return
	case p.Key == "OR":
		m.disjoint = true
		r.each(p.Value, m)
		return
	case p.Key == "NOT":
		r.st.Nested = true
		r.value(p.Value)
		return
	case p.Key == "":
		r.unread()
		return
	}
	field := r.model.Fields[p.Key]
	if field == nil {
		if object := r.l.object(r.f, p.Value, 0); object != nil { // a key of several columns: userId_postId
			for _, below := range object.Props {
				if r.model.Fields[below.Key] != nil {
					r.condition(below, m)
				}
			}
			return
		}
		r.value(p.Value)
		r.unread()
		return
	}
	if field.Relation != nil {
		r.relation(field, p.Value, m)
		return
	}
	r.compare(field, p.Value, m)
}

// each reads the items of AND and OR.
func (r *prismaReader) each(e syntax.Expr, m mode) {
	list, is := unwrapped(e).(*syntax.Array)
	if !is {
		if r.l.object(r.f, e, 0) != nil {
			r.where(e, m)
			return
		}
		r.value(e)
		r.unread()
		return
	}
	for _, item := range list.Items {
		if spread, is := item.(*syntax.Spread); is {
			r.value(spread.X)
			r.unread()
			continue
		}
		r.where(item, m)
	}
}

// prismaOperators are the filters of a field, as SQL.
var prismaOperators = map[string]string{
	"equals": "=", "in": "IN", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "not": "<>", "notIn": "NOT IN", "contains": "LIKE", "startsWith": "LIKE", "endsWith": "LIKE", "search": "@@", "has": "@>", "hasSome": "&&", "hasEvery": "@>",
	"path": "", "string_contains": "", "array_contains": "", "isEmpty": "", "mode": "",
}

// compare reads the condition of one field.
func (r *prismaReader) compare(field *prisma.Field, e syntax.Expr, m mode) {
	e = unwrapped(e)
	predicate := facts.Predicate{Table: r.model.Table, Column: field.Column, Operator: "=", Disjoint: m.disjoint, Optional: m.optional}
	object := r.l.object(r.f, e, 0)
	if object == nil {
		if cond, is := e.(*syntax.Cond); is && (absent(cond.Then) || absent(cond.Else)) {
			predicate.Optional = true
			e = cond.Then
			if absent(e) {
				e = cond.Else
			}
			if r.l.object(r.f, e, 0) != nil {
				m.optional = true
				r.compare(field, e, m)
				return
			}
		}
		if literal, is := unwrapped(e).(*syntax.Literal); is {
			if literal.Kind == syntax.Null {
				predicate.Operator = "IS NULL"
			} else {
				predicate.Literal = literal.Value
			}
		} else {
			predicate.Optional = predicate.Optional || r.optional(e)
			predicate.Arg = r.value(e)
		}
		r.st.Predicates = append(r.st.Predicates, predicate)
		return
	}
	for _, p := range object.Props {
		operator, is := prismaOperators[p.Key]
		if !is {
			r.value(p.Value)
			if p.Spread {
				r.unread()
			}
			continue
		}
		if operator == "" {
			continue
		}
		one := predicate
		one.Operator = operator
		if p.Key == "not" && absent(p.Value) {
			one.Operator = "IS NOT NULL"
		} else if literal, is := unwrapped(p.Value).(*syntax.Literal); is {
			one.Literal = literal.Value
		} else {
			one.Optional = one.Optional || r.optional(p.Value)
			one.Arg = r.value(p.Value)
		}
		r.st.Predicates = append(r.st.Predicates, one)
	}
}

// optional reports whether a value may be undefined, so that its condition is left out: a parameter that may be, or a member of what may be
// nothing.
func (r *prismaReader) optional(e syntax.Expr) bool {
	switch x := unwrapped(e).(type) {
	case *syntax.Ident:
		b := r.f.binding(x.Name, x.Pos())
		if b == nil || b.param < 0 || b.of.node == nil || len(b.path) > 0 {
			return false
		}
		p := b.of.node.Params[b.param]
		return p.Optional && p.Default == nil
	case *syntax.Select:
		return x.Optional
	}
	return false
}

// relation reads a condition on rows that are related.
func (r *prismaReader) relation(field *prisma.Field, e syntax.Expr, m mode) {
	object := r.l.object(r.f, e, 0)
	to := r.schema.Models[field.Relation.Model]
	if object == nil || to == nil {
		r.value(e)
		r.st.Nested = true
		return
	}
	rest := false
	for _, p := range object.Props {
		if p.Key == "is" {
			r.relation(field, p.Value, m)
			continue
		}
		at := slices.Index(field.Relation.References, p.Key)
		if at < 0 || at >= len(field.Relation.Fields) || field.List || r.l.object(r.f, p.Value, 0) != nil {
			rest = true
			continue
		}
		if own := r.model.Fields[field.Relation.Fields[at]]; own != nil { // author: {id} is authorId
			r.compare(own, p.Value, m)
		}
	}
	if rest {
		r.st.Nested = true
		r.value(e)
	}
}

// order reads what rows are sorted by.
func (r *prismaReader) order(e syntax.Expr) {
	switch x := unwrapped(e).(type) {
	case *syntax.Array:
		for _, item := range x.Items {
			r.order(item)
		}
		return
	case *syntax.Object:
		for _, p := range x.Props {
			field := r.model.Fields[p.Key]
			if field == nil || field.Relation != nil {
				r.st.Order = append(r.st.Order, facts.OrderPart{})
				continue
			}
			literal, is := unwrapped(p.Value).(*syntax.Literal)
			r.st.Order = append(r.st.Order, facts.OrderPart{Table: r.model.Table, Column: field.Column, Descending: is && literal.Value == "desc"})
		}
		return
	}
	r.st.Order = append(r.st.Order, facts.OrderPart{})
}

// reckonings are the operations that reckon a new value from the old one.
var reckonings = map[string]bool{"increment": true, "decrement": true, "multiply": true, "divide": true, "push": true}

// data reads the columns that are written.
func (r *prismaReader) data(e syntax.Expr) {
	object := r.l.object(r.f, e, 0)
	if list, is := unwrapped(e).(*syntax.Array); is && len(list.Items) > 0 {
		object = r.l.object(r.f, list.Items[0], 0)
	}
	for _, x := range r.l.wholes(r.f, e, 0) {
		r.value(x)
		r.mapped = true
	}
	if object == nil {
		r.value(e)
		return
	}
	for _, p := range object.Props {
		field := r.model.Fields[p.Key]
		if p.Spread || field == nil {
			r.value(p.Value)
			continue
		}
		inner := r.l.object(r.f, p.Value, 0)
		if field.Relation != nil {
			r.connected(field, inner, p.Value)
			continue
		}
		if inner != nil && len(inner.Props) == 1 && reckonings[inner.Props[0].Key] {
			r.st.Self = append(r.st.Self, field.Column)
		}
		r.st.Sets = append(r.st.Sets, field.Column)
		r.st.Assigned = append(r.st.Assigned, facts.Assignment{Column: field.Column, Arg: r.value(p.Value)})
	}
}

// connected reads a relation that is written: author: {connect: {id}} sets authorId.
func (r *prismaReader) connected(field *prisma.Field, inner *syntax.Object, e syntax.Expr) {
	if inner != nil && !field.List {
		for _, p := range inner.Props {
			key := r.l.object(r.f, p.Value, 0)
			if p.Key != "connect" || key == nil {
				continue
			}
			for _, k := range key.Props {
				at := slices.Index(field.Relation.References, k.Key)
				if at < 0 || at >= len(field.Relation.Fields) {
					continue
				}
				if own := r.model.Fields[field.Relation.Fields[at]]; own != nil {
					r.st.Sets = append(r.st.Sets, own.Column)
					r.st.Assigned = append(r.st.Assigned, facts.Assignment{Column: own.Column, Arg: r.value(k.Value)})
				}
			}
			return
		}
	}
	r.value(e)
}

// loads reads which related rows are read as well: of a list by their foreign key, in a statement of their own.
func (r *prismaReader) loads(e syntax.Expr, of *prisma.Model, depth int) {
	object := r.l.object(r.f, e, 0)
	if object == nil || depth > 6 {
		return
	}
	for _, p := range object.Props {
		if p.Spread {
			r.loads(p.Value, of, depth+1)
			continue
		}
		if p.Key == "_count" {
			r.counts(p.Value, of, depth)
			continue
		}
		field := of.Fields[p.Key]
		if field == nil || field.Relation == nil {
			if field != nil && depth == 0 {
				r.st.Columns = append(r.st.Columns, field.Column)
			}
			continue
		}
		if literal, is := unwrapped(p.Value).(*syntax.Literal); is && literal.Value == "false" {
			continue
		}
		to := r.schema.Models[field.Relation.Model]
		if to == nil {
			continue
		}
		inner := r.related(field, of, to)
		given := r.l.object(r.f, p.Value, 0)
		if given == nil {
			if inner != nil {
				r.st.Inner = append(r.st.Inner, inner)
			}
			continue
		}
		below := &prismaReader{l: r.l, f: r.f, schema: r.schema, model: to, st: inner}
		if inner == nil {
			below.st = &facts.Statement{}
		} else {
			r.st.Inner = append(r.st.Inner, inner)
		}
		for _, option := range given.Props {
			if option.Key != "include" && option.Key != "select" {
				below.option(option, facts.Select)
			}
		}
		r.args = append(r.args, below.args...)
		for _, option := range given.Props {
			if option.Key == "include" || option.Key == "select" {
				r.loads(option.Value, to, depth+1)
			}
		}
	}
}

// counts reads which related rows are counted.
func (r *prismaReader) counts(e syntax.Expr, of *prisma.Model, depth int) {
	object := r.l.object(r.f, e, 0)
	if object == nil {
		return
	}
	for _, p := range object.Props {
		if p.Key == "select" {
			if inner := r.l.object(r.f, p.Value, 0); inner != nil {
				for _, below := range inner.Props {
					if field := of.Fields[below.Key]; field != nil && field.Relation != nil {
						if to := r.schema.Models[field.Relation.Model]; to != nil {
							if st := r.related(field, of, to); st != nil {
								st.Aggregate = true
								r.st.Inner = append(r.st.Inner, st)
							}
						}
					}
				}
			}
		}
	}
}

// related is the statement that reads the rows of a list that hangs on others, by their foreign key; nil where the other side holds the key, and
// the row is found by its own.
func (r *prismaReader) related(field *prisma.Field, of, to *prisma.Model) *facts.Statement {
	if len(field.Relation.Fields) > 0 {
		return nil
	}
	for _, name := range to.Order {
		back := to.Fields[name]
		if back.Relation == nil || back.Relation.Model != of.Name || back.Relation.Name != field.Relation.Name || len(back.Relation.Fields) == 0 {
			continue
		}
		st := &facts.Statement{Name: field.Name, Verb: facts.Select, Tables: []facts.TableUse{{Table: to.Table, Alias: to.Table}}}
		for _, key := range back.Relation.Fields {
			if own := to.Fields[key]; own != nil {
				st.Predicates = append(st.Predicates, facts.Predicate{Table: to.Table, Column: own.Column, Operator: "IN", Arg: &facts.Value{Text: key, Kind: "list", Origins: []facts.Origin{{Kind: facts.FromQuery, Name: "prisma"}}}})
			}
		}
		return st
	}
	return nil
}
