package dev

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/fettlehq/fettle/internal/child"
)

// How long a service may take to become ready, migrations included, and to answer what it has begun.
const (
	readyWithin = 2 * time.Minute
	endWithin   = 30 * time.Second
)

// process is a version of the service that runs.
type process struct {
	command *exec.Cmd
	started time.Time
	exited  chan struct{} // closed when it has ended
	err     error         // how it ended; read only once exited is closed
}

// start runs a program on the socket and returns once it answers requests. It is ended when it does not get there, or
// when ctx ends first.
func start(ctx context.Context, program, service string, socket *socket, o Options) (*process, error) {
	ready, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ready.Close()
	// Not ctx: the process lives on when the turn that started it is over.
	command := child.Command(context.Background(), program)
	command.Dir = o.Dir
	command.Env = environment(socket, o.Env)
	command.ExtraFiles = []*os.File{socket.file, tell} // descriptors 3 and 4
	command.Stdout, command.Stderr = o.Output, o.Output
	p := &process{command: command, started: time.Now(), exited: make(chan struct{})}
	err = command.Start()
	tell.Close()
	if err != nil {
		return nil, err
	}
	go func() {
		p.err = command.Wait()
		close(p.exited)
	}()
	told := make(chan bool, 1)
	go func() {
		line, _ := bufio.NewReader(ready).ReadString('\n')
		told <- strings.TrimSpace(line) == "READY"
	}()
	select {
	case ok := <-told:
		if ok {
			return p, nil
		}
		p.end()
		<-p.exited
		return nil, p.failure(service + " ended before it was ready")
	case <-time.After(readyWithin):
		err = fmt.Errorf("%s: not ready after %v", service, readyWithin)
	case <-ctx.Done():
		err = ctx.Err()
	}
	child.Kill(command)
	<-p.exited
	return nil, err
}

// environment is what a service is told: where it listens, and what the user says.
func environment(socket *socket, extra []string) []string {
	env := []string{"ADDR=" + socket.addr(), "PUBLIC_URL=" + socket.url()}
	for _, setting := range os.Environ() {
		if key, _, _ := strings.Cut(setting, "="); key != "ADDR" && key != "LISTEN_PID" && key != "LISTEN_FDNAMES" {
			env = append(env, setting)
		}
	}
	return append(append(env, extra...), "LISTEN_FDS=1", "READY_FD=4")
}

// end asks the process to answer what it has begun, and to end. It returns at once; exited tells when that is done.
func (p *process) end() {
	child.End(p.command)
	go func() {
		select {
		case <-p.exited:
		case <-time.After(endWithin):
			child.Kill(p.command)
		}
	}()
}

func (p *process) age() time.Duration { return time.Since(p.started) }

// failure tells how an ended process ended.
func (p *process) failure(what string) error {
	if p.err == nil {
		return errors.New(what)
	}
	return fmt.Errorf("%s: %w", what, p.err)
}
