package cli

import (
	"fmt"

	"github.com/fettlehq/fettle/pipeline"
)

type newCommand struct {
	Dir    string `arg:"" help:"Folder to make; its name becomes the backend's."`
	Module string `placeholder:"PATH" help:"Go module; example.com/NAME unless given."`
	Kit    string `placeholder:"DIR" help:"Folder of the runtime library, when it is not found."`
}

// Help is an example.
func (newCommand) Help() string { return "Example: fettle new shop2" }

// Run starts a project with a small design.
func (c newCommand) Run(s streams) error {
	g, err := pipeline.New(c.Dir, c.Module, c.Kit)
	if err != nil {
		return err
	}
	s.notes(g.Notes)
	_, err = fmt.Fprintf(s.out, `%s: %d files written

  fettle dev %[1]s          runs it
  %[1]s/design/*.graphql    is what you edit; everything else follows
`, c.Dir, len(g.Changes))
	return err
}
