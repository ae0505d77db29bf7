package query

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// New resolves b and checks that every rule, default and check of it has a form in db's SQL. Its error names the rule.
func New(b *meta.Backend, db sqldb.Database, o Options) (*Engine, error) {
	if err := meta.Resolve(b); err != nil {
		return nil, err
	}
	e := &Engine{backend: b, db: db, clock: o.Clock, log: o.Log, handlers: o.Handlers, budget: o.Budget, feed: o.Feed}
	if e.clock == nil {
		e.clock = systemClock{}
	}
	if e.log == nil {
		e.log = slog.Default()
	}
	if err := e.link(); err != nil {
		return nil, err
	}
	return e, e.checkRules()
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

// link finds what every request would otherwise look up: the account's entity and the compiled patterns.
func (e *Engine) link() (err error) {
	if e.backend.Account != nil {
		if e.account = e.backend.Entity(e.backend.Account.Entity); e.account == nil {
			return fmt.Errorf("account: no entity %q", e.backend.Account.Entity)
		}
	}
	if e.backend.Tenant != nil {
		e.tenant = e.backend.Entity(e.backend.Tenant.Entity)
	}
	e.watched = watched(e.backend)
	e.findReaches()
	e.findOrder()
	e.dialect = dialect{postgres: e.db.Dialect() == sqldb.Postgres}
	e.patterns, err = compilePatterns(e.backend)
	return err
}

// Backend is what the engine reads and writes.
func (e *Engine) Backend() *meta.Backend { return e.backend }

// DB is the database itself.
func (e *Engine) DB() sqldb.Database { return e.db }

// Read calls do with a snapshot in which viewer can read and nothing can be written, in the tenant that he names. Where he
// may not see that tenant, or there is none, it is the problem NOT_FOUND. Where ctx says so (Anywhere) it may call do a
// second time.
func (e *Engine) Read(ctx context.Context, viewer kit.Viewer, do func(ctx context.Context, tx *Tx) error) error {
	return e.db.Read(ctx, func(c sqldb.Conn) error { return e.run(ctx, c, viewer, do) })
}

// Anywhere returns ctx for a Read that replicas of the database may answer, if there are any. Those have all that the
// caller wrote as far as his session tells: who is signed in and does not tell is answered by the primary, since he may
// have written through another process. do must forget what it read when it is called again.
func (e *Engine) Anywhere(ctx context.Context, viewer kit.Viewer) context.Context {
	if session := sqldb.SessionOf(ctx); session == nil || viewer.SignedIn() && !session.Told() {
		return ctx
	}
	return sqldb.WithReplicas(ctx)
}

// Write calls do with a transaction on behalf of viewer, in the tenant that he names: committed when do returns nil, rolled
// back otherwise.
func (e *Engine) Write(ctx context.Context, viewer kit.Viewer, do func(ctx context.Context, tx *Tx) error) error {
	if e.feed != nil && len(e.watched) > 0 {
		return e.tell(ctx, viewer, do)
	}
	return e.db.Write(ctx, func(c sqldb.Conn) error { return e.run(ctx, c, viewer, do) })
}

func (e *Engine) run(ctx context.Context, c sqldb.Conn, viewer kit.Viewer, do func(ctx context.Context, tx *Tx) error) error {
	tx := e.tx(c, viewer)
	begin := tx.choose
	if ctx.Value(provingKey{}) != nil {
		begin = tx.expect
	}
	if err := begin(ctx); err != nil {
		return err
	}
	defer tx.state.over.Store(true)
	err := do(ctx, tx)
	switch {
	case tx.state.exceeded != nil:
		return tx.state.exceeded
	case tx.state.spoiled != nil && !isProblem(err):
		return tx.state.spoiled // do went on after a write that was refused, and perhaps done by half: nothing of it may stay
	}
	return err
}

// isProblem tells whether err says itself what the caller is told.
func isProblem(err error) bool {
	var own *kit.Problem
	return errors.As(err, &own)
}

// Retry is Write that, when the transaction collides with another (sqldb.Collision), calls do again with a fresh one, a
// few times and a moment later. What do does outside of its transaction it may do more than once, so this is for what
// only runs SQL, and for operations that say so.
func (e *Engine) Retry(ctx context.Context, viewer kit.Viewer, do func(ctx context.Context, tx *Tx) error) error {
	run := do
	for attempt := 1; ; attempt++ {
		err := e.Write(ctx, viewer, run)
		var collided *sqldb.Collision
		if attempt == maxAttempts || !errors.As(err, &collided) {
			return err
		}
		e.log.InfoContext(ctx, "a transaction is tried again", "attempt", attempt, "error", collided)
		pause := time.NewTimer(rand.N(firstPause << (attempt - 1))) // at random, so that two do not meet again
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
		run = func(ctx context.Context, tx *Tx) error {
			if err := tx.queueCollided(ctx); err != nil {
				return err
			}
			return do(ctx, tx)
		}
	}
}

// queueCollided waits for the other transactions that are run again, of all replicas: one after the other they do not meet again.
// SQLite has one writer at a time anyway.
func (t *Tx) queueCollided(ctx context.Context) error {
	if !t.engine.dialect.postgres {
		return nil
	}
	_, err := t.conn.(*counted).Conn.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('fettle collided', 0))")
	return err
}

const (
	maxAttempts = 4
	firstPause  = 20 * time.Millisecond
)

func (e *Engine) tx(c sqldb.Conn, viewer kit.Viewer) *Tx {
	begun := &struct { // one allocation for all that lives as long
		tx    Tx
		conn  counted
		state txState
	}{}
	begun.state.budget = e.budget
	begun.conn = counted{c, &begun.state, false}
	now := e.clock.Now().UTC().Truncate(time.Microsecond)
	begun.tx = Tx{engine: e, conn: &begun.conn, viewer: viewer, now: now, state: &begun.state}
	return &begun.tx
}

// Wrong tells what is wrong with changes that are to make a row of entity, as far as they tell it themselves: no row is looked at. Fields
// that they leave out are not among it.
func (e *Engine) Wrong(entity *meta.Entity, changes []Change) []kit.FieldError {
	w := e.tx(nil, kit.Viewer{}).write(entity, meta.Create)
	w.take(changes)
	return w.wrong.wrong
}

// Engine is what the transaction reads and writes through.
func (t *Tx) Engine() *Engine { return t.engine }

// Viewer is who asks.
func (t *Tx) Viewer() kit.Viewer { return t.viewer }

// Now is the instant at which the transaction began, the same for all that it does; UTC, whole microseconds.
func (t *Tx) Now() time.Time { return t.now }

// System is the same transaction without policies: validation, checks and uniqueness still hold, and it stays in its tenant.
func (t *Tx) System() *Tx {
	system := *t
	system.system = true
	return &system
}

// Conn runs SQL in the transaction. No policy applies to it. A statement that fails spoils the transaction, as it does for Postgres, unless a
// Savepoint takes it back.
func (t *Tx) Conn() sqldb.Conn {
	if c, is := t.conn.(*counted); is {
		return raw{c}
	}
	return t.conn
}

// Statements is how many statements the transaction has run.
func (t *Tx) Statements() int { return t.state.statements }

// counted counts the statements of a transaction, and runs none once it is over: its connection is somebody else's by then.
type counted struct {
	sqldb.Conn
	state *txState
	last  bool // it reads on the way of the commit
}

var errOver = errors.New("the transaction is over: its operation has ended")

func (c *counted) open() error {
	if c.state.over.Load() && !c.last {
		return errOver
	}
	return nil
}

// count counts one more statement, unless that is one too many.
func (c *counted) count(sql string) error {
	if err := c.open(); err != nil {
		return err
	}
	c.state.statements++
	if budget := c.state.budget; budget > 0 && c.state.statements > budget {
		err := fmt.Errorf("statement %d of a transaction that may run %d: %s", c.state.statements, budget, sql)
		if c.state.exceeded == nil {
			c.state.exceeded = err
		}
		return err
	}
	return nil
}

func (c *counted) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	if err := c.count(sql); err != nil {
		return nil, err
	}
	return c.Conn.Query(ctx, sql, args...)
}

func (c *counted) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := c.count(sql); err != nil {
		return 0, err
	}
	return c.Conn.Exec(ctx, sql, args...)
}

// Savepoint implements sqldb.Conn: what it undoes has not changed anything, and has not spoiled the transaction.
func (c *counted) Savepoint(ctx context.Context, do func() error) error {
	if err := c.open(); err != nil {
		return err
	}
	writes, spoiled := c.state.writes, c.state.spoiled
	err := c.Conn.Savepoint(ctx, do)
	if err != nil {
		c.state.writes, c.state.spoiled = writes, spoiled
	}
	return err
}

// Together implements sqldb.Pipeline.
func (c *counted) Together(ctx context.Context, do []func(sqldb.Conn)) error {
	if err := c.open(); err != nil {
		return err
	}
	all := make([]func(sqldb.Conn), len(do))
	for i, one := range do {
		all[i] = func(inner sqldb.Conn) { one(&counted{inner, c.state, c.last}) }
	}
	return sqldb.Together(ctx, c.Conn, all)
}

// Last implements sqldb.Ending.
func (c *counted) Last(do func(sqldb.Conn) error) error {
	if err := c.open(); err != nil {
		return err
	}
	return sqldb.Last(c.Conn, func(inner sqldb.Conn) error { return do(&counted{inner, c.state, true}) })
}

// Whole implements sqldb.Whole.
func (c *counted) Whole(ctx context.Context, write, read func(sqldb.Conn)) (bool, error) {
	if err := c.open(); err != nil {
		return false, err
	}
	of := func(do func(sqldb.Conn)) func(sqldb.Conn) {
		return func(inner sqldb.Conn) { do(&counted{inner, c.state, c.last}) }
	}
	return sqldb.WriteWhole(ctx, c.Conn, of(write), of(read))
}

func malformed(format string, args ...any) *kit.Problem {
	return &kit.Problem{Code: kit.CodeMalformed, Status: 400, Detail: fmt.Sprintf(format, args...)}
}

// denied is the problem of a rule that does not hold: sign in first, or never.
func denied(v kit.Viewer, what string) *kit.Problem {
	if !v.SignedIn() {
		return kit.Unauthenticated()
	}
	return kit.Forbidden(what)
}

// raw is what business code runs SQL by. Of its statements nothing is known, so that one which fails may have done its part by half.
type raw struct{ *counted }

func (c raw) failed(err error) {
	if err != nil && c.state.spoiled == nil {
		c.state.spoiled = err
	}
}

func (c raw) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	rows, err := c.counted.Query(ctx, sql, args...)
	if err != nil {
		c.failed(err)
		return nil, err
	}
	return &rawRows{rows, c}, nil
}

func (c raw) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	n, err := c.counted.Exec(ctx, sql, args...)
	c.failed(err)
	return n, err
}

// rawRows tell a failure that is seen while they are read, whether whoever reads them asks for it or not.
type rawRows struct {
	sqldb.Rows
	conn raw
}

func (r *rawRows) Err() error {
	err := r.Rows.Err()
	r.conn.failed(err)
	return err
}

func (r *rawRows) Close() {
	r.Rows.Close()
	r.conn.failed(r.Rows.Err())
}
