package rest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// routes are the paths by their shape: "/orders/{}/cancel".
type routes map[string]*route

// route is one path.
type route struct {
	pattern string   // "/v1/orders/{order}/cancel"
	names   []string // of the wildcards, as the first who added it calls them
	methods map[string]action
}

// action is what one method of a path does.
type action struct {
	name string // of the operation, for logs: "createOrder"
	do   func(c *call) error
}

// add adds an action; the last one of a method and path wins. Path begins after Prefix and may have {wildcards}.
func (rs routes) add(method, path string, a func(names []string) action) {
	key, names := shape(path)
	r := rs[key]
	if r == nil {
		r = &route{pattern: Prefix + "/" + strings.TrimPrefix(path, "/"), names: names, methods: map[string]action{}}
		rs[key] = r
	}
	r.methods[method] = a(r.names)
}

// shape is a path without the names of its wildcards, and these names.
func shape(path string) (key string, names []string) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			names = append(names, strings.Trim(segment, "{}"))
			segments[i] = "{}"
		}
	}
	return "/" + strings.Join(segments, "/"), names
}

// call is one request.
type call struct {
	door   *door
	w      http.ResponseWriter
	r      *http.Request
	viewer kit.Viewer
}

func (c *call) read(do func(ctx context.Context, tx *query.Tx) error) error {
	return c.door.engine.Read(c.r.Context(), c.viewer, do)
}

func (c *call) write(do func(ctx context.Context, tx *query.Tx) error) error {
	return c.door.engine.Write(c.r.Context(), c.viewer, do)
}

// serve answers a request for a known path.
func (d *door) serve(w http.ResponseWriter, r *http.Request, route *route) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	a, ok := route.methods[method]
	if !ok {
		d.otherMethod(w, r, route)
		return
	}
	if err := d.perform(w, r, a); err != nil {
		d.report.Write(w, r, a.name, err)
	}
}

func (d *door) perform(w http.ResponseWriter, r *http.Request, a action) error {
	if !acceptsJSON(r.Header.Values("Accept")) {
		return &kit.Problem{
			Code: kit.CodeNotAcceptable, Status: http.StatusNotAcceptable,
			Detail: "This answers with application/json only.",
		}
	}
	telemetry.SetOperation(r.Context(), a.name)
	viewer, err := d.options.Viewer(r)
	if err != nil {
		return err
	}
	telemetry.SetViewer(r.Context(), viewer)
	if r.Body != nil {
		r.Body = http.MaxBytesReader(w, r.Body, d.options.MaxBody)
	}
	return a.do(&call{door: d, w: w, r: r, viewer: viewer})
}

// otherMethod answers OPTIONS, and refuses methods that the path does not have.
func (d *door) otherMethod(w http.ResponseWriter, r *http.Request, route *route) {
	allow := []string{http.MethodOptions}
	for method := range route.methods {
		allow = append(allow, method)
		if method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	slices.Sort(allow)
	w.Header().Set("Allow", strings.Join(allow, ", "))
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	d.report.Write(w, r, "", &kit.Problem{
		Code: kit.CodeMethodNotAllowed, Status: http.StatusMethodNotAllowed,
		Detail: "This takes " + strings.Join(allow, ", ") + ".",
	})
}

// answer writes a JSON body.
func (c *call) answer(status int, body []byte) error {
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Accept, Authorization")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // the caller may be gone
	return nil
}

func (c *call) noContent() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
