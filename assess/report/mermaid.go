package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/assess"
)

// mostDrawn is how many modules stand in a drawing within Markdown; the largest do.
const mostDrawn = 40

// mermaid draws the modules of a report and what they depend on in the language of Mermaid (https://mermaid.js.org/syntax/flowchart.html),
// which forges draw within Markdown. Of one module there is nothing to draw.
func mermaid(r *assess.Report) string {
	drawn := drawnModules(r)
	if len(drawn) < 2 {
		return ""
	}
	var b strings.Builder
	b.WriteString("```mermaid\nflowchart TD\n")
	byName, ids := map[string]*assess.Module{}, map[string]string{}
	for i, m := range drawn {
		byName[m.Name], ids[m.Name] = m, fmt.Sprintf("m%d", i+1)
		fmt.Fprintf(&b, "  %s[\"%s\"]\n", ids[m.Name], label(m.Name))
	}
	for _, d := range dependencies(r, drawn, byName) {
		arrow := "-->"
		if d.circle {
			arrow = "-->|circle|"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", ids[d.from], arrow, ids[d.to])
	}
	b.WriteString("```\n")
	if more := len(r.Modules) - len(drawn); more > 0 {
		fmt.Fprintf(&b, "\n%s left out of the drawing.\n", count(more, "smaller module is", "smaller modules are"))
	}
	return b.String()
}

// drawnModules are the largest modules, from the top down.
func drawnModules(r *assess.Report) []*assess.Module {
	all := byLayer(r)
	if len(all) <= mostDrawn {
		return all
	}
	slices.SortStableFunc(all, func(x, y *assess.Module) int { return cmp.Compare(y.Lines, x.Lines) })
	largest := all[:mostDrawn]
	return slices.DeleteFunc(byLayer(r), func(m *assess.Module) bool { return !slices.Contains(largest, m) })
}

// label is a name between quotes, without what Mermaid or HTML would read in it.
func label(name string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(name)
}

// dependency is a line of a drawing: what one of its modules needs of another.
type dependency struct {
	from, to string
	imports  int
	circle   bool
}

// dependencies are those of modules that are drawn; one that follows from others is left out, so that the rest can be followed.
func dependencies(r *assess.Report, drawn []*assess.Module, byName map[string]*assess.Module) (out []dependency) {
	for _, m := range drawn {
		for _, d := range m.DependsOn {
			circle := inCircle(r, m.Name, d.Module)
			if byName[d.Module] == nil || !circle && follows(r, byName, m.Name, d.Module) {
				continue
			}
			out = append(out, dependency{m.Name, d.Module, d.Imports, circle})
		}
	}
	return out
}
