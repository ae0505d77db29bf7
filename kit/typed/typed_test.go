package typed_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/typed"
)

type status string

type money struct {
	Amount int
	Note   *string
}

func moneyOf(v any) money {
	p := typed.Parts(v, 2)
	return money{typed.Int(p[0]), typed.Null(p[1], typed.String)}
}

func (m money) Values() []any { return []any{int64(m.Amount), typed.TextOrNil(m.Note)} }

func TestRead(t *testing.T) {
	row := &query.Row{ID: "r", Values: []any{"a", nil}}
	var none *query.Row
	hello := "hello"
	cases := []struct {
		title     string
		got, want any
	}{
		{"An enum value is its own type.", typed.Enum[status]("PAID"), status("PAID")},
		{"What is hidden is the zero value.", typed.Int(nil), 0},
		{"An id is text, or a row that was referred to.", []kit.ID{typed.ID("x"), typed.ID(row), typed.ID(none)}, []kit.ID{"x", "r", ""}},
		{"Null is nil.", typed.Null(nil, typed.String), (*string)(nil)},
		{"A reference to nothing is nil.", typed.Null(none, typed.ID), (*kit.ID)(nil)},
		{"What is not null is pointed to.", typed.Null("hello", typed.String), &hello},
		{"A list of rows is read one by one.", typed.List([]*query.Row{row}, typed.ID), []kit.ID{"r"}},
		{"A list of values is read one by one.", typed.List([]any{int64(1), int64(2)}, typed.Int), []int{1, 2}},
		{"A list that is null is nil.", typed.List(nil, typed.Int), []int(nil)},
		{"A value object is read part by part.", moneyOf([]any{int64(5), "hello"}), money{5, &hello}},
		{"A value object that is null is zero.", moneyOf(nil), money{}},
		{"A row that is not there has no values.", typed.Row(none, 2), []any{nil, nil}},
		{"A row has its values.", typed.Row(row, 2), []any{"a", nil}},
	}
	for _, c := range cases {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%s got %#v, want %#v", c.title, c.got, c.want)
		}
	}
}

func TestChanges(t *testing.T) {
	e := &meta.Entity{Name: "Order", Key: "id"}
	for _, name := range []string{"id", "a", "b", "c", "d", "e", "f"} {
		e.Fields = append(e.Fields, &meta.Field{Name: name})
	}
	if err := meta.Resolve(&meta.Backend{Entities: []*meta.Entity{e}}); err != nil {
		t.Fatal(err)
	}
	c := typed.Changes{Entity: e}
	c.Set("a", typed.FromText(query.Set(status("PAID"))))
	c.Set("b", typed.FromText(query.Clear[status]()))
	c.Set("c", typed.FromText(query.Optional[status]{}))
	c.SetUnlessNil("d", typed.JSONOrNil(nil))
	c.SetUnlessNil("d", typed.JSONOrNil(json.RawMessage("null")))
	c.Set("e", typed.FromStruct(query.Set(money{Amount: 3})))
	c.Set("f", typed.FromIDs(query.Set([]kit.ID{"x"})))
	want := []query.Change{
		{Field: e.Field("a"), Value: "PAID"},
		{Field: e.Field("b")},
		{Field: e.Field("d"), Value: json.RawMessage("null")},
		{Field: e.Field("e"), Value: []any{int64(3), nil}},
		{Field: e.Field("f"), Value: []any{"x"}},
	}
	if !reflect.DeepEqual(c.List, want) {
		t.Errorf("got %v, want %v", c.List, want)
	}
}
