package media

import (
	"net/http"
	"strings"
	"testing"
)

func TestWeight(t *testing.T) {
	const json = "application/json"
	for _, test := range []struct {
		accept    string
		exact, or float64 // without and with wildcards
	}{
		{json, 1, 1},
		{"APPLICATION/JSON ; Q=0.5", 0.5, 0.5},
		{`application/json;profile="a,b"`, 1, 1},
		{`text/html;x="\",application/json", */*;q=0.2`, 0, 0.2},
		{`application/json;profile="a,b`, 0, 0},
		{"*/*, application/json;q=0", 0, 0},
		{"application/*;q=0, application/json", 1, 1},
		{"application/*;q=0, */*", 0, 0},
		{"application/json;q=0.1, application/json;v=2;q=0.9", 0.9, 0.9},
		{"application/json;q=NaN", 0, 0},
		{"application/json;q=5", 0, 0},
		{"text/*", 0, 0},
		{"application/json,", 1, 1},
		{"garbage, */*;q=0.3", 0, 0.3},
	} {
		accept := []string{"image/png", test.accept}
		if got := Weight(accept, json, false); got != test.exact {
			t.Errorf("%s: %v, want %v", test.accept, got, test.exact)
		}
		if got := Weight(accept, json, true); got != test.or {
			t.Errorf("%s with wildcards: %v, want %v", test.accept, got, test.or)
		}
	}
	for accept, want := range map[string]bool{"": false, " , ,": false, "*/*": true, "x": true} {
		if Asks([]string{"", accept}) != want {
			t.Errorf("%q asks: %v", accept, !want)
		}
	}
}

func TestOf(t *testing.T) {
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	if name, parameters, err := Of(h); name != "application/json" || parameters["charset"] != "utf-8" || err != nil {
		t.Errorf("%s %v %v", name, parameters, err)
	}
	h.Add("Content-Type", "text/plain")
	if name, _, err := Of(h); err == nil {
		t.Errorf("of two: %s", name)
	}
}

// Whatever stands in Accept, a weight is one; a range for another type changes none; an element is never torn where no comma ends it.
func FuzzAccept(f *testing.F) {
	for _, seed := range []string{"", ",", "*/*", `application/json;q=0.5;x="a,b", text/*;q=0`, `a/b;c="\"`, "application/json;q=1e-400", strings.Repeat("a/b,", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		for _, wildcards := range []bool{false, true} {
			w := Weight([]string{accept}, "application/json", wildcards)
			if !(w >= 0 && w <= 1) {
				t.Fatalf("%q: %v", accept, w)
			}
			if other := Weight([]string{"image/png", accept, "text/html;q=0"}, "application/json", wildcards); other != w {
				t.Fatalf("%q: %v, and %v beside other types", accept, w, other)
			}
			if Weight([]string{accept, "application/json"}, "application/json", wildcards) != 1 {
				t.Fatalf("%q takes from what another field says", accept)
			}
			if w > 0 && !Asks([]string{accept}) {
				t.Fatalf("%q asks for nothing and has a weight", accept)
			}
		}
		n := 0
		for item := range ranges([]string{accept}) {
			if n++; item == "" || item != strings.TrimSpace(item) {
				t.Fatalf("%q has the element %q", accept, item)
			}
		}
		if n > strings.Count(accept, ",")+1 || !strings.Contains(accept, `"`) && n > 0 && n != len(strings.FieldsFunc(accept, func(r rune) bool { return r == ',' }))-blank(accept) {
			t.Fatalf("%q has %d elements", accept, n)
		}
	})
}

// blank counts elements of nothing but space.
func blank(list string) (n int) {
	for item := range strings.SplitSeq(list, ",") {
		if item != "" && strings.TrimSpace(item) == "" {
			n++
		}
	}
	return n
}
