// Package postgres keeps a service's data in a PostgreSQL server.
//
//	main ─▶ postgres.Driver ─▶ a pool of connections; reads on a snapshot, writes in a transaction
//
// It runs statements, with a time limit. It knows nothing of entities: that is package query.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// Driver opens PostgreSQL databases by their usual URLs. Besides the parameters of libpq a URL takes
//
//	statement_timeout=10s          how long a statement may run; 30s unless given
//	pool_max_conns=50              connections; 20 unless given
//	pool_max_wait=500ms            how long to wait for a connection before the caller hears 503; 2s unless given
//	share_reads=off                no two reads on one trip to the server; they share them unless given
//	default_query_exec_mode=exec   for a PgBouncer that pools transactions, where statements cannot be prepared
//	listen=db.internal:5432        where the server itself is, past such a PgBouncer, which does not carry what subscribers are told by
//	max_lag=2s                     of a replica: how old its answers may be before it is left alone; 5s unless given
var Driver = sqldb.Driver{Schemes: []string{"postgres", "postgresql"}, Open: open}

const (
	maxWait            = "pool_max_wait"
	shareReads         = "share_reads"
	defaultTimeout     = "30s"
	defaultConnections = 20
	defaultMaxWait     = 2 * time.Second
	listenAddress      = "listen"
)

type database struct {
	pool    *pgxpool.Pool
	queue   queue
	sharing sharing
	handle  func() *sql.DB
	opened  bool // handle was called
	// host and port are where to listen, empty where the pool connects to.
	host string
	port uint16
	// settings are set in each transaction where a session's own would not last.
	settings []string
}

func open(ctx context.Context, url string, replicas ...string) (sqldb.Database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	db, err := prepare(ctx, url, config)
	if err != nil {
		return nil, err
	}
	if err := db.pool.Ping(ctx); err != nil {
		db.pool.Close()
		if refusesParameter(err) {
			err = fmt.Errorf("%w: if a pooler is in between, the URL needs default_query_exec_mode=exec", err)
		}
		return nil, fmt.Errorf("database %s: %w", config.ConnConfig.Database, err)
	}
	if len(replicas) == 0 {
		return db, nil
	}
	all, err := replicate(ctx, db, replicas)
	if err != nil {
		db.pool.Close()
		return nil, err
	}
	return all, nil
}

// refusesParameter reports whether the server wants no settings in the first message of a connection, as PgBouncer does
// ("unsupported startup parameter").
func refusesParameter(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == "08P01" // protocol_violation
}

// prepare makes the pool, which connects when it is asked for a connection.
func prepare(ctx context.Context, url string, config *pgxpool.Config) (*database, error) {
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = defaultConnections
	}
	db := &database{queue: queue{slots: make(chan struct{}, config.MaxConns), maxWait: defaultMaxWait}}
	db.sharing.db = db
	settings := config.ConnConfig.RuntimeParams
	err := db.take(settings)
	if err != nil {
		return nil, err
	}
	if settings["statement_timeout"] == "" {
		settings["statement_timeout"] = defaultTimeout
	}
	if pooled(config.ConnConfig.DefaultQueryExecMode) {
		limit := strings.ReplaceAll(settings["statement_timeout"], "'", "''")
		db.settings = []string{"SET LOCAL statement_timeout = '" + limit + "'"}
		delete(settings, "statement_timeout")
		db.sharing.paces = nil
	}
	if db.sharing.paces != nil {
		config.AfterConnect = db.sharing.measure
	}
	if db.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	db.handle = sync.OnceValue(func() *sql.DB {
		db.opened = true
		return stdlib.OpenDBFromPool(db.pool)
	})
	return db, nil
}

// take takes the parameters that are this package's own from those for the server.
func (db *database) take(settings map[string]string) (err error) {
	if wait, given := settings[maxWait]; given {
		if db.queue.maxWait, err = time.ParseDuration(wait); err != nil || db.queue.maxWait < 0 {
			return fmt.Errorf("%s=%s: not a time such as 500ms", maxWait, wait)
		}
	}
	switch share, given := settings[shareReads]; {
	case !given, share == "on":
		db.sharing.paces = map[string]*pace{}
	case share != "off":
		return fmt.Errorf("%s=%s: neither on nor off", shareReads, share)
	}
	if address, given := settings[listenAddress]; given {
		host, port, err := net.SplitHostPort(address)
		number, wrong := strconv.ParseUint(port, 10, 16)
		if err = errors.Join(err, wrong); err != nil {
			return fmt.Errorf("%s=%s: not a host and a port such as db.internal:5432", listenAddress, address)
		}
		db.host, db.port = host, uint16(number)
	}
	for _, own := range []string{maxWait, shareReads, listenAddress} {
		delete(settings, own)
	}
	return nil
}

// pooled tells whether a session may change its server between transactions.
func pooled(mode pgx.QueryExecMode) bool {
	return mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol
}

func (db *database) Dialect() sqldb.Dialect { return sqldb.Postgres }

func (db *database) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	if sqldb.Single(ctx) && len(db.settings) == 0 {
		one := &single{db: db}
		defer one.close()
		return do(one)
	}
	return db.acquire(ctx, func(c *pgxpool.Conn) error { return db.read(ctx, c, do) })
}

// read calls do with c on one snapshot.
func (db *database) read(ctx context.Context, c *pgxpool.Conn, do func(sqldb.Conn) error) error {
	if sqldb.Single(ctx) {
		return do(conn{c})
	}
	return db.transaction(ctx, c, beginSnapshot, do)
}

func (db *database) Write(ctx context.Context, do func(sqldb.Conn) error) error {
	return db.acquire(ctx, func(c *pgxpool.Conn) error {
		err := db.transaction(ctx, c, "BEGIN ISOLATION LEVEL READ COMMITTED", do)
		if !onlyRead(err) {
			return err
		}
		_ = c.Conn().Close(ctx) // the next one may lead to the server that takes its place
		return unavailable(kept, err)
	})
}

func (db *database) transaction(ctx context.Context, c *pgxpool.Conn, begin string, do func(sqldb.Conn) error) error {
	t := &transaction{conn: c.Conn(), begin: append([]string{begin}, db.settings...), writes: begin != beginSnapshot}
	done := false
	defer func() {
		if !done {
			t.rollback(ctx)
		}
	}()
	if err := do(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done = true
	return t.commit(ctx)
}

func (db *database) Handle() *sql.DB { return db.handle() }

func (db *database) Ping(ctx context.Context) error { return db.pool.Ping(ctx) }

// Close waits for the transactions that are under way.
func (db *database) Close() (err error) {
	if db.opened {
		err = db.handle().Close()
	}
	db.pool.Close()
	return err
}
