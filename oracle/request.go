package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"
)

// A Case is a design and what is done to it, step by step. The last step is the one that matters.
type Case struct {
	Design string
	Steps  []Step
}

// ParseCase reads a case as Format writes it.
func ParseCase(text []byte) (Case, error) {
	c := Case{}
	archive := txtar.Parse(text)
	for _, f := range archive.Files {
		switch f.Name {
		case "design":
			c.Design = string(f.Data)
		case "steps":
			for line := range strings.Lines(string(f.Data)) {
				if strings.TrimSpace(line) == "" {
					continue
				}
				var s Step
				decoder := json.NewDecoder(strings.NewReader(line))
				decoder.UseNumber()
				decoder.DisallowUnknownFields()
				if err := decoder.Decode(&s); err != nil {
					return c, fmt.Errorf("step %d: %w", len(c.Steps)+1, err)
				}
				c.Steps = append(c.Steps, s)
			}
		}
	}
	return c, nil
}

// Format is a case as a file of testdata.
func (c Case) Format(title string) []byte {
	var steps strings.Builder
	for _, s := range c.Steps {
		steps.WriteString(text(s) + "\n")
	}
	return txtar.Format(&txtar.Archive{Comment: []byte(title + "\n"), Files: []txtar.File{
		{Name: "design", Data: []byte(c.Design)},
		{Name: "steps", Data: []byte(steps.String())},
	}})
}

// Step is one request.
type Step struct {
	As     string         `json:"as,omitempty"` // the label of an account; empty for nobody, "system" for no rules
	Do     string         `json:"do"`           // create, update, delete, restore, read
	Entity string         `json:"entity,omitempty"`
	Row    string         `json:"row,omitempty"` // the label of a row: User3 is the third User that was asked for
	Values map[string]any `json:"values,omitempty"`
	Door   string         `json:"door,omitempty"`   // rest, of a write; else GraphQL
	Patch  bool           `json:"patch,omitempty"`  // of an update by REST: as application/merge-patch+json
	Tenant string         `json:"tenant,omitempty"` // the label of the tenant that the request names
	ByKey  bool           `json:"byKey,omitempty"`  // the tenant is named by its key
	Met    int            `json:"met,omitempty"`    // of an update or delete: the version that the row must have
	Twice  bool           `json:"twice,omitempty"`  // of a create: it comes again, with the same Idempotency-Key
	Read   *Read          `json:"read,omitempty"`
	Batch  []Step         `json:"batch,omitempty"` // writes that happen together or not at all
}

// Read is what to read of a list or of a row.
type Read struct {
	Of     string         `json:"of,omitempty"`   // an entity, or a query; of a selection its field says
	Row    string         `json:"row,omitempty"`  // the label of one row
	Key    bool           `json:"key,omitempty"`  // which is asked for by its key
	Args   map[string]any `json:"args,omitempty"` // of a query
	Select []Selection    `json:"select,omitempty"`
	Where  map[string]any `json:"where,omitempty"` // as the GraphQL door takes it, with labels for ids
	Order  []string       `json:"order,omitempty"` // title_DESC
	First  int            `json:"first,omitempty"`
	Last   int            `json:"last,omitempty"`
	Count  bool           `json:"count,omitempty"`
	Pages  int            `json:"pages,omitempty"` // page by page, of so many; backwards where negative
	Rest   bool           `json:"rest,omitempty"`  // by the REST door
	Search string         `json:"search,omitempty"`
	Shape  bool           `json:"shape,omitempty"` // fields of an interface are asked for by it
	Past   int            `json:"past,omitempty"`  // the latest entries of the history of Row

	Aggregate *Aggregate `json:"aggregate,omitempty"` // what the rows come to, in their place
}

// Selection is a field to read.
type Selection struct {
	Field string `json:"field"`
	Of    *Read  `json:"of,omitempty"` // of a reference or list
}

// leaf is a value that an answer must have.
type leaf struct {
	field *Field
	value Value
}

// answer is what the reference says to a read: nested maps and lists with leaves.
type answer = any

// list is a page of rows as an answer.
func (r *reader) page(rows []*Row, ask *Read) answer {
	total := len(rows)
	out := map[string]any{}
	if ask.Count {
		out["totalCount"] = leaf{&Field{Scalar: "Int"}, int64(total)}
	}
	switch {
	case ask.First > 0:
		out["hasNextPage"] = leaf{&Field{Scalar: "Boolean"}, total > ask.First}
		rows = rows[:min(total, ask.First)]
	case ask.Last > 0:
		out["hasPreviousPage"] = leaf{&Field{Scalar: "Boolean"}, total > ask.Last}
		rows = rows[max(0, total-ask.Last):]
	default:
		rows = rows[:min(total, pageSize)]
	}
	out["nodes"] = r.nodes(rows, ask)
	return out
}

// pageSize is how many rows a page has where nobody says.
const pageSize = 20

func (r *reader) nodes(rows []*Row, ask *Read) answer {
	nodes := []any{}
	for _, row := range rows {
		nodes = append(nodes, r.node(row, ask))
	}
	return nodes
}

// node is a row as an answer.
func (r *reader) node(row *Row, ask *Read) answer {
	out := map[string]any{"id": leaf{&Field{Scalar: "row"}, row}}
	for _, s := range ask.Select {
		f := row.Type.Field(s.Field)
		switch {
		case f == nil && s.Field == historyField && row.Type.History:
			out[s.Field] = r.history(row, s.Of.First)
			continue
		case f == nil: // of another type of the union
			continue
		}
		v := r.Get(row, f)
		switch {
		case f.List() && v == nil:
			out[s.Field] = leaf{f, nil}
		case f.List() && f.Bound > 0:
			out[s.Field] = r.nodes(r.sorted(rowsOf(v), f.PageOrder()), s.Of)
		case f.List():
			out[s.Field] = r.page(r.chosen(rowsOf(v), s.Of, f.PageOrder()), s.Of)
		case f.Scalar == "union" && v != nil && ask.Rest:
			out[s.Field] = exactly{f.armName(v.(*Row).Type): r.node(v.(*Row), &Read{})}
		case f.refers() && v != nil:
			out[s.Field] = r.node(v.(*Row), s.Of)
		case f.Scalar == "value" && v != nil:
			parts := map[string]any{}
			for _, part := range f.Type.Fields {
				parts[part.Name] = leaf{part, v.(Object)[part.Name]}
			}
			out[s.Field] = parts
		default:
			out[s.Field] = leaf{f, v}
		}
	}
	return out
}

func rowsOf(v Value) []*Row {
	items, _ := v.([]Value)
	rows := make([]*Row, len(items))
	for i, item := range items {
		rows[i] = item.(*Row)
	}
	return rows
}

// chosen is the rows of a list that a read asks for, in its order.
func (r *reader) chosen(rows []*Row, ask *Read, order []Order) []*Row {
	var fit []*Row
	for _, row := range rows {
		if r.Sees(row) && r.fits(row, row.Type, ask.Where) && r.finds(row, ask.Search) {
			fit = append(fit, row)
		}
	}
	if len(ask.Order) > 0 {
		order = nil
		for _, key := range ask.Order {
			path, descending := strings.CutSuffix(key, "_DESC")
			path = strings.TrimSuffix(path, "_ASC")
			order = append(order, Order{Path: strings.Split(path, "_"), Descending: descending})
		}
	}
	return r.sorted(fit, order)
}

// sorted orders rows: null comes last, descending first. What is equal is in the order of ids, in the direction of the
// last key.
func (r *reader) sorted(rows []*Row, order []Order) []*Row {
	keys := append(slices.Clone(order), Order{Path: []string{"id"}, Descending: len(order) > 0 && order[len(order)-1].Descending})
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b *Row) int {
		for _, k := range keys {
			x, y := r.At(a, k.Path), r.At(b, k.Path)
			c := 0
			switch {
			case x == nil && y == nil:
			case x == nil:
				c = 1
			case y == nil:
				c = -1
			default:
				c = compare(x, y)
			}
			if k.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	return rows
}

// fits tells whether a row has what a filter asks; row may be nil, of which all is null.
func (r *reader) fits(row *Row, t *Type, where map[string]any) bool {
	for member, want := range where {
		if !r.member(row, t, member, want) {
			return false
		}
	}
	return true
}

func (r *reader) member(row *Row, t *Type, member string, want any) bool {
	switch member {
	case "and":
		return !slices.ContainsFunc(objects(want), func(w map[string]any) bool { return !r.fits(row, t, w) })
	case "or":
		return slices.ContainsFunc(objects(want), func(w map[string]any) bool { return r.fits(row, t, w) })
	case "not":
		return !r.fits(row, t, want.(map[string]any))
	}
	f := t.Field(member)
	asked := want.(map[string]any)
	var v Value
	if row != nil {
		v = r.Get(row, f)
	}
	switch f.Scalar {
	case "list":
		return r.quantified(rowsOf(v), f.Type, asked)
	case "reference":
		return r.behind(v, f, asked)
	case "union":
		to, _ := v.(*Row)
		for name, want := range asked {
			arm := f.arm(name)
			switch {
			case arm == nil:
				if (to == nil) != want.(bool) {
					return false
				}
			case to == nil || to.Type != arm:
				return false // it holds where the union is of that type
			case !r.behind(to, &Field{Scalar: "reference", Type: arm}, want.(map[string]any)):
				return false
			}
		}
		return true
	case "value":
		parts, _ := v.(Object)
		for name, ask := range asked {
			part := f.Type.Field(name)
			if !r.compared(parts[name], part, ask.(map[string]any)) {
				return false
			}
		}
		return true
	}
	return r.compared(v, f, asked)
}

func objects(v any) (all []map[string]any) {
	for _, item := range v.([]any) {
		all = append(all, item.(map[string]any))
	}
	return all
}

func (r *reader) quantified(rows []*Row, t *Type, asked map[string]any) bool {
	for quantifier, want := range asked {
		some, every := false, true
		for _, row := range rows {
			if r.fits(row, t, want.(map[string]any)) {
				some = true
			} else {
				every = false
			}
		}
		if quantifier == "some" && !some || quantifier == "none" && some || quantifier == "every" && !every {
			return false
		}
	}
	return true
}

func (r *reader) behind(v Value, f *Field, asked map[string]any) bool {
	to, _ := v.(*Row)
	rest := map[string]any{}
	for name, want := range asked {
		switch name {
		case "id":
			if !r.compared(v, f, want.(map[string]any)) {
				return false
			}
		case "isNull":
			if (to == nil) != want.(bool) {
				return false
			}
		default:
			rest[name] = want
		}
	}
	return r.fits(to, f.Type, rest)
}

// compared asks a value: a comparison with null is false, ne and notIn are true.
func (r *reader) compared(v Value, f *Field, asked map[string]any) bool {
	for comparison, raw := range asked {
		if !r.comparison(v, f, comparison, raw) {
			return false
		}
	}
	return true
}

func (r *reader) comparison(v Value, f *Field, comparison string, raw any) bool {
	one := *f
	one.Repeated = false
	want := func(raw any) Value { return r.value(&one, raw) }
	equals := func(raw any) bool { return v != nil && compare(v, want(raw)) == 0 }
	items, _ := v.([]Value)
	has := func(raw any) bool {
		return slices.ContainsFunc(items, func(item Value) bool { return compare(item, want(raw)) == 0 })
	}
	alternatives, _ := raw.([]any)
	switch comparison {
	case "isNull":
		return (v == nil) == raw.(bool)
	case "eq":
		return raw == nil && v == nil || raw != nil && equals(raw)
	case "ne":
		return !(raw == nil && v == nil || raw != nil && equals(raw))
	case "in":
		return slices.ContainsFunc(alternatives, equals)
	case "notIn":
		return !slices.ContainsFunc(alternatives, equals)
	case "has":
		return has(raw)
	case "hasSome":
		return slices.ContainsFunc(alternatives, has)
	case "hasEvery":
		return !slices.ContainsFunc(alternatives, func(raw any) bool { return !has(raw) })
	case "isEmpty":
		return (len(items) == 0) == raw.(bool) // null is no list: it is empty
	}
	if v == nil {
		return false
	}
	switch comparison {
	case "gt":
		return compare(v, want(raw)) > 0
	case "gte":
		return compare(v, want(raw)) >= 0
	case "lt":
		return compare(v, want(raw)) < 0
	case "lte":
		return compare(v, want(raw)) <= 0
	case "contains":
		return strings.Contains(v.(string), raw.(string))
	case "startsWith":
		return strings.HasPrefix(v.(string), raw.(string))
	}
	panic("no comparison " + comparison)
}

// value is what a step writes of f: labels stand for rows.
func (w *World) value(f *Field, raw any) Value {
	if raw == nil {
		return nil
	}
	switch f.Scalar {
	case "union":
		for name, label := range raw.(map[string]any) {
			return w.label(f.arm(name), label.(string))
		}
	case "row", "reference":
		if labels, many := raw.([]any); many { // of an argument
			rows := make([]Value, len(labels))
			for i, label := range labels {
				rows[i] = w.label(f.Type, label.(string))
			}
			return rows
		}
		return w.label(f.Type, raw.(string))
	case "ID":
		if row := w.find(raw.(string)); row != nil {
			return row.ID
		}
		return raw.(string)
	case "list":
		list := []Value{}
		for _, label := range raw.([]any) {
			if row := w.label(f.Type, label.(string)); !slices.Contains(list, Value(row)) {
				list = append(list, row)
			}
		}
		return list
	case "value":
		object := Object{}
		for _, part := range f.Type.Fields {
			object[part.Name] = w.value(part, raw.(map[string]any)[part.Name])
		}
		return object
	}
	v, err := fromJSON(f, raw)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", f.Name, err))
	}
	return v
}

// label is the row of a label. One that is gone, or never came to be, is a row that nobody sees.
func (w *World) label(t *Type, label string) *Row {
	if row := w.find(label); row != nil {
		return row
	}
	return &Row{Type: t, ID: label}
}

func (w *World) find(label string) *Row { return w.labels[label] }

// answer is what the reference says to a read, or the problem.
func (w *World) answer(s *Step) (want answer, problem string) {
	o := &outcome{}
	w.inTenant(o, s, func(viewer *Row) { want, problem = w.read(s.Read, viewer) })
	if len(o.problems) > 0 {
		return nil, o.problems[0]
	}
	return want, problem
}

// read is the answer of a step: a page, a row, or nil where there is none.
func (w *World) read(ask *Read, viewer *Row) (answer, string) {
	r := w.reader(viewer)
	if q := w.query(ask.Of); q != nil {
		args := map[string]Value{}
		for _, a := range q.Args {
			args[a.Name] = w.value(a, ask.Args[a.Name])
		}
		if problem := r.mayAsk(q, args); problem != "" {
			return nil, problem
		}
		var rows []*Row
		for _, row := range w.Rows[q.Of] {
			if w.Lives(row) && (env{world: w, row: row, viewer: viewer, args: args}).holds(q.Where) {
				rows = append(rows, row)
			}
		}
		return r.whole(r.chosen(rows, ask, q.Order), ask), ""
	}
	t := w.Schema.Types[ask.Of]
	if ask.Row != "" {
		row := w.find(ask.Row)
		if ask.Key && row != nil {
			row = r.keyed(row)
		}
		if ask.Past > 0 && row != nil && r.remembered(row) {
			return r.history(row, ask.Past), ""
		}
		if row == nil || !r.Sees(row) {
			return nil, "NOT_FOUND"
		}
		return r.node(row, ask), ""
	}
	if ask.Aggregate != nil {
		return r.aggregate(t, ask), ""
	}
	return r.whole(r.chosen(w.Rows[t], ask, t.Order), ask), ""
}

// keyed is the row that the key of a row names: none where rows of several tenants have it, and no tenant is named.
func (r *reader) keyed(like *Row) (found *Row) {
	key := like.Type.KeyField()
	var tenants []*Row
	for _, row := range r.Rows[like.Type] {
		if like.Values[key.Name] != nil && r.Sees(row) && row.Values[key.Name] == like.Values[key.Name] {
			found = row
			if tenant := r.TenantOf(row); like.Type.By != nil && !slices.Contains(tenants, tenant) {
				tenants = append(tenants, tenant)
			}
		}
	}
	if r.In == nil && len(tenants) > 1 {
		return nil
	}
	return found
}

// callable tells whether a row can be named by its key in a path or a header, which are trimmed and not empty.
func (row *Row) callable() bool {
	key, ok := row.Values[row.Type.KeyField().Name].(string)
	return ok && key != "" && key == strings.TrimSpace(key) && row.Type.KeyField().Name != "id"
}

// whole is a list as a step reads it: one page, or all of them put together.
func (r *reader) whole(rows []*Row, ask *Read) answer {
	if ask.Pages != 0 {
		return r.nodes(rows, ask)
	}
	return r.page(rows, ask)
}

func (w *World) query(name string) *Query {
	for _, q := range w.Schema.Queries {
		if q.Name == name {
			return q
		}
	}
	return nil
}

// mayAsk is the problem of asking a query: of rows among its arguments that are hidden, or of its rules.
func (r *reader) mayAsk(q *Query, args map[string]Value) string {
	e := env{world: r.World, viewer: r.viewer, args: args}
	allowed := len(q.Allow) == 0 || slices.ContainsFunc(q.Allow, func(rule *Rule) bool { return e.holds(rule.When) })
	hidden := func(v Value) bool {
		row, ok := v.(*Row)
		return ok && !r.Sees(row)
	}
	missing := slices.ContainsFunc(q.Args, func(a *Field) bool {
		all, _ := args[a.Name].([]Value)
		return hidden(args[a.Name]) || slices.ContainsFunc(all, hidden)
	})
	switch {
	case missing && !allowed:
		return "NOT_FOUND or " + denied(r.viewer)
	case missing:
		return "NOT_FOUND"
	case !allowed:
		return denied(r.viewer)
	}
	return ""
}

func denied(viewer *Row) string {
	if viewer == nil {
		return "UNAUTHENTICATED"
	}
	return "FORBIDDEN"
}
