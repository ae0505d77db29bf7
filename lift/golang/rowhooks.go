package golang

import "go/types"

// rowHooks are methods of models that a mapper calls for each row that it has read, one by one, by their names, with the mapper. Those of bun
// are called once for a query.
var rowHooks = map[string]string{"AfterFind": "gorm", "AfterLoad": "xorm"}

// findRowHooks says of methods of models which table's rows a mapper calls them for.
func (l *lifter) findRowHooks() {
	for _, f := range l.functions {
		library := rowHooks[f.fact.Own]
		if library == "" || f.recv == nil || f.sig == nil || f.sig.Params().Len() > 1 || f.sig.Results().Len() > 1 {
			continue
		}
		named := structOf(f.recv.Type())
		if named == nil || f.sig.Params().Len() == 1 && !ofMapper(f.sig.Params().At(0).Type(), library) {
			continue
		}
		f.fact.RowOf = l.tableNamed(named, library)
	}
}

// ofMapper reports whether a type is the one by which a mapper sends queries.
func ofMapper(t types.Type, library string) bool {
	path, name := namedType(t)
	return library == "gorm" && (path == "gorm.io/gorm" || path == "github.com/jinzhu/gorm") && name == "DB" ||
		library == "xorm" && name == "Session"
}
