package golang

import (
	"go/ast"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

func isGorm(path string) bool { return path == "gorm.io/gorm" || path == "github.com/jinzhu/gorm" }

func isGormDB(t types.Type) bool {
	path, name := namedType(typeOr(t))
	return isGorm(path) && name == "DB"
}

// gormTerminals are the methods of gorm that send a statement, with the index of the first condition.
var gormTerminals = map[string]int{
	"First": 1, "Last": 1, "Take": 1, "Find": 1, "FirstOrCreate": 1, "FirstOrInit": 1, "Create": 1, "Save": 1, "Update": 1, "Updates": 0,
	"UpdateColumn": 1, "UpdateColumns": 0, "Delete": 1, "Count": 1, "Pluck": 2, "Scan": 1, "Row": 0, "Rows": 0, "Exec": 1, "Raw": 1,
	"CreateInBatches": 1, "FindInBatches": 2,
}

// scoped are steps with those of the functions that Scopes of GORM is given.
func (l *lifter) scoped(steps []step) []step {
	var out []step
	for _, s := range steps {
		out = append(out, s)
		if s.name != "Scopes" {
			continue
		}
		for _, arg := range s.call.Args {
			functions := l.functionsOf(s.source, arg, 0)
			if len(functions) != 1 {
				continue
			}
			scope := l.stepsReturned(functions[0], 0)
			if made, is := ast.Unparen(arg).(*ast.CallExpr); is {
				if makers := l.static(s.source, made); len(makers) == 1 {
					scope = withGiven(scope, given{s.source, made, makers[0]})
				}
			}
			for i := range scope {
				scope[i].within = append(slices.Clip(scope[i].within), s.within...)
			}
			out = append(out, scope...)
		}
	}
	return out
}

// contextOfChain is the context that a chain of GORM is given on its way. One that begins at a field, and not at what a function was given or has
// made of it, has none of its own.
func (l *lifter) contextOfChain(at work, q *facts.Query, handle ast.Expr, steps []step) {
	for _, s := range steps {
		if s.name == "WithContext" && len(s.call.Args) == 1 {
			q.Context = l.value(s.source, s.call.Args[0])
			if s.source == at.source {
				_, q.Passed = l.holder(at.in, at.source, s.call.Args[0], 0)
			}
			q.Endless = l.endless(s.source, s.call.Args[0])
			return
		}
	}
	v, is := at.target(handle).(*types.Var)
	if !is || !isGormDB(v.Type()) || !v.IsField() && (v.Pkg() == nil || v.Parent() != v.Pkg().Scope()) {
		return
	}
	for _, d := range l.defs[v] {
		if d.expr != nil && strings.Contains(text(d.expr), "WithContext") {
			return
		}
	}
	q.Endless = facts.NotGiven
}

// gormSets reads the columns that gorm is told to write: Update("points", value), or Updates of a map or a struct. It reports whether
// that says them.
func (b *builder) gormSets(s step) bool {
	args := s.call.Args
	if len(args) == 2 {
		name := column(constantText(s.source, args[0]))
		if name != "" {
			b.assign(s.source, name, args[1])
		}
		return name != ""
	}
	if len(args) != 1 {
		return false
	}
	literal, in := b.literalOf(s.source, args[0])
	if literal == nil || len(literal.Elts) == 0 {
		return false
	}
	named := structOf(in.info.TypeOf(literal))
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			return false
		}
		name := column(constantText(in, pair.Key))
		if field, is := pair.Key.(*ast.Ident); is && named != nil {
			name = columnName(in, named, field)
		}
		b.assign(in, name, pair.Value)
	}
	return true
}

// quotesNames reports whether gorm quotes whatever names stand in a part of a statement: it does so with the columns of its clauses,
// unless one is said to be raw.
func (l *lifter) quotesNames(s *source, e ast.Expr, depth int) bool {
	path, name := namedType(typeOr(s.info.TypeOf(e)))
	if path != "gorm.io/gorm/clause" || name == "Expr" || name == "NamedExpr" || depth > 4 {
		return false
	}
	if object, is := s.target(e).(*types.Var); is {
		return !slices.ContainsFunc(l.defs[object], func(d def) bool {
			return d.kind == assigned && d.expr != nil && d.index < 0 && !l.quotesNames(d.source, d.expr, depth+1)
		})
	}
	raw := false
	ast.Inspect(e, func(n ast.Node) bool {
		if pair, is := n.(*ast.KeyValueExpr); is {
			key := text(pair.Key)
			raw = raw || key == "Raw" && text(pair.Value) != "false" || key == "Expression" && !l.quotesNames(s, pair.Value, depth+1)
		}
		return !raw
	})
	return !raw
}

// inline reads what a terminal of gorm is given beside the row: a condition with its values, a struct whose fields the row has to equal, or
// the key.
func (b *builder) inline(s step, values []facts.Value, table string) {
	e := s.call.Args[1]
	t := s.source.info.TypeOf(e)
	isText := t != nil && isString(t)
	if isText && (len(values) > 1 || constantText(s.source, e) != "" || b.saysMore(s.source, e)) || structLiteral(e) != nil && structOf(t) != nil {
		b.condition(s, e, values[1:], table, false)
		return
	}
	if isText { // the key, or a condition where it is no number
		b.text(s, e)
	}
	b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: "id", Operator: "=", Arg: &values[0]})
}

// keyed reads the key that is set in the struct that gorm reads a row into, and by which it finds the row.
func (b *builder) keyed(s *source, e ast.Expr, table string) {
	literal := structLiteral(e)
	if literal == nil {
		literal, s = b.madeOnce(s, stripAddress(e))
	}
	if literal == nil {
		return
	}
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			return
		}
		named := structOf(s.info.TypeOf(literal))
		if id, is := pair.Key.(*ast.Ident); is && named != nil && isGormKey(named.Underlying().(*types.Struct), id.Name) {
			v := b.l.value(s, pair.Value)
			b.q.Args = append(b.q.Args, v)
			b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: columnName(s, named, id), Operator: "=", Arg: &v})
		}
	}
}

// isGormKey reports whether a field is of the key of its struct: by its tag, else ID.
func isGormKey(structure *types.Struct, name string) bool {
	tagged := false
	for i := range structure.NumFields() {
		tag := strings.ToLower(strings.ReplaceAll(reflect.StructTag(structure.Tag(i)).Get("gorm"), "_", ""))
		if !slices.ContainsFunc(strings.Split(tag, ";"), func(part string) bool { return strings.HasPrefix(strings.TrimSpace(part), "primarykey") }) {
			continue
		}
		if tagged = true; structure.Field(i).Name() == name {
			return true
		}
	}
	return !tagged && name == "ID"
}
