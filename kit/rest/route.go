package rest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/body"
	"github.com/fettlehq/fettle/kit/internal/fields"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// routes is a tree of the paths, segment by segment. Unlike patterns of http.ServeMux, any two of its paths stand side
// by side: "/orders/latest/{n}" and "/orders/{order}/cancel" both fit "/orders/latest/cancel", and the one with the
// earlier literal wins.
type routes struct {
	literals map[string]*routes
	wildcard *routes
	route    *route // where a path ends here
}

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
	body []*meta.Field // what members of the body are
	once bool          // not to be run again after a collision: its operation does not say that it may

	merges bool // it takes patches

	row     func(r *http.Request) query.Named // the one that it writes; nil: none that it names
	makes   *meta.Entity                      // of the row that it makes; nil: none
	changes *meta.Entity                      // of the row that it changes; nil: none
}

// add adds an action; the last one of a method and path wins. Path begins after Prefix and may have {wildcards}.
func (rs *routes) add(method, path string, a func(names []string) action) {
	path = Prefix + "/" + strings.TrimPrefix(path, "/")
	node := rs
	for segment := range strings.SplitSeq(path[1:], "/") {
		node = node.child(segment)
	}
	if node.route == nil {
		node.route = &route{pattern: path, names: wildcards(path), methods: map[string]action{}}
	}
	node.route.methods[method] = a(node.route.names)
}

func (rs *routes) child(segment string) *routes {
	if strings.HasPrefix(segment, "{") {
		if rs.wildcard == nil {
			rs.wildcard = &routes{}
		}
		return rs.wildcard
	}
	if rs.literals == nil {
		rs.literals = map[string]*routes{}
	}
	if rs.literals[segment] == nil {
		rs.literals[segment] = &routes{}
	}
	return rs.literals[segment]
}

// find is the route of a path in segments, and what stands for its wildcards.
func (rs *routes) find(segments, values []string) (*route, []string) {
	if len(segments) == 0 {
		return rs.route, values
	}
	if next := rs.literals[segments[0]]; next != nil {
		if found, values := next.find(segments[1:], values); found != nil {
			return found, values
		}
	}
	if rs.wildcard != nil && segments[0] != "" {
		return rs.wildcard.find(segments[1:], append(values, segments[0]))
	}
	return nil, nil
}

// match is the route of a request, with the values of its wildcards set; nil without one.
func (rs *routes) match(r *http.Request) *route {
	segments := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	for i, segment := range segments {
		text, err := url.PathUnescape(segment)
		if err != nil {
			return nil
		}
		segments[i] = text
	}
	found, values := rs.find(segments, nil)
	if found == nil {
		return nil
	}
	r.Pattern = found.pattern
	for i, name := range found.names {
		r.SetPathValue(name, values[i])
	}
	return found
}

// wildcards are the names in braces of a path.
func wildcards(path string) []string {
	var names []string
	for segment := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(segment, "{") {
			names = append(names, strings.Trim(segment, "{}"))
		}
	}
	return names
}

// call is one request.
type call struct {
	door   *door
	w      http.ResponseWriter
	r      *http.Request
	viewer kit.Viewer
	tx     *query.Tx    // of the batch that this is part of; nil for a request of its own
	sent   input.Object // in that batch
	rows   *int         // that the parts of that batch may bring so far
	some   bool         // rows are answered with some of their fields

	told  []*meta.Deprecation // of which the answer's headers tell
	going meta.Deprecation    // the earliest of them
}

// read calls do, a second time where a replica fails.
func (c *call) read(do func(ctx context.Context, tx *query.Tx) error) error {
	if c.tx != nil {
		return do(c.r.Context(), c.tx)
	}
	return c.door.engine.Read(c.door.engine.Anywhere(c.r.Context(), c.viewer), c.viewer, do)
}

// readOnly is read for what reads s and nothing else.
func (c *call) readOnly(s *query.Select, do func(ctx context.Context, tx *query.Tx) error) error {
	return c.readAlone(func(ctx context.Context) context.Context { return c.door.engine.Single(ctx, s) }, do)
}

// readAlone is read for one thing, for which single makes the context.
func (c *call) readAlone(single func(context.Context) context.Context, do func(ctx context.Context, tx *query.Tx) error) error {
	if c.tx != nil {
		return do(c.r.Context(), c.tx)
	}
	ctx := single(c.door.engine.Anywhere(c.r.Context(), c.viewer))
	return c.door.engine.Read(ctx, c.viewer, do)
}

// writeOnce writes, again after a collision if it may, and answers; a request that comes again under its key is only
// answered. What is part of a batch has no key of its own.
func (c *call) writeOnce(repeated *replay.Request, again bool, do func(ctx context.Context, tx *query.Tx, answer *replay.Answer) error) error {
	var answer replay.Answer
	var err error
	write := c.door.engine.Write
	if again {
		write = c.door.engine.Retry
	}
	if c.tx != nil {
		err = do(c.r.Context(), c.tx, &answer)
	} else {
		answer, err = repeated.Write(c.r.Context(), write, c.viewer, do)
	}
	if err != nil {
		return err
	}
	return c.send(answer)
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
	body.Limit(w, r, d.options.MaxBody)
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
	telemetry.SetOperation(r.Context(), route.pattern)
	w.Header().Set("Allow", strings.Join(allow, ", "))
	if a, ok := route.methods[http.MethodPatch]; ok { // RFC 5789, section 3.1
		types := "application/json"
		if a.merges {
			types = strings.Join(patches, ", ")
		}
		w.Header().Set("Accept-Patch", types)
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	d.report.Write(w, r, route.pattern, &kit.Problem{
		Code: kit.CodeMethodNotAllowed, Status: http.StatusMethodNotAllowed,
		Detail: "This takes " + strings.Join(allow, ", ") + ".",
	})
}

// answer writes a JSON body.
func (c *call) answer(status int, body []byte) error {
	h := c.w.Header()
	h.Add("Vary", "Accept, Authorization")
	h["Content-Type"] = fields.JSON
	if c.some {
		h["Content-Type"] = someType
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	h["X-Content-Type-Options"] = fields.NoSniff
	h["Cache-Control"] = fields.Revalidate
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // the caller may be gone
	return nil
}

// someType is the type of an answer whose rows have the members that fields names. It is JSON as any; the contract describes it
// apart, so that its other answers can promise all members.
var someType = []string{"application/json; fields=some"}

func (c *call) noContent() error {
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}
