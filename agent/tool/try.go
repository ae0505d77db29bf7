package tool

import (
	"context"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/pipeline"
)

// Outcome is what came of the staged edits in a copy of the project.
type Outcome struct {
	Wrong  string // for a model to mend; empty where nothing is wrong
	Passed int    // tests
	Left   int    // methods of business code that somebody has yet to write; nothing could be tested
}

// Try generates, compiles, tests and reviews the service of the staged edits, in a copy of the project that is thrown away. What was
// wrong before the edits is nobody's to mend here, and is not told; that data would be lost is no fault, but a person's to decide.
func (p *Project) Try(ctx context.Context) (Outcome, error) {
	leave, err := p.working.enter(ctx, true)
	if err != nil {
		return Outcome{}, err
	}
	defer leave()
	if !p.edits() {
		return Outcome{}, nil
	}
	if p.trial == nil {
		p.trial = &trial{Trial: pipeline.Trial{Options: pipeline.Options{Kit: p.Kit, AcceptLoss: true}}}
	}
	if p.trial.of == p.Staged.Hash {
		return p.trial.came, nil
	}
	tried, err := p.trial.Try(ctx, p.Staged)
	if err != nil {
		return Outcome{}, err
	}
	came, err := outcomeOf(tried)
	if err == nil {
		p.trial.of, p.trial.came = p.Staged.Hash, came
	}
	return came, err
}

// trial remembers what came of the edits that were tried last.
type trial struct {
	pipeline.Trial
	of   string // their hash
	came Outcome
}

func outcomeOf(tried *pipeline.Tried) (Outcome, error) {
	var f Facts
	if g := tried.Generated; len(g.Problems) > 0 {
		f.Summary = fmt.Sprintf("The service cannot be generated: %s.", count(len(g.Problems), "problem"))
		f.problems(g.Problems, g.Texts)
		return f.outcome()
	}
	t := tried.Tested
	if t.Built != nil && unwritten(t.Built) {
		return Outcome{Left: len(t.Built.Missing)}, nil
	}
	if !f.built(t.Built) {
		return f.outcome()
	}
	if len(t.Failed)+len(tried.Findings) == 0 {
		return Outcome{Passed: t.Passed}, nil
	}
	f.Summary = fmt.Sprintf("%d tests pass, %d fail; review has %d findings.", t.Passed, len(t.Failed), len(tried.Findings))
	for _, failure := range t.Failed {
		f.add(nil, "failed: %s\n%s", failure.Test, clip(failure.Output, 2000))
	}
	f.findings(tried.Findings)
	return f.outcome()
}

// outcome is the first page of what is wrong: what comes after it can be told once that is mended.
func (f Facts) outcome() (Outcome, error) {
	page, err := f.page(1)
	return Outcome{Wrong: page.Text}, err
}

// unwritten tells whether a service only lacks methods that people write.
func unwritten(b *pipeline.Built) bool {
	for _, problem := range b.Problems {
		if !strings.Contains(problem.Message, "missing method") {
			return false
		}
	}
	return len(b.Missing) > 0
}
