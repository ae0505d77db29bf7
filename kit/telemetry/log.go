package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/fettlehq/fettle/kit/meta"
)

// NewHandler is inner with the request's trace_id, span_id, operation and viewer on every record, and without the
// values of attributes that are called like a field in personal.
func NewHandler(inner slog.Handler, personal map[string]bool) slog.Handler {
	return &handler{inner, personal}
}

// PersonalFields are the names of the backend's @personal fields.
func PersonalFields(b *meta.Backend) map[string]bool {
	names := map[string]bool{}
	collect := func(fields []*meta.Field) {
		for _, f := range fields {
			if f.Personal {
				names[f.Name] = true
			}
		}
	}
	for _, e := range b.Entities {
		collect(e.Fields)
	}
	for _, s := range b.Structs {
		collect(s.Fields)
	}
	for _, o := range b.Operations {
		collect(o.Args)
	}
	return names
}

type handler struct {
	inner    slog.Handler
	personal map[string]bool
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.inner.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, record.Message, record.PC)
	record.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.withhold(a))
		return true
	})
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		clean.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	if r := of(ctx); r != nil {
		if operation := r.Operation(); operation != "" {
			clean.AddAttrs(slog.String("operation", operation))
		}
		if viewer := r.Viewer(); viewer != "" {
			clean.AddAttrs(slog.String("viewer", string(viewer)))
		}
		if tenant := r.Tenant(); tenant != "" {
			clean.AddAttrs(slog.String("tenant", tenant))
		}
	}
	return h.inner.Handle(ctx, clean)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.withhold(a)
	}
	return &handler{h.inner.WithAttrs(clean), h.personal}
}

func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.inner.WithGroup(name), h.personal}
}

func (h *handler) withhold(a slog.Attr) slog.Attr {
	if h.personal[a.Key] {
		return slog.String(a.Key, "[personal]")
	}
	value := a.Value.Resolve()
	if value.Kind() != slog.KindGroup {
		return slog.Attr{Key: a.Key, Value: value}
	}
	members := make([]slog.Attr, len(value.Group()))
	for i, member := range value.Group() {
		members[i] = h.withhold(member)
	}
	return slog.Attr{Key: a.Key, Value: slog.GroupValue(members...)}
}
