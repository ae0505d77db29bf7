package sqldb

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

type operationKey struct{}

// WithOperation names the operation on whose behalf statements run ("createOrder"), for their spans.
func WithOperation(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, operationKey{}, name)
}

// Operation is the name that WithOperation gave, or empty.
func Operation(ctx context.Context) string {
	name, _ := ctx.Value(operationKey{}).(string)
	return name
}

// StartSpan begins the span of a statement, which ends when the function that it returns is called with the
// statement's error. Without a recording span around, it does nothing.
//
// The statement's text is safe to record: values of requests are arguments, never literals.
func StartSpan(ctx context.Context, dialect Dialect, statement string) (context.Context, func(error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, endNothing
	}
	name := Operation(ctx)
	if name == "" {
		name = string(dialect)
	}
	attributes := []attribute.KeyValue{
		attribute.String("db.system", system(dialect)), attribute.String("db.system.name", system(dialect)),
		attribute.String("db.query.text", statement), attribute.String("db.operation.name", Operation(ctx)),
	}
	ctx, span := otel.Tracer("github.com/fettlehq/fettle/kit/sqldb").Start(ctx, "sql "+name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

func endNothing(error) {}

func system(d Dialect) string {
	if d == Postgres {
		return "postgresql"
	}
	return string(d)
}
