package grpc

import (
	"cmp"
	"context"
	"errors"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/fetch"
	"github.com/fettlehq/fettle/kit/internal/filter"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

func (d *door) addGet(l *linker, m *method, e *meta.Entity) error {
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
		var row *query.Row
		err = c.read(ctx, func(ctx context.Context) context.Context { return d.engine.Single(ctx, sel) }, func(ctx context.Context, tx *query.Tx) (err error) {
			row, err = tx.Get(ctx, sel, c.string("id"))
			return err
		})
		if err != nil {
			return nil, err
		}
		return c.rowAnswer(out, shape, row), nil
	})
}

// one plans what is read of one row, by the mask of the request.
func (c *call) one(sel *query.Select, r *resource) (shape, error) {
	shape, err := c.door.choose(sel, r, c.in, "readMask")
	if err != nil {
		return nil, err
	}
	return shape, c.door.checkRows(sel, 1, "readMask")
}

// rowAnswer is an answer that holds one row.
func (c *call) rowAnswer(out *field, s shape, row *query.Row) []byte {
	w := c.answer()
	start := w.open(out)
	w.row(s, row)
	w.close(start)
	return w.bytes()
}

// listOut is the fields of an answer with a page.
type listOut struct {
	rows, next, total *field
	resource          *resource
}

func (d *door) listOut(l *linker, m *method, e *meta.Entity) (listOut, error) {
	rows, r, err := d.rowOut(l, m, e)
	if err != nil {
		return listOut{}, err
	}
	out := listOut{rows: rows, next: m.out.names["nextPageToken"], total: m.out.names["totalSize"], resource: r}
	if out.next == nil || out.total == nil {
		return listOut{}, errors.New("its answer is no page")
	}
	return out, nil
}

func (d *door) addList(l *linker, m *method, e *meta.Entity) error { return d.addPage(l, m, e, nil) }

func (d *door) addQuery(l *linker, m *method, o *meta.Operation) error {
	m.args = o.Args
	return d.addPage(l, m, o.Result.Target(), o)
}

// addPage adds a method that answers with a page: of all rows of e, or of those of a query.
func (d *door) addPage(l *linker, m *method, e *meta.Entity, o *meta.Operation) error {
	out, err := d.listOut(l, m, e)
	if err != nil {
		return err
	}
	var args []*meta.Field
	if o != nil {
		args = o.Args
	}
	ls, err := d.listing(m, e, args)
	if err != nil {
		return err
	}
	return d.unary(m, func(ctx context.Context, c *call) ([]byte, error) {
		sel := &query.Select{Entity: e, Query: o}
		if o != nil {
			if sel.Args, err = c.arguments(o); err != nil {
				return nil, err
			}
		}
		shape, err := c.page(sel, out.resource, ls)
		if err != nil {
			return nil, err
		}
		var list *query.List
		err = c.read(ctx, func(ctx context.Context) context.Context { return d.engine.Single(ctx, sel) }, func(ctx context.Context, tx *query.Tx) (err error) {
			list, err = tx.List(ctx, sel)
			return err
		})
		if err != nil {
			return nil, err
		}
		return c.pageAnswer(out, sel, shape, list), nil
	})
}

// addHistory adds a method that answers with a page of who changed a row.
func (d *door) addHistory(l *linker, m *method, e *meta.Entity) error {
	out, err := d.listOut(l, m, e.History())
	if err != nil {
		return err
	}
	ls, err := d.listing(m, e.History(), nil)
	if err != nil {
		return err
	}
	return d.unary(m, func(ctx context.Context, c *call) ([]byte, error) {
		sel := &query.Select{Entity: e.History()}
		shape, err := c.page(sel, out.resource, ls)
		if err != nil {
			return nil, err
		}
		var list *query.List
		err = c.read(ctx, nil, func(ctx context.Context, tx *query.Tx) (err error) {
			list, err = tx.History(ctx, e, c.string("id"), sel)
			return err
		})
		if err != nil {
			return nil, err
		}
		return c.pageAnswer(out, sel, shape, list), nil
	})
}

// arguments reads the arguments of an operation. What else the request has stays out.
func (c *call) arguments(o *meta.Operation) ([]any, error) {
	own := input.Object{}
	for _, f := range o.Args {
		if raw, given := c.in[f.Name]; given {
			own[f.Name] = raw
		}
	}
	values, errs := input.Arguments(o.Args, own)
	if errs != nil {
		return nil, invalid(errs)
	}
	return values, nil
}

// page plans what is read of a page of rows, and which.
func (c *call) page(sel *query.Select, r *resource, ls *listing) (shape, error) {
	errs := c.conditions(sel, ls)
	most := cmp.Or(sel.Paging(nil).Max, 100)
	size, wrong := c.number(ls.size, most)
	if errs = append(errs, wrong...); errs != nil {
		return nil, invalid(errs)
	}
	sel.First, sel.After = int(size), c.string(ls.token)
	sel.Count, _ = c.in[ls.total].(bool)
	shape, err := c.door.choose(sel, r, c.in, ls.mask)
	if err != nil {
		return nil, err
	}
	return shape, c.door.checkRows(sel, fetch.Size(sel, nil), ls.mask)
}

// conditions reads which rows are read, and in which order.
func (c *call) conditions(sel *query.Select, ls *listing) (errs []kit.FieldError) {
	sel.Where, errs = filter.Tree(sel.Entity, ls.filter, c.in[ls.filter])
	if len(sel.Entity.Searched()) > 0 {
		sel.Search = c.string(ls.search)
		if wrong := query.CheckSearch(sel.Search); wrong != nil {
			errs = append(errs, *wrong)
		}
	}
	keys, _ := c.in[ls.order].([]any)
	if len(keys) > 8 {
		return append(errs, kit.FieldError{Field: ls.order, Code: kit.FieldTooLong, Detail: "must have at most 8 keys"})
	}
	for _, key := range keys {
		name, _ := key.(string)
		order, ok := ls.orders[name]
		if !ok {
			errs = append(errs, kit.FieldError{Field: ls.order, Code: kit.FieldUnknown, Detail: "has a key that is none"})
			continue
		}
		sel.Order = append(sel.Order, order)
	}
	return errs
}

// number is a number of the request from 1 to most, 0 where it is absent or 0.
func (c *call) number(name string, most int) (int64, []kit.FieldError) {
	raw, given := c.in[name]
	if !given {
		return 0, nil
	}
	value, errs := input.Value(&meta.Field{Name: name, Kind: meta.Int}, raw)
	n, _ := value.(int64)
	if errs == nil && (n < 0 || n > int64(most)) {
		errs = []kit.FieldError{{Field: name, Code: kit.FieldFormat, Detail: "must be from 1 to " + input.Text(int64(most))}}
	}
	return n, errs
}

func (c *call) pageAnswer(out listOut, sel *query.Select, s shape, list *query.List) []byte {
	w := c.answer()
	w.list(out.rows, len(list.Rows), func(i int) { w.row(s, list.Rows[i]) })
	if list.HasNext {
		w.text(out.next, list.Cursor(len(list.Rows)-1))
	}
	if sel.Count {
		w.scalar(out.total, list.Total)
	}
	return w.bytes()
}

// addStream adds a method that answers with all rows that fit, one after the other. They are read a page at a time, so that
// a caller who is slow holds no transaction.
func (d *door) addStream(l *linker, m *method, e *meta.Entity) error {
	out, r, err := d.rowOut(l, m, e)
	if err != nil {
		return err
	}
	token := m.out.names["pageToken"]
	if token == nil {
		return errors.New("its answer has no page_token")
	}
	ls, err := d.listing(m, e, nil)
	if err != nil {
		return err
	}
	return d.stream(m, func(ctx context.Context, c *call, send func([]byte) error) error {
		sel := &query.Select{Entity: e}
		errs := c.conditions(sel, ls)
		limit, wrong := c.number("limit", 1<<40)
		if errs = append(errs, wrong...); errs != nil {
			return invalid(errs)
		}
		shape, err := d.choose(sel, r, c.in, ls.mask)
		if err != nil {
			return err
		}
		size := cmp.Or(sel.Paging(nil).Max, 100)
		for size > 1 && d.checkRows(sel, size, ls.mask) != nil {
			size /= 2 // smaller pages, since nobody sees them
		}
		if err := d.checkRows(sel, size, ls.mask); err != nil {
			return err
		}
		return c.rows(ctx, sel, c.string(ls.token), limit, size, func(row *query.Row, at string) error {
			w := c.answer()
			start := w.open(out)
			w.row(shape, row)
			w.close(start)
			w.text(token, at)
			return send(w.bytes())
		})
	})
}

// rows calls do with each row of sel, behind the cursor after, a page of size at a time; with the last of a page it tells
// where that is.
func (c *call) rows(ctx context.Context, sel *query.Select, after string, limit int64, size int, do func(row *query.Row, at string) error) error {
	for left := limit; ; {
		page := *sel
		page.First, page.After = size, after
		if limit > 0 {
			page.First = int(min(left, int64(size)))
		}
		var list *query.List
		err := c.read(ctx, func(ctx context.Context) context.Context { return c.door.engine.Single(ctx, &page) }, func(ctx context.Context, tx *query.Tx) (err error) {
			list, err = tx.List(ctx, &page)
			return err
		})
		if err != nil {
			return err
		}
		for i, row := range list.Rows {
			at := ""
			if i == len(list.Rows)-1 {
				after = list.Cursor(i)
				at = after
			}
			if err := do(row, at); err != nil {
				return err
			}
		}
		if left -= int64(len(list.Rows)); !list.HasNext || limit > 0 && left <= 0 {
			return nil
		}
	}
}
