// Package report prints assessments: for a terminal, as a page of Markdown or HTML, and for programs.
//
// Text, Markdown and HTML tell the same in the same order; what one line says of a thing is written once, here. The HTML
// is one file that asks for nothing else, with its diagrams drawn in it.
package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/assess"
)

// JSON prints a report for programs, as the types of package assess say.
func JSON(r *assess.Report) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(r)
	return b.Bytes(), err
}

func summary(r *assess.Report) string {
	s := r.Summary
	return fmt.Sprintf("%s in %s and %s; %s (%d open), %s, %s, %s.", count(s.Lines, "line", "lines"), count(s.Packages, "package", "packages"), count(len(r.Modules), "module", "modules"),
		count(s.Routes, "route", "routes"), s.Open, count(s.Queries, "query", "queries"), count(s.Tables, "table", "tables"), count(s.Tests, "test", "tests"))
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func places(n int) string { return count(n, "place", "places") }

func place(p assess.Place) string {
	if p.File == "" {
		return "-"
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// byLayer is the modules from the top down.
func byLayer(r *assess.Report) []*assess.Module {
	out := slices.Clone(r.Modules)
	slices.SortStableFunc(out, func(x, y *assess.Module) int { return cmp.Or(x.Layer-y.Layer, cmp.Compare(x.Name, y.Name)) })
	return out
}

// shared are the middleware that stand around every route, which are told once.
func shared(r *assess.Report) []string {
	var out []string
	for i, route := range r.Routes {
		names := guards(route, nil)
		if i == 0 {
			out = names
		}
		out = slices.DeleteFunc(out, func(name string) bool { return !slices.Contains(names, name) })
	}
	if len(r.Routes) < 2 {
		return nil
	}
	return out
}

// guards are the middleware of a route, without those that are told elsewhere.
func guards(route *assess.Route, told []string) []string {
	var out []string
	for _, g := range route.Guards {
		if !slices.Contains(told, g.Name) && !slices.Contains(out, g.Name) {
			out = append(out, g.Name)
		}
	}
	return out
}

// costs are the statements of a route, as far as the code shows them.
func costs(route *assess.Route) string {
	c := route.Cost
	switch {
	case !route.Seen:
		return "not seen"
	case c.Once+c.PerItem == 0:
		return "none"
	case c.PerItem == 0:
		return fmt.Sprint(c.Once)
	default:
		return fmt.Sprintf("%d, and %d for each item", c.Once, c.PerItem)
	}
}

func tables(route *assess.Route) []string {
	var out []string
	for _, q := range route.Queries {
		for _, t := range q.Tables {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	slices.Sort(out)
	return out
}

func calls(route *assess.Route) []string {
	var out []string
	for _, c := range route.Calls {
		if !slices.Contains(out, c.What) {
			out = append(out, c.What)
		}
	}
	return out
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func columns(e *assess.Entity) []string {
	var out []string
	for _, c := range e.Columns {
		name := c.Name
		if c.Key {
			name += "#"
		}
		out = append(out, name)
	}
	if len(out) > 12 {
		out = append(out[:11], fmt.Sprintf("%d more", len(out)-11))
	}
	return out
}

func relations(e *assess.Entity) []string {
	var out []string
	for _, r := range e.Relations {
		by := ""
		if r.By != "foreign key" {
			by = " (by " + r.By + ")"
		}
		out = append(out, fmt.Sprintf("%s → %s%s", strings.Join(r.Columns, "+"), r.To, by))
	}
	return out
}

func store(s assess.Store) string {
	text := fmt.Sprintf("%s: %s", s.Kind, s.Product)
	if s.Library != "" {
		text += fmt.Sprintf(", through %s %s, at %s", s.Library, s.Version, place(s.At))
	}
	if len(s.Modules) > 0 {
		text += ", in " + strings.Join(s.Modules, ", ")
	}
	return strings.ReplaceAll(text, " ,", ",")
}

func outside(o assess.Outside) string {
	text := fmt.Sprintf("%s: %s, at %s, in %s", o.What, o.Name, place(o.At), strings.Join(o.Modules, ", "))
	switch o.Bounded {
	case "yes":
		text += ", with a time limit"
	case "no":
		text += ", without a time limit"
	}
	if o.InTx {
		text += ", while a transaction is open"
	}
	if len(o.Routes) > 0 {
		text += ", behind " + strings.Join(o.Routes[:min(3, len(o.Routes))], ", ")
		if n := len(o.Routes) - 3; n > 0 {
			text += fmt.Sprintf(" and %d more", n)
		}
	}
	return text
}

// hotSpots are lines about where a change costs or saves most.
func hotSpots(r *assess.Report) []string {
	var out []string
	for _, name := range r.HotSpots.Routes {
		i := slices.IndexFunc(r.Routes, func(route *assess.Route) bool { return route.String() == name })
		out = append(out, fmt.Sprintf("%s: statements: %s", name, costs(r.Routes[i])))
	}
	for i, u := range r.HotSpots.Untested {
		if i == 10 {
			out = append(out, fmt.Sprintf("%d handlers more that no test names or asks for", len(r.HotSpots.Untested)-10))
			break
		}
		out = append(out, fmt.Sprintf("%s (%s), at %s: no test names it or asks for it; %s, %s", u.Handler, u.Route, place(u.At), count(u.Queries, "query", "queries"), count(u.Writes, "write", "writes")))
	}
	for _, f := range r.HotSpots.Long {
		out = append(out, fmt.Sprintf("%s, at %s: %d lines", f.Name, place(f.At), f.Lines))
	}
	for _, t := range r.HotSpots.Tables {
		out = append(out, fmt.Sprintf("table %s: asked for in %s, by %s, written by %d", t.Table, places(t.Queries), count(t.Modules, "module", "modules"), t.Writers))
	}
	return out
}

// coverage are lines about how well the code could be read.
func coverage(r *assess.Report) []string {
	c := r.Coverage
	out := []string{fmt.Sprintf("of %s %d are typed in full", count(c.Packages, "package", "packages"), c.Typed)}
	if len(c.Missing) > 0 {
		names := c.Missing
		if len(names) > 6 {
			names = append(slices.Clone(names[:6]), fmt.Sprintf("%d more", len(names)-6))
		}
		out = append(out, fmt.Sprintf("not at hand: %s", strings.Join(names, ", ")))
	}
	if c.Dynamic > 0 {
		out = append(out, fmt.Sprintf("the text of %s is only known at run time", count(c.Dynamic, "query", "queries")))
	}
	for _, p := range c.Broken {
		out = append(out, fmt.Sprintf("%s: the file cannot be read from here on", place(p)))
	}
	return out
}
