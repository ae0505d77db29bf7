package typescript

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// A connection of a pool is given back by a call. What throws before that call keeps it, unless the call stands in a finally.

var (
	pools    = regexp.MustCompile(`(?i)pool$`)
	releases = regexp.MustCompile(`^(release|releaseConnection|destroy|end|endSession|close)$`)
)

// acquired says of a call whether it takes a connection of a pool that must be given back, and what gives it back.
func (l *lifter) acquired(f *function, call *syntax.Call) (back string, is bool) {
	on, is := unwrapped(call.Fun).(*syntax.Select)
	if !is || call.New {
		return "", false
	}
	switch on.Name {
	case "createQueryRunner":
		return "release", len(call.Args) < 2
	case "connect", "getConnection":
		t := l.typeOf(f, on.X)
		return "release", len(call.Args) == 0 && (t.name == "Pool" && (t.library == "pg" || within(t.library, "mysql2")) || !t.known() && pools.MatchString(endName(on.X)))
	}
	return "", false
}

// findResources finds the connections that a function takes of a pool and does not give back on every path.
func (l *lifter) findResources(f *function) {
	if f.node == nil || f.file.aside == "test" {
		return
	}
	for name, all := range f.bindings {
		for _, b := range all {
			if b.of != f || b.init == nil || len(b.path) > 0 || b.param >= 0 {
				continue
			}
			call, is := unwrapped(b.init).(*syntax.Call)
			if !is {
				continue
			}
			back, is := l.acquired(f, call)
			if !is {
				continue
			}
			r := &facts.Resource{Pos: f.file.pos(call), Kind: "connection", Name: name, Fix: "call " + name + "." + back + "() in a finally that stands around all that follows"}
			if f.keeps(b, call, r) {
				f.fact.Resources = append(f.fact.Resources, r)
			}
		}
	}
	slices.SortFunc(f.fact.Resources, func(a, b *facts.Resource) int {
		return cmp.Or(a.Pos.Line-b.Pos.Line, a.Pos.Column-b.Pos.Column)
	})
}

// keeps reports whether a connection is kept on some path, which it notes.
func (f *function) keeps(b *binding, taken *syntax.Call, r *facts.Resource) bool {
	var back []int   // offsets of calls that give it back
	var used []*site // calls of it before
	safe, away := false, false
	for i := range f.sites {
		s := &f.sites[i]
		if s.call.Pos() < b.from || s.call.Pos() >= b.to || s.call == taken {
			continue
		}
		for _, arg := range s.call.Args {
			if id, is := unwrapped(arg).(*syntax.Ident); is && id.Name == b.name {
				away = true // whoever is given it may give it back
			}
		}
		on, is := unwrapped(s.call.Fun).(*syntax.Select)
		if !is {
			continue
		}
		id, is := unwrapped(on.X).(*syntax.Ident)
		if !is || id.Name != b.name {
			continue
		}
		if releases.MatchString(on.Name) {
			back = append(back, s.call.Pos())
			safe = safe || s.at.finally
		} else {
			used = append(used, s)
		}
	}
	for _, s := range bodyOf(f) {
		syntax.Walk(s, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Return:
				away = away || n.X != nil && names(n.X, b.name)
			case *syntax.Assign:
				away = away || n.Y != nil && names(n.Y, b.name)
			case *syntax.Property:
				id, is := unwrapped(n.Value).(*syntax.Ident)
				away = away || is && id.Name == b.name
			case *syntax.Try: // try { … } catch { … } and what follows, which a failure comes to as well
				if n.Handler != nil && !leavesBlock(n.Handler) {
					safe = safe || slices.ContainsFunc(back, func(at int) bool { return at > n.End() && n.Pos() > taken.Pos() })
				}
			}
			return true
		})
	}
	switch {
	case safe || len(back) > 1 || len(back) == 0 && away:
		return false
	case len(back) == 0:
		r.Never = true
		return len(used) > 0
	}
	for _, s := range used {
		if s.call.Pos() < back[0] {
			r.Lost = append(r.Lost, f.file.pos(s.call))
		}
	}
	return len(r.Lost) > 0
}

// names reports whether an expression is a variable itself.
func names(e syntax.Expr, name string) bool {
	id, is := unwrapped(e).(*syntax.Ident)
	return is && id.Name == name
}

// leavesBlock reports whether a block throws or returns.
func leavesBlock(b *syntax.Block) bool {
	found := false
	syntax.Walk(b, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.Throw, *syntax.Return:
			found = true
		case *syntax.Func:
			return false
		}
		return !found
	})
	return found
}
