package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// findPractices tells in which of several ways a file does what can be done in several.
func (l *lifter) findPractices(p place) {
	if aside := p.aside[p.file]; aside == "test" || aside == "generated" {
		return
	}
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		add := func(kind facts.PracticeKind, way, name string) {
			practice := facts.Practice{Pos: l.pos(n.Pos()), Kind: kind, Way: way, Name: name, Package: p.path}
			if f := l.around(stack); f != nil {
				practice.Function = f.fact
			}
			l.facts.Practices = append(l.facts.Practices, practice)
		}
		switch n := n.(type) {
		case *ast.ValueSpec:
			if l.around(stack) == nil {
				sentinels(p, n, add)
			}
		case *ast.CallExpr:
			l.practice(p, n, stack, add)
		case *ast.GoStmt:
			add(facts.ForConcurrency, "goroutine", text(n.Call.Fun))
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && isSentinel(p, n.Y) {
				add(facts.ForErrors, "compared with ==", text(n.Y))
			}
		case *ast.StructType:
			settingTags(n, add)
		}
		return true
	})
}

type adder func(kind facts.PracticeKind, way, name string)

// sentinels tells errors that stand in variables of a package.
func sentinels(p place, n *ast.ValueSpec, add adder) {
	for i, name := range n.Names {
		if i >= len(n.Values) {
			break
		}
		call, is := n.Values[i].(*ast.CallExpr)
		if is && (calledName(call) == "New" || calledName(call) == "Errorf") && isErrorValue(p.info.TypeOf(call)) {
			add(facts.ForErrors, "sentinel", name.Name)
		}
	}
}

func isErrorValue(t types.Type) bool { return t != nil && isError(t) }

// isSentinel reports whether an expression is an error that stands in a variable of a package.
func isSentinel(p place, e ast.Expr) bool {
	v, is := p.target(e).(*types.Var)
	return is && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() && isErrorValue(v.Type())
}

// writesLog is the names of what writes to a log. What makes a field of it, or a logger, writes nothing.
var writesLog = regexp.MustCompile(`^(Print|Fatal|Panic|Debug|Info|Warn|Error|Trace|Log)`)

// practice recognises a call that is one of several ways.
func (l *lifter) practice(p place, n *ast.CallExpr, stack []ast.Node, add adder) {
	name := calledName(n)
	selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr)
	if !is {
		if name == "panic" && l.around(stack) != nil {
			add(facts.ForErrors, "panic", "")
		}
		return
	}
	pkg := p.packageOf(selector.X)
	role, _, known := roleOf(pkg)
	switch {
	case pkg == "fmt" && name == "Errorf" && len(n.Args) > 0:
		if strings.Contains(constantText(p.source, n.Args[0]), "%w") {
			add(facts.ForErrors, "wrapped with %w", "")
		} else {
			add(facts.ForErrors, "new text", "")
		}
	case pkg == "errors" && name == "New" && l.around(stack) != nil:
		add(facts.ForErrors, "new text", "")
	case pkg == "errors" && (name == "Is" || name == "As" || name == "AsType"):
		add(facts.ForErrors, "compared with errors."+name, "")
	case role == "errors" && (strings.HasPrefix(name, "Wrap") || strings.HasPrefix(name, "With")):
		add(facts.ForErrors, "wrapped with "+known, "")
	case pkg == "os" && (name == "Getenv" || name == "LookupEnv") && len(n.Args) == 1:
		add(facts.ForSettings, "environment", constantText(p.source, n.Args[0]))
	case pkg == "flag" && len(n.Args) >= 3:
		add(facts.ForSettings, "flag", flagName(p, n))
	case pkg != "" && role == "config" && pkg != "flag":
		add(facts.ForSettings, known, constantArg(p, n))
	case pkg == "fmt" && strings.HasPrefix(name, "Print"):
		add(facts.ForLogs, "fmt", name)
	case pkg != "" && role == "log" && writesLog.MatchString(name):
		add(facts.ForLogs, known, name)
	case pkg == "":
		l.methodPractice(p, n, selector, add)
	}
}

// methodPractice recognises methods of loggers, groups and validators.
func (l *lifter) methodPractice(p place, n *ast.CallExpr, selector *ast.SelectorExpr, add adder) {
	path, typeName := namedType(p.info.TypeOf(selector.X))
	name := selector.Sel.Name
	role, _, known := roleOf(path)
	switch {
	case path == "golang.org/x/sync/errgroup" && name == "Go":
		add(facts.ForConcurrency, "errgroup", "")
	case path == "sync" && typeName == "WaitGroup" && name == "Go":
		add(facts.ForConcurrency, "goroutine", "")
	case role == "log" && writesLog.MatchString(name):
		add(facts.ForLogs, known, name)
	case role == "validation" && (strings.HasPrefix(name, "Struct") || strings.HasPrefix(name, "Validate")):
		add(facts.ForInput, known, "")
	case role == "config" && strings.HasPrefix(name, "Get"):
		add(facts.ForSettings, known, constantArg(p, n))
	}
}

func constantArg(p place, n *ast.CallExpr) string {
	for _, arg := range n.Args {
		if text := constantText(p.source, arg); text != "" && len(text) < 60 {
			return text
		}
	}
	return ""
}

// flagName is the name of a flag: flag.String("port", …), flag.StringVar(&port, "port", …).
func flagName(p place, n *ast.CallExpr) string {
	for _, arg := range n.Args[:2] {
		if text := constantText(p.source, arg); text != "" {
			return text
		}
	}
	return ""
}

// settingTags tells settings and checks of input that stand in the tags of a struct.
func settingTags(n *ast.StructType, add adder) {
	for _, field := range n.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
		for _, key := range []string{"env", "envconfig", "mapstructure", "conf"} {
			if name, found := tag.Lookup(key); found && name != "-" {
				name, _, _ = strings.Cut(name, ",")
				add(facts.ForSettings, "the tag "+key, name)
				break
			}
		}
		for _, key := range []string{"validate", "binding"} {
			if _, found := tag.Lookup(key); found {
				add(facts.ForInput, "the tag "+key, "")
			}
		}
	}
}
