package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/assess"
)

// moduleDiagram draws modules in their layers.
func moduleDiagram(r *assess.Report) string {
	g := &graph{}
	byName := map[string]*assess.Module{}
	for _, m := range byLayer(r) {
		byName[m.Name] = m
		b := &box{name: m.Name, row: m.Layer, class: "module " + first(m.Roles), title: m.Doc}
		b.lines = append(b.lines, boxLine{left: strings.Join(m.Roles, ", ")}, boxLine{left: sizes(m)})
		g.boxes = append(g.boxes, b)
	}
	wrap(g)
	for _, d := range dependencies(r, byLayer(r), byName) {
		class := ""
		if d.circle {
			class = "circle"
		}
		g.edges = append(g.edges, &edge{from: d.from, to: d.to, class: class, title: fmt.Sprintf("%s imports %s (%s)", d.from, d.to, count(d.imports, "import", "imports"))})
	}
	return g.svg("The modules of " + r.Name + " and what they depend on, from the top down")
}

func first(roles []string) string {
	if len(roles) == 0 {
		return ""
	}
	return roles[0]
}

func sizes(m *assess.Module) string {
	text := count(m.Lines, "line", "lines")
	if m.Routes > 0 {
		text += ", " + count(m.Routes, "route", "routes")
	}
	if m.Queries > 0 {
		text += ", " + count(m.Queries, "query", "queries")
	}
	return text
}

// mostInRow is how many boxes stand side by side before a row is broken into two.
const mostInRow = 7

// wrap breaks rows that are too wide to be read.
func wrap(g *graph) {
	rows := map[int][]*box{}
	last := 0
	for _, b := range g.boxes {
		rows[b.row] = append(rows[b.row], b)
		last = max(last, b.row)
	}
	next := 0
	for row := range last + 1 {
		list := rows[row]
		for i, b := range list {
			b.row = next + i/mostInRow
		}
		if len(list) > 0 {
			next += (len(list)-1)/mostInRow + 1
		}
	}
}

func inCircle(r *assess.Report, a, b string) bool {
	return slices.ContainsFunc(r.Cycles, func(c []string) bool { return slices.Contains(c, a) && slices.Contains(c, b) })
}

// follows reports whether a module depends on another through a third too. One of the circle of either is no third: each of a circle
// would follow from the others.
func follows(r *assess.Report, modules map[string]*assess.Module, from, to string) bool {
	seen := map[string]bool{}
	var reaches func(name string) bool
	reaches = func(name string) bool {
		if name == to {
			return true
		}
		if seen[name] || modules[name] == nil {
			return false
		}
		seen[name] = true
		return slices.ContainsFunc(modules[name].DependsOn, func(d assess.Dependency) bool { return reaches(d.Module) })
	}
	return slices.ContainsFunc(modules[from].DependsOn, func(d assess.Dependency) bool {
		return d.Module != to && !inCircle(r, d.Module, from) && !inCircle(r, d.Module, to) && reaches(d.Module)
	})
}
