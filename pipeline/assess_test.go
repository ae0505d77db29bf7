package pipeline

import (
	"slices"
	"strings"
	"testing"
)

// The routes of a service that is generated are those of its contract, and those that its team wrote.
func TestAssessOfAGeneratedService(t *testing.T) {
	r, err := Assess("../examples/shop", "")
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, route := range r.Routes {
		routes = append(routes, route.Method+" "+route.Path)
	}
	for _, want := range []string{"GET /sitemap.txt", "GET /v1/products", "POST /v1/place-order", "POST /auth/register"} {
		n := len(slices.DeleteFunc(slices.Clone(routes), func(have string) bool { return have != want }))
		if n != 1 {
			t.Errorf("%s is told %d times of:\n%s", want, n, strings.Join(routes, "\n"))
		}
	}
}
