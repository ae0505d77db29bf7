package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/rest"
)

// Of two operations that wait for each other one is undone. It is run again where it may be, else its caller is told to
// try again; nothing is half done. On SQLite, with one writer at a time, nobody waits.
func TestDeadlocks(t *testing.T) {
	onEach(t, func(c *client) {
		both := func(path string) (codes [2]*httptest.ResponseRecorder) {
			done := make(chan int)
			for i, body := range []string{`{"first":"alpha","second":"beta"}`, `{"first":"beta","second":"alpha"}`} {
				go func() {
					codes[i] = c.call("POST", path, body, as(ann)...)
					done <- i
				}()
			}
			<-done
			<-done
			return codes
		}
		postgres := strings.HasSuffix(c.Name(), "postgres")
		c.world.Swaps.Store(0)
		for _, w := range both("/v1/swap") {
			if w.Code != 200 {
				c.Errorf("swap: %d %s", w.Code, w.Body)
			}
		}
		if n := c.world.Swaps.Load(); postgres && n < 3 || !postgres && n != 2 {
			c.Errorf("swap was called %d times", n)
		}
		for _, slug := range []string{"alpha", "beta"} {
			c.want(200, "GET", "/v1/articles/"+slug, "", as(ann, "--", `"version":"3"`)...)
		}

		c.world.Swaps.Store(0)
		refused := 0
		for _, w := range both("/v1/swapOnce") {
			switch {
			case w.Code == 503 && w.Header().Get("Retry-After") == "1" && strings.Contains(w.Body.String(), `"code":"UNAVAILABLE"`):
				refused++
			case w.Code != 200:
				c.Errorf("swapOnce: %d %s", w.Code, w.Body)
			}
		}
		if n := c.world.Swaps.Load(); n != 2 {
			c.Errorf("swapOnce was called %d times", n)
		}
		if postgres && refused != 1 || !postgres && refused != 0 {
			c.Errorf("%d were refused", refused)
		}
	})
}

// What is generated only runs SQL, so a batch of it is run again; one with an operation that may not be is not. Each time
// {"$id": n} is the id of that time.
func TestBatchesAfterCollisions(t *testing.T) {
	onEach(t, func(c *client) {
		const article = `{"method":"POST","path":"/v1/articles","body":{"title":"Again","tags":["go"]}}`
		const comment = `{"method":"POST","path":"/v1/comments","body":{"article":{"$id":0},"body":"first"}}`
		c.world.Collide(2)
		c.want(200, "POST", "/v1/batch", `{"requests":[`+article+`,`+comment+`]}`, as(ann, "--", `"body":"first"`)...)
		c.want(200, "GET", "/v1/articles?title=Again&include=comments", "", as(ann, "--", `"body":"first"`)...)
		c.world.Collide(1)
		c.want(503, "POST", "/v1/batch", `{"requests":[`+article+`,{"method":"POST","path":"/v1/articles/draft/publish"}]}`, as(ann)...)
		c.world.Collide(1)
		c.want(200, "PATCH", "/v1/articles/alpha", `{"price":{"amount":"2.5"}}`, as(ann, "--", `"price":{"amount":"2.5","currency":"EUR"}`)...)
		c.world.Collide(9)
		c.want(503, "POST", "/v1/tags", `{"name":"never"}`, as(ann)...)
		c.world.Collide(0)
	})
}

// Batches that write the same rows in all orders wait for each other one way round, and all are done.
func TestBatchesThatCross(t *testing.T) {
	onEach(t, func(c *client) {
		const note = `{"method":"PATCH","path":"/v1/articles/PLACE","body":{"note":"crossed"}}`
		var beta struct{ ID string }
		if err := json.Unmarshal(c.want(200, "GET", "/v1/articles/beta", "", as(ann)...).Body.Bytes(), &beta); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 12 {
			places := []string{"alpha", beta.ID, "gamma"}
			if i%2 == 1 {
				places = []string{"gamma", "beta", "alpha"}
			}
			for j, place := range places {
				places[j] = strings.Replace(note, "PLACE", place, 1)
			}
			all.Go(func() {
				if w := c.call("POST", "/v1/batch", `{"requests":[`+strings.Join(places, ",")+`]}`, as(ann)...); w.Code != 200 {
					c.Errorf("batch %d: %d %s", i, w.Code, w.Body)
				}
			})
		}
		all.Wait()
		c.want(200, "GET", "/v1/articles/beta", "", as(ann, "--", `"version":"13"`)...)

		// What is not there, or no row, is told by its request.
		c.want(404, "POST", "/v1/batch", `{"requests":[`+strings.Join([]string{
			strings.Replace(note, "PLACE", "alpha", 1), strings.Replace(note, "PLACE", "nosuch", 1), strings.Replace(note, "PLACE", "%00", 1),
		}, ",")+`]}`, as(ann, "--", `"code":"NOT_FOUND"`)...)
	})
}

// trips is a backend in which rooms are booked, alone or with the trip that they are for.
func trips() *meta.Backend {
	newest := meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "createdAt", Descending: true}}}
	anybody := []meta.Rule{{When: meta.True()}}
	return &meta.Backend{Name: "trips", Entities: []*meta.Entity{
		{
			Name: "Trip", Singular: "trip", Plural: "trips", Path: "trips", Table: "trips", Key: "id", Page: newest,
			Fields: kittest.Fields(&meta.Field{
				Name: "bookings", Kind: meta.List, Type: "Booking", Inverse: "trip", Parts: &meta.Parts{Create: true}, Page: newest,
			}),
			Allow: meta.Allow{Read: anybody, Create: anybody},
		},
		{
			Name: "Booking", Singular: "booking", Plural: "bookings", Path: "bookings", Table: "bookings", Key: "id", Page: newest,
			Fields: kittest.Fields(
				&meta.Field{Name: "trip", Kind: meta.Reference, Type: "Trip", Column: "trip_id", Null: true},
				&meta.Field{Name: "room", Kind: meta.Int, Column: "room"},
				&meta.Field{Name: "from", Kind: meta.DateTime, Column: "from"},
				&meta.Field{Name: "until", Kind: meta.DateTime, Column: "until"},
			),
			Allow:    meta.Allow{Read: anybody, Create: anybody},
			Excludes: []meta.Exclusion{{Name: "bookings_excl", From: "from", Until: "until", Per: []string{"room"}, Code: "TAKEN"}},
		},
	}}
}

// Who books the same rooms the other way round, by a batch or as parts of one row, waits for nobody who waits for him.
func TestPlacesThatCross(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			b, db := trips(), d.open(t)
			engine, err := query.New(b, db, query.Options{})
			if err != nil {
				t.Fatal(err)
			}
			kittest.Tables(t, db, b, nil)
			door := rest.New(engine, rest.Options{Viewer: func(*http.Request) (kit.Viewer, error) { return kit.Viewer{}, nil }})
			began := time.Now()
			var all sync.WaitGroup
			for i := range 24 {
				booking := func(room int) string {
					day := time.Date(2030, 1, 1+i, 0, 0, 0, 0, time.UTC)
					return fmt.Sprintf(`{"room":%d,"from":%q,"until":%q}`, room, day.Format(time.RFC3339), day.AddDate(0, 0, 1).Format(time.RFC3339))
				}
				first, second := booking(i/2%2), booking(1-i/2%2)
				path, body := "/v1/trips", `{"bookings":{"create":[`+first+`,`+second+`]}}`
				if i%2 == 1 {
					const request = `{"method":"POST","path":"/v1/bookings","body":%s}`
					path, body = "/v1/batch", fmt.Sprintf(`{"requests":[`+request+`,`+request+`]}`, first, second)
				}
				all.Go(func() {
					r := httptest.NewRequest("POST", path, strings.NewReader(body))
					r.Header.Set("Content-Type", "application/json")
					w := httptest.NewRecorder()
					door.ServeHTTP(w, r)
					if w.Code != 200 && w.Code != 201 {
						t.Errorf("%s %s: %d %s", path, body, w.Code, w.Body)
					}
				})
			}
			all.Wait()
			if took := time.Since(began); took > 10*time.Second { // PostgreSQL sees a deadlock after a second, one after the other
				t.Errorf("took %v", took)
			}
		})
	}
}
