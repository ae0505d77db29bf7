package oracle

import (
	"fmt"
	"maps"
	"slices"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// What a viewer may not read is to him what nobody made: whoever names a hidden row is answered as if he had made its id up,
// and the database is asked as many statements.

// madeUp is the id of no row.
const madeUp = "01900000-0000-7000-8000-00000000000f"

// likeMissing asks for w once more at each door for every row of it that v may not read, with an id that nobody has in its
// place, and tells where that makes a difference.
func (r *matrixRun) likeMissing(w Wish, v Viewer) error {
	if w.subscribes() || w.Do == "restore" { // a person restores what he can no longer read
		return nil
	}
	for _, label := range r.named(w) {
		hidden, err := r.hides(label, v)
		if err != nil {
			return err
		}
		if !hidden {
			continue
		}
		for _, d := range r.doors {
			if !d.offers(w) {
				continue
			}
			if err := r.sameAsMissing(d, w, v, label); err != nil {
				return fmt.Errorf("%v as %s at %s, who may not read %s: %w", w, v.Name, d.name(), label, err)
			}
		}
	}
	return nil
}

func (r *matrixRun) sameAsMissing(d door, w Wish, v Viewer, label string) error {
	there, asked, err := r.count(d, w, v)
	if err != nil {
		return err
	}
	r.missing = label
	defer func() { r.missing = "" }()
	missing, askedOfMissing, err := r.count(d, w, v)
	if err != nil {
		return err
	}
	if diff := there.differs(missing); diff != "" {
		return fmt.Errorf("its id and one that nobody has differ: %s", diff)
	}
	if asked != askedOfMissing {
		return fmt.Errorf("its id takes %d statements, and one that nobody has %d", asked, askedOfMissing)
	}
	r.hiddenAsked++
	return nil
}

// count asks, and tells how many statements that took.
func (r *matrixRun) count(d door, w Wish, v Viewer) (said, int64, error) {
	before := r.product.statements.Load()
	s, err := d.ask(r, w, v)
	n := r.product.statements.Load() - before
	if err != nil || !w.writes() {
		s.answer = r.labelled(s.answer)
		return s, n, err
	}
	rows, err := r.world.rows()
	if err == nil && rows != r.world.first {
		s.rows = r.readable(lineDiff(r.world.first, rows))
		err = r.world.restore()
	}
	s.answer = r.labelled(s.answer)
	return s, n, err
}

// named are the labels of the rows that a wish names, each once.
func (r *matrixRun) named(w Wish) []string {
	labels := map[string]bool{}
	if w.Row != "" {
		labels[w.Row] = true
	}
	var within func(v any)
	within = func(v any) {
		switch v := v.(type) {
		case string:
			if _, ok := r.ids[v]; ok {
				labels[v] = true
			}
		case []any:
			for _, item := range v {
				within(item)
			}
		case map[string]any:
			for _, item := range v {
				within(item)
			}
		}
	}
	within(any(w.Values))
	return slices.Sorted(maps.Keys(labels))
}

// hides tells whether a row can be read, and v may not read it.
func (r *matrixRun) hides(label string, v Viewer) (bool, error) {
	at := slices.IndexFunc(r.Rows, func(s Seed) bool { return s.Label == label })
	e := r.product.backend.Entity(r.Rows[at].Entity)
	if r.Rows[at].Deleted || !query.Exposed(e, meta.Read) {
		return false, nil
	}
	s, err := restDoor{}.ask(r, Wish{Do: "get", Entity: e.Name, Row: label}, v)
	return s.code == kit.CodeNotFound, err
}
