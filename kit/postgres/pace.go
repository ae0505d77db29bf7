package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Which statements may share a trip is learnt from how long they took.
const (
	longestRide = longestTrip / 4        // of the server's time that a statement may take which shares: what takes longer gains little and holds up the others
	farTooLong  = 100 * time.Millisecond // a statement that took this long shares no trip
	aloneFor    = time.Second            // for so long
	mostPaces   = 2000                   // statements whose pace is remembered
	paceWindow  = time.Minute            // after which it is measured anew
)

// pace is how long a statement takes at its best, the way included: what else it takes the machine's load says, not the statement.
type pace struct {
	least  time.Duration // since
	before time.Duration // in the window before
	since  time.Time
	alone  time.Time // until when it shares no trip
}

// work is what a statement takes of the server's time, and whether it is known to take so little that it may share a trip.
func (s *sharing) work(sql string, now time.Time) (took time.Duration, shares bool) {
	p := s.paces[sql]
	if p == nil || now.Before(p.alone) {
		return 0, false
	}
	took = max(min(p.least, p.before)-s.way, 0)
	return took, took <= longestRide
}

// note remembers how long a statement took. The rows of those that are not the first of their trip may have been there before their turn.
func (s *sharing) note(sql string, began, ended time.Time, first bool) {
	took := ended.Sub(began)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.paces == nil {
		return
	}
	p := s.paces[sql]
	switch {
	case p == nil && !first:
		return
	case p == nil:
		if len(s.paces) >= mostPaces {
			s.paces = map[string]*pace{} // those that are asked often are known again at once
		}
		p = &pace{least: took, before: took, since: ended}
		s.paces[sql] = p
	}
	if first && ended.Sub(p.since) > paceWindow {
		p.before, p.least, p.since = p.least, took, ended
	}
	if first {
		p.least = min(p.least, took)
	}
	if took >= farTooLong {
		p.alone = ended.Add(aloneFor)
	}
}

// part keeps the statements of a trip apart that took too long, as where one waits for a lock: the server answers none before all are done.
func (s *sharing) part(t *trip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range t.riders {
		if p := s.paces[r.sql]; p != nil {
			p.alone = time.Now().Add(aloneFor)
		}
	}
}

// measure learns how long the way to the server is, from a new connection.
func (s *sharing) measure(ctx context.Context, c *pgx.Conn) error {
	began := time.Now()
	if err := c.Ping(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.way == 0 || took < s.way {
		s.way = took
	}
	return nil
}
