package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Replicas are streaming standbys of the primary. A read that may go to one (sqldb.WithReplicas) goes to that with the
// fewest reads on it which is up, not too old, and has replayed all that the caller wrote; else, and where the replica
// fails on the way, to the primary. Which are up and how old is a monitor's business (monitor.go), never a caller's.
//
// What a replica has replayed is kept with each connection, not each URL: behind one name there may be several servers.

// inserted is how far the primary's log has come, and replayed how far a replica has followed; null of what is none.
// The former counts what was committed without waiting for the disk.
const (
	inserted = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
	replayed = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint END"
)

type replicated struct {
	*database // the primary
	replicas  []*replica
	turn      atomic.Uint64
	stop      context.CancelFunc
	monitors  sync.WaitGroup
}

type replica struct {
	*database
	name   string
	maxLag time.Duration

	up                       atomic.Bool
	lag                      atomic.Int64 // nanoseconds
	position                 atomic.Int64 // that it had replayed when the monitor last asked
	answered, behind, failed atomic.Int64

	mu    sync.Mutex
	inUse map[net.Conn]bool // by reads; closed when it is given up, so that none waits for a server that is gone
}

const (
	lagParameter  = "max_lag"
	defaultMaxLag = 5 * time.Second
	dialTimeout   = 2 * time.Second
)

// replicate adds replicas to a primary. One that does not answer is taken when it does; one that is a copy of something
// else is an error.
func replicate(ctx context.Context, primary *database, urls []string) (*replicated, error) {
	db := &replicated{database: primary}
	var problems []error
	for _, url := range urls {
		r, err := newReplica(ctx, url)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if slices.ContainsFunc(db.replicas, func(other *replica) bool { return other.name == r.name }) {
			problems = append(problems, fmt.Errorf("replica %s: it is named twice", r.name))
		}
		db.replicas = append(db.replicas, r)
	}
	err := errors.Join(problems...)
	if err == nil {
		err = db.watch(ctx)
	}
	if err != nil {
		for _, r := range db.replicas {
			r.pool.Close()
		}
		return nil, err
	}
	return db, nil
}

func newReplica(ctx context.Context, url string) (*replica, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("replica: %w", err)
	}
	r := &replica{
		name:   net.JoinHostPort(config.ConnConfig.Host, strconv.Itoa(int(config.ConnConfig.Port))),
		maxLag: defaultMaxLag, inUse: map[net.Conn]bool{},
	}
	if text, given := config.ConnConfig.RuntimeParams[lagParameter]; given {
		if r.maxLag, err = time.ParseDuration(text); err != nil || r.maxLag < 2*watchEvery || r.maxLag > longestLag {
			return nil, fmt.Errorf("replica %s: %s=%s: not a time from %v to %v", r.name, lagParameter, text, 2*watchEvery, longestLag)
		}
		delete(config.ConnConfig.RuntimeParams, lagParameter)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = dialTimeout
	}
	if r.database, err = prepare(ctx, url, config); err != nil {
		return nil, fmt.Errorf("replica %s: %w", r.name, err)
	}
	return r, nil
}

func (db *replicated) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	if session := sqldb.SessionOf(ctx); session != nil && sqldb.Replicas(ctx) {
		after, _ := session.Written()
		if r := db.choose(after); r != nil {
			if answered, err := r.answer(ctx, after, do); answered {
				return err
			}
		}
	}
	return db.database.Read(ctx, do)
}

// choose is the replica to ask: of those that are up and known to have come as far as after, or else of all that are up,
// the one with the fewest connections in use. Nil is none.
func (db *replicated) choose(after sqldb.Position) *replica {
	var best *replica
	bestHas := false
	first := int(db.turn.Add(1) % uint64(len(db.replicas)))
	for i := range db.replicas {
		r := db.replicas[(first+i)%len(db.replicas)]
		if !r.up.Load() {
			continue
		}
		has := r.position.Load() >= int64(after)
		if best == nil || has && !bestHas || has == bestHas && len(r.queue.slots) < len(best.queue.slots) {
			best, bestHas = r, has
		}
	}
	return best
}

// answer calls do with a connection to the replica. It is not answered, and is to be asked of the primary, where the
// replica has not come as far as after, or failed. A replica that is too busy answers so: what it cannot take would only
// drown the primary.
func (r *replica) answer(ctx context.Context, after sqldb.Position, do func(sqldb.Conn) error) (answered bool, err error) {
	if err := r.queue.enter(ctx); err != nil {
		return true, err
	}
	defer r.queue.leave()
	c, err := r.connection(ctx)
	if err != nil {
		return ctx.Err() != nil, r.fail(ctx, err)
	}
	defer c.Release()
	wire := c.Conn().PgConn().Conn()
	if !r.begin(wire) {
		return false, nil
	}
	defer r.end(wire)
	has, err := reached(ctx, c, after)
	switch {
	case err != nil:
		return ctx.Err() != nil, r.fail(ctx, err)
	case !has:
		r.behind.Add(1)
		return false, nil
	}
	w := &watched{}
	var own error
	err = r.read(ctx, c, func(c sqldb.Conn) error {
		w.Conn = c
		own = do(w)
		return own
	})
	if err != nil && own == nil {
		w.note(err) // its end
	}
	if w.failed != nil && ctx.Err() == nil {
		return false, r.fail(ctx, w.failed)
	}
	r.answered.Add(1)
	return true, err
}

// connection is one that works. A server that is silent is not waited for as long as the caller would.
func (r *replica) connection(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return r.pool.Acquire(ctx)
}

// replayedKey is where a connection keeps how far its server had come.
const replayedKey = "fettle.replayed"

// reached tells whether the server of c has replayed its primary's log up to a position. It asks only where that is not
// known. The answer holds for snapshots that are taken after it.
func reached(ctx context.Context, c *pgxpool.Conn, after sqldb.Position) (bool, error) {
	data := c.Conn().PgConn().CustomData()
	if known, ok := data[replayedKey].(int64); ok && known >= int64(after) {
		return true, nil
	}
	var position *int64
	if err := c.QueryRow(ctx, replayed).Scan(&position); err != nil {
		return false, err
	}
	if position == nil {
		return false, nil // it became a primary
	}
	data[replayedKey] = *position
	return *position >= int64(after), nil
}

// fail counts a read that failed on the replica, and gives it up where nobody answers there any more. The error is the
// caller's where his time is up.
func (r *replica) fail(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	r.failed.Add(1)
	if !spoke(err) {
		r.giveUp(ctx, err)
	}
	return err
}

// giveUp stops asking the replica until the monitor finds it well, and ends the reads on it.
func (r *replica) giveUp(ctx context.Context, reason error) {
	r.mu.Lock()
	wasUp := r.up.Swap(false)
	for wire := range r.inUse {
		wire.Close()
	}
	r.mu.Unlock()
	if wasUp {
		slog.WarnContext(ctx, "replica is not asked any more", "replica", r.name, "error", reason)
	}
}

// begin says that a read uses a connection, unless the replica was given up.
func (r *replica) begin(wire net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.up.Load() {
		return false
	}
	r.inUse[wire] = true
	return true
}

func (r *replica) end(wire net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.inUse, wire)
}

// watched is a connection that remembers what failed on it.
type watched struct {
	sqldb.Conn
	failed error
}

func (w *watched) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	rows, err := w.Conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, w.note(err)
	}
	return &watchedRows{rows, w}, nil
}

type watchedRows struct {
	sqldb.Rows
	conn *watched
}

func (r *watchedRows) Err() error { return r.conn.note(r.Rows.Err()) }

// note keeps what the primary may do better: all but what took too long, which it would too.
func (w *watched) note(err error) error {
	if err != nil && !kit.HasCode(err, kit.CodeTimeout) {
		w.failed = err
	}
	return err
}

// Replicas tells how each fares.
func (db *replicated) Replicas() []sqldb.Replica {
	all := make([]sqldb.Replica, len(db.replicas))
	for i, r := range db.replicas {
		all[i] = sqldb.Replica{
			Name: r.name, Up: r.up.Load(), Lag: time.Duration(r.lag.Load()),
			Answered: r.answered.Load(), Behind: r.behind.Load(), Failed: r.failed.Load(),
		}
	}
	return all
}

// Close waits for the reads and transactions that are under way.
func (db *replicated) Close() error {
	db.stop()
	db.monitors.Wait()
	for _, r := range db.replicas {
		r.pool.Close()
	}
	return db.database.Close()
}
