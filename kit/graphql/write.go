package graphql

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/query"
)

// writer writes the data of an answer. Its functions return false where a null stands that must not: then the caller,
// the nearest field that may be null, takes back what was written and writes null (GraphQL, section 6.4.4).
type writer struct {
	buf      []byte
	path     []any
	failures []*failure
}

// field writes one field under its key.
func (w *writer) field(f *field, first bool, value func() bool) bool {
	if !first {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(input.AppendString(w.buf, f.key), ':')
	w.path = append(w.path, f.key)
	ok := w.nullable(f.definition.Type, value)
	w.path = w.path[:len(w.path)-1]
	return ok
}

// nullable writes a value of type t, or null in its place.
func (w *writer) nullable(t *ast.Type, value func() bool) bool {
	start := len(w.buf)
	if value() {
		return true
	}
	if t.NonNull {
		return false
	}
	w.buf = append(w.buf[:start], "null"...)
	return true
}

// null is a value that is not there.
func (w *writer) null(f *field, t *ast.Type) bool {
	if t.NonNull {
		w.fail(f, &kit.Problem{
			Code: kit.CodeNotFound, Status: http.StatusNotFound,
			Detail: "This is not there, or not for you to see, and cannot be null.",
		}, "")
		return false
	}
	w.buf = append(w.buf, "null"...)
	return true
}

// fail records an error at the current path.
func (w *writer) fail(f *field, p *kit.Problem, instance string) {
	const most = 100
	if len(w.failures) < most {
		w.failures = append(w.failures, &failure{message: p.Detail, at: f.at, path: slices.Clone(w.path), problem: p, instance: instance})
	}
}

// list writes n elements of type t.
func (w *writer) list(t *ast.Type, n int, element func(i int) bool) bool {
	w.buf = append(w.buf, '[')
	for i := range n {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.path = append(w.path, i)
		ok := w.nullable(t.Elem, func() bool { return element(i) })
		w.path = w.path[:len(w.path)-1]
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, ']')
	return true
}

// object writes members; value gives the value of each.
func (w *writer) object(o *object, value func(m *member) any) bool {
	w.buf = append(w.buf, '{')
	for i, m := range o.members {
		ok := w.field(m.field, i == 0, func() bool {
			if m.shape == shapeTypename {
				w.buf = input.AppendString(w.buf, o.name)
				return true
			}
			return w.member(m, value(m))
		})
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

func (w *writer) row(o *object, row *query.Row) bool {
	return w.object(o, func(m *member) any { return row.Values[m.index] })
}

func (w *writer) parts(o *object, values []any) bool {
	return w.object(o, func(m *member) any { return values[m.index] })
}

// member writes a value in the shape of m.
func (w *writer) member(m *member, value any) bool {
	t := m.definition.Type
	switch v := value.(type) {
	case nil:
		return w.null(m.field, t)
	case *query.Row:
		if v == nil {
			return w.null(m.field, t)
		}
		return w.row(m.object, v)
	case *query.List:
		if v == nil {
			return w.null(m.field, t)
		}
		if m.shape == shapePage {
			return w.page(m.page, v)
		}
		return w.rows(m, v.Rows)
	case []*query.Row:
		return w.rows(m, v)
	case []any:
		if m.shape == shapeParts {
			return w.valueObjects(m, t, v)
		}
	}
	w.buf = input.AppendJSON(w.buf, m.column, value)
	return true
}

func (w *writer) rows(m *member, rows []*query.Row) bool {
	return w.list(m.definition.Type, len(rows), func(i int) bool { return w.row(m.object, rows[i]) })
}

// valueObjects writes one value object, or a list of them.
func (w *writer) valueObjects(m *member, t *ast.Type, values []any) bool {
	if t.Elem == nil {
		return w.parts(m.object, values)
	}
	return w.list(t, len(values), func(i int) bool {
		parts, ok := values[i].([]any)
		if !ok {
			return w.null(m.field, t.Elem)
		}
		return w.parts(m.object, parts)
	})
}

func (w *writer) page(p *page, list *query.List) bool {
	w.buf = append(w.buf, '{')
	for i, m := range p.members {
		ok := w.field(m.field, i == 0, func() bool {
			switch m.definition.Name {
			case "nodes":
				return w.list(m.definition.Type, len(list.Rows), func(i int) bool { return w.row(m.node, list.Rows[i]) })
			case "edges":
				return w.list(m.definition.Type, len(list.Rows), func(i int) bool { return w.edge(m, list, i) })
			case "pageInfo":
				return w.pageInfo(m.info, list)
			case "totalCount":
				w.buf = strconv.AppendInt(w.buf, list.Total, 10)
			default:
				w.buf = input.AppendString(w.buf, p.name)
			}
			return true
		})
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

func (w *writer) edge(edges *pageMember, list *query.List, row int) bool {
	w.buf = append(w.buf, '{')
	for i, m := range edges.edges {
		ok := w.field(m.field, i == 0, func() bool {
			switch m.definition.Name {
			case "node":
				return w.row(m.node, list.Rows[row])
			case "cursor":
				w.buf = input.AppendString(w.buf, list.Cursor(row))
			default:
				w.buf = input.AppendString(w.buf, edges.definition.Type.Name())
			}
			return true
		})
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

func (w *writer) pageInfo(fields []*field, list *query.List) bool {
	w.buf = append(w.buf, '{')
	for i, f := range fields {
		ok := w.field(f, i == 0, func() bool {
			switch f.definition.Name {
			case "hasNextPage":
				w.buf = strconv.AppendBool(w.buf, list.HasNext)
			case "hasPreviousPage":
				w.buf = strconv.AppendBool(w.buf, list.HasPrevious)
			case "startCursor":
				return w.cursor(f, list, 0)
			case "endCursor":
				return w.cursor(f, list, len(list.Rows)-1)
			default:
				w.buf = append(w.buf, `"PageInfo"`...)
			}
			return true
		})
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

func (w *writer) cursor(f *field, list *query.List, i int) bool {
	if len(list.Rows) == 0 {
		return w.null(f, f.definition.Type)
	}
	w.buf = input.AppendString(w.buf, list.Cursor(i))
	return true
}
