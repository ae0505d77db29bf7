package golang

import (
	"go/ast"
	"go/types"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// A number has an upper limit where it is compared with one (definitions.go), where it is given what a call has cut off, where a call cuts
// it off through a pointer, or where it is a field that the code puts nothing but limited numbers in. As everywhere in definitions,
// order and branches are not followed: a variable that is cut off somewhere is so at every use.

// findCutOffs notes numbers that calls cut off: n = min(n, 100), n = atMost(n) and atMost(&n), once all comparisons are known.
func (l *lifter) findCutOffs(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if len(n.Rhs) != len(n.Lhs) {
					break
				}
				call, is := ast.Unparen(n.Rhs[i]).(*ast.CallExpr)
				object := p.target(lhs)
				if is && object != nil && isNumber(object.Type()) && l.cutsOff(p.source, call, object) {
					l.bounded[object] = true
				}
			}
		case *ast.CallExpr:
			l.raised(p.source, n)
			for i, arg := range n.Args {
				object := p.target(arg)
				if object != nil && isNumber(object.Type()) && isPointer(p.info.TypeOf(arg)) && l.boundsParam(p.source, n, i) {
					l.bounded[object] = true
				}
			}
		}
		return true
	})
}

// cutsOff reports whether a call gives back a number that it is given, cut off where it is too large: by itself, or by a call within it,
// as in max(1, min(n, 100)).
func (l *lifter) cutsOff(s *source, call *ast.CallExpr, object types.Object) bool {
	if clampName.MatchString(calledName(call)) && slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return carries(s, arg, object) }) {
		return true
	}
	for i, arg := range call.Args {
		if carries(s, arg, object) && l.boundsParam(s, call, i) {
			return true
		}
		if inner, is := ast.Unparen(arg).(*ast.CallExpr); is && keepsNumber(s, call) && l.cutsOff(s, inner, object) {
			return true
		}
	}
	return false
}

// carries reports whether an expression is a number of the code, or that number where it is not too small.
func carries(s *source, e ast.Expr, object types.Object) bool {
	if call, is := ast.Unparen(e).(*ast.CallExpr); is {
		return keepsNumber(s, call) && slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return carries(s, arg, object) })
	}
	return s.target(e) == object
}

// keepsNumber reports whether a call is a conversion, or gives back one of the numbers that it is given.
func keepsNumber(s *source, call *ast.CallExpr) bool {
	name := calledName(call)
	return s.info.Types[call.Fun].IsType() || name == "max" || name == "Max" || clampName.MatchString(name)
}

// boundsParam reports whether all functions that a call may lead to compare a parameter with an upper limit.
func (l *lifter) boundsParam(s *source, call *ast.CallExpr, index int) bool {
	callees := l.static(s, call)
	return len(callees) > 0 && !slices.ContainsFunc(callees, func(f *function) bool {
		return index >= len(f.params) || f.params[index] == nil || !l.bounded[f.params[index]]
	})
}

// limited reports whether a number that is a field of a struct of the code holds only what has an upper limit, or what the code
// itself says: all that puts something there is seen, and no decoder fills the struct.
func (w *walk) limited(field *types.Var) bool {
	if known, found := w.l.limits[field]; found {
		return known
	}
	w.l.limits[field] = false // a circle limits nothing
	defs := w.l.defs[field]
	if len(defs) == 0 || len(defs) > 12 || !isNumber(field.Type()) || w.l.decoded()[field] {
		return false
	}
	for _, d := range defs {
		if d.kind == filled || slices.ContainsFunc(w.definition(d), func(o facts.Origin) bool { return !w.hasLimit(o, field, 0) }) || w.budget <= 0 {
			return false
		}
	}
	w.l.limits[field] = true
	return true
}

// hasLimit reports whether a number has an upper limit, or is one that no client has chosen; a parameter is so where each call of its function
// that is seen gives such a number, or what the field in question holds already.
func (w *walk) hasLimit(o facts.Origin, of *types.Var, depth int) bool {
	const deepest = 3
	if o.Bounded || ofCode(o) {
		return true
	}
	if o.Kind != facts.FromParam || o.Index < 0 || o.Field != "" || depth == deepest {
		return false
	}
	sites := w.l.numberSites()[o.Function]
	return len(sites) > 0 && !slices.ContainsFunc(sites, func(at site) bool {
		if o.Index >= len(at.call.Args) {
			return true // several values of one call
		}
		if w.l.givesField(at.source, at.call.Args[o.Index], of) {
			return false
		}
		given := w.origins(at.source, at.call.Args[o.Index])
		return len(given) == 0 || slices.ContainsFunc(given, func(o facts.Origin) bool { return !w.hasLimit(o, of, depth+1) })
	})
}

// givesField reports whether an expression is a field of any value of its type, or a call of what returns that alone.
func (l *lifter) givesField(s *source, e ast.Expr, field *types.Var) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		return s.info.Uses[e.Sel] == field
	case *ast.CallExpr:
		callees := l.static(s, e)
		return len(callees) > 0 && !slices.ContainsFunc(callees, func(f *function) bool {
			return len(f.returns()) == 0 || slices.ContainsFunc(f.returns(), func(r *ast.ReturnStmt) bool {
				if len(r.Results) != 1 {
					return true
				}
				selector, is := ast.Unparen(r.Results[0]).(*ast.SelectorExpr)
				return !is || f.source.info.Uses[selector.Sel] != field
			})
		})
	}
	return false
}

// numberSites are the calls of each function that takes a number, but for those of tests.
func (l *lifter) numberSites() map[*facts.Function][]site {
	if l.numbersGiven != nil {
		return l.numbersGiven
	}
	l.numbersGiven = map[*facts.Function][]site{}
	l.eachFile(func(p place) {
		if p.aside[p.file] == "test" {
			return
		}
		ast.Inspect(p.file, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			fn := calledFunction(p.source, call)
			if fn == nil || l.declared[fn] == nil || !slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return isNumber(typeOr(p.info.TypeOf(arg))) }) {
				return true
			}
			f := l.declared[fn].fact
			l.numbersGiven[f] = append(l.numbersGiven[f], site{call, p.source})
			return true
		})
	})
	return l.numbersGiven
}

// ofCode reports whether a number is one that no client has chosen.
func ofCode(o facts.Origin) bool {
	return o.Kind == facts.FromConstant || o.Kind == facts.FromQuery || o.Kind == facts.FromContext
}

// decoded are the fields of structs that some call fills, or may fill by the tags that they have. What is not exported only its own package
// assigns.
func (l *lifter) decoded() map[*types.Var]bool {
	if l.filledFields != nil {
		return l.filledFields
	}
	l.filledFields = map[*types.Var]bool{}
	whole := map[*types.Named]bool{}
	for object, defs := range l.defs {
		if named := structOf(object.Type()); named != nil && slices.ContainsFunc(defs, func(d def) bool { return d.kind == filled }) {
			whole[named] = true
		}
	}
	for _, named := range l.named {
		l.addDecoded(named, whole[named])
	}
	return l.filledFields
}

func (l *lifter) addDecoded(named *types.Named, filled bool) {
	structure, is := named.Underlying().(*types.Struct)
	if !is {
		return
	}
	for i := range structure.NumFields() {
		if filled && structure.Field(i).Exported() || tagName(reflect.StructTag(structure.Tag(i)), "json", "form", "query", "schema", "url", "uri", "param", "params", "path") != "" {
			l.filledFields[structure.Field(i)] = true
		}
	}
}

// limitName are names of numbers that say how many rows are read.
var limitName = regexp.MustCompile(`(?i)(limit|size|count|first|take|max|per_?page)(val|value)?$`)

// givenLimit reports whether a field says how many rows a generated statement reads, of the struct of what it is given. What the field holds
// is said by the places that make the struct, and not by what else they put there.
func (l *lifter) givenLimit(s *source, e *ast.SelectorExpr, field *types.Var) bool {
	named := structOf(s.info.TypeOf(e.X))
	return named != nil && strings.HasSuffix(named.Obj().Name(), "Params") && isNumber(field.Type()) && limitName.MatchString(field.Name()) &&
		len(l.defs[field]) > 0 && named.Obj().Pkg() != nil && l.isGenerated(named)
}
