package query_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Conditions hold constants in the forms that package meta gives them.
func TestColumn(t *testing.T) {
	type status string
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))
	cases := []struct{ got, want *meta.Expr }{
		{query.NewTextColumn[kit.ID]("buyer").Eq("x"), meta.Eq(meta.This("buyer"), meta.Const("x"))},
		{query.NewTextColumn[status]("status").Ne("PAID"), meta.Ne(meta.This("status"), meta.Const("PAID"))},
		{query.NewColumn[int]("count").Lt(3), meta.Lt(meta.This("count"), meta.Const(int64(3)))},
		{query.NewColumn[kit.Decimal]("total", "amount").Ge(kit.Decimal{}), meta.Ge(meta.This("total", "amount"), meta.Const("0"))},
		{query.NewColumn[time.Time]("at").Gt(at), meta.Gt(meta.This("at"), meta.Const("2026-01-02T02:04:05.000006Z"))},
		{query.NewColumn[time.Duration]("for").Le(time.Second), meta.Le(meta.This("for"), meta.Const(int64(1_000_000)))},
		{query.NewColumn[kit.Date]("day").Eq(kit.Date{Year: 2026, Month: 1, Day: 2}), meta.Eq(meta.This("day"), meta.Const("2026-01-02"))},
		{query.NewColumn[bool]("done").Eq(true), meta.Eq(meta.This("done"), meta.Const(true))},
		{query.NewTextColumn[string]("note").IsNull(), meta.Eq(meta.This("note"), meta.Null())},
	}
	for _, c := range cases {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("got %+v, want %+v", c.got.Args[1], c.want.Args[1])
		}
	}
}
