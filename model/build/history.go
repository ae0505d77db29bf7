package build

import (
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

// The fields of a history, which kit/query writes; see package meta.
const (
	historyList = "history"
	historyRow  = "row"
)

// histories reads @history: it gives an entity a list of its changes, and the entity of their entries. Expressions have
// been read by then, so that no rule depends on what happened.
func (b *builder) histories() {
	for _, e := range b.model.Entities {
		if design.Find(b.declared[e].Directives, "history") != nil {
			b.history(e)
		}
	}
}

func (b *builder) history(e *model.Entity) {
	if f := find(e.Fields, historyList); f != nil {
		b.problems.Add(f.Pos, NamesClash, "another name, or no @history", "@history gives %s a list history", e.Name)
		return
	}
	h := &model.Entity{
		Pos: e.Pos, Name: e.Name + "History", Singular: e.Singular + "History", Plural: e.Singular + "Histories", Path: e.Path + "-history",
		Table: e.Table + "_history", Doc: "A change: by whom, and the new values of what changed.", Module: e.Module,
		Internal: e.Internal, HistoryOf: e,
	}
	if e.Former != "" {
		h.Former = e.Former + "History"
	}
	b.tableStands(e.Pos, "the table of the history of "+e.Name, h.Table)
	for _, other := range b.model.Entities {
		if strings.EqualFold(other.Table, h.Table) {
			b.problems.Add(other.Pos, NamesClash, `@db(name: "…")`, "table %s holds the history of %s", h.Table, e.Name)
		}
	}
	field := func(name, doc string, kind model.Kind, column string) *model.Field {
		f := &model.Field{Pos: e.Pos, Name: name, Doc: doc, Kind: kind, Column: column}
		h.Fields = append(h.Fields, f)
		return f
	}
	h.Key = field("id", "", model.ID, "id")
	h.Key.Auto = true
	row := field(historyRow, "", model.Ref, "row_id")
	row.Target, row.Internal = e, true
	version := field("version", "That of the row since then.", model.Int, "version")
	field("at", "", model.DateTime, "at")
	if a := b.model.Account; a != nil {
		by := field("by", "Null where nobody was signed in.", model.Ref, "by_id")
		by.Target, by.Null = a.Entity, true
	}
	field("verb", "CREATE, UPDATE, DELETE or RESTORE.", model.String, "verb")
	field("changes", "The fields that changed and their new values, without those that the viewer may not read and those that are personal.", model.JSON, "changes")
	h.Page = model.Page{Size: 20, Max: 100, Order: []model.Order{{Field: version, Descending: true}}}
	if rules := e.Allow.Read; len(rules) > 0 { // it is reached through its row, by the rules for that
		h.Allow.Read = []*model.Rule{{When: &model.Expr{Op: model.Const, Kind: model.Boolean, Value: true}, Pos: e.Pos, Source: "true", SignedOut: true}}
	}
	if e.TenantColumn != "" {
		h.TenantColumn = copiedTenant
	}
	e.History = h
	e.Fields = append(e.Fields, &model.Field{
		Pos: e.Pos, Name: historyList, Doc: "Who changed what, the latest first.", Kind: model.List, Target: h, Inverse: row, Page: h.Page,
	})
}

// historyTable holds the changes of an entity. They go with a row that is purged; where rows are deleted at once they stay,
// or nobody could tell who deleted one. Whom an entry names may be gone as well.
func historyTable(h *model.Entity) *schema.Table {
	t := &tableBuilder{
		table:  &schema.Table{Name: h.Table, Comment: "Who changed what in " + h.HistoryOf.Table, PrimaryKey: []string{"id"}},
		entity: h,
		checks: map[string]bool{},
	}
	t.columns(h.Fields, false)
	t.tenant()
	row := find(h.Fields, historyRow)
	t.table.Indexes = append(t.table.Indexes, &schema.Index{
		Name:  sqlName(h.Table, row.Column, "version", "idx"),
		Parts: []schema.IndexPart{{Column: row.Column}, {Column: "version"}, {Column: "id"}},
	})
	if h.HistoryOf.SoftDelete {
		t.table.ForeignKeys = append(t.table.ForeignKeys, &schema.ForeignKey{
			Name: sqlName(h.Table, row.Column, "fkey"), Columns: []string{row.Column},
			Table: h.HistoryOf.Table, To: []string{"id"}, OnDelete: schema.Cascade,
		})
	}
	return t.table
}
