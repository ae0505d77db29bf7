package oracle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// write does a step and tells how its outcome differs, empty where it does not.
func (p *subject) write(w *World, s *Step, i int, want *outcome) string {
	code, err := p.do(w, s, i)
	if err != nil {
		return fmt.Sprintf("want %s, got %v", orDone(want.problems), err)
	}
	switch {
	case code == "" && len(want.problems) > 0:
		return fmt.Sprintf("want %s, and it is done", strings.Join(want.problems, " or "))
	case code != "" && !slices.Contains(want.problems, code):
		return fmt.Sprintf("want %s, got %s\n%s", orDone(want.problems), code, p.labelled(p.said))
	case code != "":
		return ""
	}
	if err := p.learn(want.made); err != nil {
		return err.Error()
	}
	return ""
}

func orDone(problems []string) string {
	if len(problems) == 0 {
		return "it done"
	}
	return strings.Join(problems, " or ")
}

// learn finds the ids of rows that were made: in each table those that were not there, in the order in which they were made.
func (p *subject) learn(made []*Row) error {
	var types []*Type
	for _, row := range made {
		if !slices.Contains(types, row.Type) {
			types = append(types, row.Type)
		}
	}
	for _, t := range types {
		found, err := p.newIDs(p.backend.Entity(t.Name))
		if err != nil {
			return err
		}
		rows := slices.DeleteFunc(slices.Clone(made), func(row *Row) bool { return row.Type != t })
		if len(rows) != len(found) {
			return fmt.Errorf("want %d rows of %s made, got %d", len(rows), t.Name, len(found))
		}
		for i, row := range rows {
			p.ids[row.Label], p.rows[found[i]] = found[i], row
		}
	}
	return nil
}

// newIDs is the ids in a table that are not known.
func (p *subject) newIDs(e *meta.Entity) (found []string, err error) {
	rows, err := p.db.Handle().Query("SELECT id FROM " + e.Table + " ORDER BY id DESC")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		if p.rows[id] != nil {
			break
		}
		found = append(found, id)
	}
	slices.Reverse(found)
	return found, rows.Err()
}

// do does a write. Its result is the code of the problem, empty where it is done.
func (p *subject) do(w *World, s *Step, i int) (code string, err error) {
	if s.As == "system" {
		err = p.system(w, s)
		var problem *kit.Problem
		if errors.As(err, &problem) {
			p.said = text(problem)
			return problem.Code, nil
		}
		return "", err
	}
	q := p.request(w, s)
	if s.Door == "graphql" && s.Do != "batch" {
		document, variables := p.mutation(w, s)
		q.method, q.path, q.body = http.MethodPost, "/graphql", map[string]any{"query": document, "variables": variables}
	} else {
		q.method, q.path, q.body = p.resource(w, s, nil)
		q.patch = s.Patch
		if s.Met != 0 {
			q.match = tag(s.Met)
		}
	}
	if s.Twice {
		q.key = fmt.Sprint("key-", i)
	}
	first, err := p.ask(q)
	if err != nil {
		return "", err
	}
	p.said = first.text
	code, err = p.refused(q, first)
	if err != nil || !s.Twice {
		return code, err
	}
	return code, p.repeat(q, first, code)
}

// refused is the code with which a request was refused, empty where it was not.
func (p *subject) refused(q request, a reply) (string, error) {
	if q.path != "/graphql" {
		if a.status >= http.StatusBadRequest {
			return fmt.Sprint(a.object()["code"]), nil
		}
		return "", nil
	}
	_, err := a.data()
	var refused *refusal
	switch {
	case !errors.As(err, &refused):
		return "", err
	case strings.Contains(refused.text, "not for you to see"):
		return "", nil
	}
	return refused.code, nil
}

// repeat sends a request again under its key, and another one under the same: the first is answered as it was, or refused
// again, the second is refused.
func (p *subject) repeat(q request, first reply, code string) error {
	again, err := p.ask(q)
	if err != nil {
		return err
	}
	if code != "" {
		if still, err := p.refused(q, again); err != nil || still == "" {
			return fmt.Errorf("refused with %s, and done when it comes again: %w", code, err)
		}
		return nil
	}
	if again.status != first.status || again.text != first.text || !again.replayed || first.replayed {
		return fmt.Errorf("answered with %d %s, and when it comes again with %d %s (replayed: %v)", first.status, first.text, again.status, again.text, again.replayed)
	}
	if q.viewer == "" {
		return nil
	}
	q.body = []byte(" " + text(q.body))
	other, err := p.ask(q)
	if err != nil {
		return err
	}
	if reused, err := p.refused(q, other); err != nil || reused != "IDEMPOTENCY_KEY_REUSED" {
		return fmt.Errorf("another request under the key is answered with %d %s: %w", other.status, other.text, err)
	}
	return nil
}

// request is who asks, and in which tenant.
func (p *subject) request(w *World, s *Step) request {
	q := request{}
	if s.As != "" {
		q.viewer = p.id(s.As)
	}
	if s.Tenant != "" {
		q.tenant = p.tenant(s)
	}
	return q
}

// tenant is what a step calls its tenant: its key from before the step, or its id.
func (p *subject) tenant(s *Step) string {
	if p.key != "" {
		return p.key
	}
	return p.id(s.Tenant)
}

// typeOf is what a step writes.
func (w *World) typeOf(s *Step) *Type {
	if s.Do != "create" {
		if row := w.find(s.Row); row != nil {
			return row.Type
		}
	}
	return w.Schema.Types[s.Entity]
}

// system writes without rules, as business code may.
func (p *subject) system(w *World, s *Step) error {
	e := p.backend.Entity(w.typeOf(s).Name)
	values := p.values(w.typeOf(s), s.Values, nil)
	raw, err := input.Parse([]byte(text(values)))
	if err != nil {
		return err
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
				return &kit.Problem{Code: kit.CodeInvalid, Detail: text(wrong)}
			}
		}
		changes = append(changes, query.Change{Field: f, Value: v})
	}
	viewer := kit.Viewer{}
	if s.Tenant != "" {
		viewer.Tenant = p.tenant(s)
	}
	return p.engine.Write(context.Background(), viewer, func(ctx context.Context, tx *query.Tx) (err error) {
		switch s.Do {
		case "create":
			_, err = tx.System().Create(ctx, e, changes)
		case "update":
			_, err = tx.System().Update(ctx, e, p.id(s.Row), int64(s.Met), changes)
		case "restore":
			_, err = tx.System().Restore(ctx, e, p.id(s.Row))
		default:
			err = tx.System().Delete(ctx, e, p.id(s.Row), int64(s.Met))
		}
		return err
	})
}

// resource is a write as the REST door takes it. Made tells which requests of a batch make which rows.
func (p *subject) resource(w *World, s *Step, made map[string]int) (method, path string, body any) {
	if s.Do == "batch" {
		made = map[string]int{}
		requests := []any{}
		for i := range s.Batch {
			part := &s.Batch[i]
			method, path, body := p.resource(w, part, made)
			r := map[string]any{"method": method, "path": path}
			if body != nil {
				r["body"] = body
			}
			if part.Met != 0 {
				r["ifMatch"] = tag(part.Met)
			}
			requests = append(requests, r)
			if part.Do == "create" {
				made[part.Row] = i
			}
		}
		return http.MethodPost, "/v1/batch", map[string]any{"requests": requests}
	}
	t := w.typeOf(s)
	e := p.backend.Entity(t.Name)
	switch s.Do {
	case "update":
		return http.MethodPatch, resource(e, p.id(s.Row)), p.values(t, s.Values, made)
	case "delete":
		return http.MethodDelete, resource(e, p.id(s.Row)), nil
	case "restore":
		return http.MethodPost, resource(e, p.id(s.Row)) + "/restore", nil
	}
	return http.MethodPost, resource(e, ""), p.values(t, s.Values, made)
}

func resource(e *meta.Entity, id string) string {
	if id == "" {
		return "/v1/" + e.Path
	}
	return "/v1/" + e.Path + "/" + id
}

// tag is an entity tag of a version.
func tag(version int) string { return fmt.Sprintf("W/\"%d\"", version) }

// mutation is a write as GraphQL.
func (p *subject) mutation(w *World, s *Step) (string, map[string]any) {
	t := w.typeOf(s)
	switch s.Do {
	case "create":
		if len(query.CreateFields(p.backend.Entity(t.Name))) == 0 {
			return fmt.Sprintf("mutation { create%s { id } }", t.Name), nil
		}
		return fmt.Sprintf("mutation($input: Create%sInput!) { create%s(input: $input) { id } }", t.Name, t.Name),
			map[string]any{"input": p.values(t, s.Values, nil)}
	case "restore":
		return fmt.Sprintf("mutation($id: ID!) { restore%s(id: $id) { id } }", t.Name), map[string]any{"id": p.id(s.Row)}
	}
	variables := map[string]any{"id": p.id(s.Row)}
	if s.Met != 0 {
		variables["version"] = s.Met
	}
	if s.Do == "delete" {
		return fmt.Sprintf("mutation($id: ID!, $version: Int) { delete%s(id: $id, version: $version) }", t.Name), variables
	}
	variables["input"] = p.values(t, s.Values, nil)
	return fmt.Sprintf("mutation($id: ID!, $version: Int, $input: Update%sInput!) { update%s(id: $id, version: $version, input: $input) { id } }", t.Name, t.Name), variables
}

// values puts ids in the place of labels. Made tells which requests of a batch make which rows.
func (p *subject) values(t *Type, values map[string]any, made map[string]int) map[string]any {
	out := map[string]any{}
	for name, v := range values {
		if name != labelMember {
			out[name] = p.identified(t.Field(name), v, made)
		}
	}
	return out
}

func (p *subject) identified(f *Field, v any, made map[string]int) any {
	switch v := v.(type) {
	case string:
		if f.Scalar == "reference" || f.Scalar == "list" || f.Scalar == "union" || f.Scalar == "ID" {
			if i, ok := made[v]; ok {
				return map[string]any{"$id": i}
			}
			return p.id(v)
		}
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, p.identified(f, item, made))
		}
		return list
	case map[string]any:
		switch {
		case f.Scalar == "union" || f.List() && !f.Parts():
			out := map[string]any{}
			for name, item := range v {
				out[name] = p.identified(f, item, made)
			}
			return out
		case f.Parts():
			return p.parts(f, v, made)
		}
	}
	return v
}

// parts puts ids in the place of labels in what is to be done to the rows of a list.
func (p *subject) parts(f *Field, asked map[string]any, made map[string]int) map[string]any {
	out := map[string]any{}
	for member, v := range asked {
		items := []any{}
		list, _ := v.([]any)
		for _, item := range list {
			values, ok := item.(map[string]any)
			if !ok {
				items = append(items, p.id(item.(string)))
				continue
			}
			values = maps.Clone(values)
			id, version := values["id"], values["version"]
			delete(values, "id")
			delete(values, "version")
			put := p.values(f.Type, values, made)
			if id != nil {
				put["id"] = p.id(id.(string))
			}
			if version != nil {
				put["version"] = version
			}
			items = append(items, put)
		}
		out[member] = items
	}
	return out
}
