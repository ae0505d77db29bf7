package openapitest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Contract is an OpenAPI document as libraries of others read it. Routes, parameters, statuses, security and headers are
// kin-openapi's; of bodies it would compile the schema anew each time, so that each is compiled here, once. Its methods
// may be called at the same time.
type Contract struct {
	// Signed tells whether a request brings what the document's security schemes ask for. Where it is nil, what brings the
	// header, the parameter or the cookie that a scheme names does; what stands there is the service's to judge.
	Signed func(r *http.Request) bool

	router  routers.Router
	servers []*regexp.Regexp // the paths of servers that do not stand at the host itself
	roots   map[string]bool  // first segments of the paths
	mu      sync.Mutex       // for what follows
	schemas *jsonschema.Compiler
	bodies  map[string]*jsonschema.Schema // by where in the document they stand
}

// Exchange is a request and its answer.
type Exchange struct {
	Request *http.Request // its body is not read
	Sent    []byte        // the body, decoded
	Status  int
	Header  http.Header
	Answer  []byte // the body, decoded
}

// documentURL is what the document is called by those who refer into it.
const documentURL = "https://example.com/openapi.json"

// Read reads a document as JSON. Its error says what is wrong with it.
func Read(document []byte) (*Contract, error) {
	read, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	c := &Contract{roots: map[string]bool{}, bodies: map[string]*jsonschema.Schema{}}
	for _, server := range read.Servers {
		if path := templatePath(server.URL); path != "" {
			c.servers = append(c.servers, templatePattern(path))
		}
	}
	for path := range read.Paths.Map() {
		c.roots[root(path)] = true
	}
	read.Servers = nil // the paths stand for themselves, whatever the host
	if c.router, err = legacy.NewRouter(read); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	c.schemas = jsonschema.NewCompiler()
	c.schemas.DefaultDraft(jsonschema.Draft2020)
	c.schemas.AssertFormat()
	c.schemas.UseRegexpEngine(pattern)
	if err := c.schemas.AddResource(documentURL, tree); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	return c, nil
}

// templatePath is the path of a server's URL, which may hold variables, without a slash at the end.
func templatePath(url string) string {
	if _, rest, found := strings.Cut(url, "://"); found {
		_, path, _ := strings.Cut(rest, "/")
		url = "/" + path
	}
	return strings.TrimRight(url, "/")
}

var variable = regexp.MustCompile(`\\\{[^}]*\\\}`)

// templatePattern matches paths at a server, with the rest as the group.
func templatePattern(path string) *regexp.Regexp {
	return regexp.MustCompile("^" + variable.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "(/.*)$")
}

// root is the first segment of a path.
func root(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

// escape is how ECMA-262, whose regular expressions JSON Schema has, writes a character that Go writes in another way.
var escape = regexp.MustCompile(`\\u([0-9a-fA-F]{4})`)

func pattern(text string) (jsonschema.Regexp, error) {
	return regexp.Compile(escape.ReplaceAllString(text, `\x{$1}`))
}

// at gives r as it stands in the document: without the path of a server. Ok is false for what stands elsewhere.
func (c *Contract) at(r *http.Request) (there *http.Request, ok bool) {
	if c.roots[root(r.URL.Path)] {
		return r, true
	}
	for _, server := range c.servers {
		if found := server.FindStringSubmatch(r.URL.EscapedPath()); found != nil && c.roots[root(found[1])] {
			there = r.Clone(r.Context())
			var err error
			if there.URL.Path, err = url.PathUnescape(found[1]); err != nil {
				return nil, false
			}
			there.URL.RawPath = found[1]
			return there, true
		}
	}
	return nil, false
}

// Covers tells whether a request is about what the document describes: whether its path begins as one of the document's.
func (c *Contract) Covers(r *http.Request) bool {
	_, ok := c.at(r)
	return ok
}

// Check tells where a request that was taken, or any answer, is not as the contract says. What the document does not have
// must be refused: a path with 404, a method with 405 and the methods that there are.
func (c *Contract) Check(e Exchange) error {
	r, ok := c.at(e.Request)
	if !ok {
		return fmt.Errorf("contract: %s %s: nothing is described there", e.Request.Method, e.Request.URL)
	}
	head := r.Method == http.MethodHead
	if head {
		r = r.Clone(r.Context())
		r.Method = http.MethodGet
	}
	route, path, err := c.find(r)
	switch {
	case err != nil && c.otherMethods(r, e):
		return nil
	case err != nil:
		return notThere(e, err)
	}
	asked := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: path, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:    c.authenticate,
			IncludeResponseStatus: true,
			MultiError:            true,
			ExcludeRequestBody:    true,
			ExcludeResponseBody:   true,
			SkipSettingDefaults:   true,
		},
	}
	at := "/paths/" + pointer(route.Path) + "/" + strings.ToLower(route.Method)
	if e.Status < http.StatusBadRequest {
		if err := c.taken(r, e.Sent, asked, at); err != nil {
			return fmt.Errorf("contract: %s %s %s is taken with %d: %w", r.Method, r.URL, e.Sent, e.Status, err)
		}
	}
	if err := c.answered(e, asked, at, head); err != nil {
		return fmt.Errorf("contract: %s %s is answered with %d %s: %w", r.Method, r.URL, e.Status, e.Answer, err)
	}
	return nil
}

// find is the operation of a request. A variable of a path stands for something: kin-openapi takes /posts for /posts/{id}
// where the method is one of the latter only.
func (c *Contract) find(r *http.Request) (*routers.Route, map[string]string, error) {
	route, path, err := c.router.FindRoute(r)
	if err != nil {
		return nil, nil, err
	}
	for _, value := range path {
		if value == "" {
			return nil, nil, routers.ErrPathNotFound
		}
	}
	return route, path, nil
}

// otherMethods tells whether an answer refuses a method, or tells of the methods, with those in Allow that the document has
// of the path: kin-openapi says of a path with variables that it is not there at all.
func (c *Contract) otherMethods(r *http.Request, e Exchange) bool {
	allow := e.Header.Get("Allow")
	if allow == "" || e.Status != http.StatusMethodNotAllowed && !(r.Method == http.MethodOptions && e.Status == http.StatusNoContent) {
		return false
	}
	for method := range strings.SplitSeq(allow, ",") {
		method = strings.TrimSpace(method)
		if method == http.MethodHead || method == http.MethodOptions {
			continue
		}
		other := r.Clone(r.Context())
		other.Method = method
		if _, _, err := c.find(other); err != nil {
			return false
		}
	}
	return true
}

// notThere checks the answer to a request for which kin-openapi finds no route.
func notThere(e Exchange, err error) error {
	switch {
	case e.Status == http.StatusNotFound:
		return nil
	case err.Error() == routers.ErrMethodNotAllowed.Error() && e.Header.Get("Allow") != "" &&
		(e.Status == http.StatusMethodNotAllowed || e.Request.Method == http.MethodOptions && e.Status == http.StatusNoContent):
		return nil
	}
	return fmt.Errorf("contract: %s %s is answered with %d: %w", e.Request.Method, e.Request.URL, e.Status, err)
}

func (c *Contract) authenticate(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	r, has := in.RequestValidationInput.Request, c.Signed
	if has == nil {
		has = func(r *http.Request) bool { return signed(r, in.SecurityScheme) }
	}
	if !has(r) {
		return fmt.Errorf("without what %s asks for", in.SecuritySchemeName)
	}
	return nil
}

// signed looks for what a scheme asks for.
func signed(r *http.Request, scheme *openapi3.SecurityScheme) bool {
	switch {
	case scheme.Type == "http":
		kind, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		return strings.EqualFold(kind, scheme.Scheme)
	case scheme.Type == "apiKey" && scheme.In == "query":
		return r.URL.Query().Has(scheme.Name)
	case scheme.Type == "apiKey" && scheme.In == "cookie":
		_, err := r.Cookie(scheme.Name)
		return err == nil
	case scheme.Type == "apiKey":
		return r.Header.Get(scheme.Name) != ""
	}
	return r.Header.Get("Authorization") != "" // OAuth 2.0 and OpenID Connect
}

// taken checks a request.
func (c *Contract) taken(r *http.Request, sent []byte, asked *openapi3filter.RequestValidationInput, at string) error {
	if err := openapi3filter.ValidateRequest(context.Background(), asked); err != nil {
		return err
	}
	described := asked.Route.Operation.RequestBody
	switch {
	case described == nil:
		return c.body(at+"/requestBody", nil, r.Header, sent)
	case len(sent) == 0 && !described.Value.Required:
		return nil
	}
	return c.body(c.place(at+"/requestBody", described.Ref), described.Value.Content, r.Header, sent)
}

// answered checks an answer.
func (c *Contract) answered(e Exchange, asked *openapi3filter.RequestValidationInput, at string, head bool) error {
	err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: e.Status, Header: e.Header, Options: asked.Options,
	})
	if err != nil {
		return err
	}
	status, response := promised(asked.Route.Operation, e.Status)
	if status == "default" && !ofAny[e.Status] {
		return fmt.Errorf("%d is none of %s, and nothing that any request may meet", e.Status, strings.Join(statuses(asked.Route.Operation), ", "))
	}
	if err := declared(response.Value, e.Header); err != nil {
		return err
	}
	if head {
		if len(e.Answer) > 0 {
			return fmt.Errorf("a body of %d bytes for HEAD", len(e.Answer))
		}
		return nil
	}
	return c.body(c.place(at+"/responses/"+status, response.Ref), response.Value.Content, e.Header, e.Answer)
}

// ofAny are the statuses that the server or what stands before it gives to requests whatever they ask for, so that the
// response "default" may stand for them. All others belong to an operation, and are described there.
var ofAny = map[int]bool{
	http.StatusBadRequest: true, http.StatusNotAcceptable: true, http.StatusRequestTimeout: true, http.StatusPreconditionFailed: true, http.StatusRequestEntityTooLarge: true,
	http.StatusRequestURITooLong: true, http.StatusTooManyRequests: true, http.StatusRequestHeaderFieldsTooLarge: true,
	http.StatusInternalServerError: true, http.StatusBadGateway: true, http.StatusServiceUnavailable: true, http.StatusGatewayTimeout: true,
}

func statuses(o *openapi3.Operation) []string {
	return slices.Sorted(maps.Keys(o.Responses.Map()))
}

// promised is the response of a status that kin-openapi has found to be one.
func promised(o *openapi3.Operation, status int) (string, *openapi3.ResponseRef) {
	name := strconv.Itoa(status)
	for _, name := range []string{name, name[:1] + "XX"} {
		if response := o.Responses.Value(name); response != nil {
			return name, response
		}
	}
	return "default", o.Responses.Default()
}

// declared tells which header of an answer the document does not have.
func declared(response *openapi3.Response, h http.Header) error {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if unsaid[name] || strings.HasPrefix(name, "Access-Control-") {
			continue
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(response.Headers)), func(known string) bool { return http.CanonicalHeaderKey(known) == name }) {
			return fmt.Errorf("the header %s: %s is not described", name, h.Get(name))
		}
	}
	return nil
}

// unsaid are headers that a description leaves to HTTP itself: of the message, of caches, of browsers' protection, and those
// that a status brings along (RFC 9110).
var unsaid = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Accept-Patch": true, "Allow": true, "Cache-Control": true, "Connection": true, "Content-Encoding": true,
	"Content-Length": true, "Content-Security-Policy": true, "Content-Type": true, "Date": true, "Referrer-Policy": true,
	"Vary": true, "Www-Authenticate": true, "X-Content-Type-Options": true,
}

// place is where something stands in the document, or where what it refers to does.
func (c *Contract) place(at, ref string) string {
	if ref != "" {
		return strings.TrimPrefix(ref, "#")
	}
	return at
}

// body tells where a body is not of the content that stands at a place of the document.
func (c *Contract) body(at string, content openapi3.Content, header http.Header, body []byte) error {
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("a body of %d bytes where there is none", len(body))
		}
		return nil
	}
	kind, described := described(content, header.Get("Content-Type"))
	if !described {
		return fmt.Errorf("a body of the type %q, want one of %s", header.Get("Content-Type"), strings.Join(slices.Sorted(maps.Keys(content)), ", "))
	}
	if content[kind].Schema == nil {
		return nil
	}
	schema, err := c.schema(at + "/content/" + pointer(kind) + "/schema")
	if err != nil {
		return err
	}
	v, err := read(kind, body)
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// read is the value that a schema describes: of a form its fields, of what is no JSON the text.
func read(kind string, body []byte) (any, error) {
	media, _, err := mime.ParseMediaType(kind)
	switch {
	case err != nil:
		return nil, err
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return jsonschema.UnmarshalJSON(bytes.NewReader(body))
	case media != "application/x-www-form-urlencoded":
		return string(body), nil
	}
	form, err := url.ParseQuery(string(body))
	fields := map[string]any{}
	for name, values := range form {
		fields[name] = values[0]
	}
	return fields, err
}

// described is the media type of a content that a header means: the one with its parameters, where there is one.
func described(content openapi3.Content, header string) (kind string, ok bool) {
	media, parameters, err := mime.ParseMediaType(header)
	if err != nil {
		return "", false
	}
	exact := mime.FormatMediaType(media, parameters)
	for _, name := range slices.Sorted(maps.Keys(content)) {
		m, p, err := mime.ParseMediaType(name)
		switch {
		case err != nil || m != media:
		case mime.FormatMediaType(m, p) == exact:
			return name, true
		case len(p) == 0:
			kind, ok = name, true
		}
	}
	return kind, ok
}

func (c *Contract) schema(at string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	schema := c.bodies[at]
	if schema == nil {
		var err error
		if schema, err = c.schemas.Compile(documentURL + "#" + at); err != nil {
			return nil, err
		}
		c.bodies[at] = schema
	}
	return schema, nil
}

// fragment escapes what stands in the fragment of a URL.
var fragment = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B", " ", "%20", ";", "%3B")

// pointer is a member's name as a JSON pointer (RFC 6901) within the fragment of a URL.
func pointer(name string) string { return fragment.Replace(name) }
