package build

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/containers"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"

	"github.com/fettlehq/fettle/model"
)

// celEnv is what cel-go knows of a design: its types, the constants of its enums, the functions of the language.
//
// Every value may be null for CEL, because selecting from null gives null. Enums, dates and other kinds that CEL does
// not have are opaque types of their own, so that a string in their place is a mistake. Decimal is checked as a
// double and lowered exactly.
type celEnv struct {
	parser    *parser.Parser
	provider  *provider
	functions []*decls.FunctionDecl
	constants []*decls.VariableDecl
	values    map[string][]*model.Enum // the enums that have a value of that name
	base      *checker.Env
	scopes    map[any]*checker.Env // by entity
}

// celType is the type that CEL sees.
func celType(f *model.Field) *types.Type {
	t := celElement(f)
	if f.Repeated || f.Kind == model.List {
		return types.NewListType(t)
	}
	return t
}

func celElement(f *model.Field) *types.Type {
	switch f.Kind {
	case model.EnumKind:
		return types.NewOpaqueType(f.Enum.Name)
	case model.Ref, model.List:
		if f.Target == nil {
			return types.DynType
		}
		return types.NewObjectType(f.Target.Name)
	case model.Union:
		return types.NewObjectType(f.Union.Name)
	case model.Value, model.InputDTO:
		return types.NewObjectType(f.Struct.Name)
	default:
		return celScalar(f.Kind)
	}
}

func celScalar(k model.Kind) *types.Type {
	switch k {
	case "":
		return types.DynType
	case model.Int, model.Int64:
		return types.NewNullableType(types.IntType)
	case model.Float, model.Decimal:
		return types.NewNullableType(types.DoubleType)
	case model.Boolean:
		return types.NewNullableType(types.BoolType)
	case model.DateTime:
		return types.TimestampType
	case model.Duration:
		return types.DurationType
	case model.Date, model.Time, model.JSON, model.File, model.Bytes:
		return types.NewOpaqueType(string(k))
	default:
		return types.NewNullableType(types.StringType)
	}
}

// provider tells the checker the fields of entities, value objects and inputs.
type provider struct {
	fields map[string][]*model.Field
}

func (p *provider) EnumValue(name string) ref.Val         { return types.NewErr("unknown enum %s", name) }
func (p *provider) FindIdent(name string) (ref.Val, bool) { return nil, false }

func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.fields[name]; !ok {
		return nil, false
	}
	return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
}

func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	fields, ok := p.fields[name]
	return fieldNames(fields), ok
}

func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	f := find(p.fields[name], field)
	if f == nil {
		return nil, false
	}
	return &types.FieldType{Type: celType(f)}, true
}

func (p *provider) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("%s cannot be made in an expression", name)
}

func (b *builder) newCEL() *celEnv {
	env := &celEnv{provider: &provider{fields: map[string][]*model.Field{}}, values: map[string][]*model.Enum{}, scopes: map[any]*checker.Env{}}
	for _, e := range b.model.Entities {
		env.provider.fields[e.Name] = e.Fields
	}
	for name, s := range b.structs {
		env.provider.fields[name] = s.Fields
	}
	for _, u := range b.joined {
		env.provider.fields[u.Name] = memberFields(u)
	}
	for _, m := range b.model.Modules {
		for _, e := range m.Enums {
			for _, v := range e.Values {
				if slices.Contains(env.values[v.Name], e) {
					continue // the parser reports it
				}
				env.values[v.Name] = append(env.values[v.Name], e)
				env.constants = append(env.constants, decls.NewVariable(e.Name+"."+v.Name, types.NewOpaqueType(e.Name)))
			}
		}
	}
	for name, enums := range env.values {
		t := types.NewOpaqueType(enums[0].Name)
		if len(enums) > 1 {
			t = types.DynType // the other side decides, when the expression is lowered
		}
		env.constants = append(env.constants, decls.NewVariable(name, t))
	}
	env.functions = b.celFunctions()
	p, err := parser.NewParser(parser.Macros(macros()...), parser.MaxRecursionDepth(60), parser.ExpressionSizeCodePointLimit(4000))
	if err != nil {
		panic(err)
	}
	env.parser = p
	env.base = env.newScope(nil)
	must(env.base.AddFunctions(env.functions...))
	declared := map[string]bool{"now": true, "viewer": true}
	for _, c := range env.constants {
		if !declared[c.Name()] {
			declared[c.Name()] = true
			must(env.base.AddIdents(c))
		}
	}
	must(env.base.AddIdents(decls.NewVariable("now", types.TimestampType)))
	if b.model.Account != nil {
		must(env.base.AddIdents(decls.NewVariable("viewer", types.NewObjectType(b.model.Account.Entity.Name))))
	}
	return env
}

func (env *celEnv) newScope(inside *checker.Env) *checker.Env {
	var opts []checker.Option
	if inside != nil {
		opts = append(opts, checker.ValidatedDeclarations(inside))
	}
	made, err := checker.NewEnv(containers.DefaultContainer, env.provider, opts...)
	must(err)
	return made
}

// scopeOf returns the checker for an expression: the bare fields of its row, its arguments.
func (env *celEnv) scopeOf(s scope) *checker.Env {
	if s.entity != nil && s.args == nil {
		if made := env.scopes[s.entity]; made != nil {
			return made
		}
	}
	made := env.newScope(env.base)
	declared := map[string]bool{}
	declare := func(name string, t *types.Type) {
		if !declared[name] {
			declared[name] = true
			must(made.AddIdents(decls.NewVariable(name, t)))
		}
	}
	for _, a := range s.args {
		declare(a.Name, celType(a))
	}
	for _, f := range s.rowFields() {
		if f.ArmOf != nil {
			continue // it is named by its union
		}
		declare(f.Name, celType(f))
	}
	if name := s.rowName(); name != "" {
		declare("this", types.NewObjectType(name))
		declare("old", types.NewObjectType(name))
	}
	if s.entity != nil && s.args == nil {
		env.scopes[s.entity] = made
	}
	return made
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// celFunctions declares the operators and functions of the language. Equality has one overload a type, so that values
// of different types do not compare.
func (b *builder) celFunctions() []*decls.FunctionDecl {
	var (
		boolT, intT, doubleT, stringT = types.BoolType, types.IntType, types.DoubleType, types.StringType
		instant, duration             = types.TimestampType, types.DurationType
		date, clock                   = types.NewOpaqueType("Date"), types.NewOpaqueType("Time")
		a                             = types.NewTypeParamType("A")
		listA                         = types.NewListType(a)
	)
	var all []*decls.FunctionDecl
	add := func(name string, overloads ...decls.FunctionOpt) {
		for i := range overloads {
			if overloads[i] == nil {
				panic(name)
			}
		}
		fn, err := decls.NewFunction(name, overloads...)
		must(err)
		all = append(all, fn)
	}
	id := 0
	fn := func(result *types.Type, args ...*types.Type) decls.FunctionOpt {
		id++
		return decls.Overload(fmt.Sprintf("f%d", id), args, result)
	}
	member := func(result *types.Type, args ...*types.Type) decls.FunctionOpt {
		id++
		return decls.MemberOverload(fmt.Sprintf("m%d", id), args, result)
	}
	ordered := [][2]*types.Type{
		{intT, intT},
		{doubleT, doubleT},
		{intT, doubleT},
		{doubleT, intT},
		{stringT, stringT},
		{instant, instant},
		{duration, duration},
		{date, date},
		{clock, clock},
	}
	comparable := append([][2]*types.Type{{boolT, boolT}, {types.NullType, types.NullType}}, ordered...)
	for _, e := range b.model.Entities {
		t := types.NewObjectType(e.Name)
		comparable = append(comparable, [2]*types.Type{t, t})
	}
	for _, u := range b.joined {
		union := types.NewObjectType(u.Name)
		comparable = append(comparable, [2]*types.Type{union, union})
		for _, e := range b.model.Entities { // that it is none of its types is said when the comparison is lowered
			t := types.NewObjectType(e.Name)
			comparable = append(comparable, [2]*types.Type{union, t}, [2]*types.Type{t, union})
		}
	}
	for _, s := range b.structs {
		t := types.NewObjectType(s.Name)
		comparable = append(comparable, [2]*types.Type{t, t})
	}
	for _, e := range b.enums {
		t := types.NewOpaqueType(e.Name)
		comparable = append(comparable, [2]*types.Type{t, t})
	}
	for _, name := range []string{"JSON", "File", "Bytes"} {
		t := types.NewOpaqueType(name)
		comparable = append(comparable, [2]*types.Type{t, t})
	}
	pairs := func(of [][2]*types.Type) (out []decls.FunctionOpt) {
		for _, p := range of {
			out = append(out, fn(boolT, p[0], p[1]))
		}
		return out
	}
	for _, name := range []string{operators.Equals, operators.NotEquals} {
		add(name, pairs(comparable)...)
	}
	for _, name := range []string{operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals} {
		add(name, pairs(ordered)...)
	}
	add(operators.LogicalAnd, fn(boolT, boolT, boolT))
	add(operators.LogicalOr, fn(boolT, boolT, boolT))
	add(operators.LogicalNot, fn(boolT, boolT))
	add(operators.NotStrictlyFalse, fn(boolT, boolT))
	add(operators.Conditional, fn(a, boolT, a, a))
	add(operators.In, fn(boolT, a, listA))
	numeric := func() []decls.FunctionOpt {
		return []decls.FunctionOpt{fn(intT, intT, intT), fn(doubleT, doubleT, doubleT), fn(doubleT, intT, doubleT), fn(doubleT, doubleT, intT)}
	}
	add(operators.Add, append(numeric(), fn(stringT, stringT, stringT), fn(instant, instant, duration), fn(instant, duration, instant),
		fn(duration, duration, duration), fn(listA, listA, listA))...)
	add(operators.Subtract, append(numeric(), fn(instant, instant, duration), fn(duration, instant, instant), fn(duration, duration, duration))...)
	add(operators.Multiply, append(numeric(), fn(duration, duration, intT), fn(duration, intT, duration))...)
	add(operators.Divide, append(numeric(), fn(duration, duration, intT))...)
	add(operators.Modulo, fn(intT, intT, intT))
	add(operators.Negate, fn(intT, intT), fn(doubleT, doubleT), fn(duration, duration))

	add("size", member(intT, stringT), member(intT, listA), fn(intT, stringT), fn(intT, listA))
	add("sum", member(intT, types.NewListType(intT)), member(doubleT, types.NewListType(doubleT)), member(duration, types.NewListType(duration)))
	add("avg", member(doubleT, types.NewListType(intT)), member(doubleT, types.NewListType(doubleT)))
	add("min", member(a, listA))
	add("max", member(a, listA))
	add("@first", fn(a, listA))
	for _, name := range []string{"startsWith", "endsWith", "contains"} {
		add(name, member(boolT, stringT, stringT))
	}
	add("matches", member(boolT, a, stringT))
	for _, name := range []string{"lower", "upper", "trim"} {
		add(name, member(stringT, stringT))
	}
	add("at", member(instant, date, stringT, stringT), member(instant, date, clock, stringT),
		member(instant, instant, stringT, stringT), member(instant, instant, clock, stringT))
	add("duration", fn(duration, stringT))
	add("timestamp", fn(instant, stringT))
	add("date", fn(date, stringT))
	add("time", fn(clock, stringT))
	add("decimal", fn(doubleT, stringT))
	add("can", fn(boolT, stringT, a))
	add("slug", fn(stringT, stringT))
	add("next", fn(intT), fn(intT, a))
	add("token", fn(stringT, intT))
	return all
}
