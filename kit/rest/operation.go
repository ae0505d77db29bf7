package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/fetch"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// operation is a business operation at this door.
type operation struct {
	*meta.Operation
	wildcards []string // of the path, as the design names them: arguments
	names     []string // of the same wildcards, as the route names them
	whole     bool     // the body, or the query, is the one input itself
}

func (d *door) addOperation(rs *routes, o *meta.Operation) {
	if len(o.Allow) == 0 {
		return
	}
	method := o.Method
	if method == "" {
		method = http.MethodPost
	}
	rs.add(method, o.Path, func(names []string) action {
		op := &operation{Operation: o, names: names, wildcards: wildcards(o.Path), whole: isWhole(o)}
		if o.Where != nil {
			return action{name: o.Name, do: func(c *call) error {
				c.tell(o.Deprecated)
				return c.query(op)
			}}
		}
		body := o.Args
		if op.whole {
			body = o.Args[0].Fields
		}
		return action{name: o.Name, body: body, do: func(c *call) error {
			c.tell(o.Deprecated)
			return c.operate(op)
		}, once: o.Mutation && !o.Retry}
	})
}

// isWhole tells whether the one argument is an input called input.
func isWhole(o *meta.Operation) bool {
	return len(o.Args) == 1 && o.Args[0].Name == "input" && o.Args[0].Kind == meta.Input && !o.Args[0].Repeated
}

// atTheBody is err with its fields where the client wrote them: where the body is the input itself, they are not in one.
func (o *operation) atTheBody(err error) error {
	var p *kit.Problem
	if !o.whole || !errors.As(err, &p) || len(p.Fields) == 0 {
		return err
	}
	said := *p
	said.Fields = slices.Clone(p.Fields)
	for i, f := range said.Fields {
		said.Fields[i].Field = strings.TrimPrefix(f.Field, o.Args[0].Name+".")
	}
	return &said
}

func (c *call) operate(o *operation) error {
	var repeated *replay.Request
	var err error
	if o.Mutation {
		if repeated, err = replay.Read(c.r); err != nil {
			return err
		}
		if err := c.conditionsOfCall(false); err != nil {
			return err
		}
	}
	args, err := c.arguments(o, func(fields []*meta.Field) (input.Object, error) { return c.members(o, fields) })
	if err != nil {
		return err
	}
	s, err := c.resultSelect(o)
	if err != nil {
		return err
	}
	run := func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error {
		value, err := tx.Call(ctx, o.Operation, args)
		if err != nil {
			return o.atTheBody(fetch.WithStatus(o.Operation, err))
		}
		return load(ctx, tx, s, value, func(result outcome) { *answer = outcomeAnswer(o.Result, s, result) })
	}
	if o.Mutation {
		return c.writeOnce(repeated, o.Retry, run)
	}
	var answer replay.Answer
	err = c.read(func(ctx context.Context, tx *query.Tx) error { return run(ctx, tx.Part(), &answer) })
	if err != nil {
		return err
	}
	if answer.ETag == "" {
		return c.sendPage(answer.Body)
	}
	return c.send(answer)
}

// query answers with a page of the rows of a query: its arguments are parameters beside those of every list.
func (c *call) query(o *operation) error {
	parameters, err := c.parameters()
	if err != nil {
		return err
	}
	own, others := url.Values{}, url.Values{}
	for name, texts := range parameters {
		if slices.ContainsFunc(o.Args, func(f *meta.Field) bool { return f.Name == name }) {
			own[name] = texts
		} else {
			others[name] = texts
		}
	}
	args, err := c.arguments(o, func(fields []*meta.Field) (input.Object, error) { return c.fromQuery(own, fields) })
	if err != nil {
		return err
	}
	s := &query.Select{Entity: o.Result.Target(), Query: o.Operation, Args: args}
	if err := c.readParameters(s, others); err != nil {
		return err
	}
	return c.answerList(s, parameters)
}

// arguments reads the arguments: those of the path, then the members of the body or, of GET and DELETE, of the query.
func (c *call) arguments(o *operation, members func(fields []*meta.Field) (input.Object, error)) ([]any, error) {
	fields := o.Args
	if o.whole {
		fields = o.Args[0].Fields
	}
	texts := map[string]string{}
	for i, wildcard := range o.wildcards {
		texts[wildcard] = c.r.PathValue(o.names[i])
		if !isText(texts[wildcard]) {
			return nil, kit.NotFound("resource")
		}
	}
	object, err := members(fields)
	if err != nil {
		return nil, err
	}
	c.tellSent(fields, object)
	for name := range texts {
		if _, twice := object[name]; twice {
			return nil, kit.Invalid(name, kit.FieldUnknown, "stands in the path already")
		}
	}
	for _, f := range fields {
		if text, ok := texts[f.Name]; ok {
			object[f.Name] = input.Tree(f, text)
		}
	}
	values, errs := input.Arguments(fields, object)
	if errs != nil {
		return nil, invalid(errs)
	}
	if o.whole {
		return []any{values}, nil
	}
	return values, nil
}

func (c *call) members(o *operation, fields []*meta.Field) (input.Object, error) {
	if o.Method != http.MethodGet && o.Method != http.MethodDelete {
		if _, err := c.onlyParameters(o.shapeParameters()...); err != nil {
			return nil, err
		}
		return c.body(true, "application/json")
	}
	values, err := c.parameters()
	if err != nil {
		return nil, err
	}
	return c.fromQuery(values, fields, o.shapeParameters()...)
}

// shapeParameters are those that say what is shown of the rows that o returns. An argument of such a name is meant itself.
func (o *operation) shapeParameters() []string {
	if o.Result.Target() == nil {
		return nil
	}
	return slices.DeleteFunc([]string{paramInclude, paramFields}, func(name string) bool {
		return slices.ContainsFunc(o.Args, func(f *meta.Field) bool { return f.Name == name })
	})
}

// fromQuery reads the members of fields from parameters, beside which others may stand.
func (c *call) fromQuery(values url.Values, fields []*meta.Field, others ...string) (input.Object, error) {
	p := &parameters{call: c, values: values}
	object := input.Object{}
	for name := range values {
		i := slices.IndexFunc(fields, func(f *meta.Field) bool { return f.Name == name })
		switch text, _ := p.one(name); {
		case i >= 0:
			object[name] = input.Tree(fields[i], text)
		case !slices.Contains(others, name):
			names := slices.Clone(others)
			for _, f := range fields {
				names = append(names, f.Name)
			}
			p.unknown(name, names)
		}
	}
	return object, p.err()
}

// resultSelect is what to read of the entity that the operation returns; nil where it returns none.
func (c *call) resultSelect(o *operation) (*query.Select, error) {
	if o.Result.Target() == nil {
		return nil, nil
	}
	values, err := c.parameters()
	if err != nil {
		return nil, err
	}
	p := &parameters{call: c, values: url.Values{}}
	for _, name := range o.shapeParameters() {
		if texts, ok := values[name]; ok {
			p.values[name] = texts
		}
	}
	r := c.door.resources[o.Result.Target().Name]
	s := &query.Select{Entity: r.entity, Fields: c.selections(r, p)}
	if err := p.err(); err != nil {
		return nil, err
	}
	return s, c.checkRows(s, 1)
}

// outcome is the result of an operation: a value, or the rows of an entity.
type outcome struct {
	value any
	rows  []*query.Row
	id    kit.ID // of one row that the viewer may not see
}

// load reads the rows that an operation's result names, the last thing in its transaction.
func load(ctx context.Context, tx *query.Tx, s *query.Select, value any, loaded func(outcome)) error {
	if s == nil || value == nil {
		loaded(outcome{value: value})
		return nil
	}
	if ids, many := value.([]any); many {
		rows, err := fetch.ByIDs(ctx, tx, s, ids)
		if err == nil {
			loaded(outcome{value: value, rows: rows})
		}
		return err
	}
	id := kit.ID(input.Text(value))
	return visible(ctx, tx, s, id, func(row *query.Row) {
		if row == nil {
			loaded(outcome{value: value, id: id})
			return
		}
		loaded(outcome{value: value, rows: []*query.Row{row}})
	})
}

func outcomeAnswer(result *meta.Field, s *query.Select, o outcome) replay.Answer {
	a := replay.Answer{Status: http.StatusOK}
	switch {
	case s == nil || o.value == nil:
		a.Body = input.AppendJSON(nil, result, o.value)
	case result.Repeated || result.Kind == meta.List:
		a.Body = appendRows(nil, s, o.rows)
	case len(o.rows) == 0:
		a.Body = appendID(nil, string(o.id))
	default:
		return rowAnswer(http.StatusOK, s, o.rows[0])
	}
	return a
}
