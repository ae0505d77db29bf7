// Package dev runs a service while its design and code are being edited.
//
//	save ─▶ watch ─▶ generate ─▶ build ─▶ start on the same socket ─▶ ready ─▶ end the old one
//
// The listening socket is held here and inherited by each version of the service, so no request is refused between two
// versions. A mistake anywhere on the way is told, and the last good version keeps serving. What is told is shown by a
// Screen; this package prints nothing.
package dev

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/pipeline"
)

// Options are the choices of a run.
type Options struct {
	Dir    string
	Addr   string    // to listen on: "127.0.0.1:8080"; port 0 takes a free one
	Kit    string    // folder of the runtime library; empty to find it
	Env    []string  // "KEY=value", for the service
	Output io.Writer // what the service writes
}

// Screen shows what happens. Its methods are called by one goroutine at a time.
type Screen interface {
	Working(on string)                                    // "building shop"; until the next call of any method
	Generated(g *pipeline.Generated)                      // files were written
	Problems(problems diag.List, texts map[string]string) // the design has mistakes
	Broken(b *pipeline.Built)                             // the code has mistakes
	Failed(err error)                                     // the version could not be built or started
	Serving(service, url string, took time.Duration)      // a version answers, so long after the save
}

// Run serves until ctx ends. It fails only when it cannot begin: no socket, no folder.
func Run(ctx context.Context, o Options, screen Screen) error {
	socket, err := listen(o.Addr)
	if err != nil {
		return err
	}
	defer socket.Close()
	w, err := newWatch(o.Dir)
	if err != nil {
		return err
	}
	defer w.Close()
	s := &session{options: o, screen: screen, socket: socket, watch: w, design: true}
	defer s.end()
	s.follow(ctx)
	return nil
}

// session is one run.
type session struct {
	options Options
	screen  Screen
	socket  *socket
	watch   *watch

	design  bool         // whether the design must be read again
	model   *model.Model // of the last design that was well
	running *process
	ended   []*process // that are draining
}

// follow turns saves into versions. A save during a turn begins the turn anew.
func (s *session) follow(ctx context.Context) {
	for ctx.Err() == nil {
		turn, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.turn(turn, time.Now())
		}()
		saved := s.wait(ctx, done)
		cancel()
		<-done
		s.note(saved)
	}
}

// wait returns when there is reason for another turn: files were saved, or a version that had been serving ended.
func (s *session) wait(ctx context.Context, done <-chan struct{}) (saved []string) {
	var crashed <-chan struct{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case saved := <-s.watch.saved:
			return saved
		case <-done:
			done = nil
			if s.running != nil {
				crashed = s.running.exited
			}
		case <-crashed:
			crashed = nil
			p := s.running
			s.running = nil
			s.screen.Failed(p.failure(s.model.Name + " ended"))
			if p.age() > 5*time.Second { // else it would only end again
				return nil
			}
		}
	}
}

// note remembers what the next turn must do for the sake of saved files.
func (s *session) note(paths []string) {
	for _, path := range paths {
		if filepath.Ext(path) == ".graphql" || strings.HasSuffix(path, ".gen.go") || filepath.Ext(path) == ".sql" || filepath.Base(path) == "go.mod" {
			s.design = true
		}
	}
}

// turn makes a version of what is on disk and lets it take over. It gives up, having told why, at the first stage that
// does not succeed, or when ctx ends.
func (s *session) turn(ctx context.Context, saved time.Time) {
	if s.design && !s.generate(ctx) {
		return
	}
	program, ok := s.build(ctx)
	if !ok {
		return
	}
	if err := pipeline.Applied(s.options.Dir); err != nil {
		s.screen.Failed(err)
		return
	}
	next, err := start(ctx, program, s.model.Name, s.socket, s.options)
	if err != nil {
		if ctx.Err() == nil {
			s.screen.Failed(err)
		}
		return
	}
	before := s.running
	s.running = next
	if before != nil {
		before.end()
		s.ended = append(s.ended, before)
		select { // until then, a connection that was kept open may still be answered by it
		case <-before.exited:
		case <-time.After(drained):
		case <-ctx.Done():
		}
	}
	s.screen.Serving(s.model.Name, s.socket.url(), time.Since(saved))
}

// drained is how long the version before is waited for: a service gives kept connections half a second.
const drained = 700 * time.Millisecond

// generate brings the files of the service up to its design.
func (s *session) generate(ctx context.Context) bool {
	s.screen.Working("checking the design")
	g, err := pipeline.Generate(s.options.Dir, pipeline.Options{Kit: s.options.Kit})
	if err != nil {
		s.screen.Failed(err)
		return false
	}
	if len(g.Problems) > 0 {
		s.screen.Problems(g.Problems, g.Texts)
		return false
	}
	s.watch.expect(g.Changes)
	if err := g.Write(); err != nil {
		s.screen.Failed(err)
		return false
	}
	s.model, s.design = g.Model, false
	s.screen.Generated(g)
	return ctx.Err() == nil
}

func (s *session) build(ctx context.Context) (program string, ok bool) {
	s.screen.Working("building " + s.model.Name)
	b, err := pipeline.Build(ctx, s.options.Dir, s.model)
	switch {
	case ctx.Err() != nil:
		return "", false
	case err != nil:
		s.screen.Failed(err)
		return "", false
	case len(b.Problems) > 0:
		s.screen.Broken(b)
		return "", false
	}
	return b.Program, true
}

// end lets every version answer what it has begun.
func (s *session) end() {
	if s.running != nil {
		s.running.end()
		s.ended = append(s.ended, s.running)
	}
	for _, p := range s.ended {
		<-p.exited
	}
}
