package oracle

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract is api/openapi.json as libraries of others read it: what it promises of the REST door is held against every
// request that the door takes and every answer that it gives. Routes, parameters, statuses and headers are kin-openapi's;
// of bodies it would compile the schema anew each time, so that each is compiled here, once.
type contract struct {
	router  routers.Router
	schemas *jsonschema.Compiler
	bodies  map[string]*jsonschema.Schema // by where in the document they stand
}

// documentURL is what the document is called by those who refer into it.
const documentURL = "https://example.com/openapi.json"

func readContract(text []byte) (*contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	document.Servers = nil // the paths stand for themselves, whatever the host
	router, err := legacy.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	c := &contract{router, jsonschema.NewCompiler(), map[string]*jsonschema.Schema{}}
	c.schemas.DefaultDraft(jsonschema.Draft2020)
	c.schemas.AssertFormat()
	c.schemas.UseRegexpEngine(pattern)
	if err := c.schemas.AddResource(documentURL, tree); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	return c, nil
}

// escape is how ECMA-262, whose regular expressions JSON Schema has, writes a character that Go writes in another way.
var escape = regexp.MustCompile(`\\u([0-9a-fA-F]{4})`)

func pattern(text string) (jsonschema.Regexp, error) {
	return regexp.Compile(escape.ReplaceAllString(text, `\x{$1}`))
}

// check tells where a request that was taken, or any answer, is not as the contract says.
func (c *contract) check(r *http.Request, body []byte, answer *httptest.ResponseRecorder) error {
	route, path, err := c.router.FindRoute(r)
	if err != nil {
		return fmt.Errorf("contract: %s %s: %w", r.Method, r.URL, err)
	}
	asked := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: path, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus: true,
			MultiError:            true,
			ExcludeRequestBody:    true,
			ExcludeResponseBody:   true,
		},
	}
	at := "/paths/" + pointer(route.Path) + "/" + strings.ToLower(route.Method)
	if answer.Code < http.StatusBadRequest {
		err := openapi3filter.ValidateRequest(context.Background(), asked)
		if err == nil {
			err = c.body(at+"/requestBody", requestContent(route.Operation), r.Header, body)
		}
		if err != nil {
			return fmt.Errorf("contract: %s %s %s is taken with %d: %w", r.Method, r.URL, body, answer.Code, err)
		}
	}
	given := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: answer.Code, Header: answer.Header(), Options: asked.Options,
	}
	err = openapi3filter.ValidateResponse(context.Background(), given)
	if err == nil {
		status, response := promised(route.Operation, answer.Code)
		at, content := c.place(at+"/responses/"+status, response.Ref), response.Value.Content
		err = c.body(at, content, answer.Header(), answer.Body.Bytes())
	}
	if err != nil {
		return fmt.Errorf("contract: %s %s is answered with %d %s: %w", r.Method, r.URL, answer.Code, answer.Body, err)
	}
	return nil
}

func requestContent(o *openapi3.Operation) openapi3.Content {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Value.Content
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

// place is where something stands in the document, or where what it refers to does.
func (c *contract) place(at, ref string) string {
	if ref != "" {
		return strings.TrimPrefix(ref, "#")
	}
	return at
}

// body tells where a body is not of the content that stands at a place of the document.
func (c *contract) body(at string, content openapi3.Content, header http.Header, body []byte) error {
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("a body of %d bytes where there is none", len(body))
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type %q: %w", header.Get("Content-Type"), err)
	}
	if content[kind] == nil {
		return fmt.Errorf("a body of the type %s", kind)
	}
	at += "/content/" + pointer(kind) + "/schema"
	schema := c.bodies[at]
	if schema == nil {
		if schema, err = c.schemas.Compile(documentURL + "#" + at); err != nil {
			return err
		}
		c.bodies[at] = schema
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// pointer is a member's name as a JSON pointer (RFC 6901) within the fragment of a URL.
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B").Replace(name)
}
