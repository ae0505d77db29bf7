package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"text/tabwriter"
)

// Main is the program of a service: it runs the command that args name, and returns the exit code. It ends gracefully on
// SIGINT and SIGTERM, and at once on the second of them.
func Main(service Service, args []string) (exit int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return Run(ctx, service, args, os.Getenv, os.Stdout, os.Stderr)
}

// The exit codes of Run.
const (
	exitOK      = 0
	exitProblem = 1 // what was asked for is wrong
	exitFailure = 2 // it could not run
)

// command is one thing that the program does.
type command struct {
	name, arguments, doc string
	run                  func(*program) error
}

// commands are all of them. The first runs when none is named.
func commands() []command {
	return []command{
		{"serve", "", "answer requests until SIGTERM", (*program).serve},
		{"migrate", "", "bring the database to this version's tables, and tell what was done", (*program).migrate},
		{"seed", "", "fill a fresh database", (*program).seed},
		{"explain", "plan [--as ACCOUNT] [--in TENANT] 'QUERY'", "show the SQL of a GraphQL query, and how the database runs it", (*program).explain},
		{"explain", "access [--as LOGIN] [--in TENANT] [--input JSON] [--format json] VERB ENTITY/KEY", "tell which rules let an account do that, and which do not", (*program).explain},
		{"version", "", "tell what was built", (*program).version},
		{"help", "", "tell this", (*program).help},
	}
}

// program is one run of the service's program.
type program struct {
	ctx            context.Context
	service        Service
	args           []string // after the command
	env            func(string) string
	stdout, stderr io.Writer
}

// problemError is an error in what was asked for, not in how it ran.
type problemError struct{ error }

// Run is Main with everything that it takes from the process.
func Run(ctx context.Context, service Service, args []string, env func(string) string, stdout, stderr io.Writer) (exit int) {
	p := &program{ctx: ctx, service: service, env: env, stdout: stdout, stderr: stderr}
	chosen, err := p.choose(args)
	if err == nil {
		err = chosen.run(p)
	}
	switch wrong := (problemError{}); {
	case err == nil:
		return exitOK
	case errors.As(err, &wrong):
		exit = exitProblem
	default:
		exit = exitFailure
	}
	fmt.Fprintf(stderr, "%s: %v\n", service.Name, err)
	return exit
}

func (p *program) choose(args []string) (command, error) {
	all := commands()
	if len(args) == 0 {
		return all[0], nil
	}
	name := args[0]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-version", "--version":
		name = "version"
	}
	for _, c := range all {
		if c.name != name {
			continue
		}
		p.args = args[1:]
		if c.arguments == "" && len(p.args) > 0 {
			return c, fmt.Errorf("%s: takes no arguments, not %q", c.name, p.args[0])
		}
		return c, nil
	}
	return command{}, fmt.Errorf("no command %q: see %s help", name, p.service.Name)
}

// serve listens, prepares, tells that it is ready, and answers until the context ends.
func (p *program) serve() error {
	config, err := ReadConfig(p.service.Name, p.env)
	if err != nil {
		return err
	}
	l, inherited, err := listen(config, p.env)
	if err != nil {
		return err
	}
	defer l.Close()
	config.reachedAt(l.Addr().String())
	s, err := p.server(config)
	if err != nil {
		return err
	}
	if err := s.checkTables(p.ctx); err != nil {
		return errors.Join(err, s.Close())
	}
	stopMetrics, err := s.serveMetrics(p.ctx)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	if !inherited {
		fmt.Fprintf(p.stdout, "listening on http://%s\n", browsable(l.Addr().String()))
	}
	if err := tellReady(p.env); err != nil {
		s.log.WarnContext(p.ctx, "not told that it is ready", "error", err)
	}
	release := keepHeadroom(p.env)
	err = s.serve(p.ctx, l, inherited)
	release()
	stopMetrics()
	return errors.Join(err, s.Close())
}

// server makes as much of the server as steps do. Its log becomes the process's own, so that what business code logs carries
// the trace too.
func (p *program) server(config Config, steps ...func(*Server, context.Context) error) (*Server, error) {
	config.Logs = p.stderr
	slog.SetDefault(newLog(p.service, config))
	if steps == nil {
		return New(p.ctx, p.service, config)
	}
	return build(p.ctx, p.service, config, steps...)
}

// with calls do with as much of a server as steps make.
func (p *program) with(do func(*Server) error, steps ...func(*Server, context.Context) error) error {
	config, err := ReadConfig(p.service.Name, p.env)
	if err != nil {
		return err
	}
	s, err := p.server(config, steps...)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

func (p *program) migrate() error {
	return p.with(func(s *Server) error {
		applied, err := s.Migrate(p.ctx)
		for _, a := range applied {
			fmt.Fprintf(p.stdout, "applied %s in %v\n", a.File, a.Duration)
		}
		if err == nil && len(applied) == 0 {
			fmt.Fprintln(p.stdout, "nothing to apply")
		}
		return err
	}, (*Server).openDatabase)
}

func (p *program) version() error {
	fmt.Fprintln(p.stdout, p.service.Name, version())
	return nil
}

// version is what go build recorded: the module's version and the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	text := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && !strings.Contains(text, s.Value[:min(12, len(s.Value))]) {
			text += " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return text
}

func (p *program) help() error {
	fmt.Fprintf(p.stdout, "%s serves the backend %q.\n\nUsage: %s [command]\n\n", p.service.Name, p.service.Name, p.service.Name)
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(table, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.arguments), c.doc)
	}
	fmt.Fprintf(table, "\nEnvironment:\n")
	for _, s := range settings() {
		empty := strings.ReplaceAll(s.empty, "NAME", p.service.Name)
		if empty != "" {
			empty = " (" + empty + ")"
		}
		fmt.Fprintf(table, "  %s\t%s%s\n", s.name, s.doc, empty)
	}
	fmt.Fprintf(table, "\nExample:\n  ADDR=127.0.0.1:9000 LOG_LEVEL=debug %s\n", p.service.Name)
	return table.Flush()
}
