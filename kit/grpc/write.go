package grpc

import (
	"context"
	"errors"
	"maps"
	"strconv"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/change"
	"github.com/fettlehq/fettle/kit/internal/fetch"
	"github.com/fettlehq/fettle/kit/internal/filter"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// rowWriter writes a row and then reads it as GetLast does.
type rowWriter func(ctx context.Context, tx *query.Tx, sel *query.Select, then rowReader) error

type rowReader func(id kit.ID, row *query.Row, err error) error

// thenRead reads the row that do writes.
func thenRead(do func(ctx context.Context, tx *query.Tx) (kit.ID, error)) rowWriter {
	return func(ctx context.Context, tx *query.Tx, sel *query.Select, then rowReader) error {
		id, err := do(ctx, tx)
		if err != nil {
			return err
		}
		return tx.GetLast(ctx, sel, string(id), func(row *query.Row, err error) error { return then(id, row, err) })
	}
}

// addRow adds a method that writes a row and answers with it. Plan reads the request, and returns what to do in the
// transaction.
func (d *door) addRow(l *linker, m *method, e *meta.Entity, plan func(c *call) (rowWriter, error)) error {
	out, r, err := d.rowOut(l, m, e)
	if err != nil {
		return err
	}
	return d.unary(m, func(ctx context.Context, c *call) ([]byte, error) {
		sel := &query.Select{Entity: e}
		shape, err := c.one(sel, r)
		if err != nil {
			return nil, err
		}
		do, err := plan(c)
		if err != nil {
			return nil, err
		}
		return c.write(ctx, true, func(ctx context.Context, tx *query.Tx, body *[]byte) error {
			return under("input", do(ctx, tx, sel, func(id kit.ID, row *query.Row, err error) error {
				return c.written(out, r, shape, id, row, err, body)
			}))
		})
	})
}

// written answers with a row that was just written. Of one that the viewer may write but not see, only the id is told.
func (c *call) written(out *field, r *resource, s shape, id kit.ID, row *query.Row, err error, body *[]byte) error {
	switch {
	case err == nil:
		*body = c.rowAnswer(out, s, row)
		return nil
	case !kit.HasCode(err, kit.CodeNotFound):
		return err
	}
	w := c.answer()
	start := w.open(out)
	w.text(r.id, string(id))
	w.close(start)
	*body = w.bytes()
	return nil
}

func (d *door) addCreate(l *linker, m *method, e *meta.Entity) error {
	return d.addRow(l, m, e, func(c *call) (rowWriter, error) {
		object, _ := c.in["input"].(input.Object)
		changes, err := changes(e, meta.Create, object)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, tx *query.Tx, sel *query.Select, then rowReader) error {
			return tx.CreateLast(ctx, sel, changes, then)
		}, nil
	})
}

func (d *door) addUpdate(l *linker, m *method, e *meta.Entity) error {
	in, err := m.need("input")
	if err != nil {
		return err
	}
	return d.addRow(l, m, e, func(c *call) (rowWriter, error) {
		object, _ := c.in["input"].(input.Object)
		object, err := c.masked(in.message, object)
		if err != nil {
			return nil, err
		}
		changes, err := changes(e, meta.Update, object)
		if err != nil {
			return nil, err
		}
		version, err := c.version()
		if err != nil {
			return nil, err
		}
		return thenRead(func(ctx context.Context, tx *query.Tx) (kit.ID, error) {
			return tx.Update(ctx, e, c.string("id"), version, changes)
		}), nil
	})
}

// masked is what an update changes: all that is given, or what its mask names. What that names and is absent is cleared.
func (c *call) masked(m *message, object input.Object) (input.Object, error) {
	names, err := readMask(c.in, "updateMask")
	if err != nil || names == nil {
		return object, err
	}
	names = maps.Clone(names)
	out := input.Object{}
	for _, f := range m.fields {
		below, named := names.below(f)
		if !named {
			continue
		}
		if len(below) > 0 {
			return nil, kit.Invalid("updateMask", kit.FieldFormat, "may not lead into %s: it is changed as a whole", f.text)
		}
		out[f.name] = object[f.name]
		if _, given := object[f.name]; !given && f.repeated {
			out[f.name] = []any{}
		}
	}
	for name := range names {
		return nil, kit.Invalid("updateMask", kit.FieldUnknown, "%s is no field of input", strconv.Quote(name[:min(len(name), 64)]))
	}
	return out, nil
}

// version is the one that the row must have, 0 for any.
func (c *call) version() (int64, error) {
	raw, given := c.in["version"]
	if !given {
		return 0, nil
	}
	value, errs := input.Value(&meta.Field{Name: "version", Kind: meta.Int}, raw)
	if errs != nil {
		return 0, invalid(errs)
	}
	version, _ := value.(int64)
	if version == 0 {
		return -1, nil // no row has it: it is STALE to whoever may write, as If-Match: W/"0" is
	}
	return version, nil
}

func changes(e *meta.Entity, verb meta.Verb, object input.Object) ([]query.Change, error) {
	list, errs := change.Read(e, verb, object, func(e *meta.Entity, name string) bool { return filter.Readable(e, name) != nil })
	if errs != nil {
		return nil, under("input", invalid(errs))
	}
	return list, nil
}

func (d *door) addRestore(l *linker, m *method, e *meta.Entity) error {
	return d.addRow(l, m, e, func(c *call) (rowWriter, error) {
		return thenRead(func(ctx context.Context, tx *query.Tx) (kit.ID, error) { return tx.Restore(ctx, e, c.string("id")) }), nil
	})
}

func (d *door) addDelete(_ *linker, m *method, e *meta.Entity) error {
	return d.unary(m, func(ctx context.Context, c *call) ([]byte, error) {
		version, err := c.version()
		if err != nil {
			return nil, err
		}
		return c.write(ctx, true, func(ctx context.Context, tx *query.Tx, body *[]byte) error {
			*body = c.answer().bytes()
			return tx.Delete(ctx, e, c.string("id"), version)
		})
	})
}

// result is how the answer of an operation is written.
type result struct {
	operation *meta.Operation
	field     *field
	resource  *resource  // of rows
	parts     *structure // of a value object
	mask      string
}

func (d *door) addOperation(l *linker, m *method, o *meta.Operation) error {
	m.args = o.Args
	if len(m.out.fields) != 1 {
		return errors.New("its answer has not one field")
	}
	r := result{operation: o, field: m.out.fields[0], mask: free(o.Args, "readMask")}
	var err error
	switch {
	case o.Result.Target() != nil:
		_, r.resource, err = d.rowOut(l, m, o.Result.Target())
	case o.Result.Kind == meta.Value || o.Result.Kind == meta.Input:
		r.parts, err = bindParts(o.Result, r.field.message)
	}
	if err != nil {
		return err
	}
	return d.unary(m, func(ctx context.Context, c *call) ([]byte, error) {
		args, err := c.arguments(o)
		if err != nil {
			return nil, err
		}
		var sel *query.Select
		var s shape
		if r.resource != nil {
			sel = &query.Select{Entity: r.resource.entity}
			if s, err = d.choose(sel, r.resource, c.in, r.mask); err == nil {
				err = d.checkRows(sel, 1, r.mask)
			}
			if err != nil {
				return nil, err
			}
		}
		run := func(ctx context.Context, tx *query.Tx, body *[]byte) error {
			value, err := tx.Call(ctx, o, args)
			if err != nil {
				return fetch.WithStatus(o, err)
			}
			return c.outcome(ctx, tx, r, sel, s, value, body)
		}
		if o.Mutation {
			return c.write(ctx, o.Retry, run)
		}
		var body []byte
		err = c.read(ctx, nil, func(ctx context.Context, tx *query.Tx) error { return run(ctx, tx.Part(), &body) })
		return body, err
	})
}

// outcome answers with what an operation came to: a value, or the rows of an entity.
func (c *call) outcome(ctx context.Context, tx *query.Tx, r result, sel *query.Select, s shape, value any, body *[]byte) error {
	if value != nil && sel != nil {
		ids, many := value.([]any)
		if !many {
			id := kit.ID(input.Text(value))
			return tx.GetLast(ctx, sel, string(id), func(row *query.Row, err error) error {
				return c.written(r.field, r.resource, s, id, row, err, body)
			})
		}
		rows, err := fetch.ByIDs(ctx, tx, sel, ids)
		if err != nil {
			return err
		}
		w := c.answer()
		w.list(r.field, len(rows), func(i int) { w.row(s, rows[i]) })
		*body = w.bytes()
		return nil
	}
	w := c.answer()
	w.part(r.field, r.parts, value)
	*body = w.bytes()
	return nil
}
