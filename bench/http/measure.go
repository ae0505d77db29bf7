package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// measurement is one turn of a contender: what a request cost.
type measurement struct {
	perSecond        float64
	p50, p99         time.Duration
	server, database float64 // CPU µs a request
	resident         int64   // bytes, of the contender's processes when the turn ended
}

func (m measurement) cpu() float64 { return m.server + m.database }

// rounds gives every contender its turns: for each workload one after the other, and that again.
func (b *bench) rounds(ctx context.Context) error {
	for _, w := range b.workloads {
		b.measured[w] = map[string][]measurement{}
		for range b.options.rounds {
			for _, r := range b.running {
				requests := b.requests(r, w)
				if requests == nil {
					continue
				}
				if _, err := b.load(ctx, r, requests, max(b.time/5, 200*time.Millisecond)); err != nil {
					return fmt.Errorf("%s %s: %w", w, r.name, err)
				}
				m, err := b.measure(ctx, r, requests, b.time)
				if err != nil {
					return fmt.Errorf("%s %s: %w", w, r.name, err)
				}
				b.measured[w][r.name] = append(b.measured[w][r.name], m)
			}
		}
		log.Printf("%s: measured", w)
	}
	return nil
}

// measure loads a contender for a while. Nothing else asks it or its backends, so all their CPU time is the requests'.
func (b *bench) measure(ctx context.Context, r *running, requests []request, d time.Duration) (m measurement, err error) {
	before, err := b.cpu(ctx, r)
	if err != nil {
		return m, err
	}
	l, err := b.load(ctx, r, requests, d)
	if err != nil {
		return m, err
	}
	after, err := b.cpu(ctx, r)
	if err != nil {
		return m, err
	}
	each := func(spent time.Duration) float64 {
		return float64(spent.Nanoseconds()) / 1000 / float64(max(1, l.Requests))
	}
	m = measurement{
		perSecond: float64(l.Requests) / l.Time.Seconds(), p50: l.P50, p99: l.P99,
		server: each(after.server.since(before.server)), database: each(after.backends.since(before.backends)),
	}
	m.resident, err = resident(after.server)
	return m, err
}

// load runs the generator.
func (b *bench) load(ctx context.Context, r *running, requests []request, d time.Duration) (result loaded, err error) {
	l := load{Addr: r.addr, Connections: b.connections, Time: d}
	for _, asked := range requests {
		l.Requests = append(l.Requests, asked.bytes(r.addr))
	}
	in, err := json.Marshal(l)
	if err != nil {
		return result, err
	}
	command := exec.CommandContext(ctx, "/proc/self/exe", "load")
	command.Stdin, command.Stderr = bytes.NewReader(in), os.Stderr
	out, err := command.Output()
	if err != nil {
		return result, fmt.Errorf("load: %w", err)
	}
	return result, json.Unmarshal(out, &result)
}

// spent is the CPU time of processes.
type spent map[int]time.Duration

func (s spent) since(before spent) (total time.Duration) {
	for pid, time := range s {
		total += time - before[pid]
	}
	return total
}

type usage struct{ server, backends spent }

func (b *bench) cpu(ctx context.Context, r *running) (u usage, err error) {
	rows, err := b.admin.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE datname = $1", r.database)
	if err != nil {
		return u, err
	}
	backends, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return u, err
	}
	if u.backends, err = cpuOf(backends); err != nil {
		return u, err
	}
	processes, err := tree(r.process.Process.Pid)
	if err != nil {
		return u, err
	}
	u.server, err = cpuOf(processes)
	return u, err
}

// cpuOf sums the time that the scheduler gave each thread, in nanoseconds (/proc/PID/task/TID/schedstat, of Linux's
// sched-stats documentation): utime and stime are told in hundredths of a second, which is too coarse for short turns. A process that
// has ended since spent nothing.
func cpuOf(pids []int) (spent, error) {
	s := spent{}
	for _, pid := range pids {
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, thread := range threads {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, thread.Name()))
			if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
				continue
			}
			if err != nil {
				return nil, err
			}
			ran, _, _ := strings.Cut(string(text), " ")
			nanoseconds, err := strconv.ParseInt(ran, 10, 64)
			if err != nil {
				return nil, err
			}
			s[pid] += time.Duration(nanoseconds)
		}
	}
	return s, nil
}

// stat is the fields of /proc/PID/stat behind the program's name: the state, the parent, ….
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])), nil
}

// tree is a process and all that it started.
func tree(root int) ([]int, error) {
	found, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range found {
		pid, _ := strconv.Atoi(filepath.Base(path))
		fields, err := stat(pid)
		if err != nil {
			continue // it has ended
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, err
		}
		children[parent] = append(children[parent], pid)
	}
	all := []int{root}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all, nil
}

// resident is the memory of processes.
func resident(pids spent) (total int64, err error) {
	for pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			return 0, err
		}
		pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
		if err != nil {
			return 0, err
		}
		total += pages * int64(os.Getpagesize())
	}
	return total, nil
}

// statements is how many of a request are sent to Postgres: those that ask or write, and those about the transaction.
type statements struct{ work, control float64 }

func (s statements) plus(work, control float64) statements {
	return statements{s.work + work, s.control + control}
}

func (s statements) String() string {
	if s.control == 0 {
		return fmt.Sprintf("%.3g", s.work)
	}
	return fmt.Sprintf("%.3g + %.3g", s.work, s.control)
}

// countStatements reads the server's log, in which they stand at no other time. (pg_stat_statements counts a prepared BEGIN
// but once.)
func (b *bench) countStatements(ctx context.Context) error {
	if err := b.logStatements(ctx, "all"); err != nil {
		return err
	}
	for _, w := range b.workloads {
		for _, r := range b.running {
			if err := b.countOf(r, w); err != nil {
				return fmt.Errorf("%s %s: %w", w, r.name, err)
			}
		}
	}
	return b.logStatements(ctx, "none")
}

func (b *bench) logStatements(ctx context.Context, which string) error {
	if _, err := b.admin.Exec(ctx, "ALTER SYSTEM SET log_statement = '"+which+"'"); err != nil {
		return err
	}
	if _, err := b.admin.Exec(ctx, "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond) // until the backends have heard of it
	return nil
}

func (b *bench) countOf(r *running, w workload) error {
	requests := b.requests(r, w)
	if requests == nil {
		return nil
	}
	before, err := b.postgres.logged()
	if err != nil {
		return err
	}
	for i := range samples {
		if _, err := send("http://"+r.addr, requests[i%len(requests)]); err != nil {
			return err
		}
	}
	after, err := b.postgres.logged()
	if err != nil {
		return err
	}
	const each = 1.0 / samples
	for _, found := range logLine.FindAllStringSubmatch(after[len(before):], -1) {
		switch database, statement := found[1], found[2]; {
		case database != r.database || statement == pgxPing:
		case controlStatement.MatchString(statement):
			r.statements[w] = r.statements[w].plus(0, each)
		default:
			r.statements[w] = r.statements[w].plus(each, 0)
		}
	}
	return nil
}

// pgxPing is what pgx sends before it uses a connection that nobody used for a second: never under load.
const pgxPing = "-- ping"

var (
	logLine          = regexp.MustCompile(`(?m)^(\w+) LOG:  (?:statement|execute [^:]*): (.*)`)
	controlStatement = regexp.MustCompile(`(?i)^(begin|start|commit|rollback|set|savepoint|release|deallocate)\b`)
)
