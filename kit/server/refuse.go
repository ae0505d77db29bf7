package server

import (
	"net/http"
	"strings"
)

// Whatever stands in front of a door refuses in the words of that door: a client of gRPC takes an answer that is none of gRPC for
// UNAVAILABLE, and tries again at once what it was told to leave for a minute.

// Refuse answers a request with a problem. Nothing may have been written before.
type Refuse = func(w http.ResponseWriter, r *http.Request, err error)

// words are those in which doors refuse.
type words struct {
	graphql  Refuse          // nil without that door, as the next
	rpc      Refuse          // of gRPC, gRPC-Web and Connect
	services map[string]bool // of the gRPC door, by the first segments of their paths
}

// refuse answers a request with a problem, in the words of the door that was asked.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case s.words.rpc != nil && s.words.isCall(r):
		s.words.rpc(w, r, err)
	case s.words.graphql != nil && r.URL.Path == graphqlPath:
		s.words.graphql(w, r, err)
	default:
		s.report.Write(w, r, named(r), err)
	}
}

// isCall tells whether r is a call of gRPC, gRPC-Web or Connect: at our door, at another that a team has mounted, or at none. These have
// compression of their own.
func (o *words) isCall(r *http.Request) bool {
	service, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	kind := r.Header.Get("Content-Type")
	return o.services[service] || r.Header.Get("Connect-Protocol-Version") != "" || strings.HasPrefix(kind, "application/grpc") || strings.HasPrefix(kind, "application/connect")
}
