package optimize

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// session is one connection to Postgres that this run has for itself.
type session struct {
	*pgx.Conn
	reads bool // it cannot write
}

// connectTimeout bounds how long a server may take to answer at first.
const connectTimeout = 10 * time.Second

// readOnly makes a session in which nothing can be written and nothing runs for long.
var readOnly = []string{
	"SET default_transaction_read_only = on",
	"SET statement_timeout = '30s'",
	"SET lock_timeout = '2s'",
	"SET idle_in_transaction_session_timeout = '60s'",
	"SET application_name = 'fettle optimize'",
}

// onClone makes a session that may change its database, and still ends what runs for too long.
var onClone = []string{
	"SET statement_timeout = '10min'",
	"SET lock_timeout = '5s'",
	"SET application_name = 'fettle optimize, clone'",
}

func connect(ctx context.Context, url string, settings []string) (*session, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database's URL cannot be read: it looks like postgres://user@host:5432/name")
	}
	config.ConnectTimeout = connectTimeout
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // one statement a message; works without prepared statements
	name := fmt.Sprintf("%s:%d/%s", config.Host, config.Port, config.Database)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", name, shortened(err))
	}
	s := &session{Conn: conn, reads: len(settings) > 0 && settings[0] == readOnly[0]}
	for _, setting := range settings {
		if _, err := conn.Exec(ctx, setting); err != nil {
			s.close()
			return nil, fmt.Errorf("database %s: %s: %w", name, setting, shortened(err))
		}
	}
	if err := s.checkOwn(ctx); err != nil {
		s.close()
		return nil, fmt.Errorf("database %s: %w", name, err)
	}
	return s, nil
}

// checkOwn refuses a pooler that gives each transaction another server process: settings and hypothetical indexes
// would be lost, and end up with somebody else.
func (s *session) checkOwn(ctx context.Context) error {
	pids := map[int]bool{}
	for range 4 {
		var pid int
		if err := s.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			return shortened(err)
		}
		pids[pid] = true
	}
	var timeout string
	if err := s.QueryRow(ctx, "SELECT current_setting('application_name')").Scan(&timeout); err != nil {
		return shortened(err)
	}
	if len(pids) > 1 || len(timeout) < 6 || timeout[:6] != "fettle" {
		return errors.New("a pooler in transaction mode is in between: connect to the server itself")
	}
	return nil
}

func (s *session) close() {
	if s == nil || s.Conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s.Conn.Close(ctx) //nolint:errcheck // nothing is left to lose
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

// shortened is what the server said, without the driver's words around it.
func shortened(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return fmt.Errorf("%s (%s)", said.Message, said.Code)
	}
	return err
}

// denied reports whether the server refused for want of privileges.
func denied(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code == "42501"
}
