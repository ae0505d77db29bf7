package facts

import "slices"

// Route is a way in: a method and path, or a remote procedure.
type Route struct {
	Pos      Pos
	Method   string    // "GET"; "" for any
	Path     string    // with {name} for parameters
	Router   string    // what the code calls the router that it is registered with: "publicAPI"
	Kind     string    // "http", "grpc", "graphql", "field" (of an object of GraphQL), "trpc"
	Handler  *Function // nil where only a contract tells of the route
	Checks   bool      // the handler itself looks at who is calling, or what stands on its field says which callers may
	Deep     bool      // of one that checks: many calls below, where other code may look for reasons of its own
	Contract bool      // told by a contract and not by code
	Open     bool      // its contract, which says of other routes that callers prove who they are, does not say so of this one
	Lasting  bool      // the context that its handler is given does not end with the request
	Single   bool      // of a field of GraphQL: a document's answer holds one such object, as no list of the schema leads to it
	Parent   int       // of a field of GraphQL: the parameter of its handler that holds the object
	Rows     string    // the table whose rows the repository holds that answers, where a library calls its methods; "" for any other
	Unplaced bool      // a function that nobody is seen to call registers it: what is around its router is not known
	Guards   []Guard   // the effective middleware, outermost first
	Marks    []Mark    // what stands on it, or on its class, and says which callers may, for a guard to read
}

// Mark says which callers may do what a route does, and does nothing by itself.
type Mark struct {
	Pos     Pos
	Name    string
	Readers []string // the guards that read it; none where that is not known
	Unread  bool     // none of them stands around the route
}

// Guard is a middleware around a route.
type Guard struct {
	Pos  Pos
	Name string
	Auth bool   // looks at who is calling
	Of   string // the constant text that it is made with, as in Required("settings"); else ""
	Runs []*Function
}

// Unheard are the routers that the code uses where no route of it is understood: what rules say of requests is said of none then.
func (f *Facts) Unheard() []string {
	if slices.ContainsFunc(f.Routes, func(r *Route) bool { return !r.Contract }) {
		return nil
	}
	var out []string
	for _, l := range f.Libraries {
		if l.Role == "router" {
			out = append(out, l.Path)
		}
	}
	return out
}

// Guarded reports whether some middleware of a route looks at who is calling.
func (r *Route) Guarded() bool {
	for _, g := range r.Guards {
		if g.Auth {
			return true
		}
	}
	return false
}

// String is the route as people write it.
func (r *Route) String() string {
	if r.Method == "" {
		return r.Path
	}
	return r.Method + " " + r.Path
}

// Writes reports whether a route's method changes something, by the convention of HTTP.
func (r *Route) Writes() bool {
	return r.Method == "POST" || r.Method == "PUT" || r.Method == "PATCH" || r.Method == "DELETE"
}
