package query_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

var partCases = []struct {
	name string
	run  func(w *world)
}{
	{"rows are made with the row that they belong to", testPartsMade},
	{"as many statements for many as for few", testPartsStatements},
	{"all that is wrong is told, each at its place", testPartsWrong},
	{"each row meets its own rules", testPartsRules},
	{"who may not see a row makes none that belong to it", testPartsOfHidden},
	{"rows with parts and rows without are asked apart", testPartsOfSome},
	{"all or nothing", testPartsAtomic},
	{"an update makes, changes and deletes", testPartsUpdated},
	{"only rows of the row itself", testPartsOfOthers},
	{"bounds", testPartsBounds},
	{"rows are linked and unlinked", testLinked},
	{"no row goes with its own part", testPartsCircle},
}

// ordering is a backend with baskets, whose lines and their charges are written with them.
func ordering() *meta.Backend {
	b := backend()
	anybody, all := when(meta.True()), &meta.Parts{Create: true, Update: true, Delete: true}
	buyer := meta.Eq(meta.This("buyer"), meta.Viewer())
	ofBuyer := when(meta.Eq(meta.This("basket", "buyer"), meta.Viewer()))
	b.Entities = append(b.Entities,
		&meta.Entity{
			Name: "Basket", Singular: "basket", Plural: "baskets", Path: "baskets", Table: "baskets", Key: "code", Page: newest,
			Fields: kittest.Fields(
				&meta.Field{Name: "code", Kind: meta.String, Column: "code", MinLength: 1},
				&meta.Field{Name: "note", Kind: meta.String, Column: "note", Null: true},
				&meta.Field{Name: "buyer", Kind: meta.Reference, Type: "User", Column: "buyer_id", Default: meta.Viewer(), ReadOnly: true},
				&meta.Field{
					Name: "colours", Kind: meta.List, Type: "Tag", Page: newest,
					Join: &meta.JoinTable{Table: "basket_colours", From: "basket_id", To: "tag_id", Owner: true},
				},
				&meta.Field{Name: "lines", Kind: meta.List, Type: "Line", Inverse: "basket", Page: newest, Parts: all, Bound: 60},
			),
			Allow: meta.Allow{
				Read:   when(meta.And(buyer, meta.Ne(meta.This("note"), meta.Const("secret")))),
				Create: when(buyer), Update: when(buyer), Delete: when(buyer),
			},
			Uniques: []meta.Unique{{Name: "baskets_code_key", Fields: []string{"code"}}},
		},
		&meta.Entity{
			Name: "Line", Singular: "line", Plural: "lines", Path: "lines", Table: "lines", Key: "id", Page: newest,
			Fields: kittest.Fields(
				&meta.Field{Name: "basket", Kind: meta.Reference, Type: "Basket", Column: "basket_id"},
				&meta.Field{Name: "number", Kind: meta.Int, Column: "number", Default: meta.Call("next", meta.This("basket"))},
				&meta.Field{Name: "seat", Kind: meta.String, Column: "seat", Null: true},
				&meta.Field{Name: "quantity", Kind: meta.Int, Column: "quantity", Min: number(1)},
				&meta.Field{Name: "discount", Kind: meta.Int, Column: "discount", Null: true, Allow: meta.Allow{Create: when(admin), Update: when(admin)}},
				&meta.Field{Name: "tag", Kind: meta.Reference, Type: "Tag", Column: "tag_id", Null: true},
				&meta.Field{Name: "charges", Kind: meta.List, Type: "Charge", Inverse: "line", Page: newest, Parts: all},
			),
			Allow:   meta.Allow{Read: anybody, Create: ofBuyer, Update: ofBuyer, Delete: ofBuyer},
			Uniques: []meta.Unique{{Name: "lines_basket_seat_key", Fields: []string{"basket", "seat"}}},
		},
		&meta.Entity{
			Name: "Charge", Singular: "charge", Plural: "charges", Path: "charges", Table: "charges", Key: "id", Page: newest,
			Fields: kittest.Fields(
				&meta.Field{Name: "line", Kind: meta.Reference, Type: "Line", Column: "line_id"},
				&meta.Field{Name: "amount", Kind: meta.Int, Column: "amount"},
			),
			Allow: meta.Allow{Read: anybody, Create: when(meta.Lt(meta.This("amount"), meta.Const(int64(100)))), Update: anybody, Delete: anybody},
		},
	)
	b.Entities = append(b.Entities, &meta.Entity{
		Name: "Box", Singular: "box", Plural: "boxes", Path: "boxes", Table: "boxes", Key: "id", Page: newest,
		Fields: kittest.Fields(
			&meta.Field{Name: "within", Kind: meta.Reference, Type: "Box", Column: "within_id", Null: true, OnDelete: meta.Cascade},
			&meta.Field{Name: "boxes", Kind: meta.List, Type: "Box", Inverse: "within", Page: newest, Parts: all},
		),
		Allow: meta.Allow{Read: anybody, Create: anybody, Update: anybody, Delete: anybody},
	})
	for _, e := range b.Entities {
		if e.Name == "Basket" {
			remember(b, e)
		}
	}
	return b
}

// line is the changes of a line, with charges of these amounts.
func (w *world) line(amounts []int, pairs ...any) []query.Change {
	e := w.entity("Line")
	changes := w.changes(e, pairs...)
	if amounts != nil {
		var charges query.Parts
		for _, amount := range amounts {
			charges.Create = append(charges.Create, w.changes(w.entity("Charge"), "amount", amount))
		}
		changes = append(changes, query.Change{Field: e.Field("charges"), Value: charges})
	}
	return changes
}

func made(lines ...[]query.Change) query.Parts { return query.Parts{Create: lines} }

// linesOf reads the lines of a basket, by number.
func (w *world) linesOf(code string) (rows []*query.Row) {
	s := w.sel("Line", "number", "seat", "quantity", nest{"charges", w.sel("Charge", "amount")})
	s.Order = []query.Order{{Path: []string{"number"}}}
	s.Where = meta.Eq(meta.This("basket", "code"), meta.Const(code))
	err := w.engine.Read(context.Background(), w.root, func(ctx context.Context, tx *query.Tx) error {
		list, err := tx.System().List(ctx, s)
		if err == nil {
			rows = list.Rows
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return rows
}

// lines describes the lines of a basket: number, seat, quantity and the sum of their charges.
func (w *world) lines(code string) string {
	text := ""
	for _, row := range w.linesOf(code) {
		total := int64(0)
		for _, charge := range row.Values[3].(*query.List).Rows {
			total += charge.Values[0].(int64)
		}
		text += fmt.Sprintf("%v %v %v %d; ", row.Values[0], row.Values[1], row.Values[2], total)
	}
	return text
}

func (w *world) wantLines(code, want string) {
	w.Helper()
	if got := w.lines(code); got != want {
		w.Errorf("lines of %s are %q, want %q", code, got, want)
	}
}

func testPartsMade(w *world) {
	w.create(w.root, true, "Tag", "name", "red")
	w.create(w.ann, false, "Basket", "code", "a", "lines", made(
		w.line([]int{1, 2}, "quantity", 3, "tag", "red"), w.line(nil, "quantity", 4, "seat", "B", "number", 7), w.line([]int{5}, "quantity", 5),
	))
	w.wantLines("a", "7 B 4 0; 8 <nil> 3 3; 9 <nil> 5 5; ") // none runs into what was set by hand
	w.create(w.ann, false, "Basket", "code", "none", "lines", query.Parts{})
	w.create(w.root, true, "Basket", "code", "s", "lines", made(w.line([]int{1}, "quantity", 1, "discount", 5)))
	w.wantLines("s", "1 <nil> 1 1; ")
}

func testPartsStatements(w *world) {
	w.create(w.root, true, "Tag", "name", "red")
	statements := func(code string, lines int) (count int) {
		parts := query.Parts{}
		for range lines {
			parts.Create = append(parts.Create, w.line([]int{1, 2, 3}, "quantity", 1, "tag", "red"))
		}
		err := w.engine.Write(context.Background(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.Create(ctx, w.entity("Basket"), w.changes(w.entity("Basket"), "code", code, "lines", parts))
			count = tx.Statements()
			return err
		})
		w.want(err, "ok")
		return count
	}
	statements("first", 2) // makes counters
	if few, many := statements("few", 2), statements("many", 20); many != few || few > 12 {
		w.Errorf("%d statements for 20 lines, %d for 2", many, few)
	}
}

func testPartsWrong(w *world) {
	_, err := w.tryCreate(w.ann, false, "Basket", "code", "", "lines", made(
		w.line(nil, "quantity", 1), w.line(nil, "quantity", 0, "seat", true), w.line([]int{1}), w.line(nil, "quantity", 2, "basket", "x"),
		append(w.line(nil, "quantity", 1), query.Change{Field: w.entity("Line").Field("charges"), Value: made(w.changes(w.entity("Charge")))}),
	))
	w.want(err, "INVALID code:TOO_SHORT lines.create.1.quantity:TOO_SMALL lines.create.1.seat:WRONG_TYPE lines.create.2.quantity:REQUIRED lines.create.4.charges.create.0.amount:REQUIRED")
	_, err = w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", made(w.line(nil, "quantity", 1), w.line(nil, "quantity", 2, "tag", "nowhere")))
	w.want(err, "INVALID lines.create.1.tag:NOT_FOUND")
	_, err = w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", made(w.line(nil, "quantity", 2, "basket", "x")))
	w.want(err, "INVALID lines.create.0.basket:READ_ONLY")
	_, err = w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", query.Parts{Delete: []string{"x"}})
	w.want(err, "INVALID lines:READ_ONLY")
	_, err = w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", []any{"x"})
	w.want(err, "INVALID lines:WRONG_TYPE")
}

func testPartsRules(w *world) {
	_, err := w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", made(w.line(nil, "quantity", 1), w.line(nil, "quantity", 1, "discount", 5)))
	w.want(err, "FORBIDDEN lines.create.1.discount:FORBIDDEN")
	_, err = w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", made(w.line([]int{1}, "quantity", 1), w.line([]int{1, 100}, "quantity", 1)))
	w.want(err, "FORBIDDEN lines.create.1.charges.create.1:FORBIDDEN")
	w.create(w.root, false, "Basket", "code", "r", "lines", made(w.line(nil, "quantity", 1, "discount", 5)))
	w.create(w.ann, false, "Basket", "code", "a", "lines", made(w.line(nil, "quantity", 1)))
	w.want(w.update(w.bob, "Basket", "a", 0, "lines", made(w.line(nil, "quantity", 1))), "NOT_FOUND")
	_, err = w.tryCreate(kit.Viewer{}, false, "Basket", "code", "x", "lines", made(w.line(nil, "quantity", 1)))
	w.want(err, "UNAUTHENTICATED")
	w.entity("Line").Allow.Create = nil
	_, err = w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", made(w.line(nil, "quantity", 1)))
	w.want(err, "FORBIDDEN lines.create.0:FORBIDDEN")
	w.wantLines("x", "")
}

func testPartsOfHidden(w *world) {
	w.create(w.ann, false, "Basket", "code", "blind", "note", "secret")
	_, err := w.tryCreate(w.ann, false, "Basket", "code", "x", "note", "secret", "lines", made(w.line(nil, "quantity", 1)))
	w.want(err, "INVALID lines:NOT_FOUND")
	w.want(w.update(w.ann, "Basket", "blind", 0, "lines", made(w.line(nil, "quantity", 1))), "NOT_FOUND")
}

// Whoever makes rows that belong to a row must see it, whatever others are made beside it. Nobody sees a line of quantity 13.
func testPartsOfSome(w *world) {
	hidden := w.entity("Line")
	read := hidden.Allow.Read
	hidden.Allow.Read = when(meta.Ne(meta.This("quantity"), meta.Const(int64(13))))
	defer func() { hidden.Allow.Read = read }()
	_, err := w.tryCreate(w.ann, false, "Basket", "code", "y", "lines", made(w.line(nil, "quantity", 1), w.line([]int{1}, "quantity", 13)))
	w.want(err, "INVALID lines.create.1.charges:NOT_FOUND")
	w.create(w.ann, false, "Basket", "code", "z", "lines", made(w.line([]int{1}, "quantity", 1), w.line(nil, "quantity", 13)))
}

func testPartsAtomic(w *world) {
	_, err := w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", made(
		w.line([]int{1}, "quantity", 1, "seat", "A"), w.line(nil, "quantity", 1, "seat", "B"), w.line(nil, "quantity", 1, "seat", "A"),
	))
	w.want(err, "CONFLICT lines.create.2.seat:TAKEN")
	for _, table := range []string{"baskets", "lines", "charges"} {
		if n := w.stored(table); n != 0 {
			w.Errorf("%d %s are left", n, table)
		}
	}
	w.create(w.ann, false, "Basket", "code", "a", "lines", made(w.line([]int{1}, "quantity", 1, "seat", "A"), w.line(nil, "quantity", 2, "seat", "B")))
	ids := w.ids("a")
	err = w.update(w.ann, "Basket", "a", 0, "note", "new", "lines", query.Parts{
		Delete: []string{ids[1]}, Create: [][]query.Change{w.line(nil, "quantity", 9, "seat", "A")},
	})
	w.want(err, "CONFLICT lines.create.0.seat:TAKEN")
	w.wantLines("a", "1 A 1 1; 2 B 2 0; ")
	if got := w.row(w.ann, "Basket", w.basketID("a")); got["note"] != nil || got["version"] != int64(1) {
		w.Errorf("the basket is %v", got)
	}
}

// ids of the lines of a basket, by number.
func (w *world) ids(code string) (ids []string) {
	for _, row := range w.linesOf(code) {
		ids = append(ids, string(row.ID))
	}
	return ids
}

func (w *world) basketID(code string) kit.ID {
	row, err := w.get(w.ann, w.sel("Basket", "id"), code)
	if err != nil {
		w.Fatal(err)
	}
	return row.ID
}

func testPartsUpdated(w *world) {
	w.create(w.ann, false, "Basket", "code", "a", "lines", made(
		w.line([]int{1}, "quantity", 1, "seat", "A"), w.line(nil, "quantity", 2, "seat", "B"), w.line(nil, "quantity", 3, "seat", "C"),
	))
	ids := w.ids("a")
	w.want(w.update(w.ann, "Basket", "a", 1, "lines", query.Parts{
		Delete: []string{ids[1]},
		Update: []query.PartUpdate{{Key: ids[0], Version: 1, Changes: w.line([]int{10}, "quantity", 7)}},
		Create: [][]query.Change{w.line([]int{4}, "quantity", 4, "seat", "B")}, // which the deleted one had
	}), "ok")
	w.wantLines("a", "1 A 7 11; 3 C 3 0; 4 B 4 4; ")
	w.want(w.update(w.ann, "Basket", "a", 1, "lines", made(w.line(nil, "quantity", 1))), "STALE") // it has become another basket
	w.want(w.update(w.ann, "Basket", "a", 2, "lines", query.Parts{
		Update: []query.PartUpdate{{Key: ids[2], Changes: w.line(nil, "quantity", 8)}, {Key: ids[0], Version: 1, Changes: w.line(nil, "quantity", 8)}},
	}), "STALE lines.update.1:STALE")
	w.want(w.update(w.ann, "Basket", "a", 2, "code", "", "lines", query.Parts{
		Update: []query.PartUpdate{{Key: ids[2], Changes: w.line(nil, "quantity", 0)}, {Key: ids[0], Changes: w.line(nil, "discount", 8)}},
	}), "INVALID code:TOO_SHORT lines.update.0.quantity:TOO_SMALL")
	w.want(w.update(w.ann, "Basket", "a", 2, "lines", query.Parts{
		Update: []query.PartUpdate{{Key: ids[0], Changes: w.line(nil, "discount", 8)}},
	}), "FORBIDDEN lines.update.0.discount:FORBIDDEN")
	w.want(w.update(w.ann, "Basket", "a", 2, "lines", query.Parts{
		Update: []query.PartUpdate{{Key: ids[0], Changes: w.line([]int{100})}},
	}), "FORBIDDEN lines.update.0.charges.create.0:FORBIDDEN")
	w.want(w.update(w.ann, "Basket", "a", 2, "lines", query.Parts{
		Update: []query.PartUpdate{{Key: ids[0], Changes: w.line(nil, "quantity", 8)}, {Key: ids[0], Changes: w.line(nil, "seat", "Z")}},
	}), "INVALID lines.update.1.id:WRONG_FORMAT") // of two values one would be lost
	w.want(w.update(w.ann, "Basket", "a", 2, "lines", query.Parts{
		Update: []query.PartUpdate{{Key: ids[0], Changes: w.line(nil, "quantity", 8)}, {Key: strings.ToUpper(ids[0]), Changes: w.line(nil, "quantity", 9)}},
	}), "INVALID lines.update.1.id:WRONG_FORMAT")
	w.want(w.update(w.ann, "Basket", "a", 2, "lines", query.Parts{
		Update: []query.PartUpdate{{Key: ids[0], Changes: w.line(nil, "seat", "C")}},
	}), "CONFLICT lines.update.0.seat:TAKEN") // and not the basket, which nobody sends
	w.want(w.update(w.ann, "Basket", "a", 2, "lines", made(w.line(nil, "quantity", 1, "seat", "C"))), "CONFLICT lines.create.0.seat:TAKEN")
	w.wantLines("a", "1 A 7 11; 3 C 3 0; 4 B 4 4; ")
}

func testPartsOfOthers(w *world) {
	w.create(w.ann, false, "Basket", "code", "a", "lines", made(w.line(nil, "quantity", 1)))
	w.create(w.ann, false, "Basket", "code", "b", "lines", made(w.line(nil, "quantity", 2)))
	other := w.ids("b")[0]
	w.want(w.update(w.ann, "Basket", "a", 0, "lines", query.Parts{Update: []query.PartUpdate{{Key: other, Changes: w.line(nil, "quantity", 5)}}}), "INVALID lines.update.0.id:NOT_FOUND")
	w.want(w.update(w.ann, "Basket", "a", 0, "lines", query.Parts{Delete: []string{other}}), "INVALID lines.delete.0:NOT_FOUND")
	w.want(w.update(w.ann, "Basket", "a", 0, "lines", query.Parts{Delete: []string{"what"}}), "INVALID lines.delete.0:NOT_FOUND")
	w.want(w.update(w.root, "Basket", "a", 0, "lines", query.Parts{Delete: []string{other}}), "NOT_FOUND")
	w.wantLines("b", "1 <nil> 2 0; ")
}

func testPartsBounds(w *world) {
	lines := func(n int) query.Parts {
		parts := query.Parts{}
		for range n {
			parts.Create = append(parts.Create, w.line(nil, "quantity", 1))
		}
		return parts
	}
	_, err := w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", lines(61))
	w.want(err, "INVALID lines.create.0.basket:TOO_LONG")
	_, err = w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", lines(501))
	w.want(err, "INVALID lines:TOO_LONG")
	deep := w.line(make([]int, 501), "quantity", 1)
	_, err = w.tryCreate(w.ann, false, "Basket", "code", "x", "lines", made(deep))
	w.want(err, "INVALID lines:TOO_LONG")
	w.create(w.ann, false, "Basket", "code", "full", "lines", lines(60))
	if n := w.stored("lines"); n != 60 {
		w.Errorf("%d lines", n)
	}
}

func testLinked(w *world) {
	for _, name := range []string{"red", "green", "blue"} {
		w.create(w.root, true, "Tag", "name", name)
	}
	links := func(link, unlink []any) query.Links { return query.Links{Link: link, Unlink: unlink} }
	want := func(code, want string) {
		w.Helper()
		tags := w.sel("Tag", "name")
		tags.Order = []query.Order{{Path: []string{"name"}}}
		row, err := w.get(w.ann, w.sel("Basket", "version", nest{"colours", tags}), code)
		if err != nil {
			w.Fatal(err)
		}
		got := fmt.Sprint(row.Values[0])
		for _, tag := range row.Values[1].(*query.List).Rows {
			got += fmt.Sprint(" ", tag.Values[0])
		}
		if got != want {
			w.Errorf("%s has %q, want %q", code, got, want)
		}
	}
	w.create(w.ann, false, "Basket", "code", "a", "colours", links([]any{"red", "green"}, nil))
	want("a", "1 green red")
	w.want(w.update(w.ann, "Basket", "a", 1, "colours", links([]any{"blue", "red"}, []any{"green"})), "ok")
	want("a", "2 blue red")
	// What is so already changes nothing, the version neither; what is not so is all that is told.
	for _, again := range []query.Links{links(nil, []any{"green"}), links([]any{"red", "blue"}, nil), links([]any{"red"}, []any{"green", "red"})} {
		w.want(w.update(w.ann, "Basket", "a", 2, "colours", again), "ok")
		want("a", "2 blue red")
	}
	w.want(w.update(w.ann, "Basket", "a", 2, "colours", links([]any{"green", "red"}, []any{"blue"})), "ok")
	want("a", "3 green red")
	w.want(w.update(w.ann, "Basket", "a", 3, "colours", links([]any{"blue"}, []any{"green"})), "ok")
	want("a", "4 blue red")
	w.want(w.update(w.ann, "Basket", "a", 0, "colours", links([]any{"red", "black"}, []any{"white"})), "INVALID colours.link.1:NOT_FOUND colours.unlink.0:NOT_FOUND")
	w.want(w.update(w.ann, "Basket", "a", 0, "colours", links([]any{1}, nil)), "INVALID colours.link.0:WRONG_TYPE")
	w.want(w.update(w.ann, "Basket", "a", 0, "colours", links(make([]any, 501), nil)), "INVALID colours.link:TOO_LONG")
	w.want(w.update(w.bob, "Basket", "a", 0, "colours", links([]any{"red"}, nil)), "NOT_FOUND")
	_, err := w.tryCreate(w.ann, false, "Basket", "code", "b", "colours", links(nil, []any{"red"}))
	w.want(err, "INVALID colours.unlink:READ_ONLY")
	id := w.article(w.ann, "Bounded")
	w.want(w.update(w.ann, "Article", id, 0, "tags", links([]any{"red"}, nil)), "INVALID tags:WRONG_TYPE")
	want("a", "4 blue red")
	tag := func(name string) string {
		row, err := w.get(w.root, w.sel("Tag", "name"), name)
		must(err)
		return string(row.ID)
	}
	changed := func(link, unlink string) string {
		return fmt.Sprintf(`{"colours":{"link":[%q],"unlink":[%q]}}`, tag(link), tag(unlink))
	}
	got, err := w.history(w.ann, "Basket", "a")
	lines := strings.Split(got, "\n")
	if err != nil || len(lines) != 4 || lines[0] != "4 ann UPDATE "+changed("blue", "green") || lines[1] != "3 ann UPDATE "+changed("green", "blue") {
		w.Errorf("the history tells of\n%s\n%v", got, err)
	}
}

// A row that is put below its own part, which is deleted with all below it, would be gone though it was to be changed. No rule asks
// anything of it, and it is looked at all the same.
func testPartsCircle(w *world) {
	w.entity("Box").Field("within").OnDelete = meta.Stay // as generated code has it of rows that do not stay; their table says the rest
	whole := w.create(w.ann, false, "Box")
	part := w.create(w.ann, false, "Box", "within", whole)
	w.want(w.update(w.ann, "Box", whole, 0, "within", part, "boxes", query.Parts{Delete: []string{string(part)}}), "CONFLICT")
	if n := w.stored("boxes"); n != 2 {
		w.Errorf("%d boxes are left of two", n)
	}
	w.want(w.update(w.ann, "Box", whole, 0, "boxes", query.Parts{Delete: []string{string(part)}}), "ok")
}
