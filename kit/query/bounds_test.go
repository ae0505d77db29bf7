package query_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// What a number of JSON comes to is bounded: PostgreSQL writes it out, and clients read it as a float of 64 bits.
func testJSONNumbers(w *world) {
	for data, want := range map[string]string{
		`1e300`:                    `1` + strings.Repeat("0", 300),
		`{"a": [-1.50E+1, "1e5"]}`: `{"a": [-15.0, "1e5"]}`,
		`25e-3`:                    `0.025`,
		`-0e0`:                     `0`,
	} {
		id, err := w.tryCreate(w.ann, false, "Note", "notebook", w.create(w.ann, false, "Notebook"), "text", "x", "data", json.RawMessage(data))
		w.want(err, "ok")
		if got := w.row(w.ann, "Note", id)["data"]; string(got.(json.RawMessage)) != want {
			w.Errorf("%s is kept as %s, want %s", data, got, want)
		}
	}
	for _, data := range []string{
		`1e999`, `-1e309`, `1e-200000`, `1e2147483647`, `0e99999999999999999999`, `{"a":1e131073}`, strings.Repeat("7", 10_000), `0.` + strings.Repeat("0", 20_000) + `1`,
		`[` + strings.Repeat("1e300,", 800) + `1]`,
	} {
		_, err := w.tryCreate(w.ann, false, "Note", "notebook", w.create(w.ann, false, "Notebook"), "text", "x", "data", json.RawMessage(data))
		w.want(err, "INVALID data:TOO_LARGE")
	}
}

// Lists within lists are looked through in another way where they are deep, and hold for the same rows.
func testDeepFilters(w *world) {
	for _, title := range []string{"one", "two", "three"} {
		article := w.article(w.ann, title)
		for range len(title) - 3 {
			w.create(w.bob, false, "Comment", "article", article, "body", title)
		}
		if title == "two" {
			w.create(w.bob, false, "Comment", "article", article, "body", "two")
			w.create(w.ann, false, "Comment", "article", article, "body", "other")
		}
	}
	inside := func(lists int, condition *meta.Expr) *meta.Expr {
		for i := lists; i > 0; i-- {
			list := meta.Var(fmt.Sprint("e", i-1), "article", "comments")
			if i == 1 {
				list = meta.This("comments")
			}
			condition = meta.Over(meta.OpExists, list, fmt.Sprint("e", i), condition)
		}
		return condition
	}
	for lists := 1; lists <= 4; lists++ {
		last := meta.Var(fmt.Sprint("e", lists), "body")
		for _, test := range []struct {
			where *meta.Expr
			want  string
		}{
			{inside(lists, meta.Eq(last, meta.Const("two"))), "two"},
			{meta.Not(inside(lists, meta.Eq(last, meta.Const("two")))), "three one"},
			{inside(lists, meta.Not(meta.Eq(last, meta.Const("two")))), "three two"},
			{inside(lists-1, meta.Not(meta.Over(meta.OpExists, meta.Var(fmt.Sprint("e", lists-1), "article", "comments"), "e", meta.Eq(meta.Var("e", "body"), meta.Const("three"))))), "two"},
		} {
			if lists == 1 && test.want == "two" && test.where.Op == meta.OpNot {
				continue // there is no list around it
			}
			s := w.sel("Article", "slug")
			s.Where = test.where
			var slugs []string
			for _, row := range w.list(w.ann, s).Rows {
				slugs = append(slugs, row.Values[0].(string))
			}
			if got := strings.Join(slugs, " "); got != test.want {
				w.Errorf("%d lists: %q, want %q", lists, got, test.want)
			}
		}
	}
}

// What is reckoned and does not fit its kind is null, the same on every database, and of one row alone.
func TestReckoned(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) { testReckoned(newWorldOf(t, d.open(t), reckoning())) })
	}
}

// reckoning is a backend of rows that reckon with their numbers.
func reckoning() *meta.Backend {
	b := backend()
	this, apply, seconds := meta.This, meta.Apply, func(n int64) *meta.Expr { return meta.Const(n * 1_000_000) }
	computed := func(name string, kind meta.Kind, x *meta.Expr) *meta.Field {
		return &meta.Field{Name: name, Kind: kind, Null: true, Computed: x}
	}
	total := func(name string, kind meta.Kind, op meta.Op, of string) *meta.Field {
		return computed(name, kind, &meta.Expr{Op: op, Var: "s", Args: []*meta.Expr{this("others"), meta.True(), meta.Var("s", of)}})
	}
	exact := func(f *meta.Field) *meta.Field {
		f.Digits, f.Scale = 18, 4
		return f
	}
	sized := func(f *meta.Field, digits, scale int) *meta.Field {
		f.Digits, f.Scale = digits, scale
		return f
	}
	of := func(name string, kind meta.Kind, op meta.Op, x *meta.Expr) *meta.Field {
		return computed(name, kind, &meta.Expr{Op: op, Var: "s", Args: []*meta.Expr{this("others"), meta.True(), x}})
	}
	big, square := meta.Var("s", "big"), apply(meta.OpMul, meta.Var("s", "big"), meta.Var("s", "big"))
	within := func(op meta.Op) *meta.Expr {
		return &meta.Expr{Op: op, Var: "i", Args: []*meta.Expr{meta.Var("s", "others"), meta.True(), apply(meta.OpMul, meta.Var("i", "big"), meta.Var("i", "big"))}}
	}
	stored := func(name string, kind meta.Kind) *meta.Field {
		return &meta.Field{Name: name, Kind: kind, Column: name, Null: true}
	}
	meanPrice := total("meanPrice", meta.Float, meta.OpAvg, "price")
	b.Entities = append(b.Entities, &meta.Entity{
		Name: "Sum", Singular: "sum", Plural: "sums", Path: "sums", Table: "sums", Key: "id", Page: newest,
		Fields: kittest.Fields(
			&meta.Field{Name: "of", Kind: meta.Reference, Type: "Sum", Column: "of_id", Null: true},
			&meta.Field{Name: "others", Kind: meta.List, Type: "Sum", Inverse: "of"},
			stored("small", meta.Int), stored("other", meta.Int), stored("big", meta.Int64), stored("span", meta.Duration), stored("at", meta.DateTime), stored("share", meta.Float),
			exact(stored("price", meta.Decimal)), &meta.Field{Name: "rate", Kind: meta.Decimal, Column: "rate", Null: true, Digits: 18, Scale: 6},
			&meta.Field{Name: "before", Kind: meta.DateTime, Column: "before_at", Null: true, Default: apply(meta.OpSub, this("at"), seconds(3600))},
			computed("smallTwice", meta.Int, apply(meta.OpAdd, this("small"), this("small"))),
			computed("smallSquare", meta.Int64, apply(meta.OpMul, this("small"), this("small"))),
			computed("square", meta.Int64, apply(meta.OpMul, this("big"), this("big"))),
			computed("there", meta.Int64, apply(meta.OpSub, apply(meta.OpAdd, this("big"), this("big")), this("big"))),
			computed("opposite", meta.Int64, apply(meta.OpNeg, this("big"))),
			computed("against", meta.Int64, apply(meta.OpDiv, this("big"), this("small"))),
			computed("least", meta.Int64, apply(meta.OpDiv, this("small"), this("other"))),
			computed("minus", meta.Int64, apply(meta.OpNeg, this("small"))),
			computed("third", meta.Decimal, apply(meta.OpDiv, this("other"), meta.Const(3.0))),
			computed("half", meta.Float, apply(meta.OpMul, meta.Const(0.5), this("other"))),
			computed("over", meta.Boolean, apply(meta.OpGt, this("other"), meta.Const(2.5))),
			exact(computed("thousandfold", meta.Decimal, apply(meta.OpMul, this("price"), meta.Const(int64(1000))))),
			computed("tenth", meta.Decimal, apply(meta.OpMul, this("price"), meta.Const("0.1"))),
			computed("quarterTwice", meta.Decimal, apply(meta.OpMul, apply(meta.OpDiv, this("price"), meta.Const("4")), meta.Const("2"))),
			exact(computed("aThird", meta.Decimal, apply(meta.OpDiv, this("price"), meta.Const("3")))),
			exact(computed("sevenths", meta.Decimal, apply(meta.OpDiv, apply(meta.OpAdd, this("price"), this("price")), meta.Const(int64(7))))),
			exact(computed("perRate", meta.Decimal, apply(meta.OpDiv, this("price"), this("rate")))),
			exact(computed("percent", meta.Decimal, apply(meta.OpMul, apply(meta.OpDiv, apply(meta.OpSub, this("price"), meta.Const("1")), this("price")), meta.Const("100")))),
			exact(computed("lessAThird", meta.Decimal, apply(meta.OpNeg, apply(meta.OpDiv, this("price"), meta.Const("3"))))),
			exact(computed("rest", meta.Decimal, apply(meta.OpMod, apply(meta.OpDiv, this("price"), meta.Const("8")), this("rate")))),
			exact(computed("tiny", meta.Decimal, apply(meta.OpDiv, meta.Const("0.0000001"), this("rate")))),
			exact(computed("product", meta.Decimal, apply(meta.OpMul, this("price"), this("rate")))),
			exact(computed("times", meta.Decimal, apply(meta.OpMul, this("price"), this("small")))),
			exact(computed("there4", meta.Decimal, apply(meta.OpSub, apply(meta.OpAdd, this("price"), this("rate")), this("price")))),
			exact(computed("pick", meta.Decimal, meta.Apply(meta.OpIf, apply(meta.OpGt, this("price"), this("rate")), this("price"), this("rate")))),
			exact(computed("finer", meta.Decimal, apply(meta.OpMul, apply(meta.OpMul, this("price"), meta.Const("0.0000000000000000001")), meta.Const("10000000000000000000")))),
			computed("worth", meta.Boolean, apply(meta.OpGt, apply(meta.OpMul, this("price"), this("rate")), meta.Const("1.5"))),
			exact(total("weighted", meta.Decimal, meta.OpSum, "price")), exact(total("meanProduct", meta.Decimal, meta.OpAvg, "price")), exact(total("evened", meta.Decimal, meta.OpSum, "price")),
			computed("thirdAsFloat", meta.Float, apply(meta.OpDiv, this("price"), meta.Const("3"))),
			computed("among", meta.Boolean, apply(meta.OpIn, apply(meta.OpDiv, this("price"), meta.Const("8")), meta.Const("0.00625"), this("price"), this("rate"))),
			computed("priced", meta.Boolean, apply(meta.OpIn, this("price"), this("rate"))),
			exact(total("thirds", meta.Decimal, meta.OpSum, "price")), exact(total("leastThird", meta.Decimal, meta.OpMin, "price")),
			exact(total("greatestThird", meta.Decimal, meta.OpMax, "price")), exact(total("meanThird", meta.Decimal, meta.OpAvg, "price")),
			computed("dear", meta.Boolean, apply(meta.OpGt, apply(meta.OpDiv, this("price"), meta.Const("4")), meta.Const("2.5"))),
			computed("dearOthers", meta.Boolean, apply(meta.OpGt, apply(meta.OpMul, meanPrice.Computed, meta.Const("2")), meta.Const("1.5"))),
			computed("twice", meta.Duration, apply(meta.OpAdd, this("span"), this("span"))),
			computed("often", meta.Duration, apply(meta.OpMul, this("span"), this("big"))),
			computed("later", meta.DateTime, apply(meta.OpAdd, this("at"), seconds(86400))),
			computed("much", meta.DateTime, apply(meta.OpAdd, this("at"), apply(meta.OpMul, this("span"), this("big")))),
			computed("ends", meta.DateTime, apply(meta.OpAdd, this("at"), this("span"))),
			computed("ages", meta.Duration, apply(meta.OpSub, this("at"), this("createdAt"))),
			computed("since", meta.Duration, apply(meta.OpSub, this("at"), this("before"))),
			computed("shares", meta.Float, apply(meta.OpMul, this("share"), this("share"))),
			computed("part", meta.Float, apply(meta.OpDiv, this("share"), this("big"))),
			computed("double", meta.Float, apply(meta.OpAdd, this("share"), this("share"))),
			sized(computed("fine", meta.Decimal, this("price")), 18, 12), sized(computed("short", meta.Decimal, this("price")), 4, 2),
			sized(computed("coarse", meta.Decimal, this("rate")), 5, 1), sized(computed("either", meta.Decimal, apply(meta.OpIf, apply(meta.OpGt, this("price"), meta.Const("0")), this("price"), this("rate"))), 9, 6),
			exact(computed("constant", meta.Decimal, meta.Const("0.3333333333333333333333333333333333333333"))), sized(computed("cents", meta.Decimal, meta.Const("-1.235")), 4, 2),
			computed("isThird", meta.Boolean, apply(meta.OpEq, apply(meta.OpDiv, this("price"), this("rate")), meta.Const("0.3333333333333333333333333333333333333333"))),
			computed("narrow", meta.Int, this("big")), exact(computed("exactShare", meta.Decimal, this("share"))), exact(computed("bigExact", meta.Decimal, this("big"))), sized(computed("smallExact", meta.Decimal, this("small")), 4, 2),
			of("squares", meta.Int64, meta.OpSum, square), of("leastSquare", meta.Int64, meta.OpMin, square), of("greatestSquare", meta.Int64, meta.OpMax, square),
			of("meanSquare", meta.Float, meta.OpAvg, square), of("minuses", meta.Int64, meta.OpSum, apply(meta.OpNeg, big)),
			of("ratios", meta.Int64, meta.OpSum, apply(meta.OpDiv, square, meta.Var("s", "small"))),
			of("picked", meta.Int64, meta.OpSum, apply(meta.OpIf, apply(meta.OpGt, meta.Var("s", "small"), meta.Const(int64(0))), square, big)),
			of("longer", meta.Duration, meta.OpSum, apply(meta.OpMul, meta.Var("s", "span"), big)),
			of("shareSquares", meta.Float, meta.OpSum, apply(meta.OpMul, meta.Var("s", "share"), meta.Var("s", "share"))),
			of("leastShareSquare", meta.Float, meta.OpMin, apply(meta.OpMul, meta.Var("s", "share"), meta.Var("s", "share"))),
			of("squaresWithin", meta.Int64, meta.OpSum, within(meta.OpSum)), of("greatestWithin", meta.Int64, meta.OpSum, within(meta.OpMax)),
			of("firstWithin", meta.Int64, meta.OpSum, within(meta.OpFind)),
			&meta.Field{Name: "count", Kind: meta.Int, Column: "n", Default: meta.Const(int64(0))},
			&meta.Field{Name: "countTwice", Kind: meta.Int, Computed: apply(meta.OpMul, this("count"), meta.Const(int64(2)))},
			total("smalls", meta.Int, meta.OpSum, "small"), total("bigs", meta.Int64, meta.OpSum, "big"), exact(total("prices", meta.Decimal, meta.OpSum, "price")),
			total("spans", meta.Duration, meta.OpSum, "span"), total("sharesOfOthers", meta.Float, meta.OpSum, "share"), total("mean", meta.Float, meta.OpAvg, "share"),
			total("meanSmall", meta.Float, meta.OpAvg, "small"), total("meanBig", meta.Float, meta.OpAvg, "big"), meanPrice,
		),
		Allow: meta.Allow{Read: when(meta.True()), Create: when(meta.True())},
	})
	for _, f := range b.Entities[len(b.Entities)-1].Fields {
		if strings.HasSuffix(f.Name, "Third") || f.Name == "thirds" {
			if x := f.Computed; len(x.Args) == 3 {
				x.Args[2] = apply(meta.OpDiv, x.Args[2], meta.Const("3"))
			}
		}
		switch x := f.Computed; f.Name {
		case "evened": // a sum that leaves 64 bits before it is divided
			f.Computed = apply(meta.OpDiv, x, meta.Const("100"))
		case "weighted", "meanProduct":
			sum := *x
			x.Args[2] = apply(meta.OpMul, x.Args[2], meta.Var("s", "rate"))
			if f.Name == "weighted" {
				sum.Op, sum.Args = meta.OpSum, []*meta.Expr{sum.Args[0], sum.Args[1], meta.Var("s", "rate")}
				f.Computed = apply(meta.OpDiv, x, &sum)
			}
		}
	}
	return b
}

func testReckoned(w *world) {
	at := func(text string) time.Time {
		instant, err := time.Parse(time.RFC3339Nano, text)
		must(err)
		return instant
	}
	const least, most = math.MinInt64, int64(math.MaxInt64)
	longest := time.Duration(math.MaxInt64).Truncate(time.Microsecond)
	divided := map[string]bool{
		"aThird": true, "sevenths": true, "percent": true, "lessAThird": true, "thirdAsFloat": true, "leastThird": true, "greatestThird": true,
		"product": true, "times": true, "there4": true, "pick": true, "finer": true, "evened": true, "weighted": true, "meanProduct": true,
		"fine": true, "short": true, "coarse": true, "either": true, "narrow": true, "bigExact": true, "smallExact": true, "exactShare": true,
		"constant": true, "cents": true,
	}
	for _, test := range []struct {
		given []any
		want  string
	}{
		{[]any{"small", int64(4), "big", int64(-9)}, "smallTwice=8 smallSquare=16 square=81 there=-9 opposite=9 against=-2 minus=-4"},
		{[]any{"small", int64(math.MaxInt32), "big", int64(3_037_000_500)}, "smallSquare=4611686014132420609 there=3037000500 opposite=-3037000500 against=1 minus=-2147483647"},
		{[]any{"small", int64(-1), "big", int64(least)}, "smallTwice=-2 smallSquare=1 minus=1"},
		{[]any{"small", int64(math.MinInt32), "other", int64(-1)}, "smallSquare=4611686018427387904 least=2147483648 minus=2147483648 third=-0.3333 half=-0.5"},
		{[]any{"other", int64(7)}, "third=2.3333 half=3.5"},
		{[]any{"big", most}, "opposite=-9223372036854775807"},
		{[]any{"price", decimal("12.3456")}, "thousandfold=12345.6 tenth=1.2346 quarterTwice=6.1728"},
		{[]any{"price", decimal("-0.0005")}, "thousandfold=-0.5 tenth=-0.0001 quarterTwice=-0.0003"},
		{[]any{"price", decimal("99999999999999.9999")}, "tenth=10000000000000 quarterTwice=50000000000000"},
		{[]any{"price", decimal("90000000000")}, "thousandfold=90000000000000 tenth=9000000000 quarterTwice=45000000000"},
		{[]any{"span", time.Hour, "big", int64(3)}, "square=9 there=3 opposite=-3 twice=2h0m0s often=3h0m0s"},
		{[]any{"span", longest, "big", most, "at", at("9999-12-31T23:59:59Z")}, "before=9999-12-31T22:59:59Z opposite=-9223372036854775807 since=1h0m0s"},
		{[]any{"span", -longest, "big", int64(1000), "at", at("2030-01-01T00:00:00Z")}, "before=2029-12-31T23:00:00Z square=1000000 there=1000 opposite=-1000 later=2030-01-02T00:00:00Z ends=1737-09-22T00:12:43.145225Z since=1h0m0s"},
		{[]any{"at", at("0001-01-01T00:00:00Z")}, "later=0001-01-02T00:00:00Z"},
		{[]any{"share", 1.5, "big", int64(2)}, "square=4 there=2 opposite=-2 shares=2.25 part=0.75 double=3"},
		{[]any{"share", 1.7e308, "big", int64(0)}, "square=0 there=0 opposite=0"},
		{[]any{"share", 1e-300, "big", int64(10)}, "square=100 there=10 opposite=-10 shares=0 part=1e-301 double=2e-300"},
	} {
		id := w.create(w.ann, false, "Sum", test.given...)
		row := reckoned(w, id)
		var got []string
		for _, f := range w.entity("Sum").Fields {
			if v := row[f.Name]; v != nil && f.Name != "countTwice" && f.Kind != meta.Boolean && !divided[f.Name] && (f.Computed != nil && f.Computed.Op != meta.OpSum && f.Computed.Op != meta.OpAvg || f.Name == "before") && f.Name != "ages" {
				text := input.Text(v)
				if x, ok := v.(float64); ok {
					text = fmt.Sprint(x)
				}
				got = append(got, f.Name+"="+text)
			}
		}
		if other, ok := row["other"].(int64); ok && row["over"] != (other > 2) {
			w.Errorf("%d is more than 2.5: %v", other, row["over"])
		}
		if price, ok := row["price"].(kit.Decimal); ok && row["dear"] != price.GreaterThan(decimal("10")) {
			w.Errorf("a quarter of %v is more than 2.5: %v", price, row["dear"])
		}
		if row["at"] != nil && (row["ages"] == nil) != (row["at"].(time.Time).Year() != 2030) { // 292 years are the longest
			w.Errorf("%v: it is %v long", test.given, row["ages"])
		}
		if strings.Join(got, " ") != test.want {
			w.Errorf("%v:\ngot  %s\nwant %s", test.given, strings.Join(got, " "), test.want)
		}
	}
	testFloatsWithin(w)
	for _, test := range []struct {
		field, sum string
		each, want any
	}{
		{"small", "smalls", int64(math.MaxInt32), nil},
		{"small", "smalls", int64(7), int64(14)},
		{"big", "bigs", most, nil},
		{"big", "bigs", int64(-1), int64(-2)},
		{"big", "bigs", most / 2, most - 1},
		{"price", "prices", decimal("60000000000000"), nil},
		{"price", "prices", decimal("-1.25"), decimal("-2.5")},
		{"span", "spans", longest, nil},
		{"span", "spans", -time.Hour, -2 * time.Hour},
		{"share", "sharesOfOthers", 1.7e308, nil},
		{"share", "mean", 1.7e308, nil},
		{"share", "sharesOfOthers", 1e-300, 2e-300},
		{"share", "mean", 2.5, 2.5},
	} {
		of := w.create(w.ann, false, "Sum")
		for range 2 {
			w.create(w.ann, false, "Sum", "of", of, test.field, test.each)
		}
		if got := reckoned(w, of)[test.sum]; fmt.Sprint(got) != fmt.Sprint(test.want) {
			w.Errorf("%s of twice %v is %v, want %v", test.sum, test.each, got, test.want)
		}
	}
	// A literal of many digits stands beside a quotient, and alone in a field that has fewer.
	third := reckoned(w, w.create(w.ann, false, "Sum", "price", decimal("2"), "rate", decimal("6")))
	if got := fmt.Sprint(third["constant"], third["cents"], third["isThird"]); got != "0.3333 -1.24 true" {
		w.Errorf("a third, rounded cents, and whether two by six is a third: %s", got)
	}
	// What is only copied must fit the field too.
	for _, test := range []struct {
		given []any
		want  string
	}{
		{[]any{"price", decimal("12.3456"), "rate", decimal("1.25")}, "fine=12.3456 short=12.35 coarse=1.3 either=12.3456"},
		{[]any{"price", decimal("999999.9999"), "rate", decimal("9999.94")}, "fine=999999.9999 coarse=9999.9"},
		{[]any{"price", decimal("1000000"), "rate", decimal("9999.95")}, ""},
		{[]any{"price", decimal("99.9949"), "rate", decimal("-9999.95")}, "fine=99.9949 short=99.99 either=99.9949"},
		{[]any{"price", decimal("-99.995"), "rate", decimal("-999.999999")}, "fine=-99.995 coarse=-1000 either=-999.999999"},
		{[]any{"price", decimal("-99999999999999.9999"), "rate", decimal("-1000")}, "coarse=-1000"},
		{[]any{"big", int64(math.MaxInt32), "small", int64(99)}, "narrow=2147483647 bigExact=2147483647 smallExact=99"},
		{[]any{"big", int64(math.MaxInt32 + 1), "small", int64(-100)}, "bigExact=2147483648"},
		{[]any{"big", int64(99_999_999_999_999), "small", int64(math.MaxInt32)}, "bigExact=99999999999999"},
		{[]any{"share", 0.5}, "exactShare=0.5"},
		{[]any{"share", 1e15}, ""},
		{[]any{"big", int64(-100_000_000_000_000)}, ""},
		{[]any{"big", most}, ""},
	} {
		row := reckoned(w, w.create(w.ann, false, "Sum", test.given...))
		var got []string
		for _, name := range []string{"fine", "short", "coarse", "either", "narrow", "bigExact", "smallExact", "exactShare"} {
			if row[name] != nil {
				got = append(got, fmt.Sprint(name, "=", row[name]))
			}
		}
		if strings.Join(got, " ") != test.want {
			w.Errorf("%v:\ngot  %s\nwant %s", test.given, strings.Join(got, " "), test.want)
		}
	}
	// Of values one of which does not fit nothing is worked out: without it that would be another number. What has no value at all is left out.
	const large = int64(3_037_000_500) // its square leaves 64 bits
	for _, test := range []struct {
		others [][]any
		want   string
	}{
		{[][]any{{"big", int64(2)}, {"big", int64(3)}, {}}, "squares=13 leastSquare=4 greatestSquare=9 meanSquare=6.5 minuses=-5 ratios=0 picked=5 longer=0s"},
		{[][]any{{"big", large}, {"big", int64(3)}, {}}, "minuses=-3037000503 ratios=0 picked=3037000503 longer=0s"},
		{[][]any{{"big", large}, {"big", large}}, "minuses=-6074001000 ratios=0 picked=6074001000 longer=0s"},
		{[][]any{{"big", large, "small", int64(0)}, {"big", int64(4), "small", int64(2)}}, "minuses=-3037000504 ratios=8 picked=3037000516 longer=0s"},
		{[][]any{{"big", large, "small", int64(5)}, {"big", int64(4), "small", int64(2)}}, "minuses=-3037000504 longer=0s"},
		{[][]any{{"big", int64(least)}, {"big", int64(3)}}, "ratios=0 picked=-9223372036854775805 longer=0s"},
		{[][]any{{"big", most, "span", longest}, {"big", int64(3), "span", time.Hour}}, "ratios=0"},
		{[][]any{{"big", int64(-2), "span", time.Hour}, {"big", int64(3), "span", time.Hour}, {"big", most}}, "minuses=-9223372036854775808 ratios=0 longer=1h0m0s"},
		{[][]any{{"share", 1e200}, {"share", 2.0}, {}}, "squares=0 minuses=0 ratios=0 picked=0 longer=0s"},
		{[][]any{{"share", -1.5}, {"share", 2.0}, {}}, "squares=0 minuses=0 ratios=0 picked=0 longer=0s shareSquares=6.25 leastShareSquare=2.25"},
	} {
		of := w.create(w.ann, false, "Sum")
		for _, values := range test.others {
			w.create(w.ann, false, "Sum", append([]any{"of", of}, values...)...)
		}
		row := reckoned(w, of)
		var got []string
		for _, name := range []string{"squares", "leastSquare", "greatestSquare", "meanSquare", "minuses", "ratios", "picked", "longer", "shareSquares", "leastShareSquare"} {
			if v := row[name]; v != nil && !(strings.HasPrefix(name, "share") && v == 0.0) {
				got = append(got, fmt.Sprint(name, "=", v))
			}
		}
		if strings.Join(got, " ") != test.want {
			w.Errorf("%v:\ngot  %s\nwant %s", test.others, strings.Join(got, " "), test.want)
		}
	}
	for _, test := range []struct {
		inner [][]int64 // of each of the others, those of its own
		want  string
	}{
		{[][]int64{{1, 2}, {3}, {}}, "14 13 10"},
		{[][]int64{{1, large}, {3}}, "<nil> <nil> 10"},
		{[][]int64{{large, 1}, {3}}, "<nil> <nil> <nil>"},
	} {
		of := w.create(w.ann, false, "Sum")
		for _, values := range test.inner {
			inner := w.create(w.ann, false, "Sum", "of", of)
			for _, v := range values {
				w.create(w.ann, false, "Sum", "of", inner, "big", v)
			}
		}
		row := reckoned(w, of)
		if got := fmt.Sprint(row["squaresWithin"], row["greatestWithin"], row["firstWithin"]); got != test.want {
			w.Errorf("%v: sums of sums, of the greatest and of the first are %s, want %s", test.inner, got, test.want)
		}
	}
	// A sum of stored numbers fits wherever 64 bits hold it, up to their edge, whatever it comes to on the way.
	for _, test := range []struct {
		values []int64
		want   any
	}{
		{[]int64{most, -1, 1}, most},
		{[]int64{least}, int64(least)},
		{[]int64{least, -1, 1}, int64(least)},
		{[]int64{-1 << 62, -1 << 62}, int64(least)},
		{[]int64{least, least, most, most, 2}, int64(0)},
		{[]int64{most, 1}, nil},
		{[]int64{least, -1}, nil},
		{[]int64{most, most, least}, most - 1},
	} {
		of := w.create(w.ann, false, "Sum")
		for _, v := range test.values {
			w.create(w.ann, false, "Sum", "of", of, "big", v)
		}
		if got := reckoned(w, of)["bigs"]; fmt.Sprint(got) != fmt.Sprint(test.want) {
			w.Errorf("the sum of %v is %v, want %v", test.values, got, test.want)
		}
	}
	// A mean is the exact sum by the number of values, rounded alike on both databases.
	for _, test := range []struct {
		field, mean string
		values      []any
		want        float64
	}{
		{"small", "meanSmall", []any{int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), int64(1), int64(2), int64(2)}, 11. / 9},
		{"small", "meanSmall", []any{int64(math.MaxInt32), int64(math.MaxInt32), int64(math.MinInt32)}, 2147483646. / 3},
		{"big", "meanBig", []any{most, most, int64(9007199254740993), int64(9007199254740993), int64(5)}, 18464758472219033605. / 5},
		{"big", "meanBig", []any{int64(least), int64(least), int64(-3)}, -18446744073709551619. / 3},
		{"big", "meanBig", []any{int64(-1), int64(1), int64(2)}, 2. / 3},
		{"price", "meanPrice", []any{decimal("0.1"), decimal("0.2"), decimal("0.7001")}, 10001. / 30000},
		{"price", "meanPrice", []any{decimal("99999999999999.9999"), decimal("-0.0001")}, 999999999999999998. / 20000},
		{"price", "meanPrice", []any{decimal("-9.99")}, -9.99},
	} {
		of := w.create(w.ann, false, "Sum")
		for _, v := range test.values {
			w.create(w.ann, false, "Sum", "of", of, test.field, v)
		}
		w.create(w.ann, false, "Sum", "of", of)
		row := reckoned(w, of)
		if dear := row["dearOthers"]; test.mean == "meanPrice" && dear != (test.want*2 > 1.5) {
			w.Errorf("twice the mean of %v is more than 1.5: %v", test.values, dear)
		}
		if got := row[test.mean]; got != test.want {
			w.Errorf("%s of %v is %v, want %v", test.mean, test.values, got, test.want)
		}
	}
	// So is a quotient of Decimals: of more digits than 64 bits hold, and what is reckoned with it.
	for _, test := range []struct {
		price, rate string
		want        string
	}{
		{"99999999999999.9999", "3", "aThird=33333333333333.3333 sevenths=28571428571428.5714 perRate=33333333333333.3333 percent=100 lessAThird=-33333333333333.3333 rest=2 tiny=0 among=false priced=false"},
		{"99999999999999.9999", "-0.5", "aThird=33333333333333.3333 sevenths=28571428571428.5714 percent=100 lessAThird=-33333333333333.3333 rest=0.5 tiny=0 among=false priced=false"},
		{"922337203685.4775", "-0.5", "aThird=307445734561.8258 sevenths=263524915338.7079 perRate=-1844674407370.955 percent=100 lessAThird=-307445734561.8258 rest=0.1847 tiny=0 among=false priced=false"},
		{"0.05", "0.05", "aThird=0.0167 sevenths=0.0143 perRate=1 percent=-1900 lessAThird=-0.0167 rest=0.0063 tiny=0 among=true priced=true"},
		{"-0.0001", "0.000002", "aThird=0 sevenths=0 perRate=-50 percent=1000100 lessAThird=0 rest=0 tiny=0.05 among=false priced=false"},
		{"-8", "-8", "aThird=-2.6667 sevenths=-2.2857 perRate=1 percent=112.5 lessAThird=2.6667 rest=-1 tiny=0 among=false priced=true"},
		{"1", "1600.000001", "aThird=0.3333 sevenths=0.2857 perRate=0.0006 percent=0 lessAThird=-0.3333 rest=0.125 tiny=0 among=false priced=false"},
		{"0", "0", "aThird=0 sevenths=0 lessAThird=0 among=true priced=true"},
	} {
		row := reckoned(w, w.create(w.ann, false, "Sum", "price", decimal(test.price), "rate", decimal(test.rate)))
		var got []string
		for _, name := range []string{"aThird", "sevenths", "perRate", "percent", "lessAThird", "rest", "tiny", "among", "priced"} {
			if row[name] != nil {
				got = append(got, fmt.Sprint(name, "=", row[name]))
			}
		}
		if strings.Join(got, " ") != test.want {
			w.Errorf("%s and %s:\ngot  %s\nwant %s", test.price, test.rate, strings.Join(got, " "), test.want)
		}
		if third, price := row["thirdAsFloat"].(float64), decimal(test.price).Div(decimal("3")).InexactFloat64(); third != price && math.Abs(third-price) > 1e-15 {
			w.Errorf("a third of %s is %v, want %v", test.price, third, price)
		}
	}
	of := w.create(w.ann, false, "Sum")
	for _, price := range []string{"99999999999999.9999", "-99999999999999.9999", "20", "3", "1", "-9"} {
		w.create(w.ann, false, "Sum", "of", of, "price", decimal(price))
	}
	if row := reckoned(w, of); fmt.Sprint(row["thirds"], row["leastThird"], row["greatestThird"], row["meanThird"]) != "5 -33333333333333.3333 33333333333333.3333 0.8333" {
		w.Errorf("sum, least, greatest and mean of thirds: %v %v %v %v", row["thirds"], row["leastThird"], row["greatestThird"], row["meanThird"])
	}
	// So is what leaves 64 bits on its way, and what is asked and ordered by it.
	for _, test := range []struct {
		price, rate string
		small       int64
		want        string
	}{
		{"123456.5", "1.05", 1_000_000, "product=129629.325 times=123456500000 there4=1.05 pick=123456.5 finer=123456.5 worth=true"},
		{"99999999999999.9999", "1", 1, "product=99999999999999.9999 times=99999999999999.9999 there4=1 pick=99999999999999.9999 finer=99999999999999.9999 worth=true"},
		{"99999999999999.9999", "-0.000001", -1, "product=-100000000 times=-99999999999999.9999 there4=0 pick=99999999999999.9999 finer=99999999999999.9999 worth=false"},
		{"99999999999999.9999", "1.5", 2, "there4=1.5 pick=99999999999999.9999 finer=99999999999999.9999 worth=true"},
		{"-99999999999999.9999", "999999999999.999999", 1, "times=-99999999999999.9999 there4=1000000000000 pick=1000000000000 finer=-99999999999999.9999 worth=false"},
		{"0.0001", "0.5", 3, "product=0.0001 times=0.0003 there4=0.5 pick=0.5 finer=0.0001 worth=false"},
	} {
		id := w.create(w.ann, false, "Sum", "price", decimal(test.price), "rate", decimal(test.rate), "small", test.small)
		row := reckoned(w, id)
		var got []string
		for _, name := range []string{"product", "times", "there4", "pick", "finer", "worth"} {
			if row[name] != nil {
				got = append(got, fmt.Sprint(name, "=", row[name]))
			}
			s := w.sel("Sum", "id")
			s.Where = meta.And(meta.Eq(meta.This("id"), meta.Const(string(id))), meta.Eq(meta.This(name), meta.Const(constantOf(row[name]))))
			if found := len(w.list(w.ann, s).Rows); row[name] != nil && found != 1 {
				w.Errorf("%s and %s: %d rows have their %s", test.price, test.rate, found, name)
			}
		}
		if strings.Join(got, " ") != test.want {
			w.Errorf("%s, %s and %d:\ngot  %s\nwant %s", test.price, test.rate, test.small, strings.Join(got, " "), test.want)
		}
	}
	of = w.create(w.ann, false, "Sum")
	for _, pair := range [][2]string{{"99999999999999.9999", "1"}, {"99999999999999.9999", "1"}, {"99999999999999.9999", "1"}, {"-1", "1"}} {
		w.create(w.ann, false, "Sum", "of", of, "price", decimal(pair[0]), "rate", decimal(pair[1]))
	}
	if row := reckoned(w, of); fmt.Sprint(row["weighted"], row["meanProduct"], row["evened"]) != "74999999999999.7499 74999999999999.7499 2999999999999.99" {
		w.Errorf("weighted mean, mean of products and hundredth of a sum: %v %v %v", row["weighted"], row["meanProduct"], row["evened"])
	}
	of = w.create(w.ann, false, "Sum")
	for range 12 {
		w.create(w.ann, false, "Sum", "of", of, "price", decimal("-99999999999999.9999"))
	}
	if row := reckoned(w, of); fmt.Sprint(row["evened"], row["prices"], row["weighted"]) != "-12000000000000 <nil> <nil>" {
		w.Errorf("a hundredth of a sum, the sum and a mean without weights: %v %v %v", row["evened"], row["prices"], row["weighted"])
	}
	// What may not be null is refused.
	_, err := w.tryCreate(w.ann, false, "Sum", "count", int64(1<<30-1))
	w.want(err, "ok")
	_, err = w.tryCreate(w.ann, false, "Sum", "count", int64(1<<30))
	w.want(err, "INVALID countTwice:TOO_LARGE")
	// What is null stands in order, and its cursor leads on.
	for _, f := range w.entity("Sum").Fields {
		if f.Computed == nil {
			continue
		}
		s := w.sel("Sum", "id")
		s.Order, s.First = []query.Order{{Path: []string{f.Name}, Descending: true}}, 5
		seen := 0
		for {
			page := w.list(w.ann, s)
			if seen += len(page.Rows); !page.HasNext {
				break
			}
			s.After = page.Cursor(len(page.Rows) - 1)
		}
		if all := int(w.list(w.ann, counted(w.sel("Sum", "id"))).Total); seen != all {
			w.Errorf("by %s there are %d of %d rows", f.Name, seen, all)
		}
		s = w.sel("Sum", "id")
		s.Where = meta.Ne(meta.This(f.Name), meta.Null())
		w.list(w.ann, s)
	}
}

// reckoned is what a row of Sum has, computed fields too.
func reckoned(w *world, id kit.ID) map[string]any {
	var names []any
	for _, f := range w.entity("Sum").Fields {
		if f.Kind != meta.List {
			names = append(names, f.Name)
		}
	}
	row, err := w.get(w.ann, w.sel("Sum", names...), id)
	must(err)
	values := map[string]any{}
	for i, name := range names {
		values[name.(string)] = row.Values[i]
	}
	return values
}

// constantOf is a value as a constant has it.
func constantOf(v any) any {
	if number, ok := v.(kit.Decimal); ok {
		return number.String()
	}
	return v
}

func counted(s *query.Select) *query.Select {
	s.Count = true
	return s
}

// A Decimal has 18 digits at most on either database, unless fewer.
func testDigits(w *world) {
	for text, want := range map[string]string{
		"99999999999999.9999": "ok", "-99999999999999.9999": "ok",
		"100000000000000": "INVALID earnings:TOO_LARGE", "-100000000000000": "INVALID earnings:TOO_LARGE", "0.00001": "INVALID earnings:WRONG_FORMAT",
	} {
		_, err := w.tryCreate(w.ann, true, "Article", "title", "of "+text, "author", w.ann.ID, "earnings", decimal(text))
		w.want(err, want)
	}
}

// testFineDecimals filters by Decimals with more digits than the field has: none of its values is equal, and all others stand on
// their side of it.
func testFineDecimals(w *world) {
	held := []string{"-99999999999999.9999", "-1.5", "-0.0001", "0", "0.0001", "1.5", "1.5001", "450359962737.0496", "99999999999999.9998", "99999999999999.9999"}
	for _, text := range held {
		w.create(w.ann, true, "Article", "title", text, "author", w.ann.ID, "status", "PUBLISHED", "earnings", decimal(text))
	}
	s := w.sel("Article", "title")
	s.First = 100
	for _, text := range append([]string{
		"1.5000000000000000001", "1.50000000000000000", "1.49999", "0.00005", "-0.00005", "1e-60", "99999999999999.99985", "99999999999999.99989", "-99999999999999.99995",
		"450359962737.04955", "450359962737.049550000000001", "100000000000000.00001", "1e30", "-1e30", "12345678901234.56779",
	}, held...) {
		than := decimal(text)
		for operator, holds := range map[string]func(cmp int) bool{
			"eq": func(c int) bool { return c == 0 }, "ne": func(c int) bool { return c != 0 }, "in": func(c int) bool { return c == 0 },
			"lt": func(c int) bool { return c < 0 }, "le": func(c int) bool { return c <= 0 }, "gt": func(c int) bool { return c > 0 }, "ge": func(c int) bool { return c >= 0 },
		} {
			this, number := meta.This("earnings"), meta.Const(than)
			s.Where = map[string]*meta.Expr{
				"eq": meta.Eq(this, number), "ne": meta.Ne(this, number), "in": meta.In(this, number), "lt": meta.Lt(this, number),
				"le": meta.Le(this, number), "gt": meta.Gt(this, number), "ge": meta.Ge(this, number),
			}[operator]
			var got, want []string
			for _, row := range w.list(w.ann, s).Rows {
				got = append(got, row.Values[0].(string))
			}
			for _, text := range held {
				if holds(decimal(text).Cmp(than)) {
					want = append(want, text)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				w.Errorf("%s %s: %v, want %v", operator, text, got, want)
			}
		}
	}
}

// A Float that is reckoned and does not fit is null where a condition asks for it, too: on SQLite it was endless, and more than anything.
func testFloatsWithin(w *world) {
	share, double := meta.This("share"), func(op meta.Op) *meta.Expr { return meta.Apply(op, meta.This("share"), meta.This("share")) }
	for _, test := range []struct {
		share float64
		what  *meta.Expr
		fits  bool
	}{
		{1e200, double(meta.OpMul), false},
		{1.7e308, double(meta.OpAdd), false},
		{-1.7e308, meta.Apply(meta.OpSub, meta.Const(1.7e308), share), false},
		{1e-200, meta.Apply(meta.OpDiv, meta.Const(1e200), share), false},
		{1e-200, double(meta.OpMul), false}, // it is 0
		{1e150, double(meta.OpMul), true},
		{-1e150, double(meta.OpMul), true},
		{2, double(meta.OpAdd), true},
	} {
		id := w.create(w.ann, false, "Sum", "share", test.share)
		s := w.sel("Sum", "share")
		s.Where = meta.And(meta.Eq(meta.This("id"), meta.Const(string(id))), meta.Apply(meta.OpGt, test.what, meta.Const(0.0)))
		if found := len(w.list(w.ann, s).Rows) == 1; found != test.fits {
			w.Errorf("%g: what is reckoned of it is more than 0: %v", test.share, found)
		}
	}
}
