package postgres

import (
	"time"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// Boarded is how many wait in the trip that takes riders in.
func Boarded(db sqldb.Database) int {
	s := &db.(*database).sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boarding == nil {
		return 0
	}
	return len(s.boarding.riders)
}

// InUse is what a database that nobody asks has none of: connections in use, slots taken, trips.
func InUse(db sqldb.Database) int {
	d := db.(*database)
	d.sharing.mu.Lock()
	defer d.sharing.mu.Unlock()
	trips := d.sharing.underway + len(d.sharing.waiting)
	if d.sharing.boarding != nil {
		trips++
	}
	return int(d.pool.Stat().AcquiredConns()) + len(d.queue.slots) + trips
}

// Shares tells whether a statement would share a trip now.
func Shares(db sqldb.Database, sql string) bool {
	s := &db.(*database).sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	_, shares := s.work(sql, time.Now())
	return shares
}
