package golang

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/emit/promise"
	"github.com/fettlehq/fettle/model"
)

// testFile asks the service what the design promises. Business operations are asked from outside only, so it needs none.
func testFile(m *model.Model) string {
	p := &printer{}
	p.f("package app_test")
	p.f("")
	p.f("// TestDesign asks the service what the design promises, on a database of its own. Write what only you know beside it: what")
	p.f("// your operations do, and what your rules are for.")
	p.f("func TestDesign(t *testing.T) {")
	fields, known := promise.Account(m)
	if !known {
		p.f("var account designtest.Account")
	} else {
		p.f("account := designtest.Account{Login: %q, Fields: %s}", m.Account.Login.Name, raw(fields))
	}
	var nothing []string
	for _, module := range modules(m) {
		if operated(module) {
			nothing = append(nothing, "nil")
		}
	}
	p.f("designtest.Run(t, app.New(%s), account, []designtest.Promise{", strings.Join(nothing, ", "))
	last := ""
	for _, one := range promise.Of(m) {
		p.f("{%s},", promised(one, one.Title != last))
		last = one.Title
	}
	p.f("})")
	p.f("}")
	return p.String()
}

// promised is a promise as the elements of a literal.
func promised(p promise.Promise, first bool) string {
	var parts []string
	if first {
		parts = append(parts, fmt.Sprintf("Title: %q", p.Title))
	}
	if p.As != "" {
		parts = append(parts, fmt.Sprintf("As: %q", p.As))
	}
	parts = append(parts, fmt.Sprintf("Ask: %q", p.Ask))
	switch b := p.Body; {
	case b.Times > 0:
		parts = append(parts, fmt.Sprintf("Body: %s + strings.Repeat(\"x\", %d) + %s", raw(b.Before), b.Times, raw(b.After)))
	case b.Before != "":
		parts = append(parts, "Body: "+raw(b.Before))
	}
	parts = append(parts, fmt.Sprintf("Want: %d", p.Want))
	if p.Says != "" {
		parts = append(parts, "Says: "+raw(p.Says))
	}
	if p.Keep != "" {
		parts = append(parts, fmt.Sprintf("Keep: %q", p.Keep))
	}
	return strings.Join(parts, ", ")
}

// raw is a text of JSON as a Go string, without backslashes where it has none itself.
func raw(text string) string {
	if strings.ContainsAny(text, "`\n") {
		return fmt.Sprintf("%q", text)
	}
	if !strings.Contains(text, `"`) {
		return fmt.Sprintf("%q", text)
	}
	return "`" + text + "`"
}
