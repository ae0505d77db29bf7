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
	type row struct{}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))
	cases := []struct{ got, want *meta.Expr }{
		{query.NewTextColumn[row, kit.ID]("buyer").Eq("x").Expr(), meta.Eq(meta.This("buyer"), meta.Const("x"))},
		{query.NewTextColumn[row, status]("status").Ne("PAID").Expr(), meta.Ne(meta.This("status"), meta.Const("PAID"))},
		{query.NewColumn[row, int]("count").Lt(3).Expr(), meta.Lt(meta.This("count"), meta.Const(int64(3)))},
		{query.NewColumn[row, kit.Decimal]("total", "amount").Ge(kit.Decimal{}).Expr(), meta.Ge(meta.This("total", "amount"), meta.Const("0"))},
		{query.NewColumn[row, time.Time]("at").Gt(at).Expr(), meta.Gt(meta.This("at"), meta.Const("2026-01-02T02:04:05.000006Z"))},
		{query.NewColumn[row, time.Duration]("for").Le(time.Second).Expr(), meta.Le(meta.This("for"), meta.Const(int64(1_000_000)))},
		{query.NewColumn[row, kit.Date]("day").Eq(kit.Date{Year: 2026, Month: 1, Day: 2}).Expr(), meta.Eq(meta.This("day"), meta.Const("2026-01-02"))},
		{query.NewColumn[row, bool]("done").Eq(true).Expr(), meta.Eq(meta.This("done"), meta.Const(true))},
		{query.NewTextColumn[row, string]("note").IsNull().Expr(), meta.Eq(meta.This("note"), meta.Null())},
	}
	for _, c := range cases {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("got %+v, want %+v", c.got.Args[1], c.want.Args[1])
		}
	}
}
