package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/fettlehq/fettle/agent/loop"
	"github.com/fettlehq/fettle/agent/tool"
	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/review/report"
)

// modelKey is the setting that holds the secret of a model. It is read from nowhere else.
const modelKey = "FETTLE_MODEL_KEY"

// withModel lets a model edit the design, and then does what is done without one: shows, checks, asks, writes, generates, tests
// and reviews.
func (c doCommand) withModel(ctx context.Context, s streams) error {
	staged, err := pipeline.Open(c.Project)
	if err != nil {
		return err
	}
	p := &tool.Project{Dir: c.Project, Database: c.database(staged.Model), Kit: c.Kit, Meaning: meaning, Staged: staged}
	var came tool.Outcome
	tell := func(line string) { fmt.Fprintf(s.err, "%s %s\n", paint(s.err, dim, "model:"), visible(line)) }
	ended, err := loop.Run(ctx, p, loop.Options{
		URL: c.Model, Model: c.ModelName, Key: os.Getenv(modelKey),
		Tell: tell,
		Try: func(ctx context.Context) (wrong string, err error) {
			if p.Staged.Hash != "" {
				tell("what it made is generated, compiled, tested and reviewed in a copy, which may take minutes")
			}
			came, err = p.Try(ctx)
			return came.Wrong, err
		},
	}, c.Request)
	var unmended *loop.Unmended
	switch {
	case errors.As(err, &unmended):
		s.words(unmended.Words)
		s.diff(p.Staged.Diff)
		fmt.Fprintf(s.out, "%s\n%v; nothing was written\n", visible(unmended.Wrong), unmended)
		return errProblems
	case err != nil:
		s.diff(p.Staged.Diff) // what it had made is shown, so that it can be made again
		return fmt.Errorf("%w; nothing was written", err)
	}
	s.words(ended.Words)
	if p.Staged.Hash == "" {
		fmt.Fprintln(s.out, "nothing changes")
		if len(ended.Refused) > 0 {
			fmt.Fprintf(s.err, "%s did not do what the model wanted: its calls above were refused or not taken\n", strings.Join(ended.Refused, ", "))
			return errors.Join(errProblems, s.problems("text", p.Staged.Problems, p.Staged.Texts))
		}
		return s.problems("text", p.Staged.Problems, p.Staged.Texts)
	}
	if came.Left > 0 {
		fmt.Fprintf(s.out, "tried in a copy: %s of business code left to write before it can be tested\n", count(came.Left, "method"))
	} else {
		fmt.Fprintf(s.out, "tried in a copy: %s passed, no finding\n", count(came.Passed, "test"))
	}
	return c.apply(ctx, s, p.Staged)
}

// proven ends what was done with what can be known of it: the design checks, the tests that follow from it and the team's pass,
// and review finds nothing in what has changed.
func (c doCommand) proven(ctx context.Context, s streams) error {
	checked, err := pipeline.Check(c.Project)
	if err != nil {
		return err
	}
	if err := s.problems("text", checked.Problems, checked.Texts); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "check: no problem")
	failed := s.tested(ctx, c.Project)
	if failed != nil && !errors.Is(failed, errProblems) {
		return failed
	}
	return errors.Join(failed, c.reviewed(s))
}

// reviewed tells what is wrong with what has changed since the last commit; with all of it, where there is none.
func (c doCommand) reviewed(s streams) error {
	of := "what changed since HEAD"
	found, err := pipeline.Review(c.Project, pipeline.ReviewOptions{Since: "HEAD", Cache: pipeline.CacheFolder()})
	if errors.Is(err, pipeline.ErrNoRevision) {
		of = "all of it, for want of a commit to compare with"
		found, err = pipeline.Review(c.Project, pipeline.ReviewOptions{Cache: pipeline.CacheFolder()})
	}
	if err != nil {
		return err
	}
	if err := report.Text(s.out, found.Findings, colourful(s.out)); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "review: %s in %s\n", count(len(found.Findings), "finding"), of)
	if len(found.Findings) > 0 {
		return errProblems
	}
	return nil
}

// apply shows a difference and what follows from it, asks, edits the design, generates the service and proves it.
func (c doCommand) apply(ctx context.Context, s streams, e *pipeline.Edited) error {
	s.diff(e.Diff)
	if err := s.problems("text", e.Problems, e.Texts); err != nil {
		return err
	}
	g, err := e.Generate(pipeline.Options{Kit: c.Kit, AcceptLoss: true})
	if err != nil {
		return err
	}
	if err := s.problems("text", g.Problems, g.Texts); err != nil {
		fmt.Fprintln(s.err, "nothing was written: the service could not be generated")
		return err
	}
	for _, step := range g.Migration.Steps {
		fmt.Fprintf(s.out, "migration: %s\n", step.Text)
	}
	for _, loss := range g.Migration.Losses {
		fmt.Fprintf(s.out, "loses data: %s\n", loss.Text)
	}
	fmt.Fprintf(s.out, "%s to write\n", count(len(g.Changes), "file"))
	if c.DryRun {
		return nil
	}
	if err := c.agree(s, len(g.Migration.Losses) > 0); err != nil {
		return err
	}
	if err := e.Write(); err != nil {
		return err
	}
	written, err := pipeline.Generate(c.Project, pipeline.Options{Kit: c.Kit, AcceptLoss: len(g.Migration.Losses) > 0})
	if err != nil {
		return err
	}
	if err := s.problems("text", written.Problems, written.Texts); err != nil {
		return err
	}
	if err := written.Write(); err != nil {
		return errors.Join(errors.New("the design is written, its service is not"), err)
	}
	fmt.Fprintf(s.out, "%s: done; %s. fettle dev %[1]s runs it\n", c.Project, summary(written))
	return c.proven(ctx, s)
}

// agree asks whether what was shown is to be done. Data is lost only where somebody says so: at a terminal, or by --accept-loss; --yes
// does not.
func (c doCommand) agree(s streams, loses bool) error {
	switch {
	case !loses:
		return s.agree(c.Yes, "do this?")
	case c.AcceptLoss:
		return s.agree(c.Yes, "do this, and lose that data?")
	case c.Yes || !isTerminalIn(s.in):
		return errors.New("nothing was written: it would lose the data that is named above; --accept-loss does it all the same")
	}
	return s.agree(false, "do this, and lose that data?")
}
