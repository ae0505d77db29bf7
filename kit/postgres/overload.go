package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// What has more to do than it can turns callers away early and says when to come again (503 with Retry-After, RFC 9110
// section 15.6.4): a request that waits for a connection until its time is up costs as much as one that is answered.

// queue hands out the connections of the pool in the order in which they were asked for.
type queue struct {
	slots   chan struct{} // one element for each connection in use
	maxWait time.Duration
}

func (q *queue) enter(ctx context.Context) error {
	select {
	case q.slots <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(q.maxWait)
	defer timer.Stop()
	select {
	case q.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return unavailable(busy, errors.New("every connection to the database was in use for "+q.maxWait.String()))
	}
}

func (q *queue) leave() { <-q.slots }

// acquire lends do a connection.
func (db *database) acquire(ctx context.Context, do func(*pgxpool.Conn) error) error {
	c, err := db.lend(ctx)
	if err != nil {
		return translate(err)
	}
	defer db.takeBack(c)
	return do(c)
}

// lend waits for a connection, which takeBack ends.
func (db *database) lend(ctx context.Context) (*pgxpool.Conn, error) {
	if err := db.queue.enter(ctx); err != nil {
		return nil, err
	}
	c, err := db.pool.Acquire(ctx)
	if err != nil {
		db.queue.leave()
		return nil, err
	}
	return c, nil
}

func (db *database) takeBack(c *pgxpool.Conn) {
	c.Release()
	db.queue.leave()
}

const (
	busy    = "The service has too much to do. Try again."
	crossed = "Others were changing the same things. Try again."
	slow    = "This took too long and was given up."
	kept    = "What the service keeps can be read just now, and not be written. Try again."
	away    = "What the service keeps cannot be reached just now. Try again."
)

// passing is the problem of a failure that is over when one tries again, or nil (PostgreSQL, appendix A).
func passing(err *pgconn.PgError) *kit.Problem {
	switch err.Code {
	case "40001", "40P01": // serialization failure, deadlock
		return unavailable(crossed, &sqldb.Collision{Err: err})
	case "55P03": // lock not available
		return unavailable(crossed, err)
	case "53300", "57P01", "57P03": // too many connections, admin shutdown, cannot connect now
		return unavailable(busy, err)
	case "22003", "22008", "22015": // a number, an instant or a duration out of range: of what was worked out, since what is sent is checked
		return &kit.Problem{
			Code: kit.CodeInvalid, Status: http.StatusUnprocessableEntity, Err: err,
			Detail: "Something that would have to be worked out for this is out of range.",
		}
	case "57014": // query canceled, by statement_timeout: a caller who leaves closes the connection instead
		return &kit.Problem{Code: kit.CodeTimeout, Status: http.StatusGatewayTimeout, Detail: slow, Err: err}
	}
	return nil
}

// onlyRead tells whether a write was refused by a database that takes none: a standby that was the primary, or one that its operator
// holds still. In a read it is a fault of the service.
func onlyRead(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "25006"
}

// lost tells whether there is no connection: none was made, or it ended while an answer was awaited, though nobody gave up. The server is
// restarted, or another takes its place.
func lost(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var refused *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &refused) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

// undecided is the error of what ends a transaction. Where the connection is lost nobody knows whether the transaction is committed, so
// none is told to try again: that would do it twice.
func undecided(err error) error {
	if !lost(err) {
		return translate(err)
	}
	if p := (*kit.Problem)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("commit: %w: %w", sqldb.ErrUndecided, err)
}

func unavailable(detail string, err error) *kit.Problem {
	return &kit.Problem{Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Detail: detail, Retry: 1, Err: err}
}
