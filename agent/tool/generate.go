package tool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/pipeline"
)

var generate = &Tool{
	Name: "generate", Title: "Write the service that the design describes",
	Description: "Lists the files and the migration that follow from the design, and a hash; with apply: HASH writes them. Files that people edited are never overwritten. A migration that loses data needs a person: fettle approve HASH.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
"apply":{"type":"string","description":"hash of the shown plan"},
"page":{"type":"integer","minimum":1}}}`),
	writes: true, run: runGenerate,
}

func runGenerate(_ context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	var in struct {
		Apply string `json:"apply"`
	}
	if err := arguments(text, &in); err != nil {
		return f, err
	}
	if p.Staged != nil {
		return f, fmt.Errorf("the design is edited and not written yet; what follows from it is written once a person has agreed")
	}
	strict, err := pipeline.Generate(p.Dir, pipeline.Options{Kit: p.Kit})
	if err != nil {
		return f, err
	}
	lost := losses(strict)
	g := strict
	if len(lost) > 0 {
		if g, err = pipeline.Generate(p.Dir, pipeline.Options{Kit: p.Kit, AcceptLoss: true}); err != nil {
			return f, err
		}
	}
	if len(g.Problems) > 0 {
		f.NotTaken = true
		f.Summary = fmt.Sprintf("Nothing can be generated: %s.", count(len(g.Problems), "problem"))
		f.problems(g.Problems, g.Texts)
		return f, nil
	}
	if len(g.Changes) == 0 {
		f.Summary = "Everything is up to date."
		return f, nil
	}
	hash := hashOf(g)
	steps(&f, g)
	for _, c := range g.Changes {
		verb := "write"
		if c.Content == nil {
			verb = "remove"
		}
		f.add(map[string]string{"path": c.Path, "does": verb}, "%s %s", verb, c.Path)
	}
	for _, note := range g.Notes {
		f.add(map[string]string{"note": note}, "note: %s", note)
	}
	switch {
	case in.Apply == "" && len(lost) > 0:
		f.Summary = fmt.Sprintf("Nothing is written. The migration loses data, so a person has to approve it first: fettle approve %s; then apply: %[1]s.", hash)
		return f, p.await(hash, losing("", lost))
	case in.Apply == "":
		f.Summary = fmt.Sprintf("%d files would be written or removed. Nothing is written yet. apply: %s does it.", len(g.Changes), hash)
		return f, nil
	case in.Apply != hash:
		return Facts{}, fmt.Errorf("apply: %s is not the hash of this plan; something has changed since it was shown: ask without apply to see it", clip(in.Apply, 40))
	case len(lost) > 0 && !p.approved(hash, losing("", lost)):
		return Facts{}, fmt.Errorf("the migration loses data (%s): a person has to approve it at a terminal first: fettle approve %s", lost[0], hash)
	}
	if err := g.Write(); err != nil {
		return Facts{}, err
	}
	p.settled(hash)
	f.Summary = fmt.Sprintf("%d files written or removed.", len(g.Changes))
	return f, nil
}

// hashOf names a plan by all that it would write.
func hashOf(g *pipeline.Generated) string {
	sum := sha256.New()
	for _, c := range g.Changes {
		fmt.Fprintf(sum, "%s %d %t %s", c.Path, len(c.Content), c.Content == nil, c.Content)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// steps tells what a migration does and loses.
func steps(f *Facts, g *pipeline.Generated) {
	for _, step := range g.Migration.Steps {
		f.add(map[string]string{"step": step.Text}, "migration: %s", step.Text)
	}
	for _, loss := range losses(g) {
		f.add(map[string]string{"loses": loss}, "loses data: %s", loss)
	}
}

var planMigration = &Tool{
	Name: "plan_migration", Title: "Plan the migration that the design needs", ReadOnly: true,
	Description: "The steps from the tables that the migrations lead to, to those of the design: what they lose, and the SQL for SQLite and Postgres. generate writes it.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
"page":{"type":"integer","minimum":1}}}`),
	run: runPlan,
}

func runPlan(_ context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	if err := arguments(text, &struct{}{}); err != nil {
		return f, err
	}
	var g *pipeline.Generated
	if p.Staged != nil {
		g, err = p.Staged.Generate(pipeline.Options{Kit: p.Kit, AcceptLoss: true})
	} else {
		g, err = pipeline.Generate(p.Dir, pipeline.Options{Kit: p.Kit, AcceptLoss: true})
	}
	if err != nil {
		return f, err
	}
	if len(g.Problems) > 0 {
		f.Summary = fmt.Sprintf("No migration can be planned: %s.", count(len(g.Problems), "problem"))
		f.problems(g.Problems, g.Texts)
		return f, nil
	}
	f.Summary = count(len(g.Migration.Steps), "step") + ", no loss."
	if lost := losses(g); len(lost) > 0 {
		f.Summary = fmt.Sprintf("%s, with loss of data in %s.", count(len(g.Migration.Steps), "step"), count(len(lost), "place"))
	}
	if len(g.Migration.Steps) == 0 {
		f.Summary = "The migrations say what the design says."
	}
	steps(&f, g)
	for _, database := range []struct {
		name    string
		scripts []migrate.Script
	}{{"sqlite", g.Migration.SQLite}, {"postgres", g.Migration.Postgres}} {
		for _, script := range database.scripts {
			for _, statement := range script.Statements {
				sql := strings.TrimSpace(statement)
				f.add(map[string]string{"database": database.name, "sql": sql}, "%s: %s;", database.name, sql)
			}
		}
	}
	return f, nil
}
