package postgres_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// A pooler that takes no settings is told apart from other failures, with what to do.
func TestPoolerThatRefusesSettings(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			refuse(c)
		}
	}()
	_, err = postgres.Driver.Open(t.Context(), "postgres://app@"+listener.Addr().String()+"/shop?sslmode=disable")
	if err == nil || !strings.Contains(err.Error(), "default_query_exec_mode=exec") {
		t.Error(err)
	}
}

// refuse answers a first message as PgBouncer does that knows a parameter of it not.
func refuse(c net.Conn) {
	defer c.Close()
	server := pgproto3.NewBackend(c, c)
	if _, err := server.ReceiveStartupMessage(); err != nil {
		return
	}
	server.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "unsupported startup parameter: statement_timeout"})
	server.Flush() //nolint:errcheck // the client may be gone
}

// Who listens where messages are not carried hears so, and listens past the pooler if the URL says where.
func TestPoolerThatCarriesNoMessages(t *testing.T) {
	direct := kittest.Postgres(t)
	at, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	pooled := *at
	pooled.Host = deafen(t, at.Host)
	listen := func(address string) (heard bool, said error) {
		db, err := postgres.Driver.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		messenger := db.(sqldb.Messenger)
		messenger.Listen(ctx, "news", sqldb.Listener{
			Begun: func() {
				go db.Write(ctx, func(c sqldb.Conn) error { return messenger.Send(ctx, c, "news", []string{"one"}) }) //nolint:errcheck // or it is not heard
			},
			Received: func(string) { heard = true; cancel() },
			Failed:   func(err error) { said = err; cancel() },
		})
		return heard, said
	}
	_, said := listen(pooled.String())
	if said == nil || !strings.Contains(said.Error(), "listen=HOST:PORT") {
		t.Errorf("behind a pooler: %v", said)
	}
	query := pooled.Query()
	query.Set("listen", at.Host)
	pooled.RawQuery = query.Encode()
	if heard, said := listen(pooled.String()); !heard || said != nil {
		t.Errorf("past a pooler: %v, %v", heard, said)
	}
	query.Set("listen", "nowhere")
	pooled.RawQuery = query.Encode()
	if _, err := postgres.Driver.Open(t.Context(), pooled.String()); err == nil || !strings.Contains(err.Error(), "listen=nowhere") {
		t.Error(err)
	}
}

// deafen gives the address of what passes on all that a server says but notifications.
func deafen(t *testing.T, server string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				behind, err := net.Dial("tcp", server)
				if err != nil {
					return
				}
				defer behind.Close()
				go func() {
					io.Copy(behind, client) //nolint:errcheck // its end
					behind.Close()
				}()
				header := make([]byte, 5)
				for {
					if _, err := io.ReadFull(behind, header); err != nil {
						return
					}
					body := make([]byte, binary.BigEndian.Uint32(header[1:])-4)
					if _, err := io.ReadFull(behind, body); err != nil {
						return
					}
					if header[0] == 'A' { // NotificationResponse
						continue
					}
					if _, err := client.Write(append(header, body...)); err != nil {
						return
					}
					header = header[:5]
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// What one process writes behind a real PgBouncer that pools transactions another hears, past it.
func TestNoticesBehindPgBouncer(t *testing.T) {
	pooled := kittest.Pooler(t, kittest.Postgres(t))
	one, other := kittest.Open(t, postgres.Driver, pooled), kittest.Open(t, postgres.Driver, pooled)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var heard []string
	other.(sqldb.Messenger).Listen(ctx, "news", sqldb.Listener{
		Begun: func() {
			go one.Write(ctx, func(c sqldb.Conn) error { return one.(sqldb.Messenger).Send(ctx, c, "news", []string{"one", "two"}) }) //nolint:errcheck // or it is not heard
		},
		Received: func(message string) {
			if heard = append(heard, message); len(heard) == 2 {
				cancel()
			}
		},
		Failed: func(err error) { t.Error(err); cancel() },
	})
	if strings.Join(heard, " ") != "one two" {
		t.Errorf("heard %q", heard)
	}
	lost := strings.Replace(pooled, "default_query_exec_mode=exec&", "", 1)
	if _, err := postgres.Driver.Open(t.Context(), lost); err == nil || !strings.Contains(err.Error(), "default_query_exec_mode=exec") {
		t.Error("a URL that does not say what it leads to:", err)
	}
}
