package graphql

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/answers"
	"github.com/fettlehq/fettle/kit/internal/body"
	"github.com/fettlehq/fettle/kit/internal/fields"
	"github.com/fettlehq/fettle/kit/internal/media"
	"github.com/fettlehq/fettle/kit/internal/replay"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/telemetry"
)

const (
	mediaJSON     = "application/json"
	mediaResponse = "application/graphql-response+json"
	mediaHTML     = "text/html"
)

// request is one GraphQL request.
type request struct {
	query     string // its document
	document  string // the id of one that is trusted
	hash      string // of one that was sent before, or now with the document; lower-case hexadecimal
	operation string
	variables input.Object
	readOnly  bool // sent with GET
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	media := negotiate(r.Header.Values("Accept"))
	defer problem.Recover(func(err error) { d.refuse(w, r, media, err) })
	w.Header().Add("Vary", "Accept, Authorization")
	if wantsSocket(r) {
		d.serveSocket(w, r)
		return
	}
	telemetry.SetOperation(r.Context(), "graphql")
	if d.options.Playground != nil && wantsPage(r) {
		d.options.Playground.ServeHTTP(w, r)
		return
	}
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allowed)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if media == "" {
		d.refuse(w, r, mediaJSON, &kit.Problem{
			Code: kit.CodeNotAcceptable, Status: http.StatusNotAcceptable,
			Detail: "This answers with " + mediaResponse + " or " + mediaJSON + ".",
		})
		return
	}
	d.answer(w, r, media)
}

const allowed = "GET, HEAD, OPTIONS, POST"

// answer reads, runs and answers a request.
func (d *Door) answer(w http.ResponseWriter, r *http.Request, media string) {
	body.Limit(w, r, d.limits.Body)
	repeated, err := replay.Read(r)
	if err != nil {
		d.refuse(w, r, media, err)
		return
	}
	req, err := readRequest(r)
	if err != nil {
		d.refuse(w, r, media, err)
		return
	}
	viewer, err := d.options.Viewer(r)
	if err != nil {
		d.refuse(w, r, media, err)
		return
	}
	telemetry.SetViewer(r.Context(), viewer)
	p, problems := d.plan(req)
	if problems != nil {
		d.send(w, r, media, problems[0].requestStatus(media), appendErrors(nil, problems), problems[0].problem)
		return
	}
	if req.readOnly && p.mutation {
		w.Header().Set("Allow", http.MethodPost)
		d.refuse(w, r, media, &kit.Problem{
			Code: kit.CodeMethodNotAllowed, Status: http.StatusMethodNotAllowed, Detail: "Send a mutation with POST.",
		})
		return
	}
	telemetry.SetOperation(r.Context(), p.name)
	switch {
	case wantsEvents(r.Header.Values("Accept")) && r.Method != http.MethodHead:
		d.answerEvents(w, r, media, viewer, p)
		return
	case p.subscription:
		d.refuse(w, r, media, needsStream())
		return
	}
	if p.mutation && repeated != nil {
		d.answerOnce(w, r, media, viewer, p, repeated)
		return
	}
	answer := d.execute(r.Context(), viewer, p)
	d.send(w, r, media, http.StatusOK, answer, nil)
	answers.GiveBack(answer)
}

// Refuse answers a request that does not come as far as the door, as the door does: who stands in front of it speaks its language.
// Nothing may have been written before.
func (d *Door) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Add("Vary", "Accept, Authorization")
	d.refuse(w, r, negotiate(r.Header.Values("Accept")), err)
}

// refuse answers a request that was not run.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, media string, err error) {
	p := d.report.Problem(r.Context(), "graphql", err)
	if p.Status == http.StatusMethodNotAllowed && w.Header().Get("Allow") == "" {
		w.Header().Set("Allow", allowed)
	}
	body := appendErrors(nil, []*failure{{message: p.Detail, problem: p, instance: problem.Instance(r.Context(), p)}})
	if media == "" {
		media = mediaJSON
	}
	d.send(w, r, media, p.Status, body, p)
}

func (d *Door) send(w http.ResponseWriter, r *http.Request, media string, status int, body []byte, p *kit.Problem) {
	h := w.Header()
	h["Cache-Control"] = fields.Revalidate
	if p != nil {
		problem.Headers(h, p) // no-store
	}
	h["X-Content-Type-Options"] = fields.NoSniff
	h["Content-Type"] = fields.JSONText
	if media == mediaResponse {
		h["Content-Type"] = fields.ResponseText
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the caller may be gone
	}
}

// wantsPage tells whether a browser asks for a page to look at.
func wantsPage(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || asks(r.URL.RawQuery) {
		return false
	}
	return media.Weight(r.Header.Values("Accept"), mediaHTML, false) > 0
}

// asks tells whether the query of a URL is a request.
func asks(query string) bool {
	return strings.Contains(query, "query=") || strings.Contains(query, "documentId=") || strings.Contains(query, "extensions=")
}

// negotiate chooses the media type of the answer; "" is none. Without a preference it is application/json, which every
// client understands.
func negotiate(accept []string) string {
	if !media.Asks(accept) || wantsEvents(accept) { // what is refused is told as JSON
		return mediaJSON
	}
	response, json := media.Weight(accept, mediaResponse, true), media.Weight(accept, mediaJSON, true)
	switch {
	case response == 0 && json == 0:
		return ""
	case response > json, response == json && names(accept, mediaResponse):
		return mediaResponse
	default:
		return mediaJSON
	}
}

func names(accept []string, media string) bool {
	return slices.ContainsFunc(accept, func(field string) bool { return strings.Contains(field, media) })
}

func readRequest(r *http.Request) (request, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return fromURL(r.URL)
	case http.MethodPost:
		return fromBody(r)
	}
	return request{}, &kit.Problem{
		Code: kit.CodeMethodNotAllowed, Status: http.StatusMethodNotAllowed, Detail: "Send a query with GET or POST.",
	}
}

func fromURL(u *url.URL) (request, error) {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return request{}, malformed("The query of the URL is malformed.")
	}
	for _, name := range []string{"query", "documentId", "variables", "operationName", "extensions"} {
		if len(values[name]) > 1 || !utf8.ValidString(values.Get(name)) {
			return request{}, malformed("The parameter " + name + " must stand once, in UTF-8.")
		}
	}
	object := input.Object{"operationName": values.Get("operationName")}
	for _, name := range []string{"query", "documentId"} {
		if text := values.Get(name); text != "" {
			object[name] = text
		}
	}
	for _, name := range []string{"variables", "extensions"} {
		if text := values.Get(name); text != "" {
			if object[name], err = input.Parse([]byte(text)); err != nil {
				return request{}, err
			}
		}
	}
	req, err := fromObject(object)
	req.readOnly = true
	return req, err
}

func fromBody(r *http.Request) (request, error) {
	kind, parameters, err := media.Of(r.Header)
	charset := parameters["charset"]
	encoding := r.Header.Get("Content-Encoding")
	if err != nil || kind != mediaJSON || charset != "" && !strings.EqualFold(charset, "utf-8") || encoding != "" && encoding != "identity" {
		return request{}, &kit.Problem{
			Code: kit.CodeUnsupportedType, Status: http.StatusUnsupportedMediaType,
			Detail: "The body must be application/json, in UTF-8.",
		}
	}
	text, err := body.Read(r)
	if err != nil {
		return request{}, err
	}
	tree, err := input.Parse(text)
	if err != nil {
		return request{}, err
	}
	switch body := tree.(type) {
	case input.Object:
		return fromObject(body)
	case []any:
		return request{}, malformed("Send one request at a time: ask for several root fields instead of a batch.")
	default:
		return request{}, malformed("The body must be a JSON object.")
	}
}

// fromObject reads the parameters of a request. Others than those of the specification are let through, unread.
func fromObject(object input.Object) (request, error) {
	var req request
	var ok bool
	if name := object["operationName"]; name != nil {
		if req.operation, ok = name.(string); !ok {
			return req, malformed("The parameter operationName must be a string.")
		}
	}
	if variables := object["variables"]; variables != nil {
		if req.variables, ok = variables.(input.Object); !ok {
			return req, malformed("The parameter variables must be an object.")
		}
	}
	if extensions := object["extensions"]; extensions != nil {
		of, ok := extensions.(input.Object)
		if !ok {
			return req, malformed("The parameter extensions must be an object.")
		}
		if err := req.readHash(of["persistedQuery"]); err != nil {
			return req, err
		}
	}
	return req, req.readDocument(object)
}

func malformed(detail string) *kit.Problem {
	return &kit.Problem{Code: kit.CodeMalformed, Status: http.StatusBadRequest, Detail: detail}
}
