package cli

import (
	"fmt"

	"github.com/fettlehq/fettle/pipeline"
)

type checkCommand struct {
	Dir     string `arg:"" optional:"" default:"." help:"Folder of the project." predictor:"dir"`
	Format  string `enum:"text,json,sarif" default:"text" help:"How to print problems: text, json or sarif."`
	Against string `help:"Report also what breaks clients of the contracts that this revision of git has." placeholder:"REVISION"`
}

// Help is an example.
func (checkCommand) Help() string {
	return "Examples:\n  fettle check examples/shop\n  fettle check --against origin/main"
}

func (c checkCommand) check() (*pipeline.Checked, error) {
	if c.Against != "" {
		return pipeline.CheckAgainst(c.Dir, c.Against)
	}
	return pipeline.Check(c.Dir)
}

// Run reports every mistake in a design.
func (c checkCommand) Run(s streams) error {
	checked, err := c.check()
	if err != nil {
		return err
	}
	if err := s.problems(c.Format, checked.Problems, checked.Texts); err != nil {
		return err
	}
	if c.Format == "text" {
		fmt.Fprintf(s.out, "%s: %s, no problem\n", c.Dir, count(len(checked.Texts), "file"))
	}
	s.notes(checked.Notes)
	return nil
}
