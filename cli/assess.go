package cli

import (
	"fmt"
	"os"

	"github.com/fettlehq/fettle/assess/report"
	"github.com/fettlehq/fettle/pipeline"
)

type assessCommand struct {
	Dir     string `arg:"" optional:"" default:"." help:"Folder of the backend." predictor:"dir"`
	NoCache bool   `help:"Read all anew, and keep nothing of it."`
	Format  string `enum:"text,markdown,html,json" default:"text" help:"How to print it: text, markdown, html or json."`
	Brief   bool   `help:"Only the brief: what to follow when adding code."`
	Out     string `short:"o" help:"Write to this file instead." type:"path" placeholder:"FILE"`
}

// Help is examples.
func (assessCommand) Help() string {
	return "Examples:\n  fettle assess ../backend\n  fettle assess --format html -o architecture.html ../backend\n  fettle assess --brief > CONVENTIONS.md"
}

// Run tells the architecture of a backend.
func (c assessCommand) Run(s streams) error {
	r, err := pipeline.Assess(c.Dir, cacheFolder(c.NoCache))
	if err != nil {
		return err
	}
	var text []byte
	switch {
	case c.Brief:
		text = []byte(r.Brief)
	case c.Format == "json":
		text, err = report.JSON(r)
	case c.Format == "markdown":
		text = report.Markdown(r)
	case c.Format == "html":
		text = report.HTML(r)
	default:
		text = report.Text(r, c.Out == "" && colourful(s.out))
	}
	if err != nil {
		return err
	}
	if c.Out != "" {
		return os.WriteFile(c.Out, text, 0o644)
	}
	_, err = fmt.Fprintf(s.out, "%s", text)
	return err
}
