package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Difference is where a product and the reference do not say the same.
type Difference struct {
	Step    int
	Product string
	Text    string
}

func (d *Difference) Error() string {
	return fmt.Sprintf("step %d on %s: %s", d.Step+1, d.Product, d.Text)
}

// kind is what a smaller case must have in common with this one: what was done, and roughly what was said.
func (d *Difference) kind(steps []Step) string {
	said, _, _ := strings.Cut(d.Text, "\n")
	return steps[d.Step].Do + " " + strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c == '[' || c == ']' || c == '.' {
			return -1
		}
		return c
	}, numbered.ReplaceAllString(said, ""))
}

var numbered = regexp.MustCompile(`[A-Za-z]+\d+|\[\d+\]|\.\w+`)

// runner does the steps of a case on the reference and on the products.
type runner struct {
	world    *World
	products []*subject
	compared int // answers
	values   int // values in them
	skipped  int
	slow     int
}

// subject is a product and the ids that it gave to the rows.
type subject struct {
	*product
	ids  map[string]string // by label
	rows map[string]*Row   // by id
}

// epoch is when the first step happens.
var epoch = time.Date(2026, 3, 28, 22, 0, 0, 123456000, time.UTC)

func newRunner(s *Schema, products []*product) *runner {
	r := &runner{world: newWorld(s)}
	for _, p := range products {
		r.products = append(r.products, &subject{product: p, ids: map[string]string{}, rows: map[string]*Row{}})
	}
	return r
}

// run does all steps, up to the first difference. An error is one of the product's own: it could not answer.
func (r *runner) run(steps []Step) *Difference {
	for i := range steps {
		if d := r.step(i, &steps[i]); d != nil {
			return d
		}
	}
	return nil
}

// step does one step. The clock goes on with every other one, so that rows are made at the same instant.
func (r *runner) step(i int, s *Step) *Difference {
	now := epoch.Add(time.Duration(i/2) * time.Minute)
	r.world.Now = now
	for _, p := range r.products {
		p.clock.now = now
	}
	if viewer := r.world.find(s.As); s.As != "" && s.As != "system" && (viewer == nil || !r.world.Lives(viewer)) {
		r.skipped++
		return nil
	}
	if s.Do == "read" {
		return r.read(i, s)
	}
	want := r.world.write(s)
	if want.unsure {
		r.skipped++
		return nil
	}
	for _, p := range r.products {
		if text := p.write(r.world, s, want); text != "" {
			return &Difference{i, p.name, text}
		}
		r.compared++
	}
	return nil
}

func (r *runner) read(i int, s *Step) *Difference {
	want, problem := r.world.read(s.Read, r.world.find(s.As))
	for _, p := range r.products {
		got, err := p.read(r.world, s, i)
		var refused *refusal
		switch {
		case errors.As(err, &refused) && problem != "" && slices.Contains(strings.Split(problem, " or "), refused.code):
		case errors.Is(err, errTooSlow):
			r.slow++
			continue
		case err != nil:
			return &Difference{i, p.name, fmt.Sprintf("want %s, got %v", orOK(problem), err)}
		case problem == "NOT_FOUND" && s.Read.Row != "" && got == nil:
		case problem != "":
			return &Difference{i, p.name, fmt.Sprintf("want %s, got %s", problem, text(got))}
		default:
			if diff := r.differ(p, want, got, ""); diff != "" {
				return &Difference{i, p.name, diff + "\nwant " + r.told(p, want) + "\ngot  " + p.labelled(text(got))}
			}
		}
		r.compared++
	}
	return nil
}

func orOK(problem string) string {
	if problem == "" {
		return "an answer"
	}
	return problem
}

func text(v any) string {
	t, _ := json.Marshal(v)
	return string(t)
}

// labelled puts labels in the place of ids.
func (p *subject) labelled(text string) string {
	for label, id := range p.ids {
		text = strings.ReplaceAll(text, id, label)
	}
	return text
}

// told is what is expected as JSON.
func (r *runner) told(p *subject, want answer) string { return text(plain(want)) }

func plain(want answer) any {
	switch want := want.(type) {
	case leaf:
		if row, ok := want.value.(*Row); ok && row != nil {
			return row.Label
		}
		return toJSON(want.value)
	case map[string]any:
		out := map[string]any{}
		for name, v := range want {
			out[name] = plain(v)
		}
		return out
	case []any:
		out := []any{}
		for _, v := range want {
			out = append(out, plain(v))
		}
		return out
	}
	return want
}

// differ is where an answer differs from what is expected, empty where it does not.
func (r *runner) differ(p *subject, want answer, got any, at string) string {
	switch want := want.(type) {
	case leaf:
		r.values++
		return p.leaf(want, got, at)
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %s", at, text(got))
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			value, there := object[name]
			if page, ok := object["pageInfo"].(map[string]any); !there && ok {
				value = page[name]
			}
			if diff := r.differ(p, want[name], value, at+"."+name); diff != "" {
				return diff
			}
		}
		return ""
	case []any:
		list, ok := got.([]any)
		if !ok {
			return fmt.Sprintf("%s is %s", at, text(got))
		}
		if len(list) != len(want) {
			return fmt.Sprintf("%s has %d elements, not %d", at, len(list), len(want))
		}
		for i := range want {
			if diff := r.differ(p, want[i], list[i], fmt.Sprintf("%s[%d]", at, i)); diff != "" {
				return diff
			}
		}
		return ""
	}
	panic(fmt.Sprintf("answer %T", want))
}

func (p *subject) leaf(want leaf, got any, at string) string {
	if row, ok := want.value.(*Row); ok && row != nil {
		if id := p.ids[row.Label]; got != id {
			return fmt.Sprintf("%s is %s, not %s", at, p.labelled(text(got)), row.Label)
		}
		return ""
	}
	if want.field.Scalar == "ID" && want.field.Name == "id" {
		if row := p.rows[fmt.Sprint(got)]; row == nil || row.ID != want.value {
			return fmt.Sprintf("%s is %s, not row %v", at, text(got), want.value)
		}
		return ""
	}
	v, err := fromJSON(want.field, got)
	if err != nil {
		return fmt.Sprintf("%s: %v", at, err)
	}
	if !same(want.field, want.value, v) {
		return fmt.Sprintf("%s is %s, not %s", at, text(got), text(toJSON(want.value)))
	}
	return ""
}

// id is the product's id of a row. A row that is not there has one that nobody has.
func (p *subject) id(label string) string {
	if id := p.ids[label]; id != "" {
		return id
	}
	return "01900000-0000-7000-8000-000000000000"
}

// write does a step and tells how its outcome differs, empty where it does not.
func (p *subject) write(w *World, s *Step, want *outcome) string {
	id, code, err := p.do(w, s)
	if err != nil {
		return fmt.Sprintf("want %s, got %v", orDone(want.problems), err)
	}
	switch {
	case code == "" && len(want.problems) > 0:
		return fmt.Sprintf("want %s, and it is done", strings.Join(want.problems, " or "))
	case code != "" && !slices.Contains(want.problems, code):
		return fmt.Sprintf("want %s, got %s", orDone(want.problems), code)
	case code != "":
		return ""
	}
	if s.Do == "create" {
		p.ids[want.row.Label], p.rows[id] = id, want.row
	}
	return ""
}

func orDone(problems []string) string {
	if len(problems) == 0 {
		return "it done"
	}
	return strings.Join(problems, " or ")
}

// do does a write. Its result is the id of what was created, or the code of the problem.
func (p *subject) do(w *World, s *Step) (id, code string, err error) {
	t := w.Schema.Types[s.Entity]
	if s.Do != "create" {
		if row := w.find(s.Row); row != nil {
			t = row.Type
		}
	}
	e := p.backend.Entity(t.Name)
	values := p.values(w, t, s.Values)
	if s.As == "system" {
		id, err = p.system(e, s, values)
		var problem *kit.Problem
		if errors.As(err, &problem) {
			return "", problem.Code, nil
		}
		return id, "", err
	}
	if s.Door == "rest" || s.Do == "create" {
		return p.writeREST(w, e, s, values)
	}
	return p.writeGraphQL(e, s, values)
}

// system writes without rules, as business code may.
func (p *subject) system(e *meta.Entity, s *Step, values map[string]any) (id string, err error) {
	raw, err := input.Parse([]byte(text(values)))
	if err != nil {
		return "", err
	}
	var changes []query.Change
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f := e.Field(name)
		var v any
		if values[name] != nil {
			one := *f
			one.Null = true
			var wrong []kit.FieldError
			if v, wrong = input.Value(&one, raw.(input.Object)[name]); wrong != nil {
				return "", &kit.Problem{Code: kit.CodeInvalid, Detail: text(wrong)}
			}
		}
		changes = append(changes, query.Change{Field: f, Value: v})
	}
	err = p.engine.Write(context.Background(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) (err error) {
		var made kit.ID
		switch s.Do {
		case "create":
			made, err = tx.System().Create(ctx, e, changes)
		case "update":
			made, err = tx.System().Update(ctx, e, p.id(s.Row), 0, changes)
		default:
			err = tx.System().Delete(ctx, e, p.id(s.Row), 0)
		}
		id = string(made)
		return err
	})
	return id, err
}

func (p *subject) writeREST(w *World, e *meta.Entity, s *Step, values map[string]any) (id, code string, err error) {
	method, path := http.MethodPost, resource(e, "")
	var body any = values
	switch s.Do {
	case "update":
		method, path = http.MethodPatch, resource(e, p.id(s.Row))
	case "delete":
		method, path, body = http.MethodDelete, resource(e, p.id(s.Row)), nil
	}
	status, answer, err := p.ask(p.rest, p.viewer(s), method, path, body)
	if err != nil {
		return "", "", err
	}
	object, _ := answer.(map[string]any)
	if status >= 400 {
		return "", fmt.Sprint(object["code"]), nil
	}
	return fmt.Sprint(object["id"]), "", nil
}

func resource(e *meta.Entity, id string) string {
	if id == "" {
		return "/v1/" + e.Path
	}
	return "/v1/" + e.Path + "/" + id
}

// viewer is the id of who asks.
func (p *subject) viewer(s *Step) string {
	if s.As == "" {
		return ""
	}
	return p.id(s.As)
}

func (p *subject) writeGraphQL(e *meta.Entity, s *Step, values map[string]any) (id, code string, err error) {
	document := fmt.Sprintf("mutation($id: ID!, $input: Update%sInput!) { update%s(id: $id, input: $input) { id } }", e.Name, e.Name)
	variables := map[string]any{"id": p.id(s.Row), "input": values}
	if s.Do == "delete" {
		document = fmt.Sprintf("mutation($id: ID!) { delete%s(id: $id) }", e.Name)
		delete(variables, "input")
	}
	_, err = p.data(p.viewer(s), document, variables)
	var refused *refusal
	if errors.As(err, &refused) {
		if strings.Contains(refused.text, "not for you to see") {
			return "", "", nil
		}
		return "", refused.code, nil
	}
	return "", "", err
}

// values puts ids in the place of labels.
func (p *subject) values(w *World, t *Type, values map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range values {
		out[name] = p.identified(t.Field(name), v)
	}
	return out
}

func (p *subject) identified(f *Field, v any) any {
	switch v := v.(type) {
	case string:
		if f.Scalar == "reference" || f.Scalar == "list" || f.Scalar == "ID" {
			return p.id(v)
		}
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, p.identified(f, item))
		}
		return list
	}
	return v
}

// where puts ids in the place of labels.
func (p *subject) where(t *Type, where map[string]any) map[string]any {
	out := map[string]any{}
	for member, v := range where {
		switch member {
		case "and", "or":
			list := []any{}
			for _, w := range objects(v) {
				list = append(list, p.where(t, w))
			}
			out[member] = list
			continue
		case "not":
			out[member] = p.where(t, v.(map[string]any))
			continue
		}
		f := t.Field(member)
		asked, ok := v.(map[string]any)
		switch {
		case !ok:
			out[member] = v
		case f.Scalar == "list":
			quantified := map[string]any{}
			for quantifier, w := range asked {
				quantified[quantifier] = p.where(f.Type, w.(map[string]any))
			}
			out[member] = quantified
		case f.Scalar == "reference":
			rest, behind := map[string]any{}, map[string]any{}
			for name, w := range asked {
				if name == "isNull" {
					behind[name] = w
				} else {
					rest[name] = w
				}
			}
			maps.Copy(behind, p.where(f.Type, rest))
			out[member] = behind
		case f.Scalar == "ID":
			compared := map[string]any{}
			for comparison, raw := range asked {
				compared[comparison] = p.identified(f, raw)
			}
			out[member] = compared
		default:
			out[member] = v
		}
	}
	return out
}

// document is a read as GraphQL.
type document struct {
	p         *subject
	variables map[string]any
	types     []string
}

func (p *subject) read(w *World, s *Step, i int) (any, error) {
	ask := s.Read
	if ask.Rest {
		return p.readREST(w, s)
	}
	d := &document{p: p, variables: map[string]any{}}
	root := ""
	var body string
	q := w.query(ask.Of)
	switch {
	case q != nil:
		root = q.Name
		var args []string
		for _, a := range q.Args {
			d.variables[a.Name] = p.identified(a, ask.Args[a.Name])
			d.types = append(d.types, "$"+a.Name+": "+argumentType(a))
			args = append(args, a.Name+": $"+a.Name)
		}
		body = d.list(root, q.Of, ask, args)
	case ask.Row != "":
		t := w.Schema.Types[ask.Of]
		e := p.backend.Entity(ask.Of)
		root = e.Singular
		body = fmt.Sprintf("%s(%s: %s) %s", root, e.Key, quote(p.key(w, e, ask.Row, i)), d.selection(t, ask))
	default:
		root = p.backend.Entity(ask.Of).Plural
		body = d.list(root, w.Schema.Types[ask.Of], ask, nil)
	}
	if ask.Pages != 0 {
		return d.pages(p, s, root, body)
	}
	data, err := p.data(p.viewer(s), d.text(body), d.variables)
	if err != nil {
		return nil, err
	}
	return data[root], nil
}

// key is what a row is called by: its key every other time, where it has one.
func (p *subject) key(w *World, e *meta.Entity, label string, i int) string {
	row := w.find(label)
	if row != nil && e.Key != "id" && i%2 == 0 {
		if text, ok := row.Values[e.Key].(string); ok {
			return text
		}
	}
	return p.id(label)
}

func quote(text string) string {
	t, _ := json.Marshal(text)
	return string(t)
}

func argumentType(a *Field) string {
	name := a.Scalar
	switch a.Scalar {
	case "reference":
		name = "ID"
	case "enum":
		name = a.Enum
	}
	if a.Repeated {
		name = "[" + name + "!]"
	}
	if !a.Null {
		name += "!"
	}
	return name
}

func (d *document) text(body string) string {
	if len(d.types) == 0 {
		return "{ " + body + " }"
	}
	return "query(" + strings.Join(d.types, ", ") + ") { " + body + " }"
}

// list is a connection; a place is left for the cursor where it is read page by page.
func (d *document) list(name string, t *Type, ask *Read, args []string) string {
	if ask.Where != nil {
		variable := fmt.Sprint("w", len(d.variables))
		d.variables[variable] = d.p.where(t, ask.Where)
		d.types = append(d.types, "$"+variable+": "+t.Name+"Filter")
		args = append(args, "where: $"+variable)
	}
	if len(ask.Order) > 0 {
		args = append(args, "order: ["+strings.Join(ask.Order, ", ")+"]")
	}
	switch {
	case ask.Pages > 0:
		args = append(args, fmt.Sprintf("first: %d, after: $cursor", ask.Pages))
	case ask.Pages < 0:
		args = append(args, fmt.Sprintf("last: %d, before: $cursor", -ask.Pages))
	case ask.First > 0:
		args = append(args, fmt.Sprintf("first: %d", ask.First))
	case ask.Last > 0:
		args = append(args, fmt.Sprintf("last: %d", ask.Last))
	}
	text := name
	if len(args) > 0 {
		text += "(" + strings.Join(args, ", ") + ")"
	}
	count := ""
	if ask.Count {
		count = "totalCount "
	}
	return text + " { " + count + "pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes " + d.selection(t, ask) + " }"
}

func (d *document) selection(t *Type, ask *Read) string {
	parts := []string{"id"}
	for _, s := range ask.Select {
		f := t.Field(s.Field)
		switch {
		case f.List() && f.Bound == 0:
			parts = append(parts, d.list(f.Name, f.Type, s.Of, nil))
		case f.List(), f.Scalar == "reference":
			parts = append(parts, f.Name+" "+d.selection(f.Type, s.Of))
		case f.Scalar == "value":
			var names []string
			for _, part := range f.Type.Fields {
				names = append(names, part.Name)
			}
			parts = append(parts, f.Name+" { "+strings.Join(names, " ")+" }")
		case f.Name != "id":
			parts = append(parts, f.Name)
		}
	}
	return "{ " + strings.Join(parts, " ") + " }"
}

// pages reads all pages of a list and puts them together.
func (d *document) pages(p *subject, s *Step, root, body string) (any, error) {
	d.types = append(d.types, "$cursor: String")
	d.variables["cursor"] = nil
	nodes := []any{}
	for range 200 {
		data, err := p.data(p.viewer(s), d.text(body), d.variables)
		if err != nil {
			return nil, err
		}
		page := data[root].(map[string]any)
		info := page["pageInfo"].(map[string]any)
		if s.Read.Pages > 0 {
			nodes = append(nodes, page["nodes"].([]any)...)
			d.variables["cursor"] = info["endCursor"]
		} else {
			nodes = append(slices.Clone(page["nodes"].([]any)), nodes...)
			d.variables["cursor"] = info["startCursor"]
		}
		if s.Read.Pages > 0 && info["hasNextPage"] == false || s.Read.Pages < 0 && info["hasPreviousPage"] == false {
			return nodes, nil
		}
	}
	return nil, errors.New("the pages do not end")
}

// readREST reads a list or a row by the other door, which shows all fields, references as their ids.
func (p *subject) readREST(w *World, s *Step) (any, error) {
	ask := s.Read
	e := p.backend.Entity(ask.Of)
	address := resource(e, "")
	if ask.Row != "" {
		address = resource(e, p.id(ask.Row))
	}
	parameters := url.Values{}
	if ask.First > 0 {
		parameters.Set("limit", fmt.Sprint(ask.First))
	}
	if ask.Count {
		parameters.Set("count", "true")
	}
	var order []string
	for _, key := range ask.Order {
		path, descending := strings.CutSuffix(key, "_DESC")
		path = strings.ReplaceAll(strings.TrimSuffix(path, "_ASC"), "_", ".")
		if descending {
			path = "-" + path
		}
		order = append(order, path)
	}
	if order != nil {
		parameters.Set("order", strings.Join(order, ","))
	}
	if len(parameters) > 0 {
		address += "?" + parameters.Encode()
	}
	status, answer, err := p.ask(p.rest, p.viewer(s), http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	object, _ := answer.(map[string]any)
	if status >= 400 {
		return nil, &refusal{code: fmt.Sprint(object["code"]), text: text(answer)}
	}
	if ask.Row != "" {
		return object, nil
	}
	out := map[string]any{"nodes": object["items"], "totalCount": object["total"], "hasNextPage": object["next"] != nil}
	return out, nil
}
