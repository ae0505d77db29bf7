package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

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
		case f.Scalar == "union":
			arms := map[string]any{}
			for name, w := range asked {
				if arms[name] = w; f.arm(name) != nil {
					arms[name] = p.where(&Type{Fields: []*Field{{Name: name, Scalar: "reference", Type: f.arm(name)}}}, map[string]any{name: w})[name]
				}
			}
			out[member] = arms
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
				compared[comparison] = p.identified(f, raw, nil)
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

func (p *subject) read(w *World, s *Step) (any, error) {
	ask := s.Read
	switch {
	case ask.Rest && ask.Aggregate != nil:
		return p.aggregateREST(w, s)
	case ask.Rest:
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
			d.variables[a.Name] = p.identified(a, ask.Args[a.Name], nil)
			d.types = append(d.types, "$"+a.Name+": "+argumentType(a))
			args = append(args, a.Name+": $"+a.Name)
		}
		body = d.list(root, q.Of, ask, args)
	case ask.Row != "":
		t := w.Schema.Types[ask.Of]
		e := p.backend.Entity(ask.Of)
		root = e.Singular
		body = fmt.Sprintf("%s(%s: %s) %s", root, e.Key, quote(p.called(w, ask)), d.selection(t, ask))
	case ask.Aggregate != nil:
		root = p.backend.Entity(ask.Of).Plural + "Aggregate"
		body = d.aggregate(root, w.Schema.Types[ask.Of], ask)
	default:
		root = p.backend.Entity(ask.Of).Plural
		body = d.list(root, w.Schema.Types[ask.Of], ask, nil)
	}
	if ask.Pages != 0 {
		return d.pages(p.request(w, s), s, root, body)
	}
	data, err := p.data(p.request(w, s), d.text(body), d.variables)
	if err != nil {
		return nil, err
	}
	return data[root], nil
}

// called is what a row is called.
func (p *subject) called(w *World, ask *Read) string {
	if row := w.find(ask.Row); row != nil && ask.Key {
		if text, ok := row.Values[row.Type.KeyField().Name].(string); ok && row.Type.KeyField().Name != "id" {
			return text
		}
	}
	return p.id(ask.Row)
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
	if ask.Search != "" {
		args = append(args, "search: "+quote(ask.Search))
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
		case f == nil && s.Field == historyField && t.History:
			parts = append(parts, d.history(s.Of.First))
		case f == nil: // of another type of the union
		case f.Scalar == "union":
			text := f.Name + " { __typename"
			for _, arm := range f.Arms {
				text += " ... on " + arm.Name + " " + d.selection(arm, s.Of)
			}
			parts = append(parts, text+" }")
		case ask.Shape && t.shape(f) != "" && !f.List() && f.Scalar != "value" && f.Scalar != "reference":
			parts = append(parts, "... on "+t.shape(f)+" { "+f.Name+" }")
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

// history is the latest entries of a row.
func (d *document) history(first int) string {
	by := ""
	if exposed(d.p.schema.Account, "READ") {
		by = "by { id } "
	}
	return fmt.Sprintf("history(first: %d) { pageInfo { hasNextPage } nodes { version at verb %schanges } }", first, by)
}

// shape is an interface by which a field of t can be asked for, empty without.
func (t *Type) shape(f *Field) string {
	for _, s := range t.Shapes {
		if slices.Contains(s.Fields, f.Name) {
			return s.Name
		}
	}
	return ""
}

// pages reads all pages of a list and puts them together.
func (d *document) pages(q request, s *Step, root, body string) (any, error) {
	d.types = append(d.types, "$cursor: String")
	d.variables["cursor"] = nil
	nodes := []any{}
	for range 2000 {
		data, err := d.p.data(q, d.text(body), d.variables)
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
	if ask.Past > 0 {
		address += "/history"
		parameters.Set("limit", fmt.Sprint(ask.Past))
	}
	if ask.Search != "" {
		parameters.Set("search", ask.Search)
	}
	if ask.First > 0 {
		parameters.Set("limit", fmt.Sprint(ask.First))
	}
	switch {
	case ask.Last > 0:
		parameters.Set("limit", fmt.Sprint(ask.Last))
		parameters.Set("before", "")
	case ask.Pages > 0:
		parameters.Set("limit", fmt.Sprint(ask.Pages))
	case ask.Pages < 0:
		parameters.Set("limit", fmt.Sprint(-ask.Pages))
		parameters.Set("before", "")
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
	get := func() (map[string]any, error) {
		q := p.request(w, s)
		if q.method, q.path = http.MethodGet, address; len(parameters) > 0 {
			q.path += "?" + parameters.Encode()
		}
		a, err := p.ask(q)
		if err != nil {
			return nil, err
		}
		object := a.object()
		if a.status >= http.StatusBadRequest {
			return nil, &refusal{code: fmt.Sprint(object["code"]), text: a.text}
		}
		return object, nil
	}
	if ask.Pages != 0 {
		return restPages(ask, parameters, get)
	}
	object, err := get()
	if err != nil || ask.Row != "" && ask.Past == 0 {
		return object, err
	}
	return map[string]any{
		"nodes": object["items"], "totalCount": object["total"], "hasNextPage": object["next"] != nil, "hasPreviousPage": object["previous"] != nil,
	}, nil
}

// restPages reads all pages of a list and puts them together.
func restPages(ask *Read, parameters url.Values, get func() (map[string]any, error)) (any, error) {
	nodes := []any{}
	for range 2000 {
		page, err := get()
		if err != nil {
			return nil, err
		}
		items, cursor := page["items"].([]any), ""
		if ask.Pages > 0 {
			nodes = append(nodes, items...)
			cursor, _ = page["next"].(string)
			parameters.Set("after", cursor)
		} else {
			nodes = append(slices.Clone(items), nodes...)
			cursor, _ = page["previous"].(string)
			parameters.Set("before", cursor)
		}
		if cursor == "" {
			return nodes, nil
		}
	}
	return nil, errors.New("the pages do not end")
}
