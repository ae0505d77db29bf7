package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fettlehq/fettle/pipeline"
)

type testCommand struct {
	Dir string `arg:"" optional:"" default:"." help:"Folder of the project." predictor:"dir"`
}

// Help is an example.
func (testCommand) Help() string {
	return "app/design_test.go holds what the design promises: who may see and write what, what is refused, how people register.\n\nExample: fettle test examples/shop"
}

// Run tests a project: what follows from its design, and what the team wrote.
func (c testCommand) Run(ctx context.Context, s streams) error {
	return s.tested(ctx, c.Dir)
}

// tested runs the tests of a project and tells what failed.
func (s streams) tested(ctx context.Context, dir string) error {
	t, err := pipeline.Test(ctx, dir)
	if err != nil {
		return err
	}
	if err := s.problems("text", t.Problems, t.Texts); err != nil {
		return err
	}
	if t.Built != nil {
		err := s.problems("text", t.Built.Problems, t.Built.Texts)
		for _, stub := range t.Built.Missing {
			fmt.Fprintf(s.err, "%s is not written yet; paste into %s:\n\n%s\n", stub.Name, stub.File, stub.Text)
		}
		return err
	}
	for _, failure := range t.Failed {
		fmt.Fprintf(s.out, "%s %s\n", paint(s.out, red, "failed"), failure.Test)
		for line := range strings.Lines(failure.Output) {
			fmt.Fprintf(s.out, "  %s\n", strings.TrimRight(line, "\n"))
		}
	}
	fmt.Fprintf(s.out, "tests: %d passed, %d failed, in %s\n", t.Passed, len(t.Failed), t.Took.Round(100*time.Millisecond))
	if len(t.Failed) > 0 {
		return errProblems
	}
	return nil
}
