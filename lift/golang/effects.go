package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/facts"
)

// effect lifts what leaves the process and is no query.
func (l *lifter) effect(at work) {
	kind, note, bounded := l.effectKind(at)
	if kind == "" {
		return
	}
	e := &facts.Effect{
		Pos: l.pos(at.call.Pos()), Kind: kind, Name: text(at.call.Fun), Loop: at.loop, Place: at.lies, Deferred: at.deferred, Note: note, Bounded: bounded,
	}
	for _, arg := range at.call.Args {
		e.Args = append(e.Args, l.value(at.source, arg))
	}
	if selector, is := ast.Unparen(at.call.Fun).(*ast.SelectorExpr); is && !bounded && at.packageOf(selector.X) == "net/http" {
		e.Limit = l.limitCall(at, selector)
	}
	at.in.fact.Effects = append(at.in.fact.Effects, e)
	l.effects[at.call] = append(l.effects[at.call], e)
}

// ownAddress are addresses that only the machine itself reaches.
var ownAddress = regexp.MustCompile(`^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):`)

var logPath = regexp.MustCompile(`^(log|log/slog|go\.uber\.org/zap|github\.com/sirupsen/logrus|github\.com/rs/zerolog.*|github\.com/quay/zlog)$`)

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
		case !l.isDefaultClient(at.source, selector.X):
			return "http", "", true // its time limit is looked for where it is made
		case name != "Do":
			return "http", text(selector) + " has no time limit", false
		case len(at.call.Args) == 1 && l.madeWithout(at.source, at.call.Args[0]):
			return "http", text(selector) + " has no time limit, and its request no context", false
		}
		return "http", "", true
	case pkg == "net/smtp" && name == "SendMail":
		return "mail", "", false
	case pkg == "time" && name == "Sleep":
		return "sleep", "", true
	case pkg == "net/http" && (name == "ListenAndServe" || name == "ListenAndServeTLS"):
		if len(at.call.Args) > 0 && ownAddress.MatchString(constantText(at.source, at.call.Args[0])) {
			return "", "", false // nobody else reaches it
		}
		return "server", "http." + name + " has no time limits", false
	case pkg == "net/http" && name == "Error" && len(at.call.Args) == 3:
		return l.response(at, at.call.Args[1], at.call.Args[2])
	case l.isRequest(at.info.TypeOf(selector.X)) && (name == "JSON" || name == "String" || name == "AbortWithStatusJSON" || name == "HTML") && len(at.call.Args) >= 2:
		return l.response(at, at.call.Args[1], at.call.Args[0])
	case serverError.MatchString(name) && (at.packageOf(selector.X) != "" || l.isRequest(at.info.TypeOf(selector.X))) && len(l.static(at.source, at.call)) == 0:
		for _, arg := range at.call.Args {
			if found := errorIn(at.source, arg); found != "" {
				return "response", found, true
			}
		}
	case (name == "NewHTTPError" || name == "NewError") && len(at.call.Args) >= 2:
		return l.response(at, at.call.Args[1], at.call.Args[0])
	case logPath.MatchString(pkg) || path != "" && logPath.MatchString(path) || path == "" && logPath.MatchString(at.chainOf(selector.X)):
		if secret := l.secretArg(at.source, at.call); secret != "" && logName.MatchString(name) {
			return "log", secret, true
		}
		if logName.MatchString(name) && verbose(at.call) {
			if secret := wholeSecret(at.source, at.call); secret != "" {
				return "log", secret, true
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
var serverError = regexp.MustCompile(`^(Error5\d\d\w*|InternalServerError|AbortWithInternalServerError)$`)

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

var (
	logName    = regexp.MustCompile(`^(Print|Fatal|Panic|Debug|Info|Warn|Error|Trace|Log|With|Str|String|Msg)`)
	secretName = regexp.MustCompile(`(?i)^(password|passwd|pwd|plainpassword|secret|clientsecret|token|accesstoken|refreshtoken|sessiontoken|apikey|api_key|privatekey|authorization|dsn|connstring|connstr|connectionstring|databaseurl|database_url|dburl)$`)
)

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
		name := ""
		switch arg := ast.Unparen(arg).(type) {
		case *ast.Ident:
			name = arg.Name
		case *ast.SelectorExpr:
			name = arg.Sel.Name
		}
		if secretName.MatchString(name) && !(i > 0 && namesPath(call.Args[i-1])) {
			return text(arg)
		}
		if name != "" && l.isLogin(s.target(arg)) {
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

// namesPath reports whether what stands before a value in a log calls it a place where a secret is kept, and not the secret.
func namesPath(e ast.Expr) bool {
	literal, is := ast.Unparen(e).(*ast.BasicLit)
	return is && pathName.MatchString(literal.Value)
}

var pathName = regexp.MustCompile(`(?i)_?(path|file|filename|dir)"$`)

var (
	credentialHeader = regexp.MustCompile(`(?i)^"(authorization|cookie|set-cookie|x-api-key)"$`)
	personalName     = regexp.MustCompile(`(?i)^(email|emailaddress|useremail|phone|phonenumber|mobile|ssn|birthdate|dateofbirth|creditcard|cardnumber|iban|passport|homeaddress)$`)
)

// personalArg finds an argument that by its name says something of a person.
func personalArg(call *ast.CallExpr) string {
	for _, arg := range call.Args {
		name := ""
		switch arg := ast.Unparen(arg).(type) {
		case *ast.Ident:
			name = arg.Name
		case *ast.SelectorExpr:
			name = arg.Sel.Name
		}
		if personalName.MatchString(name) {
			return text(arg)
		}
	}
	return ""
}

// wholeSecret finds an argument that is a struct with a secret in it, which a log writes field by field.
func wholeSecret(s *source, call *ast.CallExpr) string {
	for _, arg := range call.Args {
		named := structOf(s.info.TypeOf(arg))
		if _, isList := deref(typeOr(s.info.TypeOf(arg))).Underlying().(*types.Slice); named == nil || isList {
			continue
		}
		hides := func(name string) bool {
			object, _, _ := types.LookupFieldOrMethod(types.NewPointer(named), true, named.Obj().Pkg(), name)
			_, is := object.(*types.Func)
			return is
		}
		if hides("String") || hides("LogValue") || hides("MarshalJSON") || hides("MarshalZerologObject") || hides("Error") || hides("Format") {
			continue
		}
		structure := named.Underlying().(*types.Struct)
		for i := range structure.NumFields() {
			if field := structure.Field(i); secretName.MatchString(field.Name()) && isString(field.Type()) {
				return text(arg) + ", which holds " + field.Name()
			}
		}
	}
	return ""
}

func typeOr(t types.Type) types.Type {
	if t == nil {
		return types.Typ[types.Invalid]
	}
	return t
}

// response recognises an answer of a failure that tells the client the error's text.
func (l *lifter) response(at work, body, status ast.Expr) (kind, note string, bounded bool) {
	code := at.info.Types[status].Value
	if code == nil || code.Kind() != constant.Int {
		return "", "", false
	}
	if n, exact := constant.Int64Val(code); !exact || n < 500 {
		return "", "", false
	}
	found := errorIn(at.source, body)
	if found == "" || l.ofWriting(at.source, body) {
		return "", "", false
	}
	return "response", found, true
}

// ofWriting reports whether the failure in an answer is that of writing, encoding or parsing it: what could not be written nobody reads, what a
// value of the program could not be encoded for is the name of its type, and JSON that does not parse is told by the character where it breaks.
func (l *lifter) ofWriting(s *source, body ast.Expr) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is {
			return true
		}
		object, is := s.info.Uses[id].(*types.Var)
		if !is || !isError(object.Type()) {
			return true
		}
		var latest def
		for _, d := range l.defs[object] {
			if d.pos < id.Pos() && d.pos > latest.pos {
				latest = d
			}
		}
		call, is := latest.expr.(*ast.CallExpr)
		if !is {
			return true
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is {
			return true
		}
		switch calledName(call) {
		case "Write", "WriteString":
			path, name := namedType(s.info.TypeOf(selector.X))
			found = path == "net/http" && name == "ResponseWriter"
		case "Marshal", "MarshalIndent", "Unmarshal":
			found = s.packageOf(selector.X) == "encoding/json"
		}
		return true
	})
	return found
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

// findLiterals lifts clients and servers without limits, secrets, and writes to shared maps.
func (l *lifter) findLiterals(p place) {
	made := func(t types.Type) string {
		path, name := namedType(t)
		if path == "net/http" {
			return name
		}
		return ""
	}
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		for _, written := range p.writtenMaps(n) {
			l.sharedWrite(p, written, stack)
		}
		switch n := n.(type) {
		case *ast.CompositeLit:
			f := l.around(stack)
			if f == nil {
				return true
			}
			switch made(p.info.TypeOf(n)) {
			case "Client":
				if !sets(n, "Timeout") && !sets(n, "Transport") && len(l.defsOfField(n, "Timeout", p)) == 0 && !l.ends(p, n, stack) {
					f.fact.Effects = append(f.fact.Effects, &facts.Effect{Pos: l.pos(n.Pos()), Kind: "client", Note: "http.Client without a Timeout", Limit: l.limitLiteral(p, n, clientLimit)})
				}
			case "Server":
				if !sets(n, "ReadTimeout") && !sets(n, "ReadHeaderTimeout") {
					limits := []string{headerLimit}
					if !sets(n, "IdleTimeout") && len(l.defsOfField(n, "IdleTimeout", p)) == 0 {
						limits = append(limits, idleLimit)
					}
					f.fact.Effects = append(f.fact.Effects, &facts.Effect{Pos: l.pos(n.Pos()), Kind: "server", Note: "http.Server without ReadHeaderTimeout", Limit: l.limitLiteral(p, n, limits...)})
				}
			}
		case *ast.BasicLit:
			kind := secretKind(n.Value)
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

func sets(n *ast.CompositeLit, field string) bool {
	for _, e := range n.Elts {
		if pair, is := e.(*ast.KeyValueExpr); is {
			if key, is := pair.Key.(*ast.Ident); is && key.Name == field {
				return true
			}
		}
	}
	return false
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

var secretKinds = []struct {
	pattern *regexp.Regexp
	kind    string
}{
	{regexp.MustCompile(`\bAKIA[0-9A-Z]{16}\b`), "AWS access key"},
	{regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{36}\b`), "GitHub token"},
	{regexp.MustCompile(`\b[rs]k_live_[A-Za-z0-9]{20,}\b`), "Stripe key"},
	{regexp.MustCompile(`\bxox[bpars]-[A-Za-z0-9-]{20,}\b`), "Slack token"},
	{regexp.MustCompile(`-----BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY-----\s*[A-Za-z0-9+/=\\n\s]{100,}`), "private key"},
	{regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b`), "SendGrid key"},
}

// secretKind recognises what lets its holder in by the form that its maker gives it.
func secretKind(literal string) string {
	if len(literal) < 20 || strings.Contains(literal, "EXAMPLE") {
		return ""
	}
	for _, s := range secretKinds {
		if found := s.pattern.FindString(literal); found != "" && mixed(found) {
			return s.kind // what has no digit was thought of, and not drawn
		}
	}
	if m := urlPassword.FindStringSubmatch(literal); m != nil && !placeholder.MatchString(m[2]) && m[1] != m[2] && mixed(m[2]) && !nowhere.MatchString(m[3]) {
		return "password in a URL"
	}
	return ""
}

var (
	// urlPassword is a URL of a store or a queue with who logs in, the password and the host.
	urlPassword = regexp.MustCompile(`\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|sqlserver|clickhouse)://([^:/\s@]*):([^@\s/]{8,})@([\w.-]+)`)
	// placeholder is what stands for a password in examples.
	placeholder = regexp.MustCompile(`(?i)pass|secret$|change|example|your|test|[%$<>{}*]`)
	// nowhere are hosts that nobody reaches from elsewhere, and those of examples.
	nowhere = regexp.MustCompile(`(?i)^(localhost|127\.|0\.0\.0\.0|[\w-]+$)|(^|\.)(example(\.\w+)?|test|local|localhost)$|docker`)
	// keyNames are names of keys that signatures are made with.
	keyNames = regexp.MustCompile(`(?i)(jwt|sign(ing|ature)?|session|cookie|hmac|token|auth|csrf)_?(secret|key)$|^secret_?key$`)
	// keyForm is a text that was drawn, and not thought of.
	keyForm = regexp.MustCompile(`^[A-Za-z0-9+/=_.!@#$^&*-]{16,}$`)
)

// mixed reports whether a text has letters and digits, as what was drawn has.
func mixed(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.IndexFunc(text, unicode.IsLetter) >= 0
}

// signingKey reports whether a literal is a key that signatures are made with: it looks drawn, and stands for what its name says is one.
func signingKey(literal string, stack []ast.Node) bool {
	value := strings.Trim(literal, "`\"")
	digits := strings.IndexFunc(value, unicode.IsDigit) >= 0 && len(digit.FindAllString(value, 3)) == 3
	if !keyForm.MatchString(value) || !digits || !mixed(value) || placeholder.MatchString(value) || strings.Contains(value, "EXAMPLE") {
		return false
	}
	for _, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.CallExpr: // []byte("…")
			if _, is := n.Fun.(*ast.ArrayType); !is || len(n.Args) != 1 {
				return false
			}
		case *ast.ParenExpr:
		case *ast.ValueSpec:
			return len(n.Names) == 1 && keyNames.MatchString(n.Names[0].Name)
		case *ast.AssignStmt:
			return len(n.Lhs) == 1 && n.Tok != token.ADD_ASSIGN && keyNames.MatchString(lastName(n.Lhs[0]))
		case *ast.KeyValueExpr:
			return keyNames.MatchString(lastName(n.Key))
		default:
			return false
		}
	}
	return false
}

var digit = regexp.MustCompile(`[0-9]`)

// lastName is the name of a variable or a field.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// sharedWrite lifts a write to a map that stands in a package's variable, or in a field of the receiver, in a function
// that holds no lock to write under.
func (l *lifter) sharedWrite(p place, written ast.Expr, stack []ast.Node) {
	if t := p.info.TypeOf(written); !isMap(t) {
		return
	}
	f := l.around(stack)
	if f == nil || f.fact.Locks && l.heldAt(f, written.Pos()) {
		return
	}
	if got := l.gotMap(p.source, written); got != nil {
		write := &facts.SharedWrite{Pos: l.pos(written.Pos()), Name: text(got.expr), ReadLock: l.takesLock(f)}
		if got.of != nil {
			write.Field, write.MadeIn = true, l.makers(got.of)
		}
		f.fact.Shared = append(f.fact.Shared, write)
		return
	}
	object, is := p.target(written).(*types.Var)
	if !is {
		return
	}
	write := &facts.SharedWrite{Pos: l.pos(written.Pos()), Name: text(written), ReadLock: l.takesLock(f)}
	switch {
	case object.Pkg() != nil && object.Parent() == object.Pkg().Scope():
		write.Guard, write.Bare = l.guardOf(object, f), l.bareUses(object)
	case object.IsField():
		selector, is := ast.Unparen(written).(*ast.SelectorExpr)
		method := f.method()
		if !is || method.recv == nil || p.target(selector.X) != method.recv {
			return
		}
		if l.madeForContext(method.recv.Type()) || object.Pkg() != nil && isBeego(object.Pkg().Path()) {
			return // each request has a controller of its own
		}
		write.Field = true
		write.MadeIn = l.makers(method.recv.Type())
		write.Guard, write.Bare = l.guardOf(object, f), l.bareUses(object)
	case l.ofTurns(p, object, written.Pos(), stack):
		write.Turns = true
	default:
		return
	}
	f.fact.Shared = append(f.fact.Shared, write)
}

// keptMap is a map that a field or a package's variable holds.
type keptMap struct {
	expr ast.Expr
	of   types.Type // whose field it is, nil for a package's variable
}

// gotMap is the map that a variable of a function was given by another name: the one that a method gives away, m := s.Sessions(), or m :=
// s.sessions. It is nil where it may be another.
func (l *lifter) gotMap(s *source, e ast.Expr) *keptMap {
	e = ast.Unparen(e)
	if id, is := e.(*ast.Ident); is {
		d := l.mapOnce(s, id)
		if d.expr == nil {
			return nil
		}
		if _, isSelector := ast.Unparen(d.expr).(*ast.SelectorExpr); isSelector {
			return l.heldMap(d.source, d.expr)
		}
		s, e = d.source, ast.Unparen(d.expr)
	}
	call, is := e.(*ast.CallExpr)
	if !is {
		return nil
	}
	callees := l.static(s, call)
	if len(callees) != 1 {
		return nil
	}
	var out *keptMap
	for _, r := range callees[0].returns() {
		if len(r.Results) == 0 {
			return nil
		}
		got := l.heldMap(callees[0].source, r.Results[0])
		if got == nil || out != nil && text(out.expr) != text(got.expr) {
			return nil
		}
		out = got
	}
	return out
}

// mapOnce is the one definition that gives a variable of a function its map. What is put into the map is none.
func (l *lifter) mapOnce(s *source, id *ast.Ident) def {
	v, is := s.target(id).(*types.Var)
	if _, _, isParam := l.parameter(v); !is || isParam || v.IsField() || v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
		return def{}
	}
	var out def
	for _, d := range l.defs[v] {
		if d.expr != nil && (d.kind == assigned || d.kind == appended) && d.index <= 0 && !isMap(d.source.info.TypeOf(d.expr)) && !isTuple(d.source.info.TypeOf(d.expr)) {
			continue
		}
		if out.expr != nil || d.expr == nil || d.kind != assigned || d.index > 0 {
			return def{}
		}
		out = d
	}
	return out
}

func isTuple(t types.Type) bool {
	_, is := t.(*types.Tuple)
	return is
}

// heldMap is a map that is a field of the receiver of a method, or a package's variable.
func (l *lifter) heldMap(s *source, e ast.Expr) *keptMap {
	object, is := s.target(e).(*types.Var)
	if _, isIndex := ast.Unparen(e).(*ast.IndexExpr); isIndex || !is || !isMap(object.Type()) {
		return nil
	}
	if object.Pkg() != nil && object.Parent() == object.Pkg().Scope() {
		return &keptMap{expr: e}
	}
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	if !is || !object.IsField() {
		return nil
	}
	f, index, is := l.parameter(s.target(selector.X))
	if !is || index != -1 {
		return nil
	}
	return &keptMap{expr: e, of: f.recv.Type()}
}

// writtenMaps are the maps that a statement or a call writes an element of: m[k] = v, m[k]++, delete(m, k) and clear(m), and
// what fills it from a text: json.Unmarshal(text, &m).
func (s *source) writtenMaps(n ast.Node) []ast.Expr {
	var out []ast.Expr
	element := func(e ast.Expr) {
		if index, is := ast.Unparen(e).(*ast.IndexExpr); is {
			out = append(out, index.X)
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, lhs := range n.Lhs {
			element(lhs)
		}
	case *ast.IncDecStmt:
		element(n.X)
	case *ast.CallExpr:
		if id, is := ast.Unparen(n.Fun).(*ast.Ident); is && len(n.Args) > 0 && (id.Name == "delete" || id.Name == "clear") {
			if _, builtin := s.info.Uses[id].(*types.Builtin); builtin {
				out = append(out, n.Args[0])
			}
		}
		if name := calledName(n); (name == "Unmarshal" || name == "Decode") && len(n.Args) > 0 {
			if address, is := ast.Unparen(n.Args[len(n.Args)-1]).(*ast.UnaryExpr); is && address.Op == token.AND && isMap(s.info.TypeOf(address.X)) {
				out = append(out, address.X)
			}
		}
	}
	return out
}

// keeps are names of functions that keep what they are given.
var keeps = regexp.MustCompile(`^(Put|Set|Store|Save|Add|Publish|Send|Register)$`)

// leavesLock lifts a map that a function holds a lock for and gives away: whoever has it goes over it without the lock.
func (l *lifter) leavesLock(p place, e ast.Expr, how string, stack []ast.Node) {
	f := l.around(stack)
	if f == nil || f.parent != nil || !l.takesLock(f) {
		return
	}
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	if !is {
		return
	}
	object, is := p.target(selector).(*types.Var)
	if !is || !object.IsField() || !l.written[object] {
		return
	}
	if _, isMap := object.Type().Underlying().(*types.Map); !isMap {
		return
	}
	begin, is := p.target(selector.X).(*types.Var)
	if !is || begin != f.recv && (begin.Pkg() == nil || begin.Parent() != begin.Pkg().Scope()) {
		return
	}
	f.fact.Shared = append(f.fact.Shared, &facts.SharedWrite{Pos: l.pos(e.Pos()), Name: text(e), Leaves: how, Field: true})
}

// takesLock reports whether a function itself takes a lock.
func (l *lifter) takesLock(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && (calledName(call) == "Lock" || calledName(call) == "RLock") {
			found = true
		}
		return !found
	})
	return found
}

// locks reports whether a function, or one around it, takes a lock that one alone holds. RLock is none: others hold it as well.
func (l *lifter) locks(f *function) bool {
	for ; f != nil; f = f.parent {
		found := strings.HasSuffix(f.fact.Name, "Locked")
		ast.Inspect(f.body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				if name := calledName(call); name == "Lock" || name == "TryLock" || name == "Do" && f.source.handsFunction(call) {
					found = true
				}
			}
			return !found
		})
		if found || l.runUnder(f, "Lock", "TryLock") {
			return true
		}
	}
	return false
}

// makers are the functions that make values of a type.
func (l *lifter) makers(t types.Type) []*facts.Function {
	path, name := namedType(t)
	if l.madeIn == nil {
		l.madeIn = map[string][]*facts.Function{}
		l.eachFile(func(p place) {
			ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
				if literal, is := n.(*ast.CompositeLit); is {
					if path, name := namedType(p.info.TypeOf(literal)); name != "" {
						if f := l.around(stack); f != nil {
							l.madeIn[path+"."+name] = append(l.madeIn[path+"."+name], f.fact)
						}
					}
				}
				return true
			})
		})
	}
	return l.madeIn[path+"."+name]
}

// madeForContext reports whether values of a type are made where they are put into a context: whoever has the context has one of his own.
func (l *lifter) madeForContext(t types.Type) bool {
	if l.contextual == nil {
		l.contextual = map[string]bool{}
		l.eachFile(func(p place) {
			ast.Inspect(p.file, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is || len(call.Args) != 3 || calledName(call) != "WithValue" || p.packageOf(firstOf(call.Fun)) != "context" {
					return true
				}
				switch ast.Unparen(call.Args[2]).(type) {
				case *ast.CallExpr, *ast.UnaryExpr, *ast.CompositeLit:
					path, name := namedType(p.info.TypeOf(call.Args[2]))
					l.contextual[path+"."+name] = name != ""
				}
				return true
			})
		})
	}
	path, name := namedType(t)
	return l.contextual[path+"."+name]
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
