package cli

import (
	"fmt"

	"github.com/fettlehq/fettle/pipeline"
)

type generateCommand struct {
	Dir    string `arg:"" optional:"" default:"." help:"Folder of the project."`
	Format string `enum:"text,json" default:"text" help:"How to print problems: text or json."`
	Check  bool   `help:"Write nothing; exit 1 when something would be written."`
	Kit    string `placeholder:"DIR" help:"Folder of the runtime library, when it is not found."`
}

// Help is an example.
func (generateCommand) Help() string { return "Example: fettle generate examples/shop" }

// Run writes the service that a design describes.
func (c generateCommand) Run(s streams) error {
	g, err := pipeline.Generate(c.Dir, pipeline.Options{Kit: c.Kit})
	if err != nil {
		return err
	}
	if err := s.problems(c.Format, g.Problems, g.Texts); err != nil {
		return err
	}
	defer s.notes(g.Notes)
	if c.Check {
		if len(g.Changes) > 0 {
			s.changes(g.Changes)
			return errProblems
		}
		return nil
	}
	if err := g.Write(); err != nil {
		return err
	}
	if c.Format == "text" {
		s.changes(g.Changes)
		fmt.Fprintf(s.out, "%s: %s\n", c.Dir, summary(g))
	}
	return nil
}

// summary says in a line what a generation did.
func summary(g *pipeline.Generated) string {
	if len(g.Changes) == 0 {
		return "everything is up to date"
	}
	removed := 0
	for _, change := range g.Changes {
		if change.Content == nil {
			removed++
		}
	}
	text := count(len(g.Changes)-removed, "file") + " written"
	if removed > 0 {
		text += fmt.Sprintf(", %d removed", removed)
	}
	return text
}
