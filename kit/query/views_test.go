package query_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

func (w *world) topics(id kit.ID) string {
	w.Helper()
	row, err := w.get(w.ann, w.sel("Article", nest{"topics", w.sel("Topic", "name")}), id)
	must(err)
	text := ""
	for _, t := range row.Values[0].(*query.List).Rows {
		text += fmt.Sprint(t.Values[0], " ")
	}
	return text
}

func testUpsert(w *world) {
	id := w.article(w.ann, "one", "topics", []any{"go", "sql", "go"})
	if got := w.topics(id); got != "go sql " {
		w.Errorf("topics are %q", got)
	}
	sql := w.list(w.ann, &query.Select{Entity: w.entity("Topic"), Where: meta.Eq(meta.This("name"), meta.Const("sql"))}).Rows[0].ID
	must(w.update(w.ann, "Article", id, 0, "topics", []any{"new", string(sql)}))
	if got := w.topics(id); got != "new sql " {
		w.Errorf("topics are %q", got)
	}
	if n := w.list(w.ann, &query.Select{Entity: w.entity("Topic"), Count: true}).Total; n != 3 {
		w.Errorf("%d topics", n)
	}
	w.want(w.update(w.ann, "Article", id, 0, "topics", []any{"fine", "much too long for a name"}), "INVALID topics.1:TOO_LONG")
	w.want(w.update(w.ann, "Article", id, 0, "topics", []any{string(kit.NewID())}), "INVALID topics.0:NOT_FOUND")
	w.want(w.update(w.ann, "Article", id, 0, "topics", []any{"a", "b"}, "title", ""), "INVALID title:TOO_SHORT")
	must(w.update(w.root, "User", w.ann.ID, 0, "active", false))
	// Who may not make one hears the same of one that he may not see and of one that is not there; who may hears that it is none for him.
	must(w.engine.Write(w.Context(), w.in(w.root), func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.System().Create(ctx, w.entity("Topic"), w.changes(w.entity("Topic"), "name", "veiled"))
		return err
	}))
	w.want(w.update(w.bob, "Article", w.article(w.bob, "his"), 0, "topics", []any{"veiled"}), "INVALID topics.0:NOT_FOUND")
	for _, name := range []string{"veiled", "unheard"} {
		w.want(w.update(w.ann, "Article", id, 0, "topics", []any{name}), "FORBIDDEN")
	}
	must(w.update(w.ann, "Article", id, 0, "topics", []any{"go"}))
	if n := w.list(w.ann, &query.Select{Entity: w.entity("Topic"), Count: true}).Total; n != 3 {
		w.Errorf("%d topics: a write that failed left some", n)
	}
}

// Many writers name the same new topics, in any order.
func testUpsertRace(w *world) {
	const writers = 8
	ids := make([]kit.ID, writers)
	for i := range ids {
		ids[i] = w.article(w.ann, fmt.Sprint("a", i))
	}
	for round := range 5 {
		var wait sync.WaitGroup
		for i := range ids {
			topics := []any{fmt.Sprint("x", round), fmt.Sprint("y", round), fmt.Sprint("z", round)}
			topics[i%3], topics[(i+1)%3] = topics[(i+1)%3], topics[i%3]
			wait.Go(func() {
				if err := w.update(w.ann, "Article", ids[i], 0, "topics", topics); err != nil {
					w.Errorf("round %d, writer %d: %v", round, i, describe(err))
				}
			})
		}
		wait.Wait()
	}
	if n := w.list(w.ann, &query.Select{Entity: w.entity("Topic"), Count: true}).Total; n != 15 {
		w.Errorf("%d topics, want 15", n)
	}
}

func testComputed(w *world) {
	id := w.article(w.ann, "one", "status", "PUBLISHED")
	other := w.article(w.ann, "two", "status", "PUBLISHED")
	for _, v := range []kit.Viewer{w.ann, w.bob} {
		w.create(w.root, true, "Bookmark", "user", v.ID, "article", id)
		w.create(w.bob, false, "Comment", "article", id, "body", "x")
	}
	s := w.sel("Article", "saved", "saves", "busy", "talk", "popular")
	for _, c := range []struct {
		viewer kit.Viewer
		want   string
	}{
		{w.ann, "[true 2 true 2 true]"}, {w.bob, "[true 2 true 2 <nil>]"}, {w.root, "[false 2 true 2 <nil>]"}, {kit.Viewer{}, "[false 2 true 2 <nil>]"},
	} {
		row, err := w.get(c.viewer, s, id)
		must(err)
		if got := fmt.Sprint(row.Values); got != c.want {
			w.Errorf("%v: got %s, want %s", c.viewer, got, c.want)
		}
	}
	ordered := w.sel("Article", "saves")
	ordered.Order = []query.Order{{Path: []string{"saves"}}, {Path: []string{"title"}}}
	ordered.First = 1
	page := w.list(w.bob, ordered)
	ordered.After = page.Cursor(0)
	if next := w.list(w.bob, ordered); page.Rows[0].ID != other || next.Rows[0].ID != id || next.HasNext {
		w.Errorf("pages are %v and %v", page.Rows, next.Rows)
	}
	w.want(w.update(w.ann, "Article", id, 0, "saves", 5), "INVALID saves:READ_ONLY")
	if statements := w.statements(w.bob, s); statements != 1 {
		w.Errorf("%d statements", statements)
	}
}

func (w *world) statements(v kit.Viewer, s *query.Select) int {
	_, statements, err := w.tryList(v, s)
	must(err)
	return statements
}

// A list through an entity shows the links and the rows that the viewer may see; what is computed counts them all.
func testThrough(w *world) {
	id := w.article(w.ann, "one", "status", "PUBLISHED")
	for _, v := range []kit.Viewer{w.ann, w.bob, w.root} {
		w.create(w.root, true, "Bookmark", "user", v.ID, "article", id)
	}
	readers := w.sel("User", "name")
	readers.Count = true
	s := w.sel("Article", nest{"readers", readers}, "saves")
	for _, c := range []struct {
		viewer kit.Viewer
		want   string
	}{{w.ann, "[ann] 1 3"}, {w.bob, "[bob] 1 3"}, {kit.Viewer{}, "[] 0 3"}} {
		row, err := w.get(c.viewer, s, id)
		must(err)
		list := row.Values[0].(*query.List)
		names := []string{}
		for _, r := range list.Rows {
			names = append(names, r.Values[0].(string))
		}
		if got := fmt.Sprint(names, " ", list.Total, " ", row.Values[1]); got != c.want {
			w.Errorf("%v: got %s, want %s", c.viewer, got, c.want)
		}
	}
	// Nor does a filter tell.
	byReader := w.sel("Article", "title")
	byReader.Where = meta.Over(meta.OpExists, meta.This("readers"), "r", meta.Eq(meta.Var("r", "name"), meta.Const("bob")))
	if n := len(w.list(w.ann, byReader).Rows); n != 0 {
		w.Error("ann can see who saved the article")
	}
	if n := len(w.list(w.bob, byReader).Rows); n != 1 {
		w.Error("bob cannot find what he saved")
	}
	must(w.engine.Read(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		row, err := tx.System().Get(ctx, s, string(id))
		if err == nil && row.Values[0].(*query.List).Total != 3 {
			w.Errorf("the system sees %d", row.Values[0].(*query.List).Total)
		}
		return err
	}))
	w.want(w.update(w.ann, "Article", id, 0, "readers", []any{}), "INVALID readers:READ_ONLY")
}

// What a caller makes up is compared with what he may read; what the design asks by itself is not.
func testGuesses(w *world) {
	w.article(w.ann, "one", "earnings", decimal("7"))
	w.article(w.ann, "two")
	found := func(v kit.Viewer, args ...any) string {
		s := w.sel("Article", "title")
		s.Query, s.Args = w.operation("earning"), args
		return titles(w.list(v, s))
	}
	for _, c := range []struct {
		viewer kit.Viewer
		args   []any
		want   string
	}{
		{w.ann, []any{decimal("7"), nil}, "one"},
		{w.ann, []any{decimal("8"), nil}, ""},
		{w.bob, []any{decimal("7"), nil}, ""},
		{kit.Viewer{}, []any{decimal("7"), nil}, ""},
		{w.ann, []any{decimal("8"), true}, "one"},
		{w.ann, []any{decimal("6"), true}, ""},
	} {
		if got := found(c.viewer, c.args...); got != c.want {
			w.Errorf("%s asks for %v: %q, want %q", c.viewer.ID, c.args, got, c.want)
		}
	}
	if low, high := found(w.bob, decimal("6"), true), found(w.bob, decimal("8"), true); low != high {
		w.Errorf("a guess tells: %q of 6, %q of 8", low, high)
	}
}

func titles(l *query.List) string {
	all := make([]string, len(l.Rows))
	for i, row := range l.Rows {
		all[i] = fmt.Sprint(row.Values[0])
	}
	return strings.Join(all, " ")
}

func testQueries(w *world) {
	for i, title := range []string{"ba", "ab", "c", "aa"} {
		w.article(w.ann, title, "status", []string{"PUBLISHED", "PUBLISHED", "PUBLISHED", "DRAFT"}[i])
		w.article(w.bob, "b"+title, "status", "PUBLISHED")
	}
	ask := func(args ...any) *query.Select {
		s := w.sel("Article", "title")
		s.Query, s.Args, s.Count = w.operation("written"), args, true
		return s
	}
	titles := func(v kit.Viewer, s *query.Select) string {
		list, _, err := w.tryList(v, s)
		if err != nil {
			return describe(err)
		}
		text := fmt.Sprint(list.Total, list.HasNext)
		for _, r := range list.Rows {
			text += fmt.Sprint(" ", r.Values[0])
		}
		return text
	}
	ann := string(w.ann.ID)
	narrowed := ask(ann, "a")
	narrowed.Where = meta.Ne(meta.This("title"), meta.Const("ab"))
	wide := ask(ann, nil)
	wide.First = 5
	for _, c := range []struct {
		viewer kit.Viewer
		sel    *query.Select
		want   string
	}{
		{w.ann, ask(ann, nil), "4 true aa ab"},
		{w.bob, ask(ann, nil), "3 true ab ba"}, // not the draft
		{w.bob, wide, "3 false ab ba c"},
		{w.bob, ask("ann", "b"), "2 false ab ba"},
		{w.bob, narrowed, "1 false ba"},
		{kit.Viewer{}, ask(ann, "c"), "1 false c"},
		{w.bob, ask(string(w.root.ID), nil), "FORBIDDEN"},
		{kit.Viewer{}, ask(string(w.root.ID), nil), "UNAUTHENTICATED"},
		{w.bob, ask(string(kit.NewID()), nil), "NOT_FOUND by:NOT_FOUND"},
		{w.bob, ask(nil, nil), "INVALID by:REQUIRED"},
		{w.bob, ask(ann, int64(5)), "INVALID part:WRONG_TYPE"},
	} {
		if got := titles(c.viewer, c.sel); got != c.want {
			w.Errorf("%v asks %v: got %s, want %s", c.viewer, c.sel.Args, got, c.want)
		}
	}
	first := ask(ann, nil)
	page := w.list(w.bob, first)
	first.After = page.Cursor(1)
	if got := titles(w.bob, first); got != "3 false c" {
		w.Errorf("the next page is %s", got)
	}
	first.First, first.After = 6, ""
	if got := titles(w.bob, first); got != "MALFORMED" {
		w.Errorf("a page beyond the query's most: %s", got)
	}
}

func (w *world) operation(name string) *meta.Operation {
	for _, o := range w.engine.Backend().Operations {
		if o.Name == name {
			return o
		}
	}
	w.Fatal(name)
	return nil
}
