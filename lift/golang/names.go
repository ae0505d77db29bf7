package golang

import (
	"go/ast"
	"go/types"
	"reflect"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// column is a column's name without its table and quotes.
func column(name string) string {
	name = strings.TrimSpace(strings.Trim(name, "`\""))
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	if strings.ContainsAny(name, " (") {
		return ""
	}
	return strings.Trim(name, "`\"")
}

// tableOf is the table of a struct's values: what its TableName says, else its name as the library spells it.
func (l *lifter) tableOf(s *source, e ast.Expr, library string) string {
	named := structOf(s.info.TypeOf(e))
	if named == nil {
		return ""
	}
	return l.tableNamed(named, library)
}

// unqualified is a table's name without its schema and quotes, as tables are called in SQL too: which schema an unqualified name is of, the
// connection's search path says.
func unqualified(table string) string {
	return strings.Trim(table[strings.LastIndexByte(table, '.')+1:], "`\"")
}

// tableNamed is the table of a struct by what its TableName says, else by its name.
func (l *lifter) tableNamed(named *types.Named, library string) string {
	if object, _, _ := types.LookupFieldOrMethod(named, true, named.Obj().Pkg(), "TableName"); object != nil {
		if fn, is := object.(*types.Func); is {
			if f := l.declared[fn.Origin()]; f != nil {
				if results := singleReturn(f); len(results) == 1 {
					if name := constantText(f.source, results[0]); name != "" {
						return unqualified(name)
					}
				}
			}
			return ""
		}
	}
	name := facts.Snake(named.Obj().Name())
	if library == "bun" {
		if table := bunTable(named); table != "" {
			return table
		}
	}
	if library != "xorm" {
		return plural(name)
	}
	return name
}

// bunTable is the table that the tag of bun's embedded model names; "" for none.
func bunTable(named *types.Named) string {
	structure, is := named.Underlying().(*types.Struct)
	if !is {
		return ""
	}
	for i := range structure.NumFields() {
		if path, name := namedType(structure.Field(i).Type()); !strings.HasPrefix(path, "github.com/uptrace/bun") || name != "BaseModel" {
			continue
		}
		for part := range strings.SplitSeq(reflect.StructTag(structure.Tag(i)).Get("bun"), ",") {
			if table, is := strings.CutPrefix(part, "table:"); is {
				return unqualified(table)
			}
		}
	}
	return ""
}

// columnsOf are the columns of the struct that a value is.
func (l *lifter) columnsOf(s *source, e ast.Expr) []string {
	named := structOf(s.info.TypeOf(e))
	if named == nil {
		return nil
	}
	var out []string
	structure := named.Underlying().(*types.Struct)
	for i := range structure.NumFields() {
		if field := structure.Field(i); field.Exported() && scalar(field.Type()) {
			out = append(out, columnAt(structure, i))
		}
	}
	return out
}

// columnName is the column of a field that a literal names: as its tag says, else its name in lower case with underscores.
func columnName(s *source, named *types.Named, field *ast.Ident) string {
	object, is := s.info.Uses[field].(*types.Var)
	if !is {
		return ""
	}
	if named != nil {
		structure := named.Underlying().(*types.Struct)
		for i := range structure.NumFields() {
			if structure.Field(i).Origin() == object.Origin() {
				return columnAt(structure, i)
			}
		}
	}
	return facts.Snake(field.Name)
}

// columnAt is the column of a field of a struct.
func columnAt(structure *types.Struct, i int) string {
	for part := range strings.SplitSeq(reflect.StructTag(structure.Tag(i)).Get("gorm"), ";") {
		if key, value, _ := strings.Cut(part, ":"); strings.EqualFold(strings.TrimSpace(key), "column") {
			return strings.TrimSpace(value)
		}
	}
	if name := xormName(xormWords(reflect.StructTag(structure.Tag(i)).Get("xorm"))); name != "" {
		return name
	}
	if name, _, _ := strings.Cut(reflect.StructTag(structure.Tag(i)).Get("boil"), ","); name != "" && name != "-" {
		return name
	}
	if name := dbColumn(reflect.StructTag(structure.Tag(i))); name != "" {
		return name
	}
	return facts.Snake(structure.Field(i).Name())
}

// plural is the plural as gorm and bun form it (jinzhu/inflection), of the words that backends use.
func plural(name string) string {
	word := name[strings.LastIndexByte(name, '_')+1:]
	before := name[:len(name)-len(word)]
	if known, is := plurals[word]; is {
		return before + known
	}
	ends := func(endings ...string) bool {
		return slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(word, ending) })
	}
	switch {
	case ends("sis"):
		return strings.TrimSuffix(name, "sis") + "ses"
	case ends("ss", "x", "ch", "sh", "status", "alias", "bus"):
		return name + "es"
	case ends("s", "ta", "ia"): // medias is no word of theirs
		return name
	case ends("tum", "ium"):
		return strings.TrimSuffix(name, "um") + "a"
	case ends("y") && len(word) > 1 && !strings.ContainsRune("aeiou", rune(word[len(word)-2])):
		return strings.TrimSuffix(name, "y") + "ies"
	case ends("person"):
		return strings.TrimSuffix(name, "person") + "people"
	case ends("man"):
		return strings.TrimSuffix(name, "man") + "men"
	}
	return name + "s"
}

// plurals are words with a plural of their own, or none.
var plurals = map[string]string{
	"child": "children", "index": "indices", "vertex": "vertices", "matrix": "matrices", "equipment": "equipment", "information": "information",
	"money": "money", "series": "series", "species": "species", "quiz": "quizzes", "move": "moves", "human": "humans",
}
