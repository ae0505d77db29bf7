package query

import (
	"context"
	"slices"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// Links is the value of a Change of a many-to-many list without a bound: the rows to link and to unlink, by id or key. The
// others stay as they are. To link what is linked, or to unlink what is not, changes nothing: where a write does nothing else, the row keeps its
// version, and neither its history nor those who watch it hear of it.
type Links struct {
	Link, Unlink []any
}

// takeLinks validates what is to be linked and unlinked.
func (w *write) takeLinks(f *meta.Field, links Links) {
	if f.Bound > 0 {
		w.wrong.add(f.Name, kit.FieldType, "This is a list.")
		return
	}
	if w.verb == meta.Create && len(links.Unlink) > 0 {
		w.wrong.add(f.Name+".unlink", kit.FieldReadOnly, "A new %s has none.", w.entity.Singular)
		return
	}
	valid := func(path string, items []any) []any {
		if len(items) > maxParts {
			w.wrong.add(path, kit.FieldTooLong, "At most %d.", maxParts)
			return nil
		}
		out := make([]any, len(items))
		for i, item := range items {
			out[i] = w.wrong.reference(path+"."+itoa(i), item)
		}
		return out
	}
	taken := Links{valid(f.Name+".link", links.Link), valid(f.Name+".unlink", links.Unlink)}
	if len(taken.Link)+len(taken.Unlink) == 0 {
		return
	}
	if _, twice := w.values[f]; !twice {
		w.given = append(w.given, f)
	}
	w.values[f] = taken
}

// named adds the rows that are to be linked and unlinked.
func (l Links) named(w *write, f *meta.Field, all []named) []named {
	for _, part := range []struct {
		name  string
		items []any
	}{{".link.", l.Link}, {".unlink.", l.Unlink}} {
		for i, item := range part.items {
			if text, ok := item.(string); ok {
				found := func(id string) { part.items[i] = id }
				all = append(all, named{f.Target(), text, w.under(f.Name + part.name + itoa(i)), found, part.name == ".unlink."})
			}
		}
	}
	return all
}

// write links and unlinks, and returns what has changed by it. Rows of the target that are named on both sides are linked in the end.
func (l Links) write(ctx context.Context, w *write, f *meta.Field) (done Links, err error) {
	d := w.tx.engine.dialect
	from, to := ident(f.Join.From), ident(f.Join.To)
	linked := texts(l.Link)
	unlinked := slices.DeleteFunc(texts(l.Unlink), func(id string) bool { return slices.Contains(linked, id) })
	if len(unlinked) > 0 {
		among := to + " IN (SELECT value FROM json_each($2))"
		if d.postgres {
			among = to + " = ANY ($2::uuid[])"
		}
		sql := "DELETE FROM " + linkTable(f.Join) + " WHERE " + from + " = $1 AND " + among + " RETURNING " + to
		if unlinked, err = w.returning(ctx, sql, string(w.id), w.tx.engine.ids(unlinked, childrenVariant)); err != nil {
			return Links{}, err
		}
	}
	slices.Sort(linked) // so that two that link the same rows wait for each other one way round
	if linked, err = w.link(ctx, f, linked); err != nil {
		return Links{}, err
	}
	slices.Sort(unlinked)
	slices.Sort(linked)
	return Links{anys(linked), anys(unlinked)}, nil
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}

// appendJSON writes the links as a history tells them.
func (l Links) appendJSON(buf []byte, f *meta.Field) []byte {
	buf = append(buf, `{"link":`...)
	buf = append(input.AppendJSON(buf, f, slices.Clip(l.Link)), `,"unlink":`...)
	return append(input.AppendJSON(buf, f, slices.Clip(l.Unlink)), '}')
}
