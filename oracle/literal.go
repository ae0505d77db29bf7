package oracle

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"reflect"
	"strconv"
	"time"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// This file reads the literals of package meta out of generated code as a compiler would, so that each random design goes
// through the emitter too, and no Go need be compiled for it. It knows the few forms that generated code has; any other is
// an error that names it.

// literals is the generated files of a service, with the variables that they declare.
type literals struct {
	vars map[string]map[string]ast.Expr // by folder, then name
	done map[ast.Expr]reflect.Value
}

// backendOf reads the metadata out of the generated files of a service, by path.
func backendOf(files map[string][]byte) (b *meta.Backend, err error) {
	l := &literals{vars: map[string]map[string]ast.Expr{}, done: map[ast.Expr]reflect.Value{}}
	defer func() {
		if bad, ok := recover().(unread); ok {
			err = fmt.Errorf("generated code: %s", bad)
		}
	}()
	b = &meta.Backend{}
	for name, text := range files {
		if err := l.read(path.Dir(name), name, text, b); err != nil {
			return nil, err
		}
	}
	for folder := range l.vars {
		l.module(folder, b)
	}
	return b, nil
}

// unread is what stops the reading.
type unread string

func (l *literals) read(folder, name string, text []byte, b *meta.Backend) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if l.vars[folder] == nil {
		l.vars[folder] = map[string]ast.Expr{}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if v, ok := s.(*ast.ValueSpec); ok && len(v.Values) == 1 {
					l.vars[folder][v.Names[0].Name] = v.Values[0]
				}
			}
		case *ast.FuncDecl:
			switch d.Name.Name {
			case "Module":
				l.vars[folder]["Module()"] = d.Body.List[0].(*ast.ReturnStmt).Results[0]
			case "backend": // b := &meta.Backend{Name: …, Account: …}
				literal := d.Body.List[0].(*ast.AssignStmt).Rhs[0].(*ast.UnaryExpr).X
				l.into(folder, literal, reflect.ValueOf(b).Elem())
			}
		}
	}
	return nil
}

// module reads what the function Module of a folder returns, but for the handlers.
func (l *literals) module(folder string, b *meta.Backend) {
	returned, ok := l.vars[folder]["Module()"].(*ast.CompositeLit)
	if !ok {
		return
	}
	var m query.Module
	for _, e := range returned.Elts {
		pair := e.(*ast.KeyValueExpr)
		if name := pair.Key.(*ast.Ident).Name; name != "Handlers" {
			l.into(folder, pair.Value, reflect.ValueOf(&m).Elem().FieldByName(name))
		}
	}
	b.Entities = append(b.Entities, m.Entities...)
	b.Enums = append(b.Enums, m.Enums...)
	b.Structs = append(b.Structs, m.Structs...)
	b.Operations = append(b.Operations, m.Operations...)
	b.Subscriptions = append(b.Subscriptions, m.Subscriptions...)
	b.Events = append(b.Events, m.Events...)
}

// into puts the value of x into a place.
func (l *literals) into(folder string, x ast.Expr, place reflect.Value) {
	v := l.value(folder, x, place.Type())
	if !v.IsValid() {
		return // nil
	}
	if v.Type() != place.Type() && v.CanConvert(place.Type()) && place.Kind() != reflect.Interface {
		v = v.Convert(place.Type())
	}
	place.Set(v)
}

// value is x, which stands where a value of type want does.
func (l *literals) value(folder string, x ast.Expr, want reflect.Type) reflect.Value {
	switch x := x.(type) {
	case *ast.BasicLit:
		return basic(x)
	case *ast.ParenExpr:
		return l.value(folder, x.X, want)
	case *ast.UnaryExpr:
		return l.unary(folder, x, want)
	case *ast.BinaryExpr: // 24 * time.Hour
		a, b := l.value(folder, x.X, want), l.value(folder, x.Y, want)
		if x.Op != token.MUL {
			panic(unread("operator " + x.Op.String()))
		}
		return reflect.ValueOf(time.Duration(a.Int() * b.Int()))
	case *ast.Ident:
		return l.name(folder, x.Name, want)
	case *ast.SelectorExpr:
		v, ok := constants[x.X.(*ast.Ident).Name+"."+x.Sel.Name]
		if !ok {
			panic(unread("no constant " + x.X.(*ast.Ident).Name + "." + x.Sel.Name))
		}
		return reflect.ValueOf(v)
	case *ast.CompositeLit:
		return l.composite(folder, x, want)
	case *ast.CallExpr:
		return l.call(folder, x)
	}
	panic(unread(fmt.Sprintf("a %T", x)))
}

func basic(x *ast.BasicLit) reflect.Value {
	switch x.Kind {
	case token.STRING:
		text, err := strconv.Unquote(x.Value)
		if err != nil {
			panic(unread(err.Error()))
		}
		return reflect.ValueOf(text)
	case token.INT:
		n, err := strconv.ParseInt(x.Value, 0, 64)
		if err != nil {
			panic(unread(err.Error()))
		}
		return reflect.ValueOf(n)
	case token.FLOAT:
		n, err := strconv.ParseFloat(x.Value, 64)
		if err != nil {
			panic(unread(err.Error()))
		}
		return reflect.ValueOf(n)
	}
	panic(unread("literal " + x.Value))
}

func (l *literals) unary(folder string, x *ast.UnaryExpr, want reflect.Type) reflect.Value {
	switch x.Op {
	case token.AND:
		to := reflect.New(typeNamed(x.X.(*ast.CompositeLit).Type, want))
		to.Elem().Set(l.composite(folder, x.X.(*ast.CompositeLit), to.Elem().Type()))
		return to
	case token.SUB:
		v := l.value(folder, x.X, want)
		if v.Kind() == reflect.Int64 {
			return reflect.ValueOf(-v.Int())
		}
		return reflect.ValueOf(-v.Float())
	}
	panic(unread("operator " + x.Op.String()))
}

func (l *literals) name(folder, name string, want reflect.Type) reflect.Value {
	switch name {
	case "true":
		return reflect.ValueOf(true)
	case "false":
		return reflect.ValueOf(false)
	case "nil":
		return reflect.Value{}
	}
	x, ok := l.vars[folder][name]
	if !ok {
		panic(unread("no variable " + name))
	}
	if v, ok := l.done[x]; ok {
		return v
	}
	v := l.value(folder, x, want)
	l.done[x] = v
	return v
}

func (l *literals) composite(folder string, x *ast.CompositeLit, want reflect.Type) reflect.Value {
	t := want
	if x.Type != nil {
		t = typeNamed(x.Type, want)
	}
	if t.Kind() == reflect.Pointer { // an element of []*T, whose &T is left out
		to := reflect.New(t.Elem())
		to.Elem().Set(l.composite(folder, x, t.Elem()))
		return to
	}
	v := reflect.New(t).Elem()
	if t.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(t, len(x.Elts), len(x.Elts)))
		for i, e := range x.Elts {
			l.into(folder, e, v.Index(i))
		}
		return v
	}
	for i, e := range x.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok {
			l.into(folder, pair.Value, v.FieldByName(pair.Key.(*ast.Ident).Name))
		} else {
			l.into(folder, e, v.Field(i))
		}
	}
	return v
}

func (l *literals) call(folder string, x *ast.CallExpr) reflect.Value {
	if name, ok := x.Fun.(*ast.Ident); ok {
		v := l.value(folder, x.Args[0], nil)
		switch name.Name {
		case "new":
			to := reflect.New(v.Type())
			to.Elem().Set(v)
			return to
		case "int64", "float64":
			return v.Convert(types[name.Name])
		}
		panic(unread("function " + name.Name))
	}
	selector := x.Fun.(*ast.SelectorExpr)
	f, ok := functions[selector.X.(*ast.Ident).Name+"."+selector.Sel.Name]
	if !ok {
		panic(unread("no function " + selector.Sel.Name))
	}
	fn := reflect.ValueOf(f)
	args := make([]reflect.Value, len(x.Args))
	for i, a := range x.Args {
		t := fn.Type().In(min(i, fn.Type().NumIn()-1))
		if fn.Type().IsVariadic() && i >= fn.Type().NumIn()-1 {
			t = t.Elem()
		}
		args[i] = reflect.New(t).Elem()
		l.into(folder, a, args[i])
	}
	return fn.Call(args)[0]
}

// typeNamed is the type that x writes.
func typeNamed(x ast.Expr, want reflect.Type) reflect.Type {
	switch x := x.(type) {
	case nil:
		return want
	case *ast.ArrayType:
		return reflect.SliceOf(typeNamed(x.Elt, want))
	case *ast.StarExpr:
		return reflect.PointerTo(typeNamed(x.X, want))
	case *ast.Ident:
		if t, ok := types[x.Name]; ok {
			return t
		}
	case *ast.SelectorExpr:
		if t, ok := types[x.X.(*ast.Ident).Name+"."+x.Sel.Name]; ok {
			return t
		}
		if want != nil && want.Kind() == reflect.Pointer {
			want = want.Elem()
		}
		if want != nil && want.Name() == x.Sel.Name { // what its place says it is
			return want
		}
		panic(unread("no type " + x.Sel.Name))
	}
	panic(unread(fmt.Sprintf("type %T", x)))
}

var types = map[string]reflect.Type{
	"string": reflect.TypeFor[string](), "any": reflect.TypeFor[any](), "int64": reflect.TypeFor[int64](), "float64": reflect.TypeFor[float64](),
	"meta.Entity": reflect.TypeFor[meta.Entity](), "meta.Field": reflect.TypeFor[meta.Field](), "meta.Unique": reflect.TypeFor[meta.Unique](),
	"meta.Check": reflect.TypeFor[meta.Check](), "meta.Enum": reflect.TypeFor[meta.Enum](), "meta.Struct": reflect.TypeFor[meta.Struct](),
	"meta.Rule": reflect.TypeFor[meta.Rule](), "meta.JoinTable": reflect.TypeFor[meta.JoinTable](), "meta.Parts": reflect.TypeFor[meta.Parts](), "meta.Account": reflect.TypeFor[meta.Account](),
	"meta.Operation": reflect.TypeFor[meta.Operation](), "meta.Fault": reflect.TypeFor[meta.Fault](), "meta.Flow": reflect.TypeFor[meta.Flow](),
	"meta.Step": reflect.TypeFor[meta.Step](), "meta.Exclusion": reflect.TypeFor[meta.Exclusion](), "meta.Tenant": reflect.TypeFor[meta.Tenant](), "meta.Backend": reflect.TypeFor[meta.Backend](),
	"meta.Verb": reflect.TypeFor[meta.Verb](), "meta.Event": reflect.TypeFor[meta.Event](),
}

var functions = map[string]any{
	"meta.When": meta.When, "meta.Grants": meta.Grants, "meta.Pages": meta.Pages,
	"meta.Const": meta.Const, "meta.Null": meta.Null, "meta.True": meta.True, "meta.This": meta.This, "meta.Old": meta.Old,
	"meta.Viewer": meta.Viewer, "meta.Var": meta.Var, "meta.Arg": meta.Arg, "meta.Now": meta.Now, "meta.Apply": meta.Apply,
	"meta.Eq": meta.Eq, "meta.Ne": meta.Ne, "meta.Lt": meta.Lt, "meta.Le": meta.Le, "meta.Gt": meta.Gt, "meta.Ge": meta.Ge,
	"meta.And": meta.And, "meta.Or": meta.Or, "meta.Not": meta.Not, "meta.In": meta.In, "meta.Over": meta.Over,
	"meta.Can": meta.Can, "meta.Call": meta.Call,
}

var constants = map[string]any{
	"time.Hour": int64(time.Hour), "time.Second": int64(time.Second), "time.Minute": int64(time.Minute),
	"meta.Read": meta.Read, "meta.Create": meta.Create, "meta.Update": meta.Update, "meta.Delete": meta.Delete,
	"meta.ID": meta.ID, "meta.String": meta.String, "meta.Int": meta.Int, "meta.Int64": meta.Int64, "meta.Float": meta.Float,
	"meta.Boolean": meta.Boolean, "meta.Decimal": meta.Decimal, "meta.DateTime": meta.DateTime, "meta.Date": meta.Date,
	"meta.Time": meta.Time, "meta.Duration": meta.Duration, "meta.UUID": meta.UUID, "meta.Email": meta.Email, "meta.URL": meta.URL,
	"meta.JSON": meta.JSON, "meta.Bytes": meta.Bytes, "meta.TimeZone": meta.TimeZone, "meta.Country": meta.Country,
	"meta.Currency": meta.Currency, "meta.EnumKind": meta.EnumKind, "meta.Value": meta.Value, "meta.Input": meta.Input,
	"meta.Reference": meta.Reference, "meta.List": meta.List,
	"meta.ByPath": meta.ByPath, "meta.ByHeader": meta.ByHeader, "meta.BySubdomain": meta.BySubdomain, "meta.Union": meta.Union,
	"meta.BeforeSignIn": meta.BeforeSignIn, "meta.Later": meta.Later, "meta.Never": meta.Never,
	"meta.Stay": meta.Stay, "meta.Restrict": meta.Restrict, "meta.Cascade": meta.Cascade,
	"meta.OpEq": meta.OpEq, "meta.OpNe": meta.OpNe, "meta.OpLt": meta.OpLt, "meta.OpLe": meta.OpLe, "meta.OpGt": meta.OpGt, "meta.OpGe": meta.OpGe,
	"meta.OpAnd": meta.OpAnd, "meta.OpOr": meta.OpOr, "meta.OpNot": meta.OpNot, "meta.OpIn": meta.OpIn, "meta.OpIf": meta.OpIf,
	"meta.OpAdd": meta.OpAdd, "meta.OpSub": meta.OpSub, "meta.OpMul": meta.OpMul, "meta.OpDiv": meta.OpDiv, "meta.OpMod": meta.OpMod,
	"meta.OpNeg": meta.OpNeg, "meta.OpExists": meta.OpExists, "meta.OpCount": meta.OpCount, "meta.OpSum": meta.OpSum, "meta.OpMin": meta.OpMin,
	"meta.OpMax": meta.OpMax, "meta.OpAvg": meta.OpAvg, "meta.OpFind": meta.OpFind, "meta.OpCan": meta.OpCan, "meta.OpCall": meta.OpCall,
}
