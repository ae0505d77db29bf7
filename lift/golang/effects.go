package golang

import (
	"go/ast"
	"go/constant"
	"go/types"
	"regexp"
	"strings"

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
	at.in.fact.Effects = append(at.in.fact.Effects, e)
	l.effects[at.call] = append(l.effects[at.call], e)
}

var logPath = regexp.MustCompile(`^(log|log/slog|go\.uber\.org/zap|github\.com/sirupsen/logrus|github\.com/rs/zerolog.*)$`)

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
		return "http", "", true
	case pkg == "net/smtp" && name == "SendMail":
		return "mail", "", false
	case pkg == "time" && name == "Sleep":
		return "sleep", "", true
	case pkg == "net/http" && (name == "ListenAndServe" || name == "ListenAndServeTLS"):
		return "server", "http." + name + " has no time limits", false
	case pkg == "net/http" && name == "Error" && len(at.call.Args) == 3:
		return l.response(at, at.call.Args[1], at.call.Args[2])
	case isRequest(at.info.TypeOf(selector.X)) && (name == "JSON" || name == "String" || name == "AbortWithStatusJSON" || name == "HTML") && len(at.call.Args) >= 2:
		return l.response(at, at.call.Args[1], at.call.Args[0])
	case logPath.MatchString(pkg) || path != "" && logPath.MatchString(path):
		if secret := secretArg(at.call); secret != "" && logName.MatchString(name) {
			return "log", secret, true
		}
	}
	return "", "", false
}

var (
	logName    = regexp.MustCompile(`^(Print|Fatal|Panic|Debug|Info|Warn|Error|Trace|Log|With|Str|String)`)
	secretName = regexp.MustCompile(`(?i)^(password|passwd|pwd|plainpassword|secret|clientsecret|token|accesstoken|refreshtoken|sessiontoken|apikey|api_key|privatekey|authorization)$`)
)

// secretArg finds an argument that by its name lets its holder in.
func secretArg(call *ast.CallExpr) string {
	for _, arg := range call.Args {
		name := ""
		switch arg := ast.Unparen(arg).(type) {
		case *ast.Ident:
			name = arg.Name
		case *ast.SelectorExpr:
			name = arg.Sel.Name
		}
		if secretName.MatchString(name) {
			return text(arg)
		}
	}
	return ""
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
	found := ""
	ast.Inspect(body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && calledName(call) == "Error" && len(call.Args) == 0 {
			if selector, is := call.Fun.(*ast.SelectorExpr); is {
				if t := at.info.TypeOf(selector.X); t != nil && isError(t) {
					found = text(call)
				}
			}
		}
		return true
	})
	if found == "" {
		return "", "", false
	}
	return "response", found, true
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
		switch n := n.(type) {
		case *ast.CompositeLit:
			f := l.around(stack)
			if f == nil {
				return true
			}
			switch made(p.info.TypeOf(n)) {
			case "Client":
				if !sets(n, "Timeout") && !sets(n, "Transport") && len(l.defsOfField(n, "Timeout", p)) == 0 {
					f.fact.Effects = append(f.fact.Effects, &facts.Effect{Pos: l.pos(n.Pos()), Kind: "client", Note: "http.Client without a Timeout"})
				}
			case "Server":
				if !sets(n, "ReadTimeout") && !sets(n, "ReadHeaderTimeout") {
					f.fact.Effects = append(f.fact.Effects, &facts.Effect{Pos: l.pos(n.Pos()), Kind: "server", Note: "http.Server without ReadHeaderTimeout"})
				}
			}
		case *ast.BasicLit:
			if kind := secretKind(n.Value); kind != "" && p.aside[p.file] == "" {
				l.facts.Secrets = append(l.facts.Secrets, facts.Secret{Pos: l.pos(n.Pos()), Kind: kind})
			}
		case *ast.AssignStmt:
			l.sharedWrite(p, n, stack)
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
		if s.pattern.MatchString(literal) {
			return s.kind
		}
	}
	return ""
}

// sharedWrite lifts a write to a map that stands in a package's variable, or in a field of the receiver, in a function
// that holds no lock.
func (l *lifter) sharedWrite(p place, n *ast.AssignStmt, stack []ast.Node) {
	for _, lhs := range n.Lhs {
		index, is := ast.Unparen(lhs).(*ast.IndexExpr)
		if !is {
			continue
		}
		t := p.info.TypeOf(index.X)
		if t == nil {
			continue
		}
		if _, isMap := t.Underlying().(*types.Map); !isMap {
			continue
		}
		f := l.around(stack)
		if f == nil || f.fact.Locks {
			continue
		}
		object, is := p.target(index.X).(*types.Var)
		if !is {
			continue
		}
		write := &facts.SharedWrite{Pos: l.pos(n.Pos()), Name: text(index.X)}
		switch {
		case object.Pkg() != nil && object.Parent() == object.Pkg().Scope():
		case object.IsField():
			selector, is := ast.Unparen(index.X).(*ast.SelectorExpr)
			if !is || f.recv == nil || p.target(selector.X) != f.recv {
				continue
			}
			write.Field = true
			write.MadeIn = l.makers(f.recv.Type())
		default:
			continue
		}
		f.fact.Shared = append(f.fact.Shared, write)
	}
}

// locks reports whether a function, or one around it, takes a lock.
func (l *lifter) locks(f *function) bool {
	for ; f != nil; f = f.parent {
		found := strings.HasSuffix(f.fact.Name, "Locked")
		ast.Inspect(f.body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				if name := calledName(call); name == "Lock" || name == "RLock" || name == "TryLock" || name == "Do" {
					found = true
				}
			}
			return !found
		})
		if found {
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
