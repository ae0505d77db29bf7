package golang

import (
	"go/token"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

func exported(name string) string { return spell.Exported(name) }

func constant(enum, value string) string { return spell.Constant(enum, value) }

func human(name string) string { return spell.Human(name) }

func upperFirst(s string) string { return spell.UpperFirst(s) }

func lowerFirst(s string) string { return spell.LowerFirst(s) }

// parameter is the Go name of an argument, never one that means something else in the signature or the handler.
func parameter(name string) string {
	name = lowerFirst(exported(name))
	switch {
	case name == "input":
		return "in"
	case token.IsKeyword(name), predeclared[name], qualifiers[name] != "", name == "ctx", name == "tx", name == "events", name == "in", name == "b", name == "s", name == "errors":
		return name + "Arg"
	}
	return name
}

var predeclared = map[string]bool{
	"any": true, "bool": true, "error": true, "float64": true, "int": true, "int64": true, "string": true, "byte": true,
	"nil": true, "true": true, "false": true, "len": true, "make": true, "new": true, "append": true, "errors": true,
}

// PackageName is the Go package of a module.
func PackageName(m *model.Module) string {
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, m.Name))
	if token.IsKeyword(name) {
		return name + "s"
	}
	return name
}

// qualifier is how other packages name the package of a module: its name, unless a package of kit has it.
func qualifier(m *model.Module) string {
	name := PackageName(m)
	if qualifiers[name] != "" || name == "app" || name == "api" || name == "migrations" {
		return name + "module"
	}
	return name
}

func article(noun string) string {
	if strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
