package cli

import (
	"fmt"

	"github.com/fettlehq/fettle/pipeline"
)

type ejectCommand struct {
	Dir string `arg:"" optional:"" default:"." help:"Folder of the project."`
	Kit string `placeholder:"DIR" help:"Folder of the runtime library, when it is not found."`
}

// Help is an example, with what it does.
func (ejectCommand) Help() string {
	return `The generated code becomes yours, and the runtime library is copied into the project, as a folder kit with a
module of its own. There is no way back but version control.

Example: fettle eject shop2`
}

// Run makes a project independent of this tool.
func (c ejectCommand) Run(s streams) error {
	e, err := pipeline.Eject(c.Dir, c.Kit)
	if err != nil {
		return err
	}
	if err := s.problems("text", e.Problems, e.Texts); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: ejected; %d files of the runtime library are in kit, build with go build ./...\n", c.Dir, e.Copied)
	return err
}
