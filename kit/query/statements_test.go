package query

import (
	"bytes"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// The whole statements of reads, a section for each and each dialect, are in testdata/statements/statements.txtar.
func TestStatements(t *testing.T) {
	const file = "testdata/statements/statements.txtar"
	b := goldenBackend()
	if err := meta.Resolve(b); err != nil {
		t.Fatal(err)
	}
	article := b.Entity("Article")
	selections := func(e *meta.Entity, names ...string) (all []Selection) {
		for _, n := range names {
			all = append(all, Selection{Field: e.Field(n)})
		}
		return all
	}
	newest := []Order{{Path: []string{"createdAt"}, Descending: true}}
	mixed := []Order{{Path: []string{"stars"}}, {Path: []string{"createdAt"}, Descending: true}}
	comments := &Select{Entity: b.Entity("Comment"), Fields: selections(b.Entity("Comment"), "words"), Order: newest}
	fans := &Select{Entity: b.Entity("User"), Fields: selections(b.Entity("User"), "name", "email")}
	readers := &Select{Entity: b.Entity("User"), Fields: selections(b.Entity("User"), "name")}
	list := &Select{Entity: article, Order: newest, Fields: append(selections(article, "title", "price", "author", "secret"),
		Selection{Field: article.Field("editor"), Nested: &Select{Entity: fans.Entity, Fields: append(selections(fans.Entity, "name"),
			Selection{Field: fans.Entity.Field("team"), Nested: &Select{Entity: b.Entity("Team"), Fields: selections(b.Entity("Team"), "open")}})}},
		Selection{Field: article.Field("comments"), Nested: comments})}
	titles := func(order []Order, where *meta.Expr) *Select {
		return &Select{Entity: article, Fields: selections(article, "title"), Order: order, Where: where}
	}
	unplaced := func(sel *Select) *Select {
		asked := *sel
		asked.Unplaced = true
		return &asked
	}
	searching := func(sel *Select) *Select {
		asked := *sel
		asked.Search = "x"
		return &asked
	}
	id := "00000000-0000-7000-8000-000000000001"
	archive := &txtar.Archive{Comment: []byte("The statements of reads.\n")}
	for _, c := range []struct {
		name string
		sel  *Select
		list *meta.Field
		v    variant
		page page
	}{
		{"a page, with references", list, nil, pageVariant, page{limit: 20}},
		{"the page behind a cursor", titles(newest, nil), nil, pageVariant, page{limit: 20, cursor: []any{"x", id}}},
		{"the page before a cursor", titles(newest, nil), nil, pageVariant, page{limit: 20, backward: true, cursor: []any{"x", id}}},
		{"an order both ways, behind a row without stars", titles(mixed, nil), nil, pageVariant, page{limit: 20, cursor: []any{nil, "x", id}}},
		{"an order both ways, behind a row with stars", titles(mixed, nil), nil, pageVariant, page{limit: 20, cursor: []any{int64(1), "x", id}}},
		{"a page that nobody goes on from", unplaced(titles(newest, nil)), nil, pageVariant, page{limit: 20}},
		{"a page of lists that nobody goes on from", unplaced(comments), article.Field("comments"), childrenVariant, page{limit: 5}},
		{"a filter", titles(newest, meta.And(meta.Eq(meta.This("author"), meta.Viewer()), meta.Eq(meta.This("title"), meta.Const("x")))), nil, pageVariant, page{limit: 20}},
		{"a count", titles(newest, meta.Eq(meta.This("title"), meta.Const("x"))), nil, countVariant, page{}},
		{"a search, of a field that has a rule too", searching(titles(newest, meta.Eq(meta.This("title"), meta.Const("x")))), nil, pageVariant, page{limit: 20, cursor: []any{"x", id}}},
		{"a search of lists", searching(comments), article.Field("comments"), childrenVariant, page{limit: 5}},
		{"one row", titles(nil, nil), nil, idVariant, page{}},
		{"the list of one row", comments, article.Field("comments"), childVariant, page{limit: 5}},
		{"a page of the lists of many rows", comments, article.Field("comments"), childrenVariant, page{limit: 5}},
		{"the whole lists of many rows, over a join table", fans, article.Field("fans"), childrenVariant, page{}},
		{"a page of lists, over a join table", fans, article.Field("fans"), childrenVariant, page{limit: 5}},
		{"what is computed, and an order by it", &Select{Entity: article, Fields: selections(article, "liked", "saves", "worth", "mean", "lead", "hot"), Order: []Order{{Path: []string{"saves"}, Descending: true}}}, nil, pageVariant, page{limit: 20, cursor: []any{int64(3), id}}},
		{"a page of lists, through an entity", readers, article.Field("readers"), childrenVariant, page{limit: 5}},
		{"counts of lists, through an entity", readers, article.Field("readers"), countsVariant, page{}},
		{"rows that refer to what may be deleted", &Select{Entity: article, Order: newest, Fields: append(selections(article, "series"),
			Selection{Field: article.Field("series"), Nested: &Select{Entity: b.Entity("Series"), Fields: selections(b.Entity("Series"), "title")}})}, nil, pageVariant, page{limit: 20}},
		{"parts of what may be deleted", &Select{Entity: b.Entity("Part"), Order: newest, Fields: selections(b.Entity("Part"), "text")}, nil, pageVariant, page{limit: 20}},
		{"counts of lists", comments, article.Field("comments"), countsVariant, page{}},
	} {
		for _, d := range []dialect{{false}, {true}} {
			s := &shaper{}
			s.filter(c.sel.Where, 0)
			s.search(c.sel)
			c.page.firstSlot = len(s.values)
			p := &planner{
				renderer: &renderer{dialect: d, backend: b, account: b.Entity("User"), signed: true, slots: s.slots}, plan: &plan{parent: -1},
				sel: c.sel, page: c.page, variant: c.v, list: c.list, extra: len(s.values) + len(c.page.cursor),
				search: s.sought,
			}
			if err := p.build(); err != nil {
				t.Fatal(c.name, err)
			}
			name := c.name + ": sqlite"
			if d.postgres {
				name = c.name + ": postgres"
			}
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(p.plan.sql + "\n")})
		}
	}
	for _, c := range trees(b) {
		tx := &Tx{engine: &Engine{backend: b, account: b.Entity("User"), dialect: dialect{true}}, viewer: kit.Viewer{ID: kit.ID(id)}}
		grown := &shaper{}
		var all []*branch
		if err := tx.grow(grown, &all, &branch{sel: c.sel}, c.v, id); err != nil {
			t.Fatal(c.name, err)
		}
		builder := treeBuilder{renderer: tx.renderer(), tree: &tree{}, branches: all}
		builder.slots = grown.slots
		if err := builder.build(c.v); err != nil {
			t.Fatal(c.name, err)
		}
		archive.Files = append(archive.Files, txtar.File{Name: c.name + ": postgres", Data: []byte(builder.tree.sql + "\n")})
	}
	checkStatements(t, file, archive)
}

func checkStatements(t *testing.T, file string, archive *txtar.Archive) {
	t.Helper()
	got := txtar.Format(archive)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s%v", got, want, err)
	}
}

type treeCase struct {
	name string
	sel  *Select
	v    variant
}

// trees are reads with lists, which PostgreSQL answers with one statement.
func trees(b *meta.Backend) []treeCase {
	article, user, comment := b.Entity("Article"), b.Entity("User"), b.Entity("Comment")
	name := &Select{Entity: user, Fields: []Selection{{Field: user.Field("name")}}}
	articles := &Select{Entity: b.Entity("Team"), Fields: []Selection{{Field: b.Entity("Team").Field("members"), Nested: name}}}
	comments := &Select{Entity: comment, Fields: []Selection{{Field: comment.Field("words")}}, First: 5, Count: true}
	team := Selection{Field: article.Field("author"), Nested: &Select{Entity: user, Fields: []Selection{{Field: user.Field("team"), Nested: articles}}}}
	return []treeCase{
		{"a page with lists", &Select{Entity: article, First: 20, Fields: []Selection{
			{Field: article.Field("title")}, {Field: article.Field("fans"), Nested: name}, {Field: article.Field("comments"), Nested: comments},
		}}, pageVariant},
		{"a page and how many rows there are", &Select{Entity: article, First: 20, Count: true, Fields: []Selection{{Field: article.Field("title")}}}, pageVariant},
		{"one row with a list, and another behind references", &Select{Entity: article, Fields: []Selection{team, {Field: article.Field("readers"), Nested: name}}}, idVariant},
	}
}

// The statements of a transaction in a tenant, and of one that names none, are in testdata/statements/tenant.txtar.
func TestStatementsInATenant(t *testing.T) {
	const file = "testdata/statements/tenant.txtar"
	b := goldenBackend()
	b.Tenant = &meta.Tenant{Entity: "Team", When: meta.This("open")}
	for _, e := range b.Entities {
		switch e.Name {
		case "Team":
			e.TenantColumn = "id"
		case "Article":
			e.TenantColumn, e.TenantBy = "team_id", "team"
			e.Fields = append(e.Fields, &meta.Field{Name: "team", Kind: meta.Reference, Type: "Team", Column: "team_id"})
		case "Comment":
			e.TenantColumn, e.TenantBy = "tenant_id", "article"
		}
	}
	if err := meta.Resolve(b); err != nil {
		t.Fatal(err)
	}
	article, comment := b.Entity("Article"), b.Entity("Comment")
	newest := []Order{{Path: []string{"createdAt"}, Descending: true}}
	titles := &Select{Entity: article, Order: newest, Fields: []Selection{{Field: article.Field("title")}, {Field: article.Field("team")}}}
	words := &Select{Entity: comment, Order: newest, Fields: []Selection{{Field: comment.Field("words")}}}
	archive := &txtar.Archive{Comment: []byte("In a tenant every table of what belongs to it is narrowed; where none is named its condition joins the rules.\n")}
	for _, c := range []struct {
		name string
		sel  *Select
		list *meta.Field
		v    variant
	}{
		{"a page", titles, nil, pageVariant},
		{"one row by a key", &Select{Entity: article, Fields: titles.Fields[:1]}, nil, keyVariant},
		{"a page of the lists of many rows", words, article.Field("comments"), childrenVariant},
		{"what is computed", &Select{Entity: article, Order: newest, Fields: []Selection{{Field: article.Field("mean")}}}, nil, pageVariant},
		{"the tenant itself", &Select{Entity: b.Entity("Team"), Fields: []Selection{{Field: b.Entity("Team").Field("open")}}}, nil, idVariant},
	} {
		for _, chosen := range []bool{true, false} {
			for _, d := range []dialect{{false}, {true}} {
				p := &planner{
					renderer: &renderer{dialect: d, backend: b, account: b.Entity("User"), signed: true, tenant: chosen}, plan: &plan{parent: -1},
					sel: c.sel, page: page{limit: 20}, variant: c.v, list: c.list,
				}
				if c.v == idVariant || c.v == keyVariant {
					p.page = page{}
				}
				if err := p.build(); err != nil {
					t.Fatal(c.name, err)
				}
				name := map[bool]string{true: ", in a tenant", false: ", in none"}[chosen] + map[bool]string{true: ": postgres", false: ": sqlite"}[d.postgres]
				archive.Files = append(archive.Files, txtar.File{Name: c.name + name, Data: []byte(p.plan.sql + "\n")})
			}
		}
	}
	seeking := &planner{
		renderer: &renderer{dialect: dialect{true}, backend: b, account: b.Entity("User"), signed: true, tenant: true, seeks: tenantByKey}, plan: &plan{parent: -1},
		sel: titles, page: page{limit: 20}, variant: pageVariant,
	}
	if err := seeking.build(); err != nil {
		t.Fatal(err)
	}
	archive.Files = append(archive.Files, txtar.File{Name: "a page that finds its tenant: postgres", Data: []byte(seeking.plan.sql + "\n")})
	checkStatements(t, file, archive)
}
