// Package problem answers a request that failed, in one format at every door.
//
//	error ─▶ Reporter.Problem (what the caller may know; the rest is logged) ─▶ problem+json, or GraphQL extensions
//
// A *kit.Problem is shown as it is. Everything else becomes INTERNAL to the caller and one failure in the log. It knows
// nothing of resources or queries.
package problem

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"

	"go.opentelemetry.io/otel/trace"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// StatusClientGone is that of a request whose caller closed the connection before the answer: it was given up. It is sent all the
// same: who has closed his half alone still reads, and without an answer net/http would tell him 200.
const StatusClientGone = 499

// Reporter tells callers and operators what failed. The zero value works.
type Reporter struct {
	Log *slog.Logger // logs failures at once; nil where the telemetry.Request of the context is logged when it ends
}

// Problem is what the caller of operation may know about err. A failure that is ours is recorded here, once; that
// nobody waits any more is not.
func (r Reporter) Problem(ctx context.Context, operation string, err error) *kit.Problem {
	p := classify(ctx, err)
	if p.Status < http.StatusInternalServerError {
		return p
	}
	telemetry.Fail(ctx, p)
	if r.Log != nil {
		r.log(ctx, operation, p)
	}
	return p
}

func classify(ctx context.Context, err error) *kit.Problem {
	var p *kit.Problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return normal(p)
	case errors.As(err, &tooLarge):
		return &kit.Problem{
			Code: kit.CodeTooLarge, Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("The body is larger than %d bytes.", tooLarge.Limit),
		}
	case errors.Is(ctx.Err(), context.Canceled):
		return &kit.Problem{Code: kit.CodeTimeout, Status: StatusClientGone, Detail: "The caller went away.", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &kit.Problem{Code: kit.CodeTimeout, Status: http.StatusGatewayTimeout, Detail: "This took too long and was given up.", Err: err}
	default:
		return kit.Internal(err)
	}
}

// normal gives a problem without a status the one of an internal failure.
func normal(p *kit.Problem) *kit.Problem {
	if p.Status >= 400 && p.Status <= 599 {
		return p
	}
	return kit.Internal(p)
}

func (r Reporter) log(ctx context.Context, operation string, p *kit.Problem) {
	level := slog.LevelError
	if p.Code != kit.CodeInternal {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{slog.String("operation", operation), slog.String("code", p.Code), slog.Any("error", p.Err)}
	var crash *Panic
	if errors.As(p.Err, &crash) {
		attrs = append(attrs, slog.String("stack", string(crash.Stack)))
	}
	r.Log.LogAttrs(ctx, level, "request failed", attrs...)
}

// Write answers with err as application/problem+json (RFC 9457). Nothing may have been written before.
func (r Reporter) Write(w http.ResponseWriter, req *http.Request, operation string, err error) {
	p := r.Problem(req.Context(), operation, err)
	Headers(w.Header(), p)
	w.Header().Set("Content-Type", "application/problem+json")
	body := appendJSON(req.Context(), nil, p)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	if req.Method != http.MethodHead {
		_, _ = w.Write(body) // the caller may be gone
	}
}

// Headers sets what a problem says in header fields.
func Headers(h http.Header, p *kit.Problem) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(p.Retry))
	}
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", Challenge(p))
	}
}

// ErrToken is within the cause (Err) of a problem 401 whose caller has sent an access token that is none, or is one no more.
var ErrToken = errors.New("access token")

// Challenge is the header field WWW-Authenticate of a problem 401: with the error where a token was sent (RFC 6750, section 3.1).
func Challenge(p *kit.Problem) string {
	if errors.Is(p.Err, ErrToken) {
		return `Bearer error="invalid_token", error_description="` + p.Detail + `"`
	}
	return "Bearer"
}

func appendJSON(ctx context.Context, buf []byte, p *kit.Problem) []byte {
	buf = append(buf, `{"type":"about:blank","title":`...)
	buf = input.AppendString(buf, title(p.Status))
	buf = strconv.AppendInt(append(buf, `,"status":`...), int64(p.Status), 10)
	buf = input.AppendString(append(buf, `,"detail":`...), p.Detail)
	buf = input.AppendString(append(buf, `,"code":`...), p.Code)
	if len(p.Fields) > 0 {
		buf = AppendFields(append(buf, `,"errors":`...), p.Fields)
	}
	if instance := Instance(ctx, p); instance != "" {
		buf = input.AppendString(append(buf, `,"instance":`...), instance)
	}
	return append(buf, '}')
}

// Instance names one failure that is ours, so that whoever reports it can be helped: urn:trace:<trace id>, or "".
func Instance(ctx context.Context, p *kit.Problem) string {
	id := trace.SpanContextFromContext(ctx).TraceID()
	if !id.IsValid() || p.Status < http.StatusInternalServerError {
		return ""
	}
	return "urn:trace:" + id.String()
}

// AppendFields writes the errors of fields as JSON.
func AppendFields(buf []byte, fields []kit.FieldError) []byte {
	buf = append(buf, '[')
	for i, f := range fields {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = input.AppendString(append(buf, `{"field":`...), f.Field)
		buf = input.AppendString(append(buf, `,"code":`...), f.Code)
		buf = append(input.AppendString(append(buf, `,"detail":`...), f.Detail), '}')
	}
	return append(buf, ']')
}

func title(status int) string {
	switch status { // of RFC 9110, where net/http has older names
	case StatusClientGone:
		return "Client Closed Request"
	case http.StatusRequestEntityTooLarge:
		return "Content Too Large"
	case http.StatusUnprocessableEntity:
		return "Unprocessable Content"
	}
	if text := http.StatusText(status); text != "" {
		return text
	}
	return strconv.Itoa(status)
}

// Panic is the error of a request whose handling panicked.
type Panic struct {
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// Recover, deferred, calls handle with the panic that the function ended in. http.ErrAbortHandler goes on to net/http.
func Recover(handle func(err error)) {
	value := recover()
	switch value {
	case nil:
	case http.ErrAbortHandler:
		panic(value)
	default:
		handle(&Panic{Value: value, Stack: debug.Stack()})
	}
}
