package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// ReadAfter is the header in which a caller says what he has written, and is told so: reads that carry it see that,
// whichever process and database answers. Its value is to be sent back as it is; "0" is of a caller who has written
// nothing yet. Who is signed in and does not send it is answered by the primary.
const ReadAfter = "Read-After"

// session is what a caller says that he has written; nil where there are no replicas. What cannot be read is not said.
func (s *Server) session(r *http.Request) *sqldb.Session {
	if s.replicas == nil {
		return nil
	}
	written, err := strconv.ParseInt(r.Header.Get(ReadAfter), 16, 64)
	if err != nil || written < 0 {
		return &sqldb.Session{}
	}
	return sqldb.NewSession(sqldb.Position(written))
}

// tellWritten tells a caller who wrote how far he did.
func tellWritten(h http.Header, session *sqldb.Session) {
	if session == nil {
		return
	}
	if position, wrote := session.Written(); wrote {
		h.Set(ReadAfter, strconv.FormatInt(int64(position), 16))
	}
}

// observeReplicas has the replicas measured and reported.
func (s *Server) observeReplicas(db sqldb.Database) {
	replicated, ok := db.(sqldb.Replicated)
	if !ok {
		return
	}
	s.replicas = replicated.Replicas
	if s.service.Metrics != nil {
		s.service.Metrics.Replicas(s.replicas)
	}
}

// replicaReport is a line for each replica. One that is down makes the process no less ready: the primary answers for it.
func (s *Server) replicaReport() string {
	if s.replicas == nil {
		return ""
	}
	var report strings.Builder
	for _, r := range s.replicas() {
		state := "down"
		if r.Up {
			state = "up"
		}
		fmt.Fprintf(&report, "\nreplica %s: %s, %v behind", r.Name, state, r.Lag.Round(time.Millisecond))
	}
	return report.String()
}
