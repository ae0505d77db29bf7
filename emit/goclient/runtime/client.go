// Package runtime is what every written client has, whatever its design: it sends, tries again, stays signed in, and reads
// answers. Package goclient copies its files into the package of the client, so that a client needs nothing but the standard
// library.
//
//	a typed method ─▶ core.do: token, key, tries ─▶ HTTP ─▶ answer, or *Error
//
// Nothing here names anything of a design.
package runtime

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
)

// Config are what a client may be told. The zero value works.
type Config struct {
	HTTP      *http.Client // http.DefaultClient unless given
	Tokens    TokenStore   // keeps who is signed in; memory unless given
	Retry     Retry        // how often to try again, and when
	UserAgent string       // names the program that asks
	MaxAnswer int64        // bytes of one answer at most; 64 MiB unless given
}

// core is what a client and its resources share.
type core struct {
	base      *url.URL
	options   Config
	tenant    string
	tenancy   tenancy
	session   *session
	readAfter *atomic.Pointer[string] // what the last write was answered with, see the header Read-After
}

// tenancy is where requests name their tenant: "path:workspaces", "header" or "subdomain"; empty where there is none.
type tenancy string

func newCore(baseURL string, o Config, t tenancy) (*core, error) {
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("base URL %q: want one such as https://api.example.com", baseURL)
	}
	if o.HTTP == nil {
		o.HTTP = http.DefaultClient
	}
	if o.Tokens == nil {
		o.Tokens = KeepTokens(TokenPair{})
	}
	if o.MaxAnswer == 0 {
		o.MaxAnswer = 64 << 20
	}
	o.Retry = o.Retry.withDefaults()
	base.Path = strings.TrimSuffix(base.Path, "/")
	base.RawPath, base.RawQuery, base.Fragment = "", "", ""
	return &core{base: base, options: o, tenancy: t, session: &session{}, readAfter: &atomic.Pointer[string]{}}, nil
}

// in is c in a tenant, with the same session.
func (c *core) in(tenant string) *core {
	within := *c
	within.tenant = tenant
	return &within
}

// request is one call of a method: it is sent once, or several times.
type request struct {
	operation string // its name, for errors: "createOrder"
	method    string
	path      string // escaped, from "/v1" or "/auth"
	query     url.Values
	body      any  // nil for none
	keyed     bool // the service heeds an Idempotency-Key
	nobody    bool // it is asked without a token
	blind     bool // nobody reads the answer
	sent      sent
}

// sent are the choices of a caller for one call.
type sent struct {
	key         string
	ifMatch     string
	ifNoneMatch string
	fields      []string
	include     []string
	answer      *CallInfo
}

// CallInfo is what else a call was answered with; see Into.
type CallInfo struct {
	Status   int
	ETag     string // of the row or page, for IfNoneMatch
	Replayed bool   // an earlier try had been done, and this is what it was answered
	Tries    int    // how often the request was sent
}

// CallOption is a choice for one call.
type CallOption func(*sent)

// IfMatch has a change refused with CodeStale where version is no longer the row's.
func IfMatch(version int) CallOption {
	return func(s *sent) { s.ifMatch = `W/"` + strconv.Itoa(version) + `"` }
}

// IfAnyVersion says that a change is meant whatever the row's version, for services that ask to say so.
func IfAnyVersion() CallOption { return func(s *sent) { s.ifMatch = "*" } }

// IfNoneMatch has a read answered with ErrNotModified where what is read still has the tag; see CallInfo.
func IfNoneMatch(etag string) CallOption { return func(s *sent) { s.ifNoneMatch = etag } }

// IdempotencyKey names a write, so that to send it again, even from another process, is to do it once. Each write that heeds
// one has a key of its own unless this gives another.
func IdempotencyKey(key string) CallOption { return func(s *sent) { s.key = key } }

// Into has what else the call is answered with written to a, whether it fails or not.
func Into(a *CallInfo) CallOption { return func(s *sent) { s.answer = a } }

// FieldOf is a field of rows of E, or one of what they lead to: Products.Title, Products.Category.Name.
type FieldOf[E any] interface{ shown(E) string }

// Fields says all that is to be shown of a row; what it leaves out is the zero value.
func Fields[E any](fields ...FieldOf[E]) CallOption {
	return func(s *sent) { s.fields = append(s.fields, paths(fields)...) }
}

// Include has what references and lists lead to brought along.
func Include[E any](fields ...FieldOf[E]) CallOption {
	return func(s *sent) { s.include = append(s.include, paths(fields)...) }
}

func paths[E any](fields []FieldOf[E]) []string {
	var none E
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.shown(none)
	}
	return out
}

// call sends a request and reads its answer as a T; no answer is the zero value.
func call[T any](ctx context.Context, c *core, r request, options []CallOption) (T, error) {
	var out T
	for _, o := range options {
		o(&r.sent)
	}
	return out, c.do(ctx, r, &out)
}

// do sends r, again where that may help, and reads the answer into out.
func (c *core) do(ctx context.Context, r request, out any) error {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return fmt.Errorf("%s: %w", r.operation, err)
		}
	}
	if r.keyed && r.sent.key == "" {
		r.sent.key = newKey()
	}
	where, err := c.locate(r)
	if err != nil {
		return fmt.Errorf("%s: %w", r.operation, err)
	}
	text, err := c.try(ctx, r, where, body)
	if err != nil {
		return fmt.Errorf("%s: %w", r.operation, err)
	}
	if len(text) == 0 || out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s: answer: %w", r.operation, err)
	}
	return nil
}

// locate is the URL of a request, in the client's tenant.
func (c *core) locate(r request) (string, error) {
	at := *c.base
	prefix := ""
	if c.tenant != "" && strings.HasPrefix(r.path, "/v1/") {
		kind, segment, _ := strings.Cut(string(c.tenancy), ":")
		switch kind {
		case "path":
			prefix = "/" + segment + "/" + url.PathEscape(c.tenant)
		case "subdomain":
			if strings.ContainsAny(c.tenant, "./:@ ") {
				return "", fmt.Errorf("tenant %q: is no part of a host", c.tenant)
			}
			at.Host = c.tenant + "." + at.Host
		}
	}
	return withQuery(at.String()+prefix+r.path, r.parameters()), nil
}

// parameters are those of a request, with what its caller wants to be shown.
func (r request) parameters() url.Values {
	if len(r.sent.fields)+len(r.sent.include) == 0 {
		return r.query
	}
	query := url.Values{}
	for name, values := range r.query {
		query[name] = values
	}
	setPaths(query, "fields", r.sent.fields)
	setPaths(query, "include", r.sent.include)
	return query
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func setPaths(query url.Values, name string, paths []string) {
	if len(paths) > 0 {
		query.Set(name, strings.Join(paths, ","))
	}
}

// ErrNotModified is that what is read still has the tag that IfNoneMatch gave.
var ErrNotModified = errors.New("not modified")

// once sends a request one time. That no answer came is a *lost, unless the caller gave up.
func (c *core) once(ctx context.Context, r request, where, token string, body []byte) (*http.Response, []byte, error) {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, r.method, where, reader)
	if err != nil {
		return nil, nil, err
	}
	c.header(request.Header, r, token, body != nil)
	response, err := c.options.HTTP.Do(request)
	if err != nil {
		return nil, nil, noAnswer(ctx, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, c.options.MaxAnswer+1))
	if err != nil {
		return nil, nil, noAnswer(ctx, err)
	}
	if int64(len(text)) > c.options.MaxAnswer {
		return nil, nil, fmt.Errorf("answer: is larger than %d bytes", c.options.MaxAnswer)
	}
	c.keepReadAfter(response.Header.Get("Read-After"))
	if good := response.StatusCode < 300 && response.StatusCode != http.StatusNoContent; good && !r.blind && !json.Valid(text) {
		return nil, nil, &lost{fmt.Errorf("answer: %d bytes are no JSON", len(text))}
	}
	return response, text, nil
}

func (c *core) header(h http.Header, r request, token string, body bool) {
	h.Set("Accept", "application/json")
	for _, field := range []struct{ name, value string }{
		{"User-Agent", c.options.UserAgent}, {"If-Match", r.sent.ifMatch}, {"If-None-Match", r.sent.ifNoneMatch},
	} {
		if field.value != "" {
			h.Set(field.name, field.value)
		}
	}
	if body {
		h.Set("Content-Type", "application/json")
	}
	if r.keyed {
		h.Set("Idempotency-Key", r.sent.key)
	}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	if c.tenant != "" && c.tenancy == "header" && strings.HasPrefix(r.path, "/v1/") {
		h.Set("Tenant", c.tenant)
	}
	if r.method == http.MethodGet {
		h.Set("Read-After", c.lastWrite())
	}
}

// lastWrite is how far this client has written, so that its reads see that whichever replica answers.
func (c *core) lastWrite() string {
	if last := c.readAfter.Load(); last != nil {
		return *last
	}
	return "0"
}

// keepReadAfter keeps the furthest of what writes were answered with: they may be answered in another order than done.
func (c *core) keepReadAfter(value string) {
	position, err := strconv.ParseUint(value, 16, 64)
	for err == nil {
		last := c.readAfter.Load()
		if last != nil {
			if furthest, _ := strconv.ParseUint(*last, 16, 64); furthest >= position {
				return
			}
		}
		if c.readAfter.CompareAndSwap(last, &value) {
			return
		}
	}
}

// newKey is an Idempotency-Key that nobody else has.
func newKey() string {
	var key [16]byte
	rand.Read(key[:])
	return hex.EncodeToString(key[:])
}

// row is the path of a row, or of what is below it.
func row(rows string, key ID, below string) string { return rows + "/" + segment(key) + below }

// segment is a value in a path. One that is empty would name something else.
func segment[T any](value T) string {
	switch s := url.PathEscape(text(value)); s {
	case "":
		return "%00" // nothing has such a key
	case ".", "..":
		return strings.ReplaceAll(s, ".", "%2E")
	default:
		return s
	}
}

// discard sends a request whose answer is nothing.
func discard(ctx context.Context, c *core, r request, options []CallOption) error {
	for _, o := range options {
		o(&r.sent)
	}
	r.blind = true
	return c.do(ctx, r, nil)
}
