package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/fettlehq/fettle/assess"
	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/openapi"
	"github.com/fettlehq/fettle/review"
	"github.com/fettlehq/fettle/review/rule"
)

// Assess tells the architecture of the backend in a folder: code ─▶ facts ─▶ findings and report. Facts are kept in a
// folder, unless that is "".
func Assess(dir, cache string) (*assess.Report, error) {
	f, _, err := lift(dir, cache)
	if err != nil {
		return nil, err
	}
	var problems []assess.Problem
	for _, finding := range review.Find(f, review.Rules, false) {
		problems = append(problems, problem(finding))
	}
	_, err = os.Stat(filepath.Join(dir, LockFile))
	generated := err == nil
	if generated || len(f.Routes) == 0 { // of a service that is generated, code shows the hand-written routes alone
		for _, told := range openapi.Lift(dir, f.Functions) {
			if !slices.ContainsFunc(f.Routes, func(r *facts.Route) bool { return r.Method == told.Method && r.Path == told.Path }) {
				f.Routes = append(f.Routes, told)
			}
		}
	}
	return assess.Of(f, assess.Options{Name: nameOf(dir), Problems: problems, Generated: generated}), nil
}

// problem is a finding as far as an assessment tells of it.
func problem(f rule.Finding) assess.Problem {
	out := assess.Problem{
		Rule: f.Rule, Severity: string(f.Severity), Certain: f.Confidence == rule.Certain, Place: f.Pos, Message: f.Message, Fix: f.Fix,
	}
	for _, e := range f.Evidence {
		out.Chain = append(out.Chain, e.Pos)
	}
	if r := review.Named(f.Rule); r != nil {
		out.Title, out.Reason, out.Exposes = r.Title(), reason(r), r.Exposes
	}
	return out
}

// reason is the first paragraph of what a rule's document says of why the fault hurts.
func reason(r *rule.Rule) string {
	_, rest, _ := strings.Cut(r.Document, "## Why it hurts\n")
	first, _, _ := strings.Cut(strings.TrimSpace(rest), "\n\n")
	return strings.Join(strings.Fields(first), " ")
}

// nameOf is what the backend in a folder is called: its module, or the folder.
func nameOf(dir string) string {
	if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
		if name := modfile.ModulePath(text); name != "" {
			return name
		}
	}
	if full, err := filepath.Abs(dir); err == nil {
		return filepath.Base(full)
	}
	return dir
}
