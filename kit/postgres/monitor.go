package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The monitor asks the primary and each replica, over connections of its own, how far they have come. How old a replica's
// answers are follows from when the primary stood where the replica stands now: no clock but ours is read, and a primary
// that writes nothing makes nobody late. A primary that does not answer writes nothing as far as we know: its replicas
// do not age meanwhile.

const (
	watchEvery = 250 * time.Millisecond
	watchLimit = time.Second // for an answer
	longestLag = time.Minute
)

// sample is where the primary stood at an instant.
type sample struct {
	at       time.Time
	position int64
}

// samples are those of the last longestLag, the oldest first.
type samples struct {
	mu  sync.Mutex
	all []sample
}

func (s *samples) add(at time.Time, position int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.all); n > 0 && s.all[n-1].position > position {
		s.all = nil // another primary took its place, and had not come as far
	}
	for len(s.all) > 1 && at.Sub(s.all[1].at) > longestLag {
		s.all = s.all[1:]
	}
	s.all = append(s.all, sample{at, position})
}

// lag is how old what a replica at a position answers may be.
func (s *samples) lag(position int64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.all)
	for i := n - 1; i >= 0; i-- {
		if s.all[i].position <= position {
			if i == n-1 {
				return 0
			}
			return s.all[n-1].at.Sub(s.all[i].at)
		}
	}
	return 2 * longestLag
}

// watch looks once at all, and then again and again until the database is closed.
func (db *replicated) watch(ctx context.Context) error {
	known := &samples{}
	primary := &probe{config: db.pool.Config().ConnConfig, sql: inserted}
	system, position, err := primary.ask(ctx)
	if err != nil {
		return err
	}
	known.add(time.Now(), position)
	probes := make([]*probe, len(db.replicas))
	for i, r := range db.replicas {
		probes[i] = &probe{config: r.pool.Config().ConnConfig, sql: replayed}
		if other, _, _ := probes[i].ask(ctx); other != "" && other != system {
			primary.close()
			return fmt.Errorf("replica %s: it is no copy of this database, but of another", r.name)
		}
		r.look(ctx, probes[i], system, known)
		if !r.up.Load() {
			slog.WarnContext(ctx, "replica is not asked yet", "replica", r.name, "lag", time.Duration(r.lag.Load()))
		}
	}
	ctx, db.stop = context.WithCancel(context.WithoutCancel(ctx))
	db.monitors.Go(func() {
		every(ctx, func() {
			if _, position, err := primary.ask(ctx); err == nil {
				known.add(time.Now(), position)
			}
		})
		primary.close()
	})
	for i, r := range db.replicas {
		db.monitors.Go(func() {
			every(ctx, func() { r.look(ctx, probes[i], system, known) })
			probes[i].close()
		})
	}
	return nil
}

func every(ctx context.Context, do func()) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			do()
		}
	}
}

// look asks the replica how far it has come, and decides whether it is asked for more.
func (r *replica) look(ctx context.Context, p *probe, system string, known *samples) {
	of, position, err := p.ask(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		r.giveUp(ctx, err)
		return
	case of != system:
		r.giveUp(ctx, errors.New("it is a copy of another database now"))
		return
	}
	lag := known.lag(position)
	r.position.Store(position)
	r.lag.Store(int64(lag))
	switch {
	case lag > r.maxLag:
		r.giveUp(ctx, fmt.Errorf("it is %v behind", lag))
	case !r.up.Swap(true):
		slog.InfoContext(ctx, "replica is asked", "replica", r.name, "lag", lag)
	}
}

// probe is a connection of the monitor.
type probe struct {
	config *pgx.ConnConfig
	sql    string // asks for the position
	conn   *pgx.Conn
}

// ask returns which database of which cluster the server has, empty where it does not answer, and its position.
func (p *probe) ask(ctx context.Context) (system string, position int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, watchLimit)
	defer cancel()
	if p.conn == nil || p.conn.IsClosed() {
		if p.conn, err = pgx.ConnectConfig(ctx, p.config); err != nil {
			return "", 0, err
		}
	}
	var answer *int64
	err = p.conn.QueryRow(ctx, "SELECT (SELECT s.system_identifier || ' ' || d.oid FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()), ("+p.sql+")").Scan(&system, &answer)
	switch {
	case err != nil:
		p.close()
		return "", 0, err
	case answer == nil:
		return system, 0, errors.New("it follows no primary")
	}
	return system, *answer, nil
}

func (p *probe) close() {
	if p.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), watchLimit)
		defer cancel()
		p.conn.Close(ctx)
	}
}

// spoke tells whether a failure is what a server that goes on answering says of one statement.
func spoke(err error) bool {
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return false
	}
	switch said.Code[:2] {
	case "57", "53", "58", "XX": // it is being stopped, has no room, or is broken
		return false
	}
	return true
}
