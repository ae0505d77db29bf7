// Package telemetry tells what a service does: structured logs, traces and metrics that share one name for each operation.
//
//	server ─▶ Begin ─▶ context ─▶ rest, graphql: SetOperation, Fail
//	                      │
//	                      ├─▶ Handler (slog: trace_id, span_id, operation, viewer on every line)
//	                      └─▶ Observe (sqldb: a span and a measurement for every statement)
//
// It stands on OpenTelemetry's API alone (0.3 MB). What exports is chosen by main: package otlp carries the SDK and its
// exporter, package prometheus its client; each says what it costs. The values of statements and of @personal fields are in none of the three.
package telemetry

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Metrics measures. All its methods may be called at the same time.
type Metrics interface {
	// Request is called after each request.
	Request(operation, method string, status int, took time.Duration)
	// Statement is called after each statement that the database ran.
	Statement(operation string, took time.Duration, failed bool)
	// Replicas is called once, with what tells how the database's replicas fare whenever the metrics are read.
	Replicas(read func() []sqldb.Replica)
	// Handler serves what was measured.
	Handler() http.Handler
}

// Exporter sets up the export of traces of the service of that name and version. It returns nil for the provider when
// the environment asks for no export. The returned stop sends what is left.
type Exporter func(ctx context.Context, service, version string) (provider trace.TracerProvider, stop func(context.Context) error, err error)

// Request is what is known of a request while it is served: doors add to it through the context.
type Request struct {
	mu         sync.Mutex
	operation  string
	viewer     kit.ID
	tenant     string
	status     int
	failures   []error
	statements int
	inDatabase time.Duration
}

type requestKey struct{}

// carrier is a context that carries a record.
type carrier struct {
	context.Context
	request Request
}

func (c *carrier) Value(key any) any {
	if _, ok := key.(requestKey); ok {
		return &c.request
	}
	return c.Context.Value(key)
}

// Begin makes the record of a request and a context that carries it.
func Begin(ctx context.Context) (context.Context, *Request) {
	c := &carrier{Context: ctx}
	return c, &c.request
}

// SetOperation names what the request does, "GET /v1/orders/{id}" or "placeOrder", in its log lines, span and metrics.
// Names are part of a metric, so they hold nothing that a caller can choose freely.
func SetOperation(ctx context.Context, name string) {
	if r := of(ctx); r != nil {
		r.mu.Lock()
		r.operation = name
		r.mu.Unlock()
		trace.SpanFromContext(ctx).SetName(name)
	}
}

// SetViewer tells who asks.
func SetViewer(ctx context.Context, viewer kit.Viewer) {
	if r := of(ctx); r != nil {
		r.mu.Lock()
		r.viewer, r.tenant = viewer.ID, viewer.Tenant
		r.mu.Unlock()
	}
}

// Fail keeps an error that is hidden from the caller: it is logged once, when the request ends, with all that is known.
func Fail(ctx context.Context, err error) {
	if r := of(ctx); r != nil && err != nil {
		r.mu.Lock()
		r.failures = append(r.failures, err)
		r.mu.Unlock()
		trace.SpanFromContext(ctx).RecordError(err)
	}
}

// SetStatus tells how the request ended, as a status of HTTP, where its answer says so in another way than by that of its own:
// over gRPC each has 200.
func SetStatus(ctx context.Context, status int) {
	if r := of(ctx); r != nil {
		r.mu.Lock()
		r.status = status
		r.mu.Unlock()
	}
}

// Status is what SetStatus told, 0 if nothing.
func (r *Request) Status() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Operation is the name of what the request does, empty before it is known.
func (r *Request) Operation() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.operation
}

const longestTenant = 64 // bytes of what anybody may send

// Tenant is what the request calls the tenant in which it asks, empty for none; the beginning of a long one.
func (r *Request) Tenant() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tenant[:min(len(r.tenant), longestTenant)]
}

// Viewer is the account that asks, empty when nobody is signed in.
func (r *Request) Viewer() kit.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.viewer
}

// Failures are the errors that Fail was told.
func (r *Request) Failures() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failures
}

// Statements is how many statements the request ran so far, and how long they took together.
func (r *Request) Statements() (count int, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.statements, r.inDatabase
}

// ran counts a statement, and is the name of what the request does.
func (r *Request) ran(took time.Duration) (operation string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements++
	r.inDatabase += took
	return r.operation
}

func of(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}
