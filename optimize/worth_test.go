package optimize

import (
	"strings"
	"testing"
)

// What is saved has to be noticed: by who waits, or in a day.
func TestWorth(t *testing.T) {
	once, rarely, often := &Query{Statement: &Statement{}}, &Query{Statement: &Statement{Day: 24}}, &Query{Statement: &Statement{Day: 100_000}}
	for name, c := range map[string]struct {
		saved  savings
		upkeep float64
		want   bool
	}{
		"little, nobody knows how often":        {savings{once: 0.31}, 0, false},
		"a millisecond, nobody knows how often": {savings{once: 1.2}, 0, true},
		"little, an hour apart":                 {savings{rarely: 20}, 0, false},
		"a wait, an hour apart":                 {savings{rarely: 150}, 0, true},
		"little, all day":                       {savings{often: 0.31}, 0, true},
		"next to nothing, all day":              {savings{often: 0.05}, 0, false},
		"two that do not come to it alone":      {savings{often: 0.09, rarely: 90}, 0, true},
		"what it costs to write it is more":     {savings{often: 0.31}, 50_000, false},
		"a wait for more than it saves":         {savings{rarely: 150}, 50_000, false},
	} {
		if got := c.saved.worth(c.upkeep); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOldestServer(t *testing.T) {
	if err := supported(150000); err != nil {
		t.Error(err)
	}
	if err := supported(140012); err == nil || !strings.Contains(err.Error(), "it is PostgreSQL 14.12, and 15 is the oldest") {
		t.Errorf("said %v", err)
	}
}

// A rewrite and the index of what it takes away are told to stand for each other.
func TestEitherIsEnough(t *testing.T) {
	index := &Index{Table: &Table{ID: "a"}, Method: "btree", Keys: []Key{{Expr: "(b)::text"}}}
	r := &Report{Catalog: &Catalog{}, Advice: []*Advice{
		{ID: "hint-cast-1", Kind: KindHint, Query: "Q1"}, {ID: "index-a", Kind: KindIndex, Query: "Q1", Indexes: []*Index{index}}, {ID: "index-other", Kind: KindIndex, Query: "Q2", Indexes: []*Index{index}},
	}}
	r.finish()
	for _, a := range r.Advice {
		if want := map[string]int{"Q1": 1, "Q2": 0}[a.Query]; len(a.Notes) != want {
			t.Errorf("%s notes %q", a.ID, a.Notes)
		}
	}
}
