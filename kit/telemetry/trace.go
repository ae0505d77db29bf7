package telemetry

import (
	"context"
	"crypto/rand"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Tracer makes the spans of a service. The zero Tracer exports nothing, yet every request has a trace id for its logs.
type Tracer struct {
	tracer trace.Tracer // nil: nothing is exported
}

// NewTracer makes spans with provider, which may be nil.
func NewTracer(provider trace.TracerProvider) Tracer {
	if provider == nil {
		return Tracer{}
	}
	return Tracer{tracer: provider.Tracer("github.com/fettlehq/fettle/kit")}
}

// Incoming begins the span of a request, as part of the caller's trace where its headers name one (W3C Trace Context).
func (t Tracer) Incoming(ctx context.Context, header http.Header) (context.Context, trace.Span) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
	if t.tracer == nil {
		return unexported(ctx)
	}
	return t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
}

// exports tells whether spans are made of what happens within a request.
func (t Tracer) exports() bool { return t.tracer != nil }

// unexported gives ctx a span of which nothing but the ids exist.
func unexported(ctx context.Context) (context.Context, trace.Span) {
	ids := trace.SpanContextConfig{TraceID: trace.SpanContextFromContext(ctx).TraceID()}
	if !ids.TraceID.IsValid() {
		rand.Read(ids.TraceID[:])
	}
	rand.Read(ids.SpanID[:])
	ctx = trace.ContextWithSpanContext(ctx, trace.NewSpanContext(ids))
	return ctx, trace.SpanFromContext(ctx)
}
