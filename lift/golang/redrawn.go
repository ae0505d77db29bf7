package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

var (
	// fillsFromBody are names of functions that decode what a client sent into a struct.
	fillsFromBody = regexp.MustCompile(`(?i)^(Should|Must)?(Bind|Decode|Unmarshal|ReadJSON|ParseBody|BodyParser|ReadRequest)`)
	// draws are names of functions that make something that nobody can guess.
	draws = regexp.MustCompile(`(?i)^(gen|generate|new|make|create|random|rand)\w*(code|key|token|secret|password|nonce|otp|pin)$|^(rand|random)_?(string|hex|bytes|text|int)?$`)
	// drawnField are fields that hold such a thing.
	drawnField = regexp.MustCompile(`(?i)(code|key|token|secret|password|nonce|otp)$`)
)

// redrawn notes the fields that the code fills with something that nobody can guess, of a struct into which a call then decodes what a client
// sent, with these fields in it.
func (l *lifter) redrawn(at work) {
	if !fillsFromBody.MatchString(calledName(at.call)) || !l.readsBody(at.source, at.call) {
		return
	}
	for _, arg := range at.call.Args {
		object, is := at.target(arg).(*types.Var)
		if !is || object.IsField() || object.Parent() == nil || structOf(object.Type()) == nil {
			continue
		}
		for _, d := range l.defs[object] {
			if d.kind == assigned && d.expr != nil && d.index <= 0 && d.pos < at.call.Pos() {
				l.drawnIn(at, object, d.source, d.expr)
			}
		}
	}
}

// drawnIn looks at the literal that a variable is given, here or by a function of the code that makes it.
func (l *lifter) drawnIn(at work, object *types.Var, s *source, e ast.Expr) {
	literal := structLiteral(e)
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && literal == nil {
		made := l.static(s, call)
		if len(made) != 1 {
			return
		}
		returns := made[0].returns()
		if len(returns) != 1 || len(returns[0].Results) == 0 {
			return
		}
		literal, s = structLiteral(returns[0].Results[0]), made[0].source
	}
	if literal == nil {
		return
	}
	named := structOf(s.info.TypeOf(literal))
	if named == nil {
		return
	}
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			return
		}
		field, is := s.target(pair.Key).(*types.Var)
		drawn, isCall := ast.Unparen(pair.Value).(*ast.CallExpr)
		if !is || !isCall || !drawnField.MatchString(field.Name()) || !draws.MatchString(calledName(drawn)) || !sendable(named, field) {
			continue
		}
		if slices.ContainsFunc(l.defs[field], func(d def) bool {
			return !d.keyed && d.source == at.source && object.Parent().Contains(d.pos) && d.pos > at.call.Pos()
		}) {
			continue // it is drawn again behind that
		}
		at.in.fact.Redrawn = append(at.in.fact.Redrawn, facts.Redrawn{Pos: l.pos(at.call.Pos()), Made: l.pos(pair.Pos()), Of: named.Obj().Name(), Field: field.Name()})
	}
}

// sendable reports whether JSON may name a field.
func sendable(named *types.Named, field *types.Var) bool {
	structure := named.Underlying().(*types.Struct)
	for i := range structure.NumFields() {
		if structure.Field(i) == field {
			return field.Exported() && reflect.StructTag(structure.Tag(i)).Get("json") != "-"
		}
	}
	return false
}

// findSetFields notes what functions put themselves into the structs that they are given a pointer to. What is put only where the struct itself says
// so, as a default where a field is empty, leaves what a client sent.
func (l *lifter) findSetFields() {
	for _, f := range l.functions {
		if !slices.ContainsFunc(f.params, func(o types.Object) bool { return o != nil && isPointer(o.Type()) && structOf(o.Type()) != nil }) {
			continue
		}
		ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
			if _, is := n.(*ast.FuncLit); is {
				return false
			}
			assign, is := n.(*ast.AssignStmt)
			if !is || assign.Tok != token.ASSIGN {
				return true
			}
			for _, lhs := range assign.Lhs {
				selector, is := ast.Unparen(lhs).(*ast.SelectorExpr)
				if !is {
					continue
				}
				object := f.source.target(selector.X)
				index := slices.IndexFunc(f.params, func(o types.Object) bool { return o != nil && o == object })
				if index >= 0 && isPointer(object.Type()) && !f.decidedBy(stack, object) {
					f.fact.SetFields = append(f.fact.SetFields, facts.SetField{Pos: l.pos(assign.Pos()), Param: index, Column: facts.Snake(selector.Sel.Name)})
				}
			}
			return true
		})
	}
}

// decidedBy reports whether a place is reached only by what a variable holds.
func (f *function) decidedBy(stack []ast.Node, object types.Object) bool {
	found := false
	names := func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		found = found || is && f.source.info.Uses[id] == object
		return !found
	}
	for _, n := range stack {
		switch n := n.(type) {
		case *ast.IfStmt:
			ast.Inspect(n.Cond, names)
		case *ast.SwitchStmt:
			if n.Tag != nil {
				ast.Inspect(n.Tag, names)
			}
		case *ast.CaseClause:
			for _, e := range n.List {
				ast.Inspect(e, names)
			}
		}
	}
	return found
}
