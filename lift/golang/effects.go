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

// effect lifts what leaves the process and is no query.
func (l *lifter) effect(at work) {
	kind, note, bounded := l.effectKind(at)
	var through facts.Pos
	retold := false
	if kind == "" && !l.leftOut(at.source, at.stack, nil) && !at.knownFailure() {
		note, through, retold = l.toldBy(at)
		if note == "" {
			note = l.writesFailure(at)
		}
		if note != "" {
			kind, bounded = "response", true
		}
	}
	if kind == "" {
		return
	}
	e := &facts.Effect{
		Pos: l.pos(at.call.Pos()), Kind: kind, Name: text(at.call.Fun), Loop: at.loop, Place: at.lies, Deferred: at.deferred, Note: note, Bounded: bounded, Through: through, Retold: retold,
	}
	for _, arg := range at.call.Args {
		e.Args = append(e.Args, l.value(at.source, arg))
	}
	if selector, is := ast.Unparen(at.call.Fun).(*ast.SelectorExpr); is && !bounded && at.packageOf(selector.X) == "net/http" {
		e.Limit = l.limitCall(at, selector)
		e.Operator = kind == "server" && l.forOperators(at.place, at.call.Args[len(at.call.Args)-1], at.in)
	}
	at.in.fact.Effects = append(at.in.fact.Effects, e)
	l.effects[at.call] = append(l.effects[at.call], e)
}

// effectKind recognises what leaves the process.
func (l *lifter) effectKind(at work) (kind, note string, bounded bool) {
	selector, is := ast.Unparen(at.call.Fun).(*ast.SelectorExpr)
	if !is {
		return "", "", false
	}
	name := selector.Sel.Name
	pkg := at.packageOf(selector.X)
	path, typeName := namedType(at.info.TypeOf(selector.X))
	switch {
	case pkg == "net/http" && (name == "Get" || name == "Post" || name == "PostForm" || name == "Head"):
		return "http", "http." + name + " uses the default client", false
	case path == "net/http" && typeName == "Client" && (name == "Do" || name == "Get" || name == "Post" || name == "PostForm" || name == "Head"):
		switch {
		case !l.isDefaultClient(at.source, selector.X) && !l.isBareClient(at.source, selector.X):
			return "http", "", true // its time limit is looked for where it is made
		case name != "Do":
			return "http", text(selector) + " has no time limit", false
		case len(at.call.Args) == 1 && l.madeWithout(at.source, at.call.Args[0]):
			return "http", text(selector) + " has no time limit, and its request no context", false
		}
		return "http", "", true
	case pkg == "net/smtp" && name == "SendMail":
		return "mail", "smtp.SendMail has no time limit", false
	case pkg == "time" && name == "Sleep":
		return "sleep", "", true
	case pkg == "net/http" && (name == "ListenAndServe" || name == "ListenAndServeTLS"):
		if len(at.call.Args) > 0 && l.isOwnAddress(at.source, at.call.Args[0]) {
			return "", "", false // nobody else reaches it
		}
		return "server", "http." + name + " has no time limits", false
	case pkg == "net/http" && name == "Error" && len(at.call.Args) == 3:
		return l.response(at, at.call.Args[1], at.call.Args[2])
	case l.isRequest(at.info.TypeOf(selector.X)) && (name == "JSON" || name == "String" || name == "AbortWithStatusJSON" || name == "HTML") && len(at.call.Args) >= 2:
		return l.response(at, at.call.Args[1], at.call.Args[0])
	case isRestful(path) && typeName == "Response" && (name == "WriteError" || name == "WriteErrorString" || name == "WriteHeaderAndEntity" || name == "WriteHeaderAndJson") && len(at.call.Args) >= 2:
		return l.response(at, at.call.Args[1], at.call.Args[0])
	case l.answersFailure(at, selector):
		status, _ := l.answersStatus(at, selector)
		return l.response(at, at.call.Args[0], status)
	case serverError.MatchString(name) && (at.packageOf(selector.X) != "" || l.isRequest(at.info.TypeOf(selector.X))) && len(l.static(at.source, at.call)) == 0:
		for _, arg := range at.call.Args {
			if found := errorIn(at.source, arg); found != "" {
				return "response", found, true
			}
		}
	case (name == "NewHTTPError" || name == "NewError") && len(at.call.Args) >= 2 && at.insideStatus(at.call.Args[0]):
		for _, arg := range at.call.Args[1:] {
			if kind, note, bounded = l.response(at, arg, at.call.Args[0]); kind != "" {
				return kind, note, bounded
			}
		}
	case makesFailure.MatchString(name) && len(at.call.Args) >= 2 && at.isInside(at.call.Args[0]):
		if found := l.procedureFails(at, selector); found != "" {
			return "failure", found, true
		}
	case at.isLogger(selector.X) || logName.MatchString(name) && l.wrapsLogger(l.static(at.source, at.call), 0):
		if secret := l.secretArg(at.source, at.call); secret != "" && logName.MatchString(name) {
			return "log", secret, true
		}
		if logName.MatchString(name) && verbose(at.call) {
			if secret := l.wholeSecret(at.source, at.call); secret != "" {
				return "log", secret, true
			}
			if secret := l.secretBehind(at.source, at.call); secret != "" {
				return "log behind", secret, true
			}
		}
		if personal := personalArg(at.call); personal != "" && logName.MatchString(name) {
			return "personal log", personal, true
		}
	}
	if l.remote(at, selector) {
		return "remote", "", len(at.call.Args) > 0 && isNamed(at.info.TypeOf(at.call.Args[0]), "context", "Context")
	}
	return "", "", false
}

// isDefaultClient reports whether an expression is http.DefaultClient, also by way of a variable that is set once.
func (l *lifter) isDefaultClient(s *source, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr:
		return s.packageOf(e.X) == "net/http" && e.Sel.Name == "DefaultClient"
	case *ast.Ident:
		d, is := l.setOnce(s, e)
		return is && d.index <= 0 && l.isDefaultClient(d.source, d.expr)
	}
	return false
}

// madeWithout reports whether a request is made here without a context, or with one that nothing ends. Of one that is given from
// elsewhere nobody knows.
func (l *lifter) madeWithout(s *source, e ast.Expr) bool {
	d, is := l.setOnce(s, e)
	if !is {
		return false
	}
	call, is := ast.Unparen(d.expr).(*ast.CallExpr)
	if !is {
		return false
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || d.source.packageOf(selector.X) != "net/http" {
		return false
	}
	return selector.Sel.Name == "NewRequest" || selector.Sel.Name == "NewRequestWithContext" && len(call.Args) > 0 && l.isOwnContext(d.source, call.Args[0], 0)
}

// setOnce is the definition of a variable of a function that has only one.
func (l *lifter) setOnce(s *source, e ast.Expr) (def, bool) {
	v, is := s.target(e).(*types.Var)
	if !is || v.IsField() || v.Pkg() != nil && v.Parent() == v.Pkg().Scope() || len(l.defs[v]) != 1 || l.defs[v][0].kind != assigned || l.defs[v][0].expr == nil {
		return def{}, false
	}
	return l.defs[v][0], true
}

// serverError are names of functions that make an answer of a failure of the server.
var serverError = regexp.MustCompile(`^(Error5\d\d\w*|InternalServer(Error)?|AbortWithInternalServerError|InternalErrorWith)$`)

var (
	quietName    = regexp.MustCompile(`^(New|With|Set|Close|Register|Use|Log|Inc|Observe|Info|Error|Debug|Warn|String|Error|Build|Parse|Validate|On|Must|Lock|Unlock)`)
	localLibrary = regexp.MustCompile(`(?i)(prometheus|opentelemetry|zap|logrus|zerolog|/log|test|mock|cobra|viper|/cli$|urfave|yaml|toml|json|sql|gorm|xorm|bun|pgx|mongo|redis|memcache|cache|template|markdown|xorm|squirrel)`)
)

// remote reports whether a call asks another service through the client of a library: something named Client, or one of
// its fields, and an error as the last answer.
func (l *lifter) remote(at work, selector *ast.SelectorExpr) bool {
	if quietName.MatchString(selector.Sel.Name) || len(at.call.Args) == 0 || !answersError(at) {
		return false
	}
	for e := ast.Unparen(selector.X); ; {
		path, name := namedType(at.info.TypeOf(e))
		if path != "" && !isStandard(path) && l.loader.sources[path] == nil && (strings.HasSuffix(name, "Client") || strings.HasSuffix(name, "API")) && !localLibrary.MatchString(path) {
			return true
		}
		inner, is := e.(*ast.SelectorExpr)
		if !is {
			return false
		}
		e = ast.Unparen(inner.X)
	}
}

// answersError reports whether the last of a call's results is an error, by its type or by the name that it is given.
func answersError(at work) bool {
	if tuple, is := at.info.TypeOf(at.call).(*types.Tuple); is && tuple.Len() > 0 {
		return isError(tuple.At(tuple.Len() - 1).Type())
	}
	assign, is := last(at.stack).(*ast.AssignStmt)
	return is && len(assign.Rhs) == 1 && len(assign.Lhs) > 1 && errName.MatchString(text(assign.Lhs[len(assign.Lhs)-1]))
}

// response recognises an answer of a failure that tells the client the error's text.
func (l *lifter) response(at work, body, status ast.Expr) (kind, note string, bounded bool) {
	if !at.insideStatus(status) {
		return "", "", false
	}
	found := errorIn(at.source, body)
	if found == "" || l.ofWriting(at.source, body) {
		return "", "", false
	}
	return "response", found, true
}

// ofWriting reports whether the failure in an answer cannot come to be, is masked by a function of the code, or is that of writing, encoding or parsing
// it: what could not be written nobody reads, what a value of the program could not be encoded for is the name of its type, and JSON that does not parse is told by the
// character where it breaks.
func (l *lifter) ofWriting(s *source, body ast.Expr) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && l.masks(s, call) {
			found = true
			return false
		}
		id, is := n.(*ast.Ident)
		if !is {
			return true
		}
		object, is := s.info.Uses[id].(*types.Var)
		if !is || !isError(object.Type()) {
			return true
		}
		latest, _ := l.latestOf(object, id.Pos())
		call, is := latest.expr.(*ast.CallExpr)
		if !is {
			return true
		}
		found = found || l.saysLittle(latest.source, call, 0) || l.masks(latest.source, call)
		return true
	})
	return found
}

// masks reports whether a call of the code's own is given a failure and answers one of the code's constant errors instead: the failure itself goes to a
// log.
func (l *lifter) masks(s *source, call *ast.CallExpr) bool {
	callees := l.static(s, call)
	given := slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return isError(s.info.TypeOf(arg)) })
	return given && len(callees) > 0 && !slices.ContainsFunc(callees, func(f *function) bool { return !f.givesConstantErrors() })
}

// givesConstantErrors reports whether the only thing that a function gives is an error, and each that it gives is made of constants, or is one that
// its package holds.
func (f *function) givesConstantErrors() bool {
	if f.body == nil || f.sig == nil || f.sig.Results().Len() != 1 || !isError(f.sig.Results().At(0).Type()) {
		return false
	}
	constant := false
	for _, r := range f.returns() {
		if len(r.Results) != 1 {
			return false
		}
		switch e := ast.Unparen(r.Results[0]).(type) {
		case *ast.CallExpr:
			if len(e.Args) == 0 || slices.ContainsFunc(e.Args, func(arg ast.Expr) bool { return f.source.info.Types[arg].Value == nil }) {
				return false
			}
		default:
			v, is := f.source.target(e).(*types.Var)
			if !is || v.IsField() || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() {
				return false
			}
		}
		constant = true
	}
	return constant
}

// saysLittle reports whether a call fails hardly ever, or its failure says nothing of what is inside: that of writing to who reads it, of encoding, of
// drawing random bytes, of signing, of asking for the folder that the program runs in, of a profile. A function of the code fails so if each of its ways out does.
func (l *lifter) saysLittle(s *source, call *ast.CallExpr, depth int) bool {
	callees := l.static(s, call) // of an interface, such as http.ResponseWriter, what the code has may be one of several
	if len(callees) > 0 && depth < 4 && !slices.ContainsFunc(callees, func(f *function) bool { return !f.neverFails() && !l.failsWithLittle(f, depth+1) }) {
		return true
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		return false
	}
	pkg := s.packageOf(selector.X)
	switch calledName(call) {
	case "Write", "WriteString":
		path, name := namedType(s.info.TypeOf(selector.X))
		return path == "net/http" && name == "ResponseWriter"
	case "Execute", "ExecuteTemplate":
		path, _ := namedType(s.info.TypeOf(selector.X))
		return path == "html/template" || path == "text/template"
	case "Marshal", "MarshalIndent", "Unmarshal":
		return pkg == "encoding/json"
	case "Encode":
		maker := selector.X
		if d, once := l.setOnce(s, maker); once {
			maker = d.expr
		}
		call, is := ast.Unparen(maker).(*ast.CallExpr)
		return is && calledName(call) == "NewEncoder"
	case "Read":
		return pkg == "crypto/rand"
	case "SignedString":
		return len(call.Args) == 1 // of a token
	case "Getwd":
		return pkg == "os"
	case "Abs":
		return pkg == "path/filepath"
	case "Start", "StartCPUProfile", "WriteHeapProfile":
		return pkg == "runtime/trace" || pkg == "runtime/pprof"
	}
	return false
}

// failsWithLittle reports whether all errors that a function gives are of what saysLittle, but for some with texts of the code alone.
func (l *lifter) failsWithLittle(f *function, depth int) bool {
	if f.body == nil || f.sig == nil || f.sig.Results().Len() == 0 || !isError(f.sig.Results().At(f.sig.Results().Len()-1).Type()) {
		return false
	}
	fails := false
	for _, r := range f.returns() {
		if len(r.Results) == 0 {
			return false
		}
		e := ast.Unparen(r.Results[len(r.Results)-1])
		if own := len(r.Results) == f.sig.Results().Len() && ownError(f.source, e); own {
			continue
		}
		if !l.littleError(f.source, e, depth) {
			return false
		}
		fails = true
	}
	return fails
}

// ownError reports whether an expression is no error, or one with a text of the code alone.
func ownError(s *source, e ast.Expr) bool {
	call, is := e.(*ast.CallExpr)
	return isNilIdent(e) || is && makesError(s, call) && !slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return isError(s.info.TypeOf(arg)) })
}

// makesError reports whether a call makes an error of a text.
func makesError(s *source, call *ast.CallExpr) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return is && (s.packageOf(selector.X) == "errors" && selector.Sel.Name == "New" || s.packageOf(selector.X) == "fmt" && selector.Sel.Name == "Errorf")
}

// littleError reports whether the error that an expression gives is of what saysLittle, or wraps such a one.
func (l *lifter) littleError(s *source, e ast.Expr, depth int) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		object, is := s.info.Uses[e].(*types.Var)
		if !is {
			return false
		}
		latest, known := l.latestOf(object, e.Pos())
		call, is := latest.expr.(*ast.CallExpr)
		return known && is && l.saysLittle(latest.source, call, depth)
	case *ast.CallExpr:
		if makesError(s, e) {
			return !slices.ContainsFunc(e.Args, func(arg ast.Expr) bool {
				return isError(s.info.TypeOf(arg)) && !l.littleError(s, arg, depth)
			})
		}
		return l.saysLittle(s, e, depth)
	}
	return false
}

// neverFails reports whether a function gives no error wherever it returns: it has one among its results because an interface asks for it.
func (f *function) neverFails() bool {
	if f.body == nil || f.sig == nil || f.sig.Results().Len() == 0 || !isError(f.sig.Results().At(f.sig.Results().Len()-1).Type()) {
		return false
	}
	returns := f.returns()
	return len(returns) > 0 && !slices.ContainsFunc(returns, func(r *ast.ReturnStmt) bool {
		return len(r.Results) != f.sig.Results().Len() || !isNilIdent(r.Results[len(r.Results)-1])
	})
}

// errorIn finds an error, or its text, in what an answer is made of.
func errorIn(s *source, e ast.Expr) string {
	found := ""
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if name := calledName(n); name == "Is" || name == "As" || name == "StatusText" {
				return false
			}
			if selector, is := n.Fun.(*ast.SelectorExpr); is && calledName(n) == "Error" && len(n.Args) == 0 {
				if t := s.info.TypeOf(selector.X); t != nil && isError(t) {
					found = text(n)
				}
				return false
			}
			return n == e || s.packageOf(firstOf(n.Fun)) == "fmt"
		case *ast.Ident:
			if object, is := s.info.Uses[n].(*types.Var); is && isError(object.Type()) && !(object.Parent() != nil && object.Pkg() != nil && object.Parent() == object.Pkg().Scope()) {
				found = n.Name
			}
		}
		return found == ""
	})
	return found
}

func firstOf(e ast.Expr) ast.Expr {
	if selector, is := e.(*ast.SelectorExpr); is {
		return selector.X
	}
	return e
}

// findLiterals lifts clients and servers without limits, secrets, writes to shared maps, and variables that goroutines of a loop set.
func (l *lifter) findLiterals(p place) {
	made := func(t types.Type) string {
		path, name := namedType(t)
		if path == "net/http" {
			return name
		}
		return ""
	}
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		l.sharedWrites(p, n, stack)
		l.turnSets(p, n, stack)
		switch n := n.(type) {
		case *ast.CompositeLit:
			f := l.around(stack)
			if f == nil || p.besideError(n, stack) {
				return true
			}
			switch made(p.info.TypeOf(n)) {
			case "Client":
				if !sets(n, "Timeout") && !sets(n, "Transport") && len(l.defsOfField(n, "Timeout", p)) == 0 && !l.ends(p, n, stack) {
					f.fact.Effects = append(f.fact.Effects, &facts.Effect{Pos: l.pos(n.Pos()), Kind: "client", StandsIn: standsInForNil(p.source, n, stack), Note: "http.Client without a Timeout", Limit: l.limitLiteral(p, n, clientLimit)})
				}
			case "Server":
				address := valueOf(n, "Addr")
				if !sets(n, "ReadTimeout") && !sets(n, "ReadHeaderTimeout") && (address == nil || !l.isOwnAddress(p.source, address)) {
					limits := []string{headerLimit}
					if !sets(n, "IdleTimeout") && len(l.defsOfField(n, "IdleTimeout", p)) == 0 {
						limits = append(limits, idleLimit)
					}
					handler := valueOf(n, "Handler")
					f.fact.Effects = append(f.fact.Effects, &facts.Effect{
						Pos: l.pos(n.Pos()), Kind: "server", Operator: handler != nil && l.forOperators(p, handler, f),
						Note: "http.Server without ReadHeaderTimeout", Limit: l.limitLiteral(p, n, limits...),
					})
				}
			}
		case *ast.BasicLit:
			kind := facts.SecretForm(n.Value)
			if kind == "" && signingKey(n.Value, stack) {
				kind = "signing key"
			}
			if kind != "" && p.aside[p.file] == "" {
				l.facts.Secrets = append(l.facts.Secrets, facts.Secret{Pos: l.pos(n.Pos()), Kind: kind})
			}
		case *ast.ReturnStmt:
			for _, result := range n.Results {
				l.leavesLock(p, result, "is returned", stack)
			}
		case *ast.CallExpr:
			if len(l.static(p.source, n)) > 0 && keeps.MatchString(calledName(n)) {
				for _, arg := range n.Args {
					l.leavesLock(p, arg, "is given to "+text(n.Fun), stack)
				}
			}
		}
		return true
	})
}

// besideError reports whether what a literal makes is given back beside an error that says that there is none.
func (p place) besideError(n ast.Expr, stack []ast.Node) bool {
	if address, is := last(stack).(*ast.UnaryExpr); is {
		n, stack = address, stack[:len(stack)-1]
	}
	given, is := last(stack).(*ast.ReturnStmt)
	if !is || len(given.Results) < 2 || given.Results[len(given.Results)-1] == n {
		return false
	}
	failure := ast.Unparen(given.Results[len(given.Results)-1])
	if !isError(p.info.TypeOf(failure)) {
		return false
	}
	if _, made := failure.(*ast.CallExpr); made {
		return true
	}
	return slices.ContainsFunc(stack, func(n ast.Node) bool {
		branch, is := n.(*ast.IfStmt)
		if !is || given.Pos() < branch.Body.Pos() || given.Pos() > branch.Body.End() {
			return false
		}
		asked, is := ast.Unparen(branch.Cond).(*ast.BinaryExpr)
		return is && asked.Op == token.NEQ && isNilIdent(asked.Y) && p.target(asked.X) != nil && p.target(asked.X) == p.target(failure)
	})
}

func sets(n *ast.CompositeLit, field string) bool { return valueOf(n, field) != nil }

// valueOf is what a literal gives a field, nil where it gives nothing.
func valueOf(literal *ast.CompositeLit, field string) ast.Expr {
	for _, element := range literal.Elts {
		if pair, is := element.(*ast.KeyValueExpr); is && text(pair.Key) == field {
			return pair.Value
		}
	}
	return nil
}

// defsOfField are assignments to a field of a literal's type anywhere, such as server.ReadTimeout = x.
func (l *lifter) defsOfField(n *ast.CompositeLit, field string, p place) []def {
	object, _, _ := types.LookupFieldOrMethod(p.info.TypeOf(n), true, p.types, field)
	if object == nil {
		return nil
	}
	var out []def
	for _, d := range l.defs[object] {
		if d.source == p.source && d.kind == assigned && !d.keyed {
			out = append(out, d)
		}
	}
	return out
}

// fileName are functions of package os that read or change files.
var fileName = regexp.MustCompile(`^(Create|CreateTemp|Open|OpenFile|ReadFile|WriteFile|Remove|RemoveAll|Rename|Link|Symlink|Mkdir|MkdirAll|MkdirTemp)$`)

// toils reports whether a function itself reads or changes files, or sends something through a channel that is not its own.
func (l *lifter) toils(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return n == f.node
		case *ast.SendStmt:
			channel, is := f.source.target(n.Chan).(*types.Var)
			found = found || is && (channel.IsField() || channel.Pkg() != nil && channel.Parent() == channel.Pkg().Scope())
		case *ast.CallExpr:
			if selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr); is && fileName.MatchString(selector.Sel.Name) && f.source.packageOf(selector.X) == "os" {
				found = true
			}
		}
		return !found
	})
	return found
}

// servesName are functions of servers that return when the server ends.
var servesName = regexp.MustCompile(`^(Serve|ListenAndServe)(TLS|Unix)?$`)

// serves reports whether a function itself answers requests at an address, by what a library has for it.
func (l *lifter) serves(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return n == f.node
		case *ast.CallExpr:
			found = found || servesName.MatchString(calledName(n)) && len(l.static(f.source, n)) == 0
		}
		return !found
	})
	return found
}
