package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/assess"
)

// entityDiagram draws tables: each above those that it leads to. Tables that lead nowhere and that none leads to stand in rows
// of their own, at the end.
func entityDiagram(r *assess.Report) string {
	g := &graph{}
	byName := map[string]*assess.Entity{}
	for _, e := range r.Entities {
		byName[strings.ToLower(e.Table)] = e
	}
	rows := entityRows(r.Entities, byName)
	for _, e := range r.Entities {
		b := &box{name: e.Table, row: rows[e.Table], class: "entity", title: fmt.Sprintf("read by %s; written by %s", list(e.Reads), list(e.Writes))}
		b.lines = columnLines(e)
		g.boxes = append(g.boxes, b)
	}
	slices.SortStableFunc(g.boxes, func(a, b *box) int { return a.row - b.row })
	wrap(g)
	for _, e := range r.Entities {
		for _, relation := range e.Relations {
			to := byName[strings.ToLower(relation.To)]
			if to == nil || to == e {
				continue
			}
			class := ""
			if relation.By != "foreign key" {
				class = "inferred"
			}
			g.edges = append(g.edges, &edge{from: e.Table, to: to.Table, class: class, title: fmt.Sprintf("%s.%s → %s (%s)", e.Table, strings.Join(relation.Columns, ", "), to.Table, relation.By)})
		}
	}
	return g.svg("The tables of " + r.Name + " and what they lead to")
}

func list(names []string) string {
	if len(names) == 0 {
		return "nobody that was found"
	}
	return strings.Join(names, ", ")
}

// mostColumns is how many columns a table shows: keys and what leads elsewhere first.
const mostColumns = 12

func columnLines(e *assess.Entity) []boxLine {
	leads := func(c assess.Column) bool {
		return slices.ContainsFunc(e.Relations, func(r assess.Relation) bool { return slices.Contains(r.Columns, c.Name) })
	}
	columns := slices.Clone(e.Columns)
	if len(columns) > mostColumns {
		slices.SortStableFunc(columns, func(a, b assess.Column) int { return rank(b, leads(b)) - rank(a, leads(a)) })
		columns = columns[:mostColumns-1]
	}
	var out []boxLine
	for _, c := range columns {
		kind := c.Type
		if c.Null {
			kind += "?"
		}
		name := c.Name
		if leads(c) {
			name += " →"
		}
		out = append(out, boxLine{left: name, right: kind, strong: c.Key})
	}
	if n := len(e.Columns) - len(columns); n > 0 {
		out = append(out, boxLine{left: fmt.Sprintf("and %d more", n)})
	}
	return out
}

func rank(c assess.Column, leads bool) int {
	switch {
	case c.Key:
		return 3
	case leads:
		return 2
	case c.Unique:
		return 1
	default:
		return 0
	}
}

// entityRows puts each table above those that it leads to, circles apart, and those that are alone behind all others.
func entityRows(entities []*assess.Entity, byName map[string]*assess.Entity) map[string]int {
	rows := map[string]int{}
	state := map[*assess.Entity]int{}
	heights := map[*assess.Entity]int{} // how long the longest way down is
	linked := map[*assess.Entity]bool{}
	var height func(e *assess.Entity) int
	height = func(e *assess.Entity) int {
		if state[e] != 0 {
			return heights[e] // of a circle: what is known so far
		}
		state[e] = 1
		for _, r := range e.Relations {
			if to := byName[strings.ToLower(r.To)]; to != nil && to != e {
				linked[e], linked[to] = true, true
				if state[to] != 1 {
					heights[e] = max(heights[e], height(to)+1)
				}
			}
		}
		state[e] = 2
		return heights[e]
	}
	tallest := 0
	for _, e := range entities {
		tallest = max(tallest, height(e))
	}
	for _, e := range entities {
		if linked[e] {
			rows[e.Table] = tallest - heights[e]
		} else {
			rows[e.Table] = tallest + 1
		}
	}
	return rows
}
