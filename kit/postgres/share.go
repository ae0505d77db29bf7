package postgres

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// Reads of one statement share trips to the server. Where some are under way already the next waits for one of them to come back, a
// moment at most, and those that ask meanwhile are sent along with it: one write, one transaction, and the server and the service
// are woken once for all of them. Each statement has its own snapshot, which is taken after it was asked, and its rows are read by
// whoever asked, in the order of asking.
//
// Only statements share that are known to take little, so that none waits long for another. What follows an error in the same
// transaction the server passes over (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING): whoever
// asked that is not answered, and asks again by himself.

const (
	lanes       = 4                // trips under way from which on a read waits for one to come back
	longestStop = time.Millisecond // and no longer than this
	longestTrip = time.Millisecond // of the server's work on one trip, by what its statements took at their best
	mostRiders  = 16               // of one trip
	mostBeside  = time.Second      // that one waits for those beside him before each asks by himself
)

// sharing are the trips of a database.
type sharing struct {
	db *database

	mu       sync.Mutex
	underway int              // trips that left and are not back
	boarding *trip            // takes riders in; nil for none
	waiting  []*trip          // for one to come back, in their order
	paces    map[string]*pace // by the statement; nil where nothing is shared
	way      time.Duration    // to the server and back for nothing, at best; 0 where it is not known
}

// trip is one way to the server and back, on one connection. Its first rider leads it.
type trip struct {
	sharing *sharing
	riders  []*rider
	first   [1]*rider     // where riders begins
	work    time.Duration // of the riders' statements
	free    chan struct{} // closed when one came back; nil where it need not wait
	shares  bool          // its statements are known to take little
	left    bool

	conn    *pgxpool.Conn
	results pgx.BatchResults // nil where there is but one rider
	cancel  context.CancelFunc
	failed  bool // one of the statements, so that those behind it are not answered
	at      int  // the rider whose rows are read
}

// rider is one statement, and whoever asked it.
type rider struct {
	sql   string
	args  []any
	work  time.Duration
	asked time.Time
	until time.Time // the deadline of who asked; zero for none
	turn  chan turn // is told once; nil for who leads from the beginning
	told  bool
	gone  bool // nobody waits for its rows
}

// turn is what a rider is told: its rows, its error, or to lead the trip. The zero turn is to ask by itself.
type turn struct {
	rows *rows
	lead bool
	err  error
}

// single is the sqldb.Conn of a read of one statement.
type single struct {
	db   *database
	rows *rows // of the last query
}

func (s *single) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	if s.rows != nil && s.rows.trip != nil {
		return nil, errors.New("query: the rows of the one before are still being read")
	}
	answer, err := s.db.sharing.query(ctx, sql, args)
	if err != nil {
		return nil, translate(err)
	}
	s.rows = answer
	return answer, nil
}

// close ends what whoever asked left open.
func (s *single) close() {
	if s.rows != nil {
		s.rows.Close()
	}
}

func (s *single) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return conn{}.Exec(ctx, sql, args...)
}

func (s *single) Savepoint(ctx context.Context, do func() error) error {
	return conn{}.Savepoint(ctx, do)
}

// Together implements sqldb.Pipeline.
func (s *single) Together(ctx context.Context, do []func(sqldb.Conn)) error {
	return s.db.acquire(ctx, func(c *pgxpool.Conn) error { return conn{c}.Together(ctx, do) })
}

func (s *sharing) query(ctx context.Context, sql string, args []any) (*rows, error) {
	me := &rider{sql: sql, args: args, asked: time.Now()}
	me.until, _ = ctx.Deadline()
	t, leads := s.board(me)
	if leads {
		return s.lead(ctx, t)
	}
	select {
	case told := <-me.turn:
		return s.obey(ctx, t, me, told)
	case <-ctx.Done():
		s.alight(t, me)
		return nil, ctx.Err()
	}
}

// board finds a trip for a rider, or makes one that he leads.
func (s *sharing) board(me *rider) (t *trip, leads bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var shares bool
	if me.work, shares = s.work(me.sql, me.asked); !shares {
		return s.trip(me), true
	}
	if t = s.boarding; t != nil && len(t.riders) < mostRiders && t.work+me.work <= longestTrip {
		me.turn = make(chan turn, 1)
		t.riders = append(t.riders, me)
		t.work += me.work
		return t, false
	}
	t = s.trip(me)
	t.shares = true
	s.boarding = t
	if s.underway >= lanes {
		t.free = make(chan struct{})
		s.waiting = append(s.waiting, t)
	}
	return t, true
}

func (s *sharing) trip(me *rider) *trip {
	t := &trip{sharing: s, first: [1]*rider{me}, work: me.work}
	t.riders = t.first[:]
	return t
}

// alight takes a rider who waits no longer from his trip.
func (s *sharing) alight(t *trip, me *rider) {
	s.mu.Lock()
	told := me.told
	me.gone = true
	if !told && !t.left {
		t.remove(me)
	}
	s.mu.Unlock()
	if !told {
		return
	}
	switch told := <-me.turn; {
	case told.rows != nil:
		told.rows.Close()
	case told.lead:
		s.forgo(t, nil)
	}
}

func (t *trip) remove(me *rider) {
	t.riders = slices.DeleteFunc(t.riders, func(r *rider) bool { return r == me })
	t.work -= me.work
}

func (s *sharing) obey(ctx context.Context, t *trip, me *rider, told turn) (*rows, error) {
	switch {
	case told.rows != nil:
		return told.rows, nil
	case told.err != nil:
		return nil, told.err
	case told.lead:
		return s.lead(ctx, t)
	}
	return s.lead(ctx, s.trip(me))
}

// lead takes a trip to the server, and returns the rows of its first rider.
func (s *sharing) lead(ctx context.Context, t *trip) (*rows, error) {
	c, err := s.connection(ctx, t)
	if err != nil {
		if ctx.Err() != nil {
			s.forgo(t, nil)
		} else {
			s.forgo(t, err)
		}
		return nil, err
	}
	s.mu.Lock()
	s.departs(t)
	t.left = true
	if t.shares {
		s.underway++
	}
	s.mu.Unlock()
	t.conn = c
	if len(t.riders) == 1 {
		return t.alone(ctx)
	}
	answer, own, err := t.together(ctx)
	if err == nil || own {
		return answer, err
	}
	return s.lead(ctx, s.trip(t.riders[0]))
}

// together asks what all riders of a trip ask, and returns the rows of the first. Own tells whether an error is his: he is to ask again by
// himself where it is not. The trip goes on without him.
func (t *trip) together(ctx context.Context) (first *rows, own bool, err error) {
	ctx, t.cancel = t.limit(ctx)
	batch := &pgx.Batch{}
	for _, r := range t.riders {
		batch.Queue(r.sql, r.args...)
	}
	began := time.Now()
	patience := time.AfterFunc(mostBeside, t.cancel)
	defer patience.Stop()
	if !t.send(ctx, batch) {
		t.failed = true
		t.next()
		return nil, false, errPanicked
	}
	answer, err := t.results.Query()
	switch {
	case !patience.Stop():
		answer.Close()
		t.failed = true
		t.sharing.part(t)
		err = context.DeadlineExceeded
	case err == nil:
		return t.rows(answer, began), false, nil
	default:
		own = t.fails(err)
	}
	t.next()
	return nil, own, err
}

// alone asks what the only rider of a trip asks.
func (t *trip) alone(ctx context.Context) (answered *rows, err error) {
	defer func() {
		if answered == nil { // an error, or an argument that panics
			t.end()
		}
	}()
	me, began := t.riders[0], time.Now()
	answer, err := t.conn.Query(ctx, me.sql, me.args...)
	if err != nil {
		return nil, err
	}
	return t.rows(answer, began), nil
}

var errPanicked = errors.New("query: an argument panicked while it was encoded")

// send reports false where an argument panics: whose it is panics when he asks by himself.
func (t *trip) send(ctx context.Context, batch *pgx.Batch) (sent bool) {
	defer func() {
		if !sent {
			_ = recover()
		}
	}()
	t.results = t.conn.SendBatch(ctx, batch)
	return true
}

// connection waits until t may leave.
func (s *sharing) connection(ctx context.Context, t *trip) (*pgxpool.Conn, error) {
	if t.free != nil {
		timer := time.NewTimer(longestStop)
		defer timer.Stop()
		select {
		case <-t.free:
		case <-timer.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return s.db.lend(ctx)
}

// forgo gives up leading a trip that has not left. Unless an error keeps all from leaving, the next rider leads it.
func (s *sharing) forgo(t *trip, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.remove(t.riders[0])
	switch {
	case len(t.riders) == 0 || err != nil:
		s.departs(t)
		for _, r := range t.riders {
			r.told = true
			r.turn <- turn{err: err}
		}
	default:
		t.riders[0].told = true
		t.riders[0].turn <- turn{lead: true}
	}
}

// departs says that t takes in nobody any more and waits for nothing.
func (s *sharing) departs(t *trip) {
	if s.boarding == t {
		s.boarding = nil
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(other *trip) bool { return other == t })
}

// limit is a context for all riders of a trip: until the last of their deadlines. Who leaves earlier leaves alone.
func (t *trip) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = context.WithoutCancel(ctx)
	var latest time.Time
	for _, r := range t.riders {
		if r.until.IsZero() {
			return context.WithCancel(ctx)
		}
		if r.until.After(latest) {
			latest = r.until
		}
	}
	return context.WithDeadline(ctx, latest)
}

// rows are the rows of the rider whose turn it is.
func (t *trip) rows(answer pgx.Rows, began time.Time) *rows {
	return &rows{Rows: answer, trip: t, waited: began.Sub(t.riders[t.at].asked), began: began}
}

// read says that the rows of the rider whose turn it is are read, as far as err.
func (t *trip) read(began time.Time, err error) {
	t.failed = t.failed || err != nil
	t.sharing.note(t.riders[t.at].sql, began, time.Now(), t.at == 0)
	t.next()
}

// fails tells whether an error in place of rows is that of the rider whose turn it is, and not of all.
func (t *trip) fails(err error) bool {
	var all pgx.ErrPreprocessingBatch
	t.failed = true
	return !errors.As(err, &all)
}

// next gives the next rider his turn. After the last one the trip ends.
func (t *trip) next() {
	for t.at++; t.at < len(t.riders); t.at++ {
		if t.failed {
			t.sharing.tell(t.riders[t.at], turn{})
			continue
		}
		began := time.Now()
		answer, err := t.results.Query()
		told := turn{}
		switch {
		case err == nil:
			told.rows = t.rows(answer, began)
		case t.fails(err):
			told.err = err
		}
		if !t.sharing.tell(t.riders[t.at], told) {
			answer.Close()
			t.failed = t.failed || answer.Err() != nil
		} else if err == nil {
			return
		}
	}
	t.end()
}

// tell tells a rider, unless he is gone.
func (s *sharing) tell(r *rider, told turn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.gone {
		return false
	}
	r.told = true
	r.turn <- told
	return true
}

// end gives back the connection. Whoever waited longest for a trip to come back may leave.
func (t *trip) end() {
	if t.results != nil {
		_ = t.results.Close() // each rider was told what went wrong with his; the pool throws away a connection on which this fails
	}
	if t.cancel != nil {
		t.cancel()
	}
	s := t.sharing
	s.db.takeBack(t.conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.shares {
		return
	}
	s.underway--
	if len(s.waiting) > 0 {
		close(s.waiting[0].free)
		s.waiting = slices.Delete(s.waiting, 0, 1)
	}
}
