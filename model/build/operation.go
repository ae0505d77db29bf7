package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// operations makes the business operations, what stands in extend type Query and Mutation, and the subscriptions to rows.
// Tasks and external systems have arguments too, so their types are looked at, but nothing is made of them yet.
func (b *builder) operations() {
	for _, o := range b.design.Operations {
		args := b.fields(o.Args, inArgument)
		b.arguments[o] = args
		if o.Kind == design.Subscription && subscribed(o) != nil {
			b.subscription(o, args)
			continue
		}
		if o.Kind != design.Query && o.Kind != design.Mutation {
			b.field(&o.Field, inResult)
			continue
		}
		op := &model.Operation{
			Pos:    o.Pos,
			Name:   o.Name,
			Doc:    o.Doc,
			Kind:   model.OperationKind(o.Kind),
			Module: b.contexts[o.Module],
			Args:   args,

			Deprecated: b.deprecated(o.Directives),
			Sunset:     b.sunset(o.Name, o.Directives),
			Internal:   design.Find(o.Directives, "internal") != nil,
		}
		op.Idempotent = b.idempotent(o)
		op.Retryable = b.retryable(o)
		op.Result = b.result(o)
		op.Fails = b.faults(o)
		b.made[o] = op
		if op.Module != nil {
			op.Module.Operations = append(op.Module.Operations, op)
		}
		b.rest(op, o)
	}
}

func (b *builder) operation(o *design.Operation) *model.Operation { return b.made[o] }
func (b *builder) argumentsOf(o *design.Operation) []*model.Field { return b.arguments[o] }

// idempotent tells whether an operation may be repeated by nature. With a key it is so by what it keeps.
func (b *builder) idempotent(o *design.Operation) bool {
	d := design.Find(o.Directives, "idempotent")
	if d != nil && o.Kind == design.Query {
		b.problems.Add(d.Pos, WrongPlace, "remove it", "%s is a Query: it changes nothing, so it may be repeated unsaid", o.Name)
	}
	return d != nil && d.Arg("key") == nil
}

// retryable tells whether an operation may be run again when its transaction collided with another.
func (b *builder) retryable(o *design.Operation) bool {
	d := design.Find(o.Directives, "retryable")
	if d != nil && o.Kind == design.Query {
		b.problems.Add(d.Pos, WrongPlace, "remove it", "%s is a Query: it changes nothing, so nothing stands in its way", o.Name)
	}
	return d != nil
}

// result makes the field that an operation gives back. Directives of the operation are not the result's.
func (b *builder) result(o *design.Operation) *model.Field {
	plain := &design.Field{Pos: o.Pos, Name: "result", Type: o.Type}
	return b.field(plain, inResult)
}

// statuses are the HTTP statuses of @fails(as:).
var statuses = map[string]int{"CONFLICT": 409, "PAYMENT_REQUIRED": 402, "NOT_FOUND": 404, "INVALID": 422}

func (b *builder) faults(o *design.Operation) []model.Fault {
	var out []model.Fault
	seen := map[string]bool{}
	for _, d := range design.FindAll(o.Directives, "fails") {
		status := 409
		if as := d.Arg("as"); as != nil && statuses[as.Text] != 0 {
			status = statuses[as.Text]
		}
		for _, name := range d.Arg("with").Names() {
			if seen[name.Text] {
				b.problems.Add(name.Pos, Contradiction, "", "%s fails with %s twice", o.Name, name.Text)
				continue
			}
			seen[name.Text] = true
			out = append(out, model.Fault{Code: name.Text, Status: status})
		}
	}
	return out
}

var pathPart = regexp.MustCompile(`^([a-zA-Z0-9._~-]+|\{[A-Za-z_][A-Za-z0-9_]*\})$`)

// rest decides where an operation answers over HTTP.
func (b *builder) rest(op *model.Operation, o *design.Operation) {
	d := design.Find(o.Directives, "rest")
	op.Method = "POST"
	if op.Kind == model.Query && !takesStruct(op) {
		op.Method = "GET"
	}
	if method := d.Arg("method"); method != nil {
		op.Method = method.Text
	}
	if path := d.Arg("path"); path != nil {
		op.Path = path.Text
		b.restPath(op, path)
	} else {
		op.Path = derivedPath(op)
	}
	if (op.Method == "GET" || op.Method == "DELETE") && takesStruct(op) {
		b.problems.AddEdit(d.Pos, BadPath, "write POST", asPost(d), "a %s has no body, and %s takes an input", op.Method, op.Name)
	}
	if op.Kind == model.Mutation && op.Method == "GET" {
		b.problems.AddEdit(d.Pos, BadPath, "write POST", asPost(d), "a GET changes nothing, and %s is a Mutation", op.Name)
	}
}

// asPost is the edit that makes an operation answer to POST.
func asPost(d *design.Directive) diag.Edit {
	method := d.Arg("method")
	return diag.Between(method.Pos, method.End, "POST")
}

func takesStruct(op *model.Operation) bool {
	for _, a := range op.Args {
		if a.Kind == model.InputDTO {
			return true
		}
	}
	return false
}

// derivedPath is /<entity>/{arg}/<operation> where exactly one required reference is named after its entity, which
// the operation's name then need not repeat (cancelOrder answers at /orders/{order}/cancel); else /<operation>.
func derivedPath(op *model.Operation) string {
	var named []*model.Field
	for _, a := range op.Args {
		if a.Kind == model.Ref && !a.Null && !a.Repeated && a.Name == a.Target.Singular {
			named = append(named, a)
		}
	}
	if len(named) == 1 {
		of := named[0]
		return fmt.Sprintf("/%s/{%s}/%s", of.Target.Path, of.Name, strings.TrimSuffix(kebab(op.Name), "-"+kebab(of.Target.Singular)))
	}
	return "/" + kebab(op.Name)
}

func (b *builder) restPath(op *model.Operation, v *design.Value) {
	if !strings.HasPrefix(v.Text, "/") {
		b.problems.AddEdit(v.Pos, BadPath, "write /"+v.Text, rewrite(v, "/"+v.Text), "a path begins with /")
		return
	}
	seen := map[string]bool{}
	at := 1
	for _, part := range strings.Split(v.Text[1:], "/") {
		pos := position(v, at)
		at += len([]rune(part)) + 1
		if !pathPart.MatchString(part) {
			b.problems.Add(pos, BadPath, "write it as in /orders/{order}/ship", "%q is no part of a path", part)
			return
		}
		if part[0] == '{' {
			b.restArgument(op, pos, part[1:len(part)-1], seen)
		}
	}
}

func (b *builder) restArgument(op *model.Operation, pos diag.Pos, name string, seen map[string]bool) {
	a := find(op.Args, name)
	unnamed := slices.ContainsFunc(op.Args, func(a *model.Field) bool { return a.Kind == "" })
	switch {
	case a == nil && unnamed: // it may be what was reported and left out
	case a == nil:
		edit := diag.Edit{}
		meant := nearest(name, fieldNames(op.Args))
		if meant != "" {
			edit = diag.Edit{Pos: diag.Pos{File: pos.File, Line: pos.Line, Column: pos.Column + 1}, Length: len(name), Text: meant}
		}
		b.problems.AddEdit(pos, BadPath, didYouMean(meant), edit, "%s has no argument %q", op.Name, name)
	case seen[name]:
		b.problems.Add(pos, BadPath, "", "{%s} stands twice in the path", name)
	case a.Kind == "":
	case a.Null || a.Repeated || a.Kind == model.InputDTO || a.Kind == model.JSON || a.Kind == model.Bytes || a.Kind == model.File:
		b.problems.Add(pos, BadPath, "", "a part of a path is one required value, and %s is none", name)
	}
	seen[name] = true
}
