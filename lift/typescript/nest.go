package typescript

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// NestJS says by decorators what a class answers (https://docs.nestjs.com/controllers, https://docs.nestjs.com/graphql/resolvers): type-graphql
// and routing-controllers do so by the same words, or nearly.

// verbs are the decorators of a controller's methods.
var verbs = map[string]string{"Get": "GET", "Post": "POST", "Put": "PUT", "Patch": "PATCH", "Delete": "DELETE", "Head": "HEAD", "Options": "OPTIONS", "All": "", "Sse": "GET"}

// findNest finds what controllers and resolvers answer.
func (l *lifter) findNest() {
	prefix := l.globalPrefix()
	global := l.globalGuards()
	l.findPipes()
	for _, c := range l.allOf {
		if c.file.aside == "test" {
			continue
		}
		if d := decorated(c.node.Decorators, "Controller", "JsonController", "RestController"); d != nil {
			l.controller(c, d, prefix, global)
			continue
		}
		resolver := decorated(c.node.Decorators, "Resolver")
		for _, m := range c.node.Members {
			if f := c.methods[m.Name]; f != nil && f.member == m {
				l.answers(c, f, resolver, global)
			}
		}
	}
}

// decorated is the first of some decorators that stands there; nil for none.
func decorated(all []*syntax.Decorator, names ...string) *syntax.Decorator {
	for _, d := range all {
		if slices.Contains(names, d.Name) {
			return d
		}
	}
	return nil
}

// globalPrefix is the path before all others; "" where there is none, or it is not constant.
func (l *lifter) globalPrefix() string {
	out := ""
	for _, f := range l.functions {
		for _, s := range f.sites {
			if calledName(s.call) == "setGlobalPrefix" && len(s.call.Args) > 0 && f.file.aside != "test" {
				out = constantText(s.call.Args[0])
			}
		}
	}
	return out
}

// constantText is the text of a literal, "" for anything else.
func constantText(e syntax.Expr) string {
	switch e := unwrapped(e).(type) {
	case *syntax.Literal:
		if e.Kind == syntax.Text {
			return e.Value
		}
	case *syntax.Template:
		if len(e.Values) == 0 && e.Tag == nil {
			return e.Parts[0]
		}
	}
	return ""
}

// paths are those that an argument of a decorator says: one, several in a list, or the member of an object; an empty one where it says none.
func (l *lifter) paths(f *file, args []syntax.Expr) []string {
	if len(args) == 0 {
		return []string{""}
	}
	switch e := unwrapped(args[0]).(type) {
	case *syntax.Array:
		var out []string
		for _, item := range e.Items {
			out = append(out, l.constantIn(f, item))
		}
		if len(out) > 0 {
			return out
		}
	case *syntax.Object:
		if p := member(e, "path"); p != nil {
			return l.paths(f, []syntax.Expr{p})
		}
	default:
		return []string{l.constantIn(f, args[0])}
	}
	return []string{""}
}

// constantIn is the text of a literal, or of a constant of the code.
func (l *lifter) constantIn(f *file, e syntax.Expr) string {
	if id, is := unwrapped(e).(*syntax.Ident); is {
		if d := l.named(f, id.Name); d != nil && d.fixed && d.value != nil {
			return constantText(d.value)
		}
	}
	return constantText(e)
}

// member is the value of an object's member, nil for none.
func member(o *syntax.Object, name string) syntax.Expr {
	for _, p := range o.Props {
		if p.Key == name && !p.Spread {
			return p.Value
		}
	}
	return nil
}

// colons are parameters as Express writes them, with what they must look like.
var colons = regexp.MustCompile(`:(\w+)(\([^)]*\))?\??`)

// joined is a path of its parts, with {name} for parameters.
func joined(parts ...string) string {
	whole := path.Join(append([]string{"/"}, parts...)...)
	return colons.ReplaceAllString(whole, "{$1}")
}

// controller finds the routes of a controller.
func (l *lifter) controller(c *class, d *syntax.Decorator, prefix string, global []facts.Guard) {
	around := append(slices.Clone(global), l.guardsOf(c.file, c.node.Decorators)...)
	for _, m := range c.node.Members {
		f := c.methods[m.Name]
		if f == nil || f.member != m {
			continue
		}
		for _, by := range m.Decorators {
			method, is := verbs[by.Name]
			if !is {
				continue
			}
			l.nestParams(f, true)
			guards := l.effective(c, f, append(slices.Clone(around), l.guardsOf(c.file, m.Decorators)...))
			marks := l.marks(c.file, guards, m.Decorators, c.node.Decorators)
			for _, base := range l.paths(c.file, d.Args) {
				for _, own := range l.paths(c.file, by.Args) {
					l.facts.Routes = append(l.facts.Routes, &facts.Route{
						Pos: c.file.pos(by), Method: method, Path: joined(prefix, base, own), Router: c.name, Kind: "http", Handler: f.fact, Guards: guards, Marks: marks, Checks: l.looksAtCaller(f) || len(marks) > 0,
					})
				}
			}
		}
	}
}

// answers finds what a method of a resolver answers.
func (l *lifter) answers(c *class, f *function, resolver *syntax.Decorator, global []facts.Guard) {
	by := decorated(f.decorators, "Query", "Mutation", "Subscription", "ResolveField", "FieldResolver", "ResolveProperty", "MessagePattern", "EventPattern", "GrpcMethod")
	if by == nil || resolver == nil && !strings.HasPrefix(by.Name, "Resolve") && by.Name != "MessagePattern" && by.Name != "EventPattern" && by.Name != "GrpcMethod" {
		return
	}
	name := f.fact.Own
	for _, arg := range by.Args {
		if text := constantText(arg); text != "" {
			name = text
		}
		if o, is := unwrapped(arg).(*syntax.Object); is {
			if text := constantText(member(o, "name")); text != "" {
				name = text
			}
		}
	}
	l.nestParams(f, false)
	r := &facts.Route{Pos: c.file.pos(by), Path: by.Name + "." + name, Router: c.name, Kind: "graphql", Handler: f.fact, Checks: l.looksAtCaller(f)}
	guards := append(slices.Clone(global), l.guardsOf(c.file, c.node.Decorators)...)
	r.Guards = l.effective(c, f, append(guards, l.guardsOf(c.file, f.decorators)...))
	r.Marks = l.marks(c.file, r.Guards, f.decorators, c.node.Decorators)
	r.Checks = r.Checks || len(r.Marks) > 0
	switch by.Name {
	case "ResolveField", "FieldResolver", "ResolveProperty":
		r.Kind, r.Path, r.Parent = "field", l.objectOf(c, resolver)+"."+name, -1
		for i, p := range f.node.Params {
			if decorated(p.Decorators, "Parent", "Root") != nil {
				r.Parent = i
			}
		}
		if r.Parent < 0 {
			return // it needs nothing of the object
		}
	case "MessagePattern", "EventPattern", "GrpcMethod":
		r.Kind = "grpc"
	}
	l.facts.Routes = append(l.facts.Routes, r)
}

// objectOf is the type whose fields a resolver answers.
func (l *lifter) objectOf(c *class, resolver *syntax.Decorator) string {
	if resolver != nil && len(resolver.Args) > 0 {
		switch e := unwrapped(resolver.Args[0]).(type) {
		case *syntax.Func:
			if name := endName(e.Value); name != "" {
				return name
			}
		case *syntax.Ident:
			return e.Name
		case *syntax.Literal:
			return e.Value
		}
	}
	return strings.TrimSuffix(c.name, "Resolver")
}

var (
	// filled are decorators of parameters that hold what a client sent.
	filled = regexp.MustCompile(`^(Body|Query|Param|Params|Headers?|HeaderParam|QueryParams?|BodyParam|UploadedFiles?|Args?|Input|RawBody|HostParam|Payload|CookieParam|Cookies)$`)
	// whole are decorators of parameters that are the request, or hold it.
	wholeRequest = regexp.MustCompile(`^(Req|Request|Context|Ctx|Session|Info)$`)
	// identity are names of decorators that say who is calling.
	identity = regexp.MustCompile(`(?i)user|account|tenant|org|session|viewer|auth|ctx|context|^me$|member|actor|owner|caller|token|profile|client`)
	// numeric are pipes that make a number.
	numeric = regexp.MustCompile(`^Parse(Int|Float|Bool|Date)Pipe$`)
)

// nestParams says what the parameters of a method hold, by their decorators.
func (l *lifter) nestParams(f *function, http bool) {
	h := f.handle()
	for i, p := range f.node.Params {
		for _, d := range p.Decorators {
			switch {
			case filled.MatchString(d.Name):
				h.params[i] = l.filledBy(f, p, d)
				if body := l.looseBody(f, p, d); body != nil && http {
					h.loose[i] = body
				}
			case d.Name == "Parent" || d.Name == "Root":
			case wholeRequest.MatchString(d.Name):
				h.requests[i] = true
				h.params[i] = facts.Origin{Kind: facts.FromContext, Name: d.Name}
				if d.Name == "Req" || d.Name == "Request" || d.Name == "Info" {
					h.params[i] = facts.Origin{Kind: facts.FromUnknown, Name: d.Name}
				}
			default:
				h.params[i] = l.byDecorator(f, d)
			}
			break
		}
		if len(p.Decorators) == 0 && p.Type != nil && isRequest(p.Type) {
			h.requests[i] = true
			h.params[i] = facts.Origin{Kind: facts.FromUnknown, Name: "request"}
		}
	}
}

// filledBy is what a parameter holds that a decorator fills with what a client sent.
func (l *lifter) filledBy(f *function, p *syntax.Param, d *syntax.Decorator) facts.Origin {
	o := facts.Origin{Kind: facts.FromRequest, Pos: f.file.pos(p)}
	for i, arg := range d.Args {
		arg = unwrapped(arg)
		if i == 0 {
			if text := constantText(arg); text != "" {
				o.Name = text
				continue
			}
			if object, is := arg.(*syntax.Object); is {
				o.Name = constantText(member(object, "name"))
				if typed, is := member(object, "type").(*syntax.Func); is && (endName(typed.Value) == "Int" || endName(typed.Value) == "Float" || endName(typed.Value) == "Boolean") {
					o.Number = true
				}
				continue
			}
		}
		pipe := endName(arg)
		if call, is := arg.(*syntax.Call); is {
			pipe = calledName(call)
		}
		switch {
		case numeric.MatchString(pipe):
			o.Number = true
		case pipe == "ParseUUIDPipe":
			o.Kind, o.Formed = facts.FromChecked, facts.FromRequest
		case pipe == "ParseEnumPipe":
			o.Kind = facts.FromChecked
		}
	}
	if d.Name != "Param" && d.Name != "Query" && p.Type != nil && (p.Type.Name == "number" || p.Type.Name == "boolean") {
		o.Number = true // of a GraphQL's schema, or of JSON that a pipe checks
	}
	if t := l.typed(f.file, p.Type); t.class != nil && l.classBounds(t.class) {
		o.Bounded = true
	}
	return o
}

// byDecorator is what a parameter holds that a decorator of the code fills.
func (l *lifter) byDecorator(f *function, d *syntax.Decorator) facts.Origin {
	o := facts.Origin{Kind: facts.FromUnknown, Name: d.Name}
	if identity.MatchString(d.Name) {
		o.Kind = facts.FromContext
	}
	made := l.named(f.file, d.Name)
	if made == nil || made.value == nil {
		return o
	}
	syntax.Walk(made.value, func(n syntax.Node) bool {
		if s, is := n.(*syntax.Select); is {
			switch of, is := ofRequest(s.Name); {
			case is && of.Kind == facts.FromContext:
				o.Kind = facts.FromContext
			case is && o.Kind == facts.FromUnknown && s.Name != "get":
				o.Kind = facts.FromRequest
			}
		}
		return true
	})
	return o
}
