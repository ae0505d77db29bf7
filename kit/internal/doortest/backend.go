package doortest

import (
	"net/http"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
)

func when(x *meta.Expr) []meta.Rule { return []meta.Rule{{When: x, Source: "doortest"}} }

func money(prefix string) []*meta.Field {
	return []*meta.Field{
		{Name: "amount", Kind: meta.Decimal, Column: prefix + "_amount", Digits: 12, Scale: 2},
		{Name: "currency", Kind: meta.Currency, Column: prefix + "_currency"},
	}
}

// Backend is the metadata of the backend, for a test that opens it in its own way.
func Backend() *meta.Backend {
	anybody, signedIn := when(meta.True()), when(meta.Ne(meta.Viewer(), meta.Null()))
	author := meta.Eq(meta.This("author"), meta.Viewer())
	newest := meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "createdAt", Descending: true}}}
	latest := meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "version", Descending: true}}}
	return &meta.Backend{
		Name:    "doors",
		Account: &meta.Account{Entity: "User", Login: "email"},
		Enums:   []*meta.Enum{{Name: "Status", Values: []string{"DRAFT", "OPEN"}}},
		Structs: []*meta.Struct{
			{Name: "Money", Fields: money("x")},
			{Name: "QuoteInput", Input: true, Fields: []*meta.Field{
				{Name: "amount", Kind: meta.Decimal},
				{Name: "country", Kind: meta.Country, Null: true},
				{Name: "gift", Kind: meta.Boolean, Default: meta.Const(false)},
			}},
		},
		Entities: []*meta.Entity{
			{
				Name: "User", Singular: "user", Plural: "users", Path: "users", Table: "users", Key: "username", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "username", Kind: meta.String, Column: "username", MinLength: 1, MaxLength: 20},
					&meta.Field{Name: "email", Kind: meta.Email, Column: "email", Allow: meta.Allow{Read: when(meta.Eq(meta.This(), meta.Viewer()))}},
					&meta.Field{Name: "articles", Kind: meta.List, Type: "Article", Inverse: "author", Page: newest},
				),
				Allow:   meta.Allow{Read: anybody},
				Uniques: []meta.Unique{{Name: "users_username_key", Fields: []string{"username"}}},
			},
			{
				Name: "Article", Singular: "article", Plural: "articles", Path: "articles", Table: "articles", Key: "slug", Page: newest, SoftDelete: true,
				Fields: kittest.Fields(
					&meta.Field{Name: "slug", Kind: meta.String, Column: "slug", Default: meta.Call("slug", meta.This("title"))},
					&meta.Field{Name: "title", Kind: meta.String, Column: "title", MinLength: 1, MaxLength: 40, Search: true},
					&meta.Field{Name: "note", Kind: meta.String, Column: "note", Null: true, Search: true},
					&meta.Field{Name: "status", Kind: meta.EnumKind, Type: "Status", Column: "status", Default: meta.Const("DRAFT")},
					&meta.Field{Name: "price", Kind: meta.Value, Type: "Money", Null: true, Fields: money("price")},
					&meta.Field{Name: "views", Kind: meta.Int64, Column: "views", Default: meta.Const(int64(0)), ReadOnly: true},
					&meta.Field{Name: "author", Kind: meta.Reference, Type: "User", Column: "author_id", Default: meta.Viewer(), ReadOnly: true},
					&meta.Field{Name: "tags", Kind: meta.List, Type: "Tag", Join: &meta.JoinTable{Table: "article_tags", From: "article_id", To: "tag_id", Owner: true}, Bound: 3},
					&meta.Field{Name: "shelves", Kind: meta.List, Type: "Tag", Join: &meta.JoinTable{Table: "article_shelves", From: "article_id", To: "tag_id", Owner: true}, Page: newest},
					&meta.Field{Name: "comments", Kind: meta.List, Type: "Comment", Inverse: "article", Parts: &meta.Parts{Create: true, Update: true, Delete: true}, Page: meta.Page{Size: 10, Max: 50, Order: []meta.Order{{Field: "createdAt"}}}},
					&meta.Field{Name: "history", Kind: meta.List, Type: "ArticleHistory", Inverse: "row", Page: latest},
				),
				Allow: meta.Allow{
					Read:   []meta.Rule{{When: meta.Eq(meta.This("status"), meta.Const("OPEN"))}, {When: author}},
					Create: when(author), Update: when(author), Delete: when(author),
				},
				Uniques: []meta.Unique{{Name: "articles_slug_key", Fields: []string{"slug"}}},
			},
			{
				Name: "ArticleHistory", Singular: "articleHistory", Plural: "articleHistories", Table: "articles_history", Key: "id",
				Page: latest, HistoryOf: "Article", Allow: meta.Allow{Read: anybody},
				Fields: []*meta.Field{
					{Name: "id", Kind: meta.ID, Column: "id", Auto: true},
					{Name: "row", Kind: meta.Reference, Type: "Article", Column: "row_id", Internal: true},
					{Name: "version", Kind: meta.Int64, Column: "version"},
					{Name: "at", Kind: meta.DateTime, Column: "at"},
					{Name: "by", Kind: meta.Reference, Type: "User", Column: "by_id", Null: true},
					{Name: "verb", Kind: meta.String, Column: "verb"},
					{Name: "changes", Kind: meta.JSON, Column: "changes"},
				},
			},
			{
				Name: "Tag", Singular: "tag", Plural: "tags", Path: "tags", Table: "tags", Key: "name",
				Page: meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "name"}}},
				Fields: kittest.Fields(
					&meta.Field{Name: "name", Kind: meta.String, Column: "name", MinLength: 1},
					&meta.Field{Name: "articles", Kind: meta.List, Type: "Article", Join: &meta.JoinTable{Table: "article_tags", From: "tag_id", To: "article_id"}, Page: newest},
				),
				Allow:   meta.Allow{Read: anybody, Create: signedIn},
				Uniques: []meta.Unique{{Name: "tags_name_key", Fields: []string{"name"}}},
			},
			{
				Name: "Comment", Singular: "comment", Plural: "comments", Path: "comments", Table: "comments", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "article", Kind: meta.Reference, Type: "Article", Column: "article_id", Immutable: true},
					&meta.Field{Name: "author", Kind: meta.Reference, Type: "User", Column: "author_id", Default: meta.Viewer(), ReadOnly: true},
					&meta.Field{Name: "body", Kind: meta.String, Column: "body", MaxLength: 100},
				),
				Allow: meta.Allow{Read: anybody, Create: when(author), Update: when(author), Delete: when(author)},
			},
			{
				Name: "Flag", Singular: "flag", Plural: "flags", Path: "flags", Table: "flags", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "about", Kind: meta.Union, Type: "Flagged", Arms: []string{"aboutArticle", "aboutUser"}},
					&meta.Field{Name: "mates", Kind: meta.Int, Method: true},
					&meta.Field{Name: "secret", Kind: meta.String, Method: true, Allow: meta.Allow{Read: []meta.Rule{{When: meta.Eq(meta.This("aboutUser"), meta.Viewer())}}}},
					&meta.Field{Name: "aboutArticle", Kind: meta.Reference, Type: "Article", Column: "about_article_id", Null: true, Internal: true},
					&meta.Field{Name: "aboutUser", Kind: meta.Reference, Type: "User", Column: "about_user_id", Null: true, Internal: true},
					&meta.Field{Name: "other", Kind: meta.Union, Type: "Flagged", Arms: []string{"otherArticle", "otherUser"}, Null: true},
					&meta.Field{Name: "otherArticle", Kind: meta.Reference, Type: "Article", Column: "other_article_id", Null: true, Internal: true},
					&meta.Field{Name: "otherUser", Kind: meta.Reference, Type: "User", Column: "other_user_id", Null: true, Internal: true},
				),
				Allow: meta.Allow{
					Read: anybody, Update: signedIn,
					Create: when(meta.Or(meta.Can(meta.Read, meta.This("aboutArticle")), meta.Can(meta.Read, meta.This("aboutUser")))),
				},
				Uniques: []meta.Unique{{Name: "flags_about_user_id_key", Fields: []string{"aboutUser"}}},
			},
			{
				Name: "Feedback", Singular: "feedback", Plural: "feedbacks", Path: "feedback", Table: "feedbacks", Key: "id", Page: newest,
				Fields: kittest.Fields(&meta.Field{Name: "text", Kind: meta.String, Column: "text"}),
				Allow:  meta.Allow{Create: anybody, Read: when(meta.Eq(meta.This("text"), meta.Const("public")))},
			},
			{
				Name: "Sample", Singular: "sample", Plural: "samples", Path: "samples", Table: "samples", Key: "id", Page: newest,
				Fields: kittest.Fields(
					&meta.Field{Name: "small", Kind: meta.Int, Column: "small", Null: true},
					&meta.Field{Name: "big", Kind: meta.Int64, Column: "big", Null: true},
					&meta.Field{Name: "weight", Kind: meta.Float, Column: "weight", Null: true},
					&meta.Field{Name: "yes", Kind: meta.Boolean, Column: "yes", Null: true},
					&meta.Field{Name: "exact", Kind: meta.Decimal, Column: "exact", Null: true, Digits: 19, Scale: 4},
					&meta.Field{Name: "at", Kind: meta.DateTime, Column: "at", Null: true},
					&meta.Field{Name: "day", Kind: meta.Date, Column: "day", Null: true},
					&meta.Field{Name: "time", Kind: meta.Time, Column: "time", Null: true},
					&meta.Field{Name: "takes", Kind: meta.Duration, Column: "takes", Null: true},
					&meta.Field{Name: "ref", Kind: meta.UUID, Column: "ref", Null: true},
					&meta.Field{Name: "mail", Kind: meta.Email, Column: "mail", Null: true},
					&meta.Field{Name: "link", Kind: meta.URL, Column: "link", Null: true},
					&meta.Field{Name: "data", Kind: meta.JSON, Column: "data", Null: true},
					&meta.Field{Name: "raw", Kind: meta.Bytes, Column: "raw", Null: true},
					&meta.Field{Name: "zone", Kind: meta.TimeZone, Column: "zone", Null: true},
					&meta.Field{Name: "country", Kind: meta.Country, Column: "country", Null: true},
					&meta.Field{Name: "currency", Kind: meta.Currency, Column: "currency", Null: true},
					&meta.Field{Name: "status", Kind: meta.EnumKind, Type: "Status", Column: "status", Null: true},
					&meta.Field{Name: "words", Kind: meta.String, Repeated: true, Column: "words", Default: meta.Const([]any{}), MaxLength: 3},
					&meta.Field{Name: "states", Kind: meta.EnumKind, Type: "Status", Repeated: true, Column: "states", Null: true},
					&meta.Field{Name: "bigs", Kind: meta.Int64, Repeated: true, Column: "bigs", Null: true},
				),
				Allow: meta.Allow{Read: anybody, Create: anybody, Update: anybody, Delete: anybody},
			},
		},
		Subscriptions: []*meta.Operation{
			{
				Name: "articles", Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Article"},
				Allow: anybody, Where: meta.True(), On: []meta.Verb{meta.Create, meta.Update},
			},
			{
				Name: "comments", Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Comment"},
				Args: []*meta.Field{
					{Name: "article", Kind: meta.Reference, Type: "Article"},
					{Name: "author", Kind: meta.Reference, Type: "User", Null: true},
				},
				Allow: signedIn, On: []meta.Verb{meta.Create},
				Where: meta.And(
					meta.Eq(meta.This("article"), meta.Arg("article")),
					meta.Or(meta.Eq(meta.Arg("author"), meta.Null()), meta.Eq(meta.This("author"), meta.Arg("author"))),
				),
			},
		},
		Operations: []*meta.Operation{
			{
				Name: "publish", Mutation: true, Method: http.MethodPost, Path: "/articles/{article}/publish",
				Args:   []*meta.Field{{Name: "article", Kind: meta.Reference, Type: "Article"}},
				Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Article"},
				Allow:  when(meta.Eq(meta.Arg("article", "author"), meta.Viewer())),
			},
			{
				Name: "quote", Mutation: true, Method: http.MethodPost, Path: "/quote",
				Args:   []*meta.Field{{Name: "input", Kind: meta.Input, Type: "QuoteInput"}},
				Result: &meta.Field{Name: "result", Kind: meta.Value, Type: "Money"},
				Allow:  anybody, Fails: []meta.Fault{{Code: "NO_COUNTRY", Status: http.StatusPaymentRequired}},
			},
			{
				Name: "latest", Method: http.MethodGet, Path: "/articles/latest/{count}",
				Args:   []*meta.Field{{Name: "count", Kind: meta.Int}},
				Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "Article", Repeated: true},
				Allow:  anybody,
			},
			swap("swap", true), swap("swapOnce", false),
			simple("crash", anybody), simple("broken", anybody), simple("slow", anybody), simple("hidden", nil),
		},
	}
}

// swap changes two articles, one after the other.
func swap(name string, again bool) *meta.Operation {
	return &meta.Operation{
		Name: name, Mutation: true, Method: http.MethodPost, Path: "/" + name, Retry: again,
		Args: []*meta.Field{
			{Name: "first", Kind: meta.Reference, Type: "Article"},
			{Name: "second", Kind: meta.Reference, Type: "Article"},
		},
		Result: &meta.Field{Name: "result", Kind: meta.Boolean},
		Allow:  when(meta.Ne(meta.Viewer(), meta.Null())),
	}
}

func simple(name string, allow []meta.Rule) *meta.Operation {
	return &meta.Operation{
		Name: name, Method: http.MethodGet, Path: "/" + name, Allow: allow,
		Result: &meta.Field{Name: "result", Kind: meta.Boolean},
	}
}
