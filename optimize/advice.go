package optimize

import (
	"encoding/json"
	"io"
)

// Advice is one change with its proof.
type Advice struct {
	ID         string   `json:"id"`        // stable from run to run
	Kind       Kind     `json:"kind"`      //
	Statement  string   `json:"statement"` // that gains most
	Where      string   `json:"where"`     // it was seen
	Change     string   `json:"change"`    // one line, or more for several indexes or a rewritten statement
	Migration  string   `json:"migration"` // goose; empty where it is no matter of migrations
	Proof      Proof    `json:"proof"`
	Confidence string   `json:"confidence"`
	Notes      []string `json:"notes"`

	Why   []string `json:"-"` // it is slow
	Query string   `json:"-"` // its ID
	Title string   `json:"-"` // what a person calls the statement
	Saved float64  `json:"-"` // of the workload's cost

	SavedTime float64 `json:"-"` // milliseconds in the time in which calls were counted; 0: not measured

	File    string   `json:"-"` // a name for the migration
	Indexes []*Index `json:"-"` // that are made

	shown   *Query      // that was measured; nil: none was
	beside  []*Index    // that were made, too, when it was measured
	special *special    // that it is
	serves  []servedToo // beside the statement that it is shown with; finish tells them
}

// Kind is what an advice is about.
type Kind string

// The kinds.
const (
	KindIndex      Kind = "index"
	KindRewrite    Kind = "rewrite"
	KindStatistics Kind = "statistics"
	KindHygiene    Kind = "hygiene"
	KindSetting    Kind = "setting"
	KindHint       Kind = "hint"
)

// Proof is how far an advice was tried.
type Proof struct {
	Level  Level     `json:"level"`
	Before *Evidence `json:"before"`
	After  *Evidence `json:"after"`
}

// Level is a step of the ladder of proof.
type Level string

// The levels.
const (
	L0 Level = "L0" // a rule says so
	L1 Level = "L1" // the planner says so, with an index that is only thought of
	L2 Level = "L2" // measured on a sample
	L3 Level = "L3" // measured on a clone
)

// Evidence is what was seen, without a change or with it.
type Evidence struct {
	Cost    float64  `json:"cost"`                   // the planner's, without a unit
	MS      *float64 `json:"milliseconds,omitempty"` // the median; only where it was measured
	Runs    int      `json:"runs,omitempty"`
	Pages   *float64 `json:"pages,omitempty"` // touched
	Steps   *float64 `json:"steps,omitempty"` // of SQLite's virtual machine
	Plan    []string `json:"plan,omitempty"`
	tree    *Plan
	timeout bool
}

func estimated(p *Plan) *Evidence {
	if p == nil {
		return nil
	}
	return &Evidence{Cost: p.Cost(), Plan: p.Lines(), tree: p}
}

func measured(m Measured) *Evidence {
	median := m.Median()
	e := &Evidence{MS: &median, Runs: len(m.Times), timeout: m.TimedOut}
	if m.Plan != nil {
		pages := m.Plan.Buffers()
		e.Cost, e.Pages, e.Plan, e.tree = m.Plan.Cost(), &pages, m.Plan.Lines(), m.Plan
	}
	return e
}

// Report is what a run found.
type Report struct {
	Advice  []*Advice `json:"advice"` // what saves most first
	Queries []*Query  `json:"-"`
	Notes   []string  `json:"notes"` // what a reader should know of the run
	Catalog *Catalog  `json:"-"`

	Left   int          `json:"-"` // statements that could not be looked at: the notes say why
	Passed []*Statement `json:"-"` // that were not looked at: they are about the session, the schema or the catalog

	Explains int      `json:"-"` // plans that were asked for
	Before   float64  `json:"-"` // cost of the workload
	After    float64  `json:"-"` // with all indexes advised
	Chosen   []*Index `json:"-"`
	Size     float64  `json:"-"` // of Chosen, in bytes, as the budget counts
	Literals bool     `json:"-"` // constants are shown

	Interrupted string `json:"-"` // what is missing because somebody ended the run; empty: nothing
}

// shareOf says what the shares of statements are parts of.
func (r *Report) shareOf() string {
	switch {
	case timed(r.Queries):
		return "time, as it was measured"
	case r.Catalog.Dialect == SQLite:
		return "steps of SQLite's machine"
	}
	return "planned cost"
}

// JSON writes the advice for programs.
func (r *Report) JSON(w io.Writer) error {
	out := *r
	if out.Advice == nil {
		out.Advice = []*Advice{}
	}
	if out.Notes == nil {
		out.Notes = []string{}
	}
	for _, a := range out.Advice {
		if a.Notes == nil {
			a.Notes = []string{}
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(out)
}
