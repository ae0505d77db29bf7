package query_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Cases of deleted rows that stay, which the backend keeping has.
var stayingCases = []struct {
	name string
	run  func(w *world)
}{
	{"a deleted row is nowhere", testDeletedNowhere},
	{"a reference to a deleted row is null", testDeletedReference},
	{"unique among the living", testUniqueAmongLiving},
	{"apart from the living", testApartFromLiving},
	{"a delete takes along what follows, and a restore brings it back", testCascade},
	{"a row that a living one needs is not deleted", testRestrict},
	{"a part is hidden with its whole", testParts},
	{"who may delete restores", testRestoreRules},
	{"nobody brings himself back", testRestoreOneself},
	{"nothing comes back into what is deleted", testRestoreOrder},
	{"nothing new refers to what is deleted", testNothingNew},
	{"a delete and a reference at the same time", testDeleteRace},
	{"purge", testPurge},
	{"purge in batches", testPurgeBatches},
}

func (w *world) restore(v kit.Viewer, entity string, key any) error {
	w.clock.now = w.clock.now.Add(time.Second)
	return w.engine.Write(context.Background(), w.in(v), func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.Restore(ctx, w.entity(entity), fmt.Sprint(key))
		return err
	})
}

// gone deletes a row at an instant of its own.
func (w *world) gone(v kit.Viewer, entity string, key any) {
	w.Helper()
	w.clock.now = w.clock.now.Add(time.Second)
	w.want(w.delete(v, entity, key, 0), "ok")
}

func testDeletedNowhere(w *world) {
	kept := w.article(w.ann, "kept", "tags", []any{string(w.create(w.ann, false, "Tag", "name", "t"))})
	id := w.article(w.ann, "lost", "tags", []any{"t"})
	w.create(w.bob, false, "Comment", "article", kept, "body", "stays")
	comment := w.create(w.bob, false, "Comment", "article", kept, "body", "goes")
	w.gone(w.ann, "Comment", comment)
	w.gone(w.ann, "Article", id)
	for _, v := range []kit.Viewer{w.ann, w.bob, {}} {
		list := w.sel("Article", "title", nest{"comments", w.sel("Comment", "body")})
		list.Count = true
		if l := w.list(v, list); rowsText(l.Rows) != "[[kept [[stays]]]]" || l.Total != 1 {
			w.Errorf("%s sees %s of %d", v.ID, rowsText(l.Rows), l.Total)
		}
		_, err := w.get(v, w.sel("Article"), id)
		w.want(err, "NOT_FOUND")
		_, err = w.get(v, w.sel("Article"), "lost")
		w.want(err, "NOT_FOUND")
		w.wantRows(v, w.sel("Tag", "name", nest{"articles", w.sel("Article", "title")}), "[[t [[kept]]]]")
	}
	many := w.sel("Article", "title", "talk")
	many.Where = meta.Over(meta.OpExists, meta.This("author", "articles"), "a", meta.Eq(meta.Var("a", "title"), meta.Const("lost")))
	w.wantRows(w.ann, many, "[]")
	many.Where = meta.Eq(meta.Over(meta.OpCount, meta.This("comments"), "c", meta.True()), meta.Const(int64(1)))
	w.wantRows(w.ann, many, "[[kept 1]]")
	w.want(w.update(w.ann, "Article", id, 0, "title", "x"), "NOT_FOUND")
	w.want(w.delete(w.ann, "Article", id, 0), "NOT_FOUND")
	w.want(w.call(w.ann, "publish", string(id)), "NOT_FOUND article:NOT_FOUND")
	must(w.engine.Read(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		if _, err := tx.System().Get(ctx, w.sel("Article"), string(id)); describe(err) != "NOT_FOUND" {
			w.Errorf("the system sees it: %v", err)
		}
		return nil
	}))
}

func testDeletedReference(w *world) {
	id := w.article(w.ann, "one", "editor", w.bob.ID)
	must(w.update(w.ann, "User", w.ann.ID, 0, "boss", w.bob.ID))
	w.gone(w.root, "User", w.bob.ID)
	row, err := w.get(w.ann, w.sel("Article", "title", "editor", nest{"editor", w.sel("User", "name")}), id)
	if err != nil || fmt.Sprint(row.Values) != "[one <nil> <nil>]" {
		w.Errorf("row is %v: %v", row, err)
	}
	s := w.sel("Article", "title")
	s.Where = meta.And(meta.Eq(meta.This("editor"), meta.Null()), meta.Ne(meta.This("editor"), meta.Const(string(w.bob.ID))), meta.Eq(meta.This("author", "boss"), meta.Null()))
	w.wantRows(w.ann, s, "[[one]]")
	must(w.engine.Read(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		row, err := tx.System().Get(ctx, w.sel("Article", "editor"), string(id))
		if err != nil || row.Values[0] != nil {
			w.Errorf("the system sees %v: %v", row, err)
		}
		return nil
	}))
	w.want(w.restore(w.root, "User", w.bob.ID), "ok")
	s.Where = meta.Eq(meta.This("editor", "name"), meta.Const("bob"))
	w.wantRows(w.ann, s, "[[one]]")
}

func testUniqueAmongLiving(w *world) {
	first := w.article(w.ann, "same")
	w.gone(w.ann, "Article", "same")
	second := w.article(w.ann, "same")
	if slug := w.row(w.ann, "Article", second)["slug"]; slug != "same" {
		w.Errorf("slug is %v", slug)
	}
	w.want(w.restore(w.ann, "Article", first), "CONFLICT slug:TAKEN")
	w.want(w.restore(w.ann, "Article", "same"), "CONFLICT slug:TAKEN")
	w.gone(w.ann, "Article", second)
	w.want(w.restore(w.ann, "Article", "same"), "ok") // the last one
	if _, err := w.get(w.ann, w.sel("Article"), second); err != nil {
		w.Error(err)
	}
	tag := w.create(w.ann, false, "Tag", "name", "t")
	w.gone(w.ann, "Tag", tag)
	w.create(w.ann, false, "Tag", "name", "t")
	w.want(w.restore(w.ann, "Tag", tag), "CONFLICT name:TAKEN")
}

func testApartFromLiving(w *world) {
	room := w.create(w.ann, true, "Topic", "name", "room")
	booking := []any{"room", room, "desk", 1, "startsAt", hour(1), "endsAt", hour(3)}
	first := w.create(w.ann, false, "Booking", booking...)
	w.gone(w.ann, "Booking", first)
	second := w.create(w.ann, false, "Booking", booking...)
	w.want(w.restore(w.ann, "Booking", first), "CONFLICT startsAt:TAKEN")
	w.gone(w.ann, "Booking", second)
	w.want(w.restore(w.ann, "Booking", first), "ok")
}

func testCascade(w *world) {
	id := w.article(w.ann, "one")
	early := w.create(w.bob, false, "Comment", "article", id, "body", "early")
	w.create(w.bob, false, "Comment", "article", id, "body", "late")
	w.create(w.bob, true, "Bookmark", "user", w.bob.ID, "article", id)
	w.gone(w.bob, "Comment", early)
	before := w.row(w.ann, "Article", id)["version"].(int64)
	w.gone(w.ann, "Article", id)
	w.wantRows(w.bob, w.sel("Comment", "body"), "[]")
	w.wantRows(w.bob, w.sel("Bookmark", nest{"article", w.sel("Article", "title")}), "[]")
	w.want(w.restore(w.ann, "Article", id), "ok")
	w.wantRows(w.bob, w.sel("Comment", "body"), "[[late]]")
	w.wantRows(w.bob, w.sel("Bookmark", nest{"article", w.sel("Article", "title")}), "[[[one]]]")
	if after := w.row(w.ann, "Article", id)["version"].(int64); after != before+2 {
		w.Errorf("version %d becomes %d", before, after)
	}
	w.want(w.restore(w.bob, "Comment", early), "ok")
	w.want(w.restore(w.bob, "Comment", early), "NOT_FOUND")
}

func testRestrict(w *world) {
	id := w.article(w.bob, "one")
	w.want(w.delete(w.root, "User", w.bob.ID, 0), "CONFLICT article.author:REFERRED")
	w.want(w.update(w.bob, "User", w.bob.ID, 0, "active", true), "ok")
	w.gone(w.bob, "Article", id)
	w.gone(w.root, "User", w.bob.ID)
	w.want(w.restore(w.root, "User", w.bob.ID), "ok")
}

func testParts(w *world) {
	book := w.create(w.ann, false, "Notebook")
	note := w.create(w.ann, false, "Note", "notebook", book, "text", "x")
	w.gone(w.ann, "Notebook", book)
	w.wantRows(w.ann, w.sel("Note", "text"), "[]")
	must(w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		l, err := tx.System().List(ctx, w.sel("Note", "text"))
		if err != nil || len(l.Rows) != 0 {
			w.Errorf("the system sees %v: %v", l, err)
		}
		_, err = tx.System().Update(ctx, w.entity("Note"), string(note), 0, w.changes(w.entity("Note"), "text", "y"))
		w.want(err, "NOT_FOUND")
		return nil
	}))
	w.want(w.restore(w.ann, "Notebook", book), "ok")
	w.wantRows(w.ann, w.sel("Note", "text"), "[[x]]")
}

func testRestoreRules(w *world) {
	id := w.article(w.ann, "one")
	w.want(w.restore(w.ann, "Article", id), "NOT_FOUND")
	w.want(w.restore(w.ann, "Topic", id), "NOT_FOUND")
	draft := w.create(w.ann, false, "Article", "title", "draft")
	w.gone(w.ann, "Article", id)
	w.gone(w.ann, "Article", draft)
	w.want(w.restore(w.bob, "Article", id), "FORBIDDEN")
	w.want(w.restore(kit.Viewer{}, "Article", id), "UNAUTHENTICATED")
	w.want(w.restore(w.bob, "Article", draft), "NOT_FOUND")
	w.want(w.restore(w.ann, "Article", "no-such"), "NOT_FOUND")
	w.want(w.restore(w.ann, "Article", draft), "ok")
	must(w.update(w.bob, "User", w.bob.ID, 0, "active", true))
	checked := w.article(w.ann, "checked", "editor", w.bob.ID)
	w.gone(w.ann, "Article", checked)
	must(w.update(w.bob, "User", w.bob.ID, 0, "active", false))
	w.want(w.restore(w.ann, "Article", checked), "INVALID editor:EDITOR_GONE")
}

func testRestoreOneself(w *world) {
	w.entity("User").Allow.Delete = when(asMe)
	w.gone(w.bob, "User", w.bob.ID)
	w.want(w.restore(w.bob, "User", w.bob.ID), "FORBIDDEN")
	must(w.engine.Write(context.Background(), w.bob, func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.System().Restore(ctx, w.entity("User"), string(w.bob.ID))
		return err
	}))
	w.want(w.update(w.bob, "User", w.bob.ID, 0, "active", true), "ok")
}

func testRestoreOrder(w *world) {
	id := w.article(w.ann, "one")
	comment := w.create(w.bob, false, "Comment", "article", id, "body", "x")
	w.gone(w.ann, "Article", id)
	w.want(w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.System().Restore(ctx, w.entity("Comment"), string(comment))
		return err
	}), "CONFLICT article:NOT_FOUND")
}

func testNothingNew(w *world) {
	id := w.article(w.ann, "one")
	w.gone(w.ann, "Article", id)
	_, err := w.tryCreate(w.ann, true, "Comment", "article", id, "author", w.ann.ID, "body", "x")
	w.want(err, "INVALID article:NOT_FOUND")
	w.gone(w.root, "User", w.bob.ID)
	_, err = w.tryCreate(w.bob, true, "Article", "title", "of one who is gone") // the default is the viewer
	w.want(err, "INVALID author:NOT_FOUND")
}

// Of a delete and new references to its row, either the delete is refused or takes them along, or they are refused.
func testDeleteRace(w *world) {
	for range 5 {
		id := w.article(w.ann, "one")
		var all sync.WaitGroup
		outcomes := make([]string, 4)
		for i := range outcomes {
			all.Go(func() {
				err := w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
					if i == 0 {
						return tx.Delete(ctx, w.entity("Article"), string(id), 0)
					}
					_, err := tx.Create(ctx, w.entity("Comment"), w.changes(w.entity("Comment"), "article", id, "body", "x"))
					return err
				})
				outcomes[i] = describe(err)
			})
		}
		all.Wait()
		for i, outcome := range outcomes {
			if outcome != "ok" && (i == 0 || !strings.HasPrefix(outcome, "INVALID article")) {
				w.Errorf("outcomes are %v", outcomes)
			}
		}
		must(w.engine.Read(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
			l, err := tx.System().List(ctx, w.sel("Comment", "body"))
			if err == nil && len(l.Rows) > 0 {
				w.Errorf("%d comments of what is deleted", len(l.Rows))
			}
			return err
		}))
	}
}

// purge purges, and tells what it did.
func (w *world) purge() string {
	w.Helper()
	done, err := w.engine.Purge(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	var text []string
	for _, p := range done {
		text = append(text, fmt.Sprint(p.Entity, " ", p.Rows, " kept ", len(p.Kept)))
	}
	return strings.Join(text, ", ")
}

// stored is how many rows a table holds.
func (w *world) stored(table string) (n int64) {
	w.Helper()
	must(w.engine.Read(context.Background(), w.root, func(ctx context.Context, tx *query.Tx) error {
		rows, err := tx.Conn().Query(ctx, "SELECT count(*) FROM "+table)
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		return rows.Scan(&n)
	}))
	return n
}

func testPurge(w *world) {
	id := w.article(w.ann, "one", "tags", []any{string(w.create(w.ann, false, "Tag", "name", "t"))})
	blocked := w.article(w.ann, "two")
	w.create(w.bob, false, "Comment", "article", blocked, "body", "x")
	w.gone(w.ann, "Article", id)
	w.gone(w.ann, "Article", blocked)
	w.article(w.ann, "three")
	w.clock.now = w.clock.now.Add(30*24*time.Hour - time.Minute)
	if got := w.purge(); got != "" {
		w.Errorf("too early: %s", got)
	}
	w.clock.now = w.clock.now.Add(time.Hour)
	// The tables of tests cascade no deletes: the comment stops its article, and no other.
	if got := w.purge(); got != "Article 1 kept 1" {
		w.Errorf("purged %s", got)
	}
	if n := w.stored("articles"); n != 2 {
		w.Errorf("%d articles are left", n)
	}
	w.want(w.restore(w.ann, "Article", id), "NOT_FOUND")
	w.want(w.restore(w.ann, "Article", blocked), "ok")
}

func testPurgeBatches(w *world) {
	must(w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		for i := range 1100 {
			if _, err := tx.Create(ctx, w.entity("Article"), w.changes(w.entity("Article"), "title", "x", "slug", fmt.Sprint("x", i))); err != nil {
				return err
			}
		}
		_, err := tx.Conn().Exec(ctx, "UPDATE articles SET deleted_at = created_at WHERE slug <> 'x7'")
		return err
	}))
	w.clock.now = w.clock.now.Add(31 * 24 * time.Hour)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := w.engine.Purge(context.Background()); err != nil {
				w.Error(err)
			}
		})
	}
	all.Wait()
	w.purge()
	if n := w.stored("articles"); n != 1 {
		w.Errorf("%d articles are left", n)
	}
}

func (w *world) deleteWhere(v kit.Viewer, entity string, where *meta.Expr) (n int, err error) {
	w.clock.now = w.clock.now.Add(time.Second)
	err = w.engine.Write(context.Background(), w.in(v), func(ctx context.Context, tx *query.Tx) (err error) {
		n, err = tx.DeleteWhere(ctx, w.entity(entity), where)
		return err
	})
	return n, err
}

func testDeleteWhere(w *world) {
	ours, theirs := w.article(w.ann, "ours"), w.article(w.bob, "theirs")
	for i := range 3 {
		w.create(w.bob, false, "Comment", "article", ours, "body", fmt.Sprint("on ours ", i))
		w.create(w.ann, false, "Comment", "article", theirs, "body", fmt.Sprint("on theirs ", i))
	}
	w.create(w.bob, false, "Comment", "article", theirs, "body", "his own")
	on := func(article kit.ID) *meta.Expr { return meta.Eq(meta.This("article"), meta.Const(string(article))) }
	bodies := func() string {
		list := w.list(w.ann, &query.Select{Entity: w.entity("Comment"), Fields: w.sel("Comment", "body").Fields, First: 10})
		return rowsText(list.Rows)
	}
	try := func(v kit.Viewer, where *meta.Expr, want int, problem string) {
		w.Helper()
		n, err := w.deleteWhere(v, "Comment", where)
		if w.want(err, problem); n != want {
			w.Errorf("%d are deleted, want %d", n, want)
		}
	}
	before := bodies()
	try(w.ann, on(theirs), 0, "FORBIDDEN") // one of them is bob's
	try(w.ann, meta.True(), 0, "FORBIDDEN")
	try(kit.Viewer{}, on(ours), 0, "UNAUTHENTICATED")
	try(w.ann, on(kit.NewID()), 0, "ok")
	if n, err := w.deleteWhere(w.ann, "Comment", nil); n > 0 || err == nil {
		w.Errorf("without a condition %d are deleted: %v", n, err)
	}
	if after := bodies(); after != before {
		w.Errorf("comments are %s, were %s", after, before)
	}
	try(w.ann, on(ours), 3, "ok")
	try(w.ann, on(ours), 0, "ok")
	// More than one lot: what a rule keeps in the last of them keeps all, and no row is left.
	w.copies("Comment", w.create(w.bob, false, "Comment", "article", ours, "body", "one of many"), 2*query.LotSize-1)
	last := w.create(w.ann, false, "Comment", "article", ours, "body", "the last")
	all := w.stored("comments")
	try(w.bob, on(ours), 0, "FORBIDDEN")
	if n := w.stored("comments"); n != all {
		w.Errorf("of %d comments %d are left after a refusal", all, n)
	}
	must(w.delete(w.ann, "Comment", last, 0))
	try(w.bob, on(ours), 2*query.LotSize, "ok")
	try(w.ann, meta.And(on(theirs), meta.Eq(meta.This("author"), meta.Viewer())), 3, "ok")
	if got := bodies(); got != "[[his own]]" {
		w.Errorf("comments are %s", got)
	}
}

// copies adds n rows that are like one but for their ids.
func (w *world) copies(entity string, like kit.ID, n int) {
	w.Helper()
	e := w.entity(entity)
	var columns []string
	for _, f := range e.Fields {
		if f.Column != "" && f.Name != "id" {
			columns = append(columns, f.Column)
		}
	}
	if e.TenantColumn != "" && !slices.Contains(columns, e.TenantColumn) {
		columns = append(columns, e.TenantColumn)
	}
	rest := strings.Join(columns, ", ")
	// Their ids are small: rows that are made properly stand behind them.
	id := "printf('00000000-0000-7000-8000-%012x', n)"
	if w.engine.DB().Dialect() == sqldb.Postgres {
		id = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"
	}
	must(w.engine.Write(context.Background(), w.root, func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.Conn().Exec(ctx, "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $2) "+
			"INSERT INTO "+e.Table+" (id, "+rest+") SELECT "+id+", "+rest+" FROM "+e.Table+", s WHERE id = $1", string(like), int64(n))
		return err
	}))
}

func testDeleteWhereRace(w *world) {
	article := w.article(w.ann, "one")
	comment := w.create(w.ann, false, "Comment", "article", article, "body", "keep me")
	w.create(w.ann, false, "Comment", "article", article, "body", "not me")
	changed, done := make(chan bool), make(chan error)
	go func() {
		done <- w.engine.Write(w.Context(), w.ann, func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.Update(ctx, w.entity("Comment"), string(comment), 0, w.changes(w.entity("Comment"), "replies", 1))
			close(changed)
			time.Sleep(50 * time.Millisecond) // so that the other mostly waits for this; either way the row no longer fits
			return err
		})
	}()
	<-changed
	n, err := w.deleteWhere(w.ann, "Comment", meta.Eq(meta.This("replies"), meta.Const(int64(0))))
	if err != nil || n != 1 {
		w.Errorf("%d are deleted, want 1: %v", n, err)
	}
	must(<-done)
	w.wantRows(w.ann, w.sel("Comment", "body"), "[[keep me]]")
}

// Who may not read a row neither waits for whoever writes it nor has others wait: he would tell it from one that is missing.
func testHiddenWait(w *world) {
	draft := string(w.create(w.ann, false, "Article", "title", "hidden"))
	written, done, held := make(chan bool), make(chan bool), make(chan error)
	go func() {
		held <- w.engine.Write(w.Context(), w.ann, func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.Update(ctx, w.entity("Article"), draft, 0, w.changes(w.entity("Article"), "title", "changed"))
			close(written)
			<-done
			return err
		})
	}()
	<-written
	asked := func(do func(ctx context.Context, tx *query.Tx) error) {
		ctx, end := context.WithTimeout(w.Context(), 5*time.Second)
		defer end()
		if w.engine.DB().Dialect() == sqldb.SQLite { // which has one writer at a time: everybody waits for his turn, whatever he names
			return
		}
		w.want(w.engine.Write(ctx, w.bob, do), "NOT_FOUND")
	}
	asked(func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.Update(ctx, w.entity("Article"), draft, 0, w.changes(w.entity("Article"), "title", "mine"))
		return err
	})
	asked(func(ctx context.Context, tx *query.Tx) error { return tx.Delete(ctx, w.entity("Article"), draft, 0) })
	asked(func(ctx context.Context, tx *query.Tx) error {
		if err := tx.Lock(ctx, []query.Named{{Entity: w.entity("Article"), Key: draft}}); err != nil {
			return err
		}
		return tx.Delete(ctx, w.entity("Article"), draft, 0)
	})
	close(done)
	must(<-held)
}

// Who makes a row that refers to another and then changes that one waits for those who do the same, and no two of them for each other.
func testReferAndChange(w *world) {
	article := w.create(w.ann, false, "Article", "title", "discussed", "status", "PUBLISHED")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := w.engine.Write(w.Context(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
				if _, err := tx.Create(ctx, w.entity("Comment"), w.changes(w.entity("Comment"), "article", article, "body", "x")); err != nil {
					return err
				}
				time.Sleep(20 * time.Millisecond)
				_, err := tx.Update(ctx, w.entity("Article"), string(article), 0, w.changes(w.entity("Article"), "title", fmt.Sprint("discussed ", i)))
				return err
			})
			if err != nil {
				w.Errorf("comment %d: %s", i, describe(err))
			}
		})
	}
	all.Wait()
}

// A row that is locked gets nothing that refers to it: what refers to it is deleted first, then it, though another refers to it meanwhile.
func testLock(w *world) {
	article := w.create(w.ann, false, "Article", "title", "busy", "status", "PUBLISHED")
	w.create(w.bob, false, "Comment", "article", article, "body", "first")
	late := make(chan error, 1)
	err := w.engine.Write(context.Background(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
		if err := tx.Lock(ctx, []query.Named{{Entity: w.entity("Article"), Key: string(article)}}); err != nil {
			return err
		}
		ofIt := meta.Eq(meta.This("article"), meta.Const(string(article)))
		if _, err := tx.System().DeleteWhere(ctx, w.entity("Comment"), ofIt); err != nil {
			return err
		}
		go func() {
			_, err := w.tryCreate(w.bob, false, "Comment", "article", article, "body", "second")
			late <- err
		}()
		select { // unless it waits it is there by now
		case err := <-late:
			late <- err
		case <-time.After(300 * time.Millisecond):
		}
		return tx.Delete(ctx, w.entity("Article"), "busy", 0)
	})
	if err != nil {
		w.Errorf("the article is deleted: %s", describe(err))
	}
	if err := <-late; err == nil {
		w.Error("the article is gone, and commented on")
	}
}
