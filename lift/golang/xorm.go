package golang

import (
	"go/ast"
	"go/types"
	"strings"
)

func isXorm(path string) bool { return path == "xorm.io/xorm" || path == "github.com/go-xorm/xorm" }

// isXormBuilder reports whether a statement is what xorm's builder has made, which sends values as parameters.
func isXormBuilder(s *source, e ast.Expr) bool {
	t := typeOr(s.info.TypeOf(e))
	return t != types.Typ[types.Invalid] && strings.HasPrefix(namedPath(t), "xorm.io/builder") || s.packageOf(root(e)) == "xorm.io/builder"
}

// leadsToXorm reports whether a type is an interface of the code's own that engines and sessions of xorm have: some of its methods begin
// a chain of theirs.
func leadsToXorm(t types.Type) bool {
	if t == nil {
		return false
	}
	iface, is := t.Underlying().(*types.Interface)
	if !is {
		return false
	}
	for method := range iface.Methods() {
		results := method.Type().(*types.Signature).Results()
		if results.Len() == 1 && isXorm(namedPath(results.At(0).Type())) {
			return true
		}
	}
	return false
}

var xormTerminals = map[string]bool{
	"Get": true, "Exist": true, "Find": true, "FindAndCount": true, "Count": true, "Sum": true, "SumInt": true, "Iterate": true, "Rows": true,
	"Insert": true, "InsertOne": true, "InsertMulti": true, "Update": true, "Delete": true, "Exec": true, "Query": true, "QueryString": true,
	"QueryInterface": true,
}

// beans reads the conditions of xorm's values from an argument on.
func (b *builder) beans(s step, from int, table string) {
	if b.library != "xorm" {
		return
	}
	for _, arg := range s.call.Args[min(from, len(s.call.Args)):] {
		b.bean(s, arg, table)
	}
}

// bean reads the conditions that xorm takes from the fields of a value that are set.
func (b *builder) bean(s step, e ast.Expr, table string) {
	literal := structLiteral(e)
	if literal == nil {
		literal, s.source = b.madeOnce(s.source, stripAddress(e))
	}
	if literal != nil && len(literal.Elts) > 0 {
		b.condition(s, literal, nil, table, false)
	}
}
