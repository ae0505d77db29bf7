package build

import (
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// cycles finds computed fields that are computed from themselves, and rules that ask each other with can() without end.
// It says whether there are none, so that what follows rules from one to the next comes to an end.
func (b *builder) cycles() bool {
	before := len(*b.problems)
	b.firstRows()
	g := graph{edges: map[any][]edge{}, state: map[any]int{}, names: map[any]string{}}
	g.report = func(pos diag.Pos, names []string) {
		b.problems.Add(pos, Circle, "", "this asks itself without end: %s", strings.Join(names, " → "))
	}
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			if f.Computed == nil || !b.computed[f] {
				continue
			}
			g.names[f] = e.Name + "." + f.Name
			g.order = append(g.order, f)
			pos := f.Pos
			if from := design.Find(b.directives(f), "computed").Arg("from"); from != nil {
				pos = from.Pos
			}
			b.edges(&g, f, f.Computed, pos)
		}
	}
	for _, site := range b.rules {
		if site.op != nil || site.field != nil {
			continue
		}
		key := asking{site.entity, site.verb}
		if g.names[key] == "" {
			g.names[key] = string(site.verb) + " of " + site.entity.Name
			g.order = append(g.order, key)
		}
		b.edges(&g, key, site.rule.When, site.rule.Pos)
	}
	if t := b.model.Tenant; t != nil && t.When != nil {
		g.names[t] = "@tenant of " + t.Entity.Name
		g.order = append(g.order, t)
		d := design.Find(b.declared[t.Entity].Directives, "tenant")
		b.edges(&g, t, t.When, d.Arg("when").Pos)
	}
	g.walk()
	return len(*b.problems) == before
}

// asking is the rules of an entity for a verb.
type asking struct {
	entity *model.Entity
	verb   model.Verb
}

type edge struct {
	to  any
	pos diag.Pos
}

type graph struct {
	order []any
	edges map[any][]edge
	state map[any]int // 1 on the way, 2 done
	names map[any]string

	report func(pos diag.Pos, names []string) // a circle, at the edge that closes it
}

func (b *builder) edges(g *graph, from any, x *model.Expr, pos diag.Pos) {
	for _, t := range b.touched[x] {
		if t.field.Computed != nil {
			g.edges[from] = append(g.edges[from], edge{t.field, pos})
		}
	}
	var visit func(x *model.Expr)
	visit = func(x *model.Expr) {
		if x.Op == model.Can {
			for _, e := range b.asked[x] {
				g.edges[from] = append(g.edges[from], edge{asking{e, x.Verb}, pos})
				if t := b.model.Tenant; t != nil && e != t.Entity && e.TenantColumn != "" { // where none is named
					g.edges[from] = append(g.edges[from], edge{t, pos})
				}
			}
		}
		for _, a := range x.Args {
			visit(a)
		}
	}
	visit(x)
}

func (g *graph) visit(n any, way []any) {
	g.state[n] = 1
	way = append(way, n)
	for _, e := range g.edges[n] {
		switch g.state[e.to] {
		case 0:
			g.visit(e.to, way)
		case 1:
			start := len(way) - 1
			for start > 0 && way[start] != e.to {
				start--
			}
			var names []string
			for _, step := range append(way[start:len(way):len(way)], e.to) {
				names = append(names, g.names[step])
			}
			g.report(e.pos, names)
		}
	}
	g.state[n] = 2
}

// firstRows finds entities of which there can never be a row, because each needs another one first.
func (b *builder) firstRows() {
	g := graph{edges: map[any][]edge{}, state: map[any]int{}, names: map[any]string{}}
	g.report = func(pos diag.Pos, names []string) {
		b.problems.Add(pos, Circle, "leave out one \"!\"", "there can never be a first row: each needs another (%s)", strings.Join(names, " → "))
	}
	for _, e := range b.model.Entities {
		g.order = append(g.order, e)
		g.names[e] = e.Name
		for _, f := range e.Fields {
			if f.Kind == model.Ref && !f.Null && !isComputed(f) && f.Default == nil && design.Find(b.directives(f), "default") == nil {
				g.edges[e] = append(g.edges[e], edge{f.Target, f.Pos})
			}
		}
	}
	g.walk()
}

// walk visits every node once.
func (g *graph) walk() {
	for _, n := range g.order {
		if g.state[n] == 0 {
			g.visit(n, nil)
		}
	}
}
