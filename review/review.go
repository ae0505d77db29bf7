// Package review finds the faults of a backend in its facts.
//
//	facts ─▶ Rules ─▶ findings, without what the code asks to ignore
//
// A rule is a folder: its document, a function from facts to findings, and marked examples. No rule knows a language,
// and each finding shows the chain that it stands on. Fewer findings with proof beat many.
package review

import (
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/checktheninsert"
	"github.com/fettlehq/fettle/review/droppedcolumn"
	"github.com/fettlehq/fettle/review/errorleak"
	"github.com/fettlehq/fettle/review/lockingmigration"
	"github.com/fettlehq/fettle/review/lockscope"
	"github.com/fettlehq/fettle/review/lostcontext"
	"github.com/fettlehq/fettle/review/lostupdate"
	"github.com/fettlehq/fettle/review/massassignment"
	"github.com/fettlehq/fettle/review/missingguard"
	"github.com/fettlehq/fettle/review/missingindex"
	"github.com/fettlehq/fettle/review/missingowner"
	"github.com/fettlehq/fettle/review/missingtimeout"
	"github.com/fettlehq/fettle/review/nplusone"
	"github.com/fettlehq/fettle/review/openroute"
	"github.com/fettlehq/fettle/review/orprecedence"
	"github.com/fettlehq/fettle/review/redundantindex"
	"github.com/fettlehq/fettle/review/resourceleak"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/secret"
	"github.com/fettlehq/fettle/review/secretlog"
	"github.com/fettlehq/fettle/review/sharedmap"
	"github.com/fettlehq/fettle/review/sharedstate"
	"github.com/fettlehq/fettle/review/slowtransaction"
	"github.com/fettlehq/fettle/review/sqlinjection"
	"github.com/fettlehq/fettle/review/swallowederror"
	"github.com/fettlehq/fettle/review/unboundedlist"
	"github.com/fettlehq/fettle/review/wrongtransaction"
)

// Rules are all rules, in the order in which users see them.
var Rules = []*rule.Rule{
	&sqlinjection.Rule,
	&openroute.Rule,
	&missingguard.Rule,
	&missingowner.Rule,
	&orprecedence.Rule,
	&massassignment.Rule,
	&secret.Rule,
	&droppedcolumn.Rule,
	&nplusone.Rule,
	&missingindex.Rule,
	&lockingmigration.Rule,
	&unboundedlist.Rule,
	&checktheninsert.Rule,
	&lostupdate.Rule,
	&wrongtransaction.Rule,
	&slowtransaction.Rule,
	&lockscope.Rule,
	&resourceleak.Rule,
	&lostcontext.Rule,
	&missingtimeout.Rule,
	&sharedmap.Rule,
	&sharedstate.Rule,
	&errorleak.Rule,
	&swallowederror.Rule,
	&secretlog.Rule,
	&redundantindex.Rule,
}

// Named finds a rule, nil where there is none.
func Named(name string) *rule.Rule {
	for _, r := range Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Find runs rules on facts. Uncertain findings are left out unless asked for.
func Find(f *facts.Facts, rules []*rule.Rule, uncertain bool) []rule.Finding {
	var out []rule.Finding
	uncalled := uncalledIn(f)
	for _, r := range rules {
		for _, finding := range r.Find(f) {
			finding.Rule = r.Name
			if finding.Severity == "" {
				finding.Severity = r.Severity
			}
			if !r.Lies && slices.ContainsFunc(uncalled[finding.Pos.File], func(f *facts.Function) bool { return f.Contains(finding.Pos) }) {
				finding.Confidence = rule.Uncertain
			}
			if finding.Confidence == rule.Uncertain && !uncertain || ignored(f, finding) {
				continue
			}
			out = append(out, finding)
		}
	}
	return rule.Sort(out)
}

// uncalledIn are the functions that nothing calls, by their files.
func uncalledIn(f *facts.Facts) map[string][]*facts.Function {
	out := map[string][]*facts.Function{}
	for _, function := range f.Functions {
		if function.Uncalled {
			out[function.Pos.File] = append(out[function.Pos.File], function)
		}
	}
	return out
}

// ignored reports whether the code asks for silence, with a reason, on the finding's line or the one before.
func ignored(f *facts.Facts, finding rule.Finding) bool {
	return slices.ContainsFunc(f.Ignores, func(i facts.Ignore) bool {
		return i.Pos.File == finding.Pos.File && (i.Pos.Line == finding.Pos.Line || i.Pos.Line == finding.Pos.Line-1) &&
			i.Rule == finding.Rule && i.Reason != ""
	})
}
