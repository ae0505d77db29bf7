package golang

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// helpsTests are names of files of what tests ask for.
var helpsTests = regexp.MustCompile(`(?i)^(testing|(\w+_)?fixtures?)\.go$`)

// ofTests are names of packages that tests are made with, as net/http/httptest is: their other half says what they stand for.
var ofTests = regexp.MustCompile(`^\w*(db|sql|store|storage|http|grpc|api|auth|server|client|mail|cache|queue)tests?$`)

// standsIn are names of folders of what is there in place of another service, for tests and for who works on the code.
var standsIn = regexp.MustCompile(`^(mock\w*|\w+mocks?|fakes?)$`)

// triesOut are names of folders of what tries the whole program out, which a program of its own may run.
var triesOut = regexp.MustCompile(`^(\w*(e2e|integration|acceptance|functional|smoke|load|stress|soak)|system|bdd)[-_]?test(s|er|ers|ing)?$|^tests?[-_](e2e|integration|acceptance|functional|system|bdd|smoke|load|stress|soak|suite|harness|utils?|helpers?|tools?)$`)

// forDevelopers are names of folders of what nobody runs but who works on the code, or tries it out.
var forDevelopers = regexp.MustCompile(`(^|[-_])(demos?|dev-?tools?|sandbox|playground)($|[-_])`)

// dated are names of files of migrations written in Go: 20230516154000_drop_column.go.
var dated = regexp.MustCompile(`^(19|20)\d{6,15}_\w+\.go$`)

// aside says of code that no request reaches by itself what it is.
func aside(shown, packageName string, file *ast.File) string {
	parts := strings.Split(strings.ToLower(path.Dir(shown)), "/")
	has := func(names ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(names, p) })
	}
	switch {
	case has("test", "tests", "testutil", "testing", "e2e", "mocks", "mock", "fixtures", "testutils", "testhelper"), parts[0] == "integration", has("integration") && forTests(file), helpsTests.MatchString(path.Base(shown)),
		ofTests.MatchString(packageName) && parts[len(parts)-1] == packageName, slices.ContainsFunc(parts, standsIn.MatchString), slices.ContainsFunc(parts, triesOut.MatchString):
		return "test"
	case has("migration", "migrations", "migrate", "seed", "seeds"), dated.MatchString(path.Base(shown)):
		return "migration"
	case ast.IsGenerated(file):
		return "generated"
	case has("scripts", "script", "tools", "hack", "examples", "example", "cli"), packageName == "main" && has("build"), slices.ContainsFunc(parts, forDevelopers.MatchString):
		return "command"
	default:
		return ""
	}
}

// forTests reports whether a file imports what only tests are made with.
func forTests(file *ast.File) bool {
	return slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
		name := strings.Trim(i.Path.Value, `"`)
		role, _, _ := roleOf(name)
		return name == "testing" || role == "test" || role == "mock"
	})
}
