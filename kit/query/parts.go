package query

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Parts is the value of a Change of a list whose rows belong to the row and are written with it: some are made, some
// changed, some deleted. Each is written by the rules of its own entity, as it would be by itself. All of it happens or
// nothing: deletes first, then updates, then creates, so that what must be unique can be handed on.
type Parts struct {
	Create [][]Change
	Update []PartUpdate
	Delete []string // ids or keys
}

// PartUpdate changes one row of a list.
type PartUpdate struct {
	Key     string // or id
	Version int64  // 0 is any
	Changes []Change
}

const (
	maxParts   = 500 // rows of all lists, at all depths, in one write
	partsDepth = 3   // of lists in lists
)

// belonging is the row that another belongs to, and by which reference.
type belonging struct {
	by *meta.Field
	id kit.ID
}

// partsOf is what is to become of the rows of a list.
type partsOf struct {
	field *meta.Field
	Parts
}

// few refuses more parts than one write may have.
func few(changes []Change) error {
	if count, f := countParts(changes); count > maxParts {
		return kit.Invalid(f, kit.FieldTooLong, "At most %d rows at once.", maxParts)
	}
	return nil
}

// countParts is how many rows are written along, and the first list of them.
func countParts(changes []Change) (count int, first string) {
	for _, c := range changes {
		parts, ok := c.Value.(Parts)
		if !ok {
			continue
		}
		if first == "" {
			first = c.Field.Name
		}
		count += len(parts.Create) + len(parts.Update) + len(parts.Delete)
		for _, made := range parts.Create {
			more, _ := countParts(made)
			count += more
		}
		for _, changed := range parts.Update {
			more, _ := countParts(changed.Changes)
			count += more
		}
	}
	return count, first
}

// takeParts takes what is to become of the rows of a list.
func (w *write) takeParts(f *meta.Field, value any) {
	parts, ok := value.(Parts)
	switch {
	case !ok:
		w.wrong.add(f.Name, kit.FieldType, "This is what to create, update and delete.")
	case w.depth >= partsDepth:
		w.wrong.add(f.Name, kit.FieldTooLong, "Lists stand in lists %d deep at most.", partsDepth)
	case w.verb == meta.Create && len(parts.Update)+len(parts.Delete) > 0:
		w.wrong.add(f.Name, kit.FieldReadOnly, "A new %s has none to update or delete.", w.entity.Singular)
	case len(parts.Create)+len(parts.Update)+len(parts.Delete) > 0:
		w.parts = append(w.parts, partsOf{f, parts})
		w.foresee(f, parts)
	}
}

// foresee complains of what can be seen to be wrong with the rows before anything is written, so that the caller hears all
// of it at once.
func (w *write) foresee(f *meta.Field, parts Parts) {
	e := f.Target()
	look := func(path string, verb meta.Verb, changes []Change) {
		c := w.tx.write(e, verb)
		c.depth = w.depth + 1
		c.take(changes)
		if verb == meta.Create {
			c.begin()
			c.missing(e.Field(f.Inverse))
		}
		for _, wrong := range c.wrong.wrong {
			w.wrong.add(f.Name+"."+path+"."+wrong.Field, wrong.Code, "%s", wrong.Detail)
		}
	}
	for i, changes := range parts.Create {
		look("create."+itoa(i), meta.Create, changes)
	}
	for i, u := range parts.Update {
		if slices.ContainsFunc(parts.Update[:i], func(other PartUpdate) bool { return other.Key == u.Key }) {
			w.wrong.add(f.Name+".update."+itoa(i)+".id", kit.FieldFormat, twice)
		}
		look("update."+itoa(i), meta.Update, u.Changes)
	}
}

// twice is said of a row that is changed a second time in one list: of two values for one field, one would be lost.
const twice = "This row is changed above already."

// missing complains of fields that a new row can have from nobody but the caller, but for the one by which it belongs.
func (w *write) missing(by *meta.Field) {
	for _, f := range w.entity.Fields {
		if f.Kind == meta.Union && !f.Null && !w.takesAny(f) {
			w.wrong.add(f.Name, kit.FieldRequired, "This is required.")
		}
		if _, set := w.values[f]; !set && f != by && f.Default == nil && !f.Null && !f.Auto && f.Stored() && f.Name != w.entity.TenantBy {
			w.wrong.add(f.Name, kit.FieldRequired, "This is required.")
		}
	}
}

// belong makes a new row one of the list of another.
func (w *write) belong(of *belonging) {
	if of == nil {
		return
	}
	if _, twice := w.values[of.by]; twice {
		w.wrong.add(of.by.Name, kit.FieldReadOnly, "It belongs to what it is written with.")
		return
	}
	w.of, w.by = of, of.by
	w.values[of.by] = string(of.id)
	w.trust[of.by] = true
	w.given = append(w.given, of.by) // its rules are asked as of any
}

// parts makes the rows that come with new ones: of each list those of all rows together.
func (l *lot) parts(ctx context.Context) error {
	for _, f := range l.entity.Fields {
		var drafts []draft
		for _, w := range l.writes {
			for _, p := range w.parts {
				if p.field == f {
					drafts = w.drafts(p, drafts)
				}
			}
		}
		if len(drafts) == 0 {
			continue
		}
		if _, err := l.tx.makeAll(ctx, f.Target(), drafts, "", nil); err != nil {
			return err
		}
	}
	return nil
}

// drafts adds the rows that a list is to have more.
func (w *write) drafts(p partsOf, all []draft) []draft {
	of := &belonging{p.field.Target().Field(p.field.Inverse), w.id}
	for i, changes := range p.Create {
		all = append(all, draft{w.under(p.field.Name + ".create." + itoa(i)), changes, of, w.depth + 1})
	}
	return all
}

// writeParts does to the rows that belong to the row what was asked.
func (w *write) writeParts(ctx context.Context) error {
	for _, p := range w.parts {
		e := p.field.Target()
		of := &belonging{e.Field(p.field.Inverse), w.id}
		for i, key := range p.Delete {
			if err := w.tx.delete(ctx, e, key, 0, of); err != nil {
				return within(p.field.Name+".delete."+itoa(i), "", err)
			}
		}
		changed := map[kit.ID]bool{}
		for i, u := range p.Update {
			id, err := w.tx.update(ctx, e, u.Key, u.Version, u.Changes, of, w.depth+1)
			switch {
			case err != nil:
				return within(p.field.Name+".update."+itoa(i), ".id", err)
			case changed[id]: // once by its key, once by its id
				return kit.Invalid(p.field.Name+".update."+itoa(i)+".id", kit.FieldFormat, twice)
			}
			changed[id] = true
		}
	}
	l := &lot{tx: w.tx, entity: w.entity, writes: []*write{w}}
	return l.parts(ctx)
}

// under is the path of a field of the row in what the caller sent.
func (w *write) under(field string) string {
	if w.path == "" {
		return field
	}
	return w.path + "." + field
}

// at is a problem of the row as one of what the caller sent.
func (w *write) at(err error) error {
	if w.path == "" {
		return err
	}
	return within(w.path, "", err)
}

// within is a problem of a row as one of what it is written with: what is missing there is no reason to say that what the
// caller named is.
func within(path, key string, err error) error {
	var p *kit.Problem
	if !errors.As(err, &p) {
		return err
	}
	said := *p
	said.Fields = nil
	for _, f := range p.Fields {
		f.Field = strings.TrimSuffix(path+"."+f.Field, ".")
		said.Fields = append(said.Fields, f)
	}
	switch {
	case p.Code == kit.CodeNotFound:
		said.Code, said.Status, said.Detail = kit.CodeInvalid, 422, "The input is invalid."
		said.Fields = []kit.FieldError{{Field: path + key, Code: kit.FieldNotFound, Detail: p.Detail}}
	case len(p.Fields) == 0 && p.Status < 500:
		said.Fields = []kit.FieldError{{Field: path, Code: p.Code, Detail: p.Detail}}
	}
	return &said
}
