package query

import (
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// The whole statements of aggregations are in testdata/statements/aggregates.txtar.
func TestStatementsOfAggregates(t *testing.T) {
	b := goldenBackend()
	if err := meta.Resolve(b); err != nil {
		t.Fatal(err)
	}
	article := b.Entity("Article")
	archive := &txtar.Archive{Comment: []byte("The rows that fit are grouped, and what a rule hides is null before anything is added up.\n")}
	for _, c := range []struct {
		name string
		a    Aggregation
		page page
	}{
		{"of all rows", Aggregation{Measures: []Measure{{Sum, []string{"stars"}}, {Avg, []string{"stars"}}, {Max, []string{"title"}}}}, page{}},
		{"of groups by a reference and a month, behind a cursor", Aggregation{
			Where:    meta.Eq(meta.This("title"), meta.Const("x")),
			Groups:   []GroupKey{{Path: []string{"author"}}, {Path: []string{"createdAt"}, By: Month}},
			Measures: []Measure{{Min, []string{"createdAt"}}},
		}, page{limit: 100, cursor: []any{"x", "2030-01-01"}}},
		{"of a field that has a rule", Aggregation{Groups: []GroupKey{{Path: []string{"secret"}}}, Measures: []Measure{{Max, []string{"secret"}}}}, page{limit: 100}},
	} {
		for i, name := range []string{"sqlite", "postgres"} {
			d := dialect{i == 1}
			c.a.Entity = article
			tx := &Tx{engine: &Engine{backend: b, account: b.Entity("User"), dialect: d}, viewer: kit.Viewer{ID: "00000000-0000-7000-8000-000000000001"}}
			plan, err := tx.aggregatePlan(&shaper{}, &c.a, c.page)
			if err != nil {
				t.Fatal(c.name, err)
			}
			archive.Files = append(archive.Files, txtar.File{Name: c.name + ": " + name, Data: []byte(plan.sql + "\n")})
		}
	}
	checkStatements(t, "testdata/statements/aggregates.txtar", archive)
}
