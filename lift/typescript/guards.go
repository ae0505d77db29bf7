package typescript

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

var (
	// authName are names of guards that ask who is calling, where nothing else is known of them.
	authName = regexp.MustCompile(`(?i)auth|jwt|roles?guard|permission|session|api_?key|admin|logged|signed_?in|protected|member|owner|acl|rbac`)
	// other are names of guards that do not.
	otherGuard = regexp.MustCompile(`(?i)throttl|rate_?limit|feature|captcha|csrf|maintenance|cache|webhook_?signature`)
	// publicMark are decorators that let everybody pass a guard of all routes.
	publicMark = regexp.MustCompile(`(?i)^(is_?)?public(route|api|endpoint)?$|^(skip|no|disable|bypass|without)_?(auth|jwt)|anonymous|^allow_?un|unauth|unprotected|unguarded`)
	// permits are decorators that say which callers may, for a guard that stands elsewhere.
	permits = regexp.MustCompile(`^(Allow|Roles?(Allowed)?|(Require|Needs?|Check|Has|With|User|Org|Project)?(Roles?|Permissions?|Scopes?|Polic(y|ies)|Abilit(y|ies)|Privileges?)|Authoriz\w*|AccessLevel|AdminOnly|RequiresPermission|CheckPolicies|RequirePermission|ProjectScope|GlobalScope)$`)
	// identities are members and texts by which a guard knows its caller.
	identities = regexp.MustCompile(`(?i)^(user|authorization|session|isauthenticated|jwt|verify|verifyasync|validatetoken|apikey|api_key|x-api-key|cookies|accesstoken|token|authinfo|getuser|currentuser|activeuser)$`)
)

// marks are what stands on a method, or on its class, and says which callers may.
func (l *lifter) marks(f *file, guards []facts.Guard, all ...[]*syntax.Decorator) []facts.Mark {
	var out []facts.Mark
	for _, d := range slices.Concat(all...) {
		if !permits.MatchString(d.Name) || publicMark.MatchString(d.Name) || openTo.MatchString(f.said(d)) {
			continue
		}
		m := facts.Mark{Pos: f.pos(d), Name: d.Name, Readers: l.readers(f, d)}
		m.Unread = len(m.Readers) > 0 && !slices.ContainsFunc(guards, func(g facts.Guard) bool { return slices.Contains(m.Readers, g.Name) })
		out = append(out, m)
	}
	return out
}

// readers are the names of the guards that read what a decorator of the code notes: SetMetadata("permission", …), for this.reflector.get("permission", …).
func (l *lifter) readers(f *file, d *syntax.Decorator) []string {
	made := l.named(f, d.Name)
	if made == nil || made.file == nil {
		return nil
	}
	if known, is := l.markReaders[made]; is {
		return known
	}
	out := l.readersOf(made)
	l.markReaders[made] = out
	return out
}

func (l *lifter) readersOf(made *decl) []string {
	key := ""
	look := func(n syntax.Node) bool {
		if call, is := n.(*syntax.Call); is && calledName(call) == "SetMetadata" && len(call.Args) > 0 {
			key = constantText(call.Args[0])
			if key == "" {
				key = endName(call.Args[0])
			}
		}
		return key == ""
	}
	switch {
	case made.run != nil && made.run.Body != nil:
		syntax.Walk(made.run.Body, look)
	case made.run != nil && made.run.Value != nil:
		syntax.Walk(made.run.Value, look)
	case made.value != nil:
		syntax.Walk(made.value, look)
	}
	if key == "" {
		return nil
	}
	var out []string
	for _, c := range l.allOf {
		if c.methods["canActivate"] == nil || c.file.aside == "test" {
			continue
		}
		reads := false
		for _, m := range c.methods {
			for _, s := range bodyOf(m) {
				syntax.Walk(s, func(n syntax.Node) bool {
					switch n := n.(type) {
					case *syntax.Ident:
						reads = reads || n.Name == key
					case *syntax.Literal:
						reads = reads || n.Kind == syntax.Text && n.Value == key
					}
					return !reads
				})
			}
		}
		if reads {
			out = append(out, c.name)
		}
	}
	slices.Sort(out)
	return out
}

// openTo is what such a decorator names to let everybody pass.
var openTo = regexp.MustCompile(`(?i)\b(public|anonymous|everyone)\b`)

// globalGuards are those that stand around every route.
func (l *lifter) globalGuards() []facts.Guard {
	var out []facts.Guard
	for _, f := range l.functions {
		if f.file.aside == "test" {
			continue
		}
		for _, s := range f.sites {
			if calledName(s.call) == "useGlobalGuards" {
				for _, arg := range s.call.Args {
					out = append(out, l.guard(f.file, arg))
				}
			}
		}
	}
	l.provided("APP_GUARD", func(f *file, e syntax.Expr) { out = append(out, l.guard(f, e)) })
	return out
}

// provided finds what modules provide under a name of the framework, wherever the object stands that says so.
func (l *lifter) provided(token string, found func(f *file, e syntax.Expr)) {
	for _, f := range l.order {
		if f.aside == "test" || !strings.Contains(f.tree.Text, token) {
			continue
		}
		look := func(n syntax.Node) bool {
			o, is := n.(*syntax.Object)
			if !is || endName(member(o, "provide")) != token {
				return true
			}
			for _, by := range []string{"useClass", "useExisting", "useFactory", "useValue"} {
				if e := member(o, by); e != nil {
					found(f, e)
				}
			}
			return false
		}
		for _, s := range f.tree.Body {
			syntax.Walk(s, look)
		}
	}
}

// guardsOf are the guards that decorators put around what they stand at: UseGuards, or a decorator of the code that is made of it.
func (l *lifter) guardsOf(f *file, all []*syntax.Decorator) []facts.Guard {
	var out []facts.Guard
	for _, d := range all {
		if d.Name == "UseGuards" || d.Name == "Authorized" || d.Name == "UseMiddleware" {
			if d.Name == "Authorized" {
				out = append(out, facts.Guard{Pos: f.pos(d), Name: "Authorized", Auth: true})
			}
			for _, arg := range d.Args {
				out = append(out, l.guard(f, arg))
			}
			continue
		}
		made := l.named(f, d.Name)
		if made == nil || made.run == nil {
			continue
		}
		syntax.Walk(made.run, func(n syntax.Node) bool {
			if call, is := n.(*syntax.Call); is && calledName(call) == "UseGuards" {
				for _, arg := range call.Args {
					g := l.guard(made.file, arg)
					g.Of = f.said(d)
					out = append(out, g)
				}
				return false
			}
			return true
		})
	}
	return out
}

// guard is what an expression says of a guard: a class, an object of it, or what a library makes.
func (l *lifter) guard(f *file, e syntax.Expr) facts.Guard {
	g := facts.Guard{Pos: f.pos(e), Name: f.said(e)}
	name := endName(e)
	if call, is := unwrapped(e).(*syntax.Call); is {
		name = calledName(call)
		if len(call.Args) > 0 {
			g.Of = constantText(call.Args[0])
		}
	}
	if name != "" {
		g.Name = name
	}
	g.Auth = authName.MatchString(name) && !otherGuard.MatchString(name)
	d := l.named(f, name)
	if d == nil || d.class == nil {
		return g
	}
	for c, n := d.class, 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
		if run := c.methods["canActivate"]; run != nil {
			g.Runs = append(g.Runs, run.fact)
			g.Auth = g.Auth || l.knowsCaller(run)
		}
		if strings.Contains(c.base, "AuthGuard") || strings.Contains(c.base, "PassportStrategy") {
			g.Auth = true
		}
		if strings.Contains(c.base, "ThrottlerGuard") {
			g.Auth = false
		}
	}
	return g
}

// knowsCaller reports whether a guard reads who is calling.
func (l *lifter) knowsCaller(f *function) bool {
	if otherGuard.MatchString(f.class.name) {
		return false
	}
	found := false
	for _, s := range bodyOf(f) {
		syntax.Walk(s, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.Select:
				found = found || identities.MatchString(n.Name)
			case *syntax.Literal:
				found = found || n.Kind == syntax.Text && identities.MatchString(n.Value)
			case *syntax.Pattern:
				for _, p := range n.Props {
					found = found || identities.MatchString(p.Key)
				}
			}
			return !found
		})
	}
	return found
}

// effective are guards as they hold for a method: one that its decorators mark as public is let through by those that ask who is calling.
func (l *lifter) effective(c *class, f *function, guards []facts.Guard) []facts.Guard {
	open := slices.ContainsFunc(append(slices.Clone(c.node.Decorators), f.decorators...), func(d *syntax.Decorator) bool {
		if publicMark.MatchString(d.Name) {
			return true
		}
		return slices.ContainsFunc(d.Args, func(e syntax.Expr) bool { return strings.EqualFold(endName(e), "Public") })
	})
	if !open {
		return guards
	}
	var out []facts.Guard
	for _, g := range guards {
		g.Auth = false
		out = append(out, g)
	}
	return out
}
