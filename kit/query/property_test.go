package query_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// What the engine reads is compared with a naive reading of the same rows in Go, for random filters, orders, viewers
// and pages. The policies are written here a second time, by hand.
func TestReadsAreAsNaiveOnes(t *testing.T) {
	for _, d := range databases(t)[:2] {
		t.Run(d.name, func(t *testing.T) {
			w := newWorldOf(t, d.open(t), keeping())
			n := w.populate(rand.New(rand.NewPCG(1, 2)))
			rapid.Check(t, func(t *rapid.T) { n.check(t) })
		})
	}
}

// naive is the rows in Go.
type naive struct {
	*world
	rows   map[string][]*object // by entity
	viewer kit.Viewer
	all    bool // rows and fields are visible: inside what is computed
}

type object struct {
	entity string
	values map[string]any // references as *object, lists as []*object
	gone   bool           // deleted
}

func (w *world) populate(random *rand.Rand) *naive {
	n := &naive{world: w, rows: map[string][]*object{}}
	maybe := func(v any) any {
		if random.IntN(3) == 0 {
			return nil
		}
		return v
	}
	one := func(entity string) *object { return n.rows[entity][random.IntN(len(n.rows[entity]))] }
	add := func(entity string, pairs ...any) *object {
		o := &object{entity: entity, values: map[string]any{}}
		var stored []any
		for i := 0; i < len(pairs); i += 2 {
			v := pairs[i+1]
			o.values[pairs[i].(string)] = v
			if target, ok := v.(*object); ok {
				v = target.values["id"]
			}
			if targets, ok := v.([]*object); ok {
				list := []any{}
				for _, t := range targets {
					list = append(list, t.values["id"])
				}
				v = list
			}
			stored = append(stored, pairs[i], v)
		}
		if random.IntN(2) == 0 {
			w.clock.now = w.clock.now.Add(-time.Second) // rows made at the same instant
		}
		o.values["id"] = string(w.create(w.root, true, entity, stored...))
		o.values["createdAt"] = w.clock.now
		n.rows[entity] = append(n.rows[entity], o)
		return o
	}
	some := func(entity string, most int) (all []*object) {
		for range random.IntN(most + 1) {
			if o := one(entity); !slices.Contains(all, o) {
				all = append(all, o)
			}
		}
		return all
	}
	for i := range 5 {
		var boss any
		if i > 1 {
			boss = maybe(one("User"))
		}
		add("User", "name", fmt.Sprint("u", i), "email", fmt.Sprint("u", i, "@example.com"), "active", random.IntN(3) > 0, "role", "MEMBER", "boss", boss)
	}
	for i := range 4 {
		add("Tag", "name", fmt.Sprint("t", i))
	}
	for range 30 {
		var editor any
		if e := one("User"); e.values["active"].(bool) {
			editor = maybe(e)
		}
		add("Article", "title", fmt.Sprint("a", random.IntN(6)), "slug", strings.ToLower(kit.Token(10)), "summary", maybe(fmt.Sprint("s", random.IntN(3))),
			"author", one("User"), "editor", editor, "status", []string{"DRAFT", "PUBLISHED", "PUBLISHED"}[random.IntN(3)],
			"price", maybe([]any{decimal(fmt.Sprintf("%d.%02d", random.IntN(5), random.IntN(100))), "EUR"}),
			"rating", maybe(int64(1+random.IntN(5))), "earnings", maybe(decimal(fmt.Sprint(random.IntN(4)))),
			"publishedAt", maybe(w.clock.now.Add(time.Duration(random.IntN(5)-2)*time.Hour)), "tags", some("Tag", 3))
	}
	for range 60 {
		add("Comment", "article", one("Article"), "author", one("User"), "body", fmt.Sprint("c", random.IntN(4)), "replies", int64(random.IntN(3)))
	}
	for _, a := range n.rows["Article"] {
		readers := []*object{}
		for _, u := range some("User", 3) {
			if bookmark := add("Bookmark", "user", u, "article", a); random.IntN(5) == 0 {
				bookmark.gone = true
			} else {
				readers = append(readers, u)
			}
		}
		a.values["readers"] = readers
	}
	for _, e := range []string{"User", "Article"} {
		for _, o := range n.rows[e] {
			o.values["articles"], o.values["comments"] = n.pointing("Article", "author", o), n.pointing("Comment", "article", o)
		}
	}
	n.bury(random)
	return n
}

// bury deletes some rows of each entity, one by one, so that what they refer to and what refers to them lives or not.
func (n *naive) bury(random *rand.Rand) {
	must(n.engine.Write(context.Background(), n.root, func(ctx context.Context, tx *query.Tx) error {
		for entity, rows := range n.rows {
			for _, o := range rows {
				o.gone = o.gone || entity != "Bookmark" && random.IntN(6) == 0
				if !o.gone {
					continue
				}
				sql := "UPDATE " + n.entity(entity).Table + " SET deleted_at = created_at WHERE id = $1"
				if _, err := tx.Conn().Exec(ctx, sql, o.values["id"]); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

func (n *naive) pointing(entity, field string, at *object) (all []*object) {
	for _, o := range n.rows[entity] {
		if o.values[field] == at {
			all = append(all, o)
		}
	}
	return all
}

func (n *naive) isViewer(v any) bool {
	o, ok := v.(*object)
	return ok && !o.gone && o.values["id"] == string(n.viewer.ID)
}

func (n *naive) visible(o *object) bool {
	if o.gone {
		return false
	}
	if n.all {
		return true
	}
	switch o.entity {
	case "User":
		return o.values["active"].(bool) || n.isViewer(o)
	case "Article":
		return o.values["status"] == "PUBLISHED" || n.isViewer(o.values["author"])
	case "Comment":
		return n.visible(o.values["article"].(*object))
	}
	return true
}

// get is the value at a path as the viewer sees it.
func (n *naive) get(o *object, path []string) any {
	if len(path) == 0 {
		return o.values["id"]
	}
	v := o.values[path[0]]
	switch {
	case n.all:
	case path[0] == "email" && !n.isViewer(o), (path[0] == "earnings" || path[0] == "popular") && !n.isViewer(o.values["author"]):
		return nil
	}
	if f := n.entity(o.entity).Field(path[0]); f.Computed != nil {
		everything := *n
		everything.all = true
		return everything.eval(f.Computed, o, nil)
	}
	switch v := v.(type) {
	case *object:
		if !n.visible(v) {
			return nil
		}
		return n.get(v, path[1:])
	case []*object:
		var seen []*object
		for _, e := range v {
			if n.visible(e) && (path[0] != "readers" || n.all || n.isViewer(e)) { // bookmarks are private
				seen = append(seen, e)
			}
		}
		return seen
	case []any:
		return v[map[string]int{"amount": 0, "currency": 1}[path[1]]]
	}
	return v
}

func (n *naive) eval(x *meta.Expr, this *object, vars map[string]*object) any {
	arg := func(i int) any { return n.eval(x.Args[i], this, vars) }
	holds := func(i int) bool { b, _ := arg(i).(bool); return b }
	switch x.Op {
	case meta.OpConst:
		return x.Value
	case meta.OpNow:
		return n.clock.now
	case meta.OpGet:
		switch x.Root {
		case meta.RootViewer:
			if !n.viewer.SignedIn() {
				return nil
			}
			return string(n.viewer.ID)
		case meta.RootVariable:
			return n.get(vars[x.Var], x.Path)
		}
		return n.get(this, x.Path)
	case meta.OpAnd:
		for i := range x.Args {
			if !holds(i) {
				return false
			}
		}
		return true
	case meta.OpOr:
		for i := range x.Args {
			if holds(i) {
				return true
			}
		}
		return false
	case meta.OpNot:
		return !holds(0)
	case meta.OpEq, meta.OpNe:
		equal := arg(0) != nil && arg(1) != nil && compare(arg(0), arg(1)) == 0
		if literal := x.Args[1]; literal.Op == meta.OpConst && literal.Value == nil {
			equal = arg(0) == nil
		}
		return equal == (x.Op == meta.OpEq)
	case meta.OpLt:
		return arg(0) != nil && arg(1) != nil && compare(arg(0), arg(1)) < 0
	case meta.OpGe:
		return arg(0) != nil && arg(1) != nil && compare(arg(0), arg(1)) >= 0
	case meta.OpIn:
		for i := range x.Args[1:] {
			if arg(0) != nil && arg(i+1) != nil && compare(arg(0), arg(i+1)) == 0 {
				return true
			}
		}
		return false
	case meta.OpExists, meta.OpCount:
		count := int64(0)
		elements, _ := arg(0).([]*object)
		for _, e := range elements {
			inner := maps.Clone(vars)
			if inner == nil {
				inner = map[string]*object{}
			}
			inner[x.Var] = e
			if fits, _ := n.eval(x.Args[1], this, inner).(bool); fits {
				count++
			}
		}
		if x.Op == meta.OpCount {
			return count
		}
		return count > 0
	case meta.OpCall:
		text, _ := arg(0).(string)
		return arg(0) != nil && strings.Contains(text, arg(1).(string))
	case meta.OpIf:
		if holds(0) {
			return arg(1)
		}
		return arg(2)
	}
	panic(fmt.Sprint("no operation ", x.Op))
}

func compare(a, b any) int {
	if d, err := toDecimal(a); err == nil {
		other, _ := toDecimal(b)
		return d.Cmp(other)
	}
	switch a := a.(type) {
	case string:
		return cmp.Compare(a, b.(string))
	case bool:
		if a == b.(bool) {
			return 0
		} else if a {
			return 1
		}
		return -1
	case time.Time:
		return a.Compare(b.(time.Time))
	}
	panic(fmt.Sprintf("%T", a))
}

func toDecimal(v any) (kit.Decimal, error) {
	switch v := v.(type) {
	case kit.Decimal:
		return v, nil
	case int64:
		return kit.NewDecimal(v), nil
	}
	return kit.Decimal{}, fmt.Errorf("%T is no number", v)
}

// filters draws a random condition on an article.
func (n *naive) filters(t *rapid.T, depth int) *meta.Expr {
	pick := func(xs ...*meta.Expr) *meta.Expr { return rapid.SampledFrom(xs).Draw(t, "x") }
	userID := func() *meta.Expr {
		return meta.Const(rapid.SampledFrom(n.rows["User"]).Draw(t, "user").values["id"])
	}
	compared := func(a, b *meta.Expr) *meta.Expr {
		return meta.Apply(rapid.SampledFrom([]meta.Op{meta.OpEq, meta.OpNe, meta.OpLt, meta.OpGe}).Draw(t, "op"), a, b)
	}
	this, number := meta.This, func(most int) *meta.Expr { return meta.Const(int64(rapid.IntRange(0, most).Draw(t, "n"))) }
	kinds := 14
	if depth > 0 {
		kinds = 20
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return compared(this("rating"), number(5))
	case 1:
		return compared(pick(this("title"), this("summary"), this("author", "name"), this("editor", "name"), this("editor", "boss", "name")),
			meta.Const(rapid.SampledFrom([]string{"a1", "a3", "s1", "u1", "u2"}).Draw(t, "text")))
	case 2:
		x := pick(this("editor"), this("rating"), this("earnings"), this("editor", "boss"), this("author", "email"), this("price", "amount"), meta.Viewer())
		return pick(meta.Eq(x, meta.Null()), meta.Ne(x, meta.Null()))
	case 3:
		a := pick(this("author"), this("editor"), this("editor", "boss"))
		b := pick(userID(), meta.Viewer(), this("author"), this("editor"))
		return pick(meta.Eq(a, b), meta.Ne(a, b))
	case 4:
		return compared(this("earnings"), meta.Const(decimal(rapid.SampledFrom([]string{"0", "1", "1.5", "2.00001"}).Draw(t, "d"))))
	case 5:
		return compared(this("price", "amount"), number(5))
	case 6:
		return compared(this("publishedAt"), meta.Now())
	case 7:
		return pick(this("author", "active"), this("editor", "active"), this("editor", "boss", "active"))
	case 8:
		return meta.In(pick(this("rating"), meta.Over(meta.OpCount, this("comments"), "c", meta.True())), number(5), number(5), meta.Null())
	case 9:
		return meta.Call("contains", pick(this("title"), this("summary")), meta.Const(rapid.SampledFrom([]string{"", "1", "a"}).Draw(t, "part")))
	case 10:
		return compared(meta.Over(meta.OpCount, pick(this("comments"), this("author", "articles"), this("editor", "articles")), "c", meta.True()), number(6))
	case 11:
		return compared(this("author", "name"), this("editor", "name"))
	case 12:
		return pick(this("saved"), this("busy"), this("popular"), meta.Eq(this("popular"), meta.Null()), meta.Eq(this("busy"), meta.Const(true)),
			meta.Over(meta.OpExists, this("author", "articles"), "e", pick(meta.Var("e", "busy"), meta.Var("e", "popular"))))
	case 13:
		return compared(pick(this("saves"), this("talk"), meta.Over(meta.OpCount, this("readers"), "r", meta.True())), number(3))
	case 14:
		return meta.Not(n.filters(t, depth-1))
	case 15, 16:
		return meta.And(n.filters(t, depth-1), n.filters(t, depth-1), n.filters(t, depth-1))
	case 17:
		return meta.Or(n.filters(t, depth-1), n.filters(t, depth-1))
	case 18:
		return meta.Apply(meta.OpIf, n.filters(t, depth-1), n.filters(t, depth-1), n.filters(t, depth-1))
	}
	element := func(path ...string) *meta.Expr { return meta.Var("e", path...) }
	switch rapid.IntRange(0, 2).Draw(t, "list") {
	case 0:
		return meta.Over(meta.OpExists, this("tags"), "e", pick(meta.True(), meta.Eq(element("name"), meta.Const("t1"))))
	case 1:
		return meta.Over(meta.OpExists, this("comments"), "e", pick(meta.Eq(element("author"), meta.Viewer()), meta.Ne(element("author", "name"), meta.Const("u1")),
			compared(element("replies"), number(2)), meta.Eq(element("author"), this("author")), n.filters(t, depth-1)))
	}
	return meta.Over(meta.OpExists, pick(this("author", "articles"), this("editor", "articles")), "e",
		pick(compared(element("rating"), this("rating")), meta.Eq(element("earnings"), meta.Null()), meta.Over(meta.OpExists, element("comments"), "f", meta.Eq(meta.Var("f", "author"), element("author")))))
}

func (n *naive) check(t *rapid.T) {
	viewers := []kit.Viewer{{}, n.root}
	for _, u := range n.rows["User"] {
		viewers = append(viewers, kit.Viewer{ID: kit.ID(u.values["id"].(string))})
	}
	n.viewer = rapid.SampledFrom(viewers).Draw(t, "viewer")
	s := n.sel("Article", "title")
	if rapid.Bool().Draw(t, "filtered") {
		s.Where = n.filters(t, 3)
	}
	var order []query.Order
	for _, path := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"title", "rating", "earnings", "price.amount", "editor", "author.name", "editor.boss.name", "publishedAt", "createdAt", "saves", "busy", "popular"}), 0, 3, rapid.ID).Draw(t, "order") {
		order = append(order, query.Order{Path: strings.Split(path, "."), Descending: rapid.Bool().Draw(t, "descending")})
	}
	s.Order, s.Count, s.First = order, true, 100
	want := n.naiveList(s)
	n.checkGroups(t, s.Where)
	got := n.ids(t, s)
	if !slices.Equal(got, want) {
		t.Fatalf("where %s order %v:\ngot  %v\nwant %v", whereText(s.Where), order, got, want)
	}
	n.checkNested(t, s, want)
	size := rapid.IntRange(1, 7).Draw(t, "size")
	if pages := n.pages(t, s, size, false); !slices.Equal(pages, want) {
		t.Fatalf("where %s order %v: pages of %d:\ngot  %v\nwant %v", whereText(s.Where), order, size, pages, want)
	}
	if pages := n.pages(t, s, size, true); !slices.Equal(pages, want) {
		t.Fatalf("where %s order %v: pages of %d backwards:\ngot  %v\nwant %v", whereText(s.Where), order, size, pages, want)
	}
}

func whereText(x *meta.Expr) string {
	if x == nil {
		return "-"
	}
	return exprText(x)
}

func (n *naive) naiveList(s *query.Select) (ids []string) {
	var fit []*object
	for _, o := range n.rows["Article"] {
		if holds := s.Where == nil || n.eval(s.Where, o, nil) == true; holds && n.visible(o) {
			fit = append(fit, o)
		}
	}
	keys := s.Order
	if len(keys) == 0 {
		keys = []query.Order{{Path: []string{"createdAt"}, Descending: true}}
	}
	keys = append(slices.Clone(keys), query.Order{Path: []string{"id"}, Descending: keys[len(keys)-1].Descending})
	slices.SortFunc(fit, func(a, b *object) int {
		for _, k := range keys {
			x, y := n.get(a, k.Path), n.get(b, k.Path)
			order := 0
			switch {
			case x == nil && y == nil:
			case x == nil:
				order = 1
			case y == nil:
				order = -1
			default:
				order = compare(x, y)
			}
			if k.Descending {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	for _, o := range fit {
		ids = append(ids, o.values["id"].(string))
	}
	return ids
}

func (n *naive) ids(t *rapid.T, s *query.Select) (ids []string) {
	l, _, err := n.tryList(n.viewer, s)
	if err != nil {
		t.Fatalf("where %s: %v", whereText(s.Where), err)
	}
	for _, r := range l.Rows {
		ids = append(ids, string(r.ID))
	}
	if int(l.Total) != len(ids) {
		t.Fatalf("total is %d of %d", l.Total, len(ids))
	}
	return ids
}

// pages reads page by page, forwards or backwards.
func (n *naive) pages(t *rapid.T, s *query.Select, size int, backward bool) (ids []string) {
	page := *s
	page.Count, page.First = false, size
	if backward {
		page.First, page.Last = 0, size
	}
	for {
		l, _, err := n.tryList(n.viewer, &page)
		if err != nil {
			t.Fatal(err)
		}
		var some []string
		for _, r := range l.Rows {
			some = append(some, string(r.ID))
		}
		if backward {
			ids = append(some, ids...)
		} else {
			ids = append(ids, some...)
		}
		switch {
		case backward && l.HasPrevious:
			page.Before = l.Cursor(0)
		case !backward && l.HasNext:
			page.After = l.Cursor(len(l.Rows) - 1)
		default:
			return ids
		}
	}
}

// checkNested reads lists of the rows, and lists of their rows, beside them.
func (n *naive) checkNested(t *rapid.T, rows *query.Select, ids []string) {
	comments := n.sel("Comment", nest{"author", n.sel("User", "name", nest{"articles", n.sel("Article", "title")})})
	comments.First, comments.Count = rapid.IntRange(1, 4).Draw(t, "first"), rapid.Bool().Draw(t, "counted")
	least := int64(rapid.IntRange(0, 2).Draw(t, "least"))
	comments.Where = meta.Ge(meta.This("replies"), meta.Const(least))
	s := n.sel("Article", nest{"comments", comments}, nest{"readers", n.sel("User", "name")})
	s.Where, s.Order, s.First, s.Count = rows.Where, rows.Order, rapid.IntRange(1, 9).Draw(t, "rows"), rapid.Bool().Draw(t, "total")
	list, _, err := n.tryList(n.viewer, s)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%d %s", list.Total, rowsText(list.Rows))
	want, total := []string{}, 0
	if s.Count {
		total = len(ids)
	}
	for _, id := range ids[:min(len(ids), s.First)] {
		article := n.byID("Article", id)
		readers := []string{}
		for _, u := range n.get(article, []string{"readers"}).([]*object) {
			readers = append(readers, fmt.Sprint([]any{u.values["name"]}))
		}
		want = append(want, fmt.Sprintf("[%s %v]", n.commentsText(article, comments, least), readers))
	}
	if text := fmt.Sprintf("%d %v", total, want); got != text {
		t.Fatalf("nested, where %s:\ngot  %s\nwant %s", whereText(s.Where), got, text)
	}
	for _, row := range list.Rows {
		l := row.Values[0].(*query.List)
		fit := len(n.fitting(n.byID("Article", string(row.ID)), least))
		if comments.Count && l.Total != int64(fit) || l.HasNext != (fit > comments.First) {
			t.Fatalf("comments of %s: %d of %d, next %t", row.ID, l.Total, fit, l.HasNext)
		}
	}
}

func (n *naive) byID(entity, id string) *object {
	for _, o := range n.rows[entity] {
		if o.values["id"] == id {
			return o
		}
	}
	panic(id)
}

// fitting is the comments of an article with so many replies, as its list has them: oldest first.
func (n *naive) fitting(article *object, replies int64) (fit []*object) {
	for _, c := range n.get(article, []string{"comments"}).([]*object) {
		if c.values["replies"].(int64) >= replies {
			fit = append(fit, c)
		}
	}
	slices.SortFunc(fit, func(a, b *object) int {
		return cmp.Or(compare(a.values["createdAt"], b.values["createdAt"]), compare(a.values["id"], b.values["id"]))
	})
	return fit
}

func (n *naive) commentsText(article *object, sel *query.Select, least int64) string {
	all := []any{}
	fit := n.fitting(article, least)
	for _, c := range fit[:min(len(fit), sel.First)] {
		author := c.values["author"].(*object)
		if !n.visible(author) {
			all = append(all, []any{nil})
			continue
		}
		written := n.get(author, []string{"articles"}).([]*object)
		slices.SortFunc(written, func(a, b *object) int {
			return -cmp.Or(compare(a.values["createdAt"], b.values["createdAt"]), compare(a.values["id"], b.values["id"]))
		})
		titles := []any{}
		for _, a := range written[:min(len(written), 20)] {
			titles = append(titles, []any{a.values["title"]})
		}
		all = append(all, []any{[]any{author.values["name"], fmt.Sprint(titles)}})
	}
	return fmt.Sprint(all)
}
