package rest_test

import (
	"net/http/httptest"
	"strings"
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
