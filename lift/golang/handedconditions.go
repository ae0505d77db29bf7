package golang

import (
	"cmp"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
)

// A function takes what to look for as it is, and each caller writes it out:
//
//	func users(db *gorm.DB, where ...any) (out []User, err error) { return out, db.Find(&out, where...).Error }
//	users(db, "team = ?", team)
//
// What such a query asks for stands at the calls, one statement each.

// openQuery is a query whose function is handed its condition.
type openQuery struct {
	at    work
	spec  querySpec
	steps []step
}

// handing is a call of a function.
type handing struct {
	from *function
	call *ast.CallExpr
}

// noteHanded keeps a query whose function is handed a condition, until all calls are known.
func (l *lifter) noteHanded(at work, spec querySpec, steps []step, q *facts.Query) {
	if q.Statement != nil && slices.ContainsFunc(steps, func(s step) bool { return l.handedTo(s, at.in) != nil }) {
		l.openQueries = append(l.openQueries, openQuery{at: at, spec: spec, steps: steps})
	}
}

// noteHandedText keeps a query part of whose text its function is handed, until all calls are known: "SELECT … WHERE " + where.
func (l *lifter) noteHandedText(at work, spec querySpec, q *facts.Query) {
	if q.Text != "" && slices.ContainsFunc(q.Dynamic, func(v facts.Value) bool {
		return v.Kind == "text" && len(v.Origins) == 1 && v.Origins[0].Kind == facts.FromParam && v.Origins[0].Function == at.in.fact && v.Origins[0].Index >= 0
	}) {
		l.openQueries = append(l.openQueries, openQuery{at: at, spec: spec})
	}
}

// takingConditions are calls of a chain that take a condition with its values, with where it stands among their arguments.
var takingConditions = map[string]int{"Where": 0, "And": 0, "Or": 0, "Not": 0, "First": 1, "Last": 1, "Take": 1, "Find": 1, "Delete": 1}

// handedTo is the first parameter of a function from which a step of its chain has its condition: where..., where[0], where[1:]..., or where, args...;
// nil where it has another.
func (l *lifter) handedTo(s step, f *function) *types.Var {
	at, is := takingConditions[s.name]
	if !is || s.source != f.source || len(s.within) > 0 || len(s.call.Args) <= at || at > 0 && !s.call.Ellipsis.IsValid() {
		return nil
	}
	var first *types.Var
	for i, arg := range s.call.Args[at:] {
		part := ast.Unparen(arg)
		switch e := part.(type) {
		case *ast.IndexExpr:
			if n, known := s.source.constantInt(e.Index); i > 0 || !known || n != 0 {
				return nil
			}
			part = e.X
		case *ast.SliceExpr:
			if n, known := s.source.constantInt(e.Low); i != 1 || !known || n != 1 || e.High != nil {
				return nil
			}
			part = e.X
		}
		object, isVar := s.source.target(part).(*types.Var)
		if !isVar {
			return nil
		}
		of, index, isParam := l.parameter(object)
		if !isParam || of != f || index < 0 || slices.ContainsFunc(l.defs[object], func(d def) bool { return d.kind == assigned }) {
			return nil
		}
		switch {
		case i == 0:
			first = object
		case i > 1 || !s.call.Ellipsis.IsValid() || object != first && index != slices.Index(f.params, types.Object(first))+1:
			return nil
		}
	}
	return first
}

// findHanded says of each query that is handed a condition what it asks for by each call that writes one out.
func (l *lifter) findHanded() {
	if len(l.openQueries) == 0 {
		return
	}
	callers := map[*facts.Function][]handing{}
	for _, f := range l.functions {
		for call, fact := range f.calls {
			if len(fact.Callees) == 1 && (f.fact.Aside == "" || f.fact.Aside == "generated") {
				callers[fact.Callees[0]] = append(callers[fact.Callees[0]], handing{f, call})
			}
		}
	}
	for _, h := range l.openQueries {
		if q := l.queries[h.at.call]; q != nil {
			l.eachHanding(h, callers, h.at.in, nil, q)
		}
	}
}

// eachHanding notes what a query asks for by each call of a function that writes out its condition, or, where a call hands on what its own function is handed,
// by those of that.
func (l *lifter) eachHanding(h openQuery, callers map[*facts.Function][]handing, f *function, inner []given, q *facts.Query) {
	calls := callers[f.fact]
	slices.SortFunc(calls, func(a, b handing) int { return cmp.Compare(a.call.Pos(), b.call.Pos()) })
	for _, g := range calls {
		by := append([]given{{g.from.source, g.call, f}}, inner...)
		if st, known := l.asHanded(h, by); known {
			way := make([]*facts.Call, len(by))
			for i, g := range by {
				way[i] = l.callFacts[g.call]
			}
			q.PerCall = append(q.PerCall, facts.PerCall{Calls: way, Statement: st})
		} else if len(by) < 4 && len(q.PerCall) < 100 {
			l.eachHanding(h, callers, g.from, by, q)
		}
	}
}

// asHanded is the statement of a query with the conditions that a call writes out; false where not all of it is known.
func (l *lifter) asHanded(h openQuery, by []given) (*facts.Statement, bool) {
	if h.steps == nil {
		return l.textHanded(h, by)
	}
	steps, known := l.begunBefore(h, by)
	if !known {
		return nil, false
	}
	for _, s := range h.steps {
		object := l.handedTo(s, h.at.in)
		if object == nil {
			steps = append(steps, s)
			continue
		}
		in, written, known := l.writtenAt(object, s.call.Ellipsis.IsValid(), by)
		if !known {
			return nil, false
		}
		condition := step{name: s.name, call: &ast.CallExpr{Fun: s.call.Fun, Args: written, Rparen: s.call.Rparen}, source: in, maybe: s.maybe, given: s.given}
		if at := takingConditions[s.name]; at > 0 {
			steps = append(steps, step{name: s.name, call: &ast.CallExpr{Fun: s.call.Fun, Args: s.call.Args[:at], Rparen: s.call.Rparen}, source: s.source})
			condition.name = "Where"
		}
		if len(written) == 0 {
			continue // this caller asks for all
		}
		if constantText(in, written[0]) == "" && !isLiteral(written[0]) {
			return nil, false
		}
		if _, index, _ := l.parameter(object); s.given != nil && s.given.Param == index && s.given.Field == "" && !s.given.Partly {
			condition.maybe = false // put where there is one
		}
		steps = append(steps, condition)
	}
	b := &builder{l: l, q: &facts.Query{}, out: &facts.Statement{Verb: facts.Select}, library: h.spec.library, at: h.at}
	for _, s := range steps {
		b.table(s)
	}
	for _, s := range steps {
		known := len(b.out.Predicates)
		b.step(s)
		for i := known; i < len(b.out.Predicates) && s.maybe; i++ {
			b.out.Predicates[i].Optional, b.out.Predicates[i].Given = true, s.given
		}
	}
	return b.out, len(b.out.Tables) > 0 && !b.out.Unread && b.raw == nil
}

// textHanded is the statement of a query whose text a call completes.
func (l *lifter) textHanded(h openQuery, by []given) (*facts.Statement, bool) {
	r := &reader{l: l, seen: map[types.Object]bool{}, within: by}
	text := strings.TrimSpace(r.read(h.at.source, h.at.call.Args[h.spec.text], 0))
	if len(r.holes) > 0 || strings.Contains(text, hole) {
		return nil, false
	}
	var values []facts.Value
	for i, arg := range h.at.call.Args[min(h.spec.args, len(h.at.call.Args)):] {
		object, isVar := h.at.source.target(arg).(*types.Var)
		_, _, isParam := l.parameter(object)
		if !isVar || !isParam || !h.at.call.Ellipsis.IsValid() || h.spec.args+i < len(h.at.call.Args)-1 {
			values = append(values, l.value(h.at.source, arg))
			continue
		}
		in, written, known := l.writtenAt(object, true, by)
		if !known {
			return nil, false
		}
		for _, e := range written {
			values = append(values, l.value(in, e))
		}
	}
	st := sql.Read(text, values)
	return st, st != nil
}

// begunBefore are the steps that a chain has already where the calls hand it to the function that goes on with it; false where it goes through what is not
// followed, such as an interface.
func (l *lifter) begunBefore(h openQuery, by []given) ([]step, bool) {
	object := h.at.source.target(root(h.spec.pos.X))
	_, _, isParam := l.parameter(object)
	if d, is := l.setOnce(h.at.source, root(h.spec.pos.X)); is && !isParam && d.source == h.at.source { // q := db.Model(…)
		object = d.source.target(root(d.expr))
	}
	for _, g := range slices.Backward(by) {
		of, index, isParam := l.parameter(object)
		if !isParam || of != g.callee || index < 0 || index >= len(g.call.Args) {
			return nil, true
		}
		steps := l.scoped(l.steps(g.source, g.call.Args[index], 0))
		for _, s := range steps {
			if s.unread || len(l.static(s.source, s.call)) > 0 {
				return nil, false
			}
		}
		if len(steps) > 0 {
			return steps, true
		}
		object = g.source.target(g.call.Args[index])
	}
	return nil, true
}

// writtenAt is what the outermost of some calls gives for a parameter of the innermost function, and, of one with all that are behind it, for these too;
// false where a call on the way gives something else than a parameter of its own function.
func (l *lifter) writtenAt(object *types.Var, rest bool, by []given) (*source, []ast.Expr, bool) {
	for i, g := range slices.Backward(by) {
		_, index, _ := l.parameter(object)
		if index > len(g.call.Args) || !rest && index == len(g.call.Args) {
			return nil, nil, false
		}
		written := g.call.Args[index:]
		if !rest {
			written = written[:1]
		}
		spread := rest && g.call.Ellipsis.IsValid()
		if i == 0 {
			return g.source, written, !spread
		}
		if rest != spread || len(written) == 0 {
			return nil, nil, false
		}
		next, is := g.source.target(written[0]).(*types.Var)
		if _, _, isParam := l.parameter(next); !is || !isParam {
			return nil, nil, false
		}
		object = next
	}
	return nil, nil, false
}
