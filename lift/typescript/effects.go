package typescript

import (
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

var sends = regexp.MustCompile(`^(get|post|put|patch|delete|head|request)$`)

// effectOf is what a call does outside of the process, nil where that is nothing that is known.
func (l *lifter) effectOf(f *function, s site) *facts.Effect {
	kind, note := logged(f.file, s.call)
	if kind == "" {
		if note = l.failureTold(f, s.call); note != "" {
			kind = "response"
		}
	}
	if kind == "" {
		kind = l.effectKind(f, s.call)
	}
	if kind == "" {
		return nil
	}
	e := &facts.Effect{Pos: f.file.pos(s.call), Kind: kind, Name: f.file.said(s.call.Fun), Loop: s.at.loop, Place: s.at.place, Bounded: true, Note: note}
	if kind == "http" && l.unlimited(f, s.call) {
		e.Bounded, e.Note = false, f.file.said(s.call.Fun)+" without a timeout"
	}
	for _, arg := range s.call.Args {
		e.Args = append(e.Args, l.value(f, arg))
	}
	e.InTx = l.begun(f, s)
	return e
}

func (l *lifter) effectKind(f *function, call *syntax.Call) string {
	switch fun := unwrapped(call.Fun).(type) {
	case *syntax.Ident:
		if d := l.named(f.file, fun.Name); f.binding(fun.Name, fun.Pos()) == nil && (fun.Name == "fetch" && d == nil || d != nil && (d.library == "axios" || d.library == "node-fetch" || d.library == "got")) {
			return "http"
		}
	case *syntax.Select:
		t := l.typeOf(f, fun.X)
		if sends.MatchString(fun.Name) && (t.library == "axios" || t.library == "got" || t.library == "@nestjs/axios") {
			return "http"
		}
		if fun.Name == "sendMail" && len(call.Args) > 0 {
			return "mail"
		}
	}
	return ""
}

// configures says which argument of a method of axios holds its options.
var configures = map[string]int{"get": 1, "delete": 1, "head": 1, "options": 1, "request": 0, "post": 2, "put": 2, "patch": 2}

// unlimited reports whether a call of a client that has no time limit by itself is given none: axios and what is made of it wait for ever, the
// platform's own fetch does not.
func (l *lifter) unlimited(f *function, call *syntax.Call) bool {
	at := -1
	switch fun := unwrapped(call.Fun).(type) {
	case *syntax.Ident: // axios({url, …})
		d := l.named(f.file, fun.Name)
		if d == nil || d.library != "axios" {
			return false
		}
		at = 0
	case *syntax.Select:
		t := l.typeOf(f, fun.X)
		i, is := configures[fun.Name]
		if !is || !(t.library == "axios" && (t.name == "default" || t.name == "*")) && t.name != "HttpService" {
			return false
		}
		at = i
	}
	if at < 0 || l.limitedClients() {
		return false
	}
	if at >= len(call.Args) {
		return true
	}
	o := l.object(f, call.Args[at], 0)
	return o != nil && !slices.ContainsFunc(o.Props, func(p *syntax.Property) bool {
		return p.Spread || p.Key == "timeout" || p.Key == "signal" || p.Key == "cancelToken"
	})
}

// limitedClients reports whether the code gives all such clients a time limit at once: axios.defaults.timeout, or where it registers Nest's.
func (l *lifter) limitedClients() bool {
	if l.limited == 0 {
		l.limited = 1
		for _, f := range l.order {
			if f.aside != "test" && limiting.MatchString(f.tree.Text) {
				l.limited = 2
			}
		}
	}
	return l.limited == 2
}

// limiting is how code gives all clients a time limit.
var limiting = regexp.MustCompile(`axios\.defaults\.timeout\s*=|HttpModule\.register(Async)?\([^)]*timeout`)
