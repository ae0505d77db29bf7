package optimize

import (
	"context"
	"fmt"
	"slices"
)

// A run that somebody ends tells what it has proved until then. What it was doing at that moment comes to nothing, and the reasons that a
// step makes of that are none: so what is told is as it was when a step was done last.

// safe keeps what is advised and noted, unless the run is being ended.
func (r *run) safe(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	kept := *r.report
	kept.Advice, kept.Notes = slices.Clone(r.report.Advice), slices.Clone(r.report.Notes)
	r.sure = &kept
}

// untilThen is the report of a run that was ended, or the error that nothing was proved.
func (r *run) untilThen() (*Report, error) {
	if r.sure == nil {
		return nil, errInterrupted
	}
	report := r.sure
	report.Advice = slices.DeleteFunc(report.Advice, func(a *Advice) bool { return a.Proof.Level == L0 })
	for { // what was measured beside an index that is not advised yet may gain nothing without it
		advised := map[*Index]bool{}
		for _, a := range report.Advice {
			for _, index := range a.Indexes {
				advised[index] = true
			}
		}
		left := slices.DeleteFunc(slices.Clone(report.Advice), func(a *Advice) bool {
			return slices.ContainsFunc(a.beside, func(index *Index) bool { return !advised[index] })
		})
		if len(left) == len(report.Advice) {
			break
		}
		report.Advice = left
	}
	if len(report.Advice) == 0 {
		return nil, errInterrupted
	}
	open := 0
	for _, index := range report.Chosen {
		if !slices.ContainsFunc(report.Advice, func(a *Advice) bool { return slices.Contains(a.Indexes, index) }) {
			open++
		}
	}
	report.Interrupted = "what follows was proved until then"
	if open > 0 {
		report.Interrupted += fmt.Sprintf("; %s not, or not tried", were(open))
	}
	if r.clone != nil && !r.settled {
		report.Interrupted += "; whether a statement is slower with it was not looked at"
	}
	report.finish()
	return report, nil
}

// were says that indexes that were thought of came to nothing.
func were(indexes int) string {
	if indexes == 1 {
		return "1 index that was chosen was"
	}
	return fmt.Sprintf("%d indexes that were chosen were", indexes)
}
