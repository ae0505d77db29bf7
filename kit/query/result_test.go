package query_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// What an operation or a method comes to is of its type, or an error that is no problem of the caller's.
func TestResults(t *testing.T) {
	row, many := string(kit.NewID()), slices.Repeat([]any{"a"}, 5000)
	cases := []struct {
		result meta.Field
		value  any
		want   string // what is wrong; empty: nothing is
	}{
		{meta.Field{Kind: meta.Int}, int64(math.MaxInt32), ""},
		{meta.Field{Kind: meta.Int}, int64(math.MaxInt32 + 1), "This does not fit 32 bits."},
		{meta.Field{Kind: meta.Int}, nil, "This is required."},
		{meta.Field{Kind: meta.Int, Null: true}, nil, ""},
		{meta.Field{Kind: meta.Int}, true, "This is a whole number."},
		{meta.Field{Kind: meta.Float}, math.NaN(), "This is a Float."},
		{meta.Field{Kind: meta.String}, "a\xff", "This is no text."},
		{meta.Field{Kind: meta.EnumKind, Type: "Status"}, "GONE", "One of DRAFT, PUBLISHED, ARCHIVED."},
		{meta.Field{Kind: meta.Reference, Type: "Article"}, row, ""},
		{meta.Field{Kind: meta.Reference, Type: "Article"}, "", "This is an id or a key."},
		{meta.Field{Kind: meta.Reference, Type: "Article"}, "bread", `"bread" is no id.`},
		{meta.Field{Kind: meta.Reference, Type: "Article", Null: true}, nil, ""},
		{meta.Field{Kind: meta.Reference, Type: "Article", Repeated: true}, []any{row, ""}, "This is an id or a key."},
		{meta.Field{Kind: meta.String, Repeated: true}, many, ""},
		{meta.Field{Kind: meta.Int, Repeated: true}, []any{int64(1), int64(1 << 31)}, "This does not fit 32 bits."},
	}
	b, handlers := backend(), map[string]query.Handler{}
	first := len(b.Operations)
	for i, c := range cases {
		result := c.result
		result.Name = "result"
		o := &meta.Operation{Name: "result" + strconv.Itoa(i), Result: &result, Allow: when(meta.True())}
		b.Operations, handlers[o.Name] = append(b.Operations, o), func(context.Context, *query.Tx, []any) (any, error) { return c.value, nil }
	}
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			engine, err := query.New(b, d.open(t), query.Options{Handlers: handlers})
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range cases {
				err := engine.Read(context.Background(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
					_, err := tx.Call(ctx, b.Operations[first+i], nil)
					return err
				})
				var problem *kit.Problem
				if (err != nil) != (c.want != "") || err != nil && !strings.HasSuffix(err.Error(), c.want) || errors.As(err, &problem) {
					t.Errorf("%v of a result of kind %v: got %v, want %q", c.value, c.result.Kind, err, c.want)
				}
			}
		})
	}
}
