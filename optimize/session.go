package optimize

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// session is one connection to Postgres that this run has for itself.
type session struct {
	*pgx.Conn
	reads bool   // it cannot write
	jit   string // of the server; see uncompiled

	as []string // what is done in a transaction before a statement is planned or measured in it: who asks, and with which settings
}

// connectTimeout bounds how long a server may take to answer at first.
const connectTimeout = 10 * time.Second

// setting is one of a session's.
type setting struct{ name, value string }

// readOnly makes a session in which nothing can be written and nothing runs for long.
var readOnly = []setting{
	{"default_transaction_read_only", "on"},
	{"statement_timeout", "30s"},
	{"lock_timeout", "2s"},
	{"idle_in_transaction_session_timeout", "1min"},
	{"application_name", "fettle optimize"},
	parsed,
}

// parsed makes the server read texts as the parser of package pgsql does: where a backslash escaped a quote, what is one text
// to the parser would be several statements to the server, whose first may end the transaction that only reads.
var parsed = setting{"standard_conforming_strings", "on"}

// onClone makes a session that may change its database, and still ends what runs for too long.
var onClone = []setting{
	{"statement_timeout", "10min"},
	{"lock_timeout", "5s"},
	{"application_name", "fettle optimize, clone"},
	parsed,
}

// connect opens a session with settings.
//
// They are sent with the first message of the connection, never as statements until it is known that the server process is
// ours alone: a pooler in transaction mode would hand a process that was set to read only to somebody else.
func connect(ctx context.Context, url string, settings []setting) (*session, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's URL cannot be read: it looks like postgres://user@host:5432/name")
	}
	config.ConnectTimeout = connectTimeout
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // one statement a message; works without prepared statements
	plain := config.Copy()
	for _, set := range settings {
		config.RuntimeParams[set.name] = set.value
	}
	name := fmt.Sprintf("%s:%d/%s", config.Host, config.Port, config.Database)
	if settings[0] != readOnly[0] { // what is being made on a clone ends with the run, and does not go on there
		config.BuildContextWatcherHandler = cancelling
		plain.BuildContextWatcherHandler = cancelling
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if refusesParameter(err) {
		conn, err = pgx.ConnectConfig(ctx, plain)
	}
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, refusal(err))
	}
	s := &session{Conn: conn, reads: settings[0] == readOnly[0]}
	err = s.makeOwn(ctx, plain, settings)
	if err == nil {
		err = s.uncompiled(ctx)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	return s, nil
}

// cancelWait is how long a server may take to end what it is asked to end, before its connection is given up.
const cancelWait = 5 * time.Second

// cancelling asks the server to end its statement when the run is ended.
func cancelling(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelWait}
}

// uncompiled turns JIT off but where a statement is measured: the planner thinks what asks the catalog dear, and compiling that takes
// seconds where running it takes milliseconds.
func (s *session) uncompiled(ctx context.Context) error {
	if err := s.QueryRow(ctx, "SELECT current_setting('jit')").Scan(&s.jit); err != nil {
		return shortened(err)
	}
	_, err := s.Exec(ctx, "SET jit = off")
	return shortened(err)
}

const protocolViolation = "08P01"

// refusesParameter reports whether a pooler wants no settings in the first message (PgBouncer: "unsupported startup parameter").
func refusesParameter(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == protocolViolation
}

// makeOwn refuses a pooler that gives each transaction another server process, in which settings and hypothetical
// indexes would be lost and end up with somebody else. A pooler that keeps one for each client is given the settings that it
// did not pass on.
func (s *session) makeOwn(ctx context.Context, plain *pgx.ConnConfig, settings []setting) error {
	pid, err := s.process(ctx)
	if err != nil {
		return err
	}
	if pid == s.PgConn().PID() {
		return nil // the server itself answered
	}
	if shared, err := s.shared(ctx, plain, pid); err != nil {
		return err
	} else if shared {
		return errors.New("a pooler in transaction mode is in between: connect to the server itself")
	}
	for _, set := range settings {
		if _, err := s.Exec(ctx, "SET "+set.name+" = '"+set.value+"'"); err != nil {
			return fmt.Errorf("%s: %w", set.name, shortened(err))
		}
	}
	return nil
}

// process is the id of the server process that answers.
func (s *session) process(ctx context.Context) (pid uint32, err error) {
	if err := s.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return 0, shortened(err)
	}
	return pid, nil
}

// holders is how many transactions are opened beside a session to see whether one gets its server process.
const holders = 3

// shared opens transactions beside this session, which answered as process pid, and reports whether its process is used for
// one of them, or changes.
func (s *session) shared(ctx context.Context, plain *pgx.ConnConfig, pid uint32) (bool, error) {
	for range holders {
		other, err := hold(ctx, plain)
		var said *pgconn.PgError
		if errors.As(err, &said) && ctx.Err() == nil {
			return true, nil // it pools statements: there are no transactions
		}
		if err != nil {
			return false, ctx.Err() // no process was free: this session's was not given away
		}
		defer other.close()
		theirs, err := other.process(ctx)
		if err != nil {
			return false, err
		}
		if theirs == pid {
			return true, nil
		}
		ours, err := s.process(ctx)
		if err != nil || ours != pid {
			return err == nil, err
		}
	}
	return false, nil
}

// holdTimeout bounds the wait for a pooler that has no server process left.
const holdTimeout = 3 * time.Second

// hold opens a transaction.
func hold(ctx context.Context, config *pgx.ConnConfig) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, holdTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	other := &session{Conn: conn}
	if _, err := other.Exec(ctx, "BEGIN READ ONLY"); err != nil {
		other.close()
		return nil, err
	}
	return other, nil
}

func (s *session) close() {
	if s == nil || s.Conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s.Conn.Close(ctx) //nolint:errcheck // nothing is left to lose
}

// unthink forgets the indexes that were thought of: behind a pooler the server process lives on, and would plan with them for somebody else.
func (s *session) unthink() {
	if s == nil || s.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.Exec(ctx, "SELECT hypopg_reset()") //nolint:errcheck // then the process is as good as lost
}

// inside runs f in a transaction that is rolled back, whatever f does.
func (s *session) inside(ctx context.Context, f func() error) error {
	if _, err := s.Exec(ctx, "BEGIN"); err != nil {
		return shortened(err)
	}
	err := f()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if _, rollback := s.Exec(ctx, "ROLLBACK"); err == nil && rollback != nil {
		err = shortened(rollback)
	}
	return err
}

// refused is what the server said, without the driver's words around it.
type refused struct{ *pgconn.PgError }

func (e refused) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Code) }

func (e refused) Unwrap() error { return e.PgError }

// shortened is what the server said of an error, or the error.
func shortened(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return refused{said}
	}
	return err
}

// told is an error for a reader, without the constants that a message may quote unless literals are asked for.
func told(err error, literals bool) string {
	text := err.Error()
	var said *pgconn.PgError
	switch {
	case literals:
	case !errors.As(err, &said):
		return quotedConstant.ReplaceAllString(text, `"$1…"`)
	case said.Code == raisedException:
		return strings.Replace(text, said.Message, "it raised an exception", 1)
	case said.Code == notInRepertoire: // it quotes the name of an encoding
	case strings.HasPrefix(said.Code, dataException):
		return strings.Replace(text, said.Message, quotedAny.ReplaceAllString(said.Message, `"…"`), 1)
	default:
		return strings.Replace(text, said.Message, quotedConstant.ReplaceAllString(said.Message, `"$1…"`), 1)
	}
	return text
}

// The classes of errors whose messages have what a statement or a row says.
const (
	dataException   = "22"
	notInRepertoire = "22021"
	raisedException = "P0001"
)

// What messages quote: anything, in the marks of any language; and what begins as a constant does, up to the last mark, for a text
// may have marks within. Of a constant the mark that opens it is told: whether it is one that nothing closes.
var (
	quotedAny      = regexp.MustCompile(`(?s)["„“”«»‘’'].*["„“”«»‘’']`)
	quotedConstant = regexp.MustCompile(`(?s)"(?:('|\$[a-zA-Z_]*\$|[eEbBxXnN]'|[uU]&')|[0-9]).*"`)
)

// refusal is why no connection came about, on one line: a host may have several addresses, each with its own reason.
func refusal(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return shortened(err)
	}
	_, reasons, found := strings.Cut(err.Error(), "`: ")
	if !found {
		_, reasons, found = strings.Cut(err.Error(), "`:\n")
	}
	if !found {
		return err
	}
	var each []string
	for line := range strings.Lines(reasons) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(each, line) {
			each = append(each, line)
		}
	}
	return errors.New(strings.Join(each, "; "))
}

const insufficientPrivilege = "42501"

// denied reports whether the server refused for want of privileges.
func denied(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == insufficientPrivilege
}
