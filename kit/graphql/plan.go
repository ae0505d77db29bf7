package graphql

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/change"
	"github.com/fettlehq/fettle/kit/internal/fetch"
	"github.com/fettlehq/fettle/kit/internal/filter"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// plan is an operation that is ready to run.
type plan struct {
	name         string // of the operation, for logs and metrics
	mutation     bool
	subscription bool
	roots        []*root
}

// root is one field of the query or mutation.
type root struct {
	*field
	verb    verb
	known   *selection    // what an earlier request made of the field's selection set; nil: to be made
	sel     *query.Select // nil where no rows are read
	member  *member       // how the result is written; nil for introspection
	key     string        // of get, update, remove
	version int64
	changes []query.Change
	args    []any
	problem *kit.Problem // of the arguments: an error of this field

	aggregation *query.Aggregation // nil where rows are read
	references  []reference        // the rows that are read where they are named, and how those of each type are
	referred    []referred
}

// member is how one field of an answer is written.
type member struct {
	*field
	shape   shape
	index   int // of Row.Values, or of the parts of a value object
	column  *meta.Field
	object  *object      // of shapeObject, shapeParts, shapeArray
	page    *page        // of shapePage
	most    int          // rows of shapeArray and shapePage that it may hold
	groups  *groups      // of shapeGroups
	arms    []arm        // of shapeUnion
	problem *kit.Problem // of the arguments of a list
}

// shape says what a member is made from.
type shape uint8

const (
	shapeScalar     shape = iota
	shapeTypename         // the name of the object's type
	shapeObject           // *query.Row
	shapeParts            // []any, or a list of them
	shapeArray            // *query.List or []*query.Row, without pages
	shapePage             // *query.List as a connection
	shapeGroups           // *query.Groups
	shapeUnion            // the one *query.Row among arms that is there
	shapeReferences       // []referent, each as its own object says
)

// arm is how a union is written where a row of one of its types is meant.
type arm struct {
	index  int // of Row.Values
	object *object
}

// object is how the fields of one type are written.
type object struct {
	name    string
	members []*member
}

// page is how a connection is written.
type page struct {
	name    string
	members []*pageMember
}

// pageMember is a field of a connection or of an edge.
type pageMember struct {
	*field
	node  *object       // of nodes, and of an edge's node
	edges []*pageMember // of edges
	info  []*field      // of pageInfo
}

// plan makes a request ready to run.
func (d *Door) plan(req request) (*plan, []*failure) {
	document, failures := d.requested(req)
	if failures != nil {
		return nil, failures
	}
	op, f := operation(document, req.operation)
	if f != nil {
		return nil, []*failure{f}
	}
	variables, failures := d.coerceVariables(op, req.variables)
	if failures != nil {
		return nil, failures
	}
	owner, verbs := d.schema.ast.Query, d.schema.queries
	switch op.Operation {
	case ast.Mutation:
		owner, verbs = d.schema.ast.Mutation, d.schema.mutations
	case ast.Subscription:
		owner, verbs = d.schema.ast.Subscription, d.schema.subscriptions
	}
	if owner == nil {
		return nil, []*failure{badRequest(codeDocument, "There are no operations of this kind here.", op.Position)}
	}
	c := &collector{door: d, fragments: document.Fragments, variables: variables}
	at := slices.Index(document.Operations, op)
	if known := document.settled[at].Load(); known != nil {
		return d.planRoots(op, verbs, known.again(c), known.selections)
	}
	fields := c.collect(owner, []ast.SelectionSet{op.SelectionSet}, 1)
	if c.failure == nil && len(fields) > d.limits.Roots {
		c.fail("roots", d.limits.Roots, "The document has more than "+strconv.Itoa(d.limits.Roots)+" root fields.", op.Position)
	}
	if c.failure != nil {
		return nil, []*failure{c.failure}
	}
	p, failures := d.planRoots(op, verbs, fields, nil)
	if failures == nil && settles(document, op) {
		document.settled[at].Store(settle(p))
	}
	return p, failures
}

// planRoots plans the root fields of an operation. known has what earlier requests made of their selection sets, if they did.
func (d *Door) planRoots(op *ast.OperationDefinition, verbs map[string]verb, fields []*field, known []*selection) (*plan, []*failure) {
	p := &plan{mutation: op.Operation == ast.Mutation, subscription: op.Operation == ast.Subscription}
	if p.subscription && (len(fields) != 1 || isIntrospection(fields[0].definition.Name)) {
		return nil, []*failure{badRequest(codeDocument, "A subscription has one root field.", op.Position)}
	}
	rows := 0
	for i, f := range fields {
		if d.options.HideSchema && isSchemaRoot(f.definition) {
			return nil, []*failure{{message: "The schema is not shown here.", at: f.at, problem: kit.Forbidden("read the schema")}}
		}
		r := &root{field: f, verb: verbs[f.definition.Name]}
		if known != nil {
			r.known = known[i]
		}
		if !isIntrospection(f.definition.Name) {
			d.planRoot(r)
			rows += r.rows(d.limits.Rows)
		}
		p.roots = append(p.roots, r)
	}
	p.name = operationName(op, fields)
	if rows > d.limits.Rows {
		detail := "This may bring " + strconv.Itoa(rows) + " rows, more than " + strconv.Itoa(d.limits.Rows) + ": ask for smaller pages or select less."
		return nil, []*failure{tooMuch("rows", d.limits.Rows, detail, op.Position)}
	}
	if cost := p.cost(d.limits.Cost); cost > d.limits.Cost {
		detail := "This may bring more than " + strconv.Itoa(d.limits.Cost) + " values: ask for smaller pages or select less."
		return nil, []*failure{tooMuch("cost", d.limits.Cost, detail, op.Position)}
	}
	return p, nil
}

// operationName names what is run by its root field: "query articles". It stands in metrics, so several roots share one
// name: their combinations are the caller's to choose.
func operationName(op *ast.OperationDefinition, fields []*field) string {
	if len(fields) == 1 {
		return string(op.Operation) + " " + fields[0].definition.Name
	}
	return string(op.Operation) + " of several"
}

func (r *root) rows(limit int) int {
	switch {
	case r.aggregation != nil && len(r.aggregation.Groups) > 0:
		return cmp.Or(r.aggregation.First, query.DefaultGroups)
	case r.referred != nil:
		return r.rowsOfReferences(limit)
	case r.sel == nil:
		return 1
	}
	rows := fetch.Rows(r.sel, limit)
	if r.verb.do == list {
		rows *= fetch.Size(r.sel, nil)
	}
	return rows
}

// planRoot reads the arguments of a root field and plans what it reads.
func (d *Door) planRoot(r *root) {
	e := r.verb.entity
	switch r.verb.do {
	case call:
		d.planCall(r)
		return
	case list:
		d.planQuery(r)
		return
	case aggregate:
		d.planAggregate(r)
		return
	case nodes:
		d.planNodes(r)
		return
	case entities:
		d.planEntities(r)
		return
	case service:
		d.planService(r)
		return
	case get:
		r.key = input.Text(r.arguments[r.definition.Arguments[0].Name])
	case create:
		r.changes, r.problem = changes(e, meta.Create, r.arguments["input"])
	case update:
		r.key = input.Text(r.arguments["id"])
		r.version, r.problem = version(r.arguments["version"])
		if r.problem == nil {
			r.changes, r.problem = changes(e, meta.Update, r.arguments["input"])
		}
	case restore:
		r.key = input.Text(r.arguments["id"])
	case follow:
		d.planSubscription(r)
		return
	case remove:
		r.key = input.Text(r.arguments["id"])
		r.version, r.problem = version(r.arguments["version"])
		r.member = &member{field: r.field, column: &meta.Field{Kind: meta.Boolean}}
		return
	}
	r.sel = &query.Select{Entity: e}
	r.member = &member{field: r.field, shape: shapeObject, object: r.object()}
}

// planQuery plans a list of rows: all of an entity, or those of a query.
func (d *Door) planQuery(r *root) {
	r.sel = &query.Select{Entity: r.verb.entity, Query: r.verb.operation}
	if o := r.verb.operation; o != nil {
		own := input.Object{}
		for _, a := range o.Args {
			if value, given := r.arguments[a.Name]; given {
				own[a.Name] = value
			}
		}
		values, errs := input.Arguments(o.Args, own)
		r.sel.Args = values
		if errs != nil {
			r.problem = invalid(errs)
		}
	}
	if problem := pageArguments(r.sel, r.arguments); r.problem == nil {
		r.problem = problem
	}
	r.member = &member{field: r.field, shape: shapePage, page: r.page(), most: fetch.Size(r.sel, nil)}
}

// planSubscription plans what is read of each row that was written.
func (d *Door) planSubscription(r *root) {
	o := r.verb.operation
	values, errs := input.Arguments(o.Args, r.arguments)
	if errs != nil {
		r.problem = invalid(errs)
	}
	r.sel = &query.Select{Entity: r.verb.entity, Query: o, Args: values}
	r.member = &member{field: r.field, shape: shapeObject, object: planObject(r.definition.Type.Name(), r.fields, r.sel)}
}

func (d *Door) planCall(r *root) {
	o := r.verb.operation
	values, errs := input.Arguments(o.Args, r.arguments)
	r.args = values
	if errs != nil {
		r.problem = invalid(errs)
	}
	r.member = &member{field: r.field, column: o.Result}
	many := o.Result.Repeated || o.Result.Kind == meta.List
	switch {
	case o.Result.Target() != nil:
		r.sel = &query.Select{Entity: o.Result.Target()}
		r.member.object = planObject(r.definition.Type.Name(), r.fields, r.sel)
		r.member.shape = shapeObject
		if many {
			r.member.shape = shapeArray
		}
	case o.Result.Kind == meta.Value || o.Result.Kind == meta.Input:
		r.member.shape, r.member.object = shapeParts, planParts(o.Result, r.fields)
	}
}

func invalid(errs []kit.FieldError) *kit.Problem {
	return &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "The input is invalid.", Fields: errs}
}

func version(raw any) (int64, *kit.Problem) {
	value, errs := input.Value(&meta.Field{Name: "version", Kind: meta.Int, Null: true}, raw)
	if errs != nil {
		return 0, invalid(errs)
	}
	version, _ := value.(int64)
	if raw != nil && version == 0 {
		return -1, nil // no row has it: it is STALE to whoever may write, as If-Match: W/"0" is
	}
	return version, nil
}

func changes(e *meta.Entity, verb meta.Verb, raw any) ([]query.Change, *kit.Problem) {
	object, _ := raw.(input.Object)
	list, errs := change.Read(e, verb, object, func(e *meta.Entity, name string) bool { return filter.Readable(e, name) != nil })
	if errs != nil {
		return nil, invalid(errs)
	}
	return list, nil
}

// planObject makes s read what fields select of its entity, and says how to write it.
func planObject(name string, fields []*field, s *query.Select) *object {
	s.Unversioned = true // no answer has a version that was not asked for
	o := &object{name: name, members: make([]*member, 0, len(fields))}
	for _, f := range fields {
		m := &member{field: f}
		o.members = append(o.members, m)
		if f.definition.Name == typename.Name {
			m.shape = shapeTypename
			continue
		}
		m.column = s.Entity.Field(f.definition.Name)
		switch m.column.Kind {
		case meta.Reference:
			m.shape = shapeObject
			m.index, m.object = planReference(s, m.column, f.definition.Type.Name(), f.fields)
		case meta.Union:
			m.shape = shapeUnion
			for _, reference := range query.ShownArms(m.column) {
				name := reference.Target().Name
				index, object := planReference(s, reference, name, f.possible[name])
				m.arms = append(m.arms, arm{index, object})
			}
		case meta.List:
			m.index = len(s.Fields) // never shared: arguments differ
			s.Fields = append(s.Fields, query.Selection{Field: m.column})
			s.Fields[m.index].Nested = planList(m)
		case meta.Value:
			m.index, m.shape, m.object = selected(s, m.column), shapeParts, planParts(m.column, f.fields)
		default:
			m.index = selected(s, m.column)
		}
	}
	if len(s.Fields) == 0 {
		s.Fields = append(s.Fields, query.Selection{Field: s.Entity.Field("id")})
	}
	return o
}

// planReference makes s read what fields select of the row that f refers to, and says where it stands and how to write it.
func planReference(s *query.Select, f *meta.Field, name string, fields []*field) (int, *object) {
	index := selected(s, f)
	nested := s.Fields[index].Nested
	if nested == nil {
		nested = &query.Select{Entity: f.Target(), Fields: []query.Selection{{Field: f.Target().Field("id")}}}
	}
	o := planObject(name, fields, nested)
	if len(nested.Fields) > 1 {
		s.Fields[index].Nested = nested // else the id alone, which needs no other table
	}
	return index, o
}

// selected is the index of f among the fields that s reads.
func selected(s *query.Select, f *meta.Field) int {
	for i, selection := range s.Fields {
		if selection.Field == f {
			return i
		}
	}
	s.Fields = append(s.Fields, query.Selection{Field: f})
	return len(s.Fields) - 1
}

func planList(m *member) *query.Select {
	nested := &query.Select{Entity: m.column.Target()}
	m.problem = pageArguments(nested, m.arguments)
	m.most = fetch.Size(nested, m.column)
	if m.column.Bound > 0 {
		m.shape, m.object = shapeArray, planObject(m.definition.Type.Name(), m.fields, nested)
	} else {
		m.shape, m.page = shapePage, planPage(m.field, nested)
	}
	return nested
}

// planParts says how to write a value object, or an operation's result that is no entity.
func planParts(of *meta.Field, fields []*field) *object {
	o := &object{name: of.Type, members: make([]*member, 0, len(fields))}
	for _, f := range fields {
		m := &member{field: f}
		o.members = append(o.members, m)
		if f.definition.Name == typename.Name {
			m.shape = shapeTypename
			continue
		}
		for i, part := range of.Fields {
			if part.Name == f.definition.Name {
				m.index, m.column = i, part
			}
		}
		if m.column.Kind == meta.Value || m.column.Kind == meta.Input {
			m.shape, m.object = shapeParts, planParts(m.column, f.fields)
		}
	}
	return o
}

// planPage makes s read what the fields of a connection select.
func planPage(connection *field, s *query.Select) *page {
	p := &page{name: connection.definition.Type.Name()}
	s.Unplaced = true // unless cursors are asked for, or what is before and behind the page
	for _, f := range connection.fields {
		m := &pageMember{field: f}
		p.members = append(p.members, m)
		switch f.definition.Name {
		case "nodes":
			m.node = planObject(f.definition.Type.Name(), f.fields, s)
		case "edges":
			for _, part := range f.fields {
				edge := &pageMember{field: part}
				m.edges = append(m.edges, edge)
				switch part.definition.Name {
				case "node":
					edge.node = planObject(part.definition.Type.Name(), part.fields, s)
				case "cursor":
					s.Unplaced = false
				}
			}
		case "pageInfo":
			m.info, s.Unplaced = f.fields, false
		case "totalCount":
			s.Count = true
		}
	}
	if len(s.Fields) == 0 {
		s.Fields = append(s.Fields, query.Selection{Field: s.Entity.Field("id")})
	}
	return p
}
