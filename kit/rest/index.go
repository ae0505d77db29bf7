package rest

import (
	"net/http"
	"slices"

	"github.com/fettlehq/fettle/kit/input"
)

// addIndex adds what is found at the prefix itself: where everything else is.
func (d *door) addIndex(rs *routes) {
	rs.add(http.MethodGet, "/", func([]string) action { return action{name: "index", do: (*call).index} })
	at := rs.child(Prefix[1:])
	at.route = at.child("").route // without the slash too, as the contract has it
}

// index lists the paths of this door that need no name of a row, and where they are described.
func (c *call) index() error {
	if _, err := c.onlyParameters(); err != nil {
		return err
	}
	var paths []string
	collect(&c.door.routes, &paths)
	slices.Sort(paths)
	body := []byte(`{"description":"/openapi.json","documentation":"/docs","paths":[`)
	for i, path := range paths {
		if i > 0 {
			body = append(body, ',')
		}
		body = input.AppendString(body, path)
	}
	return c.answer(http.StatusOK, append(body, `]}`...))
}

// collect adds the paths below rs that have no wildcards.
func collect(rs *routes, paths *[]string) {
	if rs.route != nil && rs.route.pattern != Prefix+"/" {
		*paths = append(*paths, rs.route.pattern)
	}
	for _, next := range rs.literals {
		collect(next, paths)
	}
}
