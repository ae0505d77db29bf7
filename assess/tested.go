package assess

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// testIndex says what tests name and ask for.
type testIndex struct {
	named    map[string][]*facts.TestFile // by the last name of a function
	packages map[*facts.TestFile]*facts.Package
	requests []request
}

type request struct {
	method string
	parts  []string
}

func newTestIndex(packages []*facts.Package) *testIndex {
	t := &testIndex{named: map[string][]*facts.TestFile{}, packages: map[*facts.TestFile]*facts.Package{}}
	for _, p := range packages {
		for _, file := range p.Tests {
			t.packages[file] = p
			for _, name := range file.Names {
				t.named[name] = append(t.named[name], file)
			}
			for _, text := range file.Requests {
				method, path, found := strings.Cut(text, " ")
				if !found {
					method, path = "", text
				}
				t.requests = append(t.requests, request{method, parts(path)})
			}
		}
	}
	return t
}

func parts(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}

// covers reports whether some test reaches a route, by what its text says: it asks for the path, or it stands beside the
// handler and names it.
func (t *testIndex) covers(r *facts.Route) bool {
	return t.names(r) || slices.ContainsFunc(t.requests, func(q request) bool { return q.asks(r) })
}

// names reports whether a test in the handler's package, or one that imports it, names the handler or the function that
// makes it. One that registers the route says nothing of its handler.
func (t *testIndex) names(r *facts.Route) bool {
	for f := r.Handler; f != nil; f = f.Outer {
		if f.Pos.File == r.Pos.File && f.Pos.Line <= r.Pos.Line && r.Pos.Line <= f.End.Line {
			return false
		}
		for _, file := range t.named[f.Own] {
			if t.packages[file].Path == f.Package || slices.Contains(file.Libraries, f.Package) {
				return true
			}
		}
	}
	return false
}

// asks reports whether a request is one for a route. Its path may lack what stands before the route's own, as tests build
// routers of their own, but not all that is constant.
func (q request) asks(r *facts.Route) bool {
	if q.method != "" && r.Method != "" && q.method != r.Method {
		return false
	}
	route := parts(r.Path)
	if len(q.parts) == 0 || len(route) == 0 {
		return len(q.parts) == 0 && len(route) == 0 && r.Path == "/"
	}
	if len(q.parts) > len(route) {
		return false
	}
	tail := route[len(route)-len(q.parts):]
	same := false
	for i, part := range tail {
		switch {
		case strings.HasPrefix(part, "{"):
		case part == q.parts[i]:
			same = true
		default:
			return false
		}
	}
	return same
}
