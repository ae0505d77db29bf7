package query_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// telling is a backend with events: of articles in order, of nothing in no order.
func telling(b *meta.Backend) *meta.Backend {
	b.Events = []*meta.Event{
		{Name: "Published", Key: "article", Fields: []*meta.Field{
			{Name: "article", Kind: meta.Reference, Type: "Article"},
			{Name: "price", Kind: meta.Value, Type: "Money", Null: true},
			{Name: "readers", Kind: meta.Reference, Type: "User", Repeated: true, Null: true},
			{Name: "at", Kind: meta.DateTime},
		}},
		{Name: "Noticed", Fields: []*meta.Field{{Name: "text", Kind: meta.String}, {Name: "step", Kind: meta.Int, Null: true}}},
		{Name: "Counted", Key: "of", Fields: []*meta.Field{{Name: "of", Kind: meta.String}, {Name: "step", Kind: meta.Int}}},
	}
	return b
}

// told is a row of the outbox, as texts.
type told struct{ id, event, key, payload, traceparent, tracestate, tenant string }

func (w *world) outbox() (rows []told) {
	w.Helper()
	cast, payload := "", "json(payload)"
	if w.engine.DB().Dialect() == sqldb.Postgres {
		cast, payload = "::text", "payload::text"
	}
	must(w.engine.Read(context.Background(), w.in(kit.Viewer{}), func(ctx context.Context, tx *query.Tx) error {
		found, err := tx.Conn().Query(ctx, "SELECT id"+cast+", event, coalesce(key, '-'), "+payload+
			", coalesce(traceparent, '-'), coalesce(tracestate, '-'), coalesce(tenant_id"+cast+", '-') FROM outbox ORDER BY position")
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			var r told
			if err := found.Scan(&r.id, &r.event, &r.key, &r.payload, &r.traceparent, &r.tracestate, &r.tenant); err != nil {
				return err
			}
			r.payload = strings.NewReplacer(`": `, `":`, `, "`, `,"`).Replace(r.payload)
			rows = append(rows, r)
		}
		return found.Err()
	}))
	return rows
}

func TestOutbox(t *testing.T) {
	for _, d := range databases(t) {
		if d.name == "memory" {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			t.Run("what an operation emits is there when its rows are", func(t *testing.T) { testEmits(newWorldOf(t, d.open(t), telling(backend()))) })
			t.Run("what is wrong is a mistake of the code", func(t *testing.T) { testWrongEvents(newWorldOf(t, d.open(t), telling(backend()))) })
			t.Run("events of one key keep the order of their commits", func(t *testing.T) { testEventOrder(newWorldOf(t, d.open(t), telling(backend()))) })
			t.Run("an event is its tenant's", func(t *testing.T) { testTenantsEvents(newTeams(t, d.open(t), telling(backend()))) })
		})
	}
}

func testEmits(w *world) {
	article := w.create(w.ann, false, "Article", "title", "Bread", "author", w.ann.ID)
	state, err := trace.ParseTraceState("vendor=1")
	must(err)
	ctx := trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, 2}, SpanID: trace.SpanID{3}, TraceFlags: trace.FlagsSampled, TraceState: state,
	}))
	at := time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)
	must(w.engine.Write(ctx, w.ann, func(ctx context.Context, tx *query.Tx) error {
		if _, err := tx.Update(ctx, w.entity("Article"), string(article), 0, w.changes(w.entity("Article"), "title", "Rye")); err != nil {
			return err
		}
		before := tx.Statements()
		money := []any{kit.NewDecimal(12), "EUR"}
		if err := tx.Emit(ctx, "Published", []any{string(article), money, []any{string(w.bob.ID)}, at}); err != nil {
			return err
		}
		if took := tx.Statements() - before; took != 1 {
			w.Errorf("an event took %d statements", took)
		}
		return tx.Emit(ctx, "Noticed", []any{"b\"<é", nil})
	}))
	rows := w.outbox()
	if len(rows) != 2 || rows[0].id == rows[1].id || len(rows[0].id) != 36 {
		w.Fatalf("the outbox has %v", rows)
	}
	for i := range rows {
		rows[i].id = ""
	}
	want := []told{
		{
			"", "Published", string(article), `{"article":"` + string(article) + `","price":{"amount":"12","currency":"EUR"},"readers":["` + string(w.bob.ID) + `"],"at":"2030-05-06T07:08:09Z"}`,
			"00-01020000000000000000000000000000-0300000000000000-01", "vendor=1", "-",
		},
		{"", "Noticed", "-", `{"text":"b\"<é","step":null}`, "00-01020000000000000000000000000000-0300000000000000-01", "vendor=1", "-"},
	}
	for i := range want {
		if !sameTold(rows[i], want[i]) {
			w.Errorf("row %d of the outbox is\n%v, want\n%v", i, rows[i], want[i])
		}
	}

	// What is undone was never said.
	changedMind := errors.New("changed my mind")
	err = w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		if err := tx.Emit(ctx, "Published", []any{string(article), nil, nil, at}); err != nil {
			return err
		}
		return changedMind
	})
	if !errors.Is(err, changedMind) || len(w.outbox()) != 2 {
		w.Errorf("%v, and the outbox has %d rows, want 2", err, len(w.outbox()))
	}
	// Without a trace there is none.
	must(w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		return tx.Emit(ctx, "Noticed", []any{"alone", int64(1)})
	}))
	if last := w.outbox()[2]; last.traceparent != "-" || last.tracestate != "-" {
		w.Errorf("an event outside of a trace has %s, %s", last.traceparent, last.tracestate)
	}
}

// sameTold compares rows; a database may order the members of a payload.
func sameTold(a, b told) bool {
	members := func(text string) string {
		letters := strings.Split(text, "")
		slices.Sort(letters)
		return strings.Join(letters, "")
	}
	a.payload, b.payload = members(a.payload), members(b.payload)
	return a == b
}

func testWrongEvents(w *world) {
	for _, c := range []struct {
		event  string
		values []any
		want   string
	}{
		{"Nothing", nil, "event Nothing: there is none"},
		{"Noticed", []any{"a"}, "event Noticed: 1 values for 2 fields"},
		{"Noticed", []any{nil, nil}, "event Noticed: text: This is required."},
		{"Published", []any{"bread", nil, nil, time.Now()}, `event Published: article: "bread" is no id.`},
		{"Published", []any{string(w.ann.ID), nil, []any{"ann"}, time.Now()}, `event Published: readers.0: "ann" is no id.`},
		{"Noticed", []any{strings.Repeat("x", 256<<10), nil}, "event Noticed: a payload of 262167 bytes, where 262144 are the most: name what is large by its id"},
	} {
		err := w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error { return tx.Emit(ctx, c.event, c.values) })
		var problem *kit.Problem
		if err == nil || err.Error() != c.want || errors.As(err, &problem) {
			w.Errorf("%s: got %v, want %s", c.event, err, c.want)
		}
	}
	if rows := w.outbox(); len(rows) != 0 {
		w.Errorf("the outbox has %v", rows)
	}
}

// Whoever has emitted for a key notes it before his transaction ends; the others of that key wait until then. So the notes are
// in the order of the commits, and the positions must be as well.
func testEventOrder(w *world) {
	const tellers, each = 6, 10
	var mu sync.Mutex
	noted := map[string][]string{}
	var wait sync.WaitGroup
	for i := range tellers {
		wait.Go(func() {
			for n := range each {
				key, step := []string{"a", "b"}[(i+n)%2], int64(i*each+n)
				err := w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
					if err := tx.Emit(ctx, "Counted", []any{key, step}); err != nil {
						return err
					}
					mu.Lock()
					defer mu.Unlock()
					noted[key] = append(noted[key], strconv.FormatInt(step, 10))
					return nil
				})
				if err != nil {
					w.Errorf("teller %d: %v", i, err)
				}
			}
		})
	}
	wait.Wait()
	positions := map[string][]string{}
	for _, r := range w.outbox() {
		_, step, _ := strings.Cut(r.payload, `"step":`)
		positions[r.key] = append(positions[r.key], strings.Trim(step, "}"))
	}
	for _, key := range []string{"a", "b"} {
		got := make([]string, len(positions[key]))
		for i, step := range positions[key] {
			got[i], _, _ = strings.Cut(step, ",") // a database may order the members
		}
		if len(got) != tellers*each/2 || !slices.Equal(got, noted[key]) {
			w.Errorf("events of %s stand as %v, and were told as %v", key, got, noted[key])
		}
	}
}

func testTenantsEvents(w *world) {
	one := w.row(kit.Viewer{}, "Team", "one")["id"]
	for _, tenant := range []string{"one", ""} {
		must(w.engine.Write(context.Background(), kit.Viewer{Tenant: tenant}, func(ctx context.Context, tx *query.Tx) error {
			return tx.Emit(ctx, "Noticed", []any{tenant, nil})
		}))
	}
	rows := w.outbox()
	if len(rows) != 2 || rows[0].tenant != one || rows[1].tenant != "-" {
		w.Errorf("the outbox has %v, want the first of tenant %v", rows, one)
	}
}
