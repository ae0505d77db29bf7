package query

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// A cursor is the values of a row's order keys, as JSON texts, behind a short hash of the order, in base64url.

// page is which part of a list is read.
type page struct {
	limit     int // rows; 0 is all
	backward  bool
	skip      int
	cursor    []any // values of the order's keys behind which the page begins; nil for the beginning
	firstSlot int   // of the cursor's values
}

// Paging is how the list that sel reads is paged where sel does not say: as the field list says, whose Nested sel is, as
// its Query says, or as its entity. list is nil at the root.
func (sel *Select) Paging(list *meta.Field) meta.Page {
	paging := sel.Entity.Page
	own := meta.Page{}
	switch {
	case list != nil:
		own = list.Page
	case sel.Query != nil:
		own = sel.Query.Result.Page
	}
	if own.Size > 0 || own.Max > 0 {
		paging.Size, paging.Max = own.Size, own.Max
	}
	if len(own.Order) > 0 {
		paging.Order = own.Order
	}
	return paging
}

func (sel *Select) page(list *meta.Field) (page, error) {
	p, text, err := sel.extent(list)
	if err != nil || text == "" {
		return p, err
	}
	p.cursor, err = readCursor(text, sel.Entity, orderOf(sel, list))
	return p, err
}

// extent is the page without the place where it begins, and the cursor that tells it.
func (sel *Select) extent(list *meta.Field) (p page, text string, err error) {
	settings := sel.Paging(list)
	most := defaulted(settings.Max, 100)
	p, text = page{limit: sel.First, backward: sel.Last > 0 || sel.Before != "", skip: sel.Skip}, sel.After
	if p.backward {
		p.limit, text = sel.Last, sel.Before
	}
	switch {
	case sel.Skip < 0 || sel.Skip > 0 && list != nil:
		return p, "", malformed("Rows can be skipped of the first list alone, and not fewer than 0.")
	case sel.First < 0 || sel.Last < 0:
		return p, "", malformed("A page cannot have fewer than 0 rows.")
	case p.backward && (sel.First > 0 || sel.After != ""):
		return p, "", malformed("Ask for the first rows after a cursor or for the last rows before one, not both.")
	case list != nil && list.Bound > 0 && p.limit == 0 && text == "":
		return p, "", nil
	case p.limit > max(most, boundOf(list)):
		return p, "", malformed("A page has at most %d rows.", max(most, boundOf(list)))
	case p.limit == 0:
		p.limit = min(defaulted(settings.Size, 20), most)
	}
	return p, text, nil
}

func boundOf(list *meta.Field) int {
	if list == nil {
		return 0
	}
	return list.Bound
}

func defaulted(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

func orderHash(e *meta.Entity, order []Order) string {
	text := append(make([]byte, 0, 64), e.Name...)
	for _, o := range order {
		text = append(append(text, ','), strings.Join(o.Path, ".")...)
		text = strconv.AppendBool(append(text, ' '), o.Descending)
	}
	hash := fnv.New32a()
	hash.Write(text)
	return strconv.FormatUint(uint64(hash.Sum32()), 36)
}

func writeCursor(hash string, values []any) string {
	text := append(make([]byte, 0, 96), hash...)
	text = append(text, '[')
	for i, v := range values {
		if i > 0 {
			text = append(text, ',')
		}
		if v == nil {
			text = append(text, "null"...)
		} else {
			text = appendJSON(text, cursorText(v))
		}
	}
	return base64.RawURLEncoding.EncodeToString(append(text, ']'))
}

// appendJSON appends text as a JSON string; most texts are as they stand.
func appendJSON(to []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			encoded, err := json.Marshal(text)
			if err != nil {
				panic(fmt.Sprintf("cursor of %q: %v", text, err)) // any text has a form
			}
			return append(to, encoded...)
		}
	}
	return append(append(append(to, '"'), text...), '"')
}

func cursorText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case time.Duration:
		return strconv.FormatInt(v.Microseconds(), 10)
	case json.RawMessage:
		return string(v)
	case []byte:
		return base64.RawURLEncoding.EncodeToString(v)
	case fmt.Stringer: // Decimal, Date, TimeOfDay
		return v.String()
	}
	panic(fmt.Sprintf("cursor: a %T is no value", v))
}

// readCursor gives the constants that a cursor holds. One that was made for another order is the caller's mistake.
func readCursor(text string, e *meta.Entity, order []Order) ([]any, error) {
	wrong := malformed("The cursor does not belong to this list and order.")
	texts, ok := cursorTexts(text, orderHash(e, order), len(order))
	if !ok {
		return nil, wrong
	}
	values := make([]any, len(order))
	for i, t := range texts {
		if t == nil {
			continue
		}
		var err error
		if values[i], err = cursorValue(*t, keyField(e, order[i].Path)); err != nil {
			return nil, wrong
		}
	}
	if values[len(values)-1] == nil {
		return nil, wrong
	}
	return values, nil
}

// cursorTexts is the texts of n values that a cursor of that hash holds, nil where null; false where it is another one.
func cursorTexts(text, hash string, n int) (texts []*string, ok bool) {
	if len(text) > 8192 {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	list, ok := strings.CutPrefix(string(raw), hash)
	if !ok || json.Unmarshal([]byte(list), &texts) != nil || len(texts) != n {
		return nil, false
	}
	return texts, true
}

func keyField(e *meta.Entity, path []string) *meta.Field {
	if len(path) == 0 {
		return nil
	}
	f := e.Field(path[0])
	switch {
	case f != nil && f.Kind == meta.Value && len(path) == 2:
		return partOf(f, path[1])
	case f != nil && f.Kind == meta.Reference && len(path) > 1:
		return keyField(f.Target(), path[1:])
	}
	return f
}

func cursorValue(text string, f *meta.Field) (any, error) {
	if f == nil {
		return nil, fmt.Errorf("cursor: no such field")
	}
	switch f.Kind {
	case meta.Int, meta.Int64, meta.Duration:
		return strconv.ParseInt(text, 10, 64)
	case meta.Float:
		return strconv.ParseFloat(text, 64)
	case meta.Boolean:
		return strconv.ParseBool(text)
	case meta.Decimal:
		return decimalFrom(text)
	case meta.DateTime:
		return time.Parse(time.RFC3339Nano, text)
	case meta.Date:
		return kit.ParseDate(text)
	case meta.Time:
		return kit.ParseTimeOfDay(text)
	case meta.Bytes:
		return base64.RawURLEncoding.DecodeString(text)
	case meta.ID, meta.UUID, meta.Reference:
		if _, ok := canonicalID(text); !ok {
			return nil, fmt.Errorf("cursor: %q is no id", text)
		}
	}
	return text, nil
}
