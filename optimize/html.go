package optimize

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed report.html
var page string

// HTML writes the report as one page that needs nothing else: no script, no font, no other file.
func (r *Report) HTML(w io.Writer) error {
	t, err := template.New("report").Parse(page)
	if err != nil {
		panic(fmt.Sprintf("report.html: %v", err)) // it is part of the program
	}
	return t.Execute(w, r.view())
}

// view is what the page shows.
type view struct {
	Statements, Changes, Hints int
	Database, ShareOf          string
	Bars                       []bar
	Advice                     []card
	Notes                      []string
}

// bar is a statement in the plot of costs.
type bar struct {
	Name, Text, Share string
	Width             float64 // of 500
}

type card struct {
	N                      int
	ID, Title, Kind, Level string
	Change, Statement      string
	Migration, Confidence  string
	Why, Notes             []string
	Before, After          *side
}

// side is one of the two plans.
type side struct {
	Head  string
	Width float64 // of the bar of time or cost, in percent; of logarithms, as the two are far apart
	Steps []step
}

type step struct {
	Indent int
	Text   string
	Part   float64 // of the plan's cost, in percent
}

func (r *Report) view() view {
	v := view{Statements: len(r.Queries), Notes: r.Notes, Database: "SQLite", ShareOf: r.shareOf()}
	if r.Catalog.Dialect == Postgres {
		v.Database = fmt.Sprintf("PostgreSQL %d.%d", r.Catalog.Version/10000, r.Catalog.Version%10000)
	}
	for i, q := range r.Queries {
		if i == 15 {
			break
		}
		v.Bars = append(v.Bars, bar{q.title(), oneLine(q.Shown(r.Literals)), fmt.Sprintf("%.1f %%", 100*q.Share), max(2, 500*q.Share)})
	}
	for i, a := range r.Advice {
		if a.Kind == KindHint {
			v.Hints++
		} else {
			v.Changes++
		}
		c := card{
			N: i + 1, ID: a.ID, Title: a.Title, Kind: string(a.Kind), Level: string(a.Proof.Level), Change: a.Change, Statement: a.Statement,
			Migration: a.Migration, Confidence: a.Confidence, Why: a.Why, Notes: a.Notes,
		}
		most := max(a.Proof.Before.amount(), a.Proof.After.amount())
		c.Before, c.After = a.Proof.Before.side("before", most), a.Proof.After.side("after", most)
		v.Advice = append(v.Advice, c)
	}
	return v
}

// amount is the time where it was measured, else the steps or the cost.
func (e *Evidence) amount() float64 {
	switch {
	case e == nil:
		return 0
	case e.MS != nil:
		return *e.MS
	}
	return e.Cost
}

func (e *Evidence) side(when string, most float64) *side {
	if e == nil {
		return nil
	}
	s := &side{Head: e.head(when)}
	if most > 0 {
		s.Width = max(1, 100*math.Log1p(1000*e.amount()/most)/math.Log1p(1000))
	}
	root := 1.0
	var all []*Node
	if e.tree != nil {
		all, root = e.tree.All(), max(1, e.tree.Root.Cost)
	}
	for i, line := range e.Plan {
		text := strings.TrimLeft(line, " ")
		st := step{Indent: (len(line) - len(text)) * 8, Text: text}
		if i < len(all) {
			st.Part = min(100, 100*all[i].Cost/root)
		}
		s.Steps = append(s.Steps, st)
	}
	return s
}
