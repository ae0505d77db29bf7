package golang

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// A text of SQL that is put together from constants and values becomes one constant with parameters:
//
//	fmt.Sprintf("… WHERE name = '%s'", name)   ─▶   "… WHERE name = $1", name
//
// only where each value stands alone where a value may stand, or within one literal, is sent as it is, and where the
// database's mark for parameters is known. Everything else is left to a person.

// part is a part of a text that is put together: a constant, or a value.
type part struct {
	text  string
	value ast.Expr // nil for a constant
}

// parameters are the edits that pass what a query's text holds as parameters; none where that is not sure to be right.
func (l *lifter) parameters(at work, spec querySpec, q *facts.Query) []facts.Edit {
	if len(q.Dynamic) == 0 || spec.text < 0 || spec.text >= len(at.call.Args) || !at.editable() || at.call.Ellipsis.IsValid() || !takesValues(at, spec) || !plainStatement.MatchString(q.Text) {
		return nil
	}
	made := l.madeAt(at, at.call.Args[spec.text])
	if made == nil {
		return nil
	}
	parts, raw := partsOf(at.source, made)
	parts = merged(parts)
	sure := len(parts) > 0 && !slices.ContainsFunc(parts, func(p part) bool { return p.value != nil && !l.asItIs(at.source, p.value, 0) })
	if !sure {
		return nil
	}
	b := &binder{l: l, s: at.source, mark: l.mark(at, spec), given: at.call.Args[spec.args:]}
	if !b.bind(parts) {
		return nil
	}
	text := strconv.Quote(b.text.String())
	if raw && !strings.Contains(b.text.String(), "`") {
		text = "`" + b.text.String() + "`"
	}
	edits := []facts.Edit{l.replace(made.Pos(), made.End(), text)}
	if len(b.given) == 0 {
		end := at.call.Args[spec.text].End()
		if end == made.End() {
			edits[0].New += ", " + strings.Join(b.args, ", ")
			return edits
		}
		return append(edits, l.replace(end, end, ", "+strings.Join(b.args, ", ")))
	}
	return append(edits, l.replace(b.given[0].Pos(), b.given[len(b.given)-1].End(), strings.Join(b.args, ", ")))
}

// plainStatement is one that takes parameters, and is alone in its text.
var plainStatement = regexp.MustCompile(`(?is)^\s*(select|insert|update|delete|with)\b[^;]*;?\s*$`)

// takesValues reports whether a call takes any number of values behind its text.
func takesValues(at work, spec querySpec) bool {
	name := spec.pos.Sel.Name
	sig, is := typeOr(at.info.TypeOf(at.call.Fun)).(*types.Signature)
	if !is || !sig.Variadic() || sig.Params().Len() != spec.args+1 || strings.HasPrefix(name, "Named") || strings.HasPrefix(name, "Prepare") {
		return false
	}
	values, is := sig.Params().At(spec.args).Type().(*types.Slice)
	return is && types.IsInterface(values.Elem())
}

// madeAt is the expression that a text is put together by: the argument itself, or what the statement before gives to
// the variable that is used here alone.
func (l *lifter) madeAt(at work, e ast.Expr) ast.Expr {
	id, is := ast.Unparen(e).(*ast.Ident)
	if !is {
		return e
	}
	object, defs := at.info.Uses[id], l.defs[at.info.Uses[id]]
	if len(defs) != 1 || defs[0].kind != assigned || defs[0].index >= 0 || defs[0].expr == nil || defs[0].source != at.source {
		return nil
	}
	for used, o := range at.info.Uses {
		if o == object && used != id {
			return nil
		}
	}
	made := defs[0].expr
	for _, n := range slices.Backward(at.stack) {
		list := listOf(n)
		for i, s := range list {
			if s.Pos() <= id.Pos() && id.End() <= s.End() {
				if assign, is := before(list, i).(*ast.AssignStmt); is && assign.Pos() < made.Pos() && made.End() <= assign.End() && len(assign.Rhs) == 1 {
					return made
				}
				return nil
			}
		}
	}
	return nil
}

func before(list []ast.Stmt, i int) ast.Stmt {
	if i == 0 {
		return nil
	}
	return list[i-1]
}

// partsOf takes apart what a text is made of: literals, values and fmt.Sprintf with a literal form. None says that
// there is more to it; raw, that a literal stands in backquotes.
func partsOf(s *source, e ast.Expr) (parts []part, raw bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if e.Kind != token.STRING || err != nil {
			return nil, false
		}
		return []part{{text: text}}, e.Value[0] == '`'
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return nil, false
		}
		left, rawLeft := partsOf(s, e.X)
		right, rawRight := partsOf(s, e.Y)
		if left == nil || right == nil {
			return nil, false
		}
		return append(left, right...), rawLeft || rawRight
	case *ast.CallExpr:
		if s.packageOf(firstOf(e.Fun)) == "fmt" && calledName(e) == "Sprintf" && !e.Ellipsis.IsValid() {
			return formatted(e)
		}
	}
	if tv := s.info.Types[e]; tv.Value != nil {
		return nil, false // a constant with a name keeps it
	}
	return []part{{value: e}}, false
}

// merged joins constants that stand side by side.
func merged(parts []part) []part {
	var out []part
	for _, p := range parts {
		if n := len(out); n > 0 && p.value == nil && out[n-1].value == nil {
			out[n-1].text += p.text
			continue
		}
		out = append(out, p)
	}
	return out
}

// formatted takes a call of fmt.Sprintf apart.
func formatted(call *ast.CallExpr) (parts []part, raw bool) {
	form, is := call.Args[0].(*ast.BasicLit)
	if !is {
		return nil, false
	}
	text, err := strconv.Unquote(form.Value)
	if err != nil {
		return nil, false
	}
	next := 1
	for text != "" {
		at := strings.IndexByte(text, '%')
		if at < 0 || at+1 == len(text) {
			return append(parts, part{text: text}), form.Value[0] == '`'
		}
		if at > 0 {
			parts = append(parts, part{text: text[:at]})
		}
		switch text[at+1] {
		case '%':
			parts = append(parts, part{text: "%"})
		case 's', 'd', 'v':
			if next >= len(call.Args) {
				return nil, false
			}
			parts = append(parts, part{value: call.Args[next]})
			next++
		default:
			return nil, false
		}
		text = text[at+2:]
	}
	if next != len(call.Args) {
		return nil, false
	}
	return parts, form.Value[0] == '`'
}

// escapes are functions that make a text fit to stand between quotes: as a parameter it would be another.
var escapes = regexp.MustCompile(`(?i)(replac|escap|quot|sanit|slashes)`)

// asItIs reports whether a value is text or a whole number that nothing has made fit for SQL.
func (l *lifter) asItIs(s *source, e ast.Expr, depth int) bool {
	basic, is := typeOr(s.info.TypeOf(e)).Underlying().(*types.Basic)
	if !is || basic.Info()&(types.IsString|types.IsInteger) == 0 || depth > 4 {
		return false
	}
	sure := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			sure = sure && !escapes.MatchString(calledName(n))
		case *ast.Ident:
			object, isVar := s.info.Uses[n].(*types.Var)
			if !isVar {
				break
			}
			for _, d := range l.defs[object] {
				if call, is := ast.Unparen(d.expr).(*ast.CallExpr); d.expr != nil && is && escapes.MatchString(calledName(call)) {
					sure = false
				}
			}
		}
		return sure
	})
	return sure
}

// mark is how the database of the code marks a parameter: "$", "?", or "" where that is not known.
func (l *lifter) mark(at work, spec querySpec) string {
	if spec.library == "pgx" {
		return "$"
	}
	marks := map[string]bool{}
	for _, s := range l.loader.order {
		for _, file := range s.files {
			for _, imported := range file.Imports {
				role, product, _ := roleOf(strings.Trim(imported.Path.Value, "\"`"))
				switch {
				case role == "driver" && product == "PostgreSQL":
					marks["$"] = true
				case role == "driver" && (product == "MySQL" || product == "SQLite"):
					marks["?"] = true
				}
			}
		}
	}
	if len(marks) != 1 {
		return ""
	}
	if marks["$"] {
		return "$"
	}
	return "?"
}

// binder writes a text with parameters.
type binder struct {
	l     *lifter
	s     *source
	mark  string
	given []ast.Expr // the values that the call has already

	text strings.Builder
	args []string
	used int // of given
}

var (
	beforeValue = regexp.MustCompile(`(?i)([=<>(,]|\b(like|ilike|and|between|limit|offset|then|else|values))\s*$`)
	behindValue = regexp.MustCompile(`^(\s|[),;]|::|$)`)
	ownMarks    = regexp.MustCompile(`\$\d+|\?`)
)

// bind writes the parts. It reports whether every value could become a parameter.
func (b *binder) bind(parts []part) bool {
	if b.mark == "" || !b.sameMarks(parts) {
		return false
	}
	if b.mark == "$" {
		for _, e := range b.given {
			b.args = append(b.args, b.l.asWritten(e))
		}
		b.used = len(b.given)
	}
	for i := 0; i < len(parts); i++ {
		p := parts[i]
		if p.value != nil {
			if !isNumber(b.s.info.TypeOf(p.value)) || !b.alone(parts, i) {
				return false
			}
			b.add(b.l.asWritten(p.value))
			continue
		}
		text, open := cutOpen(p.text)
		b.plain(text)
		if open == "" {
			continue
		}
		// A literal that is open at the end of the part: it goes on through values to the quote that closes it.
		value, last, rest, ok := b.literal(parts, i, open[1:])
		if !ok || !beforeValue.MatchString(b.text.String()) {
			return false
		}
		b.add(value)
		parts[last].text, i = rest, last-1
		if !behindValue.MatchString(rest) && (rest != "" || last+1 < len(parts)) {
			return false
		}
	}
	return b.used == len(b.given)
}

// sameMarks reports whether the text has no marks of another kind, and of its own as many as there are values.
func (b *binder) sameMarks(parts []part) bool {
	count := 0
	for _, p := range parts {
		for _, mark := range ownMarks.FindAllString(p.text, -1) {
			if mark[:1] != b.mark {
				return false
			}
			count++
		}
		if strings.Contains(p.text, `\`) || strings.Contains(p.text, "--") || strings.Contains(p.text, "/*") {
			return false
		}
	}
	return b.mark == "$" && (count > 0 || len(b.given) == 0) || count == len(b.given)
}

// alone reports whether a value stands where a whole value stands.
func (b *binder) alone(parts []part, i int) bool {
	behind := ""
	if i+1 < len(parts) {
		if parts[i+1].value != nil {
			return false
		}
		behind = parts[i+1].text
	}
	return beforeValue.MatchString(b.text.String()) && behindValue.MatchString(behind)
}

// plain writes constant SQL, with the values that are given for its own marks.
func (b *binder) plain(text string) {
	if b.mark == "?" {
		for range strings.Count(text, "?") {
			b.args = append(b.args, b.l.asWritten(b.given[b.used]))
			b.used++
		}
	}
	b.text.WriteString(text)
}

// add writes a mark for a value.
func (b *binder) add(value string) {
	b.args = append(b.args, value)
	if b.mark == "$" {
		fmt.Fprintf(&b.text, "$%d", len(b.args))
	} else {
		b.text.WriteString("?")
	}
}

// cutOpen cuts a text where a literal begins that does not end in it.
func cutOpen(text string) (closed, open string) {
	at := -1
	for i := range len(text) {
		if text[i] == '\'' {
			if at < 0 {
				at = i
			} else {
				at = -1
			}
		}
	}
	if at < 0 {
		return text, ""
	}
	return text[:at], text[at:]
}

// literal reads a literal that begins with a text and goes on through values. It gives the expression of what it holds,
// the part in which it ends, and the rest of that.
func (b *binder) literal(parts []part, from int, begin string) (value string, last int, rest string, ok bool) {
	var pieces []string
	constant := func(text string) {
		if text != "" {
			pieces = append(pieces, strconv.Quote(text))
		}
	}
	constant(begin)
	for i := from + 1; i < len(parts); i++ {
		p := parts[i]
		if p.value != nil {
			if !isString(typeOr(b.s.info.TypeOf(p.value))) {
				return "", 0, "", false
			}
			piece := b.l.asWritten(p.value)
			if _, sum := p.value.(*ast.BinaryExpr); sum {
				piece = "(" + piece + ")"
			}
			pieces = append(pieces, piece)
			continue
		}
		inside, behind, closed := strings.Cut(p.text, "'")
		constant(inside)
		if closed {
			if strings.HasPrefix(behind, "'") || len(pieces) == 0 {
				return "", 0, "", false
			}
			return strings.Join(pieces, " + "), i, behind, true
		}
	}
	return "", 0, "", false
}
