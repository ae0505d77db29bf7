package query_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// renting is a backend of the other tests for several customers: a team has all but people. Bookmarks, comments, notes and
// loans belong to the team of their article, notebook or book.
func renting(b *meta.Backend) *meta.Backend {
	through := map[string]string{"Comment": "article", "Bookmark": "article", "Note": "notebook", "Loan": "book"}
	for _, e := range b.Entities {
		for _, f := range e.Fields {
			if f.Join != nil && f.Join.Through == "" && e.Name != "User" && f.Type != "User" {
				f.Join.Tenant = "tenant_id"
			}
		}
		switch by := through[e.Name]; {
		case e.Name == "User":
			e.Fields = append(e.Fields,
				&meta.Field{Name: "favourite", Kind: meta.Reference, Type: "Article", Column: "favourite_id", Null: true},
				&meta.Field{Name: "liked", Kind: meta.Int, Computed: meta.Over(meta.OpCount, meta.This("likes"), "l", meta.True())},
				&meta.Field{Name: "fond", Kind: meta.Boolean, Computed: meta.Ne(meta.This("favourite"), meta.Null())},
				&meta.Field{Name: "sees", Kind: meta.Boolean, Computed: meta.Can(meta.Read, meta.This("favourite"))},
			)
		case e.HistoryOf != "":
			e.TenantColumn = "tenant_id"
		case by != "":
			e.TenantColumn, e.TenantBy = "tenant_id", by
		default:
			e.TenantColumn, e.TenantBy = "team_id", "team"
			e.Fields = append(e.Fields, &meta.Field{Name: "team", Kind: meta.Reference, Type: "Team", Column: "team_id", Immutable: true})
		}
	}
	b.Entities = append(b.Entities, &meta.Entity{
		Name: "Team", Singular: "team", Plural: "teams", Path: "teams", Table: "teams", Key: "handle", Page: newest, TenantColumn: "id",
		Fields: kittest.Fields(
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
func newTeams(t testing.TB, db sqldb.Database, b *meta.Backend) *world {
	w := emptyWorld(t, db, renting(b))
	for _, handle := range []string{"one", "two"} {
		w.create(kit.Viewer{}, true, "Team", "handle", handle)
	}
	w.create(kit.Viewer{}, true, "Team", "handle", "closed", "open", false)
	return w
}

// Nothing else changes inside of a tenant, whatever others have.
func TestConformanceInATenant(t *testing.T) {
	for _, d := range databases(t) {
		if d.name == "memory" {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			for _, c := range tenancyCases {
				t.Run(c.name, func(t *testing.T) {
					w := newTeams(t, d.open(t), backend())
					w.people()
					c.run(w)
				})
			}
			for _, c := range cases {
				if c.name == "statements have a budget" { // which has a backend of its own
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					w := newTeams(t, d.open(t), backend())
					w.tenant = "one"
					w.people()
					w.neighbours()
					c.run(w)
				})
			}
		})
	}
}

var tenancyCases = []struct {
	name string
	run  func(w *world)
}{
	{"a tenant is named by key or id, and a hidden one is as a missing one", testChoosing},
	{"a read in a tenant is one statement on PostgreSQL, unless it finds nothing", testOneStatement},
	{"where no tenant is named its condition filters", testNoTenant},
	{"a key is one's own in each tenant", testKeysOfTenants},
	{"a row belongs to the tenant of the one that it belongs to", testSettling},
	{"nothing links tenants", testLinks},
	{"no row moves to another tenant", testMoves},
	{"why a row of another tenant is not there", testAccessAcrossTenants},
	{"the database refuses links by itself", testStoredLinks},
	{"numbers are of a tenant", testNumbersOfTenants},
	{"what belongs to nobody shows nothing of another tenant", testOutsiders},
	{"lists of what belongs to nobody keep their links to other tenants", testListsOfOutsiders},
}

func of(v kit.Viewer, tenant string) kit.Viewer {
	v.Tenant = tenant
	return v
}

func (w *world) teamOf(handle string) kit.ID {
	w.Helper()
	row, err := w.get(kit.Viewer{}, w.sel("Team", "handle"), handle)
	must(err)
	return row.ID
}

// post makes a published article of ann's in a tenant.
func (w *world) post(tenant, slug string) kit.ID {
	w.Helper()
	return w.create(of(w.ann, tenant), false, "Article", "title", slug, "slug", slug, "status", "PUBLISHED")
}

func (w *world) slugs(v kit.Viewer) string {
	w.Helper()
	var slugs []string
	for _, row := range w.list(v, w.sel("Article", "slug")).Rows {
		slugs = append(slugs, row.Values[0].(string))
	}
	slices.Sort(slugs)
	return strings.Join(slugs, " ")
}

func testChoosing(w *world) {
	w.post("one", "a")
	w.post("two", "b")
	for _, tenant := range []string{"one", string(w.teamOf("one")), strings.ToUpper(string(w.teamOf("one")))} {
		if got := w.slugs(of(w.bob, tenant)); got != "a" {
			w.Errorf("in %s: %q", tenant, got)
		}
	}
	for _, tenant := range []string{"closed", "missing", string(kit.NewID()), "ONE", "one' OR '1'='1", "\x00", "\xff", strings.Repeat("x", 5000)} {
		for _, system := range []bool{false, true} {
			err := w.engine.Read(context.Background(), of(w.bob, tenant), func(_ context.Context, tx *query.Tx) error {
				w.Errorf("in %.20q, system %t: chosen", tenant, system)
				return nil
			})
			w.want(err, "NOT_FOUND")
			var problem *kit.Problem
			if !errors.As(err, &problem) || problem.Detail != kit.NotFound("team").Detail {
				w.Errorf("in %.20q: %v", tenant, err)
			}
		}
	}
}

func testOneStatement(w *world) {
	article := w.post("one", "a")
	w.post("two", "b")
	db := &countingDatabase{Database: w.engine.DB()}
	engine, err := query.New(renting(backend()), db, query.Options{Clock: w.clock})
	must(err)
	one := &world{TB: w.TB, engine: engine, clock: w.clock}
	postgres := db.Dialect() == sqldb.Postgres
	for _, c := range []struct {
		what, tenant string
		entity       string
		get          string
		want         string
		postgres     int // statements there; one more on SQLite, but for what finds nothing
	}{
		{"a page", "one", "Article", "", "[[a]]", 1},
		{"by the tenant's id", string(w.teamOf("one")), "Article", "", "[[a]]", 1},
		{"one row", "one", "Article", string(article), "[[a]]", 1},
		{"one row by its key", "one", "Article", "a", "[[a]]", 1},
		{"a row of another tenant", "two", "Article", string(article), "NOT_FOUND article", 2},
		{"no row", "two", "Tag", "", "[]", 2},
		{"a closed tenant", "closed", "Article", "", "NOT_FOUND team", 2},
		{"a row in a closed tenant", "closed", "Article", "a", "NOT_FOUND team", 2},
		{"no tenant", "missing", "Article", "", "NOT_FOUND team", 2},
		{"what belongs to nobody", "one", "User", "bob", "[[bob]]", 2},
		{"what belongs to nobody, in a closed tenant", "closed", "User", "bob", "NOT_FOUND team", 1},
	} {
		field := map[string]string{"Article": "slug", "Tag": "name", "User": "name"}[c.entity]
		s := one.sel(c.entity, field)
		db.statements = 0
		var rows []*query.Row
		var err error
		if c.get != "" {
			var row *query.Row
			row, err = one.get(of(w.bob, c.tenant), s, c.get)
			rows = []*query.Row{row}
		} else {
			var list *query.List
			if list, _, err = one.tryList(of(w.bob, c.tenant), s); err == nil {
				rows = list.Rows
			}
		}
		got := rowsText(rows)
		if problem := (*kit.Problem)(nil); errors.As(err, &problem) {
			got = problem.Code + " " + strings.TrimSuffix(strings.TrimPrefix(problem.Detail, "There is no such "), ".")
		}
		if got != c.want || postgres && db.statements != c.postgres {
			w.Errorf("%s: %s in %d statements (%v)", c.what, got, db.statements, err)
		}
	}
}

// countingDatabase counts what is asked of it.
type countingDatabase struct {
	sqldb.Database
	statements int
}

func (d *countingDatabase) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	return d.Database.Read(ctx, func(c sqldb.Conn) error { return do(countingConn{c, d}) })
}

type countingConn struct {
	sqldb.Conn
	of *countingDatabase
}

func (c countingConn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	c.of.statements++
	return c.Conn.Query(ctx, sql, args...)
}

func testNoTenant(w *world) {
	w.create(kit.Viewer{}, true, "Team", "handle", "quiet")
	w.post("one", "a")
	quiet := w.post("quiet", "b")
	if got := w.slugs(w.bob); got != "a" {
		w.Errorf("in none: %q", got)
	}
	if got := w.slugs(of(w.bob, "quiet")); got != "b" {
		w.Errorf("in quiet: %q", got)
	}
	_, err := w.get(w.bob, w.sel("Article", "slug"), quiet)
	w.want(err, "NOT_FOUND")
	w.want(w.update(w.ann, "Article", quiet, 0, "summary", "x"), "NOT_FOUND")
	w.want(w.delete(w.ann, "Article", "b", 0), "NOT_FOUND")
	_, err = w.tryCreate(w.ann, false, "Comment", "article", quiet, "body", "x")
	w.want(err, "INVALID article:NOT_FOUND")
	_, err = w.tryCreate(w.ann, true, "Comment", "article", quiet, "body", "x")
	w.want(err, "ok")
}

func testKeysOfTenants(w *world) {
	one, two := w.post("one", "same"), w.post("two", "same")
	only := w.post("two", "only")
	for v, want := range map[kit.Viewer]kit.ID{of(w.ann, "one"): one, of(w.ann, "two"): two} {
		row, err := w.get(v, w.sel("Article"), "same")
		if must(err); row.ID != want {
			w.Errorf("in %s: %s", v.Tenant, row.ID)
		}
	}
	_, err := w.get(w.ann, w.sel("Article"), "same")
	w.want(err, "NOT_FOUND")
	w.want(w.update(w.ann, "Article", "same", 0, "summary", "x"), "NOT_FOUND")
	w.want(w.delete(w.ann, "Article", "same", 0), "NOT_FOUND")
	_, err = w.tryCreate(w.ann, false, "Comment", "article", "same", "body", "x")
	w.want(err, "INVALID article:NOT_FOUND")
	row, err := w.get(w.ann, w.sel("Article"), "only")
	if must(err); row.ID != only {
		w.Errorf("only: %s", row.ID)
	}
	w.want(w.update(w.ann, "Article", "only", 0, "summary", "x"), "ok")
	_, err = w.tryCreate(of(w.ann, "one"), false, "Article", "title", "x", "slug", "same")
	w.want(err, "CONFLICT slug:TAKEN")
	// A name makes a row of one's own.
	for _, tenant := range []string{"one", "two"} {
		w.want(w.update(of(w.ann, tenant), "Article", "same", 0, "topics", []any{"tea"}), "ok")
	}
	if n := len(w.list(w.root, w.sel("Topic", "name")).Rows); n != 2 {
		w.Errorf("%d topics", n)
	}
}

func testSettling(w *world) {
	one, two := w.post("one", "a"), w.post("two", "b")
	for _, article := range []kit.ID{one, two} {
		w.create(w.ann, false, "Comment", "article", article, "body", "x")
	}
	w.create(w.ann, false, "Article", "title", "c", "team", "two", "status", "PUBLISHED")
	for tenant, want := range map[string]string{"one": "a", "two": "b c"} {
		if got := w.slugs(of(w.ann, tenant)); got != want {
			w.Errorf("in %s: %q", tenant, got)
		}
		if n := len(w.list(of(w.ann, tenant), w.sel("Comment", "body")).Rows); n != 1 {
			w.Errorf("in %s: %d comments", tenant, n)
		}
	}
	_, err := w.tryCreate(w.ann, false, "Article", "title", "x")
	w.want(err, "INVALID team:REQUIRED")
	_, err = w.tryCreate(of(w.ann, "one"), false, "Article", "title", "x", "team", "two")
	w.want(err, "INVALID team:NOT_FOUND")
	_, err = w.tryCreate(of(w.ann, "one"), true, "Article", "title", "x", "team", w.teamOf("two"))
	w.want(err, "INVALID team:NOT_FOUND")
	_, err = w.tryCreate(of(w.ann, "one"), false, "Team", "handle", "new")
	w.want(err, "FORBIDDEN")
}

func testLinks(w *world) {
	one, two := w.post("one", "a"), w.post("two", "b")
	tag := w.create(of(w.ann, "two"), false, "Tag", "name", "far")
	for _, v := range []kit.Viewer{w.ann, of(w.ann, "one")} {
		for _, system := range []bool{false, true} {
			for _, name := range []any{tag, "far"} {
				_, err := w.tryCreate(v, system, "Article", "title", "x", "team", "one", "author", w.ann.ID, "tags", []any{string(fmt.Sprint(name))})
				w.want(err, "INVALID tags.0:NOT_FOUND")
			}
		}
		for _, name := range []any{string(tag), "far"} {
			w.want(w.update(v, "Article", one, 0, "tags", []any{name}), "INVALID tags.0:NOT_FOUND")
		}
		w.want(w.update(v, "Team", "one", 0, "pinned", two), "INVALID pinned:NOT_FOUND")
		w.want(w.update(v, "Team", "one", 0, "pinned", "b"), "INVALID pinned:NOT_FOUND")
	}
	v := of(w.ann, "one")
	for _, system := range []bool{false, true} {
		for _, key := range []any{two, "b"} {
			_, err := w.tryCreate(v, system, "Comment", "article", key, "body", "x")
			w.want(err, "INVALID article:NOT_FOUND")
		}
	}
	w.want(w.update(v, "Article", two, 0, "summary", "x"), "NOT_FOUND")
	w.want(w.delete(v, "Article", two, 0), "NOT_FOUND")
	w.want(w.update(v, "Team", "two", 0, "handle", "x"), "NOT_FOUND")
	publish := w.engine.Backend().Operations[slices.IndexFunc(w.engine.Backend().Operations, func(o *meta.Operation) bool { return o.Name == "publish" })]
	w.want(w.engine.Write(context.Background(), v, func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.Call(ctx, publish, []any{string(two)})
		return err
	}), "NOT_FOUND article:NOT_FOUND")
}

func testMoves(w *world) {
	one := w.post("one", "a")
	note := w.create(of(w.ann, "one"), false, "Note", "notebook", w.create(of(w.ann, "one"), false, "Notebook"), "text", "x")
	there := w.create(of(w.ann, "two"), false, "Notebook")
	for _, v := range []kit.Viewer{w.ann, of(w.ann, "one")} {
		w.want(w.update(v, "Article", one, 0, "team", "two"), "INVALID team:READ_ONLY")
		w.want(w.update(v, "Note", note, 0, "notebook", there), "INVALID notebook:NOT_FOUND")
		w.want(w.engine.Write(context.Background(), v, func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.System().Update(ctx, w.entity("Note"), string(note), 0, w.changes(w.entity("Note"), "notebook", there))
			return err
		}), "INVALID notebook:NOT_FOUND")
	}
}

func testStoredLinks(w *world) {
	one, two := w.post("one", "a"), w.post("two", "b")
	comment := w.create(of(w.ann, "one"), false, "Comment", "article", one, "body", "x")
	tag := w.create(of(w.ann, "two"), false, "Tag", "name", "far")
	for _, sql := range []string{
		fmt.Sprintf("UPDATE comments SET article_id = '%s' WHERE id = '%s'", two, comment),
		fmt.Sprintf("UPDATE comments SET tenant_id = '%s' WHERE id = '%s'", w.teamOf("two"), comment),
		fmt.Sprintf("UPDATE articles SET team_id = '%s' WHERE id = '%s'", w.teamOf("two"), one),
		fmt.Sprintf("INSERT INTO article_tags (article_id, tag_id, tenant_id) VALUES ('%s', '%s', '%s')", one, tag, w.teamOf("one")),
		fmt.Sprintf("INSERT INTO article_tags (article_id, tag_id, tenant_id) VALUES ('%s', '%s', '%s')", one, tag, w.teamOf("two")),
	} {
		err := w.engine.Write(context.Background(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.Conn().Exec(ctx, sql)
			return err
		})
		if refused := (*sqldb.Violation)(nil); !errors.As(err, &refused) || refused.Kind != sqldb.ForeignKeyViolation {
			w.Errorf("%s: %v", sql, err)
		}
	}
}

func testNumbersOfTenants(w *world) {
	serials := func(tenant string, pairs ...any) (all []any) {
		for range 2 {
			w.create(of(w.ann, tenant), false, "Issue", pairs...)
		}
		s := w.sel("Issue", "number", "serial")
		s.Order = []query.Order{{Path: []string{"serial"}}}
		for _, row := range w.list(of(w.ann, tenant), s).Rows {
			all = append(all, row.Values...)
		}
		return all
	}
	for _, tenant := range []string{"one", "two"} {
		if got := fmt.Sprint(serials(tenant)); got != "[1 1 2 2]" {
			w.Errorf("in %s: %s", tenant, got)
		}
	}
	w.create(w.ann, false, "Issue", "team", "one", "serial", int64(7))
	if got := fmt.Sprint(serials("one")); got != "[1 1 2 2 3 7 4 8 5 9]" {
		w.Errorf("then: %s", got)
	}
}

func testOutsiders(w *world) {
	article := w.post("two", "b")
	w.want(w.update(w.ann, "User", "ann", 0, "likes", []any{string(article)}, "favourite", article), "ok")
	for tenant, want := range map[string]string{
		"one": "[[<nil> 0 false false <nil> []]]", "two": fmt.Sprintf("[[[%s] 1 true true [b] [[b]]]]", article),
	} {
		s := w.sel("User", "favourite", "liked", "fond", "sees", nest{"favourite", w.sel("Article", "slug")}, nest{"likes", w.sel("Article", "slug")})
		s.Where = meta.Eq(meta.This("name"), meta.Const("ann"))
		if got := rowsText(w.list(of(w.bob, tenant), s).Rows); got != want {
			w.Errorf("in %s: %s", tenant, got)
		}
		s.Where = meta.And(meta.Ne(meta.This("favourite"), meta.Null()), meta.Eq(meta.This("name"), meta.Const("ann")))
		if n := len(w.list(of(w.bob, tenant), s).Rows); (n == 1) != (tenant == "two") {
			w.Errorf("in %s: a filter finds %d", tenant, n)
		}
	}
}

func testListsOfOutsiders(w *world) {
	one, two := w.post("one", "a"), w.post("two", "b")
	likes := func(v kit.Viewer) string {
		row, err := w.get(v, w.sel("User", nest{"likes", w.sel("Article", "slug")}), "ann")
		must(err)
		return rowsText(row.Values[0].(*query.List).Rows)
	}
	w.want(w.update(w.ann, "User", "ann", 0, "likes", []any{string(one), string(two)}), "ok")
	for _, list := range [][]any{{}, {string(one)}, {"a"}, {}} {
		w.want(w.update(of(w.ann, "one"), "User", "ann", 0, "likes", list), "ok")
		if got := likes(of(w.ann, "two")); got != "[[b]]" {
			w.Errorf("after %v: %s", list, got)
		}
	}
	w.want(w.update(of(w.ann, "one"), "User", "ann", 0, "likes", []any{string(two)}), "INVALID likes.0:NOT_FOUND")
	if got := likes(w.ann); got != "[[b]]" {
		w.Errorf("at last: %s", got)
	}
}

// What the engine reads in a tenant is compared with a naive reading of its rows in Go, which knows of no others: in lists of
// lists, filters, orders, counts and computed fields nothing tells that there are any.
func TestReadsInATenantAreAsNaiveOnes(t *testing.T) {
	for _, d := range databases(t)[:2] {
		t.Run(d.name, func(t *testing.T) {
			w := newTeams(t, d.open(t), keeping())
			w.tenant = "one"
			w.people()
			random := rand.New(rand.NewPCG(3, 4))
			n := w.populate(random)
			n.crowd(random)
			rapid.Check(t, func(t *rapid.T) { n.check(t) })
		})
	}
}

// crowd makes rows of another tenant that look like those of this one.
func (n *naive) crowd(random *rand.Rand) {
	two := of(n.root, "two")
	var people []kit.ID
	for _, u := range n.rows["User"] {
		if !u.gone {
			people = append(people, kit.ID(u.values["id"].(string)))
		}
	}
	one := func(ids []kit.ID) kit.ID { return ids[random.IntN(len(ids))] }
	var tags, articles []kit.ID
	for i := range 4 {
		tags = append(tags, n.create(two, true, "Tag", "name", fmt.Sprint("t", i)))
	}
	for range 40 {
		articles = append(articles, n.create(two, true, "Article", "title", fmt.Sprint("a", random.IntN(6)), "author", one(people), "status", "PUBLISHED",
			"rating", int64(1+random.IntN(5)), "earnings", decimal("1"), "tags", []any{string(one(tags))}))
	}
	for range 80 {
		n.create(two, true, "Comment", "article", one(articles), "author", one(people), "body", "c1", "replies", int64(random.IntN(3)))
	}
	for _, a := range articles {
		n.create(two, true, "Bookmark", "article", a, "user", one(people))
	}
}

// An adversary who may do all in one tenant, and who knows each id and key of another, tries them everywhere: nothing of the
// other is seen, changed or linked, whether policies apply or not.
func TestNothingCrossesTenants(t *testing.T) {
	for _, d := range databases(t)[:2] {
		t.Run(d.name, func(t *testing.T) {
			w := newTeams(t, d.open(t), remembering())
			w.people()
			a := &adversary{world: w, ids: map[string][]string{}}
			for _, tenant := range []string{"one", "two"} {
				a.furnish(tenant)
			}
			before := a.dump()
			rapid.Check(t, func(t *rapid.T) { a.try(t) })
			if after := a.dump(); after != before {
				t.Errorf("the other tenant has changed:\n%s\nwas\n%s", after, before)
			}
		})
	}
}

// adversary knows the rows of both tenants.
type adversary struct {
	*world
	ids map[string][]string // by tenant and entity: ids and keys
}

// marker stands in every text of the other tenant, and nowhere else.
const marker = "two's own"

func (a *adversary) furnish(tenant string) {
	v := of(a.ann, tenant)
	text := map[string]string{"one": "mine", "two": marker}[tenant]
	add := func(entity string, pairs ...any) kit.ID {
		id := a.create(v, true, entity, pairs...)
		a.ids[tenant+" "+entity] = append(a.ids[tenant+" "+entity], string(id))
		return id
	}
	for i := range 3 {
		tag := add("Tag", "name", fmt.Sprint(text, i))
		add("Topic", "name", fmt.Sprint(tenant, i))
		article := add("Article", "title", text, "slug", fmt.Sprint(tenant, i), "status", "PUBLISHED", "author", a.ann.ID, "tags", []any{string(tag)}, "summary", text)
		add("Comment", "article", article, "author", a.ann.ID, "body", text)
		add("Bookmark", "article", article, "user", a.ann.ID)
		notebook := add("Notebook", "owner", a.ann.ID)
		add("Note", "notebook", notebook, "text", text)
		book := add("Book", "title", text, "owner", a.ann.ID)
		add("Loan", "book", book, "text", text)
		a.ids[tenant+" Article"] = append(a.ids[tenant+" Article"], fmt.Sprint(tenant, i))
		a.ids[tenant+" Tag"] = append(a.ids[tenant+" Tag"], fmt.Sprint(text, i))
	}
	a.ids[tenant+" Team"] = []string{string(a.teamOf(tenant)), tenant}
}

var attacked = []string{"Article", "Comment", "Tag", "Topic", "Bookmark", "Notebook", "Note", "Book", "Loan", "Team", "User"}

// dump is all that the other tenant has.
func (a *adversary) dump() string {
	var out strings.Builder
	two := of(a.root, "two")
	must(a.engine.Read(context.Background(), two, func(ctx context.Context, tx *query.Tx) error {
		for _, name := range attacked[:len(attacked)-1] {
			list, err := tx.System().List(ctx, query.Full(a.entity(name)))
			if err != nil {
				return err
			}
			for _, row := range list.Rows {
				fmt.Fprintln(&out, name, row.ID, row.Version, rowsText([]*query.Row{row}))
			}
		}
		return nil
	}))
	return out.String()
}

// try is one attempt.
func (a *adversary) try(t *rapid.T) {
	v := of(rapid.SampledFrom([]kit.Viewer{a.ann, a.bob, a.root}).Draw(t, "viewer"), "one")
	system := rapid.Bool().Draw(t, "system")
	e := a.entity(rapid.SampledFrom(attacked).Draw(t, "entity"))
	own, other := a.ids["one "+e.Name], a.ids["two "+e.Name]
	names := slices.Concat(own, other)
	if e.Name == "User" {
		names = []string{string(a.ann.ID), "bob"}
	}
	if len(names) == 0 {
		return
	}
	name := rapid.SampledFrom(names).Draw(t, "name")
	do := rapid.SampledFrom([]string{"get", "list", "create", "update", "delete", "restore", "history"}).Draw(t, "do")
	changes := a.forge(t, e, do == "update")
	err := a.engine.Write(context.Background(), v, func(ctx context.Context, tx *query.Tx) (err error) {
		if system {
			tx = tx.System()
		}
		var id kit.ID
		switch do {
		case "get":
			_, err = tx.Get(ctx, query.Full(e), name)
		case "list":
			err = a.look(ctx, t, tx, e, name)
		case "create":
			id, err = tx.Create(ctx, e, changes)
		case "update":
			id, err = tx.Update(ctx, e, name, 0, changes)
		case "delete":
			err = tx.Delete(ctx, e, name, 0)
		case "restore":
			id, err = tx.Restore(ctx, e, name)
		case "history":
			if e.History() == nil {
				return nil
			}
			_, err = tx.History(ctx, e, name, &query.Select{Entity: e.History()})
		}
		if err == nil && id != "" {
			err = a.linked(ctx, t, tx, e, id)
		}
		if err == nil && do != "list" && do != "create" && slices.Contains(other, name) && !slices.Contains(own, name) {
			t.Fatalf("%s %s %s of the other tenant, system %t", do, e.Name, name, system)
		}
		return errors.Join(err, errUndo)
	})
	if problem := (*kit.Problem)(nil); errors.As(err, &problem) && strings.Contains(fmt.Sprint(problem), marker) {
		t.Fatalf("%s %s %s: %v", do, e.Name, name, err)
	}
	if problem := (*kit.Problem)(nil); !errors.As(err, &problem) && err != nil && !errors.Is(err, errUndo) {
		t.Fatalf("%s %s %s: %v", do, e.Name, name, err)
	}
}

// errUndo rolls an attempt back, so that the next begins with the same rows.
var errUndo = errors.New("undo")

// forge makes changes that refer to rows of both tenants.
func (a *adversary) forge(t *rapid.T, e *meta.Entity, update bool) (changes []query.Change) {
	for _, f := range e.Fields {
		if f.Auto || f.Computed != nil || f.Kind == meta.List && (f.Join == nil || !f.Join.Owner) || update && rapid.Bool().Draw(t, "leave "+f.Name) {
			continue
		}
		var value any
		switch {
		case f.Kind == meta.Reference || f.Kind == meta.List:
			names := slices.Concat(a.ids["one "+f.Type], a.ids["two "+f.Type])
			if f.Type == "User" {
				names = []string{string(a.ann.ID), string(a.bob.ID)}
			}
			if len(names) == 0 {
				continue
			}
			if name := rapid.SampledFrom(names).Draw(t, f.Name); f.Kind == meta.Reference {
				value = name
			} else {
				value = []any{name}
			}
		case f.Kind == meta.String && !f.Repeated && f.Pattern == "":
			value = rapid.StringMatching("[a-z]{1,8}").Draw(t, f.Name)
		default:
			continue
		}
		changes = append(changes, query.Change{Field: f, Value: value})
	}
	return changes
}

// linked looks whether a row that was written belongs to the other tenant, or refers to it.
func (a *adversary) linked(ctx context.Context, t *rapid.T, tx *query.Tx, e *meta.Entity, id kit.ID) error {
	s := query.Full(e)
	for _, f := range e.Fields {
		if f.Join != nil {
			s.Fields = append(s.Fields, query.Selection{Field: f, Nested: &query.Select{Entity: f.Target(), First: 50}})
		}
	}
	row, err := tx.System().Get(ctx, s, string(id))
	if err != nil {
		return err
	}
	if text := rowsText([]*query.Row{row}); a.tells(text) {
		t.Fatalf("%s %s: %s", e.Name, id, text)
	}
	return nil
}

// look reads a page with all that can be nested in it.
func (a *adversary) look(ctx context.Context, t *rapid.T, tx *query.Tx, e *meta.Entity, name string) error {
	s := query.Full(e)
	s.First, s.Count = 50, true
	for _, f := range e.Fields {
		switch {
		case f.Kind == meta.List:
			s.Fields = append(s.Fields, query.Selection{Field: f, Nested: &query.Select{Entity: f.Target(), Fields: query.Full(f.Target()).Fields, Count: true}})
		case f.Computed != nil:
			s.Fields = append(s.Fields, query.Selection{Field: f})
		}
	}
	if f := e.Field("article"); f != nil && rapid.Bool().Draw(t, "filter") {
		s.Where = meta.Eq(meta.This("article", "slug"), meta.Const(name))
	}
	if len(e.Searched()) > 0 && rapid.Bool().Draw(t, "search") {
		s.Search = "own"
	}
	list, err := tx.List(ctx, s)
	if err != nil {
		return err
	}
	if text := rowsText(list.Rows); a.tells(text) || e.TenantColumn != "" && (list.Total > 3 || s.Search != "" && list.Total > 0) {
		t.Fatalf("%s: %d %s", e.Name, list.Total, text)
	}
	return nil
}

// tells is whether a text holds anything of the other tenant.
func (a *adversary) tells(text string) bool {
	if strings.Contains(text, marker) {
		return true
	}
	for key, ids := range a.ids {
		if strings.HasPrefix(key, "two ") && slices.ContainsFunc(ids, func(id string) bool { return len(id) == 36 && strings.Contains(text, id) }) {
			return true
		}
	}
	return false
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

// A developer who asks by key is told why it is not there, though the viewer may not see its tenant, or it is another's.
func testAccessAcrossTenants(w *world) {
	w.create(kit.Viewer{}, true, "Team", "handle", "quiet")
	w.post("one", "a")
	w.post("quiet", "b")
	closed := w.create(kit.Viewer{}, true, "Team", "handle", "shut")
	w.create(kit.Viewer{}, true, "Article", "title", "c", "slug", "c", "status", "PUBLISHED", "author", w.ann.ID, "team", closed)
	must(w.update(w.ann, "Team", closed, 0, "open", false))
	w.post("one", "same")
	w.post("two", "same")
	for _, c := range []struct {
		tenant, slug, answer string
		hidden               []string
	}{
		{"one", "a", "OK", nil},
		{"", "a", "OK", nil},
		{"two", "a", "NOT_FOUND", []string{"it belongs to another tenant"}},
		{"shut", "c", "NOT_FOUND", []string{"the viewer may not see the tenant shut"}},
		{"shut", "a", "NOT_FOUND", []string{"the viewer may not see the tenant shut", "it belongs to another tenant"}},
		{"nowhere", "a", "NOT_FOUND", []string{"there is no tenant nowhere"}},
		{"", "b", "NOT_FOUND", []string{"no tenant is named, and the viewer sees nothing of its own unnamed"}},
		{"two", "same", "OK", nil},
		{"", "same", "NOT_FOUND", []string{"no tenant is named, and several have one that is called so"}},
	} {
		a, err := w.engine.Access(context.Background(), of(w.bob, c.tenant), w.entity("Article"), meta.Read, c.slug, nil)
		if err != nil {
			w.Errorf("%s in %q: %s", c.slug, c.tenant, describe(err))
			continue
		}
		if a.Answer != c.answer || !slices.Equal(a.Hidden, c.hidden) || len(a.Rules) != 2 || !a.Rules[0].Holds {
			w.Errorf("%s in %q: %s, hidden %q, rules %+v", c.slug, c.tenant, a.Answer, a.Hidden, a.Rules)
		}
	}
}
