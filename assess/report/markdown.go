package report

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/assess"
)

// Markdown prints a report as a page.
func Markdown(r *assess.Report) []byte {
	m := &markdown{}
	m.line("# The architecture of %s", r.Name)
	m.line("")
	m.line("%s", summary(r))
	m.modules(r)
	m.section("Conventions")
	for _, c := range r.Conventions {
		m.line("- **%s**: %s", c.Topic, escape(c.Text))
	}
	m.routes(r)
	m.entities(r)
	m.stores(r)
	m.hotSpots(r)
	m.improvements(r)
	m.coverage(r)
	m.line("\n---\n")
	m.text.WriteString(r.Brief)
	return []byte(m.text.String())
}

type markdown struct{ text strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(&m.text, format+"\n", args...) }

func (m *markdown) section(title string) { m.line("\n## %s\n", title) }

// escape keeps text from being read as Markdown or HTML.
func escape(text string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "|", `\|`, "\n", " ").Replace(text)
}

// code is text as code, within a table too.
func code(text string) string {
	return "`" + strings.NewReplacer("`", "'", "|", `\|`, "\n", " ").Replace(text) + "`"
}

func (m *markdown) modules(r *assess.Report) {
	m.section("Modules and layers")
	if drawing := mermaid(r); drawing != "" {
		m.line("%s", drawing)
	}
	m.line("| layer | module | roles | lines | routes | queries | tests | depends on |")
	m.line("|---:|---|---|---:|---:|---:|---:|---|")
	for _, module := range byLayer(r) {
		var needs []string
		for _, d := range module.DependsOn {
			needs = append(needs, code(d.Module))
		}
		m.line("| %d | %s | %s | %d | %d | %d | %d | %s |", module.Layer+1, code(module.Name), strings.Join(module.Roles, ", "), module.Lines, module.Routes, module.Queries, module.Tests, strings.Join(needs, " "))
	}
	if len(r.Cycles) == 0 {
		m.line("\nNo module depends on itself through others.")
	}
	for _, circle := range r.Cycles {
		m.line("\nA circle: %s.", escape(strings.Join(circle, ", ")))
	}
	for _, b := range r.Breaches {
		m.line("\n%s imports %s at %s: %s.", code(b.From), code(b.To), where(b.At), b.What)
	}
}

func (m *markdown) routes(r *assess.Report) {
	m.section("Routes")
	if len(r.Routes) == 0 {
		m.line("None were found.")
		return
	}
	around := shared(r)
	if len(around) > 0 {
		m.line("Around every route: %s.\n", escape(strings.Join(around, ", ")))
	}
	m.line("| route | handler | access | guards | statements | tables | outside | tested |")
	m.line("|---|---|---|---|---|---|---|---|")
	for _, route := range r.Routes {
		m.line("| %s | %s | %s | %s | %s | %s | %s | %s |", code(route.String()), handler(route), route.Access, escape(strings.Join(guards(route, around), ", ")), costs(route), escape(strings.Join(tables(route), ", ")), escape(strings.Join(calls(route), ", ")), yes(route.Tested))
	}
}

// handler is what answers a route and where it stands, as far as it is known.
func handler(route *assess.Route) string {
	if route.Handler == "" {
		return "-"
	}
	return code(route.Handler) + " " + where(route.Of)
}

func (m *markdown) entities(r *assess.Report) {
	m.section("Entities")
	if len(r.Entities) == 0 {
		m.line("No table was found.")
		return
	}
	m.line("| table | columns | leads to | read by | written by |")
	m.line("|---|---|---|---|---|")
	for _, e := range r.Entities {
		m.line("| %s | %s | %s | %s | %s |", code(e.Table), escape(strings.Join(columns(e), ", ")), escape(strings.Join(relations(e), ", ")), escape(strings.Join(e.Reads, ", ")), escape(strings.Join(e.Writes, ", ")))
	}
}

func (m *markdown) stores(r *assess.Report) {
	m.section("Data stores and the outside")
	for _, s := range r.Stores {
		m.line("- %s", escape(store(s)))
	}
	for _, o := range r.Outside {
		m.line("- %s", escape(outside(o)))
	}
	if len(r.Stores)+len(r.Outside) == 0 {
		m.line("None were found.")
	}
}

func (m *markdown) hotSpots(r *assess.Report) {
	m.section("Hot spots")
	for _, line := range hotSpots(r) {
		m.line("- %s", escape(line))
	}
}

func (m *markdown) improvements(r *assess.Report) {
	m.section("What to improve first")
	if len(r.Improvements) == 0 {
		m.line("Nothing was found.")
	}
	for i, improvement := range r.Improvements {
		m.line("%d. **%s** (%s). %s", i+1, escape(improvement.Title), places(improvement.Count), escape(improvement.Reason))
		for n, at := range improvement.Where {
			m.line("   - %s %s", where(at), escape(improvement.What[n]))
		}
		if improvement.Fix != "" {
			m.line("\n   Fix: %s", escape(improvement.Fix))
		}
	}
}

func (m *markdown) coverage(r *assess.Report) {
	m.section("How much was read")
	for _, line := range coverage(r) {
		m.line("- %s", escape(line))
	}
}

func where(p assess.Place) string { return code(place(p)) }
