package cli

import (
	"fmt"

	"github.com/fettlehq/fettle/pipeline"
)

type checkCommand struct {
	Dir    string `arg:"" optional:"" default:"." help:"Folder of the project." predictor:"dir"`
	Format string `enum:"text,json" default:"text" help:"How to print problems: text or json."`
}

// Help is an example.
func (checkCommand) Help() string { return "Example: fettle check examples/shop" }

// Run reports every mistake in a design.
func (c checkCommand) Run(s streams) error {
	checked, err := pipeline.Check(c.Dir)
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
