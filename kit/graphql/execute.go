package graphql

import (
	"context"
	"errors"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/answers"
	"github.com/fettlehq/fettle/kit/internal/fetch"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
)

// result is what a root field came to.
type result struct {
	value    any // as a member expects it
	problem  *kit.Problem
	instance string
}

// execute runs the root fields and writes the answer.
func (d *Door) execute(ctx context.Context, viewer kit.Viewer, p *plan) []byte {
	var results []result
	if p.mutation {
		results = d.mutate(ctx, viewer, p)
	} else {
		results = d.query(ctx, viewer, p)
	}
	return d.told(p, results)
}

// told writes the answer: errors first, where there are any.
func (d *Door) told(p *plan, results []result) []byte {
	w := &writer{limits: d.limits, buf: append(answers.Blank(), `{"data":`...)}
	w.path = w.room[:0]
	start := len(w.buf)
	if !d.data(w, p, results) {
		w.buf = append(w.buf[:start], "null"...)
	}
	w.buf = append(w.buf, '}')
	if len(w.failures) == 0 {
		return w.buf
	}
	buf := appendFailures(append(make([]byte, 0, len(w.buf)+512), `{"errors":`...), w.failures)
	return append(append(buf, ','), w.buf[1:]...)
}

// data writes the root object; false where a root field is null that must not be.
func (d *Door) data(w *writer, p *plan, results []result) bool {
	w.buf = append(w.buf, '{')
	ok := true
	for i, r := range p.roots {
		if i >= len(results) {
			break // a mutation that was not run, since one before it failed for good
		}
		written := w.field(r.field, i == 0, func() bool { return d.root(w, p, r, results[i]) })
		ok = ok && written
	}
	w.buf = append(w.buf, '}')
	return ok
}

func (d *Door) root(w *writer, p *plan, r *root, result result) bool {
	switch {
	case result.problem != nil:
		w.fail(r.field, result.problem, result.instance)
		return false
	case r.definition.Name == typename.Name && p.mutation:
		w.buf = input.AppendString(w.buf, d.schema.ast.Mutation.Name)
		return true
	case isIntrospection(r.definition.Name):
		return d.introspect(w, r.field)
	}
	if row, ok := result.value.(*query.Row); ok && row != nil && p.mutation {
		w.done = row.ID
		defer func() { w.done = "" }()
	}
	return w.member(r.member, result.value)
}

// failed is the result of a root field that failed.
func (d *Door) failed(ctx context.Context, p *plan, err error) result {
	said := d.report.Problem(ctx, p.name, err)
	return result{problem: said, instance: problem.Instance(ctx, said)}
}

// query reads all root fields in one snapshot.
func (d *Door) query(ctx context.Context, viewer kit.Viewer, p *plan) []result {
	results := make([]result, len(p.roots))
	needed := make([]*root, 0, len(p.roots))
	for i, r := range p.roots {
		results[i].problem = r.wrong()
		if r.member != nil && results[i].problem == nil {
			needed = append(needed, r)
		}
	}
	ctx = d.engine.Anywhere(ctx, viewer)
	if len(needed) == 0 {
		return results
	}
	ctx = d.single(ctx, viewer, needed)
	failures := make([]error, len(p.roots))
	err := d.engine.Read(ctx, viewer, func(ctx context.Context, tx *query.Tx) error {
		clear(failures)
		reads := make([]func(*query.Tx), 0, len(needed))
		for i, r := range p.roots {
			if r.member == nil || results[i].problem != nil {
				continue
			}
			reads = append(reads, func(tx *query.Tx) {
				failures[i] = d.run(ctx, tx, r, &results[i].value)
			})
		}
		return tx.Together(ctx, reads)
	})
	var all result
	if err != nil {
		all = d.failed(ctx, p, err)
	}
	for i, r := range p.roots {
		switch {
		case err != nil && r.member != nil:
			results[i] = all
		case failures[i] != nil:
			results[i] = d.failed(ctx, p, failures[i])
		}
	}
	return results
}

// single is ctx for the reads of roots, which may be a statement each.
func (d *Door) single(ctx context.Context, viewer kit.Viewer, roots []*root) context.Context {
	sels := make([]*query.Select, len(roots))
	for i, r := range roots {
		switch r.verb.do {
		case list, get:
			sels[i] = r.sel
		case aggregate:
		default:
			return ctx
		}
	}
	if len(roots) > 1 {
		return d.engine.SingleEach(ctx, viewer, sels)
	}
	if sels[0] == nil {
		return d.engine.SingleAggregate(ctx)
	}
	return d.engine.Single(ctx, sels[0])
}

// mutate runs the root fields one after the other, each in a transaction of its own, up to one that fails and must not
// be null.
func (d *Door) mutate(ctx context.Context, viewer kit.Viewer, p *plan) []result {
	results := make([]result, 0, len(p.roots))
	for _, r := range p.roots {
		one := result{problem: r.wrong()}
		if one.problem == nil && r.member != nil {
			err := d.writer(r)(ctx, viewer, func(ctx context.Context, tx *query.Tx) error {
				return d.run(ctx, tx, r, &one.value)
			})
			if err != nil {
				one = d.failed(ctx, p, err)
			}
		}
		results = append(results, one)
		if one.problem != nil && r.definition.Type.NonNull {
			break
		}
	}
	return results
}

// writer runs the transaction of root fields: again after a collision where all of them may be done again. What is
// generated only runs SQL.
func (d *Door) writer(roots ...*root) replay.Writer {
	for _, r := range roots {
		if r.member != nil && r.verb.operation != nil && !r.verb.operation.Retry {
			return d.engine.Write
		}
	}
	return d.engine.Retry
}

// wrong is the problem of a field whose arguments are wrong, its own or those of a list below it.
func (r *root) wrong() *kit.Problem {
	if r.problem != nil || r.member == nil {
		return r.problem
	}
	return r.member.wrong()
}

func (m *member) wrong() *kit.Problem {
	if m.problem != nil {
		return m.problem
	}
	for _, a := range m.arms {
		if p := a.object.wrong(); p != nil {
			return p
		}
	}
	if p := m.object.wrong(); p != nil || m.page == nil {
		return p
	}
	for _, part := range m.page.members {
		if p := part.node.wrong(); p != nil {
			return p
		}
		for _, edge := range part.edges {
			if p := edge.node.wrong(); p != nil {
				return p
			}
		}
	}
	return nil
}

func (o *object) wrong() *kit.Problem {
	if o == nil {
		return nil
	}
	for _, m := range o.members {
		if p := m.wrong(); p != nil {
			return p
		}
	}
	return nil
}

// run does what a root field asks and reads its result into value; that of a mutation may come with the commit.
func (d *Door) run(ctx context.Context, tx *query.Tx, r *root, value *any) (err error) {
	e := r.verb.entity
	var id kit.ID
	switch r.verb.do {
	case list:
		*value, err = tx.List(ctx, r.sel)
		return err
	case aggregate:
		*value, err = tx.Aggregate(ctx, r.aggregation)
		return err
	case service:
		*value = []any{d.schema.sdl}
		return nil
	case nodes, entities:
		*value, err = d.refer(ctx, tx, r)
		return err
	case get:
		row, err := tx.Get(ctx, r.sel, r.key)
		if isNotFound(err) && !r.definition.Type.NonNull {
			return nil
		}
		*value = row
		return err
	case remove:
		err = tx.Delete(ctx, e, r.key, r.version)
		*value = err == nil
		return err
	case create:
		if query.Exposed(e, meta.Read) {
			return tx.CreateLast(ctx, r.sel, r.changes, func(id kit.ID, row *query.Row, err error) error {
				return reread(r.sel, id, row, err, value)
			})
		}
		id, err = tx.Create(ctx, e, r.changes)
	case update:
		id, err = tx.Update(ctx, e, r.key, r.version, r.changes)
	case restore:
		id, err = tx.Restore(ctx, e, r.key)
	default:
		result, err := tx.Call(ctx, r.verb.operation, r.args)
		if err != nil {
			return fetch.WithStatus(r.verb.operation, err)
		}
		return outcome(ctx, tx, r, result, value)
	}
	if err != nil {
		return err
	}
	return written(ctx, tx, r.sel, id, value)
}

// outcome reads the rows that an operation's result names.
func outcome(ctx context.Context, tx *query.Tx, r *root, result any, value *any) (err error) {
	if result == nil || r.sel == nil {
		*value = result
		return nil
	}
	if ids, many := result.([]any); many {
		*value, err = fetch.ByIDs(ctx, tx, r.sel, ids)
		return err
	}
	return written(ctx, tx, r.sel, kit.ID(input.Text(result)), value)
}

// written reads a row that was just written. Of one that the viewer may write but not see, only the id is told.
func written(ctx context.Context, tx *query.Tx, s *query.Select, id kit.ID, value *any) error {
	if !query.Exposed(s.Entity, meta.Read) {
		*value = blind(s, id)
		return nil
	}
	return tx.GetLast(ctx, s, string(id), func(row *query.Row, err error) error { return reread(s, id, row, err, value) })
}

func reread(s *query.Select, id kit.ID, row *query.Row, err error, value *any) error {
	switch {
	case err == nil:
		*value = row
	case isNotFound(err):
		*value = blind(s, id)
	default:
		return err
	}
	return nil
}

// blind is a row of which only the id is known.
func blind(s *query.Select, id kit.ID) *query.Row {
	row := &query.Row{ID: id, Values: make([]any, len(s.Fields))}
	for i, selection := range s.Fields {
		if selection.Field.Kind == meta.ID && selection.Field.Name == "id" {
			row.Values[i] = string(id)
		}
	}
	return row
}

func isNotFound(err error) bool {
	if err == nil {
		return false
	}
	var p *kit.Problem
	return errors.As(err, &p) && p.Code == kit.CodeNotFound
}
