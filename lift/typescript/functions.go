package typescript

import (
	"path"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// function is a function of the code, with what is found out about it.
type function struct {
	fact  *facts.Function
	file  *file
	node  *syntax.Func // nil of what a file does at its top
	class *class
	outer *function

	member         *syntax.Member // of a method
	decorators     []*syntax.Decorator
	bindings       map[string][]*binding
	loops          map[syntax.Node]*facts.Loop
	owned          map[*syntax.Func]bool // callbacks that belong to it
	callbacks      map[*syntax.Func]*syntax.Call
	returns        []*syntax.Return
	queries        map[*syntax.Call]*facts.Query
	answering      bool
	answeringValue bool
	sites          []site                       // its calls
	chained        map[syntax.Expr]*syntax.Call // the call of a member of each; nil until it is asked for
	dropped        []syntax.Expr                // of statements that are an expression, whose value nobody takes
	compared       []*syntax.Binary
	sets           []*syntax.Assign // members that it sets
	spans          []*span
	handler        *handler // of one that answers requests; nil for any other
}

// binding is a variable of a function, or a parameter, where it can be seen.
type binding struct {
	name      string
	of        *function
	from      int // the offsets between which the name means this
	to        int
	param     int // of the function; -1 else
	typed     *syntax.Type
	init      syntax.Expr            // what it is first given
	list      syntax.Expr            // the list of which it is an item
	loop      *facts.Loop            // whose item it is
	path      []string               // the members of that which it is; "[]" for an item
	given     []syntax.Expr          // all that it is assigned besides
	source    func(depth int) typing // its type, where neither says it
	callback  *syntax.Call           // to which its function was given, whose parameter it is
	place     int                    // which of its parameters
	fixed     bool
	caught    bool // what was thrown
	busy      bool
	busyValue bool
}

// binding is what a name means at an offset within a function, and those around it; nil where it is none of theirs.
func (f *function) binding(name string, at int) *binding {
	for ; f != nil; f = f.outer {
		var found *binding
		for _, b := range f.bindings[name] {
			if b.from <= at && at < b.to && (found == nil || b.from >= found.from) {
				found = b
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// add makes the fact of a function.
func (l *lifter) add(f *function, name, own, of string, from, to int) *function {
	f.fact = &facts.Function{
		Name: name, Own: own, Of: of, Package: path.Dir(f.file.name), Pos: f.file.at(from), End: f.file.at(to), Aside: f.file.aside,
	}
	f.fact.Lines = f.fact.End.Line - f.fact.Pos.Line + 1
	if f.outer != nil && f.outer.node != nil {
		f.fact.Outer = f.outer.fact
	}
	if f.node != nil {
		for _, p := range f.node.Params {
			name := "_"
			if p.Pattern != nil && p.Pattern.Name != "" {
				name = p.Pattern.Name
			}
			f.fact.Params = append(f.fact.Params, name)
		}
		l.runs[f.node] = f
	}
	f.bindings, f.loops, f.queries = map[string][]*binding{}, map[syntax.Node]*facts.Loop{}, map[*syntax.Call]*facts.Query{}
	f.owned, f.callbacks = map[*syntax.Func]bool{}, map[*syntax.Func]*syntax.Call{}
	l.functions = append(l.functions, f)
	return f
}

// functionOf is the function that a node became; nil where it belongs to the one around it.
func (l *lifter) functionOf(n *syntax.Func) *function { return l.runs[n] }

// findFunctions makes functions of all that a file declares: functions, methods, constants that are functions, and members of objects at
// its top. What the top level itself does is a function too.
func (l *lifter) findFunctions(f *file) {
	module := &function{file: f}
	l.functionsIn(f, f.tree.Body, module)
	name := path.Base(f.name)
	l.add(module, name, name, "", 0, min(len(f.tree.Text), 1))
	f.module = module
	if f.aside == "" {
		module.fact.Aside = "command" // it runs once, when the program starts
	}
}

func (l *lifter) functionsIn(f *file, body []syntax.Stmt, module *function) {
	for _, s := range body {
		switch s := s.(type) {
		case *syntax.ClassDecl:
			l.methods(f, l.classes[s.Class])
		case *syntax.FuncDecl:
			if s.Func.Body != nil {
				l.declared(f, s.Func, s.Func.Name, module)
			}
		case *syntax.Namespace:
			l.functionsIn(f, s.Body, module)
		case *syntax.Var:
			for _, v := range s.Names {
				if v.Pattern != nil && v.Init != nil {
					l.functionsOf(f, v.Init, v.Pattern.Name, module)
				}
			}
		case *syntax.Export:
			if s.Value != nil {
				l.functionsOf(f, s.Value, "default", module)
			}
		case *syntax.ExprStmt:
			l.functionsOf(f, s.X, "", module)
		}
	}
}

// declared makes a function of a node, and connects the name that declares it.
func (l *lifter) declared(f *file, n *syntax.Func, name string, module *function) *function {
	if name == "" {
		name = "default"
	}
	made := l.add(&function{file: f, node: n, outer: module}, name, path.Base(name), "", n.Pos(), n.End())
	for _, d := range f.decls {
		if d.run == n {
			d.function = made
		}
	}
	return made
}

// methods makes functions of the methods of a class.
func (l *lifter) methods(f *file, c *class) {
	if c == nil {
		return
	}
	for _, m := range c.node.Members {
		run := m.Func
		if run == nil {
			if held, is := unwrapped(m.Value).(*syntax.Func); is {
				run = held
			}
		}
		if run == nil || run.Body == nil && run.Value == nil {
			continue
		}
		name := m.Name
		if m.Kind == syntax.ConstructorMember {
			name = "constructor"
		}
		made := l.add(&function{file: f, node: run, class: c, member: m, decorators: m.Decorators}, c.name+"."+name, name, c.name, m.Pos(), m.End())
		if m.Kind != syntax.SetMember && (m.Kind != syntax.GetMember || c.methods[name] == nil) {
			c.methods[name] = made
		}
	}
}

// functionsOf makes functions of those that an expression at the top of a file holds: it is one, has them as members, or gives them to calls,
// as routers and builders of procedures are given their handlers.
func (l *lifter) functionsOf(f *file, e syntax.Expr, name string, module *function) {
	var look func(e syntax.Expr, name string, depth int)
	look = func(e syntax.Expr, name string, depth int) {
		if depth > 60 {
			return
		}
		switch e := unwrapped(e).(type) {
		case *syntax.Func:
			own := name
			if e.Name != "" && own == "" {
				own = e.Name
			}
			made := l.declared(f, e, own, module)
			made.fact.Own = lastName(own)
		case *syntax.Class:
			l.methods(f, l.classes[e])
		case *syntax.Object:
			for _, p := range e.Props {
				below := p.Key
				if name != "" {
					below = name + "." + p.Key
				}
				if p.Spread {
					below = name
				}
				look(p.Value, below, depth+1)
			}
		case *syntax.Array:
			for _, item := range e.Items {
				look(item, name, depth+1)
			}
		case *syntax.Call:
			look(e.Fun, name, depth+1)
			for _, arg := range e.Args {
				look(arg, name, depth+1)
			}
		case *syntax.Select:
			look(e.X, name, depth+1)
		case *syntax.Assign:
			if s, is := e.X.(*syntax.Select); is && name == "" {
				name = s.Name
			}
			look(e.Y, name, depth+1)
		}
	}
	look(e, name, 0)
}

func lastName(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return name
}
