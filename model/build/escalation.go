package build

import (
	"fmt"

	"github.com/fettlehq/fettle/model"
)

// keepFromGrowing finds fields by which people could widen their own rights: those that rules reach through the viewer
// (viewer.role), or through the viewer's part in something (members.find(m, m.user == viewer).role). Whoever may write
// such a field writes rules, so it is @readOnly, set at creation only, or has a rule of its own for writing. So does whoever
// may put himself into a list (viewer.teams).
//
// A test for null (s.leftAt == null) and the comparison with the viewer itself do not count.
func (b *builder) keepFromGrowing() {
	g := growth{b: b, seen: map[*model.Field]bool{}, visited: map[*model.Expr]bool{}}
	for _, site := range b.rules {
		g.site = site
		g.visit(site.rule.When, site.row(), "")
	}
}

type growth struct {
	b       *builder
	site    ruleSite
	seen    map[*model.Field]bool
	visited map[*model.Expr]bool
}

// visit looks through an expression. Member is the element of a list operation whose condition compares it with the
// viewer.
func (g *growth) visit(x *model.Expr, row absentRow, member string) {
	switch x.Op {
	case model.Get:
		g.reach(x, row, member)
		return
	case model.Eq, model.Ne:
		if isNull(x.Args[0]) || isNull(x.Args[1]) || isViewer(x.Args[0]) || isViewer(x.Args[1]) {
			for _, a := range x.Args {
				g.visit(a, row, "")
			}
			return
		}
	case model.Call:
		if x.Name == "matches" && x.Args[0].Kind == model.Ref {
			g.words(x.Args[0], row, member)
			return
		}
	case model.Exists, model.Count, model.Sum, model.Min, model.Max, model.Avg, model.Find:
		inner := row.with(x.Var, g.b.last(x.Args[0], row))
		name := ""
		if namesViewer(x.Args[1], x.Var) {
			name = x.Var
		}
		g.visit(x.Args[0], row, member)
		for _, a := range x.Args[1:] {
			g.visit(a, inner, name)
		}
		return
	}
	for _, a := range x.Args {
		g.visit(a, row, member)
	}
}

// words reaches all fields whose words a search of the row at x finds.
func (g *growth) words(x *model.Expr, row absentRow, member string) {
	in := func(field string) *model.Expr {
		text := *x
		text.Path = append(x.Path[:len(x.Path):len(x.Path)], field)
		return &text
	}
	if target := g.b.owner(in("id"), row); target != nil {
		for _, f := range target.Search {
			g.reach(in(f.Name), row, member)
		}
	}
}

func isViewer(x *model.Expr) bool {
	return x.Op == model.Get && x.Root == model.Viewer && len(x.Path) == 0
}

// namesViewer says whether a condition compares the element, or a reference of it, with the viewer.
func namesViewer(x *model.Expr, element string) bool {
	if x.Op == model.Eq {
		for i := range x.Args {
			other := x.Args[1-i]
			if isViewer(x.Args[i]) && other.Op == model.Get && other.Root == model.Variable && other.Var == element && len(other.Path) == 1 {
				return true
			}
		}
	}
	for _, a := range x.Args {
		if namesViewer(a, element) {
			return true
		}
	}
	return false
}

// reach reports the first field after the viewer or the membership, and goes on into what is computed.
func (g *growth) reach(x *model.Expr, row absentRow, member string) {
	direct := x.Root == model.Viewer || x.Root == model.Variable && x.Var == member && member != ""
	g.b.walk(x, row, func(owner *model.Entity, f *model.Field, last bool) {
		if owner == nil {
			return
		}
		if f.Computed != nil && g.b.computed[f] {
			if f.Kind == model.Ref && !last && isMembership(f.Computed) {
				direct = true
			} else {
				direct = direct && f.Kind == model.Boolean
			}
			if direct && f.Kind == model.Boolean {
				g.computedOf(f, owner)
			} else if !g.visited[f.Computed] {
				g.visited[f.Computed] = true
				g.visit(f.Computed, absentRow{entity: owner}, "")
			}
			return
		}
		if direct {
			g.guard(owner, f)
		}
		direct = false
	})
}

// isMembership says whether a computed reference is the viewer's own element of a list.
func isMembership(x *model.Expr) bool {
	return x.Op == model.Find && namesViewer(x.Args[1], x.Var)
}

// computedOf guards what a predicate of the viewer is computed from: moderates from role.
func (g *growth) computedOf(f *model.Field, owner *model.Entity) {
	var guard func(x *model.Expr)
	guard = func(x *model.Expr) {
		if x.Op == model.Get && x.Root == model.This && len(x.Path) > 0 {
			if own := find(owner.Fields, x.Path[0]); own != nil && own.Computed == nil && own.Kind != model.List {
				g.guard(owner, own)
			}
		}
		for _, a := range x.Args {
			guard(a)
		}
	}
	guard(f.Computed)
}

// guard reports a field that its owner lets people write.
func (g *growth) guard(owner *model.Entity, f *model.Field) {
	if f.Kind == model.List {
		if owner, f = linkedBy(owner, f); f == nil {
			return
		}
	}
	if g.seen[f] || g.b.broken[f] || f.Auto || f.ReadOnly || f.Internal || isComputed(f) {
		return
	}
	if a := g.b.model.Account; a != nil && f == a.Login {
		return
	}
	account := g.b.model.Account != nil && g.b.model.Account.Entity == owner
	written := ""
	switch {
	case !f.Immutable && len(owner.Allow.Update) > 0 && len(f.Allow.Update) == 0:
		written = "whoever may update " + article(owner.Name)
	case len(owner.Allow.Create) > 0 && len(f.Allow.Create) == 0 && len(f.Allow.Update) == 0 && !f.Immutable:
		written = "whoever may create " + article(owner.Name)
	case account && len(f.Allow.Create) == 0 && (len(f.Allow.Update) == 0 || !f.Null && f.Default == nil):
		written = "whoever registers"
	default:
		return
	}
	g.seen[f] = true
	hint := "make it @readOnly, or say with @allow who may write it"
	if len(f.Allow.Update) > 0 {
		hint = "give it a @default"
	}
	g.b.problems.Add(f.Pos, Escalation, hint, "%s could write %s.%s, and the rule at %s decides by it: it needs a rule of its own",
		written, owner.Name, f.Name, fmt.Sprintf("%s:%d", g.site.rule.Pos.File, g.site.rule.Pos.Line))
}

// linkedBy is the field by which people link the rows of a list, and its owner: of a many-to-many list that side which takes
// writes. The rows of other lists are written by the rules of their own.
func linkedBy(owner *model.Entity, f *model.Field) (*model.Entity, *model.Field) {
	if f.Join == nil || f.Through != nil {
		return nil, nil
	}
	if !f.Join.Owner {
		table := f.Join.Table
		owner, f = f.Target, nil
		for _, other := range owner.Fields {
			if other.Join != nil && other.Join.Owner && other.Join.Table == table {
				f = other
			}
		}
	}
	return owner, f
}
