package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fettlehq/fettle/facts"
)

// replace is the edit that puts a text in place of a part of the code.
func (l *lifter) replace(from, to token.Pos, text string) facts.Edit {
	start, end := l.fset.PositionFor(from, false), l.fset.PositionFor(to, false)
	content := l.loader.texts[start.Filename]
	return facts.Edit{
		File: start.Filename, From: start.Offset, To: end.Offset, New: text,
		Start: inCharacters(content, start), End: inCharacters(content, end),
	}
}

// inCharacters is a place whose column counts characters.
func inCharacters(content []byte, at token.Position) facts.Pos {
	line := content[at.Offset-(at.Column-1) : at.Offset]
	return facts.Pos{File: at.Filename, Line: at.Line, Column: utf8.RuneCount(line) + 1}
}

// asWritten is a piece of the code as it stands in its file.
func (l *lifter) asWritten(n ast.Node) string {
	start, end := l.fset.PositionFor(n.Pos(), false), l.fset.PositionFor(n.End(), false)
	return string(l.loader.texts[start.Filename][start.Offset:end.Offset])
}

// indent is the white space that the line of a place begins with.
func (l *lifter) indent(pos token.Pos) string {
	at := l.fset.PositionFor(pos, false)
	line := l.loader.texts[at.Filename][at.Offset-(at.Column-1) : at.Offset]
	return string(line[:len(line)-len(strings.TrimLeft(string(line), " \t"))])
}

// editable reports whether a file is one that people edit.
func (p place) editable() bool { return p.aside[p.file] != "generated" && p.types != nil }

// sees is what a name means at a place of the code.
func (p place) sees(name string, at token.Pos) types.Object {
	inner := p.types.Scope().Innermost(at)
	if inner == nil {
		return nil
	}
	_, object := inner.LookupParent(name, at)
	return object
}

// imported is what a package is called at a place, and the edits that import it. It is not said where the name means
// something else there.
func (l *lifter) imported(p place, path string, at token.Pos) (name string, needs []facts.Edit, is bool) {
	name = packageName(path)
	for _, spec := range p.file.Imports {
		if strings.Trim(spec.Path.Value, "\"`") == path && spec.Name != nil && spec.Name.Name != "_" && spec.Name.Name != "." {
			name = spec.Name.Name
		}
	}
	switch object := p.sees(name, at).(type) {
	case nil:
		return name, []facts.Edit{l.importing(p.file, path)}, true
	case *types.PkgName:
		return name, nil, object.Imported().Path() == path
	}
	return "", nil, false
}

// importing is the edit that imports a package of the standard library: in the first group of its kind.
func (l *lifter) importing(file *ast.File, path string) facts.Edit {
	quoted := strconv.Quote(path)
	for _, decl := range file.Decls {
		block, is := decl.(*ast.GenDecl)
		if !is || block.Tok != token.IMPORT {
			continue
		}
		if !block.Lparen.IsValid() {
			return l.replace(block.Pos(), block.Pos(), "import "+quoted+"\n")
		}
		for _, spec := range block.Specs {
			if other := spec.(*ast.ImportSpec); isStandard(strings.Trim(other.Path.Value, "\"`")) {
				return l.replace(spec.Pos(), spec.Pos(), quoted+"\n\t")
			}
		}
		return l.replace(block.Lparen+1, block.Lparen+1, "\n\t"+quoted+"\n")
	}
	return l.replace(file.Name.End(), file.Name.End(), "\n\nimport "+quoted)
}

// contextAt is an expression for the context of a request at a place of a function, "" where there is none.
func (l *lifter) contextAt(p place, f *function, at token.Pos) string {
	if f.fact.Context == "" || !p.editable() {
		return ""
	}
	name, rest, _ := strings.Cut(f.fact.Context, ".")
	object, is := p.sees(name, at).(*types.Var)
	switch {
	case !is:
		return ""
	case rest == "" && isNamed(object.Type(), "context", "Context") && l.derived(object, f, 0):
		return f.fact.Context // or another of the same name, made of the one that was given
	case rest != "" && slices.Contains(f.params, types.Object(object)) && len(l.defs[object]) == 0:
		return f.fact.Context
	}
	return ""
}

// derived reports whether a context is made of a function's own, as context.WithTimeout(ctx, …) makes one.
func (l *lifter) derived(object types.Object, f *function, depth int) bool {
	defs := l.defs[object]
	return depth < 4 && (len(defs) > 0 || slices.Contains(f.params, object)) && !slices.ContainsFunc(defs, func(d def) bool {
		call, is := ast.Unparen(d.expr).(*ast.CallExpr)
		if d.expr == nil || !is || len(call.Args) == 0 {
			return true
		}
		from := d.source.target(call.Args[0])
		return from == nil || from != object && !l.derived(from, f, depth+1)
	})
}

// passContext are the edits that give a query the context at hand: the method that takes one, or the context in place
// of one that ends never.
func (l *lifter) passContext(at work, spec querySpec) []facts.Edit {
	if builders[spec.library] {
		return nil
	}
	context := l.contextAt(at.place, at.in, at.call.Pos())
	if context == "" {
		return nil
	}
	if spec.ctx >= 0 {
		arg, is := ast.Unparen(at.call.Args[spec.ctx]).(*ast.CallExpr)
		if !is || at.packageOf(firstOf(arg.Fun)) != "context" || len(arg.Args) > 0 {
			return nil
		}
		return []facts.Edit{l.replace(at.call.Args[spec.ctx].Pos(), at.call.Args[spec.ctx].End(), context)}
	}
	plain := method(at.info.TypeOf(spec.pos.X), spec.pos.Sel.Name, at.types)
	taking := method(at.info.TypeOf(spec.pos.X), spec.pos.Sel.Name+"Context", at.types)
	if plain == nil || taking == nil || !addsContext(plain, taking) {
		return nil
	}
	separator := ", "
	if len(at.call.Args) == 0 {
		separator = ""
	}
	return []facts.Edit{
		l.replace(spec.pos.Sel.End(), spec.pos.Sel.End(), "Context"),
		l.replace(at.call.Lparen+1, at.call.Lparen+1, context+separator),
	}
}

// method is the signature of a method of a type, nil where it has none of that name.
func method(t types.Type, name string, from *types.Package) *types.Signature {
	if t == nil {
		return nil
	}
	object, _, _ := types.LookupFieldOrMethod(t, true, from, name)
	fn, is := object.(*types.Func)
	if !is {
		return nil
	}
	sig, _ := fn.Type().(*types.Signature)
	return sig
}

// addsContext reports whether a method takes a context first and is in all else as another.
func addsContext(plain, taking *types.Signature) bool {
	a, b := plain.Params(), taking.Params()
	if b.Len() != a.Len()+1 || !isNamed(b.At(0).Type(), "context", "Context") || plain.Variadic() != taking.Variadic() {
		return false
	}
	for i := range a.Len() {
		if !types.Identical(a.At(i).Type(), b.At(i+1).Type()) {
			return false
		}
	}
	return types.Identical(plain.Results(), taking.Results())
}

// throughTx are the edits that send a query through a transaction.
func (l *lifter) throughTx(p place, call *ast.CallExpr, handle types.Object) []facts.Edit {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || !p.editable() || p.sees(handle.Name(), call.Pos()) != handle || handle.Pos() > call.Pos() {
		return nil
	}
	for { // to where the chain begins
		inner, isCall := ast.Unparen(selector.X).(*ast.CallExpr)
		if !isCall {
			break
		}
		if selector, is = ast.Unparen(inner.Fun).(*ast.SelectorExpr); !is {
			return nil
		}
	}
	own := method(p.info.TypeOf(selector.X), selector.Sel.Name, p.types)
	other := method(handle.Type(), selector.Sel.Name, p.types)
	if own == nil || other == nil || !types.Identical(own.Params(), other.Params()) || !types.Identical(own.Results(), other.Results()) || own.Variadic() != other.Variadic() {
		return nil
	}
	return []facts.Edit{l.replace(selector.X.Pos(), selector.X.End(), handle.Name())}
}

// closing are the calls that give each kind of resource back.
var closing = map[string]string{
	"rows": "Close", "body": "Body.Close", "transaction": "Rollback", "statement": "Close", "connection": "Release", "session": "Close", "file": "Close",
	"client connection": "Close",
}

// giveBack are the edits that defer what gives a resource back, behind the check of the error that came with it.
func (l *lifter) giveBack(p place, f *function, assign *ast.AssignStmt, call *ast.CallExpr, object types.Object, kind string, stack []ast.Node) []facts.Edit {
	behind := token.NoPos
	if check := strictCheck(p, assign, stack); check != nil {
		behind = check.End()
	} else if isGormDB(object.Type()) { // whose handle holds the error
		behind = assign.End()
		if check := l.beginCheck(p, assign, object, stack); check != nil && wayOutOf(check.Body.List) != onward {
			behind = check.End()
		}
	}
	if !behind.IsValid() || !p.editable() || l.loopOf(stack) != nil || closing[kind] == "" || neverReturns(f.body, behind) || p.sees(object.Name(), behind) != object {
		return nil
	}
	given := ""
	if kind == "transaction" {
		rollback := method(object.Type(), "Rollback", p.types)
		switch {
		case rollback == nil:
			return nil
		case rollback.Params().Len() == 1 && len(call.Args) > 0:
			id, is := ast.Unparen(call.Args[0]).(*ast.Ident) // pgx: what it was begun with
			if !is || !isNamed(p.info.TypeOf(id), "context", "Context") || p.sees(id.Name, behind) != p.info.Uses[id] {
				return nil
			}
			given = id.Name
		case rollback.Params().Len() > 0:
			return nil
		}
	}
	text := "\n" + l.indent(assign.Pos()) + "defer " + object.Name() + "." + closing[kind] + "(" + given + ")"
	return []facts.Edit{l.replace(behind, behind, text)}
}

// strictCheck is the statement behind an assignment that leaves where the error of it is not nil: what stands behind
// that has a value.
func strictCheck(p place, assign *ast.AssignStmt, stack []ast.Node) *ast.IfStmt {
	check, is := errorCheck(assign, stack).(*ast.IfStmt)
	if !is || check.Init != nil || check.Else != nil || len(assign.Lhs) < 2 {
		return nil
	}
	err, is := assign.Lhs[len(assign.Lhs)-1].(*ast.Ident)
	if !is || !isError(typeOr(p.info.TypeOf(err))) || !notNil(p, check.Cond, p.target(err)) || wayOutOf(check.Body.List) == onward {
		return nil
	}
	return check
}

// notNil reports whether a condition is err != nil, for a variable.
func notNil(p place, cond ast.Expr, object types.Object) bool {
	unequal, is := ast.Unparen(cond).(*ast.BinaryExpr)
	if !is || unequal.Op != token.NEQ || object == nil || p.target(unequal.X) != object {
		return false
	}
	id, is := ast.Unparen(unequal.Y).(*ast.Ident)
	return is && id.Name == "nil"
}

// neverReturns reports whether a function goes round for ever behind a place: what is deferred there is never done.
func neverReturns(body *ast.BlockStmt, from token.Pos) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ForStmt:
			found = found || n.Pos() >= from && n.Cond == nil
		case *ast.SelectStmt:
			found = found || n.Pos() >= from && len(n.Body.List) == 0
		}
		return !found
	})
	return found
}

// askErr are the edits that ask rows, behind the loop that goes through them, whether they ended by a failure, and deal
// with that as the function deals with one of the query itself.
func (l *lifter) askErr(p place, f *function, assign *ast.AssignStmt, object types.Object, stack []ast.Node) []facts.Edit {
	check := strictCheck(p, assign, stack)
	if check == nil || !p.editable() || len(check.Body.List) > 3 {
		return nil
	}
	var loop *ast.ForStmt
	for _, s := range listOf(last(stack)) {
		if s.Pos() < check.End() {
			continue
		}
		if labelled, is := s.(*ast.LabeledStmt); is {
			s = labelled.Stmt
		}
		if each, is := s.(*ast.ForStmt); is && each.Cond != nil && loop == nil {
			if call, is := each.Cond.(*ast.CallExpr); is && calledName(call) == "Next" && p.target(firstOf(call.Fun)) == object {
				loop = each
			}
		}
	}
	err := assign.Lhs[len(assign.Lhs)-1].(*ast.Ident)
	if loop == nil || !l.sameLater(p, check.Body, p.target(err), object, loop.End()) {
		return nil
	}
	body := l.asWritten(check.Body)
	text := "\n" + l.indent(loop.Pos()) + "if " + err.Name + " := " + object.Name() + ".Err(); " + err.Name + " != nil " + body
	return []facts.Edit{l.replace(loop.End(), loop.End(), text)}
}

// sameLater reports whether what deals with an error tells it to somebody, changes nothing by itself, and means the
// same at a later place.
func (l *lifter) sameLater(p place, body *ast.BlockStmt, err, rows types.Object, later token.Pos) bool {
	told, same := false, true
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.DeferStmt, *ast.GoStmt, *ast.LabeledStmt, *ast.IfStmt, *ast.ForStmt:
			same = false // more than telling
		case *ast.BranchStmt:
			same = same && n.Label == nil
		case *ast.Ident:
			object := p.info.Uses[n]
			told = told || object == err
			same = same && object != rows
			if v, is := object.(*types.Var); is && !v.IsField() && object != err && p.sees(n.Name, later) != object {
				same = false
			}
		}
		return same
	})
	return told && same
}

// listOf are the statements of a block.
func listOf(n ast.Node) []ast.Stmt {
	switch block := n.(type) {
	case *ast.BlockStmt:
		return block.List
	case *ast.CaseClause:
		return block.Body
	case *ast.CommClause:
		return block.Body
	}
	return nil
}

// The limits that are given where there are none.
const (
	clientLimit = "Timeout: 30 * %s.Second"
	headerLimit = "ReadHeaderTimeout: 5 * %s.Second"
	idleLimit   = "IdleTimeout: 2 * %s.Minute"
)

// limitLiteral are the edits that set time limits in a literal of a client or server.
func (l *lifter) limitLiteral(p place, n *ast.CompositeLit, limits ...string) []facts.Edit {
	if len(n.Elts) > 0 {
		if _, keyed := n.Elts[0].(*ast.KeyValueExpr); !keyed {
			return nil
		}
	}
	clock, needs, is := l.imported(p, "time", n.Pos())
	if !is || !p.editable() {
		return nil
	}
	fields := strings.ReplaceAll(strings.Join(limits, ", "), "%s", clock)
	if len(n.Elts) == 0 {
		return append(needs, l.replace(n.Lbrace+1, n.Lbrace+1, fields))
	}
	end := n.Elts[len(n.Elts)-1].End()
	if brace := l.fset.Position(n.Rbrace); l.fset.Position(end).Line < brace.Line {
		line, indent := n.Rbrace-token.Pos(brace.Column-1), l.indent(n.Elts[0].Pos())
		return append(needs, l.replace(line, line, indent+strings.ReplaceAll(fields, ", ", ",\n"+indent)+",\n"))
	}
	return append(needs, l.replace(end, end, ", "+fields))
}

// limitCall are the edits that make a call of net/http with a client or server that has time limits.
func (l *lifter) limitCall(at work, selector *ast.SelectorExpr) []facts.Edit {
	clock, needs, is := l.imported(at.place, "time", at.call.Pos())
	if !is || !at.editable() || at.call.Ellipsis.IsValid() {
		return nil
	}
	http, in := l.asWritten(selector.X), func(limits ...string) string {
		return strings.ReplaceAll(strings.Join(limits, ", "), "%s", clock)
	}
	name, args := selector.Sel.Name, at.call.Args
	switch {
	case name == "Get" || name == "Post" || name == "PostForm" || name == "Head":
		return append(needs, l.replace(selector.X.Pos(), selector.X.End(), "(&"+http+".Client{"+in(clientLimit)+"})"))
	case name == "ListenAndServe" && len(args) == 2, name == "ListenAndServeTLS" && len(args) == 4:
		fields := []string{"Addr: " + l.asWritten(args[0])}
		if id, is := args[len(args)-1].(*ast.Ident); !is || id.Name != "nil" {
			fields = append(fields, "Handler: "+l.asWritten(args[len(args)-1]))
		}
		var rest []string
		for _, arg := range args[1 : len(args)-1] {
			rest = append(rest, l.asWritten(arg))
		}
		text := "(&" + http + ".Server{" + strings.Join(fields, ", ") + ", " + in(headerLimit, idleLimit) + "})." + name + "(" + strings.Join(rest, ", ") + ")"
		return append(needs, l.replace(at.call.Pos(), at.call.End(), text))
	}
	return nil
}
