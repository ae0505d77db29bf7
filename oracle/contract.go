package oracle

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// contract is api/openapi.json as a library of others reads it: what it promises of the REST door is held against every
// request that the door takes and every answer that it gives.
type contract struct{ router routers.Router }

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
	return &contract{router}, nil
}

// check tells where a request that was taken, or any answer, is not as the contract says.
func (c *contract) check(r *http.Request, body []byte, answer *httptest.ResponseRecorder) error {
	route, path, err := c.router.FindRoute(r)
	if err != nil {
		return fmt.Errorf("contract: %s %s: %w", r.Method, r.URL, err)
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	asked := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: path, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus: true,
			MultiError:            true,
		},
	}
	if answer.Code < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(context.Background(), asked); err != nil {
			return fmt.Errorf("contract: %s %s %s is taken with %d: %w", r.Method, r.URL, body, answer.Code, err)
		}
	}
	given := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: answer.Code, Header: answer.Header(),
		Body:    io.NopCloser(strings.NewReader(answer.Body.String())),
		Options: asked.Options,
	}
	if err := openapi3filter.ValidateResponse(context.Background(), given); err != nil {
		return fmt.Errorf("contract: %s %s is answered with %d %s: %w", r.Method, r.URL, answer.Code, answer.Body, err)
	}
	return nil
}
