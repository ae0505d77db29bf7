//go:build unix

package kittest

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

// Pooler gives the URL at which a PgBouncer that pools transactions answers for a database of Postgres, as long as the test lasts, with
// the settings that such a URL needs: default_query_exec_mode=exec, and listen= with the address of the server itself.
//
// A machine without PgBouncer skips the test; with CI=true in the environment it fails it.
func Pooler(tb testing.TB, address string) string {
	tb.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // where Debian puts it, outside of most people's $PATH
		if _, err = os.Stat(program); err != nil && os.Getenv("CI") != "true" {
			tb.Skip("pgbouncer: found neither in $PATH nor in /usr/sbin: install PgBouncer to run this test")
		}
	}
	at, err2 := url.Parse(address)
	server, err3 := private()
	port, err4 := freePort()
	folder, err5 := os.MkdirTemp("", "pgbouncer")
	if err := errors.Join(err, err2, err3, err4, err5); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(folder) })
	file := filepath.Join(folder, "pgbouncer.ini")
	lines := "[databases]\n* = host=127.0.0.1 port=" + server.port + " user=postgres\n" +
		"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=" + port + "\nunix_socket_dir=\nauth_type=any\npool_mode=transaction\ndefault_pool_size=8\n"
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil { //nolint:gosec // another account reads it
		tb.Fatal(err)
	}
	if server.account != nil { // PgBouncer refuses root too
		if err := os.Chown(folder, int(server.account.Uid), int(server.account.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	pooler := server.command("pg_isready")
	pooler.Path, pooler.Args, pooler.Dir = program, []string{program, file}, folder
	if err := pooler.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		pooler.Process.Kill() //nolint:errcheck // it may have ended by itself
		pooler.Wait()         //nolint:errcheck // killed
	})
	query := at.Query()
	query.Set("default_query_exec_mode", "exec")
	query.Set("listen", at.Host)
	at.Host, at.RawQuery = net.JoinHostPort("127.0.0.1", port), query.Encode()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", at.Host)
		if err == nil {
			c.Close()
			return at.String()
		}
		if time.Now().After(end) {
			tb.Fatalf("pgbouncer: does not answer at %s: %v", at.Host, err)
		}
	}
}
