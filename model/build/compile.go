package build

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// scope says what an expression may name.
type scope struct {
	entity   *model.Entity  // whose row it is about; nil without
	strct    *model.Struct  // or which input or value object
	fields   []*model.Field // of strct
	args     []*model.Field // of the operation
	old      bool           // the row before an update
	defaults bool           // slug, next and token
}

func (s scope) rowFields() []*model.Field {
	if s.entity != nil {
		return s.entity.Fields
	}
	return s.fields
}

func (s scope) rowName() string {
	switch {
	case s.entity != nil:
		return s.entity.Name
	case s.strct != nil:
		return s.strct.Name
	}
	return ""
}

// compile parses, checks and lowers an expression. Mistakes are reported at their place inside the string, and the
// result is nil; it is nil without a report where the expression names something that was reported before.
func (b *builder) compile(v *design.Value, s scope, want typ) *model.Expr {
	if v.Kind != design.StringValue {
		return nil // the parser reports it
	}
	if b.env == nil {
		b.env = b.newCEL()
	}
	source := common.NewTextSource(v.Text)
	parsed, errs := b.env.parser.Parse(source)
	if len(errs.GetErrors()) > 0 {
		b.syntaxMistake(v, s, errs.GetErrors()[0])
		return nil
	}
	checked, errs := checker.Check(parsed, source, b.env.scopeOf(s))
	if list := errs.GetErrors(); len(list) > 0 {
		b.typeMistakes(v, s, checked, list)
		return nil
	}
	l := &lowerer{b: b, text: v, scope: s, ast: checked, vars: map[string]value{}}
	result := l.lower(checked.Expr())
	if l.failed || result == nil {
		return nil
	}
	x := l.as(result, want, checked.Expr())
	if l.failed || x == nil {
		return nil
	}
	b.touched[x] = l.touched
	return x
}

// position is a place inside a string of the design. Offset counts characters of the text between the quotes, in which
// an escape is one character.
func position(v *design.Value, offset int) diag.Pos {
	pos := v.Pos
	block := v.Block
	switch {
	case block && strings.Contains(v.Text, "\n"):
		pos.Line, pos.Column = pos.Line+1, 1 // its text begins on the next line; the indent is not known any more
	case block:
		pos.Column += 3
	default:
		pos.Column++
	}
	for i, r := range []rune(v.Text) {
		if i >= offset {
			break
		}
		switch {
		case block && r == '\n':
			pos.Line++
			pos.Column = 1
		case !block && (r == '"' || r == '\\' || r == '\t'):
			pos.Column += 2
		default:
			pos.Column++
		}
	}
	return pos
}

// offset is where an expression begins: the leftmost of its parts, because CEL places an operator at its sign.
func offset(a *ast.AST, e ast.Expr) int {
	least := -1
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(part ast.Expr) {
		if r, ok := a.SourceInfo().GetOffsetRange(part.ID()); ok {
			if at := int(r.Start); least < 0 || at < least {
				least = at
			}
		}
	}))
	return max(least, 0)
}

func offsetOf(text string, at common.Location) int {
	lines := strings.Split(text, "\n")
	n := 0
	for i := 0; i < at.Line()-1 && i < len(lines); i++ {
		n += len([]rune(lines[i])) + 1
	}
	return n + max(at.Column(), 0)
}

func (b *builder) syntaxMistake(v *design.Value, s scope, e *common.Error) {
	at := offsetOf(v.Text, e.Location)
	message, hint, edit := e.Message, "", diag.Edit{}
	switch {
	case strings.TrimSpace(v.Text) == "":
		message = "the expression is empty"
	case strings.HasPrefix(message, "reserved identifier: "):
		name := strings.TrimPrefix(message, "reserved identifier: ")
		message = fmt.Sprintf("%s is a word of the expression language", name)
		if find(s.rowFields(), name) != nil {
			hint = "write this." + name
			word := regexp.MustCompile(`(^|[^.\w])(` + name + `)\b`)
			edit = rewrite(v, outsideQuotes(v.Text, func(part string) string { return word.ReplaceAllString(part, "${1}this.$2") }))
		}
	case strings.HasPrefix(message, "Syntax error: "):
		message = syntax(strings.TrimPrefix(message, "Syntax error: "), v.Text, at)
		hint, edit = b.mendSlips(v)
	}
	b.problems.AddEdit(position(v, at), BadExpression, hint, edit, "%s", message)
}

// syntax says in the user's words what the grammar found.
func syntax(message, text string, at int) string {
	runes := []rune(text)
	rest := ""
	if at < len(runes) {
		rest = string(runes[at:])
	}
	switch {
	case strings.TrimSpace(rest) == "":
		return "the expression ends too early"
	case strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "=="):
		return "= does not compare"
	case strings.HasPrefix(rest, "&") || strings.HasPrefix(rest, "|"):
		return "one sign is missing"
	}
	if word := regexp.MustCompile(`(?i)^(and|or)\b`).FindString(rest); word != "" {
		return word + " is no word of the expression language"
	}
	message, _, _ = strings.Cut(message, " expecting ")
	return "the expression cannot be read here: " + message
}
