package query_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

func testFlows(w *world) {
	none := kit.Viewer{}
	id := w.create(none, false, "Order", "state", "PLACED")
	for _, test := range []struct {
		field, to any
		want      string
	}{
		{"state", "PLACED", "ok"},
		{"state", "LOST", "INVALID state:WRONG_FORMAT"},
		{"state", "PAID", "ok"},
		{"state", "PLACED", "CONFLICT state:FLOW"},
		{"state", "PAID", "ok"},
		{"state", "CANCELLED", "ok"},
		{"state", "PAID", "CONFLICT state:FLOW"},
		{"parcel", "PAID", "CONFLICT parcel:FLOW"},
		{"parcel", "PLACED", "ok"},
		{"parcel", nil, "CONFLICT parcel:FLOW"},
		{"title", "else", "ok"},
	} {
		w.want(w.update(none, "Order", id, 0, test.field, test.to), test.want)
		err := w.engine.Write(context.Background(), w.in(none), func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.System().Update(ctx, w.entity("Order"), string(id), 0, w.changes(w.entity("Order"), test.field, test.to))
			return err
		})
		if describe(err) != test.want && test.want != "ok" {
			w.Errorf("System sets %s to %v: %v", test.field, test.to, err)
		}
	}
	w.want(w.update(none, "Order", id, 0, "state", "PAID", "parcel", nil), "CONFLICT state:FLOW parcel:FLOW")

	_, err := w.tryCreate(none, false, "Order", "state", "PAID", "parcel", "CANCELLED")
	w.want(err, "INVALID state:FLOW parcel:FLOW")
	if p := (*kit.Problem)(nil); errors.As(err, &p) && p.Fields[0].Detail != "A new order does not begin as PAID, only as PLACED." {
		w.Errorf("problem is %+v", p)
	}
	_, err = w.tryCreate(none, true, "Order", "state", "PAID")
	w.want(err, "INVALID state:FLOW")

	details := map[string]string{
		"state":  "The state of this order cannot go from CANCELLED to PLACED.",
		"parcel": "The parcel of this order cannot go from PLACED to null, only to PAID, CANCELLED.",
		"claim":  "The claim of this order cannot become CANCELLED now.",
	}
	w.want(w.update(none, "Order", id, 0, "claim", "PLACED"), "ok")
	for field, to := range map[string]any{"state": "PLACED", "parcel": nil, "claim": "CANCELLED"} {
		var p *kit.Problem
		errors.As(w.update(none, "Order", id, 0, field, to), &p)
		if p == nil || p.Status != 409 || p.Detail != details[field] || p.Fields[0].Detail != p.Detail {
			w.Errorf("%s: problem is %+v", field, p)
		}
	}
}

// Each order is paid and cancelled at the same time, from PLACED: what is paid can still be cancelled, but what is
// cancelled is never paid.
func testRacingSteps(w *world) {
	const orders, racers = 20, 4
	for range orders {
		id := w.create(kit.Viewer{}, true, "Order")
		must(w.update(kit.Viewer{}, "Order", id, 0, "parcel", "PLACED"))
		var wait sync.WaitGroup
		results := make([]string, racers)
		for i := range racers {
			to := []string{"PAID", "CANCELLED"}[i%2]
			wait.Go(func() { results[i] = to + " " + describe(w.update(kit.Viewer{}, "Order", id, 0, "parcel", to)) })
		}
		wait.Wait()
		row := w.row(kit.Viewer{}, "Order", id)
		for i, r := range results {
			won := r == fmt.Sprint(row["parcel"], " ok")
			if !won && r != []string{"PAID", "CANCELLED"}[i%2]+" CONFLICT parcel:FLOW" {
				w.Errorf("parcel is %v after %v", row["parcel"], results)
			}
		}
	}
}
