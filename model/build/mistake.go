package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// typeMistakes says in the user's words what cel-go's checker found.
func (b *builder) typeMistakes(v *design.Value, s scope, a *ast.AST, errs []*common.Error) {
	nodes := map[int64]ast.Expr{}
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) { nodes[e.ID()] = e }))
	for _, e := range errs {
		node := nodes[e.ExprID]
		if node == nil {
			b.problems.Add(position(v, offsetOf(v.Text, e.Location)), BadExpression, "", "%s", e.Message)
			continue
		}
		m := mistake{b: b, text: v, scope: s, ast: a, node: node, message: e.Message}
		m.report()
	}
}

// mistake is one error of the checker and the node at which it stands.
type mistake struct {
	b       *builder
	text    *design.Value
	scope   scope
	ast     *ast.AST
	node    ast.Expr
	message string
}

func (m mistake) report() {
	switch {
	case strings.HasPrefix(m.message, "undeclared reference"):
		m.unknown()
	case strings.HasPrefix(m.message, "undefined field") && m.node.Kind() == ast.SelectKind:
		m.unknownField()
	case strings.HasPrefix(m.message, "found no matching overload") && m.node.Kind() == ast.CallKind:
		m.misfit()
	case strings.HasPrefix(m.message, "type") && strings.Contains(m.message, "field selection"):
		m.noFields()
	case strings.Contains(m.message, "range of a comprehension"):
		m.add(m.node, NoSuchOperation, "", "%s is no list", m.describe(m.node))
	case strings.HasPrefix(m.message, "expected type 'bool'"):
		m.add(m.node, WrongType, "", "a condition stands here, and %s is none", m.describe(m.node))
	case strings.HasPrefix(m.message, "expected type"):
		m.add(m.node, WrongType, "", "%s does not fit the others of the list", m.describe(m.node))
	default:
		m.add(m.node, BadExpression, "", "%s", m.message)
	}
}

func (m mistake) add(at ast.Expr, code diag.Code, hint, format string, args ...any) {
	m.b.problems.Add(position(m.text, offset(m.ast, at)), code, hint, format, args...)
}

// unknown reports a bare name or a function that does not exist.
func (m mistake) unknown() {
	if m.node.Kind() == ast.CallKind {
		name := m.node.AsCall().FunctionName()
		var known []string
		for _, f := range m.b.env.functions {
			if isWord(f.Name()) {
				known = append(known, f.Name())
			}
		}
		known = append(known, "exists", "all", "exists_one", "filter", "map", "find")
		hint := didYouMean(nearest(name, known))
		edit := diag.Edit{}
		switch {
		case name == "has":
			hint, edit = m.withoutHas()
		case strings.EqualFold(name, "not"):
			hint, edit = m.b.mendSlips(m.text)
		}
		place := m.callPlace()
		m.b.problems.AddEdit(place, UnknownName, hint, edit, "there is no function %s with these parts", name)
		return
	}
	name := m.node.AsIdent()
	if name == "" && m.node.Kind() == ast.SelectKind {
		name = m.node.AsSelect().FieldName()
	}
	switch {
	case name == "viewer":
		m.add(m.node, UnknownName, "give the entity that signs in an @account", "nobody signs in to this backend, so there is no viewer")
		return
	case name == "this" || name == "old":
		m.add(m.node, UnknownName, "", "there is no row here that %s could be", name)
		return
	}
	candidates := fieldNames(m.scope.rowFields())
	candidates = append(candidates, fieldNames(m.scope.args)...)
	candidates = append(candidates, "viewer", "this", "now")
	for value := range m.b.env.values {
		candidates = append(candidates, value)
	}
	of := m.scope.rowName()
	if of == "" {
		of = "the operation"
	}
	if m.incomplete(of) || slices.ContainsFunc(m.scope.args, func(a *model.Field) bool { return a.Kind == "" }) {
		return // it may be what was reported and left out
	}
	m.misspelt(position(m.text, offset(m.ast, m.node)), name, candidates, of)
}

// withoutHas compares with null where has was asked.
func (m mistake) withoutHas() (string, diag.Edit) {
	asked := regexp.MustCompile(`\bhas\(\s*([\w.]+)\s*\)`)
	better := outsideQuotes(m.text.Text, func(part string) string { return asked.ReplaceAllString(part, "($1 != null)") })
	if better == "("+strings.Trim(better, "()")+")" {
		better = strings.Trim(better, "()") // nothing else stands there
	}
	if better == m.text.Text {
		return "compare it with null", diag.Edit{}
	}
	return "write " + better, rewrite(m.text, better)
}

// misspelt offers the nearest name, as a mechanical change where the place is exact.
func (m mistake) misspelt(at diag.Pos, name string, candidates []string, of string) {
	if m.text.Block {
		m.b.problems.Add(at, UnknownName, didYouMean(nearest(name, candidates)), "%s has no field %q", of, name)
		return
	}
	m.b.misspelt(at, name, candidates, "%s has no field %q", of, name)
}

// incomplete says whether part of a type was left out, which may be what an expression names.
func (m mistake) incomplete(typeName string) bool {
	t := m.b.design.ByName[typeName]
	return t != nil && t.Broken
}

func isWord(name string) bool { return name[0] >= 'a' && name[0] <= 'z' }

func (m mistake) unknownField() {
	s := m.node.AsSelect()
	t := m.ast.GetType(s.Operand().ID())
	at := m.node
	place := position(m.text, offset(m.ast, at))
	if r, ok := m.ast.SourceInfo().GetOffsetRange(m.node.ID()); ok {
		place = position(m.text, int(r.Start)+1)
	}
	if !m.incomplete(t.TypeName()) {
		m.misspelt(place, s.FieldName(), fieldNames(m.b.env.provider.fields[t.TypeName()]), t.TypeName())
	}
}

// callPlace is where the name of a function stands: before its bracket.
func (m mistake) callPlace() diag.Pos {
	r, ok := m.ast.SourceInfo().GetOffsetRange(m.node.ID())
	if !ok {
		return position(m.text, offset(m.ast, m.node))
	}
	name := []rune(m.node.AsCall().FunctionName())
	text := []rune(m.text.Text)
	at := int(r.Start)
	if at >= len(name) && at <= len(text) && string(text[at-len(name):at]) == string(name) {
		at -= len(name)
	}
	return position(m.text, at)
}

// misfit reports an operator or function whose sides are of the wrong types.
func (m mistake) misfit() {
	call := m.node.AsCall()
	args := call.Args()
	name := call.FunctionName()
	sign, isOperator := operators.FindReverse(name)
	switch {
	case isOperator && len(args) == 2 && name != operators.Conditional && name != operators.Index:
		verb := "compared with"
		if name == operators.In {
			verb = "among"
		} else if strings.Contains("+-*/%", sign) {
			verb = "put together by " + sign + " with"
		}
		hint, literal := m.compareHint(args)
		m.addEdit(args[1], hint, literal, fmt.Sprintf("%s cannot be %s %s", m.describe(args[0]), verb, m.describe(args[1])))
	case isOperator && len(args) == 1:
		m.add(args[0], WrongType, "", "%s does not apply to %s", sign, m.describe(args[0]))
	case name == operators.Conditional:
		m.add(m.node, WrongType, "", "both ends of ? : have one type")
	case name == operators.Index:
		m.add(m.node, NoSuchOperation, "pick one with find", "elements of a list have no numbers")
	default:
		of := ""
		if call.IsMemberFunction() {
			of = " to " + m.describe(call.Target())
		}
		with := ""
		for i, a := range args {
			if i > 0 {
				with += ", "
			}
			with += m.describe(a)
		}
		if with != "" {
			with = " with " + with
		}
		m.add(m.node, WrongType, "", "%s does not apply%s%s", name, of, with)
	}
}

// addEdit reports that two sides do not fit. Where a literal is at fault, hint is what to write in its place.
func (m mistake) addEdit(at ast.Expr, hint string, literal ast.Expr, message string) {
	pos := position(m.text, offset(m.ast, at))
	if literal != nil {
		r, ok := m.ast.SourceInfo().GetOffsetRange(literal.ID())
		text := []rune(m.text.Text)
		if ok && !m.text.Block && r.Start >= 0 && r.Stop > r.Start && int(r.Stop) <= len(text) {
			start, end := position(m.text, int(r.Start)), position(m.text, int(r.Stop))
			if start.Line == end.Line {
				edit := diag.Edit{Pos: start, Length: end.Column - start.Column, Text: hint}
				m.b.problems.AddEdit(pos, WrongType, "write "+hint, edit, "%s", message)
				return
			}
		}
	}
	m.b.problems.Add(pos, WrongType, hint, "%s", message)
}

// compareHint knows the usual slips: an enum value in quotes, a date as text. The literal is what the hint replaces.
func (m mistake) compareHint(args []ast.Expr) (string, ast.Expr) {
	for i, a := range args {
		if a.Kind() != ast.LiteralKind {
			continue
		}
		text, ok := a.AsLiteral().(types.String)
		other := m.ast.GetType(args[1-i].ID())
		if !ok || other == nil {
			continue
		}
		switch name := other.TypeName(); {
		case m.b.enums[name] != nil && hasValue(m.b.enums[name], string(text)):
			return string(text), a
		case m.b.enums[name] != nil:
			var values []string
			for _, v := range m.b.enums[name].Values {
				values = append(values, v.Name)
			}
			if meant := nearest(string(text), values); meant != "" {
				return meant, a
			}
		case name == "Date":
			return made("date", model.Date, string(text), a)
		case name == "Time":
			return made("time", model.Time, string(text), a)
		case other.Kind() == types.DurationKind:
			return made("duration", model.Duration, string(text), a)
		case other.Kind() == types.TimestampKind:
			return made("timestamp", model.DateTime, string(text), a)
		}
	}
	return "", nil
}

// made is the call that makes a value of a kind out of a text, where the text is one; else how such a call is written.
func made(function string, kind model.Kind, text string, literal ast.Expr) (string, ast.Expr) {
	v := &design.Value{Kind: design.StringValue, Text: text}
	if _, wrong := textLiteral(&model.Field{Kind: kind}, v, &model.Expr{}); wrong == "" {
		return fmt.Sprintf("%s('%s')", function, text), literal
	}
	examples := map[model.Kind]string{model.Date: "2026-03-29", model.Time: "09:30", model.Duration: "1h30m", model.DateTime: "2026-03-29T01:30:00Z"}
	return fmt.Sprintf("make it with %s, as in %s('%s')", function, function, examples[kind]), nil
}

func (m mistake) noFields() {
	s := m.node.AsSelect()
	t := m.ast.GetType(s.Operand().ID())
	if t != nil && t.Kind() == types.ListKind {
		m.add(m.node, NoSuchOperation, "ask its elements with exists, or pick one with find", "a list has no field %q: its elements have", s.FieldName())
		return
	}
	m.add(m.node, NoSuchOperation, "", "%s has no fields", m.describe(s.Operand()))
}

// describe names the type of a node as the design does.
func (m mistake) describe(e ast.Expr) string {
	return describe(m.ast.GetType(e.ID()))
}

func describe(t *types.Type) string {
	if t == nil {
		return "this"
	}
	switch t.Kind() {
	case types.StringKind:
		return "a text"
	case types.IntKind:
		return "a whole number"
	case types.DoubleKind:
		return "a number"
	case types.BoolKind:
		return "true or false"
	case types.TimestampKind:
		return "a DateTime"
	case types.DurationKind:
		return "a Duration"
	case types.NullTypeKind:
		return "null"
	case types.ListKind:
		return "a list of " + strings.TrimPrefix(strings.TrimPrefix(describe(t.Parameters()[0]), "a "), "an ")
	case types.OpaqueKind, types.StructKind:
		return article(t.TypeName())
	}
	return "this"
}

func article(name string) string {
	if name != "" && strings.ContainsRune("AEIO", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}
