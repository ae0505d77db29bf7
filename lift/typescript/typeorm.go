package typescript

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// TypeORM asks through a repository of one entity, through a manager that is told which, or by a builder's chain
// (https://typeorm.io/docs/working-with-entity-manager/find-options, https://typeorm.io/docs/query-builder/select-query-builder).

// finders are the methods of a repository that read, with whether they are given conditions alone.
var finders = map[string]bool{
	"find": false, "findOne": false, "findOneOrFail": false, "findAndCount": false, "count": false, "exist": false, "exists": false,
	"findBy": true, "findOneBy": true, "findOneByOrFail": true, "findAndCountBy": true, "countBy": true, "existsBy": true, "findByIds": true, "findOneById": true, "sum": true, "maximum": true, "minimum": true, "average": true,
}

// changers are those that write.
var changers = map[string]facts.Verb{
	"save": facts.Update, "insert": facts.Insert, "upsert": facts.Insert, "update": facts.Update, "delete": facts.Delete, "remove": facts.Delete, "softDelete": facts.Update, "softRemove": facts.Update, "restore": facts.Update,
	"increment": facts.Update, "decrement": facts.Update, "recover": facts.Update,
}

// handles are the types through which TypeORM asks for any entity.
var handles = regexp.MustCompile(`^(EntityManager|DataSource|Connection|QueryRunner|TransactionalEntityManager)(\.manager|\.createQueryRunner\(\)(\.manager)?)?$`)

// typeormQuery is the query of a call of TypeORM: of a repository, a manager, or the end of a builder's chain.
func (l *lifter) typeormQuery(f *function, call *syntax.Call) *facts.Query {
	on, is := call.Fun.(*syntax.Select)
	if !is || len(l.entityOrder) == 0 && on.Name != "query" {
		return nil
	}
	if ends[on.Name] {
		return l.builderQuery(f, call, on)
	}
	if e, key := l.rowOf(f, call, on); e != nil {
		return l.repositoryQuery(f, call, "findOneById", facts.Select, e, []syntax.Expr{key})
	}
	verb, writes := changers[on.Name]
	_, reads := finders[on.Name]
	if !writes && !reads && on.Name != "query" {
		return nil
	}
	t := l.typeOf(f, on.X)
	if e := l.entityOf(t); e != nil {
		return l.repositoryQuery(f, call, on.Name, verb, e, call.Args)
	}
	if !handles.MatchString(t.name) || !within(t.library, "typeorm") {
		if t.class == nil || !handles.MatchString(t.class.base) || !within(t.class.library, "typeorm") {
			return nil
		}
	}
	if on.Name == "query" {
		if len(call.Args) == 0 {
			return nil
		}
		return l.rawQuery(f, call, "typeorm", call.Args[0], call.Args[1:])
	}
	if len(call.Args) == 0 {
		return nil
	}
	if e := l.entityNamed(f, call.Args[0]); e != nil {
		return l.repositoryQuery(f, call, on.Name, verb, e, call.Args[1:])
	}
	if writes { // manager.save(row)
		if t := l.typeOf(f, call.Args[0]); t.class != nil && l.entities[t.class] != nil {
			return l.repositoryQuery(f, call, on.Name, verb, l.entities[t.class], call.Args)
		}
	}
	return nil
}

// classTypes are types of a parameter that is given an entity's class, and getters names of functions that answer the row of a key.
var (
	classTypes = regexp.MustCompile(`^(Type|EntityTarget|ObjectType|ClassType|Constructor|EntityClass|EntityClassOrSchema)$`)
	getters    = regexp.MustCompile(`^(get|find|load|fetch)`)
)

// rowOf says of a call of the code's own function that is told an entity and a key, and answers the row, which those are: getEntityOrThrow(User, id).
func (l *lifter) rowOf(f *function, call *syntax.Call, on *syntax.Select) (*entity, syntax.Expr) {
	if !getters.MatchString(on.Name) || finders[on.Name] {
		return nil, nil
	}
	for i, arg := range call.Args {
		e := l.entityNamed(f, arg)
		if e == nil || i+1 >= len(call.Args) {
			continue
		}
		to := l.typeOf(f, call.Fun).calls
		if to == nil || to.node == nil || i+1 >= len(to.node.Params) {
			return nil, nil
		}
		class, key := to.node.Params[i], to.node.Params[i+1]
		if class.Type == nil || !classTypes.MatchString(class.Type.Name) || key.Pattern == nil || !strings.HasSuffix(strings.ToLower(key.Pattern.Name), "id") {
			return nil, nil
		}
		return e, call.Args[i+1]
	}
	return nil, nil
}

// entityOf is the entity of a repository; nil for any other type.
func (l *lifter) entityOf(t typing) *entity {
	if within(t.library, "typeorm") && strings.HasSuffix(t.name, "Repository") && len(t.args) > 0 && t.args[0].class != nil {
		return l.entities[t.args[0].class]
	}
	for c, n := t.class, 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
		if within(c.library, "typeorm") && strings.HasSuffix(c.base, "Repository") && len(c.baseArgs) > 0 {
			if of := l.typed(c.file, c.baseArgs[0]); of.class != nil {
				return l.entities[of.class]
			}
		}
	}
	return nil
}

// entityNamed is the entity whose class an expression is; nil for none.
func (l *lifter) entityNamed(f *function, e syntax.Expr) *entity {
	id, is := unwrapped(e).(*syntax.Ident)
	if !is {
		return nil
	}
	if b := f.binding(id.Name, id.Pos()); b != nil {
		return nil
	}
	if d := l.named(f.file, id.Name); d != nil && d.class != nil {
		return l.entities[d.class]
	}
	return nil
}

// repositories are functions that give a repository of the entity that they are told, in TypeORM or around it.
var repositories = regexp.MustCompile(`^(get\w*Repository|getRepositoryFor|repository)$`)

// repositoryOf is the type of what a call answers that gives a repository.
func (l *lifter) repositoryOf(p *place, e *syntax.Call) typing {
	if p.in == nil || !repositories.MatchString(calledName(e)) {
		return typing{}
	}
	for _, arg := range e.Args {
		if of := l.entityNamed(p.in, arg); of != nil {
			return typing{library: "typeorm", name: "Repository", args: []typing{{class: of.class}}}
		}
	}
	return typing{}
}

// finder reads what a repository is asked.
type finder struct {
	l    *lifter
	f    *function
	e    *entity
	st   *facts.Statement
	args []facts.Value

	mapped bool // rows are stored with all that an object holds
}

func (r *finder) value(e syntax.Expr) *facts.Value {
	v := r.l.value(r.f, e)
	r.args = append(r.args, v)
	return &v
}

func (r *finder) unread() { r.st.Unread, r.st.Nested = true, true }

// repositoryQuery is the query of a method of a repository.
func (l *lifter) repositoryQuery(f *function, call *syntax.Call, name string, verb facts.Verb, e *entity, args []syntax.Expr) *facts.Query {
	if verb == "" {
		verb = facts.Select
	}
	r := &finder{l: l, f: f, e: e, st: &facts.Statement{Verb: verb, Tables: []facts.TableUse{{Table: e.table, Alias: e.table}}}}
	q := &facts.Query{Library: "typeorm", Name: f.file.said(call.Fun), Statement: r.st}
	switch name {
	case "find", "findAndCount", "findOne", "findOneOrFail", "count", "exist", "exists":
		if len(args) > 0 {
			r.options(args[0])
		}
	case "findBy", "findOneBy", "findOneByOrFail", "findAndCountBy", "countBy", "existsBy":
		if len(args) > 0 {
			r.where(args[0], mode{})
		}
	case "findByIds", "findOneById":
		r.byKey(args, map[bool]string{true: "IN", false: "="}[name == "findByIds"])
	case "update", "softDelete", "restore", "delete":
		if len(args) > 0 {
			r.where(args[0], mode{})
		}
		if name == "softDelete" || name == "restore" {
			r.st.Sets = append(r.st.Sets, "deletedAt")
		}
		if name == "update" && len(args) > 1 {
			r.sets(args[1])
		}
	case "increment", "decrement":
		if len(args) > 1 {
			r.where(args[0], mode{})
			if column := e.column(constantText(args[1])); column != "" {
				r.st.Sets, r.st.Self = []string{column}, []string{column}
			}
		}
	case "save":
		if len(args) > 0 {
			r.saved(q, args[0])
		}
	case "insert", "upsert":
		r.st.OnConflict = name == "upsert"
		if len(args) > 0 {
			r.sets(args[0])
		}
	case "remove", "softRemove", "recover":
		if len(args) > 0 && len(e.key) == 1 {
			r.st.Predicates = append(r.st.Predicates, facts.Predicate{Table: e.table, Column: e.key[0], Operator: "=", Arg: r.value(args[0])})
		}
		if name != "remove" {
			r.st.Sets = append(r.st.Sets, "deletedAt")
		}
	default: // sum("column", where)
		if len(args) > 1 {
			r.where(args[1], mode{})
		}
	}
	q.One = strings.HasPrefix(name, "findOne")
	if q.One && r.st.Limit == "" {
		r.st.Limit = "1"
	}
	if strings.HasPrefix(name, "count") || strings.HasPrefix(name, "exist") || verb == facts.Select && len(args) > 0 && constantText(args[0]) != "" && name != "findOne" && name != "findOneById" {
		r.st.Aggregate = true
	}
	q.Args, q.Mapped = r.args, q.Mapped || r.mapped
	return q
}

// byKey asks for rows by their key.
func (r *finder) byKey(args []syntax.Expr, operator string) {
	if len(args) > 0 && len(r.e.key) == 1 {
		r.st.Predicates = append(r.st.Predicates, facts.Predicate{Table: r.e.table, Column: r.e.key[0], Operator: operator, Arg: r.value(args[0])})
	}
}

// options reads the options of find; findOne(id) is of older versions.
func (r *finder) options(e syntax.Expr) {
	o := r.l.object(r.f, e, 0)
	if o == nil {
		if t := r.l.typeOf(r.f, e); t.plain != "" || strings.HasSuffix(strings.ToLower(endName(e)), "id") {
			r.byKey([]syntax.Expr{e}, "=")
			return
		}
		r.value(e)
		r.unread()
		return
	}
	conditions := false
	for _, p := range o.Props {
		if p.Spread {
			r.value(p.Value)
			r.unread()
			continue
		}
		switch p.Key {
		case "where":
			r.where(p.Value, mode{})
		case "take":
			r.st.Limit, r.st.LimitArg = r.f.file.said(p.Value), r.value(p.Value)
		case "skip":
			r.st.Offset = true
			r.value(p.Value)
		case "order":
			r.order(p.Value)
		case "relations":
			r.relations(p.Value)
		case "lock":
			r.st.Locks = strings.Contains(r.f.file.said(p.Value), "pessimistic_write") || strings.Contains(r.f.file.said(p.Value), "for_")
		case "select", "loadEagerRelations", "withDeleted", "cache", "relationLoadStrategy", "loadRelationIds", "comment", "transaction", "join":
		default:
			conditions = conditions || r.e.column(p.Key) != ""
		}
	}
	if conditions { // findOne({email}) of older versions
		r.where(e, mode{})
	}
}

// where reads conditions: an object, several of which one must hold, or the key of a row.
func (r *finder) where(e syntax.Expr, m mode) {
	m.depth++
	if m.depth > 10 {
		r.unread()
		return
	}
	switch x := unwrapped(e).(type) {
	case *syntax.Array:
		if m.depth == 1 && len(x.Items) > 1 {
			m.disjoint = true
		}
		for _, item := range x.Items {
			if item != nil {
				r.where(item, m)
			}
		}
		return
	case *syntax.Cond:
		m.optional = true
		for _, arm := range []syntax.Expr{x.Then, x.Else} {
			if !absent(arm) {
				r.where(arm, m)
			}
		}
		return
	case *syntax.Binary:
		if x.Op == "&&" {
			m.optional = true
			r.where(x.Y, m)
			return
		}
	}
	o := r.l.object(r.f, e, 0)
	if o == nil {
		if absent(e) {
			return
		}
		if t := r.l.typeOf(r.f, e); m.depth == 1 && (t.plain != "" || t.class == nil && strings.HasSuffix(strings.ToLower(endName(e)), "id")) {
			r.byKey([]syntax.Expr{e}, "=")
			return
		}
		r.value(e)
		r.unread()
		return
	}
	for _, p := range o.Props {
		if p.Spread {
			r.where(p.Value, m)
			continue
		}
		r.condition(p, m)
	}
}

// condition reads the condition of one property.
func (r *finder) condition(p *syntax.Property, m mode) {
	if relation := r.e.relations[p.Key]; relation != nil {
		inner := r.l.object(r.f, p.Value, 0)
		to := r.l.entities[relation.to]
		if inner != nil && relation.column != "" && to != nil && len(inner.Props) == 1 && slices.Contains(to.key, to.column(inner.Props[0].Key)) {
			r.compare(relation.column, inner.Props[0].Value, m)
			return
		}
		if inner == nil && relation.column != "" {
			r.compare(relation.column, p.Value, m)
			return
		}
		r.value(p.Value)
		r.st.Nested = true
		return
	}
	column := r.e.column(p.Key)
	if column == "" {
		column = p.Key // of embedded columns, or of what a class that is not at hand has
	}
	r.compare(column, p.Value, m)
}

// operators are the functions that stand for one, with how SQL says it.
var operators = map[string]string{
	"Equal": "=", "In": "IN", "Any": "IN", "Not": "<>", "LessThan": "<", "LessThanOrEqual": "<=", "MoreThan": ">", "MoreThanOrEqual": ">=", "Like": "LIKE", "ILike": "LIKE", "Between": ">=", "IsNull": "IS NULL", "ArrayContains": "@>", "Raw": "",
}

// compare adds a condition on a column.
func (r *finder) compare(column string, e syntax.Expr, m mode) {
	p := facts.Predicate{Table: r.e.table, Column: column, Operator: "=", Disjoint: m.disjoint, Optional: m.optional}
	if call, is := unwrapped(e).(*syntax.Call); is {
		name := calledName(call)
		operator, known := operators[name]
		if _, own := call.Fun.(*syntax.Ident); known && own {
			if operator == "" {
				r.value(e)
				r.unread()
				return
			}
			p.Operator = operator
			if len(call.Args) == 0 {
				r.st.Predicates = append(r.st.Predicates, p)
				return
			}
			if inner, is := unwrapped(call.Args[0]).(*syntax.Call); is && name == "Not" {
				p.Operator = "NOT IN"
				if calledName(inner) == "IsNull" {
					p.Operator = "IS NOT NULL"
				} else {
					p.Arg = r.value(e)
				}
				r.st.Predicates = append(r.st.Predicates, p)
				return
			}
			e = call.Args[0]
		}
	}
	if literal, is := unwrapped(e).(*syntax.Literal); is {
		p.Literal = literal.Value
	} else {
		if cond, is := unwrapped(e).(*syntax.Cond); is && (absent(cond.Then) || absent(cond.Else)) {
			p.Optional = true
		}
		p.Arg = r.value(e)
	}
	r.st.Predicates = append(r.st.Predicates, p)
}

// order reads {createdAt: "DESC"}.
func (r *finder) order(e syntax.Expr) {
	o := r.l.object(r.f, e, 0)
	if o == nil {
		r.st.Order = append(r.st.Order, facts.OrderPart{})
		return
	}
	for _, p := range o.Props {
		r.st.Order = append(r.st.Order, facts.OrderPart{Table: r.e.table, Column: r.e.column(p.Key), Descending: strings.EqualFold(constantText(p.Value), "desc")})
	}
}

// relations reads which rows are read as well: of a list by the key that they hold.
func (r *finder) relations(e syntax.Expr) {
	var names []string
	switch x := unwrapped(e).(type) {
	case *syntax.Array:
		for _, item := range x.Items {
			names = append(names, constantText(item))
		}
	case *syntax.Object:
		for _, p := range x.Props {
			names = append(names, p.Key)
		}
	}
	for _, name := range names {
		first, _, _ := strings.Cut(name, ".")
		relation := r.e.relations[first]
		if relation == nil || !relation.list || relation.back == "" {
			continue
		}
		to := r.l.entities[relation.to]
		if to == nil || to.column(relation.back) == "" {
			continue
		}
		r.st.Inner = append(r.st.Inner, &facts.Statement{
			Name: first, Verb: facts.Select, Tables: []facts.TableUse{{Table: to.table, Alias: to.table}},
			Predicates: []facts.Predicate{{Table: to.table, Column: to.column(relation.back), Operator: "IN", Arg: &facts.Value{Text: first, Kind: "list", Origins: []facts.Origin{{Kind: facts.FromQuery, Name: "typeorm"}}}}},
		})
	}
}

// given notes the objects that become a row with all that they hold.
func (r *finder) given(e syntax.Expr) {
	for _, x := range r.l.wholes(r.f, e, 0) {
		r.value(x)
		r.mapped = true
	}
}

// sets reads the columns that are written.
func (r *finder) sets(e syntax.Expr) {
	r.given(e)
	o := r.l.object(r.f, e, 0)
	if list, is := unwrapped(e).(*syntax.Array); is && len(list.Items) > 0 {
		o = r.l.object(r.f, list.Items[0], 0)
	}
	if o == nil {
		r.value(e)
		return
	}
	for _, p := range o.Props {
		column := r.e.column(p.Key)
		if p.Spread || column == "" {
			r.value(p.Value)
			continue
		}
		r.st.Sets = append(r.st.Sets, column)
		if run, is := unwrapped(p.Value).(*syntax.Func); is { // () => "balance + 1"
			if strings.Contains(r.f.file.said(run), column) {
				r.st.Self = append(r.st.Self, column)
			}
			continue
		}
		r.st.Assigned = append(r.st.Assigned, facts.Assignment{Column: column, Arg: r.value(p.Value)})
	}
}

// saved reads save(row): a row that was read before is stored whole, by its key; one that is made here is inserted.
func (r *finder) saved(q *facts.Query, e syntax.Expr) {
	if o := r.l.object(r.f, e, 0); o != nil {
		known := false
		for _, p := range o.Props {
			known = known || p.Spread || slices.Contains(r.e.key, r.e.column(p.Key))
		}
		r.sets(e)
		if known {
			r.byKey([]syntax.Expr{e}, "=")
		} else {
			r.st.Verb = facts.Insert
		}
		return
	}
	r.given(e)
	for _, s := range r.f.sites { // Object.assign(row, body)
		if name := calledName(s.call); (name == "assign" || name == "merge") && len(s.call.Args) > 1 && endName(s.call.Args[0]) != "" && endName(s.call.Args[0]) == endName(e) {
			for _, arg := range s.call.Args[1:] {
				r.given(arg)
			}
		}
	}
	v := r.value(e)
	if !v.Has(facts.FromQuery) && !v.Has(facts.FromParam) {
		r.st.Verb = facts.Insert
		return
	}
	if madeHere(e, r.f) {
		r.st.Verb = facts.Insert
		return
	}
	if !v.Has(facts.FromQuery) {
		r.st.OnConflict = true // what its caller gives may be new
	}
	q.Mapped = true
	r.st.Sets = []string{"*"}
	if len(r.e.key) == 1 {
		r.st.Predicates = append(r.st.Predicates, facts.Predicate{Table: r.e.table, Column: r.e.key[0], Operator: "=", Arg: v})
	}
}

// madeHere reports whether a row is made in its function: new Order(…), repository.create(…), or a list of such.
func madeHere(e syntax.Expr, f *function) bool {
	switch x := unwrapped(e).(type) {
	case *syntax.Call:
		if x.New {
			return true
		}
		switch calledName(x) {
		case "create":
			return true
		case "map":
			if len(x.Args) == 1 {
				if run, is := unwrapped(x.Args[0]).(*syntax.Func); is && run.Value != nil {
					return madeHere(run.Value, f)
				}
			}
		}
	case *syntax.Array:
		return len(x.Items) > 0 && madeHere(x.Items[0], f)
	case *syntax.Ident:
		if b := f.binding(x.Name, x.Pos()); b != nil && b.init != nil && len(b.path) == 0 && b.of == f {
			return madeHere(b.init, f)
		}
	}
	return false
}
