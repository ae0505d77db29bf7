package cli

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/recipe"
)

type addCommand struct {
	Recipe  string   `arg:"" optional:"" help:"What to add; without it, what there is."`
	Args    []string `arg:"" optional:"" help:"To what: types and fields of the design."`
	Project string   `default:"." placeholder:"DIR" help:"Folder of the project; an empty one begins with it."`
	Yes     bool     `short:"y" help:"Apply without asking."`
	DryRun  bool     `help:"Show the difference, and write nothing."`
	Format  string   `enum:"text,json" default:"text" help:"How to print problems: text or json."`
}

// Help is examples.
func (addCommand) Help() string {
	return "Examples:\n  fettle add registration\n  fettle add soft-delete Note\n  fettle add search Note.title Note.text --yes"
}

// Run changes the design by a recipe: shows the difference, checks, asks, applies.
func (c addCommand) Run(s streams) error {
	if c.Recipe == "" {
		return s.recipes()
	}
	e, err := pipeline.Add(c.Project, c.Recipe, c.Args)
	if err != nil {
		return err
	}
	if e.Hash == "" && len(e.Problems) == 0 {
		fmt.Fprintf(s.out, "%s: the design has it already\n", c.Recipe)
		s.notes(e.Applied)
		return nil
	}
	s.diff(e.Diff)
	if err := s.problems(c.Format, e.Problems, e.Texts); err != nil {
		if e.Hash != "" {
			fmt.Fprintln(s.err, "nothing was written: the design would have mistakes")
			if c.Recipe == "unique" && e.Reveals() {
				fmt.Fprintf(s.err, "where it may tell of them: fettle add unique %s reveals\n", strings.Join(c.Args, " "))
			}
		}
		return err
	}
	s.notes(e.Applied)
	s.follows(e)
	if c.DryRun {
		return nil
	}
	if err := s.agree(c.Yes, "apply this to the design?"); err != nil {
		return err
	}
	if err := e.Write(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: added; fettle generate writes what follows from it\n", c.Recipe)
	return err
}

// follows notes what will stand between a change of the design and its files.
func (s streams) follows(e *pipeline.Edited) {
	g, err := e.Generate(pipeline.Options{})
	if err != nil {
		s.notes([]string{"fettle generate will say: " + err.Error()})
		return
	}
	var notes []string
	for _, p := range g.Problems {
		note := fmt.Sprintf("fettle generate will say: %s [%s]", p.Message, p.Code)
		if p.Hint != "" {
			note += "; " + p.Hint
		}
		notes = append(notes, note)
	}
	s.notes(notes)
}

// recipes lists what can be added, and what waits.
func (s streams) recipes() error {
	for _, r := range recipe.Recipes {
		fmt.Fprintf(s.out, "%-14s %s\n%15s%s\n", r.Name, r.Title, "", paint(s.out, dim, r.Example))
	}
	fmt.Fprintln(s.out, "\nthere without being asked for:")
	for _, g := range recipe.Unsaid {
		fmt.Fprintf(s.out, "%-14s %s\n%15s%s\n", g.Name, g.Title, "", paint(s.out, dim, g.How))
	}
	fmt.Fprintln(s.out, "\nno recipe yet:")
	for _, w := range pipeline.WaitingRecipes() {
		state := "not built"
		if w.Built {
			state = "built: write it in the design"
		}
		fmt.Fprintf(s.out, "%-14s %s (%s)\n", w.Name, w.Title, state)
	}
	return nil
}

// diff prints a difference.
func (s streams) diff(text string) {
	for line := range strings.Lines(text) {
		colour := ""
		switch {
		case strings.HasPrefix(line, "diff "), strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
			colour = bold
		case strings.HasPrefix(line, "@@"):
			colour = cyan
		case strings.HasPrefix(line, "+"):
			colour = green
		case strings.HasPrefix(line, "-"):
			colour = red
		}
		body := visible(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
		if colour != "" {
			body = paint(s.out, colour, body)
		}
		fmt.Fprintln(s.out, body)
	}
}

// agree asks before something is applied. Where nobody can be asked, it is refused.
func (s streams) agree(yes bool, question string) error {
	if yes {
		return nil
	}
	if !isTerminalIn(s.in) {
		return errors.New("nothing was written: there is no terminal to ask at; --yes applies")
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(s.in).ReadString('\n')
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return errors.New("nothing was written")
	}
	return nil
}
