package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// page reads @page: rows a page and their order, each as before where d does not say. Without any order the newest
// come first.
func (b *builder) page(p *model.Page, of *model.Entity, d *design.Directive) {
	if n := whole(d.Arg("size")); n != nil {
		p.Size = *n
		p.Max = max(p.Max, p.Size)
	}
	if n := whole(d.Arg("max")); n != nil {
		p.Max = *n
	}
	if p.Size < 1 || p.Max < p.Size {
		b.problems.Add(d.Pos, Contradiction, "write a size from 1 up to max", "a page has at least one row and at most max")
		p.Size, p.Max = 20, 100
	}
	if names := d.Arg("order").Names(); len(names) > 0 {
		p.Order = nil
		for _, name := range names {
			if order, ok := b.order(of, name); ok {
				p.Order = append(p.Order, order)
			}
		}
	}
	if len(p.Order) == 0 {
		p.Order = []model.Order{{Field: find(of.Fields, "createdAt"), Descending: true}}
	}
}

// order reads one key: position, position_ASC, createdAt_DESC.
func (b *builder) order(of *model.Entity, name design.Name) (model.Order, bool) {
	text, descending := strings.CutSuffix(name.Text, "_DESC")
	if !descending {
		text = strings.TrimSuffix(text, "_ASC")
	}
	f := find(of.Fields, text)
	switch {
	case f == nil:
		b.unknownField(of, name.Pos, text)
		return model.Order{}, false
	case f.Kind == "":
		return model.Order{}, false
	case f.WriteOnly:
		b.problems.Add(name.Pos, WrongPlace, "", "rows cannot be ordered by %s: it is never shown, and an order tells of it", text)
		return model.Order{}, false
	case f.Method:
		b.problems.Add(name.Pos, WrongPlace, "", "rows cannot be ordered by %s: it is worked out in Go, when they have been read", text)
		return model.Order{}, false
	case f.Kind == model.List || f.Repeated || f.Kind == model.Value || f.Kind == model.JSON || f.Kind == model.Bytes || f.Kind == model.Ref || f.Kind == model.Union || f.Kind == model.File:
		b.problems.Add(name.Pos, WrongPlace, "", "rows cannot be ordered by %s: it is %s", text, article(string(f.Kind)))
		return model.Order{}, false
	}
	return model.Order{Field: f, Descending: descending}, true
}

func (b *builder) unknownField(e *model.Entity, pos diag.Pos, name string) {
	if b.declared[e].Broken {
		return // it may be what was left out
	}
	b.misspelt(pos, name, fieldNames(e.Fields), "%s has no field %q", e.Name, name)
}

func fieldNames(fields []*model.Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}

// constrainTypes reads @unique, @index, @noOverlap and @check, on types and, for @check, on fields.
func (b *builder) constrainTypes() {
	for _, e := range b.model.Entities {
		t := b.declared[e]
		for _, d := range design.FindAll(t.Directives, "unique") {
			b.typeUnique(e, d)
		}
		for _, d := range design.FindAll(t.Directives, "index") {
			b.typeIndex(e, d)
		}
		b.partialUniques(e)
		b.partialIndexes(e)
		b.checks(e)
		b.excludes(e)
	}
	for _, e := range b.model.Entities {
		b.linkedOnce(e)
		b.upsert(e)
	}
	b.structChecks()
}

// upsert reports what a name alone cannot make.
func (b *builder) upsert(e *model.Entity) {
	if !e.Upsert {
		return
	}
	pos := design.Find(b.directives(e.Key), "key").Arg("upsert").Pos
	if !textKinds[e.Key.Kind] {
		b.problems.Add(pos, WrongPlace, "", "what is named is a text; %s is %s", e.Key.Name, article(string(e.Key.Kind)))
	}
	if len(e.Allow.Create) == 0 {
		b.problems.Add(pos, Contradiction, "say on "+e.Name+" who may CREATE", "nobody may create %s, so naming one makes none", e.Plural)
	}
	for _, f := range e.Fields {
		if f != e.Key && !f.Auto && f.Stored() && !f.Null && f.Default == nil && !f.Tenant && f.Kind != "" && !b.broken[f] {
			b.problems.Add(pos, Contradiction, fmt.Sprintf("give %s a @default, or leave out its \"!\"", f.Name), "%s is made by naming it, and %s is required too", article(e.Name), f.Name)
		}
	}
}

// linkedOnce reports lists through an entity that may link the same two rows twice: a row would stand in the list twice.
func (b *builder) linkedOnce(e *model.Entity) {
	for _, f := range e.Fields {
		if f.Kind != model.List || f.Through == nil {
			continue
		}
		link, from, to := f.Through.Entity, f.Through.From, f.Through.To
		once := func(u *model.Unique) bool {
			pair := []*model.Field{from, to}
			return u.When == nil && len(u.Fields) <= 2 && !slices.ContainsFunc(u.Fields, func(f *model.Field) bool { return !slices.Contains(pair, f) })
		}
		if !slices.ContainsFunc(link.Uniques, once) {
			unique := fmt.Sprintf("@unique(fields: [%s, %s])", from.Name, to.Name)
			edit := diag.Edit{Pos: design.Find(b.declared[link].Directives, "entity").End, Text: " " + unique}
			b.problems.AddEdit(design.Find(b.directives(f), "through").Pos, Contradiction, fmt.Sprintf("write %s on %s", unique, link.Name), edit,
				"two %s could link the same rows, and %s would hold one twice", link.Plural, f.Name)
		}
	}
}

// namedFields reads fields: [project, number].
func (b *builder) namedFields(e *model.Entity, d *design.Directive, what string) ([]*model.Field, bool) {
	names := d.Arg("fields").Names()
	if len(names) == 0 {
		if !d.Broken {
			b.problems.Add(d.Pos, WrongPlace, "name them with fields:", "%s on a type names its fields", what)
		}
		return nil, false
	}
	var fields []*model.Field
	ok := true
	for _, name := range names {
		f := find(e.Fields, name.Text)
		switch {
		case f == nil:
			b.unknownField(e, name.Pos, name.Text)
			ok = false
		case f.Kind == "":
			ok = false
		case f.Kind == model.Union:
			fields = append(fields, f)
		case !b.indexable(f, d, what):
			ok = false
		default:
			for _, other := range fields {
				if other == f {
					b.problems.Add(name.Pos, Contradiction, "", "%s is named twice", name.Text)
					ok = false
				}
			}
			fields = append(fields, f)
		}
	}
	return fields, ok
}

func (b *builder) typeUnique(e *model.Entity, d *design.Directive) {
	fields, ok := b.namedFields(e, d, "@unique")
	if !ok {
		return
	}
	b.unique(e, d, fields)
}

// partialIndexes lowers the conditions of indexes that stand on fields.
func (b *builder) partialIndexes(e *model.Entity) {
	for _, i := range e.Indexes {
		for _, d := range design.FindAll(b.directives(asWritten(i.Fields[0])), "index") {
			if when := d.Arg("when"); when != nil && d.Pos == i.Pos {
				i.When = b.partialCondition(e, when, "an index")
			}
		}
	}
}

// partialUniques lowers the conditions of uniques, wherever they stand.
func (b *builder) partialUniques(e *model.Entity) {
	for _, d := range append(design.FindAll(b.declared[e].Directives, "unique"), b.uniquesOfFields(e)...) {
		if when := d.Arg("when"); when != nil {
			for _, u := range e.Uniques {
				if u.Pos == d.Pos {
					u.When = b.partialCondition(e, when, "an index")
				}
			}
		}
	}
}

func (b *builder) typeIndex(e *model.Entity, d *design.Directive) {
	fields, ok := b.namedFields(e, d, "@index")
	if !ok {
		return
	}
	for _, fields := range withArms(fields) {
		i := &model.Index{Pos: d.Pos, Fields: fields}
		i.Name = b.unusedName(append(append([]string{e.Table}, columns(fields)...), "idx")...)
		if when := d.Arg("when"); when != nil {
			i.When = b.partialCondition(e, when, "an index")
		}
		e.Indexes = append(e.Indexes, i)
	}
}

// partialCondition lowers the condition of what the database keeps: it may name columns of the row and nothing else.
func (b *builder) partialCondition(e *model.Entity, when *design.Value, what string) *model.Expr {
	x := b.compile(when, scope{entity: e}, boolean)
	if x == nil {
		return nil
	}
	if _, ok := predicate(e, x); !ok {
		b.problems.Add(when.Pos, NotLocal, "", "%s can only ask about columns of its own row: %s", what, when.Text)
		return nil
	}
	return x
}

// names says whether an expression reaches a root anywhere.
func names(x *model.Expr, root model.Root) bool {
	if x == nil {
		return false
	}
	if x.Op == model.Get && x.Root == root {
		return true
	}
	for _, arg := range x.Args {
		if names(arg, root) {
			return true
		}
	}
	return false
}
