//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// New gives the URL of a fresh, empty database on a PostgreSQL server that is private to this test process.
//
// The first call makes the server, in a temporary folder, as an unprivileged user when the process runs as root. It
// ends, and its folder goes, when the process ends in whatever way. A machine without PostgreSQL's programs (in $PATH
// or /usr/lib/postgresql) skips the test; with CI=true in the environment it fails it.
func New(tb testing.TB) (url string) {
	tb.Helper()
	server, err := private()
	switch {
	case errors.Is(err, errNoPostgres) && os.Getenv("CI") != "true":
		tb.Skip(err)
	case err != nil:
		tb.Fatal(err)
	}
	name := fmt.Sprintf("test%d", server.databases.Add(1))
	create := server.command("createdb", "--host=127.0.0.1", "--port="+server.port, "--username=postgres", name)
	if out, err := create.CombinedOutput(); err != nil {
		tb.Fatalf("createdb %s: %v: %s", name, err, out)
	}
	return "postgres://postgres@127.0.0.1:" + server.port + "/" + name + "?sslmode=disable"
}

var errNoPostgres = errors.New("initdb: found neither in $PATH nor in /usr/lib/postgresql/*/bin: install PostgreSQL to run this test")

// private starts the server of this process, once.
var private = sync.OnceValues(start)

type server struct {
	bin       string // folder of PostgreSQL's programs
	folder    string // holds the data, the socket and the log
	port      string
	account   *syscall.Credential // nil: the process's own
	life      *os.File            // the server runs until this is closed, so as long as the process
	databases atomic.Int64
}

func start() (*server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	s := &server{bin: bin, account: account}
	if err := s.makeFolder(); err != nil {
		return nil, err
	}
	if err := s.initialise(); err != nil {
		return nil, err
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	return s, s.wait()
}

// programs is the folder that holds PostgreSQL's programs: that of initdb in $PATH, links followed, else the highest
// version of those that Debian installs side by side.
func programs() (string, error) {
	candidates, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	version := func(path string) float64 {
		number, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(path))), 64)
		return number
	}
	sort.Slice(candidates, func(i, j int) bool { return version(candidates[i]) > version(candidates[j]) })
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			candidates = append([]string{path}, candidates...)
		}
	}
	for _, candidate := range candidates {
		if folder := filepath.Dir(candidate); holdsAll(folder) {
			return folder, nil
		}
	}
	return "", errNoPostgres
}

func holdsAll(folder string) bool {
	for _, program := range []string{"initdb", "postgres", "pg_isready", "createdb"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
			return false
		}
	}
	return true
}

// unprivileged is the account to run the server as, since PostgreSQL refuses root; nil when the process is not root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func (s *server) makeFolder() (err error) {
	if s.folder, err = os.MkdirTemp("", "postgres"); err != nil {
		return err
	}
	if s.account == nil {
		return nil
	}
	return os.Chown(s.folder, int(s.account.Uid), int(s.account.Gid))
}

// initialise makes the cluster. Text sorts by its bytes, as in SQLite; lower() knows all of Unicode.
func (s *server) initialise() error {
	out, err := s.command("initdb", "--pgdata="+s.folder+"/data", "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8", "--no-sync").CombinedOutput()
	if err != nil {
		os.RemoveAll(s.folder)
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return nil
}

// untilInputEnds runs the server until the shell's standard input ends, which it does when the test process is gone,
// even killed.
const untilInputEnds = `folder=$1; shift
"$@" >"$folder/log" 2>&1 </dev/null &
cat >/dev/null
kill -INT $!
wait $!
cd /
rm -rf "$folder"`

func (s *server) run() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.port = port
	input, life, err := os.Pipe()
	if err != nil {
		return err
	}
	defer input.Close()
	s.life = life
	shell := s.command("postgres", "-D", s.folder+"/data", "-p", port, "-k", s.folder, "-h", "127.0.0.1",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200",
		"-c", "timezone=UTC")
	shell.Args = append([]string{"sh", "-c", untilInputEnds, "sh", s.folder, shell.Path}, shell.Args[1:]...)
	shell.Path = "/bin/sh"
	shell.Stdin = input
	shell.SysProcAttr.Setpgid = true // so that a terminal's ^C reaches only the test process
	return shell.Start()
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

// wait returns once the server takes connections, or after 30 seconds with its log.
func (s *server) wait() error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s.command("pg_isready", "--quiet", "--host=127.0.0.1", "--port="+s.port).Run() == nil {
			return nil
		}
	}
	log, _ := os.ReadFile(s.folder + "/log")
	s.life.Close()
	return fmt.Errorf("postgres in %s: not ready after 30 seconds: %s", s.folder, log)
}

// command is one of PostgreSQL's programs, run as the server's account and without the caller's own PG… settings.
func (s *server) command(program string, args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(s.bin, program), args...)
	command.Dir = s.folder
	command.SysProcAttr = &syscall.SysProcAttr{Credential: s.account}
	for _, setting := range os.Environ() {
		if !strings.HasPrefix(setting, "PG") {
			command.Env = append(command.Env, setting)
		}
	}
	return command
}
