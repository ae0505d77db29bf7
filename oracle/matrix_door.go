package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// A door asks for a wish in its own words, and says in words that all doors share what it was answered: of a row an object of
// its fields without those that are null, a row that another refers to as its id, an instant in UTC, a list as {items, total}.
type door interface {
	name() string
	offers(w Wish) bool
	ask(r *matrixRun, w Wish, v Viewer) (said, error)
}

// fullPage is more rows than a matrix has, and no more than a page may have.
const fullPage = 100

// visitor is the request of a viewer.
func (r *matrixRun) visitor(v Viewer) request {
	return request{viewer: r.ids[v.Person], tenant: r.ids[v.Tenant]}
}

// path leads to an entity, or to a row by its id.
func (r *matrixRun) path(w Wish) string {
	return resource(r.product.backend.Entity(w.Entity), r.id(w.Row))
}

// restDoor is plain HTTP; batched sends what writes as the only request of a batch.
type restDoor struct{ batched bool }

func (d restDoor) name() string {
	if d.batched {
		return "REST's batch"
	}
	return "REST"
}

func (d restDoor) offers(w Wish) bool { return !d.batched || w.writes() && w.Operation == nil }

func (d restDoor) ask(r *matrixRun, w Wish, v Viewer) (said, error) {
	q := r.visitor(v)
	q.method, q.path = http.MethodGet, ""
	values := r.identified(w.Values)
	switch w.Do {
	case "list":
		q.path = r.path(w) + fmt.Sprintf("?limit=%d&count=true", fullPage)
	case "aggregate":
		q.path = r.path(w) + ":aggregate"
	case "get":
		q.path = r.path(w)
	case "history":
		q.path = r.path(w) + fmt.Sprintf("/history?limit=%d", fullPage)
	case "create":
		q.method, q.path, q.body = http.MethodPost, r.path(w), values
	case "update":
		q.method, q.path, q.body = http.MethodPatch, r.path(w), values
	case "delete":
		q.method, q.path = http.MethodDelete, r.path(w)
	case "restore":
		q.method, q.path = http.MethodPost, r.path(w)+"/restore"
	default:
		d.call(&q, w.Operation, values.(map[string]any))
	}
	if d.batched {
		inner := map[string]any{"method": q.method, "path": q.path}
		if q.body != nil {
			inner["body"] = q.body
		}
		q.method, q.path, q.body = http.MethodPost, "/v1/batch", map[string]any{"requests": []any{inner}}
	}
	a, err := r.product.ask(q)
	if err != nil {
		return said{}, err
	}
	answer := a.object()
	if d.batched && a.status < http.StatusBadRequest {
		one := answer["responses"].([]any)[0].(map[string]any)
		answer, _ = one["body"].(map[string]any)
	}
	if a.status >= http.StatusBadRequest {
		code, _ := answer["code"].(string)
		if want := kit.StatusOf(code); want != 0 && want != a.status {
			return said{}, fmt.Errorf("%s with the status %d", code, a.status)
		}
		s := said{code: code}
		listed, _ := answer["errors"].([]any)
		for _, e := range listed {
			field := fmt.Sprint(e.(map[string]any)["field"])
			if d.batched {
				field = strings.TrimPrefix(strings.TrimPrefix(field, "requests.0"), ".")
			}
			if isWhole(w.Operation) {
				field = "input." + field
			}
			s.fields = append(s.fields, field)
		}
		slices.Sort(s.fields)
		return s, nil
	}
	return said{answer: fromREST(w, answer, a.json)}, nil
}

// call is an operation: arguments stand in its path, the others in the query or the body.
func (restDoor) call(q *request, o *meta.Operation, args map[string]any) {
	q.method = o.Method
	if q.method == "" {
		q.method = http.MethodPost
	}
	if isWhole(o) {
		args, _ = args["input"].(map[string]any)
	}
	rest := maps.Clone(args)
	var path []string
	for _, step := range strings.Split(o.Path, "/") {
		if name, ok := strings.CutPrefix(step, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			step = url.PathEscape(fmt.Sprint(args[name]))
			delete(rest, name)
		}
		path = append(path, step)
	}
	q.path = "/v1" + strings.TrimPrefix(strings.Join(path, "/"), "/v1")
	if q.method != http.MethodGet && q.method != http.MethodDelete {
		if q.body = rest; len(rest) == 0 && !isWhole(o) {
			q.body = nil
		}
		return
	}
	parameters := url.Values{}
	for name, v := range rest {
		parameters.Set(name, fmt.Sprint(v))
	}
	if o.Where != nil {
		parameters.Set("limit", fmt.Sprint(fullPage))
		parameters.Set("count", "true")
	}
	if len(parameters) > 0 {
		q.path += "?" + parameters.Encode()
	}
}

// isWhole tells whether the body of REST is the one input of an operation.
func isWhole(o *meta.Operation) bool {
	return o != nil && len(o.Args) == 1 && o.Args[0].Name == "input" && o.Args[0].Kind == meta.Input
}

// unseen is the answer to a write of a row that the viewer may not read, or no longer.
const unseen = "unseen"

func fromREST(w Wish, object map[string]any, whole any) any {
	switch {
	case w.Do == "aggregate":
		return firstCount(object["groups"])
	case w.Do == "delete":
		return true
	case w.row() && (len(object) == 0 || len(object) == 1 && object["id"] != nil):
		return unseen
	case w.Do == "history":
		return list(plainly(object["items"]), nil)
	case w.Do == "list", w.Operation != nil && w.Operation.Where != nil:
		return list(plainly(object["items"]), object["total"])
	case w.Operation != nil && w.Operation.Result.Target() == nil:
		if object["result"] != nil {
			return plainly(object["result"])
		}
		return plainly(whole)
	}
	return plainly(object)
}

func firstCount(groups any) any {
	all, _ := groups.([]any)
	if len(all) == 0 {
		return nil
	}
	return map[string]any{"count": fmt.Sprint(all[0].(map[string]any)["count"])}
}

func list(items any, total any) any {
	if items == nil {
		items = []any{}
	}
	if total == nil {
		return items
	}
	return map[string]any{"items": items, "total": fmt.Sprint(total)}
}

// plainly is a tree without nulls and lists of rows, numbers as text, and {id} as the id.
func plainly(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, item := range v {
			if p := plainly(item); p != nil {
				out[name] = p
			}
		}
		if id, ok := out["id"]; ok && len(out) == 1 {
			return id
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, plainly(item))
		}
		return out
	case json.Number:
		return v.String()
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UTC().Format(time.RFC3339Nano)
		}
	}
	return v
}

// unasked are the operations of the contracts that no wish reached.
func (r *matrixRun) unasked(schema *ast.Schema, methods map[string]protoreflect.MethodDescriptor) []string {
	var missing []string
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		if root == nil {
			continue
		}
		for _, f := range root.Fields {
			if !strings.HasPrefix(f.Name, "__") && !r.asked["field "+f.Name] {
				missing = append(missing, "GraphQL's "+f.Name)
			}
		}
	}
	for name := range methods {
		if !r.asked["method "+name] {
			missing = append(missing, "gRPC's "+name)
		}
	}
	slices.Sort(missing)
	return missing
}
