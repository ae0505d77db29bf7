//go:build unix

package pgtest

import (
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Pooler gives the URL at which a PgBouncer answers for the database at url, as long as the test lasts.
//
// Its mode is "session", "transaction" or "statement"; more are further lines of its configuration. A machine without
// PgBouncer skips the test; with CI=true in the environment it fails it.
func Pooler(tb testing.TB, address, mode string, more ...string) string {
	tb.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // where Debian puts it, outside of most people's $PATH
		if _, err = os.Stat(program); err != nil && os.Getenv("CI") != "true" {
			tb.Skip("pgbouncer: found neither in $PATH nor in /usr/sbin: install PgBouncer to run this test")
		}
	}
	behind, err2 := url.Parse(address)
	server, err3 := private()
	port, err4 := freePort()
	if err := errors.Join(err, err2, err3, err4); err != nil {
		tb.Fatal(err)
	}
	folder := tb.TempDir()
	lines := "[databases]\n* = host=127.0.0.1 port=" + server.port + " user=postgres\n" +
		"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=" + port + "\nunix_socket_dir=\nauth_type=any\npool_mode=" + mode + "\n"
	for _, line := range more {
		lines += line + "\n"
	}
	file := filepath.Join(folder, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil { //nolint:gosec // another account reads it
		tb.Fatal(err)
	}
	if server.account != nil {
		for at := folder; at != filepath.Dir(at) && at != filepath.Clean(os.TempDir()); at = filepath.Dir(at) {
			os.Chown(at, int(server.account.Uid), int(server.account.Gid)) //nolint:errcheck // if it matters, the start fails
		}
	}
	pooler := server.command("pg_isready")
	pooler.Path, pooler.Args = program, []string{program, file}
	pooler.Dir = folder
	if err := pooler.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		pooler.Process.Kill() //nolint:errcheck // it may have ended by itself
		pooler.Wait()         //nolint:errcheck // killed
	})
	behind.Host = net.JoinHostPort("127.0.0.1", port)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", behind.Host)
		if err == nil {
			c.Close()
			return behind.String()
		}
		if time.Now().After(end) {
			tb.Fatalf("pgbouncer: does not answer at %s: %v", behind.Host, err)
		}
	}
}
