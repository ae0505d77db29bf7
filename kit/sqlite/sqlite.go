// Package sqlite keeps a service's data in an SQLite file, or in memory.
//
//	main ─▶ sqlite.Driver ─▶ one writer, in turn; many readers, each with a snapshot
//
// It runs statements in write-ahead mode, so readers and the writer never wait for each other. It knows nothing of
// entities: that is package query.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"
	engine "modernc.org/sqlite"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Driver opens SQLite databases: sqlite:data/shop.db, file:/var/lib/shop.db, or sqlite::memory: for a database that is
// gone when it is closed. A Write within a Write waits for itself until its context ends; in memory so does a Read.
var Driver = sqldb.Driver{Schemes: []string{"sqlite", "file"}, Open: open}

// busyTimeout is how long, in milliseconds, a statement waits for another program that has the file locked.
const busyTimeout = "10000"

type database struct {
	engine  engine.Driver
	source  string
	writer  chan *conn    // one, taken in the order of asking
	readers chan struct{} // a place for each that may be open
	mu      sync.Mutex
	idle    []*conn // readers that are open; the one used last is taken first
	// In memory all connections share one cache, where a writer and readers exclude each other: readers take one of
	// the gate, the writer all. Nil for a file.
	gate   *semaphore.Weighted
	handle func() *sql.DB
	opened bool // handle was called
}

// function is one that SQL may call.
type function struct {
	name      string
	arguments int32
	call      func(*engine.FunctionContext, []driver.Value) (driver.Value, error)
}

func functions() []function {
	return []function{
		{"regexp", 2, matches()},
		{"at_zone", 3, at()},
		{"period_start", 3, periodStart()},
		{"lower", 1, letters(strings.ToLower)},
		{"upper", 1, letters(strings.ToUpper)},
		{"decimal_text", 2, decimalText},
		{"decimal_add", 4, decimals(add)},
		{"decimal_subtract", 4, decimals(subtract)},
		{"decimal_multiply", 4, decimals(multiply)},
		{"decimal_divide", 4, decimals(divide)},
		{"decimal_modulo", 4, decimals(modulo)},
		{"decimal_round", 2, decimalRound},
		{"decimal_float", 1, decimalFloat},
	}
}

// register makes the functions and collations known to connections that are opened from now on.
func register(e *engine.Driver) error {
	for _, f := range functions() {
		if err := e.RegisterDeterministicScalarFunction(f.name, f.arguments, f.call); err != nil {
			return fmt.Errorf("function %s: %w", f.name, err)
		}
	}
	if err := e.RegisterFunction("decimal_sum", &engine.FunctionImpl{NArgs: 2, Deterministic: true, MakeAggregate: newDecimalSum}); err != nil {
		return fmt.Errorf("function decimal_sum: %w", err)
	}
	if err := e.RegisterCollationUtf8("decimal", compareDecimals); err != nil {
		return fmt.Errorf("collation decimal: %w", err)
	}
	return nil
}

func open(ctx context.Context, address string, replicas ...string) (sqldb.Database, error) {
	if len(replicas) > 0 {
		return nil, fmt.Errorf("database %s: SQLite has no replicas", address)
	}
	source, memory, err := dataSource(address)
	if err != nil {
		return nil, err
	}
	count := max(4, 2*runtime.GOMAXPROCS(0))
	db := &database{source: source, writer: make(chan *conn, 1), readers: make(chan struct{}, count)}
	if err := register(&db.engine); err != nil {
		return nil, err
	}
	if memory {
		db.gate = semaphore.NewWeighted(readersAtOnce)
	}
	db.handle = sync.OnceValue(func() *sql.DB {
		db.opened = true
		return sql.OpenDB(connector{db})
	})
	writer, err := db.connect(ctx, false)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", address, err)
	}
	db.writer <- writer
	return db, nil
}

const readersAtOnce = 1 << 20

// dataSource is the driver's own form of a URL, and whether it is a database in memory.
func dataSource(address string) (source string, memory bool, err error) {
	scheme, rest, ok := strings.Cut(address, ":")
	if !ok || scheme != "sqlite" && scheme != "file" {
		return "", false, fmt.Errorf("database URL %q: want sqlite:PATH, or sqlite::memory: for one in memory", address)
	}
	path, query, _ := strings.Cut(rest, "?")
	path = strings.TrimPrefix(path, "//")
	settings, err := url.ParseQuery(query)
	if err != nil {
		return "", false, fmt.Errorf("database URL %q: %w", address, err)
	}
	for _, pragma := range []string{"busy_timeout(" + busyTimeout + ")", "foreign_keys(1)", "temp_store(memory)"} {
		settings.Add("_pragma", pragma)
	}
	if path == ":memory:" {
		settings.Set("mode", "memory")
		settings.Set("cache", "shared")
		return "file:" + string(kit.NewID()) + "?" + settings.Encode(), true, nil
	}
	if path == "" {
		return "", false, fmt.Errorf("database URL %q: it names no file", address)
	}
	if path, err = url.PathUnescape(path); err != nil {
		return "", false, fmt.Errorf("database URL %q: %w", address, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", false, err
	}
	settings.Add("_pragma", "journal_mode(wal)")
	settings.Add("_pragma", "synchronous(normal)")
	escaped := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	return "file:" + escaped + "?" + settings.Encode(), false, nil
}

func (db *database) connect(ctx context.Context, readOnly bool) (*conn, error) {
	opened, err := db.engine.Open(db.source)
	if err != nil {
		return nil, translate(err)
	}
	c := &conn{driver: opened, statements: map[string]*statement{}}
	if readOnly {
		if _, err := c.run(ctx, "PRAGMA query_only = 1", nil); err != nil {
			return nil, errors.Join(err, c.close())
		}
	}
	return c, nil
}

// matches is the function behind SQLite's REGEXP: whether the text y holds a match of the RE2 pattern x.
func matches() func(*engine.FunctionContext, []driver.Value) (driver.Value, error) {
	var compiled sync.Map
	return func(_ *engine.FunctionContext, args []driver.Value) (driver.Value, error) {
		pattern, isText := args[0].(string)
		text, isText2 := args[1].(string)
		if !isText || !isText2 {
			return nil, nil
		}
		known, ok := compiled.Load(pattern)
		if !ok {
			expression, err := regexp.Compile(pattern)
			if err != nil {
				return nil, err
			}
			known, _ = compiled.LoadOrStore(pattern, expression)
		}
		return known.(*regexp.Regexp).MatchString(text), nil
	}
}

func (db *database) Dialect() sqldb.Dialect { return sqldb.SQLite }

func (db *database) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	if db.gate != nil {
		if err := db.gate.Acquire(ctx, 1); err != nil {
			return err
		}
		defer db.gate.Release(1)
	}
	select {
	case db.readers <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-db.readers }()
	c, err := db.reader(ctx)
	if err != nil {
		return err
	}
	defer db.rest(c)
	return c.transaction(ctx, "BEGIN", do)
}

func (db *database) reader(ctx context.Context) (*conn, error) {
	db.mu.Lock()
	if last := len(db.idle) - 1; last >= 0 {
		defer db.mu.Unlock()
		c := db.idle[last]
		db.idle = db.idle[:last]
		return c, nil
	}
	db.mu.Unlock()
	return db.connect(ctx, true)
}

func (db *database) rest(c *conn) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.idle = append(db.idle, c)
}

func (db *database) Write(ctx context.Context, do func(sqldb.Conn) error) error {
	if db.gate != nil {
		if err := db.gate.Acquire(ctx, readersAtOnce); err != nil {
			return err
		}
		defer db.gate.Release(readersAtOnce)
	}
	select {
	case c := <-db.writer:
		defer func() { db.writer <- c }()
		return c.transaction(ctx, "BEGIN IMMEDIATE", do)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (db *database) Handle() *sql.DB { return db.handle() }

func (db *database) Ping(ctx context.Context) error {
	return db.Read(ctx, func(c sqldb.Conn) error {
		rows, err := c.Query(ctx, "SELECT 1")
		if err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	})
}

// Close waits for the transactions that are under way.
func (db *database) Close() error {
	var problems []error
	for range cap(db.readers) {
		db.readers <- struct{}{}
	}
	for _, c := range db.idle {
		problems = append(problems, c.close())
	}
	problems = append(problems, (<-db.writer).close())
	if db.opened {
		problems = append(problems, db.handle().Close())
	}
	return errors.Join(problems...)
}

// connector gives database/sql connections to the same file or memory.
type connector struct{ db *database }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	return c.db.engine.Open(c.db.source)
}
func (c connector) Driver() driver.Driver { return &c.db.engine }
