package cli

import (
	"fmt"

	"github.com/fettlehq/fettle/agent/install"
)

type agentCommand struct {
	Install agentInstall `cmd:"" help:"Write what coding agents read: a backend engineer, AGENTS.md and skills."`
}

type agentInstall struct {
	Dir    string `arg:"" optional:"" default:"." help:"Folder of the project."`
	For    string `enum:"claude,cursor,codex,generic" default:"generic" help:"Whose folders: claude, cursor, codex or generic."`
	DryRun bool   `help:"Say what would be written, and write nothing."`
}

// Help is an example.
func (agentInstall) Help() string {
	return "What your team writes around our part of a file is kept.\n\nExample: fettle agent install --for claude"
}

// Run writes the files for an agent.
func (c agentInstall) Run(s streams) error {
	files, err := install.Plan(c.Dir, c.For)
	if err != nil {
		return err
	}
	for _, f := range files {
		switch {
		case f.Kept != "":
			fmt.Fprintf(s.out, "keep    %s: %s\n", f.Path, f.Kept)
		case f.Same:
			fmt.Fprintf(s.out, "same    %s\n", f.Path)
		default:
			fmt.Fprintf(s.out, "write   %s\n", f.Path)
		}
	}
	if c.DryRun {
		return nil
	}
	if err := install.Write(c.Dir, files); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "connect fettle mcp to the agent, and it has the same verbs as tools")
	return err
}
