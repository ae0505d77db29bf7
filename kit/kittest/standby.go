//go:build unix

package kittest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Standby is a server that follows the one of Postgres and answers reads.
type Standby struct {
	tb     testing.TB
	server *server
}

// NewStandby makes a streaming copy of the server behind Postgres, which lasts as long as the test.
func NewStandby(tb testing.TB) *Standby {
	tb.Helper()
	primary, err := private()
	if err != nil {
		tb.Fatal(err)
	}
	s := &server{bin: primary.bin, account: primary.account}
	if err := s.makeFolder(); err != nil {
		tb.Fatal(err)
	}
	backup := s.command("pg_basebackup", "--pgdata="+s.folder+"/data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
		"--wal-method=stream", "--host=127.0.0.1", "--port="+primary.port, "--username=postgres")
	if out, err := backup.CombinedOutput(); err != nil {
		os.RemoveAll(s.folder)
		tb.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	if err := s.run(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.life.Close() })
	if err := s.wait(); err != nil {
		tb.Fatal(err)
	}
	return &Standby{tb, s}
}

// URL is where the standby has the database of the primary at that URL.
func (s *Standby) URL(primary string) string {
	u, err := url.Parse(primary)
	if err != nil {
		s.tb.Fatal(err)
	}
	u.Host = "127.0.0.1:" + s.server.port
	return u.String()
}

// Kill ends the standby as a machine that loses its power does.
func (s *Standby) Kill() { s.signal(syscall.SIGKILL) }

// Freeze lets the standby's processes stand still until the test ends: connections stay, and nobody answers.
func (s *Standby) Freeze() {
	s.signal(syscall.SIGSTOP)
	s.tb.Cleanup(func() { s.signal(syscall.SIGCONT) })
}

// signal sends a signal to the server and all its processes.
func (s *Standby) signal(sent syscall.Signal) {
	s.tb.Helper()
	text, err := os.ReadFile(filepath.Join(s.server.folder, "data", "postmaster.pid"))
	if err != nil {
		s.tb.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		s.tb.Fatal(err)
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil { // no Linux
		if children, err = exec.Command("pgrep", "-P", fmt.Sprint(pid)).Output(); err != nil {
			s.tb.Fatal(err)
		}
	}
	for _, child := range append(strings.Fields(string(children)), first) {
		if n, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(n, sent) // it may have ended by itself
		}
	}
}

// Stranger gives the URL of a server that has nothing to do with that of Postgres, and lasts as long as the test.
func Stranger(tb testing.TB) string {
	tb.Helper()
	Postgres(tb) // skips where there is none
	s, err := start()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.life.Close() })
	return "postgres://postgres@127.0.0.1:" + s.port + "/postgres?sslmode=disable"
}
