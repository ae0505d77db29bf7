package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/fettlehq/fettle/pipeline"
)

type optimizeCommand struct {
	Database     string `env:"DATABASE_URL" placeholder:"URL" help:"The database: postgres://…, or a SQLite file. It is only read."`
	Workload     string `placeholder:"FILE" help:"Statements to make fast, a log of Postgres, a folder of code whose queries are read, or the http:// address of a service of ours that runs; without it, what pg_stat_statements counted."`
	Clone        string `placeholder:"URL" help:"A copy of the database that may be changed: what is advised is measured there."`
	Budget       string `placeholder:"SIZE" help:"What new indexes may take together, such as 500MB."`
	Explains     int    `default:"2500" help:"How many plans may be asked for."`
	Migrations   string `placeholder:"DIR" help:"Write the migrations into a folder."`
	Project      string `type:"existingdir" placeholder:"DIR" help:"The project whose database it is: indexes are advised as edits of its design."`
	ShowLiterals bool   `help:"Show the constants of statements, which may be secrets."`
	Format       string `enum:"text,html,json,sarif" default:"text" help:"How to print the advice: text, html, json or sarif."`

	statements string // to make fast, in place of a file
}

// Help is an example.
func (optimizeCommand) Help() string {
	return "Example: fettle optimize --database postgres://app@localhost/shop --clone postgres://app@localhost/shop_copy"
}

// Run finds what makes a database slow, and what would make it fast.
func (c optimizeCommand) Run(ctx context.Context, s streams) error {
	progress, end := s.progress()
	report, err := pipeline.Optimize(ctx, pipeline.OptimizeOptions{
		Progress: progress,
		Database: c.Database, Clone: c.Clone, Workload: c.Workload, Budget: c.Budget, Explains: c.Explains, Literals: c.ShowLiterals, Project: c.Project, Text: c.statements,
	})
	end()
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		err = report.JSON(s.out)
		s.notes(report.Notes)
	case "sarif":
		err = report.SARIF(s.out)
		s.notes(report.Notes)
	case "html":
		err = report.HTML(s.out)
	default:
		err = report.Text(s.out, func(colour, text string) string {
			sgr := map[string]string{"title": bold, "dim": dim, "good": green, "warn": yellow, "code": cyan}[colour]
			if sgr == "" {
				return text
			}
			return paint(s.out, sgr, text)
		})
	}
	if err != nil {
		return err
	}
	if c.Migrations != "" {
		written, err := pipeline.WriteMigrations(c.Migrations, report)
		if err != nil {
			return err
		}
		for _, path := range written {
			fmt.Fprintf(s.err, "write   %s\n", path)
		}
	}
	switch {
	case report.Interrupted != "":
		return errors.New("interrupted: " + report.Interrupted)
	case c.Workload != "" && len(report.Queries) == 0:
		return fmt.Errorf("workload %s: no statement of it could be looked at, as the notes say", c.Workload)
	case len(report.Advice) > 0:
		return errProblems
	}
	return nil
}

// progress shows on the last line of a terminal what is being done, until end.
func (s streams) progress() (tell func(string), end func()) {
	if !colourful(s.err) {
		return nil, func() {}
	}
	return func(what string) { fmt.Fprint(s.err, "\r\x1b[K"+paint(s.err, dim, "looking at "+what)) }, func() { fmt.Fprint(s.err, "\r\x1b[K") }
}
