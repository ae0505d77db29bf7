package golang

import (
	"go/ast"
	"go/types"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// A bus of messages calls functions by the type of what it is given: bus.AddHandler(findUser), func findUser(ctx context.Context, q *FindUser)
// error; bus.Dispatch(ctx, &FindUser{ID: id}). No call in the code leads from one to the other, but their types do.

// message is a type of messages at the package that takes them.
type message struct {
	bus *source
	of  *types.TypeName
}

// findMessages collects the functions that are handed to a package of the code as what handles a message.
func (l *lifter) findMessages(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || len(call.Args) == 0 || p.aside[p.file] == "test" {
			return true
		}
		callees := l.static(p.source, call)
		if len(callees) != 1 || callees[0].sig == nil {
			return true
		}
		for i, arg := range call.Args {
			sig, is := typeOr(p.info.TypeOf(arg)).Underlying().(*types.Signature)
			if !is || !takesAnything(callees[0].sig, i) || sig.Params().Len() != 2 || !isNamed(sig.Params().At(0).Type(), "context", "Context") {
				continue
			}
			if of := l.messageType(sig.Params().At(1).Type()); of != nil {
				for _, f := range l.functionsOf(p.source, arg, 0) {
					at := message{callees[0].source, of}
					if !slices.Contains(l.messages[at], f) {
						l.messages[at] = append(l.messages[at], f)
					}
				}
			}
		}
		return true
	})
}

// messageType is the struct of the code that a pointer leads to, nil for another type.
func (l *lifter) messageType(t types.Type) *types.TypeName {
	pointer, is := types.Unalias(typeOr(t)).(*types.Pointer)
	if !is {
		return nil
	}
	named, is := types.Unalias(pointer.Elem()).(*types.Named)
	if !is || named.Obj().Pkg() == nil || l.loader.sources[named.Obj().Pkg().Path()] == nil {
		return nil
	}
	return named.Obj()
}

// takesAnything reports whether a function says nothing of the type of an argument.
func takesAnything(sig *types.Signature, index int) bool {
	if sig.Params().Len() == 0 {
		return false
	}
	t := sig.Params().At(min(index, sig.Params().Len()-1)).Type()
	if sig.Variadic() && index >= sig.Params().Len()-1 {
		if list, is := t.(*types.Slice); is {
			t = list.Elem()
		}
	}
	iface, is := t.Underlying().(*types.Interface)
	return is && iface.Empty()
}

// dispatched lifts the calls of what handles the messages that a call hands to a bus.
func (l *lifter) dispatched(at work) {
	if len(l.messages) == 0 {
		return
	}
	callees := l.static(at.source, at.call)
	if len(callees) != 1 || callees[0].sig == nil {
		return
	}
	for i, arg := range at.call.Args {
		of := l.messageType(at.info.TypeOf(arg))
		if of == nil || i == 0 || !takesAnything(callees[0].sig, i) {
			continue
		}
		handlers := l.messages[message{callees[0].source, of}]
		if len(handlers) == 0 || len(handlers) > mostImplementations {
			continue
		}
		fact := &facts.Call{
			Pos: l.pos(at.call.Pos()), From: at.in.fact, Loop: at.loop, Place: at.lies, Deferred: at.deferred, Spawned: at.spawned,
			Args: []facts.Value{l.value(at.source, at.call.Args[0]), l.value(at.source, arg)},
		}
		for _, handler := range handlers {
			fact.Callees = append(fact.Callees, handler.fact)
		}
		at.in.fact.Calls = append(at.in.fact.Calls, fact)
	}
}
