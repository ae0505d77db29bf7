package query_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

func (w *world) tryAggregate(v kit.Viewer, a *query.Aggregation) (g *query.Groups, statements int, err error) {
	err = w.engine.Read(w.engine.SingleAggregate(context.Background()), w.in(v), func(ctx context.Context, tx *query.Tx) error {
		g, err = tx.Aggregate(ctx, a)
		statements = tx.Statements()
		return err
	})
	return g, statements, err
}

// aggregate works out measures ("sum rating") of groups ("author", "publishedAt.month").
func (w *world) aggregation(entity, groups, measures string) *query.Aggregation {
	a := &query.Aggregation{Entity: w.entity(entity)}
	for _, name := range strings.Fields(groups) {
		path := strings.Split(name, ".")
		key := query.GroupKey{Path: path}
		if last := query.Period(path[len(path)-1]); slices.Contains(query.Periods, last) && len(path) > 1 {
			key = query.GroupKey{Path: path[:len(path)-1], By: last}
		}
		a.Groups = append(a.Groups, key)
	}
	for _, m := range strings.Fields(measures) {
		of, path, _ := strings.Cut(m, ":")
		a.Measures = append(a.Measures, query.Measure{Of: query.Statistic(of), Path: strings.Split(path, ".")})
	}
	return a
}

// groupsText is groups as a line each: keys, count, values.
func groupsText(g *query.Groups) string {
	var lines []string
	for _, group := range g.Groups {
		lines = append(lines, fmt.Sprint(texts(group.Keys), " ", group.Count, " ", texts(group.Values)))
	}
	return strings.Join(lines, "\n")
}

func texts(values []any) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = fmt.Sprint(v)
		if at, ok := v.(time.Time); ok {
			all[i] = at.Format(time.RFC3339Nano)
		}
	}
	return all
}

func (w *world) wantGroups(v kit.Viewer, a *query.Aggregation, want ...string) {
	w.Helper()
	g, statements, err := w.tryAggregate(v, a)
	if err != nil {
		w.Errorf("%v: %s: %v", a.Groups, describe(err), err)
		return
	}
	if got := groupsText(g); got != strings.Join(want, "\n") {
		w.Errorf("%s by %v %v:\n%s\nwant\n%s", a.Entity.Name, a.Groups, a.Measures, got, strings.Join(want, "\n"))
	}
	if statements > 1 {
		w.Errorf("took %d statements", statements)
	}
}

func testAggregates(w *world) {
	article := func(v kit.Viewer, status string, rating any) {
		w.create(v, false, "Article", "title", "t"+kit.Token(4), "slug", strings.ToLower(kit.Token(8)), "author", string(v.ID), "status", status, "rating", rating)
	}
	w.wantGroups(w.ann, w.aggregation("Article", "", "sum:rating avg:rating min:rating max:rating"), "[] 0 [0 <nil> <nil> <nil>]")
	w.wantGroups(w.ann, w.aggregation("Article", "status", "sum:rating"))
	article(w.ann, "PUBLISHED", int64(1))
	article(w.ann, "PUBLISHED", int64(4))
	article(w.ann, "DRAFT", int64(2))
	article(w.bob, "PUBLISHED", nil)
	article(w.bob, "DRAFT", int64(5))
	w.wantGroups(w.ann, w.aggregation("Article", "", "sum:rating avg:rating min:rating max:rating"), fmt.Sprint("[] 4 [7 ", 7.0/3, " 1 4]"))
	w.wantGroups(kit.Viewer{}, w.aggregation("Article", "", "sum:rating"), "[] 3 [5]")
	w.wantGroups(w.bob, w.aggregation("Article", "status", "sum:rating max:createdAt"),
		"[DRAFT] 1 [5 "+w.clock.now.Format(time.RFC3339Nano)+"]",
		"[PUBLISHED] 3 [5 "+w.clock.now.Add(-time.Second).Format(time.RFC3339Nano)+"]")
	w.wantGroups(w.bob, w.aggregation("Article", "rating status", "avg:saves"), "[1 PUBLISHED] 1 [0]", "[4 PUBLISHED] 1 [0]", "[5 DRAFT] 1 [0]", "[<nil> PUBLISHED] 1 [0]")
	by := w.aggregation("Article", "author", "sum:rating")
	by.Where = meta.Eq(meta.This("status"), meta.Const("PUBLISHED"))
	w.wantGroups(w.bob, by, fmt.Sprintf("[%s] 2 [5]", w.ann.ID), fmt.Sprintf("[%s] 1 [0]", w.bob.ID))
	by.Where = meta.Not(meta.True())
	w.wantGroups(w.bob, by)

	if _, _, err := w.tryAggregate(w.ann, w.aggregation("Bookmark", "", "sum:id")); describe(err) != kit.CodeMalformed {
		w.Errorf("the sum of ids is %s", describe(err))
	}
	for _, wrong := range []string{"createdAt", "price", "tags", "nothing", "title.day", "id"} {
		if _, _, err := w.tryAggregate(w.ann, w.aggregation("Article", wrong, "")); describe(err) != kit.CodeMalformed {
			w.Errorf("groups by %s are %s", wrong, describe(err))
		}
	}
}

func testHiddenAggregates(w *world) {
	for _, v := range []kit.Viewer{w.ann, w.bob} {
		w.create(v, false, "Article", "title", "t", "slug", strings.ToLower(kit.Token(8)), "author", string(v.ID), "status", "PUBLISHED", "earnings", decimal("2.5"))
	}
	w.wantGroups(w.ann, w.aggregation("Article", "", "sum:earnings avg:earnings max:earnings"), "[] 2 [2.5 2.5 2.5]")
	w.wantGroups(kit.Viewer{}, w.aggregation("Article", "", "sum:earnings avg:earnings max:earnings"), "[] 2 [<nil> <nil> <nil>]")
	w.wantGroups(w.ann, w.aggregation("Article", "earnings", ""), "[2.5] 1 []", "[<nil>] 1 []")
	w.wantGroups(kit.Viewer{}, w.aggregation("Article", "earnings", "sum:saves"), "[<nil>] 2 [0]")
	w.wantGroups(kit.Viewer{}, w.aggregation("Article", "popular", ""), "[<nil>] 2 []")
	w.want(w.update(w.ann, "User", w.ann.ID, 0, "active", false), "ok")
	w.wantGroups(w.bob, w.aggregation("Article", "author", ""), fmt.Sprintf("[%s] 1 []", w.bob.ID), "[<nil>] 1 []")
}

// What Floats come to is told wherever a Float holds it, whatever stands between, and else it is the same problem on both databases.
func testSumsOfFloats(w *world) {
	for i, share := range []float64{1.7e308, 1.7e308, -1.7e308, 0.5, 1e281} {
		w.create(w.root, false, "Entry", "name", fmt.Sprint("n", i), "share", share)
	}
	w.wantGroups(w.root, w.aggregation("Entry", "", "sum:share avg:share min:share max:share"), "[] 5 [1.7e+308 3.4e+307 -1.7e+308 1.7e+308]")
	w.create(w.root, false, "Entry", "name", "over", "share", 1.7e308)
	w.wantGroups(w.root, w.aggregation("Entry", "", "avg:share"), "[] 6 [5.666666666666667e+307]")
	if _, _, err := w.tryAggregate(w.root, w.aggregation("Entry", "", "sum:share")); describe(err) != kit.CodeInvalid {
		w.Errorf("a sum of 3.4e308 is %s", describe(err))
	}
	only := w.aggregation("Entry", "name", "sum:share avg:share")
	only.Where = meta.Eq(meta.This("name"), meta.Const("n3"))
	w.wantGroups(w.root, only, "[n3] 1 [0.5 0.5]")
}

func testExactSums(w *world) {
	for i := range 3 {
		w.create(w.root, false, "Entry", "name", fmt.Sprint("n", i), "small", int64(math.MaxInt32), "big", int64(math.MaxInt64-i), "share", 0.5,
			"exact", decimal("99999999999999.9999"), "spent", time.Hour+time.Microsecond, "clock", kit.TimeOfDay(time.Duration(i)*time.Hour))
	}
	w.create(w.root, false, "Entry", "name", "none")
	all := "sum:small sum:big sum:share sum:exact sum:spent avg:small avg:big avg:share avg:exact avg:spent min:clock max:clock min:name max:exact"
	w.wantGroups(w.root, w.aggregation("Entry", "", all), fmt.Sprint("[] 4 [6442450941 27670116110564327418 1.5 299999999999999.9997 3h0m0.000003s ",
		float64(math.MaxInt32), " ", float64(math.MaxInt64), " 0.5 99999999999999.9999 1h0m0.000001s ", kit.TimeOfDay(0), " ", kit.TimeOfDay(2*time.Hour), " n0 99999999999999.9999]"))
	w.create(w.root, false, "Entry", "name", "low", "small", int64(math.MinInt32), "big", int64(math.MinInt64), "exact", decimal("-0.0001"))
	w.wantGroups(w.root, w.aggregation("Entry", "", "sum:small sum:big sum:exact avg:exact"), "[] 5 [4294967293 18446744073709551610 299999999999999.9996 74999999999999.9999]")
	w.create(w.root, false, "Entry", "name", "third", "exact", decimal("0.0001"), "spent", time.Duration(math.MaxInt64/1000*1000))
	if _, _, err := w.tryAggregate(w.root, w.aggregation("Entry", "", "sum:spent")); describe(err) != kit.CodeInvalid {
		w.Errorf("a sum of 292 years is %s", describe(err))
	}
	for i := range 2 {
		w.create(w.root, false, "Entry", "name", fmt.Sprint("huge", i), "share", 1.7e308)
	}
	if _, _, err := w.tryAggregate(w.root, w.aggregation("Entry", "", "sum:share")); describe(err) != kit.CodeInvalid {
		w.Errorf("a sum that a double does not hold is %s", describe(err))
	}
}

func testPeriods(w *world) {
	for i, at := range []string{"2030-03-31T00:30:00Z", "2030-03-31T21:59:59Z", "2030-03-31T22:00:00Z", "2029-12-31T23:30:00Z", "0800-02-28T12:00:00Z"} {
		instant, err := time.Parse(time.RFC3339, at)
		if err != nil {
			w.Fatal(err)
		}
		w.create(w.root, false, "Entry", "name", fmt.Sprint(i), "at", instant, "day", kit.Date{Year: instant.Year(), Month: instant.Month(), Day: instant.Day()})
	}
	w.create(w.root, false, "Entry", "name", "none")
	in := func(groups, zone string) *query.Aggregation {
		a := w.aggregation("Entry", groups, "")
		a.Where = meta.Ne(meta.This("name"), meta.Const("4"))
		for i := range a.Groups {
			a.Groups[i].Zone = zone
		}
		return a
	}
	w.wantGroups(w.root, in("at.day", ""), "[2029-12-31] 1 []", "[2030-03-31] 3 []", "[<nil>] 1 []")
	w.wantGroups(w.root, in("at.day", "Europe/Berlin"), "[2030-01-01] 1 []", "[2030-03-31] 2 []", "[2030-04-01] 1 []", "[<nil>] 1 []")
	w.wantGroups(w.root, in("at.month", "Europe/Berlin"), "[2030-01-01] 1 []", "[2030-03-01] 2 []", "[2030-04-01] 1 []", "[<nil>] 1 []")
	w.wantGroups(w.root, in("at.week", "America/New_York"), "[2029-12-31] 1 []", "[2030-03-25] 3 []", "[<nil>] 1 []")
	w.wantGroups(w.root, in("at.year day.week", ""), "[2029-01-01 2029-12-31] 1 []", "[2030-01-01 2030-03-25] 3 []", "[<nil> <nil>] 1 []")
	for _, zone := range []string{"", "Europe/Berlin", "America/New_York", "EST"} {
		a := w.aggregation("Entry", "at.day at.week at.month at.year day.month", "")
		for i := range a.Groups {
			a.Groups[i].Zone = zone
		}
		g, _, err := w.tryAggregate(w.root, a)
		if err != nil || len(g.Groups) < 4 {
			w.Fatalf("groups in %q: %v", zone, err)
		}
		if got := fmt.Sprint(g.Groups[0].Keys); got != "[0800-02-28 0800-02-28 0800-02-01 0800-01-01 0800-02-01]" {
			w.Errorf("long ago in %q it was %s", zone, got)
		}
	}
	if _, _, err := w.tryAggregate(w.root, in("at.day", "Europe/Nowhere")); describe(err) != kit.CodeInvalid+" zone:"+kit.FieldFormat {
		w.Errorf("an unknown zone is %s", describe(err))
	}
	for name, text := range map[string]string{"first": "0001-01-01T00:00:00Z", "last": "9999-12-31T23:59:59.999999Z"} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			w.Fatal(err)
		}
		w.create(w.root, false, "Entry", "name", name, "at", at)
	}
	for zone, want := range map[string][]string{
		"Pacific/Kiritimati": {"[0001-01-01] 1 []", "[9999-12-31] 1 []"}, "Etc/GMT+12": {"[0001-01-01] 1 []", "[9999-12-31] 1 []"},
	} {
		a := in("at.day", zone)
		a.Where = meta.In(meta.This("name"), meta.Const("first"), meta.Const("last"))
		w.wantGroups(w.root, a, want...)
	}
}

func testGroupPages(w *world) {
	for i := range 7 {
		var small any = int64(i % 4)
		if i%4 == 3 {
			small = nil
		}
		w.create(w.root, false, "Entry", "name", fmt.Sprint("n", i%3), "small", small, "at", w.clock.now.AddDate(0, i%2, 0))
	}
	whole, _, err := w.tryAggregate(w.root, w.aggregation("Entry", "small name at.month", "max:name"))
	if err != nil {
		w.Fatal(err)
	}
	var paged []query.Group
	a := w.aggregation("Entry", "small name at.month", "max:name")
	for a.First = 2; ; {
		g, _, err := w.tryAggregate(w.root, a)
		if err != nil {
			w.Fatal(err)
		}
		paged = append(paged, g.Groups...)
		if !g.HasNext {
			break
		}
		a.After = g.Cursor(len(g.Groups) - 1)
	}
	if got, want := groupsText(&query.Groups{Groups: paged}), groupsText(whole); got != want || len(paged) < 5 {
		w.Errorf("page by page:\n%s\nat once:\n%s", got, want)
	}
	for at := range 3 {
		bad := w.aggregation("Entry", "small name at.month", "max:name")
		if bad.After = withNull(w, a.After, at); at == 1 {
			_, _, err = w.tryAggregate(w.root, bad)
			w.want(err, "MALFORMED")
		} else if _, _, err := w.tryAggregate(w.root, bad); err != nil {
			w.Errorf("null for key %d: %v", at, err)
		}
	}
	other := w.aggregation("Entry", "small name", "")
	if other.After = a.After; other.After == "" {
		w.Fatal("there was one page")
	}
	_, _, err = w.tryAggregate(w.root, other)
	w.want(err, kit.CodeMalformed)
	a.First = query.MaxGroups + 1
	_, _, err = w.tryAggregate(w.root, a)
	w.want(err, kit.CodeMalformed)
	none := w.aggregation("Entry", "", "")
	none.After = a.After
	_, _, err = w.tryAggregate(w.root, none)
	w.want(err, kit.CodeMalformed)
}

func testCurrencies(w *world) {
	for i, currency := range []string{"EUR", "EUR", "JPY"} {
		w.create(w.root, false, "Entry", "name", "m", "cost", []any{decimal(fmt.Sprint(i + 1)), currency})
	}
	w.create(w.root, false, "Entry", "name", "m")
	for _, groups := range []string{"", "name", "cost.amount"} {
		_, _, err := w.tryAggregate(w.root, w.aggregation("Entry", groups, "sum:cost.amount"))
		w.want(err, kit.CodeInvalid+" groupBy:"+kit.FieldRequired)
	}
	w.wantGroups(w.root, w.aggregation("Entry", "name cost.currency", "sum:cost.amount avg:cost.amount"),
		"[m EUR] 2 [3 1.5]", "[m JPY] 1 [3 3]", "[m <nil>] 1 [0 <nil>]")
}

// checkGroups compares an aggregation of articles with a loop over the rows.
func (n *naive) checkGroups(t *rapid.T, where *meta.Expr) {
	groups := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"status", "author", "editor", "rating", "title", "earnings", "saves", "busy", "popular", "price.currency", "publishedAt.day"}), 0, 3, rapid.ID).Draw(t, "groups")
	measures := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"sum:rating", "avg:rating", "min:rating", "max:rating", "sum:earnings", "avg:earnings", "max:earnings", "sum:saves", "max:talk", "min:title", "max:publishedAt", "sum:price.amount", "avg:price.amount"}), 0, 4, rapid.ID).Draw(t, "measures")
	if strings.Contains(strings.Join(measures, " "), "price") && !slices.Contains(groups, "price.currency") {
		groups = append(groups, "price.currency")
	}
	a := n.aggregation("Article", strings.Join(groups, " "), strings.Join(measures, " "))
	a.Where = where
	got, _, err := n.tryAggregate(n.viewer, a)
	if err != nil {
		t.Fatalf("aggregate by %v of %v where %s: %v", groups, measures, whereText(where), err)
	}
	if got, want := groupsText(got), groupsText(n.naiveGroups(a)); got != want {
		t.Fatalf("aggregate by %v of %v where %s:\ngot\n%s\nwant\n%s", groups, measures, whereText(where), got, want)
	}
}

func (n *naive) naiveGroups(a *query.Aggregation) *query.Groups {
	type alike struct {
		keys []any
		rows []*object
	}
	found := map[string]*alike{}
	if len(a.Groups) == 0 {
		found[""] = &alike{}
	}
	for _, o := range n.rows["Article"] {
		if holds := a.Where == nil || n.eval(a.Where, o, nil) == true; !holds || !n.visible(o) {
			continue
		}
		keys := make([]any, len(a.Groups))
		for i, k := range a.Groups {
			keys[i] = n.get(o, k.Path)
			if at, ok := keys[i].(time.Time); ok {
				keys[i] = kit.Date{Year: at.Year(), Month: at.Month(), Day: at.Day()}
			}
		}
		name := fmt.Sprint(keys...)
		if len(keys) > 0 {
			name = fmt.Sprintf("%q", fmt.Sprint(keys...))
		}
		if found[name] == nil {
			found[name] = &alike{keys: keys}
		}
		found[name].rows = append(found[name].rows, o)
	}
	groups := &query.Groups{}
	for _, g := range found {
		group := query.Group{Count: int64(len(g.rows)), Keys: g.keys}
		for _, m := range a.Measures {
			group.Values = append(group.Values, n.naiveMeasure(a.Entity, m, g.rows))
		}
		groups.Groups = append(groups.Groups, group)
	}
	slices.SortFunc(groups.Groups, func(a, b query.Group) int {
		for i := range a.Keys {
			x, y := a.Keys[i], b.Keys[i]
			switch {
			case x == nil && y == nil:
			case x == nil:
				return 1
			case y == nil:
				return -1
			default:
				if day, ok := x.(kit.Date); ok {
					x, y = day.String(), y.(kit.Date).String()
				}
				if order := compare(x, y); order != 0 {
					return order
				}
			}
		}
		return 0
	})
	return groups
}

func (n *naive) naiveMeasure(e *meta.Entity, m query.Measure, rows []*object) any {
	var values []any
	for _, o := range rows {
		if v := n.get(o, m.Path); v != nil {
			values = append(values, v)
		}
	}
	switch {
	case len(values) == 0 && m.Of == query.Sum && m.Path[0] != "earnings":
		return int64(0)
	case len(values) == 0:
		return nil
	case m.Of == query.Min:
		return slices.MinFunc(values, compare)
	case m.Of == query.Max:
		return slices.MaxFunc(values, compare)
	}
	total := kit.Decimal{}
	for _, v := range values {
		d, err := toDecimal(v)
		if err != nil {
			panic(err)
		}
		total = total.Add(d)
	}
	if m.Of == query.Sum {
		return total
	}
	if m.Path[0] == "rating" {
		whole, _ := total.Float64()
		return whole / float64(len(values))
	}
	scale := cmp.Or(e.Field(m.Path[0]).Scale, 4)
	if m.Path[0] == "price" {
		scale = 2
	}
	return total.DivRound(kit.NewDecimal(int64(len(values))), int32(scale+4))
}

type entry struct{}

func testFigures(w *world) {
	small := query.NewNumber[entry, int, int64, float64]("small")
	exact := query.NewNumber[entry, kit.Decimal, kit.Decimal, kit.Decimal]("exact")
	spent := query.NewNumber[entry, time.Duration, time.Duration, time.Duration]("spent")
	name, at := query.NewTextColumn[entry, string]("name"), query.NewColumn[entry, time.Time]("at")
	w.create(w.root, false, "Entry", "name", "a", "small", int64(3), "exact", decimal("1.5"), "spent", time.Hour, "at", time.Date(2030, 5, 31, 23, 0, 0, 0, time.UTC))
	w.create(w.root, false, "Entry", "name", "a", "small", int64(4), "exact", decimal("2"), "at", time.Date(2030, 6, 1, 0, 0, 0, 0, time.UTC))
	w.create(w.root, false, "Entry", "name", "b")
	month := at.By(query.Month, "Europe/Rome")
	err := w.engine.Read(context.Background(), w.in(w.root), func(ctx context.Context, tx *query.Tx) error {
		found, err := query.AggregateRecords(ctx, tx, &query.Select{Entity: w.entity("Entry")}, []query.Part[entry]{
			name.Group(), month, small.Sum(), small.Avg(), small.Min(), exact.Sum(), exact.Avg(), spent.Sum(), at.Max(), small.Sum(),
		})
		if err != nil {
			return err
		}
		var lines []string
		for _, g := range found.Groups {
			lines = append(lines, fmt.Sprint(name.Group().Of(g), " ", month.OrNil(g), " ", g.Count, " ", small.Sum().Of(g), " ", small.Avg().Of(g), " ", small.Min().Of(g), " ",
				exact.Sum().Of(g), " ", exact.Avg().Of(g), " ", spent.Sum().Of(g), " ", small.Avg().OrNil(g) != nil))
		}
		if got, want := strings.Join(lines, "\n"), "a 2030-06-01 2 7 3.5 3 3.5 1.75 1h0m0s true\nb <nil> 1 0 0 0 0 0 0s false"; got != want {
			w.Errorf("got\n%s\nwant\n%s", got, want)
		}
		_, err = query.AggregateRecords(ctx, tx, &query.Select{Entity: w.entity("Entry"), Skip: 1}, []query.Part[entry]{name.Group()})
		w.want(err, kit.CodeMalformed)
		defer func() {
			if recover() == nil {
				w.Error("what was not asked for was told")
			}
		}()
		small.Max().Of(found.Groups[0])
		return nil
	})
	w.want(err, "ok")
}
