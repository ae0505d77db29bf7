package typescript

import (
	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// handler is what is known of a function that answers requests.
type handler struct {
	params map[int]facts.Origin // what its parameters hold that is neither unknown nor given by the code
}

// given is what a parameter holds, where a request or its context fills it.
func (h *handler) given(param int) (facts.Origin, bool) {
	o, is := h.params[param]
	return o, is
}

// findHandlers finds the routes, and says of their handlers what their parameters hold.
func (l *lifter) findHandlers() {}

// requestMember is what a member of a request holds, as req.params.id and ctx.user do; false where it is none.
func (l *lifter) requestMember(f *function, e *syntax.Select) (facts.Origin, bool) {
	return facts.Origin{}, false
}
