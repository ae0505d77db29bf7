package cli

import (
	"errors"
	"fmt"

	"github.com/fettlehq/fettle/agent/tool"
)

type approveCommand struct {
	Hash string `arg:"" help:"Hash of the plan, as the agent tells it."`
	Dir  string `arg:"" optional:"" default:"." help:"Folder of the project."`
}

// Help is an example.
func (approveCommand) Help() string {
	return "Only at a terminal: an agent cannot approve its own plan.\n\nExample: fettle approve 0123456789abcdef"
}

// Run lets a plan that loses data be carried out, once.
func (c approveCommand) Run(s streams) error {
	text, err := tool.Waiting(c.Dir, c.Hash)
	if err != nil {
		return err
	}
	if !isTerminalIn(s.in) {
		return errors.New("a plan is approved at a terminal, by a person")
	}
	fmt.Fprint(s.out, text)
	if err := s.agree(false, "let this be done, although data is lost?"); err != nil {
		return err
	}
	if err := tool.Approve(c.Dir, c.Hash); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "approved, once")
	return err
}
