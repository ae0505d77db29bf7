package syntax

// Walk visits a node and, where visit says so, all that is in it, in the order of the text: statements, expressions, the parts of classes with
// their decorators, parameters and patterns. Types are not visited.
func Walk(n Node, visit func(Node) bool) {
	w := walker{visit}
	switch n := n.(type) {
	case Stmt:
		w.stmt(n)
	case Expr:
		w.expr(n)
	}
}

// walker is one walk.
type walker struct{ visit func(Node) bool }

func (w walker) stmts(list []Stmt) {
	for _, s := range list {
		w.stmt(s)
	}
}

func (w walker) exprs(list []Expr) {
	for _, e := range list {
		w.expr(e)
	}
}

func (w walker) block(b *Block) {
	if b != nil {
		w.stmt(b)
	}
}

func (w walker) pattern(p *Pattern) {
	if p == nil || !w.visit(p) {
		return
	}
	for _, prop := range p.Props {
		w.expr(prop.Computed)
		w.pattern(prop.Pattern)
	}
	for _, item := range p.Items {
		w.pattern(item)
	}
	w.expr(p.Target)
	w.expr(p.Default)
}

func (w walker) decorators(list []*Decorator) {
	for _, d := range list {
		if w.visit(d) {
			w.expr(d.X)
		}
	}
}

func (w walker) function(f *Func) {
	for _, p := range f.Params {
		if w.visit(p) {
			w.decorators(p.Decorators)
			w.pattern(p.Pattern)
			w.expr(p.Default)
		}
	}
	w.block(f.Body)
	w.expr(f.Value)
}

func (w walker) class(c *Class) {
	w.decorators(c.Decorators)
	w.expr(c.Extends)
	for _, m := range c.Members {
		if !w.visit(m) {
			continue
		}
		w.decorators(m.Decorators)
		w.expr(m.Computed)
		w.expr(m.Value)
		if m.Func != nil {
			w.expr(m.Func)
		}
		w.block(m.Body)
	}
}

func (w walker) stmt(s Stmt) {
	if s == nil || !w.visit(s) {
		return
	}
	switch s := s.(type) {
	case *Export:
		w.expr(s.Value)
	case *Var:
		for _, d := range s.Names {
			w.pattern(d.Pattern)
			w.expr(d.Init)
		}
	case *FuncDecl:
		w.expr(s.Func)
	case *ClassDecl:
		w.expr(s.Class)
	case *Enum:
		for _, m := range s.Members {
			w.expr(m.Value)
		}
	case *Namespace:
		w.stmts(s.Body)
	case *ExprStmt:
		w.expr(s.X)
	case *Block:
		w.stmts(s.Body)
	case *If:
		w.expr(s.Test)
		w.stmt(s.Then)
		w.stmt(s.Else)
	case *For:
		w.stmt(s.Init)
		w.expr(s.Test)
		w.expr(s.Update)
		w.stmt(s.Body)
	case *ForOf:
		w.pattern(s.Pattern)
		w.expr(s.Over)
		w.stmt(s.Body)
	case *While:
		w.expr(s.Test)
		w.stmt(s.Body)
	case *Return:
		w.expr(s.X)
	case *Throw:
		w.expr(s.X)
	case *Try:
		w.block(s.Body)
		w.pattern(s.Param)
		w.block(s.Handler)
		w.block(s.Finally)
	case *Switch:
		w.expr(s.X)
		for _, c := range s.Cases {
			w.expr(c.Test)
			w.stmts(c.Body)
		}
	case *Labeled:
		w.stmt(s.Body)
	}
}

func (w walker) expr(e Expr) {
	if e == nil || !w.visit(e) {
		return
	}
	switch e := e.(type) {
	case *Template:
		w.expr(e.Tag)
		w.exprs(e.Values)
	case *Array:
		w.exprs(e.Items)
	case *Object:
		for _, p := range e.Props {
			if w.visit(p) {
				w.expr(p.Computed)
				w.expr(p.Value)
			}
		}
	case *Func:
		w.function(e)
	case *Class:
		w.class(e)
	case *Unary:
		w.expr(e.X)
	case *Update:
		w.expr(e.X)
	case *Binary:
		w.expr(e.X)
		w.expr(e.Y)
	case *Assign:
		w.expr(e.X)
		w.pattern(e.Pattern)
		w.expr(e.Y)
	case *Cond:
		w.expr(e.Test)
		w.expr(e.Then)
		w.expr(e.Else)
	case *Call:
		w.expr(e.Fun)
		w.exprs(e.Args)
	case *Select:
		w.expr(e.X)
	case *Index:
		w.expr(e.X)
		w.expr(e.Index)
	case *Await:
		w.expr(e.X)
	case *Yield:
		w.expr(e.X)
	case *Spread:
		w.expr(e.X)
	case *As:
		w.expr(e.X)
	case *Comma:
		w.exprs(e.List)
	}
}
