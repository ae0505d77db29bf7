package query_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// The backend of these tests: people, articles with prices, tags and comments, and private notes.

func when(x *meta.Expr) []meta.Rule { return []meta.Rule{{When: x, Source: "fixture"}} }

func decimal(text string) kit.Decimal {
	d, err := kit.ParseDecimal(text)
	if err != nil {
		panic(err)
	}
	return d
}

func number(n float64) *float64 { return &n }

var (
	newest  = meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "createdAt", Descending: true}}}
	admin   = meta.Eq(meta.Viewer("role"), meta.Const("ADMIN"))
	asMe    = meta.Eq(meta.This(), meta.Viewer())
	author  = meta.Eq(meta.This("author"), meta.Viewer())
	owner   = meta.Eq(meta.This("owner"), meta.Viewer())
	isMoney = func(prefix string) []*meta.Field {
		return []*meta.Field{
			{Name: "amount", Kind: meta.Decimal, Column: prefix + "_amount", Digits: 12, Scale: 2},
			{Name: "currency", Kind: meta.Currency, Column: prefix + "_currency"},
		}
	}
)

func userEntity() *meta.Entity {
	return &meta.Entity{
		Name: "User", Singular: "user", Plural: "users", Path: "users", Table: "users", Key: "name", Page: newest,
		Fields: kittest.Fields(
			&meta.Field{Name: "email", Kind: meta.Email, Column: "email", Null: false, Allow: meta.Allow{Read: when(asMe)}},
			&meta.Field{Name: "name", Kind: meta.String, Column: "name", MinLength: 1, MaxLength: 20},
			&meta.Field{Name: "role", Kind: meta.EnumKind, Type: "Role", Column: "role", Default: meta.Const("MEMBER"), Allow: meta.Allow{Update: when(admin), Create: when(admin)}},
			&meta.Field{Name: "active", Kind: meta.Boolean, Column: "active", Default: meta.Const(true)},
			&meta.Field{Name: "boss", Kind: meta.Reference, Type: "User", Column: "boss_id", Null: true},
			&meta.Field{Name: "articles", Kind: meta.List, Type: "Article", Inverse: "author", Page: newest},
			&meta.Field{Name: "likes", Kind: meta.List, Type: "Article", Join: &meta.JoinTable{Table: "likes", From: "user_id", To: "article_id", Owner: true}, Bound: 5},
		),
		Allow: meta.Allow{
			Read:   when(meta.Or(meta.This("active"), asMe)),
			Create: when(admin),
			Update: when(meta.Or(asMe, admin)),
			Delete: when(admin),
		},
		Uniques: []meta.Unique{
			{Name: "users_email_key", Fields: []string{"email"}},
			{Name: "users_name_key", Fields: []string{"name"}, IgnoreCase: true},
		},
	}
}

func articleEntity() *meta.Entity {
	return &meta.Entity{
		Name: "Article", Singular: "article", Plural: "articles", Path: "articles", Table: "articles", Key: "slug", Page: newest,
		Fields: kittest.Fields(
			&meta.Field{Name: "slug", Kind: meta.String, Column: "slug", Default: meta.Call("slug", meta.This("title")), Pattern: "^[a-z0-9-]+$"},
			&meta.Field{Name: "title", Kind: meta.String, Column: "title", MinLength: 1, MaxLength: 40},
			&meta.Field{Name: "summary", Kind: meta.String, Column: "summary", Null: true},
			&meta.Field{Name: "author", Kind: meta.Reference, Type: "User", Column: "author_id", Default: meta.Viewer()},
			&meta.Field{Name: "editor", Kind: meta.Reference, Type: "User", Column: "editor_id", Null: true},
			&meta.Field{Name: "status", Kind: meta.EnumKind, Type: "Status", Column: "status", Default: meta.Const("DRAFT")},
			&meta.Field{Name: "price", Kind: meta.Value, Type: "Money", Null: true, Fields: isMoney("price")},
			&meta.Field{Name: "rating", Kind: meta.Int, Column: "rating", Null: true, Min: number(1), Max: number(5)},
			&meta.Field{Name: "earnings", Kind: meta.Decimal, Column: "earnings", Null: true, Allow: meta.Allow{Read: when(author)}},
			&meta.Field{Name: "publishedAt", Kind: meta.DateTime, Column: "published_at", Null: true},
			&meta.Field{Name: "kind", Kind: meta.String, Column: "kind", Immutable: true, Default: meta.Const("essay")},
			&meta.Field{Name: "tags", Kind: meta.List, Type: "Tag", Join: &meta.JoinTable{Table: "article_tags", From: "article_id", To: "tag_id", Owner: true}, Bound: 3},
			&meta.Field{Name: "topics", Kind: meta.List, Type: "Topic", Join: &meta.JoinTable{Table: "article_topics", From: "article_id", To: "topic_id", Owner: true}, Bound: 5},
			&meta.Field{Name: "comments", Kind: meta.List, Type: "Comment", Inverse: "article"},
			&meta.Field{Name: "fans", Kind: meta.List, Type: "User", Join: &meta.JoinTable{Table: "likes", From: "article_id", To: "user_id"}},
			&meta.Field{Name: "readers", Kind: meta.List, Type: "User", Join: &meta.JoinTable{Table: "bookmarks", From: "article_id", To: "user_id", Through: "Bookmark"}},
			&meta.Field{Name: "saved", Kind: meta.Boolean, Computed: meta.Over(meta.OpExists, meta.This("readers"), "r", meta.Eq(meta.Var("r"), meta.Viewer()))},
			&meta.Field{Name: "saves", Kind: meta.Int, Computed: meta.Over(meta.OpCount, meta.This("readers"), "r", meta.True())},
			&meta.Field{Name: "busy", Kind: meta.Boolean, Computed: meta.Apply(meta.OpGe, meta.This("talk"), meta.Const(int64(2)))},
			&meta.Field{Name: "talk", Kind: meta.Int, Computed: meta.Over(meta.OpCount, meta.This("comments"), "c", meta.Ne(meta.Var("c", "author"), meta.This("author")))},
			&meta.Field{Name: "popular", Kind: meta.Boolean, Computed: meta.Apply(meta.OpGe, meta.This("saves"), meta.Const(int64(2))), Allow: meta.Allow{Read: when(author)}},
		),
		Allow: meta.Allow{
			Read:   []meta.Rule{{When: meta.Eq(meta.This("status"), meta.Const("PUBLISHED"))}, {When: author}},
			Create: when(author), Update: when(author), Delete: when(author),
		},
		Uniques: []meta.Unique{{Name: "articles_slug_key", Fields: []string{"slug"}}},
		Checks: []meta.Check{
			{Name: "articles_price_check", That: meta.Apply(meta.OpGe, meta.This("price", "amount"), meta.Const(int64(0))), Code: "NEGATIVE_PRICE", Field: "price", Local: true},
			{Name: "articles_editor_check", That: meta.Or(meta.Eq(meta.This("editor"), meta.Null()), meta.This("editor", "active")), Code: "EDITOR_GONE", Field: "editor"},
			{Name: "articles_rating_check", That: meta.Or(meta.Eq(meta.Old("rating"), meta.Null()), meta.Apply(meta.OpLe, meta.Old("rating"), meta.This("rating"))), Code: "RATING_FELL", Field: "rating"},
		},
	}
}

func backend() *meta.Backend {
	return &meta.Backend{
		Name:    "test",
		Account: &meta.Account{Entity: "User", Login: "email"},
		Enums:   []*meta.Enum{{Name: "Role", Values: []string{"MEMBER", "ADMIN"}}, {Name: "Status", Values: []string{"DRAFT", "PUBLISHED", "ARCHIVED"}}, {Name: "State", Values: []string{"PLACED", "PAID", "CANCELLED"}}},
		Structs: []*meta.Struct{
			{Name: "Money", Fields: isMoney("x")},
			{Name: "ReviewInput", Input: true, Fields: []*meta.Field{
				{Name: "article", Kind: meta.Reference, Type: "Article"},
				{Name: "stars", Kind: meta.Int, Min: number(1), Max: number(5)},
				{Name: "cc", Kind: meta.Reference, Type: "User", Repeated: true, Null: true},
			}},
		},
		Entities: []*meta.Entity{
			userEntity(), articleEntity(),
			{
				Name: "Tag", Singular: "tag", Plural: "tags", Path: "tags", Table: "tags", Key: "name",
				Page: meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "name"}}},
				Fields: kittest.Fields(
					&meta.Field{Name: "name", Kind: meta.String, Column: "name", MinLength: 1},
					&meta.Field{Name: "articles", Kind: meta.List, Type: "Article", Join: &meta.JoinTable{Table: "article_tags", From: "tag_id", To: "article_id"}, Page: newest},
				),
				Allow:   meta.Allow{Read: when(meta.True()), Create: when(meta.Ne(meta.Viewer(), meta.Null())), Delete: when(meta.Ne(meta.Viewer(), meta.Null()))},
				Uniques: []meta.Unique{{Name: "tags_name_key", Fields: []string{"name"}}},
			},
			{
				Name: "Topic", Singular: "topic", Plural: "topics", Path: "topics", Table: "topics", Key: "name", Upsert: true,
				Page:    meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "name"}}},
				Fields:  kittest.Fields(&meta.Field{Name: "name", Kind: meta.String, Column: "name", MinLength: 1, MaxLength: 10}),
				Allow:   meta.Allow{Read: when(meta.Or(meta.Ne(meta.This("name"), meta.Const("veiled")), admin)), Create: when(meta.Viewer("active"))},
				Uniques: []meta.Unique{{Name: "topics_name_key", Fields: []string{"name"}}},
			},
			{
				Name: "Comment", Singular: "comment", Plural: "comments", Path: "comments", Table: "comments", Key: "id",
				Page: meta.Page{Size: 2, Max: 10, Order: []meta.Order{{Field: "createdAt"}}},
				Fields: kittest.Fields(
					&meta.Field{Name: "article", Kind: meta.Reference, Type: "Article", Column: "article_id", Immutable: true},
					&meta.Field{Name: "author", Kind: meta.Reference, Type: "User", Column: "author_id", Default: meta.Viewer()},
					&meta.Field{Name: "body", Kind: meta.String, Column: "body", MaxLength: 100},
					&meta.Field{Name: "replies", Kind: meta.Int, Column: "replies", Default: meta.Const(int64(0))},
				),
				Allow: meta.Allow{
					Read:   when(meta.Can(meta.Read, meta.This("article"))),
					Create: when(meta.And(author, meta.Can(meta.Read, meta.This("article")))),
					Update: when(meta.And(author, meta.Apply(meta.OpLt, meta.Now(), meta.Apply(meta.OpAdd, meta.This("createdAt"), meta.Const(int64(time.Hour/time.Microsecond)))))),
					Delete: []meta.Rule{{When: author}, {When: meta.Eq(meta.This("article", "author"), meta.Viewer())}},
				},
			},
			{
				Name: "Bookmark", Singular: "bookmark", Plural: "bookmarks", Path: "bookmarks", Table: "bookmarks", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "user", Kind: meta.Reference, Type: "User", Column: "user_id", Default: meta.Viewer()},
					&meta.Field{Name: "article", Kind: meta.Reference, Type: "Article", Column: "article_id"},
				),
				Allow:    meta.Allow{Read: when(meta.Eq(meta.This("user"), meta.Viewer()))},
				Internal: true,
				Uniques:  []meta.Unique{{Name: "bookmarks_key", Fields: []string{"user", "article"}}},
			},
			{
				Name: "Notebook", Singular: "notebook", Plural: "notebooks", Path: "notebooks", Table: "notebooks", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "owner", Kind: meta.Reference, Type: "User", Column: "owner_id", Default: meta.Viewer()},
					&meta.Field{Name: "locked", Kind: meta.Boolean, Column: "locked", Default: meta.Const(false)},
					&meta.Field{Name: "notes", Kind: meta.List, Type: "Note", Inverse: "notebook", Bound: 3},
				),
				Allow: meta.Allow{
					Read: when(owner), Create: when(owner),
					Update: when(meta.And(owner, meta.Eq(meta.Old("locked"), meta.Const(false)))), Delete: when(owner),
				},
			},
			{
				Name: "Bin", Singular: "bin", Plural: "bins", Path: "bins", Table: "bins", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "size", Kind: meta.Int, Column: "size"},
					&meta.Field{Name: "moves", Kind: meta.List, Type: "Move", Inverse: "bin", Page: newest},
				),
				Allow: meta.Allow{Read: when(meta.True()), Create: when(meta.True())},
			},
			{
				Name: "Move", Singular: "move", Plural: "moves", Path: "moves", Table: "moves", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "bin", Kind: meta.Reference, Type: "Bin", Column: "bin_id"},
					&meta.Field{Name: "by", Kind: meta.Reference, Type: "User", Column: "by_id", Default: meta.Viewer()},
					&meta.Field{Name: "count", Kind: meta.Int, Column: "count"},
					&meta.Field{Name: "memo", Kind: meta.String, Column: "memo", Null: true},
				),
				Allow: meta.Allow{Read: when(meta.True()), Create: when(meta.True()), Update: when(meta.True()), Delete: when(meta.True())},
				Checks: []meta.Check{{
					Name: "moves_check", Code: "FULL",
					That: meta.Apply(meta.OpLe, meta.Over(meta.OpSum, meta.This("bin", "moves"), "m", meta.True(), meta.Var("m", "count")), meta.This("bin", "size")),
				}},
			},
			{
				Name: "Note", Singular: "note", Plural: "notes", Path: "notes", Table: "notes", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "notebook", Kind: meta.Reference, Type: "Notebook", Column: "notebook_id"},
					&meta.Field{Name: "text", Kind: meta.String, Column: "text"},
					&meta.Field{Name: "day", Kind: meta.Date, Column: "day", Null: true},
					&meta.Field{Name: "at", Kind: meta.Time, Column: "at", Null: true},
					&meta.Field{Name: "takes", Kind: meta.Duration, Column: "takes", Null: true},
					&meta.Field{Name: "weight", Kind: meta.Float, Column: "weight", Null: true},
					&meta.Field{Name: "big", Kind: meta.Int64, Column: "big", Null: true},
					&meta.Field{Name: "data", Kind: meta.JSON, Column: "data", Null: true},
					&meta.Field{Name: "raw", Kind: meta.Bytes, Column: "raw", Null: true},
					&meta.Field{Name: "link", Kind: meta.URL, Column: "link", Null: true},
					&meta.Field{Name: "zone", Kind: meta.TimeZone, Column: "zone", Null: true},
					&meta.Field{Name: "country", Kind: meta.Country, Column: "country", Null: true},
					&meta.Field{Name: "ref", Kind: meta.UUID, Column: "ref", Null: true},
					&meta.Field{Name: "alarm", Kind: meta.DateTime, Column: "alarm", Null: true, Default: meta.Call("at", meta.This("day"), meta.Const("06:00:00"), meta.This("zone"))},
					&meta.Field{Name: "rings", Kind: meta.DateTime, Null: true, Computed: meta.Call("at", meta.This("day"), meta.This("at"), meta.This("zone"))},
					&meta.Field{Name: "ringsAgain", Kind: meta.DateTime, Null: true, Computed: meta.Call("at", meta.This("rings"), meta.Const("12:00:00"), meta.This("zone"))},
				),
				Allow: meta.Allow{
					Read:   when(meta.Eq(meta.This("notebook", "owner"), meta.Viewer())),
					Create: when(meta.Eq(meta.This("notebook", "owner"), meta.Viewer())),
					Update: when(meta.Eq(meta.This("notebook", "owner"), meta.Viewer())),
				},
			},
			{
				Name: "Project", Singular: "project", Plural: "projects", Path: "projects", Table: "projects", Key: "name", Page: newest,
				Fields:  kittest.Fields(&meta.Field{Name: "name", Kind: meta.String, Column: "name"}),
				Uniques: []meta.Unique{{Name: "projects_name_key", Fields: []string{"name"}}},
				Allow:   meta.Allow{Read: when(meta.True())},
			},
			{
				Name: "Issue", Singular: "issue", Plural: "issues", Path: "issues", Table: "issues", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "project", Kind: meta.Reference, Type: "Project", Column: "project_id", Null: true},
					&meta.Field{Name: "number", Kind: meta.Int, Column: "number", Default: meta.Call("next", meta.This("project"))},
					&meta.Field{Name: "serial", Kind: meta.Int64, Column: "serial", Null: true, Default: meta.Call("next")},
				),
				Uniques: []meta.Unique{
					{Name: "issues_project_number_key", Fields: []string{"project", "number"}},
					{Name: "issues_serial_key", Fields: []string{"serial"}},
				},
				Allow: meta.Allow{Read: when(meta.True()), Create: when(meta.True()), Delete: when(meta.True()), Update: when(meta.True())},
			},
			{
				Name: "Order", Singular: "order", Plural: "orders", Path: "orders", Table: "orders", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "title", Kind: meta.String, Column: "title", Default: meta.Const("")},
					&meta.Field{Name: "state", Kind: meta.EnumKind, Type: "State", Column: "state", Default: meta.Const("PLACED"), Flow: &meta.Flow{
						Begins: []string{"PLACED"},
						Steps:  []meta.Step{{From: "PLACED", To: []string{"PAID", "CANCELLED"}}, {From: "PAID", To: []string{"CANCELLED"}}},
					}},
					&meta.Field{Name: "parcel", Kind: meta.EnumKind, Type: "State", Column: "parcel", Null: true, Flow: &meta.Flow{
						Begins: []string{"PLACED"},
						Steps:  []meta.Step{{From: "PLACED", To: []string{"PAID", "CANCELLED"}}},
					}},
					&meta.Field{
						Name: "claim", Kind: meta.EnumKind, Type: "State", Column: "claim", Null: true, Allow: meta.Allow{Read: when(admin)},
						Flow: &meta.Flow{Begins: []string{"PLACED"}, Steps: []meta.Step{{From: "PLACED", To: []string{"PAID"}}}},
					},
				),
				Allow: meta.Allow{Read: when(meta.True()), Create: when(meta.True()), Update: when(meta.True())},
			},
			{
				Name: "Shelf", Singular: "shelf", Plural: "shelves", Path: "shelves", Table: "shelves", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "name", Kind: meta.String, Column: "name"},
					&meta.Field{Name: "books", Kind: meta.List, Type: "Book", Inverse: "shelf"},
				),
				Allow: meta.Allow{Read: when(meta.True()), Create: when(meta.True())},
			},
			{
				Name: "Book", Singular: "book", Plural: "books", Path: "books", Table: "books", Key: "id",
				Page: meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "title"}}},
				Fields: kittest.Fields(
					&meta.Field{Name: "title", Kind: meta.String, Column: "title", Search: true},
					&meta.Field{Name: "order", Kind: meta.String, Column: "order", Null: true, Search: true},
					&meta.Field{Name: "memo", Kind: meta.String, Column: "memo", Null: true, Search: true, Allow: meta.Allow{Read: when(owner)}},
					&meta.Field{Name: "audit", Kind: meta.String, Column: "audit", Null: true, Search: true, Allow: meta.Allow{
						Read: []meta.Rule{{When: meta.Eq(meta.Viewer("role"), meta.Const("ADMIN"))}, {When: meta.This("shown")}},
					}},
					&meta.Field{Name: "shown", Kind: meta.Boolean, Column: "shown", Default: meta.Const(false)},
					&meta.Field{Name: "public", Kind: meta.Boolean, Column: "public", Default: meta.Const(true)},
					&meta.Field{Name: "owner", Kind: meta.Reference, Type: "User", Column: "owner_id", Default: meta.Viewer()},
					&meta.Field{Name: "shelf", Kind: meta.Reference, Type: "Shelf", Column: "shelf_id", Null: true},
				),
				Allow: meta.Allow{Read: when(meta.Or(meta.This("public"), owner)), Create: when(meta.True()), Update: when(owner), Delete: when(owner)},
			},
			{
				Name: "Loan", Singular: "loan", Plural: "loans", Path: "loans", Table: "loans", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "book", Kind: meta.Reference, Type: "Book", Column: "book_id", OnGone: meta.Restrict},
					&meta.Field{Name: "text", Kind: meta.String, Column: "text", Search: true},
				),
				Allow: meta.Allow{Read: when(meta.Call("matches", meta.This("book"), meta.Const("bread"))), Create: when(meta.True())},
			},
			{
				Name: "Bag", Singular: "bag", Plural: "bags", Path: "bags", Table: "bags", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "owner", Kind: meta.Reference, Type: "User", Column: "owner_id", Default: meta.Viewer()},
					&meta.Field{Name: "labels", Kind: meta.String, Repeated: true, Column: "labels", Default: meta.Const([]any{"new"}), MaxLength: 4, Pattern: "^[^!]*$"},
					&meta.Field{Name: "roles", Kind: meta.EnumKind, Type: "Role", Repeated: true, Column: "roles", Null: true},
					&meta.Field{Name: "counts", Kind: meta.Int, Repeated: true, Column: "counts", Default: meta.Const([]any{}), Max: number(100)},
					&meta.Field{Name: "bigs", Kind: meta.Int64, Repeated: true, Column: "bigs", Null: true},
					&meta.Field{Name: "weights", Kind: meta.Float, Repeated: true, Column: "weights", Null: true},
					&meta.Field{Name: "flags", Kind: meta.Boolean, Repeated: true, Column: "flags", Null: true},
					&meta.Field{Name: "prices", Kind: meta.Decimal, Repeated: true, Column: "prices", Null: true, Digits: 9, Scale: 2, Allow: meta.Allow{Read: when(owner)}},
					&meta.Field{Name: "instants", Kind: meta.DateTime, Repeated: true, Column: "instants", Null: true},
					&meta.Field{Name: "days", Kind: meta.Date, Repeated: true, Column: "days", Null: true},
					&meta.Field{Name: "clocks", Kind: meta.Time, Repeated: true, Column: "clocks", Null: true},
					&meta.Field{Name: "spans", Kind: meta.Duration, Repeated: true, Column: "spans", Null: true},
					&meta.Field{Name: "refs", Kind: meta.UUID, Repeated: true, Column: "refs", Null: true},
					&meta.Field{Name: "zones", Kind: meta.TimeZone, Repeated: true, Column: "zones", Null: true},
					&meta.Field{Name: "first", Kind: meta.String, Null: true, Computed: meta.Over(meta.OpFind, meta.This("labels"), "l", meta.True(), meta.Var("l"))},
					&meta.Field{Name: "long", Kind: meta.Int, Computed: meta.Over(meta.OpCount, meta.This("labels"), "l", meta.Apply(meta.OpGt, meta.Call("size", meta.Var("l")), meta.Const(int64(3))))},
				),
				Allow: meta.Allow{
					Read: when(meta.True()), Create: when(meta.Not(meta.Over(meta.OpExists, meta.This("labels"), "l", meta.Eq(meta.Var("l"), meta.Const("root"))))),
					Update: when(meta.Over(meta.OpExists, meta.Old("labels"), "l", meta.Eq(meta.Var("l"), meta.Const("open")))),
				},
				Checks: []meta.Check{{
					Name: "bags_check", Code: "TWICE", Field: "counts",
					That: meta.Not(meta.Over(meta.OpExists, meta.This("counts"), "c", meta.Apply(meta.OpGt, meta.Over(meta.OpCount, meta.This("counts"), "d", meta.Eq(meta.Var("c"), meta.Var("d"))), meta.Const(int64(1))))),
				}},
			},
			{
				Name: "Entry", Singular: "entry", Plural: "entries", Path: "entries", Table: "entries", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "name", Kind: meta.String, Column: "name"},
					&meta.Field{Name: "small", Kind: meta.Int, Column: "small", Null: true},
					&meta.Field{Name: "big", Kind: meta.Int64, Column: "big", Null: true},
					&meta.Field{Name: "share", Kind: meta.Float, Column: "share", Null: true},
					&meta.Field{Name: "exact", Kind: meta.Decimal, Column: "exact", Null: true, Digits: 18, Scale: 4},
					&meta.Field{Name: "spent", Kind: meta.Duration, Column: "spent", Null: true},
					&meta.Field{Name: "day", Kind: meta.Date, Column: "day", Null: true},
					&meta.Field{Name: "clock", Kind: meta.Time, Column: "clock", Null: true},
					&meta.Field{Name: "at", Kind: meta.DateTime, Column: "at", Null: true},
					&meta.Field{Name: "cost", Kind: meta.Value, Type: "Money", Null: true, Fields: isMoney("cost")},
				),
				Allow: meta.Allow{Read: when(meta.True()), Create: when(meta.True()), Update: when(meta.True())},
			},
			{
				Name: "Booking", Singular: "booking", Plural: "bookings", Path: "bookings", Table: "bookings", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "room", Kind: meta.Reference, Type: "Topic", Column: "room_id"},
					&meta.Field{Name: "desk", Kind: meta.Int, Column: "desk", Null: true},
					&meta.Field{Name: "startsAt", Kind: meta.DateTime, Column: "starts_at", Null: true},
					&meta.Field{Name: "endsAt", Kind: meta.DateTime, Column: "ends_at", Null: true},
					&meta.Field{Name: "live", Kind: meta.Boolean, Column: "live", Default: meta.Const(true)},
				),
				Allow: meta.Allow{Read: when(meta.True()), Create: when(meta.True()), Update: when(meta.True()), Delete: when(meta.True())},
				Excludes: []meta.Exclusion{
					{Name: "bookings_excl", From: "startsAt", Until: "endsAt", Per: []string{"room", "desk"}, When: meta.This("live"), Code: "TAKEN"},
				},
				Checks: []meta.Check{{
					Name: "bookings_order_check", Code: "ENDS_BEFORE_START", Field: "endsAt", Local: true,
					That: meta.Or(meta.Eq(meta.This("startsAt"), meta.Null()), meta.Eq(meta.This("endsAt"), meta.Null()), meta.Lt(meta.This("startsAt"), meta.This("endsAt"))),
				}},
			},
		},
		Operations: []*meta.Operation{
			{
				Name: "found", Args: []*meta.Field{{Name: "words", Kind: meta.String}},
				Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Book", Repeated: true, Page: meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "title"}}}},
				Allow:  when(meta.True()), Where: meta.Call("matches", meta.This(), meta.Arg("words")),
			},
			{
				Name: "publish", Mutation: true, Args: []*meta.Field{{Name: "article", Kind: meta.Reference, Type: "Article"}},
				Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Article"},
				Allow:  when(meta.And(meta.Eq(meta.Arg("article", "author"), meta.Viewer()), meta.Eq(meta.Arg("article", "status"), meta.Const("DRAFT")))),
			},
			{
				Name: "review", Mutation: true, Args: []*meta.Field{{Name: "input", Kind: meta.Input, Type: "ReviewInput"}},
				Result: &meta.Field{Name: "result", Kind: meta.Boolean},
				Allow: when(meta.And(meta.Ne(meta.Viewer(), meta.Null()), meta.Ne(meta.Arg("input", "article", "author"), meta.Viewer()),
					meta.Not(meta.Over(meta.OpExists, meta.Arg("input", "cc"), "u", meta.Eq(meta.Var("u", "role"), meta.Const("ADMIN")))))),
			},
			{
				Name: "written", Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Article", Repeated: true, Page: meta.Page{Size: 2, Max: 5, Order: []meta.Order{{Field: "title"}}}},
				Args:  []*meta.Field{{Name: "by", Kind: meta.Reference, Type: "User"}, {Name: "part", Kind: meta.String, Null: true}},
				Allow: when(meta.Ne(meta.Arg("by", "role"), meta.Const("ADMIN"))),
				Where: meta.And(meta.Eq(meta.This("author"), meta.Arg("by")), meta.Or(meta.Eq(meta.Arg("part"), meta.Null()), meta.Call("contains", meta.This("title"), meta.Arg("part")))),
			},
			{
				Name: "earning", Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Article", Repeated: true, Page: meta.Page{Size: 5, Max: 5, Order: []meta.Order{{Field: "title"}}}},
				Args:  []*meta.Field{{Name: "amount", Kind: meta.Decimal}, {Name: "not", Kind: meta.Boolean, Null: true}},
				Allow: when(meta.True()),
				Where: meta.Or(
					meta.And(meta.Eq(meta.Arg("not"), meta.Null()), meta.Eq(meta.This("earnings"), meta.Arg("amount"))),
					meta.And(meta.Arg("not"), meta.Not(meta.Apply(meta.OpGe, meta.This("earnings"), meta.Arg("amount"))), meta.Ne(meta.This("earnings"), meta.Null())),
				),
			},
			{
				Name: "tagged", Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Bag", Repeated: true, Page: newest},
				Args:  []*meta.Field{{Name: "any", Kind: meta.String, Repeated: true}},
				Allow: when(meta.Not(meta.Over(meta.OpExists, meta.Arg("any"), "a", meta.Eq(meta.Var("a"), meta.Const("secret"))))),
				Where: meta.Over(meta.OpExists, meta.This("labels"), "l", meta.Over(meta.OpExists, meta.Arg("any"), "a", meta.Eq(meta.Var("a"), meta.Var("l")))),
			},
			{Name: "ping", Result: &meta.Field{Name: "result", Kind: meta.Boolean}, Allow: when(meta.True())},
			{Name: "hidden", Result: &meta.Field{Name: "result", Kind: meta.Boolean}},
		},
	}
}

var constraints = map[string][]string{
	"bookings":      {"CONSTRAINT bookings_order_check CHECK (starts_at < ends_at)"},
	"bookings_excl": {"live"},
	"articles": {
		"CONSTRAINT articles_price_check CHECK (price_amount >= 0)",
		"CONSTRAINT articles_rating_min CHECK (rating >= 1)", "CONSTRAINT articles_rating_max CHECK (rating <= 5)",
	},
}

// clock is a clock that tests set.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// world is a database with people in it.
type world struct {
	testing.TB
	engine         *query.Engine
	tenant         string // in which all is done, empty for none
	clock          *clock
	ann, bob, root kit.Viewer
	called         []any
}

func newWorld(t testing.TB, db sqldb.Database) *world {
	t.Helper()
	return newWorldOf(t, db, backend())
}

// keeping is the same backend, with deleted rows that stay: comments go with their article, links too, and notes are hidden
// with their notebook.
func keeping() *meta.Backend {
	b := backend()
	for _, e := range b.Entities {
		e.SoftDelete = e.Name != "Note" && e.Name != "Topic"
		for _, f := range e.Fields {
			switch e.Name + "." + f.Name {
			case "Comment.article", "Bookmark.article", "Note.notebook":
				f.OnDelete = meta.Cascade
			case "Article.author":
				f.OnDelete = meta.Restrict
			}
		}
		switch e.Name {
		case "Article", "User":
			e.Keep = 30 * 24 * time.Hour
		}
	}
	return b
}

// remembering is the backend keeping, with histories of articles, notebooks and notes.
func remembering() *meta.Backend {
	b := keeping()
	for _, e := range b.Entities {
		if e.Name != "Article" && e.Name != "Note" && e.Name != "Notebook" {
			continue
		}
		remember(b, e)
	}
	return b
}

// remember gives e of b a history.
func remember(b *meta.Backend, e *meta.Entity) {
	page := meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "version", Descending: true}}}
	e.Fields = append(e.Fields, &meta.Field{Name: "history", Kind: meta.List, Type: e.Name + "History", Inverse: "row", Page: page})
	b.Entities = append(b.Entities, &meta.Entity{
		Name: e.Name + "History", Singular: e.Singular + "History", Plural: e.Singular + "Histories", Table: e.Table + "_history",
		Key: "id", Page: page, HistoryOf: e.Name, Allow: meta.Allow{Read: when(meta.True())},
		Fields: []*meta.Field{
			{Name: "id", Kind: meta.ID, Column: "id", Auto: true},
			{Name: "row", Kind: meta.Reference, Type: e.Name, Column: "row_id", Internal: true},
			{Name: "version", Kind: meta.Int64, Column: "version"},
			{Name: "at", Kind: meta.DateTime, Column: "at"},
			{Name: "by", Kind: meta.Reference, Type: "User", Column: "by_id", Null: true},
			{Name: "verb", Kind: meta.String, Column: "verb"},
			{Name: "changes", Kind: meta.JSON, Column: "changes"},
		},
	})
}

func newWorldOf(t testing.TB, db sqldb.Database, b *meta.Backend) *world {
	t.Helper()
	w := emptyWorld(t, db, b)
	w.people()
	return w
}

// emptyWorld is a database of b without rows.
func emptyWorld(t testing.TB, db sqldb.Database, b *meta.Backend) *world {
	t.Helper()
	w := &world{TB: t, clock: &clock{time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)}}
	handle := func(ctx context.Context, tx *query.Tx, args []any) (any, error) { w.called = args; return true, nil }
	engine, err := query.New(b, db, query.Options{Clock: w.clock, Handlers: map[string]query.Handler{
		"publish": func(ctx context.Context, tx *query.Tx, args []any) (any, error) {
			w.called = args
			return string(args[0].(*query.Row).ID), nil
		},
		"review": handle, "ping": handle, "hidden": handle,
	}})
	if err != nil {
		t.Fatal(err)
	}
	kittest.Tables(t, db, b, constraints)
	w.engine = engine
	return w
}

func (w *world) people() {
	w.root = kit.Viewer{ID: w.create(kit.Viewer{}, true, "User", "name", "root", "email", "root@example.com", "role", "ADMIN")}
	w.ann = kit.Viewer{ID: w.create(w.root, false, "User", "name", "ann", "email", "ann@example.com")}
	w.bob = kit.Viewer{ID: w.create(w.root, false, "User", "name", "bob", "email", "bob@example.com")}
	for _, v := range []*kit.Viewer{&w.root, &w.ann, &w.bob} {
		v.Tenant = w.tenant
	}
}

// in is v in the tenant of the world, unless he names one.
func (w *world) in(v kit.Viewer) kit.Viewer {
	v.Tenant = cmp.Or(v.Tenant, w.tenant)
	return v
}

func (w *world) entity(name string) *meta.Entity { return w.engine.Backend().Entity(name) }

// changes makes changes of names and values in turn.
func (w *world) changes(e *meta.Entity, pairs ...any) []query.Change {
	var changes []query.Change
	for i := 0; i < len(pairs); i += 2 {
		f := e.Field(pairs[i].(string))
		if f == nil {
			w.Fatalf("%s has no field %v", e.Name, pairs[i])
		}
		v := pairs[i+1]
		if id, ok := v.(kit.ID); ok {
			v = string(id)
		}
		if n, ok := v.(int); ok {
			v = int64(n)
		}
		changes = append(changes, query.Change{Field: f, Value: v})
	}
	return changes
}

func (w *world) tryCreate(v kit.Viewer, system bool, entity string, pairs ...any) (id kit.ID, err error) {
	e := w.entity(entity)
	w.clock.now = w.clock.now.Add(time.Second)
	err = w.engine.Write(context.Background(), w.in(v), func(ctx context.Context, tx *query.Tx) error {
		if system {
			tx = tx.System()
		}
		id, err = tx.Create(ctx, e, w.changes(e, pairs...))
		return err
	})
	return id, err
}

func (w *world) create(v kit.Viewer, system bool, entity string, pairs ...any) kit.ID {
	w.Helper()
	id, err := w.tryCreate(v, system, entity, pairs...)
	if err != nil {
		w.Fatalf("create %s %v: %v", entity, pairs, describe(err))
	}
	return id
}

func (w *world) update(v kit.Viewer, entity string, key any, version int64, pairs ...any) error {
	e := w.entity(entity)
	return w.engine.Write(context.Background(), w.in(v), func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.Update(ctx, e, fmt.Sprint(key), version, w.changes(e, pairs...))
		return err
	})
}

func (w *world) delete(v kit.Viewer, entity string, key any, version int64) error {
	return w.engine.Write(context.Background(), w.in(v), func(ctx context.Context, tx *query.Tx) error {
		return tx.Delete(ctx, w.entity(entity), fmt.Sprint(key), version)
	})
}

// fields is selections of fields by name, where "author(name,boss)" nests.
func (w *world) sel(entity string, fields ...any) *query.Select {
	e := w.entity(entity)
	s := &query.Select{Entity: e}
	for _, f := range fields {
		switch f := f.(type) {
		case string:
			field := e.Field(f)
			if field == nil {
				w.Fatalf("%s has no field %q", entity, f)
			}
			s.Fields = append(s.Fields, query.Selection{Field: field})
		case nest:
			s.Fields = append(s.Fields, query.Selection{Field: e.Field(f.field), Nested: f.sel})
		}
	}
	return s
}

type nest struct {
	field string
	sel   *query.Select
}

func (w *world) list(v kit.Viewer, s *query.Select) *query.List {
	w.Helper()
	l, _, err := w.tryList(v, s)
	if err != nil {
		w.Fatal(describe(err))
	}
	return l
}

func (w *world) tryList(v kit.Viewer, s *query.Select) (l *query.List, statements int, err error) {
	err = w.engine.Read(w.engine.Single(context.Background(), s), w.in(v), func(ctx context.Context, tx *query.Tx) error {
		l, err = tx.List(ctx, s)
		statements = tx.Statements()
		return err
	})
	return l, statements, err
}

func (w *world) get(v kit.Viewer, s *query.Select, key any) (row *query.Row, err error) {
	err = w.engine.Read(w.engine.Single(context.Background(), s), w.in(v), func(ctx context.Context, tx *query.Tx) error {
		row, err = tx.Get(ctx, s, fmt.Sprint(key))
		return err
	})
	return row, err
}

// describe is an error as one line: a problem as its code and fields.
func describe(err error) string {
	var p *kit.Problem
	if !errors.As(err, &p) {
		if err == nil {
			return "ok"
		}
		return "error: " + err.Error()
	}
	text := p.Code
	for _, f := range p.Fields {
		text += " " + f.Field + ":" + f.Code
	}
	return text
}

func (w *world) want(err error, want string) {
	w.Helper()
	if got := describe(err); got != want {
		w.Errorf("got %s (%v), want %s", got, err, want)
	}
}
