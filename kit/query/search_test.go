package query_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// titles is the titles of the books that v finds, with commas between.
func (w *world) titles(v kit.Viewer, search string) string {
	w.Helper()
	s := w.sel("Book", "title")
	s.Search = search
	l, statements, err := w.tryList(v, s)
	if err != nil {
		return describe(err)
	}
	if statements > 1 {
		w.Errorf("%d statements", statements)
	}
	var titles []string
	for _, r := range l.Rows {
		titles = append(titles, r.Values[0].(string))
	}
	return strings.Join(titles, ", ")
}

func (w *world) finds(v kit.Viewer, search, want string) {
	w.Helper()
	if got := w.titles(v, search); got != want {
		w.Errorf("%q finds %q, not %q", search, got, want)
	}
}

func testSearch(w *world) {
	bread := w.create(w.ann, false, "Book", "title", "Bread and Butter", "order", "Strong, black coffee!")
	w.create(w.ann, false, "Book", "title", "Crème Brûlée", "order", "see www.example.com/a-b?c=1 or write a.b@example.com")
	w.create(w.ann, false, "Book", "title", "ΟΔΟΣ Ёлка 東京 हिन्दी", "order", "<b>1.5e3</b> -42 C++ v2.0 don't ❤️love")
	const all = "Bread and Butter, Crème Brûlée, ΟΔΟΣ Ёлка 東京 हिन्दी"
	for search, want := range map[string]string{
		"":                         all,
		" \t ":                     all,
		"bread":                    "Bread and Butter",
		"BREAD coffee":             "Bread and Butter",
		"bread brulee":             "",
		"bre":                      "",
		"bre* butt*":               "Bread and Butter",
		"*":                        "",
		"!!!":                      "",
		`"black coffee"`:           "Bread and Butter",
		`"strong coffee"`:          "",
		`"butter strong"`:          "", // no phrase reaches across fields
		`"black coffee" bread`:     "Bread and Butter",
		`"black coffee`:            "Bread and Butter",
		`"coffee bl*"`:             "",
		"creme brulee":             "Crème Brûlée",
		"CRÈME brûlée":             "Crème Brûlée",
		"cre\u0300me":              "Crème Brûlée",
		"crè*":                     "Crème Brûlée",
		"example":                  "Crème Brûlée",
		"www.example.com":          "Crème Brûlée",
		"a.b@example.com":          "Crème Brûlée",
		`"b c 1"`:                  "Crème Brûlée",
		"οδος":                     "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"ΟΔΟΣ":                     "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"ёлка":                     "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"東京":                       "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"東*":                       "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"हिन्दी":                   "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"हिन्द":                    "",
		"5e3":                      "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"42 c v2 0":                "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"-42":                      "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"don't":                    "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"love":                     "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"❤️love":                   "ΟΔΟΣ Ёлка 東京 हिन्दी",
		"b":                        "Crème Brûlée, ΟΔΟΣ Ёлка 東京 हिन्दी",
		strings.Repeat("x", 201):   "INVALID search:TOO_LONG",
		strings.Repeat("b ", 17):   "INVALID search:TOO_LONG",
		strings.Repeat(`"b" `, 16): "Crème Brûlée, ΟΔΟΣ Ёлка 東京 हिन्दी",
	} {
		w.finds(w.bob, search, want)
	}
	must(w.update(w.ann, "Book", bread, 0, "title", "Rye"))
	w.finds(w.bob, "bread", "")
	w.finds(w.bob, "rye", "Rye")
	must(w.update(w.ann, "Book", bread, 0, "public", false))
	w.finds(w.bob, "rye", "")
	w.finds(w.ann, "rye", "Rye")
	must(w.delete(w.ann, "Book", bread, 0))
	w.finds(w.ann, "rye", "")

	s := w.sel("Tag", "name")
	s.Search = "x"
	_, _, err := w.tryList(w.ann, s)
	w.want(err, "MALFORMED")

	s = w.sel("Book", "title")
	s.Query, s.Args = w.operation("found"), []any{"creme"}
	w.wantRows(w.bob, s, "[[Crème Brûlée]]")
	s.Args = []any{strings.Repeat("x", 201)}
	_, _, err = w.tryList(w.bob, s)
	w.want(err, "INVALID words:TOO_LONG")
	s.Search = "brulee" // beside what the query asks for
	s.Args = []any{"cre*"}
	w.wantRows(w.bob, s, "[[Crème Brûlée]]")
	s.Search = "bread"
	w.wantRows(w.bob, s, "[]")
}

func testSearchGuards(w *world) {
	w.create(w.ann, false, "Book", "title", "one", "order", "apple", "memo", "pear plum", "audit", "quince")
	w.create(w.ann, false, "Book", "title", "two", "order", "apple", "memo", "pear", "audit", "quince fig", "shown", true)
	w.create(w.bob, false, "Book", "title", "three", "memo", "fig plum")
	nobody := kit.Viewer{}
	for _, c := range []struct {
		viewer       kit.Viewer
		search, want string
	}{
		{nobody, "apple", "one, two"},
		{nobody, "pear", ""},
		{nobody, "quince", "two"},
		{nobody, "apple quince", "two"},
		{nobody, "one quince", ""},
		{nobody, "two fi*", "two"},
		{w.bob, "pear", ""},
		{w.bob, "plum", "three"},
		{w.bob, "three plum", "three"},
		{w.bob, `"fig plum"`, "three"},
		{w.bob, "apple plum", ""},
		{w.ann, "pear", "one, two"},
		{w.ann, "plum", "one"},
		{w.ann, "pear quince", "two"},
		{w.ann, "pear apple quince two fig", "two"},
		{w.ann, "fig", "two"},
		{w.root, "quince", "one, two"},
		{w.root, "quince apple", "one, two"},
		{w.root, "pear", ""},
		{w.root, "fig", "two"},
	} {
		w.finds(c.viewer, c.search, c.want)
		s := w.sel("Book", "title")
		s.Query, s.Args = w.operation("found"), []any{c.search}
		s.Count = true
		if l := w.list(c.viewer, s); int(l.Total) != len(l.Rows) || len(l.Rows) != len(strings.FieldsFunc(c.want, func(r rune) bool { return r == ',' })) {
			w.Errorf("%q matches %d of %s", c.search, l.Total, c.want)
		}
	}
	err := w.engine.Read(context.Background(), w.in(nobody), func(ctx context.Context, tx *query.Tx) error {
		s := w.sel("Book", "title")
		s.Search = "plum"
		l, err := tx.System().List(ctx, s)
		if len(l.Rows) != 2 {
			w.Errorf("the system finds %s", rowsText(l.Rows))
		}
		return err
	})
	must(err)

	// A rule that asks for words itself.
	loaf := w.create(w.ann, false, "Book", "title", "Bread")
	other := w.create(w.ann, false, "Book", "title", "Rye")
	w.create(w.ann, false, "Loan", "book", loaf, "text", "until May")
	w.create(w.ann, false, "Loan", "book", other, "text", "not May")
	s := w.sel("Loan", "text")
	s.Search = "may"
	w.wantRows(w.bob, s, "[[until May]]")
}

func testSearchPages(w *world) {
	shelf := w.create(w.ann, false, "Shelf", "name", "s")
	for i := range 25 {
		title := fmt.Sprintf("book %02d", i)
		if i%2 == 0 {
			title += " even"
		}
		w.create(w.ann, false, "Book", "title", title, "memo", fmt.Sprint("secret", i), "shelf", shelf)
	}
	s := w.sel("Book", "title")
	s.Search, s.First, s.Count = "even book", 5, true
	s.Order = []query.Order{{Path: []string{"title"}, Descending: true}}
	var seen []string
	for {
		l := w.list(w.bob, s)
		if l.Total != 13 {
			w.Fatalf("counts %d", l.Total)
		}
		for _, r := range l.Rows {
			seen = append(seen, r.Values[0].(string))
		}
		if !l.HasNext {
			break
		}
		s.After = l.Cursor(len(l.Rows) - 1)
	}
	if len(seen) != 13 || seen[0] != "book 24 even" || seen[12] != "book 00 even" || !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
		w.Error(seen)
	}

	books := w.sel("Book", "title")
	books.Search, books.First, books.Count = "secret3", 2, true
	l := w.list(w.ann, w.sel("Shelf", nest{"books", books}))
	if got := rowsText(l.Rows); got != "[[[[book 03]]]]" {
		w.Error(got)
	}
	if total := l.Rows[0].Values[0].(*query.List).Total; total != 1 {
		w.Error(total)
	}
	if got := rowsText(w.list(w.bob, w.sel("Shelf", nest{"books", books})).Rows); got != "[[[]]]" {
		w.Error(got)
	}
}

// Whatever a text is, it is words and nothing else, and means the same on every database.
func testSearchTexts(w *world) {
	w.create(w.ann, false, "Book", "title", "and or not near", "order", "x col y", "memo", "x")
	w.create(w.ann, false, "Book", "title", "order in_order title", "audit", "x", "shown", true)
	for search, want := range map[string]string{
		`'`: "", `"`: "", `""`: "", `"""`: "", `" "x" "`: "and or not near, order in_order title", `\`: "", `x'`: "and or not near, order in_order title",
		`x\`: "and or not near, order in_order title", `x''y`: "and or not near", `x:y`: "and or not near", `x:*`: "and or not near, order in_order title",
		`col:x`: "and or not near", `{col}:x`: "and or not near", `{"in_order"} : x`: "order in_order title", `(x`: "and or not near, order in_order title",
		`x)`: "and or not near, order in_order title", `((((`: "", `x & y`: "and or not near", `x | zzz`: "", `!x`: "and or not near, order in_order title",
		`x <-> y`: "and or not near", `x <2> y`: "", `-x`: "and or not near, order in_order title", `^x`: "and or not near, order in_order title",
		`x + y`: "and or not near", `NEAR(x y, 5)`: "", `x NEAR y`: "and or not near", `AND`: "and or not near", `AND OR NOT NEAR`: "and or not near",
		`NOT zzz`: "", `OR`: "and or not near", `x AND`: "and or not near", `x*y`: "and or not near", `x**`: "and or not near, order in_order title",
		`*x`: "and or not near, order in_order title", "x\x00y": "and or not near", "\x00": "", "x\x00": "and or not near, order in_order title",
		"\xff\xfe": "", "x\xffy": "and or not near", "😀": "", "x😀y": "and or not near", "👍🏽": "", "\u0301": "", `"` + "\u0301" + `"`: "", "\ufe0f": "",
		"x\u200by": "and or not near", "x; DROP TABLE books; --": "", "%": "", "_": "", "x%": "and or not near, order in_order title", "$1": "", "$x$": "and or not near, order in_order title",
		"?": "", ":a": "", "@x": "and or not near, order in_order title", "in_order": "order in_order title", "x\u00a0y": "and or not near", "ﬁ": "", "ⅷ": "", "²": "",
		strings.Repeat("😀", 200): "", strings.Repeat("x", 200): "", strings.Repeat("\u0301", 200): "", strings.Repeat(`"`, 200): "",
		strings.Repeat("*", 200): "", strings.Repeat("(", 200): "", strings.Repeat("x*", 16): "and or not near, order in_order title",
		strings.Repeat("é", 201): "INVALID search:TOO_LONG", strings.Repeat("x*", 17): "INVALID search:TOO_LONG",
		`"` + strings.Repeat("x ", 17) + `"`: "INVALID search:TOO_LONG", strings.Repeat("x", 1<<20): "INVALID search:TOO_LONG",
	} {
		for _, v := range []kit.Viewer{w.ann, w.root} { // who sees all; who has each word asked by itself
			w.finds(v, search, want)
		}
		s := w.sel("Book", "title")
		s.Query, s.Args = w.operation("found"), []any{search}
		if _, _, err := w.tryList(w.bob, s); err != nil && describe(err) != strings.Replace(want, "search", "words", 1) && !strings.Contains(search, "\x00") && utf8.ValidString(search) {
			w.Errorf("%q: %v", search, err)
		}
	}
	// A document may be longer than what is searched of it.
	w.create(w.ann, false, "Book", "title", "long", "order", strings.Repeat("word ", 100000)+"end")
	w.finds(w.ann, "word", "long")
	w.finds(w.ann, "end", "")
}

// testSearchRandom compares with a loop over all rows.
func testSearchRandom(w *world) {
	r := rand.New(rand.NewPCG(1, 2))
	vocabulary := []string{"bread", "Bread", "BRÉAD", "breadth", "bre", "b", "naïve", "naive", "7", "70", "Straße", "ЙОД", "йод", "東京", "東"}
	between := []string{" ", " ", " ", ", ", "-", "'", "/", ".", "@", " & ", "\n", " — ", "(", "😀"}
	text := func(n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString(vocabulary[r.IntN(len(vocabulary))] + between[r.IntN(len(between))])
		}
		return b.String()
	}
	type book struct {
		title, order, memo, audit string
		shown                     bool
		owner                     kit.ID
	}
	var books []book
	for i := range 60 {
		b := book{fmt.Sprintf("%02d %s", i, text(4)), text(5), text(4), text(4), r.IntN(2) == 0, w.ann.ID}
		owner := w.ann
		if r.IntN(2) == 0 {
			owner, b.owner = w.bob, w.bob.ID
		}
		w.create(owner, false, "Book", "title", b.title, "order", b.order, "memo", b.memo, "audit", b.audit, "shown", b.shown)
		books = append(books, b)
	}
	fold := strings.NewReplacer("é", "e", "ï", "i")
	words := func(text string) string { // with a space around each
		text = fold.Replace(strings.ToLower(text))
		return " " + strings.Join(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,-'/.@&\n—(😀\"*", r) }), " ") + " "
	}
	rounds := 300
	if kittest.Race {
		rounds = 15
	}
	for range rounds {
		var search []string
		var tests []func(string) bool
		for range 1 + r.IntN(3) {
			word := vocabulary[r.IntN(len(vocabulary))]
			asked := strings.TrimSuffix(words(word), " ")
			switch r.IntN(3) {
			case 0:
				search = append(search, word)
				asked += " "
			case 1:
				search = append(search, word+"*")
			case 2:
				second := vocabulary[r.IntN(len(vocabulary))]
				search = append(search, `"`+word+between[r.IntN(len(between))]+second+`"`)
				asked += words(second)
			}
			tests = append(tests, func(text string) bool { return strings.Contains(words(text), asked) })
		}
		asked := strings.Join(search, " ")
		for _, v := range []kit.Viewer{w.ann, w.bob, w.root, {}} {
			var want []string
			for _, b := range books {
				texts := []string{b.title, b.order}
				if b.owner == v.ID {
					texts = append(texts, b.memo)
				}
				if b.shown || v.ID == w.root.ID {
					texts = append(texts, b.audit)
				}
				if !slices.ContainsFunc(tests, func(test func(string) bool) bool { return !slices.ContainsFunc(texts, test) }) {
					want = append(want, b.title)
				}
			}
			s := w.sel("Book", "title")
			s.Search, s.First = asked, 100
			var got []string
			for _, row := range w.list(v, s).Rows {
				got = append(got, row.Values[0].(string))
			}
			if !slices.Equal(got, want) {
				w.Fatalf("%q finds %q, not %q", asked, got, want)
			}
		}
	}
}

// The database goes by the index of a search among many rows, also where it asks field rules.
func TestSearchUsesItsIndex(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			db := &planning{Database: d.open(t)}
			w := newWorld(t, db)
			statements := []string{
				`WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
INSERT INTO books (id, created_at, updated_at, version, title, shown, public, owner_id)
SELECT printf('00000000-0000-7000-8000-%012d', n), 0, 0, 1, 'title ' || n, 0, 1, '` + string(w.ann.ID) + `' FROM n`,
				"ANALYZE",
			}
			if db.Dialect() == sqldb.Postgres {
				statements[0] = `INSERT INTO books (id, created_at, updated_at, version, title, shown, public, owner_id)
SELECT gen_random_uuid(), now(), now(), 1, 'title ' || n, false, true, '` + string(w.ann.ID) + `' FROM generate_series(1, 5000) n`
			}
			must(db.Write(context.Background(), func(c sqldb.Conn) error {
				for _, s := range statements {
					if _, err := c.Exec(context.Background(), s); err != nil {
						return err
					}
				}
				return nil
			}))
			s := w.sel("Book", "title")
			s.Search = "title 77"
			for _, v := range []kit.Viewer{w.ann, {}} {
				db.plan = ""
				w.list(v, s)
				if !strings.Contains(db.plan, "Bitmap Index Scan on books_search_idx") && !strings.Contains(db.plan, "SCAN books_search VIRTUAL TABLE INDEX 0:M") {
					t.Error(db.plan)
				}
			}
			w.finds(w.bob, "title 77", "title 77")
		})
	}
}

// planning is a database that tells how it plans each statement.
type planning struct {
	sqldb.Database
	plan string
}

func (p *planning) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	return p.Database.Read(ctx, func(c sqldb.Conn) error { return do(planningConn{c, p}) })
}

type planningConn struct {
	sqldb.Conn
	of *planning
}

func (c planningConn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	explain, before := "EXPLAIN ", []any{}
	if c.of.Dialect() == sqldb.SQLite {
		explain, before = "EXPLAIN QUERY PLAN ", []any{new(int64), new(int64), new(int64)}
	}
	rows, err := c.Conn.Query(ctx, explain+sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	c.of.plan += sql + "\n"
	for rows.Next() {
		line := ""
		if err := rows.Scan(append(before, &line)...); err != nil {
			return nil, err
		}
		c.of.plan += line + "\n"
	}
	rows.Close()
	return c.Conn.Query(ctx, sql, args...)
}

func BenchmarkSearch(b *testing.B) {
	for _, d := range databases(b) {
		b.Run(d.name, func(b *testing.B) {
			w := newWorld(b, d.open(b))
			for i := range 2000 {
				w.create(w.ann, false, "Book", "title", fmt.Sprintf("book %d", i), "order", fmt.Sprintf("common word%d", i%100))
			}
			s := w.sel("Book", "title")
			s.Search = "common word7"
			for b.Loop() {
				w.list(w.bob, s)
			}
		})
	}
}
