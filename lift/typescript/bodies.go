package typescript

import (
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// A type says nothing of what a client sends: what a body holds besides is there when the program runs, unless something takes it away.
// NestJS does where its ValidationPipe is told so by whitelist, and the parameter's type is a class
// (https://docs.nestjs.com/techniques/validation#stripping-properties).

// looseBody is a body of which nothing takes away what its type does not declare.
type looseBody struct {
	declared []string // by its type; nil where that declares nothing
}

// validators are names of what stands before a handler and looks at the body.
var validators = regexp.MustCompile(`(?i)valid|schema|celebrate|joi|zod|dto|check|sanitiz|body\(`)

// findPipes finds what all bodies go through.
func (l *lifter) findPipes() {
	found := func(f *file, e syntax.Expr) { l.strips = l.strips || l.pipeStrips(f, e) }
	for _, f := range l.functions {
		for _, s := range f.sites {
			if calledName(s.call) == "useGlobalPipes" && f.file.aside != "test" {
				for _, arg := range s.call.Args {
					found(f.file, arg)
					l.pipe = f.file.pos(arg)
				}
			}
		}
	}
	l.provided("APP_PIPE", found)
}

// pipeStrips reports whether a pipe takes away what a class does not declare, for all that is known.
func (l *lifter) pipeStrips(f *file, e syntax.Expr) bool {
	name := endName(e)
	var options syntax.Expr
	if call, is := unwrapped(e).(*syntax.Call); is {
		name = calledName(call)
		if len(call.Args) > 0 {
			options = call.Args[0]
		}
	}
	if name != "ValidationPipe" {
		return !numeric.MatchString(name) && name != "ParseUUIDPipe" && name != "DefaultValuePipe" && name != "ParseArrayPipe"
	}
	if d := l.named(f, name); d == nil || d.library != "@nestjs/common" {
		return true
	}
	if id, is := unwrapped(options).(*syntax.Ident); is {
		if d := l.named(f, id.Name); d != nil && d.fixed {
			options = d.value
		}
	}
	if options == nil {
		return false
	}
	o, is := unwrapped(options).(*syntax.Object)
	return !is || slices.ContainsFunc(o.Props, func(p *syntax.Property) bool {
		literal, fixed := unwrapped(p.Value).(*syntax.Literal)
		return p.Spread || p.Key == "whitelist" && !(fixed && literal.Value == "false")
	})
}

// looseBody is what a parameter of a controller's method holds, where that is the whole body and nothing strips it; nil for any other.
func (l *lifter) looseBody(f *function, p *syntax.Param, d *syntax.Decorator) *looseBody {
	if d.Name != "Body" || p.Pattern == nil || p.Pattern.Name == "" {
		return nil
	}
	strips := func(args []syntax.Expr) bool {
		return slices.ContainsFunc(args, func(arg syntax.Expr) bool { return constantText(arg) != "" || l.pipeStrips(f.file, arg) })
	}
	if len(d.Args) > 0 && strips(d.Args) {
		return nil
	}
	for _, all := range [][]*syntax.Decorator{f.decorators, f.class.node.Decorators} {
		for _, by := range all {
			if by.Name == "UsePipes" && strips(by.Args) || validators.MatchString(by.Name) {
				return nil
			}
		}
	}
	t := l.typed(f.file, p.Type)
	switch {
	case t.class != nil:
		if l.strips || t.class.library != "" {
			return nil
		}
		l.looseBodies[t.class] = true
		return &looseBody{l.fieldNames(t.class)}
	case t.library != "" || t.plain != "" || t.list:
		return nil
	case l.strips && (p.Type == nil || p.Type.Name == "any" || t.face != nil || t.members != nil), !l.strips:
		out := &looseBody{}
		members := t.members
		if t.face != nil {
			members = t.face.Members
		}
		for _, m := range members {
			out.declared = append(out.declared, facts.Snake(m.Name))
		}
		return out
	}
	return nil
}

// fieldNames are the names that a class declares, and those that it extends.
func (l *lifter) fieldNames(c *class) []string {
	var out []string
	for n := 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
		for name := range c.fields {
			out = append(out, facts.Snake(name))
		}
	}
	slices.Sort(out)
	return out
}

// fills are calls that put all that an object holds into a row, whichever of their arguments it is.
var fills = regexp.MustCompile(`^(create|merge|assign|plainToClass|plainToInstance|plainToClassFromExist|build|preload|fromPartial|omit)$`)

// wholes are the expressions all of whose members become columns of a row that an expression makes.
func (l *lifter) wholes(f *function, e syntax.Expr, depth int) []syntax.Expr {
	if e == nil || depth > 6 {
		return nil
	}
	var out []syntax.Expr
	switch x := unwrapped(e).(type) {
	case *syntax.Object:
		for _, p := range x.Props {
			if p.Spread {
				out = append(out, l.wholes(f, p.Value, depth+1)...)
			}
		}
	case *syntax.Spread:
		return l.wholes(f, x.X, depth+1)
	case *syntax.Call:
		if !x.New && fills.MatchString(calledName(x)) {
			for _, arg := range x.Args {
				out = append(out, l.wholes(f, arg, depth+1)...)
			}
		}
	case *syntax.Ident:
		if b := f.binding(x.Name, x.Pos()); b != nil && b.init != nil && len(b.path) == 0 && b.loop == nil {
			return l.wholes(b.of, b.init, depth+1)
		}
		out = append(out, e)
	case *syntax.Select:
		out = append(out, e)
	}
	return out
}

// sentWhole says of a value whether it holds a body of which nothing takes away what its type does not declare.
func (l *lifter) sentWhole(f *function, e syntax.Expr, v *facts.Value) {
	for _, x := range l.wholes(f, e, 0) {
		body := l.bodyAt(f, x)
		if body == nil {
			continue
		}
		v.Settable, v.Undeclared, v.Declared = []string{facts.AnyColumn}, true, slices.Clone(body.declared)
		if o, is := unwrapped(e).(*syntax.Object); is {
			for _, p := range o.Props {
				v.Declared = append(v.Declared, facts.Snake(p.Key))
			}
		}
		return
	}
}

// bodyAt is the body that an expression is; nil for any other.
func (l *lifter) bodyAt(f *function, e syntax.Expr) *looseBody {
	switch x := unwrapped(e).(type) {
	case *syntax.Ident:
		if b := f.binding(x.Name, x.Pos()); b != nil && b.param >= 0 && len(b.path) == 0 && b.of.handler != nil {
			return b.of.handler.loose[b.param]
		}
	case *syntax.Select:
		if x.Name != "body" {
			return nil
		}
		root, is := unwrapped(x.X).(*syntax.Ident)
		if !is {
			return nil
		}
		if b := f.binding(root.Name, root.Pos()); b != nil && b.param >= 0 && len(b.path) == 0 && b.of.handler != nil && b.of.handler.requests[b.param] && !b.of.handler.validated {
			return &looseBody{}
		}
	}
	return nil
}

// goneThrough are functions that go through all names of an object.
var goneThrough = regexp.MustCompile(`^(entries|keys)$`)

// findUndeclared notes where a function goes through all names of a body, also those that its class does not declare.
func (l *lifter) findUndeclared(f *function) {
	for _, s := range f.sites {
		on, is := s.call.Fun.(*syntax.Select)
		if !is || len(s.call.Args) != 1 || endName(on.X) != "Object" || !goneThrough.MatchString(on.Name) {
			continue
		}
		arg := unwrapped(s.call.Args[0])
		id, is := arg.(*syntax.Ident)
		if !is {
			continue
		}
		b := f.binding(id.Name, id.Pos())
		t := l.typeOf(f, arg)
		if b == nil || b.param < 0 || len(b.path) > 0 || t.class == nil || !l.looseBodies[t.class] {
			continue
		}
		f.fact.Undeclared = append(f.fact.Undeclared, facts.Undeclared{Pos: f.file.pos(s.call), Name: f.file.said(s.call), Type: t.class.name, Pipe: l.pipe})
	}
}
