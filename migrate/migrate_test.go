package migrate_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/schema"
)

func articles(columns ...*schema.Column) *schema.Schema {
	columns = append([]*schema.Column{{Name: "id", Type: schema.UUID}}, columns...)
	return &schema.Schema{Tables: []*schema.Table{{Name: "articles", PrimaryKey: []string{"id"}, Columns: columns}}}
}

func TestLossesAreRefusedByName(t *testing.T) {
	text, date := &schema.Column{Name: "subtitle", Type: schema.Text}, &schema.Column{Name: "subtitle", Type: schema.Date}
	optional := &schema.Column{Name: "subtitle", Type: schema.Text, Null: true}
	for _, test := range []struct {
		from, to *schema.Schema
		want     string
	}{
		{articles(text), articles(), "column articles.subtitle is dropped with its data"},
		{articles(), articles(text), "column articles.subtitle is added as required and without a default: if the table has rows, the migration stops"},
		{articles(text), articles(date), "column articles.subtitle becomes date: if a value cannot be read as one, the migration stops"},
		{articles(optional), articles(text), "column articles.subtitle becomes required and has no default: if a row has no value, the migration stops"},
		{articles(), &schema.Schema{}, "table articles is dropped with its rows"},
	} {
		_, err := migrate.Between(test.from, test.to, migrate.Options{})
		var loss *migrate.LossError
		if !errors.As(err, &loss) || err.Error() != test.want || loss.Losses[0].Table != "articles" {
			t.Errorf("got %v, want %s", err, test.want)
		}
		plan, err := migrate.Between(test.from, test.to, migrate.Options{AcceptLoss: true})
		if err != nil || len(plan.Losses) != 1 {
			t.Errorf("accepted: %v, %v", plan, err)
		}
	}
}

func TestWhatADatabaseWouldNotTakeIsRefused(t *testing.T) {
	with := func(change func(*schema.Table)) *schema.Schema {
		s := articles()
		change(s.Tables[0])
		return s
	}
	column := func(c schema.Column) *schema.Schema { return articles(&c) }
	value := func(kind schema.Type, text string) *schema.Schema {
		return column(schema.Column{Name: "a", Type: kind, Scale: 2, Digits: 5, Default: &schema.Value{Text: text}})
	}
	for want, s := range map[string]*schema.Schema{
		"described twice":               column(schema.Column{Name: "id", Type: schema.Text}),
		"longer than 63 bytes":          column(schema.Column{Name: strings.Repeat("x", 64), Type: schema.Text}),
		"longer than 58 bytes":          with(func(t *schema.Table) { t.Name = strings.Repeat("x", 59) }),
		"needs escaping":                column(schema.Column{Name: `a"b`, Type: schema.Text}),
		"no column \"b\"":               with(func(t *schema.Table) { t.PrimaryKey = []string{"b"} }),
		"no table \"b\"":                with(func(t *schema.Table) { t.ForeignKeys = []*schema.ForeignKey{{Name: "k", Table: "b"}} }),
		"type \"money\": unknown":       column(schema.Column{Name: "a", Type: "money"}),
		"neither true nor false":        value(schema.Boolean, "yes"),
		"more than 2 fractional digits": value(schema.Decimal, "1.005"),
		"is not a number":               value(schema.Double, "NaN"),
		"is not JSON":                   value(schema.JSON, "{"),
		"is not a UUID":                 value(schema.UUID, "1"),
		"out of range":                  value(schema.Integer, "3000000000"),
		"cannot parse":                  value(schema.Date, "today"),
		"+goose":                        value(schema.Text, "-- +goose Down"),
	} {
		if _, err := migrate.Between(nil, s, migrate.Options{}); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "table ") {
			t.Errorf("got %v, want …%s", err, want)
		}
	}
}

func TestSnapshotIsReadAsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schema.json")
	if s, err := migrate.ReadSnapshot(path); err != nil || len(s.Tables) != 0 {
		t.Errorf("no file reads as %v, %v", s, err)
	}
	want := articles(&schema.Column{Name: "price", Was: "cost", Type: schema.Decimal, Digits: 19, Scale: 4, Default: &schema.Value{Text: "1.5"}})
	if err := migrate.WriteSnapshot(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := migrate.ReadSnapshot(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %v, %v", got, err)
	}
}

func TestNextNumberIsAfterTheHighestOfBothDialects(t *testing.T) {
	files := fstest.MapFS{"migrations/sqlite/0003_a.sql": {}, "migrations/postgres/0003_a.sql": {}, "migrations/postgres/0005_a_index.sql": {}, "migrations/schema.json": {}}
	if n, err := migrate.NextNumber(files); n != 6 || err != nil {
		t.Errorf("next is %d, %v", n, err)
	}
	if n, err := migrate.NextNumber(fstest.MapFS{}); n != 1 || err != nil {
		t.Errorf("first is %d, %v", n, err)
	}
}
