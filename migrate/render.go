package migrate

import (
	"fmt"

	atlas "ariga.io/atlas/sql/schema"

	"github.com/fettlehq/fettle/schema"
)

// dialect is how a database stores what a schema describes.
type dialect interface {
	columnType(*schema.Column) atlas.Type
	defaultExpr(*schema.Column) atlas.Expr
	foreignKeys(*schema.ForeignKey) []*schema.ForeignKey // those that atlas makes of one
	predicate(schema.Predicate) string
	indexPredicate(schema.Predicate) atlas.Attr
	listIndex() atlas.Attr // makes an index one of elements; nil where there is none
	lower(column string) string
	tableAttrs(*schema.Table) []atlas.Attr
	columnAttrs(*schema.Column) []atlas.Attr
}

// render gives a schema in atlas's terms. checkSchema must have found it well.
func render(s *schema.Schema, d dialect) *atlas.Schema {
	rendered := atlas.New("")
	for _, table := range s.Tables {
		rendered.AddTables(renderTable(table, d))
	}
	for _, table := range s.Tables {
		child, _ := rendered.Table(table.Name)
		for _, key := range table.ForeignKeys {
			for _, part := range d.foreignKeys(key) {
				child.ForeignKeys = append(child.ForeignKeys, renderForeignKey(rendered, child, part))
			}
		}
	}
	return rendered
}

func renderTable(table *schema.Table, d dialect) *atlas.Table {
	t := atlas.NewTable(table.Name)
	t.Attrs = d.tableAttrs(table)
	for _, column := range table.Columns {
		c := atlas.NewColumn(column.Name)
		c.Type = &atlas.ColumnType{Type: d.columnType(column), Null: column.Null}
		c.Default = d.defaultExpr(column)
		c.Attrs = d.columnAttrs(column)
		t.Columns = append(t.Columns, c)
	}
	if len(table.PrimaryKey) > 0 {
		t.PrimaryKey = &atlas.Index{Table: t}
		for i, name := range table.PrimaryKey {
			t.PrimaryKey.Parts = append(t.PrimaryKey.Parts, &atlas.IndexPart{SeqNo: i, C: atlasColumn(t, name)})
		}
	}
	for _, index := range table.Indexes {
		if index.Lists && d.listIndex() == nil {
			continue
		}
		t.Indexes = append(t.Indexes, renderIndex(t, index, d))
	}
	for _, check := range table.Checks {
		t.Attrs = append(t.Attrs, &atlas.Check{Name: check.Name, Expr: "(" + d.predicate(check.That) + ")"})
	}
	return t
}

// renderIndex leaves the columns' own list of indexes empty: with it atlas would rebuild a SQLite table to add a column
// and an index on it.
func renderIndex(t *atlas.Table, index *schema.Index, d dialect) *atlas.Index {
	i := &atlas.Index{Name: index.Name, Unique: index.Unique, Table: t}
	for n, part := range index.Parts {
		p := &atlas.IndexPart{SeqNo: n, Desc: part.Descending}
		if part.IgnoreCase {
			p.X = &atlas.RawExpr{X: d.lower(part.Column)}
		} else {
			p.C = atlasColumn(t, part.Column)
		}
		i.Parts = append(i.Parts, p)
	}
	if index.Lists {
		i.Attrs = append(i.Attrs, d.listIndex())
	}
	if index.Where != nil {
		i.Attrs = append(i.Attrs, d.indexPredicate(*index.Where))
	}
	return i
}

func renderForeignKey(s *atlas.Schema, child *atlas.Table, key *schema.ForeignKey) *atlas.ForeignKey {
	parent, ok := s.Table(key.Table)
	if !ok {
		panic(fmt.Sprintf("foreign key %s: no table %s", key.Name, key.Table))
	}
	f := &atlas.ForeignKey{Symbol: key.Name, Table: child, RefTable: parent, OnDelete: onDelete(key.OnDelete)}
	for _, name := range key.Columns {
		f.Columns = append(f.Columns, atlasColumn(child, name))
	}
	for _, name := range key.To {
		f.RefColumns = append(f.RefColumns, atlasColumn(parent, name))
	}
	return f
}

func atlasColumn(t *atlas.Table, name string) *atlas.Column {
	column, ok := t.Column(name)
	if !ok {
		panic(fmt.Sprintf("table %s: no column %s", t.Name, name))
	}
	return column
}

// noAction refuses as Restrict does, but when the statement ends: another key may have made the reference null by then.
const noAction schema.Action = "no action"

func onDelete(a schema.Action) atlas.ReferenceOption {
	switch a {
	case schema.Cascade:
		return atlas.Cascade
	case schema.SetNull:
		return atlas.SetNull
	case schema.Restrict, "":
		return atlas.Restrict
	case noAction:
		return atlas.NoAction
	}
	panic(fmt.Sprintf("foreign key action %q", a))
}
