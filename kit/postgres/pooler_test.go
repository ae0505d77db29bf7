package postgres_test

import (
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/fettlehq/fettle/kit/postgres"
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
