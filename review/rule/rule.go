// Package rule is what rules and their readers share: a rule, a finding and its evidence.
package rule

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Rule is one kind of fault. Its document begins with a title and says what the fault is, why it hurts in production,
// shows a wrong and a right form, how to mend it, and when to leave it be.
type Rule struct {
	Name     string // as in fettle:ignore NAME
	Severity Severity
	CWE      string // such as "CWE-89"; "" where there is none
	OWASP    string // such as "API4:2023"
	Exposes  bool   // lets others read or change what is not theirs, or holds what lets them in
	Lies     bool   // hurts where it stands, in code too that nothing calls
	Document string
	Find     func(*facts.Facts) []Finding
}

// Title is the first line of a rule's document.
func (r *Rule) Title() string {
	line, _, _ := strings.Cut(r.Document, "\n")
	return strings.TrimSpace(strings.TrimPrefix(line, "#"))
}

// Severity is how much a fault hurts.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

var severities = []Severity{Critical, High, Medium, Low}

// AtLeast reports whether a severity is as bad as another, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(severities, s) <= slices.Index(severities, other)
}

// Confidence is how sure a finding is.
type Confidence string

// The confidences. What is uncertain is shown only when asked for.
const (
	Certain   Confidence = "high"
	Likely    Confidence = "medium"
	Uncertain Confidence = "uncertain"
)

// Finding is one fault in the reviewed code.
type Finding struct {
	Rule       string
	Severity   Severity // the rule's own where it is empty
	Confidence Confidence
	Pos        facts.Pos
	Message    string
	Evidence   []Evidence   // from where a request enters to what is wrong
	Fix        string       // what to write, or ""
	Edits      []facts.Edit // the fix as a mechanical change, where it is one
}

// Evidence is one link of the chain that a finding stands on.
type Evidence struct {
	Pos  facts.Pos
	What string
}

// Sort orders findings by severity, file, line and rule, and drops those that say the same.
func Sort(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(severities, a.Severity), slices.Index(severities, b.Severity)),
			cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Rule, b.Rule),
		)
	})
	return slices.CompactFunc(findings, func(a, b Finding) bool { return a.Rule == b.Rule && a.Pos == b.Pos })
}
