package pipeline

import (
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/golang"
	"github.com/fettlehq/fettle/lift/graphql"
	"github.com/fettlehq/fettle/lift/prisma"
	"github.com/fettlehq/fettle/lift/sql"
	"github.com/fettlehq/fettle/lift/typescript"
	"github.com/fettlehq/fettle/review"
	"github.com/fettlehq/fettle/review/rule"
)

// ReviewOptions say what a review looks for.
type ReviewOptions struct {
	Rules     []string      // names; none for all
	AtLeast   rule.Severity // the mildest that is told; "" for all
	Uncertain bool
	Since     string // a revision: only what its changes touch
	Baseline  string // a file of findings that are known
	Cache     string // a folder in which facts are kept; "" for none
}

// Reviewed is what a review found.
type Reviewed struct {
	Findings []rule.Finding
	Rules    []*rule.Rule // that were asked
	Facts    *facts.Facts
	Drawn    int // packages whose facts were drawn anew; those of the others were kept
}

// Review finds the faults of the backend in a folder: code ─▶ facts ─▶ findings.
func Review(dir string, options ReviewOptions) (*Reviewed, error) {
	rules, err := rulesNamed(options.Rules)
	if err != nil {
		return nil, err
	}
	f, drawn, err := lift(dir, options.Cache)
	if err != nil {
		return nil, err
	}
	var changed map[string]lineRanges
	if options.Since != "" {
		if changed, err = changedSince(dir, options.Since); err != nil {
			return nil, err
		}
		bringNew(f, changed)
	}
	out := &Reviewed{Rules: rules, Facts: f, Drawn: drawn}
	for _, finding := range review.Find(f, rules, options.Uncertain) {
		if options.AtLeast == "" || finding.Severity.AtLeast(options.AtLeast) {
			out.Findings = append(out.Findings, finding)
		}
	}
	if options.Since != "" {
		out.Findings = since(out.Findings, changed)
	}
	if options.Baseline != "" {
		if out.Findings, err = withoutBaseline(out.Findings, options.Baseline); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lift reads all that a folder holds, as facts: those that are kept, where nothing has changed that they were drawn from. It
// also says of how many packages facts were drawn anew.
func lift(dir, folder string) (*facts.Facts, int, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, 0, err
	} else if !info.IsDir() {
		return nil, 0, fmt.Errorf("%s: is no folder", dir)
	}
	kept := openCache(dir, folder)
	if f := kept.facts(); f != nil {
		return f, 0, nil
	}
	code, err := golang.Lift(dir, kept)
	if err != nil {
		return nil, 0, err
	}
	schemas := prisma.Lift(dir)
	script, err := typescript.Lift(dir, schemas.Schemas)
	if err != nil {
		return nil, 0, err
	}
	f, lifted := code.Facts, sql.Lift(dir, append(code.Embedded, script.Embedded...))
	f.Add(script.Facts)
	f.Database, f.Migrations = lifted.Database, lifted.Migrations
	f.Functions = append(f.Functions, lifted.Queries...)
	f.Ignores = append(f.Ignores, lifted.Ignores...)
	maps.Copy(f.Sums, lifted.Sums)
	f.Coverage.Unread = append(f.Coverage.Unread, lifted.Unread...)
	sql.WithDrivers(f.Database, f.Libraries)
	sql.WithModels(f.Database, f.Models)
	f.Ignores = append(f.Ignores, schemas.Ignores...)
	maps.Copy(f.Sums, schemas.Sums)
	f.Coverage.Unread = append(f.Coverage.Unread, schemas.Unread...)
	f.Database = schemas.Over(f.Database)
	graphql.Guard(dir, f.Routes, f.Sums)
	kept.keep(f, code.Looked)
	return f, code.Drawn, nil
}

func rulesNamed(names []string) ([]*rule.Rule, error) {
	if len(names) == 0 {
		return review.Rules, nil
	}
	var out []*rule.Rule
	for _, name := range names {
		r := review.Named(name)
		if r == nil {
			return nil, fmt.Errorf("%s: no such rule; there are %s", name, strings.Join(RuleNames(), ", "))
		}
		out = append(out, r)
	}
	return out, nil
}

// RuleNames are the names of all rules, in the order in which users see them.
func RuleNames() []string {
	names := make([]string, 0, len(review.Rules))
	for _, r := range review.Rules {
		names = append(names, r.Name)
	}
	return names
}

// Rule finds a rule by its name, nil where there is none.
func Rule(name string) *rule.Rule { return review.Named(name) }
