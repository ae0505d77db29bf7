package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/internal/child"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/pipeline"
)

// problems prints mistakes: as text to stderr, where the user reads, or as JSON to stdout, where a program does. It
// returns errProblems when there are any.
func (s streams) problems(format string, problems diag.List, texts map[string]string) error {
	switch {
	case format == "json":
		if err := diag.JSON(s.out, problems); err != nil {
			return err
		}
	case format == "sarif":
		if err := diag.SARIF(s.out, problems, version()); err != nil {
			return err
		}
	case len(problems) > 0:
		if err := diag.Text(s.err, problems, texts, colourful(s.err)); err != nil {
			return err
		}
		fmt.Fprintln(s.err, count(len(problems), "problem"))
	}
	if len(problems) > 0 {
		return errProblems
	}
	return nil
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// visible is a text that may come from anybody, for a terminal: what would move its cursor or turn its letters around is shown as it is
// spelled in Go.
func visible(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c == '\n' || c == '\t' || unicode.IsGraphic(c) {
			b.WriteRune(c)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
		}
	}
	return b.String()
}

// words prints what a model says, each line marked as its own.
func (s streams) words(text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fmt.Fprintf(s.out, "model: %s\n", strings.TrimRight(visible(line), "\r\n"))
	}
	fmt.Fprintln(s.out)
}

// notes prints what the user may want to know.
func (s streams) notes(notes []string) {
	for _, note := range notes {
		fmt.Fprintf(s.err, "%s %s\n", paint(s.err, dim, "note:"), note)
	}
}

// changes prints the files that are, or would be, written.
func (s streams) changes(changes []pipeline.Change) {
	for _, change := range changes {
		verb := "write "
		if change.Content == nil {
			verb = "remove"
		}
		fmt.Fprintf(s.out, "%s  %s\n", verb, change.Path)
	}
}

// broken prints what is wrong with the Go code of a service, and the methods to paste.
func (s streams) broken(b *pipeline.Built) error {
	err := s.problems("text", b.Problems, b.Texts)
	for _, stub := range b.Missing {
		fmt.Fprintf(s.err, "\n%s is not written yet; paste into %s:\n\n%s", stub.Name, stub.File, paint(s.err, cyan, stub.Text))
	}
	return err
}

// service builds a project's service and runs one of its commands in place of this tool.
func (s streams) service(ctx context.Context, dir string, m *model.Model, args ...string) error {
	built, err := pipeline.Build(ctx, dir, m)
	if err != nil {
		return err
	}
	if err := s.broken(built); err != nil {
		return err
	}
	if err := pipeline.Applied(dir); err != nil {
		return err
	}
	command := child.Command(ctx, built.Program, args...)
	command.Dir, command.Stdin, command.Stdout, command.Stderr = dir, s.in, s.out, s.err
	var ended *exec.ExitError
	switch err := command.Run(); {
	case errors.As(err, &ended) && ended.ExitCode() == foundProblems:
		return errProblems
	case err != nil:
		return fmt.Errorf("%s %s: %w", m.Name, args[0], err)
	}
	return nil
}

// The colours, as SGR parameters (ECMA-48).
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// paint colours text for a terminal.
func paint(w io.Writer, colour, text string) string {
	if !colourful(w) {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// colourful reports whether somebody looks at what is written and wants colour (no-color.org).
func colourful(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminalIn(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
