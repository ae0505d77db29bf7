package assess

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// Entity is a table, with the modules that ask for it.
type Entity struct {
	Table     string     `json:"table"`
	At        Place      `json:"at"`
	Columns   []Column   `json:"columns"` // none where only queries tell of the table
	Relations []Relation `json:"relations"`
	Reads     []string   `json:"reads"`  // modules
	Writes    []string   `json:"writes"` // modules
	Queries   int        `json:"queries"`
}

// Column is a column of a table.
type Column struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Key    bool   `json:"key"` // of the primary key
	Unique bool   `json:"unique"`
	Null   bool   `json:"null"`
}

// Relation leads from a table's columns to another table.
type Relation struct {
	Columns []string `json:"columns"`
	To      string   `json:"to"`
	By      string   `json:"by"` // "foreign key", "join" of a query, or "name" of the column
	At      Place    `json:"at"`
}

// entities tells the tables of the schema, and those that only queries name.
func (a *assessor) entities() []*Entity {
	out := map[string]*Entity{}
	if db := a.facts.Database; db != nil && db.Schema != nil {
		for _, t := range db.Schema.Tables {
			out[strings.ToLower(t.Name)] = a.entity(t)
		}
	}
	known := len(out) > 0
	for _, f := range a.facts.Functions {
		if f.Aside == "test" || f.Aside == "migration" {
			continue
		}
		for _, q := range f.Queries {
			if q.Statement == nil {
				continue
			}
			for _, use := range q.Statement.Tables {
				name := plainTable(use.Table)
				e := out[name]
				if e == nil && !known && isName(name) {
					e = &Entity{Table: name, At: at(q.Pos), Columns: []Column{}, Relations: []Relation{}, Reads: []string{}, Writes: []string{}}
					out[name] = e
				}
				if e == nil {
					continue
				}
				e.Queries++
				module := a.moduleOf[f.Package]
				if q.Statement.Write() && use == q.Statement.Tables[0] {
					e.Writes = with(e.Writes, module)
				} else {
					e.Reads = with(e.Reads, module)
				}
			}
		}
	}
	a.joins(out)
	byName(out)
	list := make([]*Entity, 0, len(out))
	for _, name := range slices.Sorted(maps.Keys(out)) {
		e := out[name]
		slices.SortStableFunc(e.Relations, func(x, y Relation) int {
			return cmp.Or(cmp.Compare(x.To, y.To), slices.Compare(x.Columns, y.Columns))
		})
		list = append(list, e)
	}
	return list
}

// plainTable is a table's name without its schema and quotes, in lower case.
func plainTable(name string) string {
	name = strings.ToLower(strings.Trim(name[strings.LastIndex(name, ".")+1:], "\"`[]"))
	return name
}

func isName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
}

func with(list []string, name string) []string {
	if name == "" || slices.Contains(list, name) {
		return list
	}
	list = append(list, name)
	slices.Sort(list)
	return list
}

func (a *assessor) entity(t *schema.Table) *Entity {
	db := a.facts.Database
	e := &Entity{Table: t.Name, At: at(db.At[t.Name]), Columns: []Column{}, Relations: []Relation{}, Reads: []string{}, Writes: []string{}}
	for _, c := range t.Columns {
		kind := string(c.Type)
		if c.List {
			kind += "[]"
		}
		unique := slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool {
			return i.Unique && i.Where == nil && len(i.Parts) == 1 && strings.EqualFold(i.Parts[0].Column, c.Name)
		})
		key := slices.ContainsFunc(t.PrimaryKey, func(name string) bool { return strings.EqualFold(name, c.Name) })
		e.Columns = append(e.Columns, Column{c.Name, kind, key, unique, c.Null && !key})
	}
	for _, fk := range t.ForeignKeys {
		if slices.ContainsFunc(e.Relations, func(r Relation) bool { return r.To == fk.Table && slices.Equal(r.Columns, fk.Columns) }) {
			continue
		}
		e.Relations = append(e.Relations, Relation{slices.Clone(fk.Columns), fk.Table, "foreign key", e.At})
	}
	return e
}

// joins adds the relations that queries join by and that no foreign key states.
func (a *assessor) joins(entities map[string]*Entity) {
	for _, f := range a.facts.Functions {
		if f.Aside == "test" {
			continue
		}
		for _, q := range f.Queries {
			if q.Statement == nil {
				continue
			}
			for _, p := range q.Statement.Predicates {
				if p.Operator == "JOIN" {
					relate(entities, p.Table, p.Column, p.JoinTable, p.JoinColumn, at(q.Pos))
				}
			}
		}
	}
}

// relate notes that two columns are joined: from the one that names the other table to that one's key.
func relate(entities map[string]*Entity, table, column, otherTable, otherColumn string, where Place) {
	one, other := entities[plainTable(table)], entities[plainTable(otherTable)]
	if one == nil || other == nil || one == other || column == "" || otherColumn == "" {
		return
	}
	if isKey(one, column) && !isKey(other, otherColumn) || strings.EqualFold(column, "id") {
		one, other, column, otherColumn = other, one, otherColumn, column
	}
	if !isKey(other, otherColumn) && !strings.EqualFold(otherColumn, "id") || related(one, column) || strings.EqualFold(column, "id") {
		return
	}
	one.Relations = append(one.Relations, Relation{[]string{column}, other.Table, "join", where})
}

func isKey(e *Entity, column string) bool {
	keys, found := 0, false
	for _, c := range e.Columns {
		if c.Key {
			keys++
			found = found || strings.EqualFold(c.Name, column)
		}
	}
	return found && keys == 1
}

func related(e *Entity, column string) bool {
	return slices.ContainsFunc(e.Relations, func(r Relation) bool {
		return slices.ContainsFunc(r.Columns, func(c string) bool { return strings.EqualFold(c, column) })
	})
}

// byName adds relations of columns that are named after a table: user_id, where there is a table user or users.
func byName(entities map[string]*Entity) {
	for _, e := range entities {
		for _, c := range e.Columns {
			stem, is := strings.CutSuffix(strings.ToLower(c.Name), "_id")
			if !is || related(e, c.Name) || stem == "" {
				continue
			}
			for _, name := range []string{stem, stem + "s", stem + "es", strings.TrimSuffix(stem, "y") + "ies"} {
				if other := entities[name]; other != nil && other != e {
					e.Relations = append(e.Relations, Relation{[]string{c.Name}, other.Table, "name", e.At})
					break
				}
			}
		}
	}
}
