package golang

import (
	"go/ast"
	"go/types"
	"reflect"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Gorp stores structs whose tables are registered: dbMap.AddTableWithName(User{}, "users").SetKeys(true, "ID"); dbMap.Insert(&user).
// Borp is the same with a context in front of the arguments. Where gorp gets one, a method says it first: dbMap.WithContext(ctx).Insert(&user).

func isGorp(path string) bool {
	return strings.HasPrefix(path, "github.com/go-gorp/gorp") || strings.HasPrefix(path, "gopkg.in/gorp.v") || strings.HasPrefix(path, "gopkg.in/go-gorp/gorp.v") || strings.HasSuffix(path, "letsencrypt/borp")
}

// gorpMethods are the methods that send a statement, with where their SQL stands behind a context; -1 where a struct says it.
var gorpMethods = map[string]int{
	"Insert": -1, "Update": -1, "UpdateColumns": -1, "Delete": -1, "Get": -1, "Select": 1, "SelectOne": 1,
	"Exec": 0, "Query": 0, "QueryRow": 0, "Prepare": 0, "SelectInt": 0, "SelectNullInt": 0, "SelectFloat": 0, "SelectNullFloat": 0, "SelectStr": 0, "SelectNullStr": 0,
	"ExecContext": 0, "QueryContext": 0, "QueryRowContext": 0,
}

// gorpSpec recognises a call that sends a statement through gorp.
func (l *lifter) gorpSpec(s *source, call *ast.CallExpr, selector *ast.SelectorExpr, path, typeName string) (querySpec, bool) {
	name := selector.Sel.Name
	at, is := gorpMethods[name]
	if !is || !isGorpHandle(path, typeName) && (at >= 0 || !l.passesRows(s, call)) {
		return querySpec{}, false
	}
	if at < 0 && call.Ellipsis.IsValid() {
		return querySpec{}, false // a wrapper: of what rows, those who call it say
	}
	ctx := contextIndex(s, call)
	spec := querySpec{library: "gorp", text: -1, args: ctx + 1, ctx: ctx, pos: selector}
	spec.one = name == "Get" || name == "SelectOne" || strings.HasPrefix(name, "QueryRow") || at == 0 && strings.HasPrefix(name, "Select")
	if at >= 0 {
		spec.text, spec.args = ctx+1+at, ctx+2+at
	}
	return spec, len(call.Args) > max(ctx+1, spec.text)
}

func isGorpHandle(path, typeName string) bool {
	return isGorp(path) && (typeName == "DbMap" || typeName == "Transaction" || typeName == "SqlExecutor")
}

// passesRows reports whether each function of the code that a call leads to, but for those of tests, hands the rows that it is given on to gorp as
// they are: func (m *Map) Insert(ctx context.Context, rows ...any) error { return m.dbMap.Insert(ctx, rows...) }. What rows they are, the call says.
func (l *lifter) passesRows(s *source, call *ast.CallExpr) bool {
	if call.Ellipsis.IsValid() {
		return false
	}
	passes := false
	for _, f := range l.static(s, call) {
		if f.fact.Aside == "test" {
			continue
		}
		if passes = l.passesRowsOn(f, calledName(call), 0); !passes {
			return false
		}
	}
	return passes
}

// passesRowsOn reports whether a function hands its last parameters to a method of a name of gorp's, itself or by way of another function.
func (l *lifter) passesRowsOn(f *function, name string, depth int) bool {
	if depth > 3 || f.sig == nil || !f.sig.Variadic() || len(f.params) == 0 || f.params[len(f.params)-1] == nil {
		return false
	}
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || found || !call.Ellipsis.IsValid() || calledName(call) != name || f.source.target(call.Args[len(call.Args)-1]) != f.params[len(f.params)-1] {
			return !found
		}
		path, typeName := namedType(typeOr(f.source.info.TypeOf(firstOf(call.Fun))))
		found = isGorpHandle(path, typeName)
		for _, callee := range l.static(f.source, call) {
			found = found || l.passesRowsOn(callee, name, depth+1)
		}
		return !found
	})
	return found
}

// gorpContext finds the context that a chain of gorp's is given, and whether it is given none.
func (l *lifter) gorpContext(at work, spec querySpec, q *facts.Query) {
	if spec.ctx >= 0 {
		return
	}
	q.Endless = ""
	for _, s := range l.steps(at.source, spec.pos.X, 0) {
		if s.name == "WithContext" && len(s.call.Args) == 1 {
			q.Context = l.value(s.source, s.call.Args[0])
			if l.isOwnContext(s.source, s.call.Args[0], 0) {
				q.Endless = facts.OwnContext
			}
			return
		}
	}
	// A local variable may hold a map that has one; so may a transaction, and whatever is an executor.
	_, typeName := namedType(at.info.TypeOf(spec.pos.X))
	object := at.target(spec.pos.X)
	if typeName == "DbMap" && object != nil && (isFieldVar(object) || len(l.defs[object]) == 0) {
		q.Endless = facts.TakesNoContext
	}
}

func isFieldVar(object types.Object) bool {
	v, is := object.(*types.Var)
	return is && v.IsField()
}

// gorpRows reads the statement of a method that is given structs.
func (l *lifter) gorpRows(at work, spec querySpec, q *facts.Query) {
	name, args := spec.pos.Sel.Name, at.call.Args[spec.ctx+1:]
	if name == "UpdateColumns" {
		args = args[1:] // which columns
	}
	q.Chain, q.Mapped = text(at.call), name != "UpdateColumns"
	if len(args) == 0 {
		return
	}
	t := l.gorpTable(structOf(at.info.TypeOf(args[0])))
	if t.name == "" {
		return
	}
	out := &facts.Statement{Verb: facts.Select, Tables: []facts.TableUse{{Table: t.name, Alias: t.name}}}
	switch name {
	case "Insert":
		out.Verb, out.Sets = facts.Insert, l.columnsOf(at.source, args[0])
	case "Update":
		out.Verb, out.Sets = facts.Update, []string{"*"}
	case "UpdateColumns":
		out.Verb = facts.Update
	case "Delete":
		out.Verb = facts.Delete
	case "Get":
		out.Limit = "1"
		for i, column := range t.key {
			if i+1 < len(args) {
				v := l.value(at.source, args[i+1])
				out.Predicates = append(out.Predicates, facts.Predicate{Table: t.name, Column: column, Operator: "=", Arg: &v})
			}
		}
	}
	if out.Verb == facts.Update || out.Verb == facts.Delete {
		if t.version != "" { // the row must still be the one that was read
			out.Sets = append(out.Sets, t.version)
			out.Predicates = append(out.Predicates, facts.Predicate{Table: t.name, Column: t.version, Operator: "="})
		}
	}
	q.Statement = out
}

// gorpTable is what is registered of a struct's table.
type gorpTable struct {
	name    string
	key     []string
	version string // the column by which a row that somebody else has changed is not changed again
}

// gorpTable finds the table of a struct, which is named as the struct where nothing else is registered.
func (l *lifter) gorpTable(named *types.Named) gorpTable {
	if named == nil {
		return gorpTable{}
	}
	if l.gorpTables == nil {
		l.gorpTables = map[*types.TypeName]gorpTable{}
		l.eachFile(l.registerGorp)
	}
	if t, registered := l.gorpTables[named.Obj()]; registered {
		return t
	}
	return gorpTable{name: strings.ToLower(named.Obj().Name()), key: []string{"id"}}
}

// registerGorp reads the registrations of a file.
func (l *lifter) registerGorp(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || len(call.Args) == 0 || !strings.HasPrefix(calledName(call), "AddTable") {
			return true
		}
		path, _ := namedType(typeOr(p.info.TypeOf(firstOf(call.Fun))))
		named := structOf(p.info.TypeOf(call.Args[0]))
		if !isGorp(path) || named == nil {
			return true
		}
		t := gorpTable{name: strings.ToLower(named.Obj().Name()), key: []string{"id"}}
		if n := len(call.Args); n > 1 { // behind the schema, where there is one
			t.name = constantText(p.source, call.Args[n-1])
		}
		for next := l.outer[call]; next != nil; next = l.outer[next] {
			switch calledName(next) {
			case "SetKeys":
				t.key = nil
				for _, arg := range next.Args[min(1, len(next.Args)):] {
					t.key = append(t.key, fieldColumn(named, constantText(p.source, arg)))
				}
			case "SetVersionCol":
				t.version = fieldColumn(named, constantText(p.source, next.Args[0]))
			}
		}
		l.gorpTables[named.Obj()] = t
		return true
	})
}

// fieldColumn is the column of a field of a struct, or the name itself where it is that of a column.
func fieldColumn(named *types.Named, name string) string {
	structure := named.Underlying().(*types.Struct)
	for i := range structure.NumFields() {
		if structure.Field(i).Name() == name {
			return columnAt(structure, i)
		}
	}
	return name
}

// dbColumn is the column that the tag of gorp and sqlx gives a field; "" for none.
func dbColumn(tag reflect.StructTag) string {
	name, _, _ := strings.Cut(tag.Get("db"), ",")
	if name = strings.TrimSpace(name); name == "-" {
		return ""
	}
	return name
}
