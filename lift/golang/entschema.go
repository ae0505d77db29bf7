package golang

import (
	"go/ast"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// Ent writes the tables of its schemas as literals in a package migrate:
//
//	NotesColumns = []*schema.Column{{Name: "id", Type: field.TypeInt}, {Name: "slug", Type: field.TypeString, Unique: true}}
//	NotesTable   = &schema.Table{Name: "notes", Columns: NotesColumns, PrimaryKey: []*schema.Column{NotesColumns[0]}, Indexes: …}

// entTables reads the tables of one file that ent has written.
type entTables struct {
	place
	columns map[string][]entColumn // by the variable that holds them
}

type entColumn struct {
	*schema.Column
	unique bool
}

// findEntTables reads the tables that ent has written in a file.
func (l *lifter) findEntTables(p place) {
	if p.name != "migrate" || !p.generatedByEnt() {
		return
	}
	tables := entTables{p, map[string][]entColumn{}}
	for _, decl := range p.file.Decls {
		general, is := decl.(*ast.GenDecl)
		if !is {
			continue
		}
		for _, spec := range general.Specs {
			value, is := spec.(*ast.ValueSpec)
			if !is || len(value.Names) != 1 || len(value.Values) != 1 {
				continue
			}
			name := value.Names[0].Name
			switch literal := structLiteral(value.Values[0]); {
			case literal == nil:
			case strings.HasSuffix(name, "Columns"):
				tables.columns[name] = tables.columnsOf(literal)
			case strings.HasSuffix(name, "Table"):
				if t := tables.table(literal); t.Name != "" {
					l.facts.Models.Schema.Tables = append(l.facts.Models.Schema.Tables, t)
					l.facts.Models.At[t.Name] = l.pos(value.Pos())
				}
			}
		}
	}
}

func (t entTables) columnsOf(list *ast.CompositeLit) []entColumn {
	var out []entColumn
	for _, element := range list.Elts {
		fields := fieldsOf(element)
		c := &schema.Column{Name: t.said(fields["Name"]), Null: isTrue(fields["Nullable"])}
		if kind := fields["Type"]; kind != nil {
			c.Type = entTypes[strings.TrimPrefix(text(kind), "field.")]
		}
		out = append(out, entColumn{c, isTrue(fields["Unique"])})
	}
	return out
}

func (t entTables) table(literal *ast.CompositeLit) *schema.Table {
	fields := fieldsOf(literal)
	out := &schema.Table{Name: t.said(fields["Name"]), PrimaryKey: t.chosen(fields["PrimaryKey"])}
	if columns := fields["Columns"]; columns != nil {
		for _, c := range t.columns[text(columns)] {
			out.Columns = append(out.Columns, c.Column)
			if c.unique {
				out.Indexes = append(out.Indexes, &schema.Index{Name: "unique " + c.Name, Unique: true, Parts: []schema.IndexPart{{Column: c.Name}}})
			}
		}
	}
	if indexes := structLiteral(orNone(fields["Indexes"])); indexes != nil {
		for _, element := range indexes.Elts {
			fields := fieldsOf(element)
			index := &schema.Index{Name: t.said(fields["Name"]), Unique: isTrue(fields["Unique"])}
			for _, column := range t.chosen(fields["Columns"]) {
				index.Parts = append(index.Parts, schema.IndexPart{Column: column})
			}
			out.Indexes = append(out.Indexes, index)
		}
	}
	return out
}

// chosen are the names of columns that a list takes out of others: []*schema.Column{NotesColumns[0]}.
func (t entTables) chosen(e ast.Expr) []string {
	list := structLiteral(orNone(e))
	if list == nil {
		return nil
	}
	var out []string
	for _, element := range list.Elts {
		item, is := element.(*ast.IndexExpr)
		if !is {
			continue
		}
		columns := t.columns[text(item.X)]
		if i, err := strconv.Atoi(text(item.Index)); err == nil && i < len(columns) {
			out = append(out, columns[i].Name)
		}
	}
	return out
}

func (t entTables) said(e ast.Expr) string {
	if e == nil {
		return ""
	}
	return constantText(t.source, e)
}

// fieldsOf are the values of a literal by the names of its fields.
func fieldsOf(e ast.Expr) map[string]ast.Expr {
	out := map[string]ast.Expr{}
	if literal := structLiteral(e); literal != nil {
		for _, element := range literal.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is {
				out[text(pair.Key)] = pair.Value
			}
		}
	}
	return out
}

func isTrue(e ast.Expr) bool { return e != nil && text(e) == "true" }

// orNone is an expression, or one that is nothing where there is none.
func orNone(e ast.Expr) ast.Expr {
	if e == nil {
		return &ast.BadExpr{}
	}
	return e
}

// entTypes are the types of columns as far as rules ask.
var entTypes = map[string]schema.Type{
	"TypeBool": schema.Boolean, "TypeString": schema.Text, "TypeEnum": schema.Text, "TypeTime": schema.DateTime, "TypeUUID": schema.UUID, "TypeJSON": schema.JSON, "TypeBytes": schema.Bytes,
	"TypeInt": schema.BigInt, "TypeInt8": schema.BigInt, "TypeInt16": schema.BigInt, "TypeInt32": schema.BigInt, "TypeInt64": schema.BigInt,
	"TypeUint": schema.BigInt, "TypeUint8": schema.BigInt, "TypeUint16": schema.BigInt, "TypeUint32": schema.BigInt, "TypeUint64": schema.BigInt,
	"TypeFloat32": schema.Double, "TypeFloat64": schema.Double,
}
