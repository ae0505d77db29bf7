package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
)

// A cache in memory gives everybody who asks by the same key one and the same map:
//
//	entry, found := s.cache.Get(team)
//	if found {
//		byKind = entry.(map[kind]float64)
//	}
//	byKind[k] = average

var (
	// givesCached are names of methods that give what stands in a cache.
	givesCached = regexp.MustCompile(`^(Get|Load|Peek|LoadOrStore|GetOrSet|GetIfPresent)$`)
	// cacheNamed are names of caches in memory, of fields or types.
	cacheNamed = regexp.MustCompile(`(?i)cache|lru$`)
)

// cachedMap is the map of a cache that a variable of a function may hold at a place, nil where it holds none.
func (l *lifter) cachedMap(f *function, e ast.Expr) *keptMap {
	id, is := ast.Unparen(e).(*ast.Ident)
	if !is {
		return nil
	}
	s := f.source
	v, is := s.target(id).(*types.Var)
	if _, _, isParam := l.parameter(v); !is || isParam || v.IsField() || v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
		return nil
	}
	for _, d := range l.defs[v] {
		if d.source != s || d.kind != assigned || d.entry || d.index > 0 || d.expr == nil || d.pos >= id.Pos() {
			continue
		}
		from, of := l.cacheOf(s, d.expr, 0)
		if from == nil || !l.reaches(f, v, d, id.Pos()) {
			continue
		}
		return &keptMap{expr: id, of: of, from: from}
	}
	return nil
}

// cacheOf is the cache out of which a value was given, and whose field that is; nil where it came from elsewhere.
func (l *lifter) cacheOf(s *source, e ast.Expr, depth int) (from ast.Expr, of types.Type) {
	switch e := ast.Unparen(e).(type) {
	case *ast.TypeAssertExpr:
		return l.cacheOf(s, e.X, depth)
	case *ast.Ident:
		v, is := s.target(e).(*types.Var)
		if !is || v.IsField() || depth > 1 || len(l.defs[v]) != 1 {
			return nil, nil
		}
		if d := l.defs[v][0]; d.source == s && d.kind == assigned && d.index <= 0 && d.expr != nil {
			return l.cacheOf(s, d.expr, depth+1)
		}
	case *ast.CallExpr:
		selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		if !is || !givesCached.MatchString(selector.Sel.Name) || len(e.Args) == 0 || isNamed(typeOr(s.info.TypeOf(e.Args[0])), "context", "Context") {
			return nil, nil
		}
		kept, is := s.target(selector.X).(*types.Var)
		if !is || l.isRequest(kept.Type()) || isNamed(kept.Type(), "context", "Context") {
			return nil, nil
		}
		if _, name := namedType(kept.Type()); !isNamed(kept.Type(), "sync", "Map") && !cacheNamed.MatchString(kept.Name()) && !cacheNamed.MatchString(name) {
			return nil, nil
		}
		if kept.Pkg() != nil && kept.Parent() == kept.Pkg().Scope() {
			return selector.X, nil
		}
		if holder, is := ast.Unparen(selector.X).(*ast.SelectorExpr); is && kept.IsField() {
			if f, index, is := l.parameter(s.target(holder.X)); is && index == -1 && !l.madeForContext(f.recv.Type()) {
				return selector.X, f.recv.Type()
			}
		}
	}
	return nil, nil
}

// reaches reports whether a variable may hold at a place what a definition before it gave: no way out stands between, and no other definition on every
// way there.
func (l *lifter) reaches(f *function, v *types.Var, d def, at token.Pos) bool {
	if d.pos < f.body.Pos() || f.body.End() <= d.pos {
		return false
	}
	for _, n := range f.stackAt(d.pos) {
		branch, is := n.(*ast.IfStmt)
		if !is || branch.Body.Pos() > d.pos || d.pos >= branch.Body.End() || at < branch.Body.End() {
			continue
		}
		if wayOutOf(branch.Body.List) >= outOfBlock || branch.Else != nil && at < branch.Else.End() {
			return false
		}
	}
	return !slices.ContainsFunc(l.defs[v], func(other def) bool {
		if other.source != d.source || other.entry || other.pos <= d.pos || at <= other.pos {
			return false
		}
		return !slices.ContainsFunc(f.stackAt(other.pos), func(n ast.Node) bool {
			branch, is := n.(*ast.IfStmt)
			return is && branch.End() <= at // it is done only sometimes
		})
	})
}
