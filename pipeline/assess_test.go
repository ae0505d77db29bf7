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

// In a project that is generated the brief is about its design first, and calls nothing an example that nobody writes.
func TestBriefOfADesign(t *testing.T) {
	report, err := Assess("../examples/shop", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## The design comes first", "`fettle generate`", "`fettle migrate --dry-run`"} {
		if !strings.Contains(report.Brief, want) {
			t.Errorf("it does not say %q:\n%s", want, report.Brief)
		}
	}
	for _, wrong := range []string{"A route to imitate", "is a new migration"} {
		if strings.Contains(report.Brief, wrong) {
			t.Errorf("it says %q", wrong)
		}
	}
}
