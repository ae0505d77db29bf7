package query_test

import (
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// renting is the backend of the other tests for several customers: a team has all but people. Bookmarks, comments, notes and
// loans belong to the team of their article, notebook or book.
func renting() *meta.Backend {
	b := backend()
	through := map[string]string{"Comment": "article", "Bookmark": "article", "Note": "notebook", "Loan": "book"}
	for _, e := range b.Entities {
		for _, f := range e.Fields {
			if f.Join != nil && f.Join.Through == "" && e.Name != "User" && f.Type != "User" {
				f.Join.Tenant = "tenant_id"
			}
		}
		switch by := through[e.Name]; {
		case e.Name == "User":
		case by != "":
			e.TenantColumn, e.TenantBy = "tenant_id", by
		default:
			e.TenantColumn, e.TenantBy = "team_id", "team"
			e.Fields = append(e.Fields, &meta.Field{Name: "team", Kind: meta.Reference, Type: "Team", Column: "team_id", Immutable: true})
		}
	}
	b.Entities = append(b.Entities, &meta.Entity{
		Name: "Team", Singular: "team", Plural: "teams", Path: "teams", Table: "teams", Key: "handle", Page: newest, TenantColumn: "id",
		Fields: common(
			&meta.Field{Name: "handle", Kind: meta.String, Column: "handle"},
			&meta.Field{Name: "open", Kind: meta.Boolean, Column: "open", Default: meta.Const(true)},
			&meta.Field{Name: "articles", Kind: meta.List, Type: "Article", Inverse: "team", Page: newest},
			&meta.Field{Name: "pinned", Kind: meta.Reference, Type: "Article", Column: "pinned_id", Null: true},
		),
		Allow:   meta.Allow{Read: when(meta.This("open")), Create: when(meta.True()), Update: when(meta.True())},
		Uniques: []meta.Unique{{Name: "teams_handle_key", Fields: []string{"handle"}}},
	})
	b.Tenant = &meta.Tenant{Entity: "Team", By: meta.ByHeader, When: meta.Ne(meta.This("handle"), meta.Const("quiet"))}
	return b
}

// newTeams is a world of two teams, one and two, and one that is closed to all.
func newTeams(t testing.TB, db sqldb.Database) *world {
	w := emptyWorld(t, db, renting())
	for _, handle := range []string{"one", "two"} {
		w.create(kit.Viewer{}, true, "Team", "handle", handle)
	}
	w.create(kit.Viewer{}, true, "Team", "handle", "closed", "open", false)
	return w
}

// Nothing else changes inside of a tenant, whatever others have.
func TestConformanceInATenant(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			for _, c := range cases {
				if c.name == "statements have a budget" { // which has a backend of its own
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					w := newTeams(t, d.open(t))
					w.tenant = "one"
					w.people()
					w.neighbours()
					c.run(w)
				})
			}
		})
	}
}

// neighbours fills the other team with rows that those of the tests would run into.
func (w *world) neighbours() {
	two := w.ann
	two.Tenant = "two"
	for _, name := range []string{"go", "sql", "a", "b", "c", "x", "new"} {
		w.create(two, true, "Tag", "name", name)
		w.create(two, true, "Topic", "name", name)
	}
	article := w.create(two, true, "Article", "title", "Hello", "slug", "hello", "author", w.ann.ID, "status", "PUBLISHED", "tags", []any{"go"})
	w.create(two, true, "Comment", "article", article, "author", w.bob.ID, "body", "bread")
	w.create(two, true, "Bookmark", "article", article, "user", w.ann.ID)
	w.create(two, true, "Project", "name", "p")
	w.create(two, true, "Issue")
	book := w.create(two, true, "Book", "title", "bread and butter", "owner", w.bob.ID)
	w.create(two, true, "Loan", "book", book, "text", "bread")
	w.create(two, true, "Bag", "owner", w.ann.ID)
}
