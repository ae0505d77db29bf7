package golang

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// findKeptLocks lifts the locks that a function takes and gives back, but not where it leaves in between: whoever takes them next waits for ever. A
// function that gives a lock back nowhere, or later, leaves that to its callers.
func (l *lifter) findKeptLocks() {
	for _, f := range l.functions {
		if f.fact.Aside != "" {
			continue
		}
		for _, t := range l.takenBy(f) {
			if t.given == token.NoPos || t.lock == facts.SomeLock && t.name == "" {
				continue
			}
			if lost := l.keptAtReturns(f, t); len(lost) > 0 {
				unlock := ".Unlock()"
				if t.read {
					unlock = ".RUnlock()"
				}
				f.fact.Resources = append(f.fact.Resources, &facts.Resource{Pos: l.pos(t.from), Kind: "lock", Name: t.name, Lost: lost, Close: t.name + unlock})
			}
		}
	}
}

// keptAtReturns are the returns between where a function takes a lock and where it gives it back, on whose way nothing looks as if it gave it back.
func (l *lifter) keptAtReturns(f *function, t taken) []facts.Pos {
	var out []facts.Pos
	late := false
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			late = late || unlocks(n)
		case *ast.ReturnStmt:
			if t.from < n.Pos() && n.Pos() < t.given && !unlocks(n) && !unlockedBefore(n, stack, t.from) {
				out = append(out, l.pos(n.Pos()))
			}
		}
		return true
	})
	if late {
		return nil
	}
	return out
}

// unlockedBefore reports whether a statement behind a place, on the way to a return, may give a lock back.
func unlockedBefore(n ast.Node, stack []ast.Node, from token.Pos) bool {
	for _, around := range stack {
		for _, before := range listOf(around) {
			if before.Pos() > from && before.End() <= n.Pos() && unlocksOnward(before) {
				return true
			}
		}
	}
	return false
}

// unlocksOnward reports whether a statement may give a lock back and go on to what follows it. One that gives it back and leaves does not.
func unlocksOnward(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.IfStmt:
		return s.Init != nil && unlocks(s.Init) || unlocks(s.Cond) || unlocksOnward(s.Body) || s.Else != nil && unlocksOnward(s.Else)
	case *ast.BlockStmt:
		return wayOutOf(s.List) == onward && slices.ContainsFunc(s.List, unlocksOnward)
	}
	return unlocks(s)
}

// unlocks reports whether something names what may give a lock back: calls it, or hands it on.
func unlocks(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		found = found || is && strings.Contains(strings.ToLower(id.Name), "unlock")
		return !found
	})
	return found
}
