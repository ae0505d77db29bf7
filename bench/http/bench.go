package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// bench is a run: the server, and each contender with its database and process.
type bench struct {
	options
	folder   string
	data     dataSet
	postgres *postgres
	admin    *pgx.Conn
	running  []*running
	measured map[workload]map[string][]measurement // of each contender, by round
}

// running is a contender while it runs.
type running struct {
	contender
	database   string
	addr       string
	profiled   string // where its CPU profile is to be had
	process    *exec.Cmd
	statements map[workload]statements
}

func open(ctx context.Context, o options) (*bench, error) {
	folder, err := os.MkdirTemp("", "bench-http")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, folder: folder, data: newDataSet(o.scale), measured: map[workload]map[string][]measurement{}}
	for i, c := range o.contenders {
		b.running = append(b.running, &running{contender: c, database: fmt.Sprintf("peer%d", i), statements: map[workload]statements{}})
	}
	if b.postgres, err = startPostgres(ctx); err != nil {
		return nil, err
	}
	if b.admin, err = pgx.Connect(ctx, b.postgres.url("postgres")); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// close ends all processes and removes all files.
func (b *bench) close() {
	for _, r := range b.running {
		r.stop()
	}
	b.postgres.close()
	os.RemoveAll(b.folder)
}

// fill builds every contender and makes its database.
func (b *bench) fill(ctx context.Context) error {
	for _, r := range b.running {
		began := time.Now()
		if r.build != nil {
			if err := r.build(ctx, b.folder); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
		if _, err := b.admin.Exec(ctx, "CREATE DATABASE "+r.database); err != nil {
			return err
		}
		url := b.postgres.url(r.database)
		if err := r.tables(ctx, b.folder, url); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		db, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		if err := errors.Join(b.data.load(ctx, db), db.Close(ctx)); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		log.Printf("%s: built and filled in %v", r.name, time.Since(began).Round(time.Second))
	}
	_, err := b.admin.Exec(ctx, "CHECKPOINT")
	return err
}

// start runs every contender and waits until it answers.
func (b *bench) start(ctx context.Context) error {
	for _, r := range b.running {
		if err := r.serve(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

func (r *running) serve(ctx context.Context, b *bench) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	profiling, err := freePort()
	if err != nil {
		return err
	}
	r.addr, r.profiled = "127.0.0.1:"+port, "127.0.0.1:"+profiling
	r.process = r.contender.start(b.folder, b.postgres.url(r.database), r.addr)
	if b.profiles != "" {
		r.process.Env = append(r.process.Environ(), profileAddr+"="+r.profiled)
	}
	logs, err := os.Create(filepath.Join(b.folder, r.name+".log"))
	if err != nil {
		return err
	}
	defer logs.Close()
	r.process.Stdout, r.process.Stderr = logs, logs
	r.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := r.process.Start(); err != nil {
		return err
	}
	if err := r.answers(ctx); err != nil {
		said, _ := os.ReadFile(logs.Name())
		return fmt.Errorf("%w\n%s", err, said)
	}
	if r.ready != nil {
		return r.ready("http://"+r.addr, b.data)
	}
	return nil
}

// answers waits for an answer, of whatever status.
func (r *running) answers(ctx context.Context) error {
	var err error
	for range 3000 { // some fill tables of their own first
		var answer *http.Response
		if answer, err = http.Get("http://" + r.addr + "/"); err == nil {
			return answer.Body.Close()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

func (r *running) stop() {
	if r.process == nil || r.process.Process == nil {
		return
	}
	_ = syscall.Kill(-r.process.Process.Pid, syscall.SIGKILL)
	_ = r.process.Wait()
}

// requests are those of a workload; none where the contender cannot be asked it.
func (b *bench) requests(r *running, w workload) []request {
	var requests []request
	for _, q := range b.data.questions(w) {
		if asked := r.request(w, q); asked != nil {
			requests = append(requests, *asked)
		}
	}
	return requests
}

// samples are the requests of a workload whose answers are compared.
const samples = 20

// compare tells whether all contenders say the same.
func (b *bench) compare(ctx context.Context) error {
	for _, w := range b.workloads {
		var first []string
		for _, r := range b.running {
			said, err := b.ask(ctx, r, w)
			switch {
			case err != nil:
				return fmt.Errorf("%s %s: %w", w, r.name, err)
			case said == nil:
				continue
			case first == nil:
				first = said
			}
			for i := range said {
				if said[i] != first[i] {
					return fmt.Errorf("%s: answers differ\n%s", w, difference(b.running[0].name, first[i], r.name, said[i]))
				}
			}
		}
	}
	log.Print("all answers are the same")
	return nil
}

// difference shows where two texts part.
func difference(oneName, one, otherName, other string) string {
	at := 0
	for at < min(len(one), len(other)) && one[at] == other[at] {
		at++
	}
	around := func(text string) string { return text[max(0, at-100):min(len(text), at+100)] }
	return fmt.Sprintf("%s: …%s…\n%s: …%s…", oneName, around(one), otherName, around(other))
}

// ask gives the answers of a contender in the common form.
func (b *bench) ask(ctx context.Context, r *running, w workload) (texts []string, err error) {
	for i, asked := range b.requests(r, w) {
		if i == samples {
			break
		}
		body, err := send("http://"+r.addr, asked)
		if err != nil {
			return nil, err
		}
		said, err := r.read(w, body)
		if err == nil {
			err = said.complete(w)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s", err, body)
		}
		text, err := json.Marshal(said)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, ctx.Err()
}

// complete tells what an answer lacks. What differs from one comment made to the next is taken out of it.
func (a *answer) complete(w workload) error {
	if w == createComment {
		if a.Comment == nil || a.Comment.ID == "" || time.Since(a.Comment.CreatedAt).Abs() > time.Minute {
			return errors.New("no new comment")
		}
		a.Comment.ID, a.Comment.CreatedAt = "", time.Time{}
		return nil
	}
	if w == oneArticle && (len(a.Articles) != 1 || a.Articles[0].Body == "") {
		return errors.New("no article with its body")
	}
	if w != oneArticle && len(a.Articles) != pageSize {
		return fmt.Errorf("%d articles", len(a.Articles))
	}
	for i := range a.Articles {
		at := &a.Articles[i]
		at.CreatedAt, at.UpdatedAt = at.CreatedAt.UTC(), at.UpdatedAt.UTC()
		slices.Sort(at.Tags) // a set: not everybody can order them by name
		if len(at.Tags) != tagsEach || w == withComments && len(at.Comments) != firstOf {
			return fmt.Errorf("%s: %d tags, %d comments", at.Slug, len(at.Tags), len(at.Comments))
		}
		for i := range at.Comments {
			at.Comments[i].CreatedAt = at.Comments[i].CreatedAt.UTC()
		}
	}
	return nil
}

// profile writes CPU profiles of the contenders that have them, each under load.
func (b *bench) profile(ctx context.Context) error {
	if err := os.MkdirAll(b.profiles, 0o755); err != nil {
		return err
	}
	for _, w := range b.workloads {
		for _, r := range b.running {
			requests := b.requests(r, w)
			if requests == nil {
				continue
			}
			if _, err := b.load(ctx, r, requests, time.Second); err != nil {
				return err
			}
			fetched := make(chan error, 1)
			go func() {
				time.Sleep(200 * time.Millisecond)
				file := filepath.Join(b.profiles, strings.ToLower(string(w))+"-"+r.name+".pprof")
				fetched <- fetch(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", r.profiled, max(1, int(b.time.Seconds()))), file)
			}()
			m, err := b.measure(ctx, r, requests, b.time+time.Second)
			if err := errors.Join(err, <-fetched); err != nil {
				return err
			}
			log.Printf("%s %s: server %.0f µs, database %.0f µs a request", w, r.name, m.server, m.database)
		}
	}
	return nil
}

func fetch(url, file string) error {
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = to.ReadFrom(answer.Body)
	return errors.Join(err, to.Close())
}
