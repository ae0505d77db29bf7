package report

import (
	_ "embed"
	"fmt"
	"html"
	"strings"

	"github.com/fettlehq/fettle/assess"
)

//go:embed page.css
var style string

// HTML prints a report as one page that asks for nothing else.
func HTML(r *assess.Report) []byte {
	p := &page{}
	p.line(`<!doctype html>`)
	p.line(`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`)
	p.line(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`)
	p.line("<title>%s</title><style>\n%s</style></head><body>", text("The architecture of "+r.Name), style)
	p.line("<header><h1>%s</h1><p>%s</p></header>", text(r.Name), text(summary(r)))
	p.contents()
	p.line("<main>")
	p.improvements(r)
	p.modules(r)
	p.routes(r)
	p.entities(r)
	p.stores(r)
	p.conventions(r)
	p.hotSpots(r)
	p.brief(r)
	p.coverage(r)
	p.line("</main></body></html>")
	return []byte(p.text.String())
}

type page struct{ text strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func text(s string) string { return html.EscapeString(s) }

// chapters are the parts of the page, by their anchors.
var chapters = [][2]string{
	{"improve", "What to improve first"},
	{"modules", "Modules and layers"},
	{"routes", "Routes"},
	{"entities", "Entities"},
	{"stores", "Stores and the outside"},
	{"conventions", "Conventions"},
	{"hot", "Hot spots"},
	{"brief", "Adding code"},
	{"read", "How much was read"},
}

func (p *page) contents() {
	p.line("<nav>")
	for _, c := range chapters {
		p.line(`<a href="#%s">%s</a>`, c[0], text(c[1]))
	}
	p.line("</nav>")
}

func (p *page) chapter(anchor string) {
	for _, c := range chapters {
		if c[0] == anchor {
			p.line(`<h2 id="%s">%s</h2>`, anchor, text(c[1]))
		}
	}
}

func (p *page) improvements(r *assess.Report) {
	p.chapter("improve")
	if len(r.Improvements) == 0 {
		p.line("<p>Nothing was found.</p>")
		return
	}
	p.line("<ol class=improve>")
	for _, i := range r.Improvements {
		p.line("<li><details><summary><b>%s</b> <small>%s</small></summary><p>%s</p><ul>", text(i.Title), text(places(i.Count)), text(i.Reason))
		for n, at := range i.Where {
			p.line("<li><code>%s</code> %s</li>", text(place(at)), text(i.What[n]))
		}
		p.line("</ul>")
		if i.Fix != "" {
			p.line("<p>Fix: <code>%s</code></p>", text(i.Fix))
		}
		p.line("</details></li>")
	}
	p.line("</ol>")
}

func (p *page) modules(r *assess.Report) {
	p.chapter("modules")
	p.line("<figure>%s<figcaption>Each module stands below those that need it. A line that follows from others is not drawn; red ones form a circle. The colour is that of the first role.</figcaption></figure>", moduleDiagram(r))
	for _, circle := range r.Cycles {
		p.line("<p class=warn>A circle: %s.</p>", text(strings.Join(circle, ", ")))
	}
	for _, b := range r.Breaches {
		p.line("<p class=warn><code>%s</code> imports <code>%s</code> at <code>%s</code>: %s.</p>", text(b.From), text(b.To), text(place(b.At)), text(b.What))
	}
	p.line("<div class=wide><table><thead><tr><th>module<th>roles<th class=n>lines<th class=n>routes<th class=n>queries<th class=n>tests<th>about</tr></thead><tbody>")
	for _, m := range byLayer(r) {
		p.line("<tr><td><code>%s</code><td>%s<td class=n>%d<td class=n>%d<td class=n>%d<td class=n>%d<td>%s</tr>", text(m.Name), text(strings.Join(m.Roles, ", ")), m.Lines, m.Routes, m.Queries, m.Tests, text(m.Doc))
	}
	p.line("</tbody></table></div>")
}

func (p *page) routes(r *assess.Report) {
	p.chapter("routes")
	if len(r.Routes) == 0 {
		p.line("<p>None were found.</p>")
		return
	}
	around := shared(r)
	if len(around) > 0 {
		p.line("<p>Around every route: <code>%s</code>.</p>", text(strings.Join(around, ", ")))
	}
	p.line("<div class=wide><table><thead><tr><th>route<th>access<th>guards<th>statements<th>tested</tr></thead><tbody>")
	for _, route := range r.Routes {
		p.line("<tr><td><code>%s</code><br><small><code>%s</code> %s</small><td class=%s>%s<td>%s<td>%s<td>%s</tr>", text(route.String()), text(route.Handler), text(place(route.Of)),
			route.Access, route.Access, text(strings.Join(guards(route, around), ", ")), p.statements(route), yes(route.Tested))
	}
	p.line("</tbody></table></div>")
}

// statements are the queries of a route, folded up.
func (p *page) statements(route *assess.Route) string {
	var b strings.Builder
	if len(route.Queries) == 0 {
		b.WriteString("none")
	} else {
		fmt.Fprintf(&b, "<details><summary>%s: %s</summary><ul>", text(costs(route)), text(strings.Join(tables(route), ", ")))
		for _, q := range route.Queries {
			mark := ""
			if q.PerItem {
				mark = " <em>for each item</em>"
			}
			if q.Maybe {
				mark += " <em>by one of several implementations</em>"
			}
			fmt.Fprintf(&b, "<li><code>%s</code>%s<br><small>%s, %s</small></li>", text(q.Text), mark, text(q.In), text(place(q.At)))
		}
		b.WriteString("</ul></details>")
	}
	for _, c := range calls(route) {
		fmt.Fprintf(&b, "<br><small>%s</small>", text(c))
	}
	return b.String()
}

func (p *page) entities(r *assess.Report) {
	p.chapter("entities")
	if len(r.Entities) == 0 {
		p.line("<p>No table was found.</p>")
		return
	}
	p.line("<figure>%s<figcaption>Each table stands above those that it leads to. Dashed lines are no foreign keys: queries join by them, or a column's name says so. Bold is the key; ? may be null.</figcaption></figure>", entityDiagram(r))
	p.line("<div class=wide><table><thead><tr><th>table<th>leads to<th>read by<th>written by<th class=n>places</tr></thead><tbody>")
	for _, e := range r.Entities {
		p.line("<tr><td><code>%s</code><td>%s<td>%s<td>%s<td class=n>%d</tr>", text(e.Table), text(strings.Join(relations(e), ", ")), text(strings.Join(e.Reads, ", ")), text(strings.Join(e.Writes, ", ")), e.Queries)
	}
	p.line("</tbody></table></div>")
}

func (p *page) items(lines []string) {
	if len(lines) == 0 {
		p.line("<p>None were found.</p>")
		return
	}
	p.line("<ul>")
	for _, line := range lines {
		p.line("<li>%s</li>", text(line))
	}
	p.line("</ul>")
}

func (p *page) stores(r *assess.Report) {
	p.chapter("stores")
	var lines []string
	for _, s := range r.Stores {
		lines = append(lines, store(s))
	}
	for _, o := range r.Outside {
		lines = append(lines, outside(o))
	}
	p.items(lines)
}

func (p *page) conventions(r *assess.Report) {
	p.chapter("conventions")
	p.line("<dl>")
	for _, c := range r.Conventions {
		p.line("<dt>%s</dt><dd>%s</dd>", text(c.Topic), text(c.Text))
	}
	p.line("</dl>")
}

func (p *page) hotSpots(r *assess.Report) {
	p.chapter("hot")
	p.items(hotSpots(r))
}

func (p *page) brief(r *assess.Report) {
	p.chapter("brief")
	p.line("<pre class=brief>%s</pre>", text(r.Brief))
}

func (p *page) coverage(r *assess.Report) {
	p.chapter("read")
	p.items(coverage(r))
}
