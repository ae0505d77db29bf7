package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/pipeline"
)

type migrateCommand struct {
	Dir        string `arg:"" optional:"" default:"." help:"Folder of the project."`
	DryRun     bool   `help:"Show the SQL for SQLite and for Postgres, and write nothing."`
	AcceptLoss bool   `help:"Write a migration that loses data."`
	Apply      bool   `help:"Also run what the database has not run yet: the one that DATABASE_URL names."`
	Format     string `enum:"text,json" default:"text" help:"How to print problems: text or json."`
	Kit        string `placeholder:"DIR" help:"Folder of the runtime library, when it is not found."`
}

// Help is an example.
func (migrateCommand) Help() string { return "Example: fettle migrate --dry-run examples/shop" }

// Run writes the migration that a changed design needs, together with the code that expects it.
func (c migrateCommand) Run(ctx context.Context, s streams) error {
	g, err := pipeline.Generate(c.Dir, pipeline.Options{Kit: c.Kit, AcceptLoss: c.AcceptLoss || c.DryRun})
	if err != nil {
		return err
	}
	if err := s.problems(c.Format, g.Problems, g.Texts); err != nil {
		return err
	}
	defer s.notes(g.Notes)
	for _, step := range g.Migration.Steps {
		fmt.Fprintln(s.out, step.Text)
	}
	for _, loss := range g.Migration.Losses {
		fmt.Fprintf(s.out, "loses data: %s\n", loss.Text)
	}
	if c.DryRun {
		printScripts(s.out, "sqlite", g.Migration.SQLite)
		printScripts(s.out, "postgres", g.Migration.Postgres)
		return nil
	}
	if err := g.Write(); err != nil {
		return err
	}
	for _, path := range g.Migration.Files {
		fmt.Fprintf(s.out, "write   %s\n", path)
	}
	if len(g.Migration.Files) == 0 {
		fmt.Fprintf(s.out, "%s: the migrations say what the design says\n", c.Dir)
	}
	if !c.Apply {
		return nil
	}
	return s.service(ctx, c.Dir, g.Model, "migrate")
}

// printScripts prints the SQL of one database.
func printScripts(w io.Writer, database string, scripts []migrate.Script) {
	for _, script := range scripts {
		title := database
		if script.Suffix != "" {
			title += ", then " + script.Suffix
		}
		if script.NoTransaction {
			title += " (each statement on its own)"
		}
		fmt.Fprintf(w, "\n-- %s\n", title)
		for _, statement := range script.Statements {
			fmt.Fprintf(w, "%s;\n", strings.TrimSpace(statement))
		}
	}
}
