package telemetry_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/telemetry"
)

func TestLogLinesCarryTheRequestAndNothingPersonal(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(telemetry.NewHandler(slog.NewTextHandler(&out, nil), map[string]bool{"email": true}))
	ctx, span := telemetry.Tracer{}.Incoming(t.Context(), http.Header{"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}})
	defer span.End()
	ctx, _ = telemetry.Begin(ctx)
	telemetry.SetOperation(ctx, "placeOrder")
	telemetry.SetViewer(ctx, kit.Viewer{ID: "v1"})
	log.With("email", "a@secret.de").InfoContext(ctx, "placed", "total", 3, slog.Group("buyer", "email", "b@secret.de", "name", "Ada"))
	text := out.String()
	for _, want := range []string{"trace_id=4bf92f3577b34da6a3ce929d0e0e4736", "operation=placeOrder", "viewer=v1", "total=3", "buyer.name=Ada", "email=[personal]"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if strings.Contains(text, "secret") {
		t.Error(text)
	}
	out.Reset()
	log.Info("outside a request")
	if strings.Contains(out.String(), "trace_id") {
		t.Error(out.String())
	}
	telemetry.SetOperation(t.Context(), "x") // outside a request nothing happens
	telemetry.Fail(t.Context(), errors.New("x"))
}

func TestEveryRequestHasItsOwnTrace(t *testing.T) {
	seen := map[trace.TraceID]bool{}
	for range 3 {
		ctx, _ := telemetry.Tracer{}.Incoming(t.Context(), http.Header{"Traceparent": {"nonsense"}})
		seen[trace.SpanContextFromContext(ctx).TraceID()] = true
	}
	if len(seen) != 3 || seen[trace.TraceID{}] {
		t.Errorf("traces %v", seen)
	}
}

// TestStatementsAreBounded: callers choose the LIMIT, which is part of a text.
func TestStatementsAreBounded(t *testing.T) {
	statements := telemetry.NewStatements()
	db := telemetry.Observe(fake{}, telemetry.NewTracer(nil), nil, statements, slog.New(slog.DiscardHandler))
	db.Write(t.Context(), func(c sqldb.Conn) error {
		for i := range 3000 {
			c.Exec(t.Context(), fmt.Sprintf("DELETE FROM users LIMIT %d", i/2))
		}
		return nil
	})
	counted := statements.Counted()
	if len(counted.Statements) != 1000 || counted.Others != 1000 || counted.Statements[0].Calls != 2 {
		t.Errorf("%d texts, %d others, %+v", len(counted.Statements), counted.Others, counted.Statements[0])
	}
}

func TestSpansNameTheOperationAndEachStatement(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracer := telemetry.NewTracer(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans)))
	metrics, statements := &measured{}, telemetry.NewStatements()
	db := telemetry.Observe(fake{}, tracer, metrics, statements, slog.New(slog.DiscardHandler))

	ctx, span := tracer.Incoming(t.Context(), http.Header{})
	ctx, request := telemetry.Begin(ctx)
	telemetry.SetOperation(ctx, "placeOrder")
	db.Write(ctx, func(c sqldb.Conn) error {
		rows, err := c.Query(ctx, "SELECT name FROM users WHERE email = $1", "ada@secret.de")
		if err != nil {
			return err
		}
		for rows.Next() {
		}
		rows.Close()
		_, err = c.Exec(ctx, "INSERT INTO broken VALUES ($1)", "ada@secret.de")
		return err
	})
	span.End()

	ended := spans.Ended()
	if len(ended) != 3 {
		t.Fatalf("%d spans", len(ended))
	}
	for i, name := range []string{"SELECT", "INSERT", "placeOrder"} {
		if ended[i].Name() != name {
			t.Errorf("span %d is %s, want %s", i, ended[i].Name(), name)
		}
		for _, a := range ended[i].Attributes() {
			if strings.Contains(a.Value.String(), "secret") {
				t.Errorf("span %s tells %s", name, a.Value.String())
			}
		}
	}
	if ended[0].Parent().SpanID() != ended[2].SpanContext().SpanID() {
		t.Error("the statement's span is not part of the request's")
	}
	counted := statements.Counted()
	if text, err := json.Marshal(counted); err != nil || len(counted.Statements) != 2 || counted.Statements[1].Calls != 1 || strings.Contains(string(text), "secret") {
		t.Errorf("counted %s, %v", text, err)
	}
	if count, _ := request.Statements(); count != 2 || metrics.operation != "placeOrder" || metrics.failed != 1 {
		t.Errorf("%d statements, measured %v", count, metrics)
	}
}

// What a statement waits for before it is sent is no time of its own.
func TestWaitingIsNoTimeOfAStatement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		statements := telemetry.NewStatements()
		db := telemetry.Observe(busy{}, telemetry.NewTracer(nil), nil, statements, slog.New(slog.DiscardHandler))
		err := db.Read(t.Context(), func(c sqldb.Conn) error {
			rows, err := c.Query(t.Context(), "SELECT 1")
			if err == nil {
				rows.Close()
			}
			return err
		})
		if took := statements.Counted().Statements[0].Milliseconds; err != nil || took != 2 {
			t.Errorf("a statement that waited 5 ms and then took 2 is counted with %v, %v", took, err)
		}
	})
}

// busy is a database that lets wait.
type busy struct{ fake }

func (b busy) Read(_ context.Context, do func(sqldb.Conn) error) error { return do(b) }

func (busy) Query(context.Context, string, ...any) (sqldb.Rows, error) {
	time.Sleep(7 * time.Millisecond)
	return &lateRow{}, nil
}

type lateRow struct{ oneRow }

func (*lateRow) Waited() time.Duration { return 5 * time.Millisecond }

type measured struct {
	operation string
	failed    int
}

func (m *measured) Request(string, string, int, time.Duration) {}
func (m *measured) Handler() http.Handler                      { return nil }
func (m *measured) Replicas(func() []sqldb.Replica)            {}

func (m *measured) Statement(operation string, _ time.Duration, failed bool) {
	m.operation = operation
	if failed {
		m.failed++
	}
}

// fake is a database with one row, which nothing can be inserted into.
type fake struct{}

func (fake) Dialect() sqldb.Dialect                                    { return sqldb.SQLite }
func (fake) Read(_ context.Context, do func(sqldb.Conn) error) error   { return do(fake{}) }
func (fake) Write(_ context.Context, do func(sqldb.Conn) error) error  { return do(fake{}) }
func (fake) Handle() *sql.DB                                           { return nil }
func (fake) Ping(context.Context) error                                { return nil }
func (fake) Close() error                                              { return nil }
func (fake) Query(context.Context, string, ...any) (sqldb.Rows, error) { return &oneRow{}, nil }
func (fake) Exec(context.Context, string, ...any) (int64, error)       { return 0, errors.New("no") }
func (fake) Savepoint(_ context.Context, do func() error) error        { return do() }

type oneRow struct{ read bool }

func (r *oneRow) Next() bool                  { more := !r.read; r.read = true; return more }
func (r *oneRow) Scan(...any) error           { return nil }
func (r *oneRow) Cell(int, *sqldb.Cell) error { return nil }
func (r *oneRow) Err() error                  { return nil }
func (r *oneRow) Close()                      {}
