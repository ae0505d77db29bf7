package typescript

import (
	"strings"

	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// deepestType bounds how many names stand for a type.
const deepestType = 12

// typing is what is known of a type. The zero value is not known. A promise, and a stream of one value, are what they give.
type typing struct {
	class   *class            // of the code
	face    *syntax.Interface // of the code
	enum    *syntax.Enum
	members []*syntax.TypeMember // of an object type
	file    *file                // in which face, enum, members and run are written
	run     *syntax.Func         // of a function, its node
	calls   *function            // that function, where it is one of the code's
	result  *syntax.Type         // of a type of functions
	library string               // of a library: its path
	name    string               // its name there; of what is not known as written
	args    []typing             // its type arguments
	list    bool                 // of args[0]
	module  *file                // all that a file exports
	plain   string               // "text", "number" or "boolean"
}

// known reports whether anything is known.
func (t typing) known() bool {
	return t.class != nil || t.face != nil || t.library != "" || t.list || t.members != nil || t.module != nil || t.plain != "" || t.run != nil || t.enum != nil || t.result != nil
}

// item is the type of a list's items.
func (t typing) item() typing {
	if t.list && len(t.args) > 0 {
		return t.args[0]
	}
	return typing{}
}

// of reports whether a type is one of a library, or extends one, as Repository of typeorm.
func (t typing) of(library, name string) bool {
	for c := t.class; c != nil; c = c.extends {
		if c.library != "" && within(c.library, library) && c.base == name {
			return true
		}
	}
	return within(t.library, library) && t.name == name
}

// within reports whether an import names a library or a part of it.
func within(path, library string) bool {
	return path == library || strings.HasPrefix(path, library+"/")
}

// passing are types that stand for their first argument.
var passing = map[string]bool{
	"Promise": true, "PromiseLike": true, "Observable": true, "Awaited": true, "Partial": true, "Required": true, "Readonly": true, "NonNullable": true, "Omit": true, "Pick": true,
	"Ref": true, "Maybe": true, "InstanceType": true, "Loaded": true, "Type": true, "Nullable": true, "Relation": true, "DeepPartial": true, "WithRequired": true, "Lazy": true, "ModuleRef": false,
}

// lists are types of many items.
var lists = map[string]bool{"Array": true, "ReadonlyArray": true, "Set": true, "Iterable": true, "IterableIterator": true, "AsyncIterable": true, "AsyncGenerator": true, "Generator": true, "Collection": true}

// typed is the type that is written in a file.
func (l *lifter) typed(f *file, t *syntax.Type) typing { return l.typedWithin(f, t, 0) }

func (l *lifter) typedWithin(f *file, t *syntax.Type, depth int) typing {
	if t == nil || f == nil || depth > deepestType {
		return typing{}
	}
	switch t.Kind {
	case syntax.ArrayType:
		out := typing{list: true}
		if len(t.Args) > 0 {
			out.args = []typing{l.typedWithin(f, t.Args[0], depth+1)}
		}
		return out
	case syntax.UnionType:
		for _, arm := range t.Args {
			if !nothing(arm) {
				if out := l.typedWithin(f, arm, depth+1); out.known() {
					return out
				}
			}
		}
	case syntax.IntersectionType:
		for _, arm := range t.Args {
			if out := l.typedWithin(f, arm, depth+1); out.known() {
				return out
			}
		}
	case syntax.ObjectType:
		return typing{members: t.Members, file: f}
	case syntax.FunctionType:
		return typing{result: t.Result, file: f}
	case syntax.LiteralType:
		return typing{plain: literalKind(t.Name)}
	case syntax.OperatorType:
		if t.Name == "readonly" && len(t.Args) == 1 {
			return l.typedWithin(f, t.Args[0], depth+1)
		}
		if t.Name == "typeof" && len(t.Args) == 1 {
			return l.typeOfName(f, t.Args[0].Name, depth+1)
		}
	case syntax.RefType:
		return l.reference(f, t, depth)
	}
	return typing{}
}

// nothing reports whether an arm of a union is null, undefined or such.
func nothing(t *syntax.Type) bool {
	return t.Name == "null" || t.Name == "undefined" || t.Name == "void" || t.Name == "never"
}

func literalKind(value string) string {
	switch {
	case value == "true" || value == "false":
		return "boolean"
	case value != "" && (value[0] >= '0' && value[0] <= '9' || value[0] == '-'):
		return "number"
	}
	return "text"
}

// reference is the type that a name stands for.
func (l *lifter) reference(f *file, t *syntax.Type, depth int) typing {
	switch t.Name {
	case "string":
		return typing{plain: "text"}
	case "number", "bigint", "Date":
		return typing{plain: "number"}
	case "boolean":
		return typing{plain: "boolean"}
	case "any", "unknown", "object", "":
		return typing{}
	}
	first, rest, dotted := strings.Cut(t.Name, ".")
	d := l.named(f, first)
	if d == nil || d.library != "" {
		if passing[t.Name] && len(t.Args) > 0 {
			return l.typedWithin(f, t.Args[0], depth+1)
		}
		if lists[t.Name] && len(t.Args) > 0 {
			return typing{list: true, args: []typing{l.typedWithin(f, t.Args[0], depth+1)}}
		}
	}
	if d == nil {
		return typing{name: t.Name}
	}
	if d.library != "" {
		out := typing{library: d.library, name: d.name}
		if dotted {
			out.name += "." + rest
			if d.name == "*" || d.name == "default" {
				out.name = rest
			}
		}
		for _, arg := range t.Args {
			out.args = append(out.args, l.typedWithin(f, arg, depth+1))
		}
		return out
	}
	if d.whole {
		if inner := l.exported(d.file, rest, 0); dotted && inner != nil {
			d = inner
		} else {
			return typing{module: d.file}
		}
	}
	switch {
	case d.class != nil:
		out := typing{class: d.class}
		for _, arg := range t.Args {
			out.args = append(out.args, l.typedWithin(f, arg, depth+1))
		}
		return out
	case d.face != nil:
		return typing{face: d.face, file: d.file}
	case d.enum != nil:
		return typing{enum: d.enum, file: d.file, plain: "text"}
	case d.alias != nil:
		return l.typedWithin(d.file, d.alias.Type, depth+1)
	}
	return typing{}
}

// typeOfBase is what a class extends.
func (l *lifter) typeOfBase(c *class) typing {
	e := c.node.Extends
	switch e := e.(type) {
	case *syntax.Ident:
		d := l.named(c.file, e.Name)
		switch {
		case d == nil:
			return typing{name: e.Name}
		case d.library != "":
			return typing{library: d.library, name: d.name}
		case d.class != nil:
			return typing{class: d.class}
		}
	case *syntax.Select:
		if x, is := e.X.(*syntax.Ident); is {
			if d := l.named(c.file, x.Name); d != nil && d.library != "" {
				return typing{library: d.library, name: e.Name}
			} else if d != nil && d.whole {
				if inner := l.exported(d.file, e.Name, 0); inner != nil && inner.class != nil {
					return typing{class: inner.class}
				}
			}
		}
	case *syntax.Call: // PartialType(CreateDto), PassportStrategy(…)
		for _, arg := range e.Args {
			if id, is := arg.(*syntax.Ident); is {
				if d := l.named(c.file, id.Name); d != nil && d.class != nil {
					return typing{class: d.class}
				}
			}
		}
	}
	return typing{name: c.file.said(e)}
}

// typeOfName is the type of a value by its name at the top of a file.
func (l *lifter) typeOfName(f *file, name string, depth int) typing {
	d := l.named(f, name)
	if d == nil || depth > deepestType {
		return typing{}
	}
	switch {
	case d.library != "":
		return typing{library: d.library, name: d.name}
	case d.whole:
		return typing{module: d.file}
	case d.class != nil:
		return typing{class: d.class}
	case d.run != nil:
		return typing{run: d.run, calls: d.function, file: d.file}
	case d.enum != nil:
		return typing{enum: d.enum, file: d.file, plain: "text"}
	case d.typed != nil:
		return l.typedWithin(d.file, d.typed, depth+1)
	case d.value != nil:
		return l.typeIn(&place{file: d.file}, d.value, depth+1)
	}
	return typing{}
}

// place is where an expression stands: in a function, or at the top of a file.
type place struct {
	file *file
	in   *function // nil at the top of a file
}

// typeOf is the type of an expression in a function.
func (l *lifter) typeOf(f *function, e syntax.Expr) typing {
	return l.typeIn(&place{f.file, f}, e, 0)
}

func (l *lifter) typeIn(p *place, e syntax.Expr, depth int) typing {
	if e == nil || depth > deepestType {
		return typing{}
	}
	switch e := e.(type) {
	case *syntax.As:
		if e.Type != nil && e.Type.Name != "const" {
			if t := l.typed(p.file, e.Type); t.known() {
				return t
			}
		}
		return l.typeIn(p, e.X, depth+1)
	case *syntax.Await:
		return l.typeIn(p, e.X, depth+1)
	case *syntax.Ident:
		return l.typeOfIdent(p, e, depth)
	case *syntax.Select:
		return l.memberType(l.typeIn(p, e.X, depth+1), e.Name, depth)
	case *syntax.Index:
		return l.typeIn(p, e.X, depth+1).item()
	case *syntax.Call:
		return l.callType(p, e, depth)
	case *syntax.Cond:
		if t := l.typeIn(p, e.Then, depth+1); t.known() {
			return t
		}
		return l.typeIn(p, e.Else, depth+1)
	case *syntax.Binary:
		switch e.Op {
		case "??", "||", "&&":
			if t := l.typeIn(p, e.X, depth+1); t.known() && e.Op != "&&" {
				return t
			}
			return l.typeIn(p, e.Y, depth+1)
		case "+":
			if l.typeIn(p, e.X, depth+1).plain == "number" && l.typeIn(p, e.Y, depth+1).plain == "number" {
				return typing{plain: "number"}
			}
			return typing{plain: "text"}
		case "-", "*", "/", "%", "**", "|", "&", "^", "<<", ">>", ">>>":
			return typing{plain: "number"}
		}
		return typing{plain: "boolean"}
	case *syntax.Unary:
		if e.Op == "!" || e.Op == "delete" {
			return typing{plain: "boolean"}
		}
		if e.Op == "typeof" {
			return typing{plain: "text"}
		}
		return typing{plain: "number"}
	case *syntax.Literal:
		return typing{plain: map[syntax.LiteralKind]string{syntax.Text: "text", syntax.Number: "number", syntax.Boolean: "boolean"}[e.Kind]}
	case *syntax.Template:
		return typing{plain: "text"}
	case *syntax.Array:
		for _, item := range e.Items {
			if t := l.typeIn(p, item, depth+1); t.known() {
				return typing{list: true, args: []typing{t}}
			}
		}
		return typing{list: true}
	case *syntax.Func:
		return typing{run: e, calls: l.functionOf(e), file: p.file}
	}
	return typing{}
}

func (l *lifter) typeOfIdent(p *place, e *syntax.Ident, depth int) typing {
	if e.Name == "this" {
		if p.in != nil && p.in.class != nil {
			return typing{class: p.in.class}
		}
		return typing{}
	}
	if e.Name == "super" {
		if p.in != nil && p.in.class != nil {
			return typing{class: p.in.class.extends, library: p.in.class.library, name: p.in.class.base}
		}
		return typing{}
	}
	if b := p.in.binding(e.Name, e.Pos()); b != nil {
		return l.bindingType(b, depth)
	}
	return l.typeOfName(p.file, e.Name, depth)
}

// bindingType is the type of a variable of a function.
func (l *lifter) bindingType(b *binding, depth int) typing {
	if b.busy || depth > deepestType {
		return typing{}
	}
	b.busy = true
	defer func() { b.busy = false }()
	at := &place{b.of.file, b.of}
	var t typing
	switch {
	case b.typed != nil:
		t = l.typed(b.of.file, b.typed)
	case b.list != nil:
		t = l.typeIn(at, b.list, depth+1).item()
	case b.init != nil:
		t = l.typeIn(at, b.init, depth+1)
	case b.source != nil:
		t = b.source(depth + 1)
	}
	for _, key := range b.path {
		if key == "[]" {
			t = t.item()
		} else {
			t = l.memberType(t, key, depth+1)
		}
	}
	return t
}

// memberType is the type of a member of a value.
func (l *lifter) memberType(t typing, name string, depth int) typing {
	if depth > deepestType {
		return typing{}
	}
	switch {
	case t.module != nil:
		if d := l.exported(t.module, name, 0); d != nil {
			switch {
			case d.class != nil:
				return typing{class: d.class}
			case d.run != nil:
				return typing{run: d.run, calls: d.function, file: d.file}
			case d.file != nil:
				return l.typeOfName(d.file, d.name, depth+1)
			}
		}
	case t.class != nil:
		for c, n := t.class, 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
			if m := c.methods[name]; m != nil {
				return typing{run: m.node, calls: m, file: m.file}
			}
			if fd := c.fields[name]; fd != nil {
				if fd.typed != nil {
					return l.typed(c.file, fd.typed)
				}
				return l.typeIn(&place{file: c.file}, fd.value, depth+1)
			}
			if c.library != "" {
				return typing{library: c.library, name: c.base + "." + name}
			}
		}
	case t.face != nil:
		return l.faceMember(t.face, t.file, name, depth)
	case t.members != nil:
		return l.memberOf(t.members, t.file, name)
	case t.library != "":
		return typing{library: t.library, name: t.name + "." + name, args: t.args}
	case t.plain == "text" || t.plain == "number":
		if name == "length" {
			return typing{plain: "number"}
		}
	case t.list && name == "length":
		return typing{plain: "number"}
	}
	return typing{}
}

func (l *lifter) faceMember(face *syntax.Interface, f *file, name string, depth int) typing {
	if t := l.memberOf(face.Members, f, name); t.known() {
		return t
	}
	for _, up := range face.Extends {
		if t := l.memberType(l.typed(f, up), name, depth+1); t.known() {
			return t
		}
	}
	return typing{}
}

func (l *lifter) memberOf(members []*syntax.TypeMember, f *file, name string) typing {
	for _, m := range members {
		if m.Name != name {
			continue
		}
		if m.Method {
			return typing{result: m.Type, file: f}
		}
		return l.typed(f, m.Type)
	}
	return typing{}
}

// callType is the type of what a call answers.
func (l *lifter) callType(p *place, e *syntax.Call, depth int) typing {
	if e.New {
		switch x := unwrapped(e.Fun).(type) {
		case *syntax.Ident:
			if x.Name == "Map" || x.Name == "Set" {
				return typing{name: x.Name}
			}
			d := l.named(p.file, x.Name)
			if d == nil {
				return typing{name: x.Name}
			}
			if d.library != "" {
				return typing{library: d.library, name: d.name}
			}
			return typing{class: d.class}
		case *syntax.Select:
			return l.typeIn(p, x, depth+1)
		}
		return typing{}
	}
	if s, is := e.Fun.(*syntax.Select); is {
		of := l.typeIn(p, s.X, depth+1)
		switch {
		case of.list && (s.Name == "filter" || s.Name == "slice" || s.Name == "sort" || s.Name == "concat" || s.Name == "reverse"):
			return of
		case of.list && (s.Name == "find" || s.Name == "at" || s.Name == "pop" || s.Name == "shift"):
			return of.item()
		case s.Name == "map" || s.Name == "flatMap":
			return typing{list: true}
		case s.Name == "then" || s.Name == "catch" || s.Name == "finally":
			return of
		case of.name == "PrismaClient" || of.of("@prisma/client", "PrismaClient"):
			return typing{}
		}
		if x, is := s.X.(*syntax.Ident); is && x.Name == "Promise" && len(e.Args) == 1 {
			return l.typeIn(p, e.Args[0], depth+1)
		}
	}
	if answers := l.libraryAnswer(p, e, depth); answers.known() {
		return answers
	}
	t := l.typeIn(p, e.Fun, depth+1)
	switch {
	case t.run != nil && t.run.Result != nil:
		return l.typed(t.file, t.run.Result)
	case t.run != nil && t.calls != nil && depth < deepestType:
		return l.answered(t.calls, depth+1)
	case t.result != nil:
		return l.typed(t.file, t.result)
	case t.library != "":
		return typing{library: t.library, name: t.name + "()", args: t.args}
	}
	return typing{}
}

// answered is the type of what a function without a result type returns: of its first return.
func (l *lifter) answered(f *function, depth int) typing {
	if f.answering {
		return typing{}
	}
	f.answering = true
	defer func() { f.answering = false }()
	at := &place{f.file, f}
	if f.node != nil && f.node.Value != nil {
		return l.typeIn(at, f.node.Value, depth)
	}
	for _, r := range f.returns {
		if t := l.typeIn(at, r.X, depth); t.known() {
			return t
		}
	}
	return typing{}
}
