package rest

import (
	"strconv"

	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// appendPage writes {"items": […], "next": …} and the total where it was asked for.
func appendPage(buf []byte, s *query.Select, list *query.List) []byte {
	buf = append(buf, `{"items":`...)
	buf = appendRows(buf, s, list.Rows)
	buf = append(buf, `,"next":`...)
	if list.HasNext {
		buf = input.AppendString(buf, list.Cursor(len(list.Rows)-1))
	} else {
		buf = append(buf, "null"...)
	}
	if s.Count {
		buf = strconv.AppendInt(append(buf, `,"total":`...), list.Total, 10)
	}
	return append(buf, '}')
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
	for i, selection := range s.Fields {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(input.AppendString(buf, selection.Field.Name), ':')
		buf = appendValue(buf, selection, row.Values[i])
	}
	return append(buf, '}')
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
