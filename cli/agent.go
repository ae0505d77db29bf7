package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/agent/install"
	"github.com/fettlehq/fettle/pipeline"
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
	broken := false
	for i, f := range files {
		verb := "write"
		switch {
		case f.Kept != "":
			fmt.Fprintf(s.out, "keep    %s: %s\n", f.Path, f.Kept)
			broken = broken || f.Broken
			continue
		case f.Same:
			verb = "same "
		}
		if !c.DryRun {
			if err := install.Write(c.Dir, f); err != nil {
				return fmt.Errorf("%w; %s was not written, nor what follows it: %s", err, f.Path, pathsOf(files[i+1:]))
			}
		}
		fmt.Fprintf(s.out, "%s   %s\n", verb, f.Path)
	}
	switch {
	case broken:
		return errProblems
	case c.DryRun:
		return nil
	}
	if err := pipeline.Comparable(c.Dir, "HEAD"); errors.Is(err, pipeline.ErrNoRevision) {
		s.notes([]string{fmt.Sprintf("%v: the texts end in fettle review --since HEAD, which compares with a commit; git init, git add and git commit make the first", err)})
	}
	_, err = fmt.Fprintln(s.out, "connect fettle mcp to the agent, and it has the same verbs as tools")
	return err
}

func pathsOf(files []install.File) string {
	var paths []string
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	return strings.Join(paths, ", ")
}
