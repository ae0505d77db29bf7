package problem_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/problem"
)

func TestWrite(t *testing.T) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		ctx    context.Context
		err    error
		status int
		body   string
		logged string
	}{
		{nil, kit.NotFound("order"), 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"There is no such order.","code":"NOT_FOUND"}`, ""},
		{nil, fmt.Errorf("place order: %w", kit.Fail("OUT", "Gone.")), 409, `{"type":"about:blank","title":"Conflict","status":409,"detail":"Gone.","code":"OUT"}`, ""},
		{nil, kit.Invalid("a.b", "TOO_LONG", "is %q", "x"), 422, `{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"The input is invalid.","code":"INVALID","errors":[{"field":"a.b","code":"TOO_LONG","detail":"is \"x\""}]}`, ""},
		{nil, errors.New("secret"), 500, `{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"Something went wrong here.","code":"INTERNAL"}`, "level=ERROR"},
		{nil, &kit.Problem{Code: "X", Detail: "secret"}, 500, `"code":"INTERNAL"`, "secret"},
		{nil, fmt.Errorf("query: %w", context.DeadlineExceeded), 504, `"code":"TIMEOUT"`, "level=WARN"},
		{nil, &http.MaxBytesError{Limit: 10}, 413, `"title":"Content Too Large","status":413,"detail":"The body is larger than 10 bytes.","code":"TOO_LARGE"`, ""},
		{gone, context.Canceled, 499, `"code":"TIMEOUT"`, ""},
		{gone, errors.New("statement was cancelled"), 499, `"title":"Client Closed Request"`, ""},
	} {
		var log bytes.Buffer
		r := httptest.NewRequest("GET", "/", nil)
		if c.ctx != nil {
			r = r.WithContext(c.ctx)
		}
		w := httptest.NewRecorder()
		problem.Reporter{Log: slog.New(slog.NewTextHandler(&log, nil))}.Write(w, r, "placeOrder", c.err)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v: %d %s", c.err, w.Code, w.Body)
		}
		if (c.logged == "") != (log.Len() == 0) || !strings.Contains(log.String(), c.logged) || c.logged != "" && !strings.Contains(log.String(), "operation=placeOrder") {
			t.Errorf("%v: log: %s", c.err, &log)
		}
	}
}

func TestHeaders(t *testing.T) {
	w := httptest.NewRecorder()
	problem.Reporter{}.Write(w, httptest.NewRequest("HEAD", "/", nil), "", &kit.Problem{Code: kit.CodeUnavailable, Status: 503, Retry: 7})
	if w.Header().Get("Retry-After") != "7" || w.Body.Len() > 0 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Error(w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	problem.Reporter{}.Write(w, httptest.NewRequest("GET", "/", nil), "", kit.Unauthenticated())
	if w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Error(w.Header())
	}
	expired := kit.Unauthenticated()
	expired.Detail, expired.Err = "It has expired.", fmt.Errorf("%w: expired", problem.ErrToken)
	w = httptest.NewRecorder()
	problem.Reporter{}.Write(w, httptest.NewRequest("GET", "/", nil), "", expired)
	if got := w.Header().Get("WWW-Authenticate"); got != `Bearer error="invalid_token", error_description="It has expired."` {
		t.Error(got)
	}
}

func TestRecover(t *testing.T) {
	var got error
	func() {
		defer problem.Recover(func(err error) { got = err })
		panic("boom")
	}()
	var crash *problem.Panic
	if !errors.As(got, &crash) || !bytes.Contains(crash.Stack, []byte("problem_test.go")) {
		t.Error(got)
	}
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("http.ErrAbortHandler did not go on")
		}
	}()
	defer problem.Recover(func(error) { t.Error("http.ErrAbortHandler was handled") })
	panic(http.ErrAbortHandler)
}
