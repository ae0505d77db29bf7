package cli

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/agent/tool"
)

type approveCommand struct {
	Hash string `arg:"" help:"Hash of the plan, as the agent tells it."`
	Dir  string `arg:"" optional:"" default:"." help:"Folder of the project."`
}

// Help is an example.
func (approveCommand) Help() string {
	return "Only at a terminal, by a person: no tool of fettle mcp gives it, and an agent that has a shell is told not to. What it\nprotects from and what not: doc/decisions/0054-approvals.md\n\nExample: fettle approve 0123456789abcdef"
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
	fmt.Fprintf(s.err, "data is lost. To let this be done, type %s: ", c.Hash)
	if typed, _ := bufio.NewReader(s.in).ReadString('\n'); strings.TrimSpace(typed) != c.Hash {
		return errors.New("nothing was approved: that is not its hash")
	}
	if err := tool.Approve(c.Dir, c.Hash, text); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "approved, once")
	return err
}
