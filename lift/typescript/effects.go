package typescript

import (
	"regexp"

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
