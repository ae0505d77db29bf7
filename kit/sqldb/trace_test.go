package sqldb_test

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/sqldb"
)

func TestAStatementHasASpanWithinARecordedOne(t *testing.T) {
	recorded := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(recorded))
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(provider)
	defer otel.SetTracerProvider(before)
	db := kittest.Memory(t)
	run := func(ctx context.Context) error {
		return db.Read(ctx, func(c sqldb.Conn) error {
			rows, err := c.Query(ctx, "SELECT $1", "secret")
			if err != nil {
				return err
			}
			rows.Close()
			_, err = c.Query(ctx, "SELECT nothing")
			return err
		})
	}
	if err := run(sqldb.WithOperation(t.Context(), "placeOrder")); err == nil {
		t.Fatal("a wrong statement runs")
	}
	if n := len(recorded.GetSpans()); n != 0 {
		t.Errorf("%d spans outside of a request", n)
	}
	ctx, parent := provider.Tracer("test").Start(sqldb.WithOperation(t.Context(), "placeOrder"), "request")
	if err := run(ctx); errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	spans := recorded.GetSpans()
	if len(spans) != 2 || spans[0].Name != "sql placeOrder" || spans[0].Parent.SpanID() != parent.SpanContext().SpanID() || spans[1].Status.Code != codes.Error {
		t.Errorf("spans are %+v", spans)
	}
	for _, a := range spans[0].Attributes {
		if a.Key == "db.query.text" && a.Value.AsString() != "SELECT $1" {
			t.Errorf("text is %s", a.Value.AsString())
		}
	}
}
