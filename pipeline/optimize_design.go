package pipeline

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
	"github.com/fettlehq/fettle/optimize"
	"github.com/fettlehq/fettle/schema"
)

// intoDesign turns the indexes that a report advises into edits of the design, where it can say them: then the migration
// is the one that "fettle migrate" writes, and the next one does not take the index away again.
func intoDesign(m *model.Model, report *optimize.Report) {
	made := build.Schema(m)
	for _, a := range report.Advice {
		if len(a.Indexes) != 1 { // none, or several of which some are beyond what a design says
			continue
		}
		index := a.Indexes[0]
		if name := drifted(made, index); name != "" {
			a.Notes = append(a.Notes, fmt.Sprintf("the design makes this index already, as %s, and this database lacks it: a migration was not applied here, or the index was dropped by hand", name))
			continue
		}
		e := entityOf(m, index.Table.Name)
		if e == nil {
			continue
		}
		directive, ok := indexDirective(e, index)
		if !ok {
			a.Notes = append(a.Notes, fmt.Sprintf("the design of %s cannot say this index: it is a migration of your own", e.Name))
			continue
		}
		a.Change = fmt.Sprintf("%s:%d: type %s … %s", e.Pos.File, e.Pos.Line, e.Name, directive)
		a.Migration = ""
		how := "add it to the design; fettle migrate writes the migration"
		if report.Catalog != nil && report.Catalog.Dialect == optimize.SQLite {
			how += "; it was measured with statistics: run ANALYZE " + index.Table.ID + " after it"
		}
		a.Notes = append(a.Notes, how)
	}
}

func entityOf(m *model.Model, table string) *model.Entity {
	for _, e := range m.Entities {
		if e.Table == table {
			return e
		}
	}
	return nil
}

// drifted is the name of the index of a design that begins with the columns of one that a database lacks; empty without.
func drifted(made *schema.Schema, index *optimize.Index) string {
	for _, t := range made.Tables {
		if t.Name != index.Table.Name {
			continue
		}
		for _, have := range t.Indexes {
			if have.Where != nil || have.Lists || index.Where != "" || index.Method != "btree" || len(have.Parts) < len(index.Keys) {
				continue
			}
			same := true
			for i, key := range index.Keys {
				same = same && have.Parts[i].Column == key.Column
			}
			if same {
				return have.Name
			}
		}
	}
	return ""
}

// indexDirective writes an index as @index. What is no column of a field, covers or is no b-tree has no such form. A key
// whose parts all go down is read from its end.
func indexDirective(e *model.Entity, index *optimize.Index) (string, bool) {
	if index.Method != "btree" || len(index.Include) > 0 {
		return "", false
	}
	var fields []string
	for _, key := range index.Keys {
		name, found := fieldOf(e, key.Column)
		if !found || key.Class != "" || key.Nulls != "" {
			return "", false
		}
		fields = append(fields, name)
	}
	when := ""
	if index.Where != "" {
		var conditions []string
		for condition := range strings.SplitSeq(index.Where, " AND ") {
			text, ok := conditionOf(e, condition)
			if !ok {
				return "", false
			}
			conditions = append(conditions, text)
		}
		when = fmt.Sprintf(", when: %q", strings.Join(conditions, " && "))
	}
	return fmt.Sprintf("@index(fields: [%s]%s)", strings.Join(fields, ", "), when), true
}

func fieldOf(e *model.Entity, column string) (string, bool) {
	for _, f := range e.Fields {
		if f.Column == column && column != "" && f.Kind != model.List {
			return f.Name, true
		}
	}
	return "", false
}

// conditionOf writes "status = 'OPEN'" and "closed_at IS NULL" as a condition of the design.
func conditionOf(e *model.Entity, condition string) (string, bool) {
	for _, form := range []struct{ sql, design string }{{" IS NULL", " == null"}, {" IS NOT NULL", " != null"}} {
		if column, is := strings.CutSuffix(condition, form.sql); is {
			name, found := fieldOf(e, column)
			return name + form.design, found
		}
	}
	column, value, is := strings.Cut(condition, " = ")
	name, found := fieldOf(e, column)
	if !is || !found || !strings.HasPrefix(value, "'") {
		return "", false
	}
	for _, f := range e.Fields {
		if f.Name == name && f.Kind == model.EnumKind {
			return name + " == " + strings.Trim(value, "'"), true
		}
	}
	return "", false
}
