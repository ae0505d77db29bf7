package runtime

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// PageOf is some of the rows that fit.
type PageOf[T any] struct {
	Items    []T    `json:"items"`
	Next     string `json:"next"`            // for After of the next page, empty on the last
	Previous string `json:"previous"`        // for Before of the page before, empty on the first
	Total    *int64 `json:"total,omitempty"` // how many rows fit, where Count asked
}

// Query says which rows of E to list, and how.
type Query[E any] struct {
	Where   []ConditionOf[E] // all of which hold
	Search  string           // words that rows have, of what has a search
	Order   []SortKey[E]     // as the service lists them unless given
	Limit   int              // rows of a page; as many as the service gives unless given
	After   string           // Next of the page before
	Before  string           // Previous of the page after
	Last    bool             // the last page, in the place of After and Before
	Fields  []FieldOf[E]     // all that is shown of a row; everything but lists unless given
	Include []FieldOf[E]     // references and lists to bring along
	Count   bool             // also count all rows that fit
}

// values is q as parameters, beside others.
func (q Query[E]) values(others url.Values) (url.Values, error) {
	v := url.Values{}
	for name, values := range others {
		v[name] = values
	}
	for _, c := range q.Where {
		if c.err != nil {
			return nil, c.err
		}
		v.Add(c.name, c.text)
	}
	if q.Search != "" {
		v.Set("search", q.Search)
	}
	if len(q.Order) > 0 {
		keys := make([]string, len(q.Order))
		for i, o := range q.Order {
			keys[i] = o.key
		}
		v.Set("order", strings.Join(keys, ","))
	}
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.After != "" {
		v.Set("after", q.After)
	}
	if q.Before != "" || q.Last {
		v.Set("before", q.Before)
	}
	if q.Count {
		v.Set("count", "true")
	}
	setPaths(v, "fields", paths(q.Fields))
	setPaths(v, "include", paths(q.Include))
	return v, nil
}

// list reads one page.
func list[E any](ctx context.Context, c *core, r request, q Query[E], options []CallOption) (PageOf[E], error) {
	values, err := q.values(r.query)
	if err != nil {
		return PageOf[E]{}, fmt.Errorf("%s: %w", r.operation, err)
	}
	r.method, r.query = http.MethodGet, values
	return call[PageOf[E]](ctx, c, r, options)
}

// all reads page after page, as long as it is asked for rows. What is written meanwhile neither skips nor repeats a row that
// stays where it is in the order.
func all[E any](ctx context.Context, c *core, r request, q Query[E], options []CallOption) iter.Seq2[E, error] {
	return func(yield func(E, error) bool) {
		for {
			page, err := list(ctx, c, r, q, options)
			if err != nil {
				var none E
				yield(none, err)
				return
			}
			for _, row := range page.Items {
				if !yield(row, nil) {
					return
				}
			}
			if q.After = page.Next; q.After == "" {
				return
			}
			q.Before, q.Last, q.Count = "", false, false // once is enough
		}
	}
}

// GroupsOf is some of the groups of rows that fit.
type GroupsOf[F any] struct {
	Groups []F    `json:"groups"` // in the order of their keys, null last
	Next   string `json:"next"`   // for After of the next page, empty on the last
}

// Aggregation says what to work out of rows of E.
type Aggregation[E any] struct {
	Where              []ConditionOf[E] // all of which hold
	Search             string
	GroupBy            []ColumnOf[E] // what the rows of a group have in common; without any there is one group
	Zone               string        // whose clocks tell where a period begins; UTC unless given
	Sum, Avg, Min, Max []ColumnOf[E]
	Limit              int // groups of a page
	After              string
}

func (a Aggregation[E]) values() (url.Values, error) {
	v, err := Query[E]{Where: a.Where, Search: a.Search, Limit: a.Limit, After: a.After}.values(nil)
	if err != nil {
		return nil, err
	}
	if a.Zone != "" {
		v.Set("zone", a.Zone)
	}
	for _, of := range []struct {
		name    string
		columns []ColumnOf[E]
	}{{"groupBy", a.GroupBy}, {"sum", a.Sum}, {"avg", a.Avg}, {"min", a.Min}, {"max", a.Max}} {
		var none E
		names := make([]string, len(of.columns))
		for i, c := range of.columns {
			names[i] = c.path(none)
		}
		setPaths(v, of.name, names)
	}
	return v, nil
}

// aggregate works figures out.
func aggregate[E, F any](ctx context.Context, c *core, r request, a Aggregation[E], options []CallOption) (GroupsOf[F], error) {
	values, err := a.values()
	if err != nil {
		return GroupsOf[F]{}, fmt.Errorf("%s: %w", r.operation, err)
	}
	r.method, r.query = http.MethodGet, values
	return call[GroupsOf[F]](ctx, c, r, options)
}

// arguments are parameters of operations.
type arguments struct {
	values url.Values
	err    error
}

func (a *arguments) set(name, text string) {
	if a.values == nil {
		a.values = url.Values{}
	}
	a.values.Set(name, text)
}

// argument adds a value.
func argument[T any](a *arguments, name string, value T) { a.set(name, text(value)) }

// argumentOr adds a value that is there.
func argumentOr[T any](a *arguments, name string, value *T) {
	if value != nil {
		a.set(name, text(*value))
	}
}

// argumentList adds a list that is there.
func argumentList[T any](a *arguments, name string, values []T) {
	if values == nil {
		return
	}
	a.set(name, commas(values))
}

// commas writes values with commas between. One that holds a comma, or begins with a quote, stands in quotes.
func commas[T any](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = text(v)
		if strings.Contains(texts[i], ",") || strings.HasPrefix(texts[i], `"`) {
			texts[i] = `"` + strings.ReplaceAll(texts[i], `"`, `""`) + `"`
		}
	}
	return strings.Join(texts, ",")
}

// argumentJSONList adds a list of objects that is there.
func argumentJSONList[T any](a *arguments, name string, values []T) {
	if values == nil {
		return
	}
	texts := make([]string, len(values))
	for i, v := range values {
		encoded, err := json.Marshal(v)
		if err != nil {
			a.err = fmt.Errorf("%s: %w", name, err)
		}
		texts[i] = string(encoded)
	}
	argumentList(a, name, texts)
}

// argumentJSON adds a value as JSON, unless it is null.
func argumentJSON[T any](a *arguments, name string, value T) {
	encoded, err := json.Marshal(value)
	if err != nil {
		a.err = fmt.Errorf("%s: %w", name, err)
	} else if string(encoded) != "null" {
		a.set(name, string(encoded))
	}
}

// argumentBytes adds bytes that are there.
func argumentBytes(a *arguments, name string, value []byte) {
	if value != nil {
		a.set(name, base64.StdEncoding.EncodeToString(value))
	}
}

// argumentOptional adds a value that is there. Null is what is left out: a parameter cannot say it.
func argumentOptional[T any](a *arguments, name string, value Optional[T]) {
	if v, ok := value.Get(); ok {
		a.set(name, text(v))
	}
}
