package rest_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
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
