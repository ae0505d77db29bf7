// Package openapitest holds what a service answers against its OpenAPI document, while its tests run.
//
//	httptest.NewServer(openapitest.Handler(t, api.OpenAPI, srv.Handler()))
//
//	request ─▶ the service ─▶ answer ─▶ the test, as without it
//	     └──────────────────────┴─────▶ Contract.Check: t.Errorf where one is not as the document says
//
// It knows nothing of Fettle: any handler and any document of OpenAPI 3.1 will do. It is a module of its own, so that what
// it needs is required by those who test with it and by no service (decision 0044).
package openapitest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
)

// Handler is next, of which each exchange under the paths of the document is checked; t is told what does not fit. What
// stands elsewhere, as GraphQL does, passes. Bodies are kept in memory while they are checked. It panics where the
// document is none.
func Handler(t testing.TB, document []byte, next http.Handler) http.Handler {
	contract, err := Read(document)
	if err != nil {
		panic(err)
	}
	var ended sync.RWMutex // no call of t after its end
	over := false
	t.Cleanup(func() {
		ended.Lock()
		defer ended.Unlock()
		over = true
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !contract.Covers(r) {
			next.ServeHTTP(w, r)
			return
		}
		asked := r.Clone(r.Context())
		sent := &copied{ReadCloser: r.Body}
		r.Body = sent
		given := &recorder{ResponseWriter: w}
		next.ServeHTTP(given, r)
		if given.status == 0 {
			given.status = http.StatusOK
		}
		err := contract.checkCoded(asked, sent.text.Bytes(), given)
		ended.RLock()
		defer ended.RUnlock()
		if err != nil && !over {
			t.Error(err)
		}
	})
}

// checkCoded is Check of bodies that may be compressed.
func (c *Contract) checkCoded(r *http.Request, sent []byte, given *recorder) error {
	sent, err := decoded(r.Header, sent)
	if err != nil && given.status < http.StatusBadRequest {
		return fmt.Errorf("%s %s: a request that is no %s is taken with %d: %w", r.Method, r.URL.Path, r.Header.Get("Content-Encoding"), given.status, err)
	}
	answer, err := decoded(given.Header(), given.text.Bytes())
	if err != nil {
		return fmt.Errorf("%s %s: the answer is no %s: %w", r.Method, r.URL.Path, given.Header().Get("Content-Encoding"), err)
	}
	return c.Check(Exchange{Request: r, Sent: sent, Status: given.status, Header: given.Header(), Answer: answer})
}

func decoded(h http.Header, text []byte) ([]byte, error) {
	if h.Get("Content-Encoding") != "gzip" || len(text) == 0 {
		return text, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

// copied keeps what is read of a body.
type copied struct {
	io.ReadCloser
	text bytes.Buffer
}

func (c *copied) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.text.Write(p[:n])
	return n, err
}

// recorder keeps what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	text   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.text.Write(p)
	return r.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
