package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/recipe"
)

type doCommand struct {
	Request    string `arg:"" help:"What you want, in words."`
	Project    string `default:"." placeholder:"DIR" help:"Folder of the project; an empty one begins with it."`
	Yes        bool   `short:"y" help:"Apply without asking."`
	DryRun     bool   `help:"Show what would be done, and write nothing."`
	Database   string `env:"DATABASE_URL" placeholder:"URL" help:"The database in which something is slow; it is only read."`
	Clone      string `placeholder:"URL" help:"A copy of that database that may be changed: what is advised is measured there. SQLite needs none."`
	As         string `placeholder:"ACCOUNT" help:"For whom something is slow: how an account signs in, or its id."`
	Model      string `placeholder:"URL" help:"Let this model do it with the same verbs as its tools: https://api.anthropic.com/v1/messages, as any path that ends in /messages, is spoken to in Anthropic's form; any other, such as http://localhost:11434/v1, in OpenAI's. FETTLE_MODEL_KEY holds its key. Nothing is sent without this."`
	ModelName  string `placeholder:"NAME" help:"Name of the model at that address."`
	AcceptLoss bool   `help:"Do it although it loses data; what is lost is shown before anything is written."`
	Kit        string `placeholder:"DIR" help:"Folder of the runtime library, when it is not found."`
}

// Help is examples.
func (doCommand) Help() string {
	return "Without --model no model reads it, and nothing is guessed: what is not understood is told, with what is. Data is lost only where\n" +
		"--accept-loss is said, or yes at a terminal. Exit code 1: there is something to mend or to make faster; 2: nothing was done.\n\nExamples:\n" +
		"  fettle do \"Create a user registration endpoint with email verification\"\n" +
		"  fettle do \"The user list query is taking too long, can you help optimize it?\" --database postgres://app@localhost/shop"
}

// Run does what was asked for in words.
func (c doCommand) Run(ctx context.Context, s streams) error {
	if c.Model != "" {
		return c.withModel(ctx, s)
	}
	d, err := pipeline.Do(c.Project, c.Request)
	if err != nil {
		return err
	}
	if err := s.problems("text", d.Problems, d.Texts); err != nil {
		return err
	}
	r := d.Request
	switch {
	case r.Against != "":
		fmt.Fprintf(s.err, "%q: no recipe takes something away, and a question is no wish: say what there is to be, or edit design/*.graphql\n", r.Against)
		return errors.New("nothing was done: the request may mean the opposite of what its other words name")
	case len(r.Missing) > 0:
		for _, missing := range r.Missing {
			fmt.Fprintln(s.err, missing)
		}
		return errors.New("nothing was done: the request leaves open what it is about")
	case len(r.Recipes) > 0 && len(r.Unread) > 0:
		fmt.Fprintf(s.err, "these words are not understood: %s; what is understood:\n", strings.Join(r.Unread, ", "))
		for _, step := range d.Steps {
			fmt.Fprintf(s.err, "  %s --project %s\n", step, c.Project)
		}
		s.waits(r.Waits)
		return errors.New("nothing was done: say it without those words, or run what is understood")
	case len(r.Recipes) > 0:
		return c.edit(ctx, s, d)
	case r.Verb != nil:
		return c.verb(s, r.Verb)
	case r.Faster:
		return c.faster(ctx, s, d)
	case len(r.Given) > 0:
		s.given(r.Given)
		s.waits(r.Waits)
		fmt.Fprintln(s.out, "nothing changes")
		return nil
	case len(r.Waits) > 0:
		s.waits(r.Waits)
		return errProblems
	}
	fmt.Fprintln(s.err, "this is not understood; what is:")
	for _, one := range recipe.Recipes {
		fmt.Fprintf(s.err, "  %-14s %s\n", one.Name, one.Title)
	}
	fmt.Fprintln(s.err, "  and: what is slow, with the name of an entity; to check, test, review or assess; fettle --help has the other verbs")
	return errors.New("nothing was done")
}

// verb runs a command that a request names, as far as it writes nothing, and tells which one does.
func (c doCommand) verb(s streams, v *recipe.Verb) error {
	if v.Serves {
		fmt.Fprintf(s.out, "fettle %s %s does that, until it is stopped\n", v.Command, c.Project)
		return nil
	}
	args := append([]string{v.Command, c.Project}, v.Flags...)
	if v.Since {
		switch err := pipeline.Comparable(c.Project, "HEAD"); {
		case err == nil:
			args = append(args, "--since", "HEAD")
		case errors.Is(err, pipeline.ErrNoRevision):
			s.notes([]string{fmt.Sprintf("%v: all of it is reviewed, for want of a commit to compare with", err)})
		default:
			return err
		}
	}
	fmt.Fprintf(s.out, "plan:\n  1. fettle %s\n\n", strings.Join(args, " "))
	if c.DryRun {
		return nil
	}
	code := Do(args, s.in, s.out, s.err)
	if v.Writes && code == foundProblems || v.Command == "migrate" && code == wentWell {
		fmt.Fprintf(s.out, "nothing was written; fettle %s %s writes it\n", v.Command, c.Project)
		return nil
	}
	switch code {
	case wentWell:
		return nil
	case foundProblems:
		return errProblems
	}
	return errors.New("nothing was done")
}

func (s streams) waits(waits []recipe.Waiting) {
	for _, w := range waits {
		fmt.Fprintf(s.err, "%s: there is no recipe yet: %s\n", w.Name, w.Title)
	}
}

// given tells what need not be added.
func (s streams) given(given []recipe.Given) {
	for _, g := range given {
		fmt.Fprintf(s.out, "there already: %s: %s\n", g.Title, g.How)
	}
}

// edit shows the plan, and does it once that is agreed to.
func (c doCommand) edit(ctx context.Context, s streams, d *pipeline.Done) error {
	fmt.Fprintln(s.out, "plan:")
	for i, step := range d.Steps {
		fmt.Fprintf(s.out, "  %d. %s\n", i+1, step)
	}
	s.given(d.Request.Given)
	s.waits(d.Request.Waits)
	s.notes(d.Applied)
	if d.Hash == "" {
		fmt.Fprintln(s.out, "nothing changes")
		return nil
	}
	fmt.Fprintf(s.out, "  %d. fettle generate: the service that follows\n\n", len(d.Steps)+1)
	return c.apply(ctx, s, d.Edited)
}

// faster tells how a list is read, and what the database says would help.
func (c doCommand) faster(ctx context.Context, s streams, d *pipeline.Done) error {
	if d.Model == nil && c.Database == "" {
		fmt.Fprintf(s.err, "there is no design in %s, so no list to look at. What is missing is one of\n", c.Project)
		fmt.Fprintf(s.err, "  a design:    fettle add registration --project %s   (fettle add lists what else one begins with)\n", c.Project)
		fmt.Fprintf(s.err, "  a database:  --database URL, of which fettle optimize finds what costs most\n")
		fmt.Fprintf(s.err, "  a codebase:  fettle review %s, where it is Go that was not generated\n", c.Project)
		return errors.New("nothing was done: nothing is claimed to be slow that was not looked at")
	}
	if d.Slow == nil && c.Database == "" {
		fmt.Fprintln(s.err, "what is slow? name an entity of the design, or the database with --database: fettle optimize finds what costs most")
		for _, name := range d.Entities() {
			fmt.Fprintf(s.err, "  %s\n", name)
		}
		return errors.New("nothing was done")
	}
	if slow := d.Slow; slow != nil {
		fmt.Fprintf(s.out, "%s in the order %s, a page at a time", slow.Entity, slow.Order)
		if len(slow.Indexes) > 0 {
			fmt.Fprintf(s.out, ", from the indexes (%s)", strings.Join(slow.Indexes, "), ("))
		}
		fmt.Fprintln(s.out)
		for _, rule := range slow.Rules {
			fmt.Fprintf(s.out, "  its statement holds the rule: %s\n", rule)
		}
		as := c.As
		if as == "" {
			as = "ACCOUNT"
		}
		fmt.Fprintf(s.out, "  its SQL and the plan:         fettle explain plan '%s' %s --as %s\n", slow.Query, c.Project, as)
	}
	database := c.database(d.Model)
	if database == "" {
		fmt.Fprintln(s.out, "  what would help, with proof:  fettle optimize --database URL --project "+c.Project)
		fmt.Fprintln(s.out, "\nno database was looked at, so nothing is claimed to be slow: name it with --database. Nothing changes.")
		return nil
	}
	o := optimizeCommand{Database: database, Clone: c.Clone, Explains: 2500, Format: "text"}
	if d.Model != nil {
		o.Project = c.Project
	}
	if d.Slow != nil {
		if len(d.Slow.Rules) > 0 && c.As == "" {
			defer s.notes([]string{"looked at for an account that is new and has nothing yet, so it may see few rows or none: of others nothing is claimed; --as ACCOUNT looks for one of them"})
		}
		read, err := d.Statements(ctx, database, c.As)
		switch {
		case err != nil && !postgres(database):
			return fmt.Errorf("how it is read in %s: %w", database, err)
		case err != nil:
			s.notes([]string{"its own statement is not known (" + err.Error() + "): what the database counted is looked at"})
		case len(read) == 0:
			fmt.Fprintln(s.out, "  nothing is read for this account: its rules let it see none")
			return nil
		default:
			o.statements = strings.Join(read, ";\n") + ";\n"
		}
	}
	fmt.Fprintln(s.out)
	return o.Run(ctx, s)
}

func postgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// database is the one to look at: that which is named, else the one that the project has made while it was developed; empty
// without.
func (c doCommand) database(m *model.Model) string {
	if c.Database == "" && m != nil {
		if file, err := filepath.Abs(filepath.Join(c.Project, "data", m.Name+".db")); err == nil && exists(file) {
			return file
		}
	}
	return c.Database
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
