package client

import (
	"strings"

	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

func (b *builder) operation(op *model.Operation) {
	o := &Operation{Operation: op, Path: Version + op.Path, InBody: op.Method != "GET" && op.Method != "DELETE"}
	fields := op.Args
	if len(op.Args) == 1 && op.Args[0].Name == "input" && op.Args[0].Kind == model.InputDTO && !op.Args[0].Repeated {
		fields = op.Args[0].Struct.Fields
		o.Args = b.structure(op.Args[0].Struct, true)
	} else if len(op.Args) > 0 {
		name := spell.UpperFirst(op.Name) + "Args"
		o.Args = b.object("args "+op.Name, Object{Name: name, Doc: name + " is what " + op.Name + " takes.", Role: Sent}, func(args *Object) {
			for _, f := range op.Args {
				args.Members = append(args.Members, b.taken(f))
			}
		})
	}
	for _, f := range fields {
		if strings.Contains(op.Path, "{"+f.Name+"}") {
			o.InPath = append(o.InPath, f.Name)
		}
	}
	if op.Where != nil {
		o.Page = b.row(op.Result.Target)
	} else {
		t := b.typeOf(op.Result, false)
		if op.Result.Kind == model.Ref || op.Result.Kind == model.List {
			t = Type{Kind: Struct, Object: b.row(op.Result.Target), List: op.Result.Repeated || op.Result.Kind == model.List}
		}
		o.Result, o.Null = &t, op.Result.Null
	}
	b.plan.Operations = append(b.plan.Operations, o)
}
