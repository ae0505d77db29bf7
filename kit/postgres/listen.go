package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// How long a connection may bring nothing before it is asked whether it is still there, and how long after a failure the
// next is tried: twice as long each time, up to the last.
const (
	listenQuiet = 30 * time.Second
	listenPause = 100 * time.Millisecond
	listenMost  = 5 * time.Second
)

// Send sends texts by NOTIFY, which PostgreSQL delivers when the transaction commits.
func (db *database) Send(ctx context.Context, c sqldb.Conn, channel string, texts []string) error {
	for _, text := range texts {
		if len(text) > sqldb.MaxMessage {
			return fmt.Errorf("a message on %s has %d bytes: at most %d", channel, len(text), sqldb.MaxMessage)
		}
	}
	_, err := c.Exec(ctx, "SELECT pg_notify($1, text) FROM unnest($2::text[]) AS text", channel, texts)
	return err
}

// Listen listens by LISTEN, on a connection beside the pool.
func (db *database) Listen(ctx context.Context, channel string, l sqldb.Listener) {
	pause := listenPause
	for ctx.Err() == nil {
		err := db.listen(ctx, channel, sqldb.Listener{
			Begun: func() {
				pause = listenPause
				l.Begun()
			},
			Received: l.Received,
		})
		if ctx.Err() != nil {
			return
		}
		l.Failed(err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, listenMost)
	}
}

// listen listens until the connection is lost.
func (db *database) listen(ctx context.Context, channel string, l sqldb.Listener) error {
	config := db.pool.Config().ConnConfig.Copy()
	delete(config.RuntimeParams, "statement_timeout")
	if db.host != "" {
		config.Host, config.Port, config.Fallbacks = db.host, db.port, nil
		if config.TLSConfig != nil && config.TLSConfig.ServerName != "" {
			config.TLSConfig.ServerName = db.host
		}
	}
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		c.Close(closing)
	}()
	if _, err := c.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	l.Begun()
	if err := db.prove(ctx, c, l); err != nil {
		return err
	}
	for {
		waiting, cancel := context.WithTimeout(ctx, listenQuiet)
		said, err := c.WaitForNotification(waiting)
		quiet := waiting.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
			l.Received(said.Payload)
		case !quiet:
			return err
		default:
			if err := ping(ctx, c); err != nil {
				return err
			}
		}
	}
}

// errNotCarried is the error of who listens where nothing will be heard.
var errNotCarried = errors.New("what is sent to those who listen does not arrive: if a pooler of transactions is in between, " +
	"the URL needs listen=HOST:PORT of the server itself")

// prove sends a message from the pool to the connection that listens, by a channel of its own, and waits for it.
func (db *database) prove(ctx context.Context, c *pgx.Conn, l sqldb.Listener) error {
	channel := "fettle_" + rand.Text()
	quoted := pgx.Identifier{channel}.Sanitize()
	if _, err := c.Exec(ctx, "LISTEN "+quoted); err != nil {
		return err
	}
	if _, err := db.pool.Exec(ctx, "SELECT pg_notify($1, '')", channel); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, listenMost)
	defer cancel()
	for {
		said, err := c.WaitForNotification(waiting)
		switch {
		case err == nil && said.Channel == channel:
			_, err = c.Exec(ctx, "UNLISTEN "+quoted)
			return err
		case err == nil:
			l.Received(said.Payload)
		case waiting.Err() != nil && ctx.Err() == nil:
			return errNotCarried
		default:
			return err
		}
	}
}

func ping(ctx context.Context, c *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, listenMost)
	defer cancel()
	return c.Ping(ctx)
}
