package golang

import (
	"go/ast"
	"go/types"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// findBound notes the fields that a router fills from a route's path, by their tags, and gives functions those of their
// receivers and parameters.
func (l *lifter) findBound() {
	bound := map[*types.Named][]facts.Bound{}
	for _, named := range l.named {
		structure, is := named.Underlying().(*types.Struct)
		if !is {
			continue
		}
		for i := range structure.NumFields() {
			tag := reflect.StructTag(structure.Tag(i))
			if maximum.MatchString(structure.Tag(i)) {
				l.bounded[structure.Field(i)] = true
			}
			if minimum.MatchString(structure.Tag(i)) {
				l.positive[structure.Field(i)] = true
			}
			if tag.Get("xml") != "" {
				l.documents[structure.Field(i)] = true
			}
			param := tagName(tag, "param", "uri", "path", "params")
			if param == "" {
				continue
			}
			field := structure.Field(i)
			l.pathParams[field] = param
			column := facts.Snake(field.Name())
			bound[named] = append(bound[named], facts.Bound{Type: named.Obj().Pkg().Path() + "." + named.Obj().Name(), Param: param, Column: column, Key: column == "id" || strings.Contains(tag.Get("xorm")+tag.Get("gorm"), "pk")})
		}
	}
	for _, f := range l.functions {
		f.fact.Judges = f.sig != nil && f.sig.Results().Len() > 0 && types.Identical(f.sig.Results().At(0).Type(), types.Typ[types.Bool])
		for _, object := range append(slices.Clone(f.params), f.recv) {
			if object != nil {
				f.fact.Bound = append(f.fact.Bound, bound[structOf(object.Type())]...)
			}
		}
	}
}

// maximum are tags of validators that give a number an upper limit.
var maximum = regexp.MustCompile(`(validate|binding|valid):"[^"]*\b(max|lte|lt|range)\b|maximum:"`)

// tagName is the first name of some of the keys of a field's tag.
func tagName(tag reflect.StructTag, keys ...string) string {
	for _, key := range keys {
		if name, _, _ := strings.Cut(tag.Get(key), ","); name != "" && name != "-" {
			return name
		}
	}
	return ""
}

// structOf is the named struct that a type is, points to, or lists; nil where it is none.
func structOf(t types.Type) *types.Named {
	for t != nil {
		switch u := types.Unalias(t).(type) {
		case *types.Pointer:
			t = u.Elem()
			continue
		case *types.Slice:
			t = u.Elem()
			continue
		case *types.Map:
			t = u.Elem()
			continue
		case *types.Named:
			if _, is := u.Underlying().(*types.Struct); is {
				return u
			}
		}
		return nil
	}
	return nil
}

// says are columns that no client should set and that say yes or no. A text of such a name is whose name it is, as that of the account that a directory is asked by.
var says = regexp.MustCompile(`^(is_)?(super_?)?(admin|staff|superuser|moderator|verified|approved)$`)

// rights are names of what somebody may do, of a struct or of its columns.
var rights = regexp.MustCompile(`^(roles?|permissions?)$`)

// isOfRights reports whether a column says what somebody may do of a row that is such a thing itself: the permissions of a role are what
// whoever makes the role sends, and whether he may is asked before.
func isOfRights(named *types.Named, column string) bool {
	return rights.MatchString(column) && rights.MatchString(facts.Snake(named.Obj().Name()))
}

// settable are the columns of a variable's struct that a request fills through the body it is decoded from, and that
// the function does not set itself afterwards.
func (l *lifter) settable(s *source, e ast.Expr) []string {
	switch ast.Unparen(e).(type) {
	case *ast.Ident, *ast.UnaryExpr, *ast.StarExpr:
	default:
		return nil
	}
	object, is := s.target(e).(*types.Var)
	if !is || object.IsField() || object.Parent() == nil {
		return nil
	}
	named := structOf(object.Type())
	sent := isTextMap(object.Type())
	if !sent && (named == nil || named.Obj().Pkg() == nil || l.loader.sources[named.Obj().Pkg().Path()] == nil) {
		return nil
	}
	decoded := slices.IndexFunc(l.defs[object], func(d def) bool {
		call, isCall := d.expr.(*ast.CallExpr)
		return d.kind == filled && isCall && decodes.MatchString(calledName(call)) && d.source == s && l.readsBody(s, call)
	})
	if decoded < 0 {
		return nil
	}
	if sent {
		if l.written[object] || l.goneThrough(object) {
			return nil // what may stand in it is looked at
		}
		return []string{facts.AnyColumn}
	}
	var out []string
	structure := named.Underlying().(*types.Struct)
	for i := range structure.NumFields() {
		field, tag := structure.Field(i), reflect.StructTag(structure.Tag(i))
		column := facts.Snake(field.Name())
		if !field.Exported() || !facts.PrivilegedNamed(column) || says.MatchString(column) && isString(field.Type()) || isOfRights(named, column) || tag.Get("json") == "-" || tag.Get("binding") == "-" || tag.Get("gorm") == "-" || tag.Get("xorm") == "-" || l.pathParams[field] != "" {
			continue
		}
		set := slices.ContainsFunc(l.defs[field], func(d def) bool {
			return !d.keyed && d.source == s && object.Parent().Contains(d.pos)
		})
		if !set {
			out = append(out, column)
		}
	}
	return out
}

// isTextMap reports whether a type is a map from texts to anything.
func isTextMap(t types.Type) bool {
	if pointer, is := types.Unalias(t).(*types.Pointer); is {
		t = pointer.Elem()
	}
	m, is := t.Underlying().(*types.Map)
	return is && isString(m.Key()) && types.IsInterface(m.Elem())
}

// goneThrough reports whether a loop goes over a variable, or a function of the code is given it.
func (l *lifter) goneThrough(object types.Object) bool {
	if l.overs == nil {
		l.overs = map[types.Object]bool{}
		l.eachFile(func(p place) {
			ast.Inspect(p.file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.RangeStmt:
					l.overs[p.target(n.X)] = true
				case *ast.CallExpr:
					if len(l.static(p.source, n)) > 0 {
						for _, arg := range n.Args {
							if object, is := p.target(arg).(*types.Var); is && isTextMap(object.Type()) {
								l.overs[object] = true
							}
						}
					}
				}
				return true
			})
		})
	}
	return l.overs[object]
}

var decodes = regexp.MustCompile(`(?i)^(Should|Must)?(Bind|BindJSON|BindAndValidate|Decode|Unmarshal|ReadJSON|BodyParser|DecodeJSON|ReadRequest|ParseBody|BindBody|ShouldBindBodyWith)(JSON|With)?$`)

// readsBody reports whether a call decodes what a client sent.
func (l *lifter) readsBody(s *source, call *ast.CallExpr) bool {
	w := &walk{l: l, seen: map[types.Object]bool{}, budget: 100}
	return slices.ContainsFunc(w.fill(s, call), func(o facts.Origin) bool { return o.Kind == facts.FromRequest })
}
