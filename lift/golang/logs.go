package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

var logPath = regexp.MustCompile(`^(log|log/slog|go\.uber\.org/zap|github\.com/sirupsen/logrus|github\.com/rs/zerolog.*|github\.com/quay/zlog)$`)

var logName = regexp.MustCompile(`^(Print|Fatal|Panic|Debug|Info|Warn|Error|Trace|Log|With|Str|String|Msg)`)

// chainOf is the package whose function a chain of calls begins with, or of whose type the value is that it begins with; "" where there is
// none.
func (s *source) chainOf(e ast.Expr) string {
	for {
		call, is := ast.Unparen(e).(*ast.CallExpr)
		if !is {
			return namedPath(typeOr(s.info.TypeOf(e)))
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is {
			return ""
		}
		if path := s.packageOf(selector.X); path != "" {
			return path
		}
		e = selector.X
	}
}

// isLogger reports whether an expression is the package of a logger, a logger, or what a chain of one goes on with.
func (s *source) isLogger(e ast.Expr) bool {
	if path, _ := namedType(s.info.TypeOf(e)); path != "" {
		return logPath.MatchString(path)
	}
	return logPath.MatchString(s.packageOf(e)) || logPath.MatchString(s.chainOf(e))
}

// wrapsLogger reports whether functions of the code hand all that they are given on to a logger: log.Debugf(format, args...) of a package of its own.
func (l *lifter) wrapsLogger(callees []*function, depth int) bool {
	if len(callees) == 0 || depth > 3 {
		return false
	}
	for _, f := range callees {
		if f.body == nil || f.sig == nil || !f.sig.Variadic() || !l.handsToLogger(f, depth) {
			return false
		}
	}
	return true
}

// handsToLogger reports whether a function gives the last of its parameters, or what it makes of it, to a logger.
func (l *lifter) handsToLogger(f *function, depth int) bool {
	given := []types.Object{f.params[len(f.params)-1]}
	mentions := func(e ast.Expr) bool {
		return slices.ContainsFunc(given, func(object types.Object) bool { return f.source.mentionsObject(e, object) })
	}
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if object := f.source.target(n.Lhs[0]); object != nil && slices.ContainsFunc(n.Rhs, mentions) {
				given = append(given, object)
			}
		case *ast.CallExpr:
			selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr)
			found = found || logName.MatchString(calledName(n)) && is && f.source.isLogger(selector.X) && slices.ContainsFunc(n.Args, mentions)
			found = found || slices.ContainsFunc(n.Args, mentions) && l.wrapsLogger(l.static(f.source, n), depth+1)
		}
		return !found
	})
	return found
}

// verbose reports whether a call writes its arguments field by field.
func verbose(call *ast.CallExpr) bool {
	for _, arg := range call.Args {
		if literal, is := arg.(*ast.BasicLit); is && (strings.Contains(literal.Value, "%+v") || strings.Contains(literal.Value, "%#v") || strings.Contains(literal.Value, "%v")) {
			return true
		}
	}
	name := calledName(call)
	return name == "Interface" || name == "Any" || name == "Println" || name == "Print" || name == "Reflect"
}

// secretArg finds an argument that lets its holder in, by its name or by what else it is given to.
func (l *lifter) secretArg(s *source, call *ast.CallExpr) string {
	for i, arg := range call.Args {
		name := lastName(ast.Unparen(arg))
		if facts.SecretNamed(name) && !(i > 0 && namesPath(call.Args[i-1])) && !l.noSecret(s.info.TypeOf(arg)) {
			return text(arg)
		}
		if i > 0 && name != "" && isString(typeOr(s.info.TypeOf(arg))) && s.info.Types[arg].Value == nil && secretKey.MatchString(keyOf(call.Args[i-1])) && !shownName.MatchString(name) {
			return text(arg) + ", which the log calls " + keyOf(call.Args[i-1]) + ","
		}
		if written := ast.Unparen(textOf(arg)); lastName(written) != "" && l.isLogin(s.target(written)) {
			return text(arg) + ", with whose user and password the program connects,"
		}
		if inner, is := ast.Unparen(arg).(*ast.CallExpr); is && calledName(inner) == "Get" && len(inner.Args) == 1 {
			if literal, is := inner.Args[0].(*ast.BasicLit); is && credentialHeader.MatchString(literal.Value) {
				return text(arg)
			}
		}
	}
	return ""
}

// noSecret reports whether a type is a struct of the code that holds no text which may let anybody in: a token may be a coin, or a word of a
// language.
func (l *lifter) noSecret(t types.Type) bool {
	named := structOf(t)
	if named == nil || l.ownType(named) == nil {
		return false
	}
	for field := range named.Underlying().(*types.Struct).Fields() {
		_, list := field.Type().Underlying().(*types.Slice)
		if field.Embedded() || (list || isString(field.Type())) && mayBeSecret.MatchString(field.Name()) {
			return false
		}
	}
	return l.shownSecret(named) == ""
}

// mayBeSecret are names of parts of a token that may be the token itself.
var mayBeSecret = regexp.MustCompile(`(?i)(token|secret|key|value|raw|hash|jwt|signature|password|plain|text|string|code|data|body|payload|bytes)$`)

var (
	// secretKey is what a log calls a value that lets its holder in. A token alone may be one of a text that is parsed.
	secretKey = regexp.MustCompile(`(?i)(^|[._ -])(password|passwd|secret|(access|refresh|session|reset|csrf|xsrf|bearer|api|auth)[_-]?token|api[_-]?key|private[_-]?key|csrf|xsrf|(session[_-]?)?cookie([_-]?value)?|authorization)$`)
	// shownName are names of what is made of a secret to be shown, or only stands beside it.
	shownName = regexp.MustCompile(`^(?i:mask|redact|obfuscat|obscur)|(?i)(id|name|type|kind|len|length|size|count|hash|hashed|digest|prefix|suffix|mask|masked|redacted|hidden|expiry|err|error|path|file|dir|source|url|status|reason)$`)
)

// keyOf is what a log calls the value behind it: the literal before it, of one word.
func keyOf(e ast.Expr) string {
	literal, is := ast.Unparen(e).(*ast.BasicLit)
	if !is || literal.Kind != token.STRING || strings.ContainsAny(literal.Value, "% ") {
		return ""
	}
	return strings.Trim(literal.Value, "`\"")
}

// namesPath reports whether what stands before a value in a log calls it a place where a secret is kept, and not the secret.
func namesPath(e ast.Expr) bool {
	literal, is := ast.Unparen(e).(*ast.BasicLit)
	return is && pathName.MatchString(literal.Value)
}

var pathName = regexp.MustCompile(`(?i)_?(path|file|filename|dir)"$`)

var credentialHeader = regexp.MustCompile(`(?i)^"(authorization|cookie|set-cookie|x-api-key)"$`)

// ofSettings are chains that lead into the settings of the program: who runs it wrote there whom it writes to.
var ofSettings = regexp.MustCompile(`(?i)(^|\.)(config|cfg|conf|settings)\.`)

// personalArg finds an argument that by its name says something of a person.
func personalArg(call *ast.CallExpr) string {
	for _, arg := range call.Args {
		name := lastName(ast.Unparen(arg))
		if facts.PersonalNamed(name) && !ofSettings.MatchString(text(arg)) {
			return text(arg)
		}
	}
	return ""
}

// wholeSecret finds an argument that is a struct with a secret in it, which a log writes field by field.
func (l *lifter) wholeSecret(s *source, call *ast.CallExpr) string {
	for _, arg := range call.Args {
		t := typeOr(s.info.TypeOf(arg))
		if _, isList := deref(t).Underlying().(*types.Slice); isList {
			continue
		}
		if named := structOf(t); named != nil {
			if held := l.shownSecret(named); held != "" {
				return text(arg) + ", which holds " + held
			}
		}
	}
	return ""
}

// secretBehind finds an argument that is an interface behind which there is a struct with a secret in it.
func (l *lifter) secretBehind(s *source, call *ast.CallExpr) string {
	for _, arg := range call.Args {
		for _, named := range l.behind(typeOr(s.info.TypeOf(arg))) {
			if held := l.shownSecret(named); held != "" {
				return text(arg) + ", which may be " + named.Obj().Name() + " and holds " + held
			}
		}
	}
	return ""
}

// shownSecret is the field of a struct that lets its holder in, where what writes the struct out writes that too; "" where there is none.
func (l *lifter) shownSecret(named *types.Named) string {
	for _, name := range []string{"String", "LogValue", "MarshalJSON", "MarshalZerologObject", "Error", "Format"} {
		object, _, _ := types.LookupFieldOrMethod(types.NewPointer(named), true, named.Obj().Pkg(), name)
		if _, hides := object.(*types.Func); hides {
			return ""
		}
	}
	for field := range named.Underlying().(*types.Struct).Fields() {
		if facts.SecretNamed(field.Name()) && isString(field.Type()) {
			return field.Name()
		} else if l.isLogin(field) {
			return field.Name() + ", with whose user and password the program connects,"
		}
	}
	return ""
}

// behind are the structs of the code that an interface of the code may hold; none where these are more than a few.
func (l *lifter) behind(t types.Type) []*types.Named {
	iface, is := t.Underlying().(*types.Interface)
	if !is || l.ownType(t) == nil || iface.NumMethods() == 0 {
		return nil
	}
	var out []*types.Named
	for _, method := range writtenByHand(l.implementing(iface.Method(0), iface)) {
		if method.sig == nil || method.sig.Recv() == nil {
			continue
		}
		if named := structOf(method.sig.Recv().Type()); named != nil && !slices.Contains(out, named) {
			out = append(out, named)
		}
	}
	if len(out) > mostBehind {
		return nil
	}
	return out
}

// mostBehind is how many structs an interface may hold for that one of them is taken for what it does hold.
const mostBehind = 3
