package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// Observe is db with a span, a measurement and, at level debug, a log line for each statement: its text without its
// arguments. metrics and statements may be nil.
func Observe(db sqldb.Database, tracer Tracer, metrics Metrics, statements *Statements, log *slog.Logger) sqldb.Database {
	return &database{db, &observer{tracer, metrics, statements, log, attribute.String("db.system.name", system(db.Dialect()))}}
}

// system is the dialect as OpenTelemetry's conventions call it.
func system(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return "postgresql"
	}
	return string(d)
}

type database struct {
	sqldb.Database
	observer *observer
}

func (d *database) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	return d.Database.Read(ctx, func(c sqldb.Conn) error { return do(&conn{c, d.observer}) })
}

func (d *database) Write(ctx context.Context, do func(sqldb.Conn) error) error {
	return d.Database.Write(ctx, func(c sqldb.Conn) error { return do(&conn{c, d.observer}) })
}

type conn struct {
	sqldb.Conn
	observer *observer
}

func (c *conn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	s := c.observer.begin(ctx, sql)
	inner, err := c.Conn.Query(s.ctx, sql, args...)
	if err != nil {
		s.end(err)
		return nil, err
	}
	if queued, ok := inner.(sqldb.Queued); ok {
		s.began = s.began.Add(queued.Waited())
	}
	return &rows{Rows: inner, statement: s}, nil
}

func (c *conn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	s := c.observer.begin(ctx, sql)
	changed, err := c.Conn.Exec(s.ctx, sql, args...)
	s.end(err)
	return changed, err
}

// Together implements sqldb.Pipeline.
func (c *conn) Together(ctx context.Context, do []func(sqldb.Conn)) error {
	observed := make([]func(sqldb.Conn), len(do))
	for i, one := range do {
		observed[i] = func(inner sqldb.Conn) { one(&conn{inner, c.observer}) }
	}
	return sqldb.Together(ctx, c.Conn, observed)
}

// Last implements sqldb.Ending.
func (c *conn) Last(do func(sqldb.Conn) error) error {
	return sqldb.Last(c.Conn, func(inner sqldb.Conn) error { return do(&conn{inner, c.observer}) })
}

// Whole implements sqldb.Whole.
func (c *conn) Whole(ctx context.Context, write, read func(sqldb.Conn)) (bool, error) {
	observed := func(do func(sqldb.Conn)) func(sqldb.Conn) {
		return func(inner sqldb.Conn) { do(&conn{inner, c.observer}) }
	}
	return sqldb.WriteWhole(ctx, c.Conn, observed(write), observed(read))
}

// rows ends the statement's span once all rows are read: a slow reader shows as a long statement, as it holds the connection.
type rows struct {
	sqldb.Rows
	statement statement
	ended     bool
}

func (r *rows) Next() bool {
	more := r.Rows.Next()
	if !more {
		r.end()
	}
	return more
}

func (r *rows) Close() {
	r.Rows.Close()
	r.end()
}

func (r *rows) end() {
	if !r.ended {
		r.ended = true
		r.statement.end(r.Rows.Err())
	}
}

type observer struct {
	tracer  Tracer
	metrics Metrics
	counts  *Statements
	log     *slog.Logger
	system  attribute.KeyValue
}

// statement is one that runs.
type statement struct {
	*observer
	ctx   context.Context
	span  trace.Span // nil where none is exported
	sql   string
	began time.Time
}

func (o *observer) begin(ctx context.Context, sql string) statement {
	s := statement{observer: o, ctx: ctx, sql: sql, began: time.Now()}
	if o.tracer.exports() {
		s.ctx, s.span = o.tracer.tracer.Start(ctx, verb(sql), trace.WithSpanKind(trace.SpanKindClient),
			trace.WithAttributes(o.system, attribute.String("db.query.text", sql)))
	}
	return s
}

func (s *statement) end(err error) {
	took := time.Since(s.began)
	if s.span != nil {
		if err != nil {
			s.span.SetStatus(codes.Error, "refused")
		}
		s.span.End()
	}
	operation := ""
	if r := of(s.ctx); r != nil {
		operation = r.ran(took)
	}
	if s.metrics != nil {
		s.metrics.Statement(operation, took, err != nil)
	}
	if s.counts != nil {
		s.counts.add(s.sql, took)
	}
	if s.log.Enabled(s.ctx, slog.LevelDebug) {
		s.log.DebugContext(s.ctx, "statement", "sql", s.sql, "took", took)
	}
}

// verb is the first word of a statement, "SELECT".
func verb(sql string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	return strings.ToUpper(word[:min(len(word), 20)])
}
