package typescript

import (
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// decl is what a name at the top of a file means. One of these is set: class, interface, alias, enum, function, value, from, library, whole.
type decl struct {
	file  *file // nil of a library's
	name  string
	node  syntax.Node
	class *class
	face  *syntax.Interface
	alias *syntax.TypeAlias
	enum  *syntax.Enum
	run   *syntax.Func // of a function, and of a constant that is one
	value syntax.Expr  // of a constant
	typed *syntax.Type // as the constant says
	fixed bool         // it is a constant, and not a variable

	from     string // of an import: the other file or library
	imported string // as it is called there; "*" for all of it
	library  string // what is imported from a library
	whole    bool   // all that a file exports
	means    *decl  // what an import stands for, once it was sought
	sought   bool

	function *function // that run became
}

// class is a class of the code.
type class struct {
	file     *file
	node     *syntax.Class
	name     string
	methods  map[string]*function
	fields   map[string]*field
	extends  *class // of the code
	library  string // whose class it extends
	base     string // the name of that class, or as written of what is not known
	baseArgs []*syntax.Type
	below    []*class // that extend or implement it
}

// field is a field of a class, or a parameter of its constructor that is one.
type field struct {
	node       syntax.Node
	typed      *syntax.Type
	value      syntax.Expr
	decorators []*syntax.Decorator
	order      int
	optional   bool
}

// declare reads the names at the top of a file.
func (l *lifter) declare(f *file) { l.declareIn(f, f.tree.Body) }

func (l *lifter) declareIn(f *file, body []syntax.Stmt) {
	for _, s := range body {
		switch s := s.(type) {
		case *syntax.Import:
			if s.Default != "" {
				f.decls[s.Default] = &decl{file: f, name: s.Default, node: s, from: s.From, imported: "default"}
			}
			if s.Namespace != "" {
				f.decls[s.Namespace] = &decl{file: f, name: s.Namespace, node: s, from: s.From, imported: "*"}
			}
			for _, n := range s.Names {
				f.decls[as(n)] = &decl{file: f, name: as(n), node: s, from: s.From, imported: n.Name}
			}
		case *syntax.Export:
			l.declareExport(f, s)
		case *syntax.ClassDecl:
			c := l.declareClass(f, s.Class)
			name := s.Class.Name
			if name == "" {
				name = "default"
			}
			f.decls[name] = &decl{file: f, name: name, node: s, class: c}
			f.export(name, s.Exported, s.Default)
		case *syntax.FuncDecl:
			name := s.Func.Name
			if name == "" {
				name = "default"
			}
			if s.Func.Body != nil || f.decls[name] == nil {
				f.decls[name] = &decl{file: f, name: name, node: s, run: s.Func}
			}
			f.export(name, s.Exported, s.Default)
		case *syntax.Interface:
			if f.decls[s.Name] == nil {
				f.decls[s.Name] = &decl{file: f, name: s.Name, node: s, face: s}
			}
			f.export(s.Name, s.Exported, false)
		case *syntax.TypeAlias:
			if f.decls[s.Name] == nil {
				f.decls[s.Name] = &decl{file: f, name: s.Name, node: s, alias: s}
			}
			f.export(s.Name, s.Exported, false)
		case *syntax.Enum:
			f.decls[s.Name] = &decl{file: f, name: s.Name, node: s, enum: s}
			f.export(s.Name, s.Exported, false)
		case *syntax.Var:
			for _, v := range s.Names {
				if v.Pattern == nil || v.Pattern.Name == "" {
					continue
				}
				d := &decl{file: f, name: v.Pattern.Name, node: v, value: v.Init, typed: v.Type, fixed: s.Kind == "const"}
				switch init := unwrapped(v.Init).(type) {
				case *syntax.Func:
					d.run = init
				case *syntax.Class:
					d.class = l.declareClass(f, init)
				}
				f.decls[d.name] = d
				f.export(d.name, s.Exported, false)
			}
		}
	}
}

func (l *lifter) declareExport(f *file, s *syntax.Export) {
	switch {
	case s.From != "":
		p := &passedOn{from: s.From, as: s.As}
		if !s.All {
			p.names = map[string]string{}
			for _, n := range s.Names {
				p.names[as(n)] = n.Name
			}
		}
		f.passed = append(f.passed, p)
	case s.Value != nil:
		switch v := unwrapped(s.Value).(type) {
		case *syntax.Ident:
			f.exports["default"] = v.Name
		case *syntax.Func:
			f.decls["default"] = &decl{file: f, name: "default", node: s, run: v}
			f.exports["default"] = "default"
		case *syntax.Class:
			f.decls["default"] = &decl{file: f, name: "default", node: s, class: l.declareClass(f, v)}
			f.exports["default"] = "default"
		default:
			f.decls["default"] = &decl{file: f, name: "default", node: s, value: v, fixed: true}
			f.exports["default"] = "default"
		}
	default:
		for _, n := range s.Names {
			f.exports[as(n)] = n.Name
		}
	}
}

func as(n syntax.ImportName) string {
	if n.As != "" {
		return n.As
	}
	return n.Name
}

func (f *file) export(name string, exported, byDefault bool) {
	if byDefault {
		f.exports["default"] = name
	}
	if exported {
		f.exports[name] = name
	}
}

// declareClass reads the members of a class.
func (l *lifter) declareClass(f *file, n *syntax.Class) *class {
	c := &class{file: f, node: n, name: n.Name, methods: map[string]*function{}, fields: map[string]*field{}}
	if c.name == "" {
		c.name = "class"
	}
	l.classes[n] = c
	l.allOf = append(l.allOf, c)
	add := func(name string, fd *field) {
		if name != "" && c.fields[name] == nil {
			fd.order = len(c.fields)
			c.fields[name] = fd
		}
	}
	for _, m := range n.Members {
		switch m.Kind {
		case syntax.FieldMember:
			add(m.Name, &field{node: m, typed: m.Type, value: m.Value, decorators: m.Decorators, optional: m.Optional})
		case syntax.GetMember:
			if m.Func != nil {
				add(m.Name, &field{node: m, typed: m.Func.Result, decorators: m.Decorators})
			}
		case syntax.ConstructorMember:
			if m.Func == nil {
				continue
			}
			for _, p := range m.Func.Params {
				if p.Access != "" && p.Pattern != nil {
					add(p.Pattern.Name, &field{node: p, typed: p.Type, value: p.Default, decorators: p.Decorators})
				}
			}
		}
	}
	return c
}

// unwrapped is an expression without casts and await.
func unwrapped(e syntax.Expr) syntax.Expr {
	for {
		switch x := e.(type) {
		case *syntax.As:
			e = x.X
		case *syntax.Await:
			e = x.X
		default:
			return e
		}
	}
}

// findImplementations connects classes with those that they extend and implement, so that a call through one may come to another.
func (l *lifter) findImplementations() {
	faces := map[*syntax.Interface][]*class{}
	for _, c := range l.allOf {
		if c.node.Extends != nil {
			t := l.typeOfBase(c)
			c.extends, c.library, c.base, c.baseArgs = t.class, t.library, t.name, c.node.ExtendsOf
			if c.extends != nil && c.extends != c {
				c.extends.below = append(c.extends.below, c)
			} else {
				c.extends = nil
			}
		}
		for _, i := range c.node.Implements {
			switch t := l.typed(c.file, i); {
			case t.class != nil && t.class != c:
				t.class.below = append(t.class.below, c)
			case t.face != nil:
				faces[t.face] = append(faces[t.face], c)
			}
		}
	}
	l.implementing = faces
}
