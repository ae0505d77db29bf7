package rest

import (
	"strconv"

	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// ends are the cursors of the next page and of the one before, empty without.
func ends(list *query.List) (next, previous string) {
	if list.HasNext && len(list.Rows) > 0 {
		next = list.Cursor(len(list.Rows) - 1)
	}
	if list.HasPrevious && len(list.Rows) > 0 {
		previous = list.Cursor(0)
	}
	return next, previous
}

// appendPage writes {"items": […], "next": …, "previous": …} and the total where it was asked for.
func appendPage(buf []byte, s *query.Select, list *query.List) []byte {
	buf = append(buf, `{"items":`...)
	buf = appendRows(buf, s, list.Rows)
	next, previous := ends(list)
	buf = appendCursor(append(buf, `,"next":`...), next)
	buf = appendCursor(append(buf, `,"previous":`...), previous)
	if s.Count {
		buf = strconv.AppendInt(append(buf, `,"total":`...), list.Total, 10)
	}
	return append(buf, '}')
}

func appendCursor(buf []byte, cursor string) []byte {
	if cursor == "" {
		return append(buf, "null"...)
	}
	return input.AppendString(buf, cursor)
}

func appendRows(buf []byte, s *query.Select, rows []*query.Row) []byte {
	buf = append(buf, '[')
	for i, row := range rows {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = appendRow(buf, s, row)
	}
	return append(buf, ']')
}

func appendRow(buf []byte, s *query.Select, row *query.Row) []byte {
	buf = append(buf, '{')
	for i := 0; i < len(s.Fields); i++ {
		if i > 0 {
			buf = append(buf, ',')
		}
		if union := s.Fields[i].Field.Union(); union != nil {
			arms := 1
			for i+arms < len(s.Fields) && s.Fields[i+arms].Field.Union() == union {
				arms++
			}
			buf = append(input.AppendString(buf, union.Name), ':')
			buf = appendUnion(buf, s.Fields[i:i+arms], row.Values[i:i+arms])
			i += arms - 1
			continue
		}
		buf = append(input.AppendString(buf, s.Fields[i].Field.Name), ':')
		buf = appendValue(buf, s.Fields[i], row.Values[i])
	}
	return append(buf, '}')
}

// appendUnion writes the one reference that is there, as an object whose only member is named after its type.
func appendUnion(buf []byte, arms []query.Selection, values []any) []byte {
	for i, value := range values {
		row, ok := value.(*query.Row)
		if id, bare := value.(string); !bare && (!ok || row == nil) || bare && id == "" {
			continue
		}
		buf = append(input.AppendString(append(buf, '{'), arms[i].Field.Target().Singular), ':')
		return append(appendValue(buf, arms[i], value), '}')
	}
	return append(buf, "null"...)
}

func appendValue(buf []byte, selection query.Selection, value any) []byte {
	switch v := value.(type) {
	case *query.Row:
		switch {
		case v == nil:
			return append(buf, "null"...)
		case selection.Nested == nil:
			return appendID(buf, string(v.ID))
		default:
			return appendRow(buf, selection.Nested, v)
		}
	case *query.List:
		switch {
		case v == nil:
			return append(buf, "null"...)
		case selection.Field.Bound > 0:
			return appendRows(buf, selection.Nested, v.Rows)
		default:
			return appendPage(buf, selection.Nested, v)
		}
	}
	if id, ok := value.(string); ok && selection.Field.Kind == meta.Reference {
		return appendID(buf, id)
	}
	return input.AppendJSON(buf, selection.Field, value)
}

func appendID(buf []byte, id string) []byte {
	return append(input.AppendString(append(buf, `{"id":`...), id), '}')
}
