package query_test

import (
	"context"
	"testing"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// A delete that is refused tells which reference holds the row, where the viewer may read a row that does.
func TestHolders(t *testing.T) {
	for _, d := range databases(t) {
		for _, stays := range []bool{false, true} {
			name := d.name
			if stays {
				name += ", deleted rows stay"
			}
			t.Run(name, func(t *testing.T) { testHolders(newWorldOf(t, d.open(t), lending(stays))) })
		}
	}
}

// lending is a backend of shelves, whose books go with them unless they are lent. A loan is read by who may read its book, where that
// has bread in it.
func lending(stays bool) *meta.Backend {
	b := backend()
	for _, e := range b.Entities {
		switch e.Name {
		case "Shelf":
			e.Allow.Delete = when(meta.True())
			e.SoftDelete = stays
		case "Book":
			e.SoftDelete = stays
		}
		for _, f := range e.Fields {
			action := meta.Stay
			switch e.Name + "." + f.Name {
			case "Book.shelf":
				action = meta.Cascade
			case "Loan.book":
				action = meta.Restrict
			}
			if f.OnGone = action; stays {
				f.OnDelete, f.OnGone = action, meta.Stay
			}
		}
	}
	return b
}

func testHolders(w *world) {
	for _, test := range []struct{ title, want string }{
		{"Bread", "CONFLICT loan.book:REFERRED"},
		{"Rye", "CONFLICT"},
	} {
		shelf := w.create(w.ann, false, "Shelf", "name", test.title)
		book := w.create(w.ann, false, "Book", "title", test.title, "shelf", shelf)
		w.create(w.ann, false, "Loan", "book", book, "text", "until May")
		w.want(w.delete(w.ann, "Book", book, 0), test.want)
		w.want(w.delete(w.ann, "Shelf", shelf, 0), test.want)
		for _, system := range []bool{false, true} { // which tells no more
			w.want(w.engine.Write(context.Background(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
				if system {
					tx = tx.System()
				}
				_, err := tx.DeleteWhere(ctx, w.entity("Book"), meta.Eq(meta.This("title"), meta.Const(test.title)))
				return err
			}), test.want)
		}
	}
	w.want(w.delete(w.ann, "Book", w.create(w.ann, false, "Book", "title", "Bread"), 0), "ok")
}
