// Package cli is the command line.
//
//	arguments ─▶ a command ─▶ one function of pipeline ─▶ text or JSON, and an exit code
//
// One file a command. A command parses what it was given, calls pipeline and prints the result; it decides nothing
// about backends. Results go to stdout; what went wrong, and progress, go to stderr, lower case, without a full stop.
// Colour and progress appear only on a terminal, and never where NO_COLOR is set.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/fettlehq/fettle/pipeline/vet"
)

// The exit codes.
const (
	wentWell      = 0
	foundProblems = 1
	couldNotRun   = 2
)

// errProblems ends a command that has shown the problems it found.
var errProblems = errors.New("problems found")

// commands are what the tool can do, in the order that users see them.
type commands struct {
	New      newCommand      `cmd:"" help:"Start a backend of your own."`
	Check    checkCommand    `cmd:"" help:"Report every mistake in a design."`
	Add      addCommand      `cmd:"" help:"Change the design by a recipe: registration, soft deletion, search and more."`
	Do       doCommand       `cmd:"" help:"Do what you say in words: shows its plan first, and guesses nothing."`
	Generate generateCommand `cmd:"" help:"Write the service that a design describes."`
	Dev      devCommand      `cmd:"" help:"Run the service, and follow every saved change."`
	Seed     seedCommand     `cmd:"" help:"Fill the database with the rows that the service has for a beginning."`
	Test     testCommand     `cmd:"" help:"Test the service: what its design promises, and what the team wrote."`
	Migrate  migrateCommand  `cmd:"" help:"Write the migration that a changed design needs."`
	Review   reviewCommand   `cmd:"" help:"Find the faults of a backend that you did not write here."`
	Assess   assessCommand   `cmd:"" help:"Tell the architecture of a backend, what to improve first, and how to add code."`
	Explain  explainCommand  `cmd:"" help:"Show the SQL of a query, why a row is seen, or what a problem's code means."`
	Optimize optimizeCommand `cmd:"" help:"Find what makes a database slow, and prove what would help."`
	MCP      mcpCommand      `cmd:"" name:"mcp" help:"Serve what an agent needs to work on a backend, over the Model Context Protocol."`
	Agent    agentCommand    `cmd:"" help:"Make a coding agent a backend engineer of this project."`
	Approve  approveCommand  `cmd:"" help:"Let a plan of an agent that loses data be carried out."`
	Eject    ejectCommand    `cmd:"" help:"Make a project independent of this tool."`
	Version  versionCommand  `cmd:"" help:"Show the version."`
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// negative is an argument that is taken for a flag.
var negative = regexp.MustCompile(`^-[0-9]`)

// Do runs the tool with the given arguments and returns its exit code: 0, 1 where it found problems, 2 where it could
// not run.
func Do(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if vet.Asked(args) {
		vet.Main() // go vet -vettool=fettle: ends the process
	}
	var asked commands
	exited := -1
	parser, err := kong.New(&asked,
		kong.Name("fettle"),
		kong.Description("Describe a backend once; get the Go service that you would have written."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.UsageOnError(),
	)
	if err != nil {
		panic(fmt.Sprintf("commands: %v", err)) // they are part of the program
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help
		return exited
	case err != nil:
		fmt.Fprintf(stderr, "fettle: %v\n", err)
		if slices.ContainsFunc(args, negative.MatchString) && !strings.Contains(err.Error(), "perhaps try") { // of a flag the parser has said how
			fmt.Fprintln(stderr, "        hint: a value that begins with - comes behind --, with what follows it: fettle add -- bounds Product.stock -5..3")
		}
		return couldNotRun
	}
	ctx := context.Background()
	if !onlyReads(parsed.Selected()) {
		heard, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(heard, stop) // a second signal ends the tool at once
		ctx = heard
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	switch err := parsed.Run(streams{stdin, stdout, stderr}); {
	case err == nil:
		return wentWell
	case errors.Is(err, errProblems):
		return foundProblems
	default:
		fmt.Fprintf(stderr, "fettle: %v\n", err)
		return couldNotRun
	}
}

// onlyReads reports whether a command only reads until it prints. A signal ends it there and then.
func onlyReads(command *kong.Node) bool {
	switch c := command.Target.Interface().(type) {
	case reviewCommand:
		return !c.Fix
	case assessCommand, checkCommand:
		return true
	}
	return false
}
