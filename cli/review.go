package cli

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/review"
	"github.com/fettlehq/fettle/review/report"
	"github.com/fettlehq/fettle/review/rule"
)

type reviewCommand struct {
	Dir       string   `arg:"" optional:"" default:"." help:"Folder of the backend." predictor:"dir"`
	Format    string   `enum:"text,json,sarif,github,markdown" default:"text" help:"How to print findings: text, json, sarif, github or markdown."`
	Rule      []string `help:"Only these rules." placeholder:"NAME"`
	AtLeast   string   `enum:"critical,high,medium,low" default:"low" help:"The mildest severity that is told: critical, high, medium or low."`
	Uncertain bool     `help:"Tell also what is not sure."`
	Since     string   `help:"Only what the changes since this revision touch." placeholder:"REVISION"`
	Baseline  string   `help:"Leave out the findings of this file." type:"path" placeholder:"FILE"`
	NoCache   bool     `help:"Read all anew, and keep nothing of it."`
	Fix       bool     `help:"Mend what has a mechanical fix: show the difference, ask, apply."`
	Yes       bool     `short:"y" help:"With --fix, apply without asking."`
	DryRun    bool     `help:"With --fix, show the difference and write nothing."`
	Keep      string   `help:"Write the findings to this file, as a baseline for later reviews." type:"path" placeholder:"FILE"`
}

// Help is examples.
func (reviewCommand) Help() string {
	return "Examples:\n  fettle review ../backend\n  fettle review --format sarif --at-least high ../backend\n  fettle review --since main\n  fettle review --keep known.json && fettle review --baseline known.json\n  fettle review --fix --rule resource-leak"
}

// cacheFolder is where facts are kept, "" for nowhere.
func cacheFolder(none bool) string {
	if none {
		return ""
	}
	return pipeline.CacheFolder()
}

// Run finds the faults of a backend.
func (c reviewCommand) Run(s streams) error {
	reviewed, err := pipeline.Review(c.Dir, pipeline.ReviewOptions{Rules: c.Rule, AtLeast: rule.Severity(c.AtLeast), Uncertain: c.Uncertain, Since: c.Since, Baseline: c.Baseline, Cache: cacheFolder(c.NoCache)})
	if err != nil {
		return err
	}
	if c.Keep != "" {
		if err := pipeline.WriteBaseline(c.Keep, reviewed.Findings); err != nil {
			return err
		}
		fmt.Fprintf(s.err, "%s kept in %s\n", count(len(reviewed.Findings), "finding"), c.Keep)
		return nil
	}
	if c.Fix {
		return c.fix(s, reviewed)
	}
	if err := c.print(s, reviewed); err != nil {
		return err
	}
	if len(reviewed.Findings) > 0 {
		return errProblems
	}
	return nil
}

// fix mends what has a mechanical fix, and says of the rest that it has none.
func (c reviewCommand) fix(s streams, reviewed *pipeline.Reviewed) error {
	if c.Format != "text" {
		return fmt.Errorf("--fix speaks to people: with --format %s each finding carries its edits", c.Format)
	}
	m, err := reviewed.Mend(c.Dir)
	if err != nil {
		return err
	}
	s.diff(m.Diff)
	for _, left := range m.Left {
		fmt.Fprintf(s.err, "%s: %s: %s\n", left.Pos, left.Rule, left.Why)
	}
	if len(m.Done) > 0 && !c.DryRun {
		if err := s.agree(c.Yes, fmt.Sprintf("mend %s?", count(len(m.Done), "finding"))); err != nil {
			return err
		}
		if err := m.Write(); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s mended; read the difference, and run the tests\n", count(len(m.Done), "finding"))
	}
	if len(m.Left) > 0 {
		fmt.Fprintf(s.err, "%s left to you\n", count(len(m.Left), "finding"))
		return errProblems
	}
	return nil
}

func (c reviewCommand) print(s streams, reviewed *pipeline.Reviewed) error {
	for _, router := range reviewed.Facts.Unheard() {
		s.notes([]string{fmt.Sprintf("%s answers requests, and none of its routes is understood: rules about requests are silent", router)})
	}
	if reviewed.Facts.Undialected() {
		s.notes([]string{"no driver, and nothing in the migrations, says which database they are for: what they lock is not judged"})
	}
	for _, library := range reviewed.Facts.Unasked() {
		note := library + " asks the database, and none of its queries is understood: rules about queries are silent"
		if strings.HasPrefix(library, "entgo.io/ent") {
			note += "; the code that it writes has to be there (go generate)"
		}
		s.notes([]string{note})
	}
	switch c.Format {
	case "json":
		return report.JSON(s.out, reviewed.Findings, reviewed.Facts.Coverage)
	case "sarif":
		return report.SARIF(s.out, reviewed.Findings, reviewed.Rules, version())
	case "github":
		return report.GitHub(s.out, reviewed.Findings)
	case "markdown":
		return report.Markdown(s.out, reviewed.Findings)
	}
	if err := report.Text(s.out, reviewed.Findings, colourful(s.out)); err != nil {
		return err
	}
	coverage := reviewed.Facts.Coverage
	fmt.Fprintf(s.err, "%s in %s, %s, %s\n", count(len(reviewed.Findings), "finding"), count(coverage.Files, "file"), count(coverage.Lines, "line"), count(len(reviewed.Facts.Routes), "route"))
	var notes []string
	if untyped := coverage.Packages - coverage.Typed; untyped > 0 {
		notes = append(notes, fmt.Sprintf("of %d packages %d are typed in part only: %s not at hand", coverage.Packages, untyped, are(len(coverage.Missing), "library", "libraries")))
	}
	for _, pos := range coverage.Broken {
		notes = append(notes, fmt.Sprintf("%s: the file cannot be read from here on", pos))
	}
	for _, file := range coverage.Unread {
		notes = append(notes, file+": the file is not read: it is too large to be code")
	}
	for _, i := range reviewed.Facts.Ignores {
		switch {
		case review.Named(i.Rule) == nil:
			notes = append(notes, fmt.Sprintf("%s: fettle:ignore silences nothing: there is no rule %q", i.Pos, i.Rule))
		case i.Reason == "":
			notes = append(notes, fmt.Sprintf("%s: fettle:ignore %s silences nothing without a reason behind it", i.Pos, i.Rule))
		}
	}
	s.notes(notes)
	return nil
}

func are(n int, one, more string) string {
	if n == 1 {
		return "1 " + one + " is"
	}
	return fmt.Sprintf("%d %s are", n, more)
}
