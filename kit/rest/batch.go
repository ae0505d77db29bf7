package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// A batch is several requests to this door in one transaction: all of them happen, or none does.
//
//	{"requests": [
//	  {"method": "POST", "path": "/v1/orders", "body": {"note": "two of them"}},
//	  {"method": "POST", "path": "/v1/order-lines", "body": {"order": {"$id": 0}, "quantity": 2}}
//	]}
//
// {"$id": n} stands for the id that request n was answered with. A request that fails fails the batch: its problem is the
// answer, with the fields at fault under requests.n. Otherwise the answer is a list of statuses and bodies in order.

const (
	batchPath = "/batch"
	maxBatch  = 50 // requests
)

// batched is one request of a batch.
type batched struct {
	method, path string
	match        *string // If-Match; nil without
	body         input.Object

	r      *http.Request // as the routes take it
	action action
	wrong  error // why there is none
}

// find finds what b asks to do.
func (d *door) find(ctx context.Context, b *batched) {
	r, err := http.NewRequestWithContext(ctx, b.method, b.path, http.NoBody)
	if err != nil || r.URL.Host != "" {
		b.wrong = kit.Invalid("path", kit.FieldFormat, "is no path")
		return
	}
	if b.match != nil {
		r.Header.Set("If-Match", *b.match)
	}
	route := d.routes.match(r)
	if route == nil {
		b.wrong = kit.NotFound("resource")
		return
	}
	a, ok := route.methods[b.method]
	if !ok { // no 405, which is of the path that was asked: a batch takes POST
		b.wrong = kit.Invalid("method", kit.FieldFormat, "must be one of %s", strings.Join(slices.Sorted(maps.Keys(route.methods)), ", "))
		return
	}
	b.r, b.action = r, a
}

// written is the rows that requests name and write.
func written(requests []batched) (rows []query.Named) {
	for _, b := range requests {
		if b.action.row != nil {
			rows = append(rows, b.action.row(b.r))
		}
	}
	return rows
}

func (d *door) addBatch(rs *routes) {
	rs.add(http.MethodPost, batchPath, func([]string) action { return action{name: "batch", do: (*call).batch} })
}

func (c *call) batch() error {
	if c.tx != nil {
		return &kit.Problem{Code: kit.CodeNotFound, Status: http.StatusNotFound, Detail: "A batch is no part of a batch."}
	}
	if _, err := c.onlyParameters(); err != nil {
		return err
	}
	repeated, err := replay.Read(c.r)
	if err != nil {
		return err
	}
	if err := c.conditionsOfCall(false); err != nil {
		return err
	}
	object, err := c.body(false, "application/json")
	if err != nil {
		return err
	}
	requests, err := readBatch(object)
	if err != nil {
		return err
	}
	for i := range requests {
		c.door.find(c.r.Context(), &requests[i])
	}
	var made, changed []*meta.Entity
	for _, b := range requests {
		if b.action.makes != nil {
			made = append(made, b.action.makes)
		}
		if b.action.changes != nil {
			changed = append(changed, b.action.changes)
		}
	}
	repeatable := !slices.ContainsFunc(requests, func(b batched) bool { return b.action.once }) // after a collision
	return c.writeOnce(repeated, repeatable, func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error {
		if err := tx.Queue(ctx, made, changed); err != nil {
			return err
		}
		if rows := written(requests); len(rows) > 1 { // the write of one locks it
			if err := tx.Lock(ctx, rows); err != nil {
				return err
			}
		}
		answers := []byte(`{"responses":[`)
		ids, rows := make([]string, 0, len(requests)), 0
		for i, r := range requests {
			id, one, err := c.part(ctx, tx.Part(), r, ids, &rows)
			if err != nil {
				return inBatch(i, err)
			}
			if i > 0 {
				answers = append(answers, ',')
			}
			answers = append(answers, one...)
			ids = append(ids, id)
		}
		*answer = replay.Answer{Status: http.StatusOK, Body: append(answers, `]}`...)}
		return nil
	})
}

func readBatch(object input.Object) ([]batched, error) {
	var wrong []kit.FieldError
	fail := func(field, code, format string, args ...any) {
		wrong = append(wrong, kit.FieldError{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)})
	}
	for name := range object {
		if name != "requests" {
			fail(name[:min(len(name), 64)], kit.FieldUnknown, "is no field here")
		}
	}
	list, ok := object["requests"].([]any)
	switch {
	case !ok:
		fail("requests", kit.FieldRequired, "must be a list of requests")
	case len(list) == 0:
		fail("requests", kit.FieldTooShort, "must hold from 1 to %d requests", maxBatch)
	case len(list) > maxBatch:
		fail("requests", kit.FieldTooLong, "must hold from 1 to %d requests", maxBatch)
		list = nil
	}
	requests := make([]batched, len(list))
	for i, item := range list {
		at := "requests." + strconv.Itoa(i)
		o, ok := item.(input.Object)
		if !ok {
			fail(at, kit.FieldType, "must be an object")
			continue
		}
		requests[i].method, _ = o["method"].(string)
		requests[i].path, _ = o["path"].(string)
		if match, given := o["ifMatch"]; given {
			text, ok := match.(string)
			if requests[i].match = &text; !ok {
				fail(at+".ifMatch", kit.FieldType, "must be a string")
			}
		}
		body, isObject := o["body"].(input.Object)
		requests[i].body = body
		if body == nil {
			requests[i].body = input.Object{}
		}
		switch {
		case !slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete}, requests[i].method):
			fail(at+".method", kit.FieldFormat, "must be GET, POST, PUT, PATCH or DELETE")
		case !strings.HasPrefix(requests[i].path, Prefix+"/"):
			fail(at+".path", kit.FieldFormat, "must begin with %s/", Prefix)
		case o["body"] != nil && !isObject:
			fail(at+".body", kit.FieldType, "must be an object")
		case o["body"] != nil && requests[i].method == http.MethodGet:
			fail(at+".body", kit.FieldUnknown, "is nothing that GET has")
		}
		for name := range o {
			if !slices.Contains([]string{"method", "path", "body", "ifMatch"}, name) {
				fail(at+"."+name[:min(len(name), 64)], kit.FieldUnknown, "is no field here")
			}
		}
	}
	if wrong != nil {
		return nil, invalid(wrong)
	}
	return requests, nil
}

// part runs one request in the transaction, and tells the id that it was answered with, empty without one.
func (c *call) part(ctx context.Context, tx *query.Tx, b batched, ids []string, rows *int) (id string, answer []byte, err error) {
	if b.wrong != nil {
		return "", nil, b.wrong
	}
	body, err := withIDs(b.body, b.action.body, ids)
	if err != nil {
		return "", nil, err
	}
	w := &memory{header: http.Header{}}
	part := &call{door: c.door, w: w, r: b.r.WithContext(ctx), viewer: c.viewer, tx: tx, sent: body, rows: rows}
	err = b.action.do(part)
	for _, d := range part.told {
		c.tell(d)
	}
	if err != nil {
		return "", nil, err
	}
	answer = strconv.AppendInt(append(answer, `{"status":`...), int64(w.status), 10)
	if len(w.body) > 0 {
		answer = append(append(answer, `,"body":`...), w.body...)
	}
	return w.id(), append(answer, '}'), nil
}

// memory keeps the answer to one request of a batch.
type memory struct {
	header http.Header
	status int
	body   []byte
}

func (m *memory) Header() http.Header    { return m.header }
func (m *memory) WriteHeader(status int) { m.status = status }

func (m *memory) Write(p []byte) (int, error) {
	m.body = append(m.body, p...)
	return len(p), nil
}

// id is that of the row in the answer, empty where it holds none.
func (m *memory) id() string {
	if len(m.body) == 0 {
		return ""
	}
	tree, err := input.ParseKept(m.body)
	if err != nil {
		return ""
	}
	row, _ := tree.(input.Object)
	id, _ := row["id"].(string)
	return id
}

// withIDs is object, whose members are fields, with the id that request n was answered with in place of {"$id": n}. What stands in a field
// of JSON is the client's own.
func withIDs(object input.Object, fields []*meta.Field, ids []string) (input.Object, error) {
	put := make(input.Object, len(object))
	for name, value := range object {
		within := fields // of what a list of parts is to have: create and update are no fields
		if at := slices.IndexFunc(fields, func(f *meta.Field) bool { return f.Name == name }); at >= 0 {
			f := fields[at]
			switch within = f.Fields; {
			case f.Kind == meta.JSON:
				put[name] = value
				continue
			case f.Kind == meta.List && f.Target() != nil:
				within = f.Target().Fields
			}
		}
		var err error
		if put[name], err = idsIn(value, within, ids); err != nil {
			return nil, err
		}
	}
	return put, nil
}

func idsIn(value any, fields []*meta.Field, ids []string) (any, error) {
	switch v := value.(type) {
	case input.Object:
		number, ok := v["$id"].(json.Number)
		if !ok || len(v) != 1 {
			return withIDs(v, fields, ids)
		}
		if n, err := strconv.Atoi(string(number)); err == nil && n >= 0 && n < len(ids) && ids[n] != "" {
			return ids[n], nil
		}
		return nil, kit.Invalid("body", kit.FieldNotFound, "$id %s is no request before this one that was answered with an id", number)
	case []any:
		put := make([]any, len(v))
		for i := range v {
			var err error
			if put[i], err = idsIn(v[i], fields, ids); err != nil {
				return nil, err
			}
		}
		return put, nil
	}
	return value, nil
}

// inBatch is a problem of request i as one of the batch.
func inBatch(i int, err error) error {
	var p *kit.Problem
	if !errors.As(err, &p) {
		return fmt.Errorf("request %d of a batch: %w", i, err)
	}
	said := *p
	said.Detail = fmt.Sprintf("Request %d: %s", i, p.Detail)
	said.Fields = nil
	for _, f := range p.Fields {
		at := "requests." + strconv.Itoa(i)
		if f.Field != "" { // of the request as a whole otherwise
			at += "." + f.Field
		}
		f.Field = at
		said.Fields = append(said.Fields, f)
	}
	return &said
}
