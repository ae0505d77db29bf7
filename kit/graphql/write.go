package graphql

import (
	"net/http"
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
	path     []step
	failures []*failure
	limits   Limits
	done     kit.ID  // the row that the mutation wrote of which the answer tells
	room     [8]step // of most paths
}

// step is a step of a path: a key, or the place of an element where that is empty.
type step struct {
	key   string
	index int
}

// where is the current path as an error has it.
func (w *writer) where() []any {
	path := make([]any, len(w.path))
	for i, s := range w.path {
		path[i] = s.index
		if s.key != "" {
			path[i] = s.key
		}
	}
	return path
}

// field writes one field under its key.
func (w *writer) field(f *field, first bool, value func() bool) bool {
	w.begin(f, first)
	ok := w.nullable(f.definition.Type, value)
	w.path = w.path[:len(w.path)-1]
	return ok
}

// begin writes the key of a field, which as a GraphQL name needs no escape, and steps into it.
func (w *writer) begin(f *field, first bool) {
	if !first {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(append(append(w.buf, '"'), f.key...), '"', ':')
	w.path = append(w.path, step{key: f.key})
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
		missing := &kit.Problem{
			Code: kit.CodeNotFound, Status: http.StatusNotFound,
			Detail: "This is not there, or not for you to see, and cannot be null.",
		}
		if w.done != "" {
			missing = &kit.Problem{
				Code: codeUnseen, Status: http.StatusOK,
				Detail: "This was done. What it left has values that cannot be null, and are not there or not for you to see: ask for its id alone.",
			}
		}
		w.fail(f, missing, "")
		return false
	}
	w.buf = append(w.buf, "null"...)
	return true
}

// fail records an error at the current path.
func (w *writer) fail(f *field, p *kit.Problem, instance string) {
	switch {
	case len(w.failures) < w.limits.Errors:
		w.failures = append(w.failures, &failure{message: p.Detail, at: f.at, path: w.where(), problem: p, instance: instance, id: w.done})
	case len(w.failures) == w.limits.Errors:
		w.failures = append(w.failures, w.limits.moreErrors())
	}
}

// list writes n elements of type t.
func (w *writer) list(t *ast.Type, n int, element func(i int) bool) bool {
	w.buf = append(w.buf, '[')
	for i := range n {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.path = append(w.path, step{index: i})
		ok := w.nullable(t.Elem, func() bool { return element(i) })
		w.path = w.path[:len(w.path)-1]
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, ']')
	return true
}

// object writes members, whose values stand where their indexes say.
func (w *writer) object(o *object, values []any) bool {
	w.buf = append(w.buf, '{')
	for i, m := range o.members {
		w.begin(m.field, i == 0)
		start, ok := len(w.buf), true
		if m.shape == shapeTypename {
			w.buf = input.AppendString(w.buf, o.name)
		} else {
			ok = w.value(m, values)
		}
		w.path = w.path[:len(w.path)-1]
		switch {
		case ok:
		case m.definition.Type.NonNull:
			return false
		default:
			w.buf = append(w.buf[:start], "null"...)
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

// value writes the value of a member of an object that has values.
func (w *writer) value(m *member, values []any) bool {
	if m.shape != shapeUnion {
		return w.member(m, values[m.index])
	}
	for _, a := range m.arms {
		if row, ok := values[a.index].(*query.Row); ok && row != nil {
			return w.row(a.object, row)
		}
	}
	return w.null(m.field, m.definition.Type)
}

func (w *writer) row(o *object, row *query.Row) bool { return w.object(o, row.Values) }

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
	case *query.Groups:
		return w.groups(m.groups, v)
	case []*query.Row:
		return w.rows(m, v)
	case []referent:
		return w.referents(m, v)
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
		return w.object(m.object, values)
	}
	return w.list(t, len(values), func(i int) bool {
		parts, ok := values[i].([]any)
		if !ok {
			return w.null(m.field, t.Elem)
		}
		return w.object(m.object, parts)
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
