package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres is a PostgreSQL server of the bench's own, in a temporary folder. It writes as durably as in production. Its
// backends do all of a statement's work themselves (no parallel workers), so that their CPU time is the database's.
type postgres struct {
	folder, port string
	account      *syscall.Credential // nil: the process's own
	bin          string
	life         *os.File // the server runs until this is closed, so at most as long as the process
	process      *exec.Cmd
}

var postgresSettings = []string{
	"fsync=on", "synchronous_commit=on", "jit=off", "shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=1h", "max_connections=400",
	"max_parallel_workers_per_gather=0", "autovacuum=off", "timezone=UTC",
	"log_line_prefix=%d ",
}

// untilInputEnds runs the server until the shell's standard input ends, which it does when the bench is gone, even killed.
const untilInputEnds = `folder=$1; shift
"$@" >"$folder/log" 2>&1 </dev/null &
cat >/dev/null
kill -INT $!
wait $!
cd /
rm -rf "$folder"`

func startPostgres(ctx context.Context) (*postgres, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	p := &postgres{bin: bin}
	if p.account, err = unprivileged(); err != nil {
		return nil, err
	}
	if p.folder, err = os.MkdirTemp("", "bench-postgres"); err != nil {
		return nil, err
	}
	if p.account != nil {
		if err := os.Chown(p.folder, int(p.account.Uid), int(p.account.Gid)); err != nil {
			return nil, err
		}
	}
	out, err := p.command("initdb", "--pgdata="+p.folder+"/data", "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8").CombinedOutput()
	if err != nil {
		os.RemoveAll(p.folder)
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	if p.port, err = freePort(); err != nil {
		return nil, err
	}
	return p, errors.Join(p.run(), p.wait(ctx))
}

// postgresPrograms is the folder of the programs: that of initdb in $PATH, else the newest that Debian installs.
func postgresPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path)
		return filepath.Dir(path), err
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("initdb: found neither in $PATH nor in /usr/lib/postgresql/*/bin: install PostgreSQL")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// unprivileged is the account to run the server as, since PostgreSQL refuses root.
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

func (p *postgres) command(program string, args ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(p.bin, program), args...)
	command.Dir = p.folder
	command.SysProcAttr = &syscall.SysProcAttr{Credential: p.account}
	return command
}

func (p *postgres) run() error {
	input, life, err := os.Pipe()
	if err != nil {
		return err
	}
	defer input.Close()
	p.life = life
	p.process = p.command("postgres", "-D", p.folder+"/data", "-p", p.port, "-k", p.folder, "-h", "127.0.0.1")
	for _, setting := range postgresSettings {
		p.process.Args = append(p.process.Args, "-c", setting)
	}
	p.process.Args = append([]string{"sh", "-c", untilInputEnds, "sh", p.folder, p.process.Path}, p.process.Args[1:]...)
	p.process.Path = "/bin/sh"
	p.process.Stdin = input
	p.process.SysProcAttr.Setpgid = true // so that a terminal's ^C reaches only the bench
	return p.process.Start()
}

func (p *postgres) wait(ctx context.Context) error {
	var err error
	for range 600 {
		var db *pgx.Conn
		if db, err = pgx.Connect(ctx, p.url("postgres")); err == nil {
			return db.Close(ctx)
		}
		time.Sleep(100 * time.Millisecond)
	}
	said, _ := p.logged()
	return fmt.Errorf("postgres: %w\n%s", err, said)
}

// url leads to a database of the server.
func (p *postgres) url(database string) string {
	return "postgres://postgres@127.0.0.1:" + p.port + "/" + database + "?sslmode=disable"
}

// logged is all that the server has written to its log.
func (p *postgres) logged() (string, error) {
	text, err := os.ReadFile(p.folder + "/log")
	return string(text), err
}

// close ends the server and removes its folder.
func (p *postgres) close() {
	p.life.Close()
	_ = p.process.Wait()
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
