package query

import (
	"context"
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Call runs a business operation in the transaction: it validates the arguments, loads the rows that they refer to as
// the viewer may see them, asks the operation's rules and calls its handler. args are as the doors read them, a value
// of each of o.Args, references as ids or keys.
//
// Its problems are INVALID with all that is wrong, NOT_FOUND for a row that is missing or hidden, UNAUTHENTICATED or
// FORBIDDEN where no rule holds, and what the handler returns. A result that is none of its type is an error that is no problem of the caller's.
func (t *Tx) Call(ctx context.Context, o *meta.Operation, args []any) (any, error) {
	handler := t.engine.handlers[o.Name]
	if handler == nil {
		return nil, fmt.Errorf("operation %s: it has no handler", o.Name)
	}
	c, err := t.prepare(ctx, o, args)
	if err != nil {
		return nil, err
	}
	loaded := make([]any, len(o.Args))
	for i, f := range o.Args {
		loaded[i] = c.loaded(f, c.args[i])
	}
	result, err := handler(ctx, t, loaded)
	if err != nil || o.Result == nil {
		return result, err
	}
	if err := t.ofItsType(o.Result, result); err != nil {
		return nil, fmt.Errorf("operation %s: %w", o.Name, err)
	}
	return result, nil
}

// prepare validates the arguments of an operation, loads the rows that they refer to and asks its rules.
func (t *Tx) prepare(ctx context.Context, o *meta.Operation, args []any) (*call, error) {
	rule, params, err := t.operationRule(o)
	if err != nil {
		return nil, err
	}
	if rule == sqlFalse {
		return nil, denied(t.viewer, "use "+o.Name)
	}
	c := &call{tx: t, operation: o, wrong: validator{engine: t.engine}}
	c.validate(args)
	if err := c.wrong.problem(); err != nil {
		return nil, err
	}
	if err := c.load(ctx); err != nil {
		return nil, err
	}
	if rule != sqlTrue {
		if err := c.ask(ctx, rule, params); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// call is one operation on its way to its handler.
type call struct {
	tx        *Tx
	operation *meta.Operation
	args      []any
	wrong     validator
	rows      map[*meta.Entity]map[string]*Row
}

// operationRule is the condition under which the viewer may run o, by its arguments.
func (t *Tx) operationRule(o *meta.Operation) (string, []param, error) {
	if t.system {
		return sqlTrue, nil, nil
	}
	r := t.renderer()
	rule := r.rules(o.Allow, env{args: o.Args})
	if r.err != nil {
		return "", nil, fmt.Errorf("%s: %w", o.Name, r.err)
	}
	return rule, r.params, nil
}

func (c *call) validate(args []any) {
	c.args = make([]any, len(c.operation.Args))
	for i, f := range c.operation.Args {
		var value any
		if i < len(args) {
			value = args[i]
		}
		if value == nil && f.Default != nil && f.Default.Op == meta.OpConst {
			value = canonical(f.Default.Value, f)
		}
		c.args[i] = c.wrong.field(f, f.Name, value)
	}
}

// load reads all rows that the arguments refer to: one statement for each entity among them.
func (c *call) load(ctx context.Context) error {
	var all []named
	for i, f := range c.operation.Args {
		all = references(f, f.Name, c.args[i], func(id string) { c.args[i] = id }, all)
	}
	if err := c.resolveKeys(ctx, all); err != nil {
		return err
	}
	c.rows = map[*meta.Entity]map[string]*Row{}
	for _, n := range all {
		if c.rows[n.target] == nil {
			if err := c.loadEntity(ctx, n.target, all); err != nil {
				return err
			}
		}
	}
	for _, n := range all {
		if c.rows[n.target][n.text] == nil {
			c.wrong.add(n.path, kit.FieldNotFound, "There is no such %s.", n.target.Singular)
		}
	}
	return c.missing()
}

// resolveKeys makes ids of what is named by a key.
func (c *call) resolveKeys(ctx context.Context, all []named) error {
	var byKey []named
	for i := range all {
		n := &all[i]
		if _, isID := canonicalID(n.text); !isID {
			byKey = append(byKey, named{target: n.target, text: n.text, path: n.path, found: func(id string) {
				n.text = id
				n.found(id)
			}})
		}
	}
	if len(byKey) == 0 {
		return nil
	}
	unknown, err := c.tx.resolve(ctx, byKey, &c.wrong)
	if err != nil {
		return err
	}
	for _, n := range unknown {
		n.miss(&c.wrong)
	}
	return c.missing()
}

func (c *call) missing() error {
	if len(c.wrong.wrong) == 0 {
		return nil
	}
	return &kit.Problem{Code: kit.CodeNotFound, Status: 404, Detail: c.wrong.wrong[0].Detail, Fields: c.wrong.wrong}
}

func (c *call) loadEntity(ctx context.Context, e *meta.Entity, all []named) error {
	c.rows[e] = map[string]*Row{}
	if !c.tx.system && len(e.Allow.Read) == 0 {
		return nil
	}
	var ids []string
	for _, n := range all {
		if n.target == e && !slices.Contains(ids, n.text) {
			ids = append(ids, n.text)
		}
	}
	rows, err := c.tx.rows(ctx, Full(e), idsVariant, c.tx.engine.ids(ids, idsVariant))
	for _, row := range rows {
		c.rows[e][string(row.ID)] = row
	}
	return err
}

// references lists the rows that a value of f refers to.
func references(f *meta.Field, path string, value any, found func(id string), all []named) []named {
	items, _ := value.([]any)
	switch {
	case value == nil:
	case f.Repeated:
		one := *f
		one.Repeated = false
		for i, item := range items {
			all = references(&one, path+"."+itoa(i), item, func(id string) { items[i] = id }, all)
		}
	case f.Kind == meta.Reference:
		if text, ok := value.(string); ok {
			all = append(all, named{target: f.Target(), text: text, path: path, found: found})
		}
	case f.Kind == meta.Input || f.Kind == meta.Value:
		for i, part := range f.Fields {
			all = references(part, path+"."+part.Name, items[i], func(id string) { items[i] = id }, all)
		}
	}
	return all
}

// ask asks the operation's rules, with the arguments as parameters.
func (c *call) ask(ctx context.Context, rule string, params []param) error {
	cells := []cell{{class: booleanClass}}
	sql, params := finish("SELECT ("+rule+") IS TRUE", params)
	if _, err := c.tx.one(ctx, sql, params, c.leaves(), cells); err != nil {
		return err
	}
	if !answered(cells[0]) {
		return denied(c.tx.viewer, "use "+c.operation.Name)
	}
	return nil
}

// leaves lists the values of the arguments, as the slots of a statement.
func (c *call) leaves() []any {
	var values []any
	for i, f := range c.operation.Args {
		values = c.leafValues(f, c.args[i], values)
	}
	return values
}

// leafValues lists the values in the order in which leaves lists their paths.
func (c *call) leafValues(f *meta.Field, value any, into []any) []any {
	items, _ := value.([]any)
	switch {
	case f.Repeated && f.Kind == meta.Reference:
		return append(into, c.tx.engine.ids(texts(value), childrenVariant))
	case f.Repeated && !isScalars(f):
		return append(into, nil)
	case f.Kind == meta.Input || f.Kind == meta.Value:
		for i, part := range f.Fields {
			var item any
			if items != nil {
				item = items[i]
			}
			into = c.leafValues(part, item, into)
		}
		return into
	}
	return append(into, value)
}

// loaded is a value as the handler takes it: rows in place of ids.
func (c *call) loaded(f *meta.Field, value any) any {
	items, _ := value.([]any)
	switch {
	case value == nil:
		if f.Kind == meta.Reference && !f.Repeated {
			return (*Row)(nil)
		}
		return nil
	case f.Repeated && f.Kind == meta.Reference:
		rows := make([]*Row, len(items))
		for i, id := range items {
			rows[i] = c.rows[f.Target()][textIn(id)]
		}
		return rows
	case f.Repeated:
		one := *f
		one.Repeated = false
		all := make([]any, len(items))
		for i, item := range items {
			all[i] = c.loaded(&one, item)
		}
		return all
	case f.Kind == meta.Reference:
		return c.rows[f.Target()][textIn(value)]
	case f.Kind == meta.Input || f.Kind == meta.Value:
		parts := make([]any, len(items))
		for i, part := range f.Fields {
			parts[i] = c.loaded(part, items[i])
		}
		return parts
	}
	return value
}
