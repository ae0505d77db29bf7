package query_test

import (
	"context"
	"fmt"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// What generated code holds for these entities.
type (
	user    struct{}
	article struct{}
	tag     struct{}
)

var (
	users = struct {
		Name query.Column[user, string]
		Boss query.Reference[user, user]
	}{query.NewTextColumn[user, string]("name"), query.NewReference[user, user]("boss")}
	tags     = struct{ Name query.Column[tag, string] }{query.NewTextColumn[tag, string]("name")}
	articles = struct {
		Title    query.Column[article, string]
		Rating   query.Column[article, int]
		Amount   query.Column[article, kit.Decimal]
		Currency query.Column[article, string]
		Saves    query.Column[article, int]
		Author   query.Reference[article, user]
		Editor   query.Reference[article, user]
		Tags     query.Relation[article, tag]
	}{
		query.NewTextColumn[article, string]("title"), query.NewColumn[article, int]("rating"),
		query.NewColumn[article, kit.Decimal]("price", "amount"), query.NewTextColumn[article, string]("price", "currency"),
		query.NewColumn[article, int]("saves"), query.NewReference[article, user]("author"), query.NewReference[article, user]("editor"),
		query.NewRelation[article, tag]("tags"),
	}
)

func testRecords(w *world) {
	for _, name := range []string{"go", "sql"} {
		w.create(w.ann, false, "Tag", "name", name)
	}
	id := w.article(w.ann, "one", "tags", []any{"go", "sql"}, "rating", 3, "price", []any{decimal("2.50"), "EUR"})
	w.article(w.bob, "two", "editor", w.ann.ID)
	ask := func(where query.Condition[article], skip int, fields ...query.Field[article]) (page query.Records[article]) {
		must(w.engine.Read(context.Background(), w.bob, func(ctx context.Context, tx *query.Tx) (err error) {
			sel := &query.Select{Entity: w.entity("Article"), Where: where.Expr(), Order: []query.Order{articles.Title.Asc().Order()}, Count: true, Skip: skip}
			page, err = query.SelectRecords(ctx, tx, sel, fields)
			return err
		}))
		return page
	}
	page := ask(query.Condition[article]{}, 0, articles.Title, articles.Rating, articles.Amount, articles.Currency, articles.Saves,
		articles.Author.With(users.Name, users.Boss), articles.Editor.With(users.Name), articles.Tags.With(tags.Name))
	for i, want := range []string{"one 3 2.5 EUR 0 ann - [go sql]", "two 0 0  0 bob ann []"} {
		row := page.Rows[i]
		var names []string
		for _, t := range articles.Tags.Rows(row) {
			names = append(names, tags.Name.Of(t))
		}
		editor := "-"
		if e := articles.Editor.Row(row); !e.IsZero() {
			editor = users.Name.Of(e)
		}
		got := fmt.Sprint(articles.Title.Of(row), " ", articles.Rating.Of(row), " ", articles.Amount.Of(row), " ", articles.Currency.Of(row), " ",
			articles.Saves.Of(row), " ", users.Name.Of(articles.Author.Row(row)), " ", editor, " ", names)
		if got != want {
			w.Errorf("got %s, want %s", got, want)
		}
	}
	if articles.Rating.OrNil(page.Rows[1]) != nil || users.Boss.OrNil(articles.Author.Row(page.Rows[0])) != nil {
		w.Error("null is not nil")
	}
	if page.Rows[0].ID() != id || page.Rows[0].Version() != 1 || page.Total != 2 || page.Next != "" {
		w.Errorf("page %+v", page)
	}
	for _, c := range []struct {
		where query.Condition[article]
		skip  int
		want  string
	}{
		{articles.Author.Is(users.Name.Eq("ann")), 0, "[one] 1"},
		{articles.Author.Eq(w.bob.ID), 0, "[two] 1"},
		{articles.Editor.Is(users.Boss.IsNull()), 0, "[two] 1"},
		{articles.Tags.Some(tags.Name.Eq("sql")), 0, "[one] 1"},
		{articles.Tags.None(tags.Name.Eq("sql")), 0, "[two] 1"},
		{query.And(articles.Tags.Some(query.Condition[tag]{}), articles.Rating.Ge(3)), 0, "[one] 1"},
		{query.Condition[article]{}, 1, "[two] 2"},
		{query.Condition[article]{}, 9, "[] 2"},
	} {
		var titles []string
		page := ask(c.where, c.skip, articles.Title)
		for _, row := range page.Rows {
			titles = append(titles, articles.Title.Of(row))
		}
		if got := fmt.Sprint(titles, " ", page.Total); got != c.want {
			w.Errorf("%s skipping %d: got %s, want %s", exprText(c.where.Expr()), c.skip, got, c.want)
		}
	}
	defer func() {
		if said := recover(); said != "field rating of a record was not selected" {
			w.Errorf("reading what was not selected: %v", said)
		}
	}()
	articles.Rating.Of(ask(query.Condition[article]{}, 0, articles.Title).Rows[0])
}
