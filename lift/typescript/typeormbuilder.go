package typescript

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// ends are the methods of a builder that send what it holds.
var ends = map[string]bool{
	"getMany": true, "getOne": true, "getOneOrFail": true, "getManyAndCount": true, "getCount": true, "getExists": true, "getRawMany": true, "getRawOne": true, "getRawAndEntities": true, "execute": true, "stream": true,
}

// step is a call of a builder's chain.
type step struct {
	call     *syntax.Call
	name     string
	optional bool
}

// chain are the calls of a builder, from the one that makes it; none where it is not seen to be made.
func (l *lifter) chain(f *function, e syntax.Expr, depth int) []step {
	var out []step
	for depth < 4 {
		switch x := unwrapped(e).(type) {
		case *syntax.Call:
			out = append(out, step{call: x, name: calledName(x)})
			on, is := x.Fun.(*syntax.Select)
			if calledName(x) == "createQueryBuilder" {
				slices.Reverse(out)
				return out
			}
			if !is {
				return nil
			}
			e = on.X
			continue
		case *syntax.Ident:
			b := f.binding(x.Name, x.Pos())
			if b == nil || b.init == nil || len(b.path) > 0 || b.of != f {
				return nil
			}
			slices.Reverse(out)
			begun := l.chain(f, b.init, depth+1)
			if begun == nil {
				return nil
			}
			return append(append(begun, l.continued(f, b, e.Pos())...), out...)
		}
		return nil
	}
	return nil
}

// continued are the calls of a builder that a variable holds, in statements of their own before an offset.
func (l *lifter) continued(f *function, b *binding, before int) []step {
	var out []step
	for _, s := range f.sites {
		on, is := s.call.Fun.(*syntax.Select)
		if !is || s.call.Pos() >= before || ends[on.Name] {
			continue
		}
		if x, is := base(on.X); is && x.Name == b.name && f.binding(x.Name, x.Pos()) == b {
			out = append(out, step{s.call, on.Name, s.at.place.Branch})
		}
	}
	return out
}

// base is the variable that a chain of calls begins with.
func base(e syntax.Expr) (*syntax.Ident, bool) {
	for {
		switch x := unwrapped(e).(type) {
		case *syntax.Call:
			e = x.Fun
		case *syntax.Select:
			e = x.X
		case *syntax.Ident:
			return x, true
		default:
			return nil, false
		}
	}
}

// builderQuery is the query of a builder's chain.
func (l *lifter) builderQuery(f *function, call *syntax.Call, on *syntax.Select) *facts.Query {
	steps := l.chain(f, on.X, 0)
	if len(steps) == 0 {
		return nil
	}
	b := &builder{l: l, f: f, aliases: map[string]*entity{}, st: &facts.Statement{Verb: facts.Select}}
	q := &facts.Query{Library: "typeorm", Name: f.file.said(call.Fun), Chain: f.file.said(call), Statement: b.st}
	for _, s := range steps {
		b.step(q, s)
	}
	if b.main == nil {
		q.Statement = nil
		return q
	}
	b.st.Tables = append([]facts.TableUse{{Table: b.main.table, Alias: b.alias}}, b.joined...)
	if b.or {
		for i := range b.st.Predicates {
			b.st.Predicates[i].Disjoint = b.st.Predicates[i].Operator != "JOIN"
		}
	}
	switch on.Name {
	case "getOne", "getOneOrFail", "getRawOne":
		q.One = true
	case "getCount", "getExists":
		b.st.Aggregate = true
	}
	q.Args = b.args
	return q
}

// builder reads a builder's chain.
type builder struct {
	l       *lifter
	f       *function
	main    *entity
	alias   string
	aliases map[string]*entity
	joined  []facts.TableUse
	st      *facts.Statement
	args    []facts.Value
	or      bool
}

func (b *builder) value(e syntax.Expr) *facts.Value {
	v := b.l.value(b.f, e)
	b.args = append(b.args, v)
	return &v
}

func (b *builder) unread() { b.st.Unread, b.st.Nested = true, true }

// of sets the entity of a builder, with its alias.
func (b *builder) of(e *entity, alias string) {
	if e == nil {
		return
	}
	b.main, b.alias = e, alias
	if alias == "" {
		b.alias = e.table
	}
	b.aliases[b.alias] = e
}

// step reads one call of the chain.
func (b *builder) step(q *facts.Query, s step) {
	args := s.call.Args
	first := func() string {
		if len(args) == 0 {
			return ""
		}
		return constantText(args[0])
	}
	switch s.name {
	case "createQueryBuilder":
		on, _ := s.call.Fun.(*syntax.Select)
		e := (*entity)(nil)
		if on != nil {
			e = b.l.entityOf(b.l.typeOf(b.f, on.X))
		}
		alias := first()
		if len(args) > 0 && e == nil {
			if e = b.l.entityNamed(b.f, args[0]); e != nil && len(args) > 1 {
				alias = constantText(args[1])
			}
		}
		b.of(e, alias)
	case "from":
		if len(args) > 0 {
			alias := ""
			if len(args) > 1 {
				alias = constantText(args[1])
			}
			b.of(b.l.entityNamed(b.f, args[0]), alias)
		}
	case "into", "update":
		if s.name == "update" {
			b.st.Verb = facts.Update
		}
		if len(args) > 0 {
			b.of(b.l.entityNamed(b.f, args[0]), b.alias)
		}
	case "insert":
		b.st.Verb = facts.Insert
	case "delete":
		b.st.Verb = facts.Delete
	case "softDelete":
		b.st.Verb = facts.Update
	case "orIgnore", "orUpdate", "onConflict":
		b.st.OnConflict = true
	case "set", "values":
		if len(args) > 0 && b.main != nil {
			r := &finder{l: b.l, f: b.f, e: b.main, st: b.st}
			r.sets(args[0])
			b.args = append(b.args, r.args...)
		}
	case "where", "andWhere", "orWhere", "having", "andHaving":
		b.or = b.or || s.name == "orWhere"
		b.where(q, s)
	case "whereInIds":
		if len(args) > 0 && b.main != nil && len(b.main.key) == 1 {
			b.st.Predicates = append(b.st.Predicates, facts.Predicate{Table: b.main.table, Column: b.main.key[0], Operator: "IN", Arg: b.value(args[0]), Optional: s.optional})
		}
	case "leftJoin", "leftJoinAndSelect", "innerJoin", "innerJoinAndSelect", "leftJoinAndMapOne", "leftJoinAndMapMany", "innerJoinAndMapOne", "innerJoinAndMapMany":
		b.join(s)
	case "orderBy", "addOrderBy":
		b.order(s)
	case "take", "limit":
		if len(args) > 0 {
			b.st.Limit, b.st.LimitArg = b.f.file.said(args[0]), b.value(args[0])
		}
	case "skip", "offset":
		b.st.Offset = true
	case "groupBy", "addGroupBy":
		b.st.Grouped, b.st.Aggregate = true, true
	case "setLock":
		b.st.Locks = strings.HasPrefix(first(), "pessimistic_write") || strings.HasPrefix(first(), "for_")
	case "setParameter", "setParameters":
		for _, arg := range args {
			b.value(arg)
		}
	}
}

// namedParam is a parameter of a condition: :id and :...ids.
var namedParam = regexp.MustCompile(`:(\.\.\.)?([A-Za-z_]\w*)`)

// where reads a condition of a chain.
func (b *builder) where(q *facts.Query, s step) {
	args := s.call.Args
	if len(args) == 0 {
		return
	}
	if b.main == nil {
		return
	}
	if o, is := unwrapped(args[0]).(*syntax.Object); is {
		r := &finder{l: b.l, f: b.f, e: b.main, st: b.st}
		r.where(o, mode{optional: s.optional})
		b.args = append(b.args, r.args...)
		return
	}
	switch unwrapped(args[0]).(type) {
	case *syntax.Call, *syntax.Func: // new Brackets(…), a subquery
		b.unread()
		return
	}
	text, pieces := b.l.sqlText(b.f, args[0])
	q.Dynamic = append(q.Dynamic, pieces...)
	var given *syntax.Object
	if len(args) > 1 {
		given = b.l.object(b.f, args[1], 0)
		if given == nil {
			b.value(args[1])
		}
	}
	var values []facts.Value
	text = namedParam.ReplaceAllStringFunc(text, func(name string) string {
		if strings.HasPrefix(name, "::") {
			return name
		}
		key := strings.TrimLeft(strings.TrimPrefix(name, ":"), ".")
		v := facts.Value{Text: key, Origins: []facts.Origin{{Kind: facts.FromUnknown, Name: key}}}
		if given != nil {
			if e := member(given, key); e != nil {
				v = b.l.value(b.f, e)
			}
		}
		values = append(values, v)
		return "$" + strconv.Itoa(len(values))
	})
	b.args = append(b.args, values...)
	if strings.Contains(text, hole) {
		if len(pieces) > 0 {
			q.Text += text // so that what is put into it is looked at
		}
		b.unread()
		return
	}
	for _, p := range sql.Conditions(text, b.alias, values) {
		b.predicate(p, s.optional)
	}
}

// predicate adds a condition, whose columns are called by their properties.
func (b *builder) predicate(p facts.Predicate, optional bool) {
	e := b.main
	if of := b.aliases[p.Table]; of != nil {
		e = of
	} else if p.Table != "" && p.Table != b.alias {
		b.unread()
		return
	}
	if column := e.column(p.Column); column != "" {
		p.Column = column
	}
	p.Table, p.Optional = e.table, p.Optional || optional
	if p.Operator == "JOIN" {
		other := b.aliases[p.JoinTable]
		if other == nil {
			b.unread()
			return
		}
		p.JoinTable = other.table
	}
	b.st.Predicates = append(b.st.Predicates, p)
}

// join reads a join: of a relation, or of an entity with a condition.
func (b *builder) join(s step) {
	args := s.call.Args
	if strings.Contains(s.name, "AndMap") && len(args) > 0 {
		args = args[1:]
	}
	if len(args) < 2 || b.main == nil {
		return
	}
	kind := ""
	if strings.HasPrefix(s.name, "left") {
		kind = "left"
	}
	alias := constantText(args[1])
	from, property, _ := strings.Cut(constantText(args[0]), ".")
	of := b.aliases[from]
	if of == nil || of.relations[property] == nil {
		if e := b.l.entityNamed(b.f, args[0]); e != nil {
			b.aliases[alias] = e
			b.joined = append(b.joined, facts.TableUse{Table: e.table, Alias: alias, Join: kind})
		}
		b.unread()
		return
	}
	relation := of.relations[property]
	to := b.l.entities[relation.to]
	if to == nil {
		b.unread()
		return
	}
	b.aliases[alias] = to
	b.joined = append(b.joined, facts.TableUse{Table: to.table, Alias: alias, Join: kind})
	switch {
	case relation.column != "" && len(to.key) == 1:
		b.st.Predicates = append(b.st.Predicates, facts.Predicate{Table: of.table, Column: relation.column, Operator: "JOIN", JoinTable: to.table, JoinColumn: to.key[0]})
	case to.column(relation.back) != "" && len(of.key) == 1:
		b.st.Predicates = append(b.st.Predicates, facts.Predicate{Table: to.table, Column: to.column(relation.back), Operator: "JOIN", JoinTable: of.table, JoinColumn: of.key[0]})
	default: // through a table between
		b.st.Nested = true
	}
}

func (b *builder) order(s step) {
	args := s.call.Args
	if len(args) == 0 || b.main == nil {
		return
	}
	from, property, dotted := strings.Cut(constantText(args[0]), ".")
	e := b.main
	if dotted {
		e = b.aliases[from]
	} else {
		property = from
	}
	part := facts.OrderPart{}
	if e != nil {
		part.Table, part.Column = e.table, e.column(property)
	}
	part.Descending = len(args) > 1 && strings.EqualFold(constantText(args[1]), "desc")
	b.st.Order = append(b.st.Order, part)
}
