package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// step is one call of a builder's chain, in the order in which they run.
type step struct {
	name   string
	call   *ast.CallExpr
	source *source
	within []given
	given  *facts.Given // what a caller gives where it does, of maybe
	maybe  bool         // stands behind a condition behind which the chain is not sent
	unread bool         // a function that takes any type, and does to the chain what is not read
}

// given is a call of a function of the code whose steps are part of a chain: what it is given stands for the parameters.
type given struct {
	source *source
	call   *ast.CallExpr
	callee *function
}

// steps follows a chain back to where it begins, through variables that hold its middle.
func (l *lifter) steps(s *source, e ast.Expr, depth int) []step {
	if depth > 8 {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		if l.isChain(s, e) {
			if made := l.static(s, e); len(made) == 1 && !made[0].source.generatedByEnt() {
				return l.stepsWithin(s, e, made[0], depth)
			}
		}
		if !is {
			return nil
		}
		return append(l.steps(s, selector.X, depth), step{name: selector.Sel.Name, call: e, source: s})
	case *ast.Ident:
		object := s.target(e)
		if object == nil {
			return nil
		}
		var out []step
		begun, seen := l.begunAnew(s, e, object), 0
		for _, d := range l.defs[object] {
			if l.ofGoqu(s, e) && d.source == s && d.pos > e.Pos() {
				break // what a chain gives is another, and the one before it stays as it was
			}
			if begun.IsValid() && d.source == s && (d.pos < begun || d.pos > e.Pos() && d.loop == nil) {
				continue // of another chain that the variable held
			}
			if seen++; seen > 9 || d.kind != assigned || d.index > 0 || d.expr == nil {
				continue
			}
			if call, is := ast.Unparen(d.expr).(*ast.CallExpr); is {
				if d.index == 0 && (calledName(call) == "ToSql" || calledName(call) == "ToSQL") {
					continue
				}
				if object == d.source.target(root(call)) {
					added := chained(d.source, call) // q = q.Where(…): only what is new
					if d.source.sometimes(d.pos, e.Pos()) {
						given := l.givenAt(d.source, d.pos, e.Pos())
						for i := range added {
							added[i].maybe, added[i].given = true, given
						}
					}
					out = append(out, added...)
					continue
				}
				out = append(out, l.steps(d.source, call, depth+1)...)
			}
		}
		// session.Where(…) as a statement of its own, on a builder that changes in place
		for _, added := range l.inPlace[object] {
			if begun.IsValid() && added.source == s && added.call.Pos() < begun {
				continue
			}
			out = append(out, added)
		}
		return out
	}
	return nil
}

// begunAnew is where the variable that a chain goes on from is given one that begins elsewhere, on every way to a place, after it held another; no
// place where it is given no more than one.
func (l *lifter) begunAnew(s *source, e ast.Expr, object types.Object) token.Pos {
	begun := token.NoPos
	for _, d := range l.defs[object] {
		if d.expr != nil && d.source == s && d.kind == assigned && d.index <= 0 && d.pos > begun && d.pos < e.Pos() &&
			!s.mentionsObject(d.expr, object) && !s.sometimes(d.pos, e.Pos()) && !s.inTurns(d.pos, e.Pos()) {
			begun = d.pos
		}
	}
	return begun
}

// inTurns reports whether a place stands in a loop in which another does not stand: it may be reached never.
func (s *source) inTurns(at, other token.Pos) bool {
	around := s.topLevelAt(at)
	if around == nil {
		return false
	}
	found := false
	ast.Inspect(around, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt, *ast.FuncLit:
			found = found || n.Pos() <= at && at <= n.End() && (other < n.Pos() || n.End() < other)
		}
		return !found
	})
	return found
}

// sometimes reports whether a place stands behind a condition, of an if or a switch, behind which another does not stand.
func (s *source) sometimes(at, other token.Pos) bool {
	around := s.topLevelAt(at)
	if around == nil {
		return false
	}
	found := false
	apart := func(n ast.Node) {
		found = found || n.Pos() <= at && at <= n.End() && (other < n.Pos() || n.End() < other)
	}
	ast.Inspect(around, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			apart(n.Body)
			if n.Else != nil {
				apart(n.Else)
			}
		case *ast.CaseClause:
			apart(n)
		}
		return !found
	})
	return found
}

// stepsWithin are those of a function of the code that gives back a builder: of one that it is given, and what it puts behind it.
func (l *lifter) stepsWithin(s *source, call *ast.CallExpr, f *function, depth int) []step {
	var out []step
	for i, arg := range call.Args {
		if l.isChain(s, arg) {
			out = append(out, l.steps(s, arg, depth+1)...)
			if i < len(f.params) && f.params[i] != nil && isTypeParam(f.params[i].Type()) {
				out = append(out, step{call: call, source: s, unread: true})
			}
		}
	}
	return append(out, withGiven(l.stepsReturned(f, depth), given{s, call, f})...)
}

func withGiven(steps []step, by given) []step {
	out := slices.Clone(steps)
	for i := range out {
		out[i].within = append(slices.Clip(out[i].within), by)
	}
	return out
}

// replaced are the origins of a value within functions that build a chain, with what they are given for their parameters. Which of a
// list of steps, or of values of any type, holds what the code puts into the text is not known.
func (l *lifter) replaced(origins []facts.Origin, within []given) []facts.Origin {
	for _, by := range within {
		w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
		var out []facts.Origin
		for _, o := range origins {
			if o.Kind != facts.FromParam || o.Function != by.callee.fact {
				out = append(out, o)
				continue
			}
			if o.Index >= 0 && l.holdsSeveral(by.callee, o.Index) {
				out = append(out, facts.Origin{Kind: facts.FromUnknown})
				continue
			}
			for _, origin := range w.argument(by.source, by.call, by.callee, o.Index) {
				origin.Number, origin.Bounded, origin.Positive = origin.Number || o.Number, origin.Bounded || o.Bounded, origin.Positive || o.Positive
				out = append(out, likewise(origin, o))
			}
		}
		origins = compact(out)
	}
	return origins
}

// holdsSeveral reports whether a parameter is a list, or of an interface that is no request.
func (l *lifter) holdsSeveral(f *function, index int) bool {
	if index >= len(f.params) || f.params[index] == nil {
		return true
	}
	switch t := f.params[index].Type(); t.Underlying().(type) {
	case *types.Slice, *types.Interface, *types.Map:
		return !l.isRequest(t)
	}
	return false
}

// stepsReturned are those of the chain that a function of the code gives back, of its longest way.
func (l *lifter) stepsReturned(f *function, depth int) []step {
	var longest []step
	for _, n := range f.returns() {
		if len(n.Results) == 0 {
			continue
		}
		if steps := l.steps(f.source, n.Results[0], depth+1); len(steps) > len(longest) {
			longest = steps
		}
	}
	return longest
}

func isTypeParam(t types.Type) bool {
	_, is := types.Unalias(t).(*types.TypeParam)
	return is
}

// isChain reports whether an expression is a chain of a builder that has not been sent, alone or before an error.
func (l *lifter) isChain(s *source, e ast.Expr) bool {
	t := typeOr(s.info.TypeOf(e))
	if several, is := t.(*types.Tuple); is && several.Len() == 2 && isError(several.At(1).Type()) {
		t = several.At(0).Type()
	}
	path, name := namedType(t)
	if found, does := l.entityOf(path, name); found != nil {
		return does != "Client"
	}
	return isGorm(path) && name == "DB" || isXorm(path) && name == "Session" || isPopHandle(t) || l.ofGoqu(s, e) || l.ofSquirrel(s, e, 0)
}

// chained are the calls of an expression itself, without what they begin with.
func chained(s *source, e ast.Expr) []step {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		return nil
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		return nil
	}
	return append(chained(s, selector.X), step{name: selector.Sel.Name, call: call, source: s})
}
