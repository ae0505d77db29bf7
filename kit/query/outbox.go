package query

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/propagation"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// What an operation has others hear of is a row of the table outbox, written in the operation's own transaction: it is there
// exactly when all else is that the operation did. Whoever delivers it takes it from there, at least once, so its id is for
// those who hear of it twice.
//
// The position numbers the rows. Of those with one key that which is committed first has the smaller one: on PostgreSQL, where
// a number that was taken first may be seen last, whoever emits for a key waits for the others of that key to end. SQLite has
// one writer at a time.

// maxPayload is how many bytes the payload of an event may have. Brokers take a megabyte, and an event is to say what
// happened: what is larger is read by its id.
const maxPayload = 256 << 10

// maxState is how many characters of a tracestate go with an event, as W3C Trace Context asks for at least.
const maxState = 512

// Emit leaves an event in the outbox: values are of its fields, in order, as package meta states them, references as ids. It
// is delivered once the transaction has committed, and forgotten when that is rolled back. No policy applies.
//
// Its errors are no problems of the caller's: what is wrong with values is a mistake of the code that made them.
func (t *Tx) Emit(ctx context.Context, event string, values []any) error {
	e := t.engine.backend.Event(event)
	if e == nil {
		return fmt.Errorf("event %s: there is none", event)
	}
	payload, key, err := t.message(e, values)
	if err != nil {
		return fmt.Errorf("event %s: %w", event, err)
	}
	d := t.engine.dialect
	at, err := d.encode(t.now, typ{kind: meta.DateTime})
	if err != nil {
		return err
	}
	trace := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, trace)
	if len(trace["tracestate"]) > maxState {
		delete(trace, "tracestate")
	}
	columns := []string{"id", "event", "key", "payload", "created_at", "traceparent", "tracestate"}
	args := []any{string(kit.NewID()), event, orNil(key), string(payload), at, orNil(trace["traceparent"]), orNil(trace["tracestate"])}
	kinds := []meta.Kind{meta.ID, meta.String, meta.String, meta.JSON, meta.DateTime, meta.String, meta.String}
	if t.engine.tenant != nil {
		columns, args, kinds = append(columns, "tenant_id"), append(args, orNil(t.tenant)), append(kinds, meta.ID)
	}
	marks := make([]string, len(args))
	for i := range args {
		marks[i] = "$" + itoa(i+1) + d.cast(kinds[i])
	}
	insert := "INSERT INTO outbox (" + strings.Join(columns, ", ") + ") SELECT " + strings.Join(marks, ", ")
	if d.postgres && key != "" {
		args = append(args, "outbox "+t.tenant+" "+key)
		insert = "WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($" + itoa(len(args)) + "::text, 0))) " + insert + " FROM turn"
	}
	_, err = t.conn.Exec(ctx, insert, args...)
	return err
}

// message is the payload of an event and its key, empty without one.
func (t *Tx) message(e *meta.Event, values []any) (payload []byte, key string, err error) {
	if len(values) != len(e.Fields) {
		return nil, "", fmt.Errorf("%d values for %d fields", len(values), len(e.Fields))
	}
	v := validator{engine: t.engine}
	valid := make([]any, len(values))
	for i, f := range e.Fields {
		valid[i] = v.field(f, f.Name, values[i])
		v.identifies(f, f.Name, valid[i])
		if f.Name == e.Key {
			key = input.Text(valid[i])
		}
	}
	if len(v.wrong) > 0 {
		return nil, "", fmt.Errorf("%s: %s", v.wrong[0].Field, v.wrong[0].Detail)
	}
	payload = input.AppendJSON(nil, &meta.Field{Kind: meta.Value, Fields: e.Fields}, valid)
	if len(payload) > maxPayload {
		return nil, "", fmt.Errorf("a payload of %d bytes, where %d are the most: name what is large by its id", len(payload), maxPayload)
	}
	return payload, key, nil
}

// identifies complains of references that are no ids: clients may give keys, which are looked up, and code gives ids.
func (v *validator) identifies(f *meta.Field, path string, value any) {
	parts, several := value.([]any)
	switch {
	case value == nil:
	case several && (f.Repeated || f.Kind == meta.List):
		one := *f
		if one.Repeated = false; f.Kind == meta.List {
			one.Kind = meta.Reference
		}
		for i, item := range parts {
			v.identifies(&one, path+"."+strconv.Itoa(i), item)
		}
	case several && len(parts) == len(f.Fields):
		for i, part := range f.Fields {
			v.identifies(part, path+"."+part.Name, parts[i])
		}
	case f.Kind == meta.Reference:
		if _, ok := canonicalID(textIn(value)); !ok {
			v.add(path, kit.FieldType, "%q is no id.", textIn(value))
		}
	}
}

// ofItsType refuses a value that code of the service worked out and that is none of f. No door can send it: in a contract it has no form.
func (t *Tx) ofItsType(f *meta.Field, value any) error {
	v := validator{engine: t.engine, ours: true}
	if v.identifies(f, f.Name, v.field(f, f.Name, value)); len(v.wrong) > 0 {
		return fmt.Errorf("%s: %s", v.wrong[0].Field, v.wrong[0].Detail)
	}
	return nil
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}
