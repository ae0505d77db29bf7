package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/review/rule"
)

var assess = &Tool{
	Name: "assess", Title: "Assess a backend", ReadOnly: true,
	Description: "What is there, of any Go backend: sizes, modules, routes, entities, stores, the most valuable improvements, and the brief of conventions to follow when adding code. Runs nothing.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
"part":{"enum":["brief","improvements","modules","routes","entities"],"description":"brief unless given"},
"page":{"type":"integer","minimum":1}}}`),
	run: runAssess,
}

func runAssess(ctx context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	var in struct {
		Part string `json:"part"`
	}
	if err := arguments(text, &in); err != nil {
		return f, err
	}
	leave, err := p.lifting.enter(ctx, true)
	if err != nil {
		return f, err
	}
	defer leave()
	r, err := pipeline.Assess(p.Dir, pipeline.CacheFolder())
	if err != nil {
		return f, err
	}
	s := r.Summary
	f.Summary = fmt.Sprintf("%s: %d packages, %d files, %d lines, %d routes (%d open), %d queries, %d tables, %d tests; %d modules, %d improvements.",
		r.Name, s.Packages, s.Files, s.Lines, s.Routes, s.Open, s.Queries, s.Tables, s.Tests, len(r.Modules), len(r.Improvements))
	switch in.Part {
	case "", "brief":
		for part := range chunks(r.Brief, maxItem/2) {
			f.add(part, "%s", strings.TrimSuffix(part, "\n"))
		}
	case "improvements":
		for _, i := range r.Improvements {
			addJSON(&f, i)
		}
	case "modules":
		for _, m := range r.Modules {
			addJSON(&f, m)
		}
	case "routes":
		for _, route := range r.Routes {
			addJSON(&f, route)
		}
	case "entities":
		for _, e := range r.Entities {
			addJSON(&f, e)
		}
	default:
		return f, fmt.Errorf("part %.20q: is none of brief, improvements, modules, routes, entities", in.Part)
	}
	return f, nil
}

// addJSON adds a fact whose text is its JSON.
func addJSON(f *Facts, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("%T: %v", value, err))
	}
	f.Items = append(f.Items, Item{string(text), value})
}

var reviewChange = &Tool{
	Name: "review_change", Title: "Review code", ReadOnly: true,
	Description: "Faults of a Go backend with their evidence and fix. since: only what the changes since a git revision touch. explain with code: RULE says why one hurts.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
"since":{"type":"string","description":"git revision, such as main"},
"rules":{"type":"array","items":{"type":"string"},"maxItems":50},
"at_least":{"enum":["critical","high","medium","low"]},
"page":{"type":"integer","minimum":1}}}`),
	run: runReview,
}

func runReview(ctx context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	var in struct {
		Since   string   `json:"since"`
		Rules   []string `json:"rules"`
		AtLeast string   `json:"at_least"`
	}
	if err := arguments(text, &in); err != nil {
		return f, err
	}
	if !slices.Contains([]string{"", "critical", "high", "medium", "low"}, in.AtLeast) {
		return f, fmt.Errorf("at_least %.20q: is none of critical, high, medium, low", in.AtLeast)
	}
	leave, err := p.lifting.enter(ctx, true)
	if err != nil {
		return f, err
	}
	defer leave()
	reviewed, err := pipeline.Review(p.Dir, pipeline.ReviewOptions{Since: in.Since, Rules: in.Rules, AtLeast: rule.Severity(in.AtLeast), Cache: pipeline.CacheFolder()})
	if err != nil {
		return f, err
	}
	c := reviewed.Facts.Coverage
	f.Summary = fmt.Sprintf("%d findings in %d files, %d lines, by %d rules.", len(reviewed.Findings), c.Files, c.Lines, len(reviewed.Rules))
	f.findings(reviewed.Findings)
	return f, nil
}

// findings adds what a review found.
func (f *Facts) findings(list []rule.Finding) {
	for _, found := range list {
		type link struct {
			At   string `json:"at"`
			What string `json:"what"`
		}
		data := struct {
			At         string `json:"at"`
			Rule       string `json:"rule"`
			Severity   string `json:"severity"`
			Confidence string `json:"confidence"`
			Message    string `json:"message"`
			Evidence   []link `json:"evidence"`
			Fix        string `json:"fix,omitempty"`
		}{fmt.Sprintf("%s:%d", found.Pos.File, found.Pos.Line), found.Rule, string(found.Severity), string(found.Confidence), found.Message, []link{}, clip(found.Fix, 1000)}
		var b strings.Builder
		fmt.Fprintf(&b, "%s: %s %s (confidence %s): %s", data.At, data.Severity, data.Rule, data.Confidence, data.Message)
		for _, e := range found.Evidence {
			l := link{fmt.Sprintf("%s:%d", e.Pos.File, e.Pos.Line), clip(e.What, 300)}
			data.Evidence = append(data.Evidence, l)
			fmt.Fprintf(&b, "\n  %s %s", l.At, l.What)
		}
		if data.Fix != "" {
			fmt.Fprintf(&b, "\n  fix: %s", data.Fix)
		}
		f.Items = append(f.Items, Item{b.String(), data})
	}
}

var optimize = &Tool{
	Name: "optimize", Title: "Find what makes the database slow", ReadOnly: true,
	Description: "Which statements cost most, and indexes or rewrites that would help, each with plans before and after. The database is the one that the server was started with (DATABASE_URL); it is only read. statements: SQL to make fast, as explain shows it; left out, what pg_stat_statements of Postgres counted. Indexes are edits of the design.",
	Schema: json.RawMessage(`{"type":"object","additionalProperties":false,"properties":{
"statements":{"type":"string"},
"budget":{"type":"string","description":"size for new indexes: 500MB"},
"page":{"type":"integer","minimum":1}}}`),
	run: runOptimize,
}

func runOptimize(ctx context.Context, p *Project, text json.RawMessage) (f Facts, err error) {
	var in struct{ Statements, Budget string }
	if err := arguments(text, &in); err != nil {
		return f, err
	}
	if p.Database == "" {
		return f, fmt.Errorf("no database is known: whoever starts the tools sets DATABASE_URL")
	}
	o := pipeline.OptimizeOptions{Database: p.Database, Text: in.Statements, Budget: in.Budget}
	if checked, err := p.design(); err == nil && checked.Model != nil && len(checked.Problems) == 0 {
		o.Project = p.Dir
	}
	leave, err := p.building.enter(ctx, true)
	if err != nil {
		return f, err
	}
	defer leave()
	report, err := pipeline.Optimize(ctx, o)
	if errors.Is(err, pipeline.ErrNoStatements) {
		return f, errors.New(`SQLite counts no statements: give those to make fast, {"statements":"SELECT …"}; explain with a query shows what a list is read with`)
	}
	if err != nil {
		return f, err
	}
	f.Summary = fmt.Sprintf("%s looked at, %s of advice; %s asked for.", count(len(report.Queries), "statement"), count(len(report.Advice), "piece"), count(report.Explains, "plan"))
	if in.Statements != "" {
		for _, passed := range report.Passed {
			f.add(map[string]string{"left_out": passed.Where, "statement": clip(passed.Text, 300)}, "%s: left out: it is about the session, the schema or the catalog, and no read or write of rows: %s", passed.Where, clip(passed.Text, 300))
		}
	}
	for _, a := range report.Advice {
		data := map[string]any{"id": a.ID, "kind": a.Kind, "statement": clip(a.Statement, 1000), "change": a.Change, "migration": clip(a.Migration, 1500), "proof": a.Proof, "confidence": a.Confidence, "notes": a.Notes}
		var b strings.Builder
		fmt.Fprintf(&b, "%s (%s, confidence %s): %s", a.ID, a.Kind, a.Confidence, a.Change)
		if a.Statement != "" {
			fmt.Fprintf(&b, "\n  for %s", clip(a.Statement, 1000))
		}
		for _, why := range a.Why {
			fmt.Fprintf(&b, "\n  %s", why)
		}
		for _, note := range a.Notes {
			fmt.Fprintf(&b, "\n  note: %s", note)
		}
		if a.Migration != "" {
			fmt.Fprintf(&b, "\n%s", clip(a.Migration, 1500))
		}
		f.Items = append(f.Items, Item{b.String(), data})
	}
	for _, note := range report.Notes {
		f.add(map[string]string{"note": note}, "note: %s", note)
	}
	return f, nil
}
