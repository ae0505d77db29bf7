package query

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

func itoa(n int) string { return strconv.Itoa(n) }

// defaults fills in what the caller did not give, but for numbers.
func (w *write) defaults(ctx context.Context) error {
	for _, f := range w.entity.Fields {
		if _, given := w.values[f]; given || f.Default == nil || counts(f) {
			continue
		}
		value, err := w.evaluate(ctx, f.Default, f)
		if err != nil {
			return fmt.Errorf("%s.%s: default: %w", w.entity.Name, f.Name, err)
		}
		if value == nil {
			if !f.Null && !w.tx.viewer.SignedIn() && isViewer(f.Default) {
				return kit.Unauthenticated()
			}
			continue
		}
		w.values[f], w.defaulted = value, append(w.defaulted, f)
		w.trust[f] = f.Kind == meta.Reference
		w.addresses(f)
	}
	return nil
}

func isViewer(x *meta.Expr) bool { return x.Op == meta.OpGet && x.Root == meta.RootViewer }

// evaluate works a default out: here where that is possible, else in the database.
func (w *write) evaluate(ctx context.Context, x *meta.Expr, f *meta.Field) (any, error) {
	switch {
	case x.Op == meta.OpConst:
		return canonical(x.Value, f), nil
	case isViewer(x) && len(x.Path) == 0:
		if !w.tx.viewer.SignedIn() {
			return nil, nil
		}
		return string(w.tx.viewer.ID), nil
	case x.Op == meta.OpNow && f.Kind == meta.DateTime:
		return w.tx.now, nil
	case x.Op == meta.OpNow && f.Kind == meta.Date:
		return kit.Date{Year: w.tx.now.Year(), Month: w.tx.now.Month(), Day: w.tx.now.Day()}, nil
	case x.Op == meta.OpGet && x.Root == meta.RootThis && len(x.Path) == 1:
		return w.values[w.entity.Field(x.Path[0])], nil
	case x.Op == meta.OpCall && x.Name == "token":
		size := 32
		if len(x.Args) > 0 {
			if n, ok := x.Args[0].Value.(int64); ok {
				size = int(n)
			}
		}
		return kit.Token(size), nil
	case x.Op == meta.OpCall && x.Name == "slug" && len(x.Args) == 1:
		return w.slug(ctx, x.Args[0], f)
	}
	return w.select1(ctx, x, f)
}

// select1 has the database work a value out, of the values that the row has so far.
func (w *write) select1(ctx context.Context, x *meta.Expr, f *meta.Field) (any, error) {
	r := w.tx.renderer()
	var values []any
	row := &scope{entity: w.entity, bound: func(g *meta.Field) int {
		values = append(values, w.soFar(g))
		return len(values) - 1
	}}
	o := r.value(x, env{this: row})
	if o.typ.untyped {
		o = r.constant(x, fieldType(f))
	}
	if r.err != nil || o.sql == sqlNull {
		return nil, r.err
	}
	if o.typ.reckoned {
		o = r.fitted(o, f)
	}
	cells := []cell{{class: r.class(o.typ.kind), kind: o.typ.kind, scale: o.typ.scale}}
	sql, params := finish("SELECT "+r.selected(bracket(o.sql), o.typ.kind), r.params)
	if _, err := w.tx.one(ctx, sql, params, values, cells); err != nil {
		return nil, err
	}
	return cells[0].value()
}

// soFar is the value of a field, or of a part of a value object.
func (w *write) soFar(f *meta.Field) any {
	for holder, value := range w.values {
		if i := slices.Index(holder.Fields, f); i >= 0 {
			if parts, ok := value.([]any); ok {
				return parts[i]
			}
		}
	}
	return w.stored(f)
}

// invents tells whether the server made a value up for the row, by slug or token, that must be unique.
func (w *write) invents() bool {
	return slices.ContainsFunc(w.defaulted, func(f *meta.Field) bool {
		return invented(f.Default) && slices.ContainsFunc(w.entity.Uniques, func(u meta.Unique) bool { return slices.Contains(u.Fields, f.Name) })
	})
}

func invented(x *meta.Expr) bool {
	return x.Op == meta.OpCall && (x.Name == "slug" || x.Name == "token") || slices.ContainsFunc(x.Args, invented)
}

// inventAgain makes up other values, and works out anew what may have come of those that were taken. References come of none.
func (w *write) inventAgain(ctx context.Context) error {
	for _, f := range w.defaulted {
		if f.Kind != meta.Reference {
			delete(w.values, f)
		}
	}
	w.second, w.defaulted = true, nil
	return w.defaults(ctx)
}

// slug is a text in the form of an address; one that is taken gets a suffix, and so does a key that would be read as an id.
func (w *write) slug(ctx context.Context, x *meta.Expr, f *meta.Field) (any, error) {
	value, err := w.evaluate(ctx, x, f)
	text, _ := value.(string)
	slug := kit.Slug(text)
	if err != nil || slug == "" {
		slug = strings.ToLower(kit.Token(8))
	}
	if letters := []rune(slug); f.MaxLength > 8 && len(letters) > f.MaxLength-8 {
		slug = strings.Trim(string(letters[:f.MaxLength-8]), "-")
	}
	if w.second || f.Name == w.entity.Key && kit.IsID(slug) { // whoever has it may have come since it was looked up
		return suffixed(slug), nil
	}
	var taken int64
	cells := []cell{{class: integerClass, kind: meta.Int64}}
	r := w.tx.renderer()
	from := r.table(&scope{entity: w.entity, alias: "t"}) + " WHERE " + ident(f.Column) + " = " + r.param(param{source: slotSource, typ: typ{kind: meta.String}})
	sql, params := finish("SELECT count(*) FROM "+from, r.params)
	if _, err := w.tx.one(ctx, sql, params, []any{slug}, cells); err != nil {
		return nil, err
	}
	if cells[0].integer != nil {
		taken = *cells[0].integer
	}
	if taken > 0 {
		slug = suffixed(slug)
	}
	return slug, nil
}

func suffixed(slug string) string { return slug + "-" + kit.SlugSuffix() }

func textIn(v any) string {
	text, _ := v.(string)
	return text
}
