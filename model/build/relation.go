package build

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// relate gives every list of entities its other side: the reference that points back, or a join table.
//
// A list whose target refers back is one-to-many. Without such a reference it is many-to-many, and a list of the
// target that leads here is the same relation seen from there.
func (b *builder) relate() {
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			b.deletion(f)
			if f.Kind == model.List && !isComputed(f) {
				b.relateList(e, f)
			}
		}
	}
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			if f.Kind == model.List && !isComputed(f) && f.Inverse == nil && f.Through == nil && f.Join == nil {
				b.joinLists(e, f)
			}
		}
	}
}

func (b *builder) relateList(e *model.Entity, f *model.Field) {
	ds := b.directives(f)
	if through := design.Find(ds, "through"); through != nil {
		b.throughEntity(e, f, through)
		return
	}
	back := referencesTo(f.Target, e)
	inverse := design.Find(ds, "inverse").Arg("field")
	switch {
	case inverse != nil:
		chosen := armFor(find(f.Target.Fields, inverse.Text), e)
		switch {
		case chosen != nil && chosen.Kind == model.List && chosen.Target == e && chosen != f:
			return // a mutual list: joinLists takes it
		case chosen == nil || !refersTo(chosen, e):
			b.problems.AddEdit(inverse.Pos, BadInverse, choices("@inverse(field: %s)", back), only(inverse, back), "%s.%s is no reference to %s", f.Target.Name, inverse.Text, e.Name)
			f.Kind = ""
		default:
			f.Inverse = chosen
		}
	case len(back) == 1:
		f.Inverse = back[0]
	case len(back) > 1:
		b.problems.Add(f.Pos, Ambiguous, choices("@inverse(field: %s)", back), "%s refers to %s more than once: which reference does %s show from the other side?", f.Target.Name, e.Name, f.Name)
		f.Kind = ""
	}
}

// referencesTo lists the fields of an entity that refer to another.
func referencesTo(from, to *model.Entity) []*model.Field {
	var found []*model.Field
	for _, f := range from.Fields {
		if refersTo(f, to) {
			found = append(found, f)
		}
	}
	return found
}

func refersTo(f *model.Field, to *model.Entity) bool {
	return f.Kind == model.Ref && f.Target == to && !isComputed(f)
}

// only is the edit that names the one field that fits.
func only(name *design.Value, fields []*model.Field) diag.Edit {
	if len(fields) != 1 {
		return diag.Edit{}
	}
	return diag.Between(name.Pos, name.End, fields[0].Name)
}

func choices(format string, fields []*model.Field) string {
	var out []string
	for _, f := range fields {
		out = append(out, fmt.Sprintf(format, asWritten(f).Name))
	}
	return strings.Join(out, " or ")
}

// joinLists makes a many-to-many relation of a list and, where there is one, the list that leads back.
func (b *builder) joinLists(e *model.Entity, f *model.Field) {
	mutual, ok := b.mutual(e, f)
	if !ok {
		return
	}
	if mutual != nil && mutual.Join == nil && f.Bound == 0 && mutual.Bound > 0 {
		b.joinTable(f.Target, mutual, e, f)
		return
	}
	b.joinTable(e, f, f.Target, mutual)
}

// mutual finds the list of the target that is the same relation. It reports an ambiguity.
func (b *builder) mutual(e *model.Entity, f *model.Field) (*model.Field, bool) {
	if inverse := design.Find(b.directives(f), "inverse").Arg("field"); inverse != nil {
		return find(f.Target.Fields, inverse.Text), true
	}
	var named, back, alike []*model.Field
	for _, g := range f.Target.Fields {
		if g == f || g.Kind != model.List || g.Target != e || g.Inverse != nil || g.Through != nil || isComputed(g) {
			continue
		}
		switch inverse := design.Find(b.directives(g), "inverse").Arg("field"); {
		case inverse == nil:
			back = append(back, g)
		case inverse.Text == f.Name:
			named = append(named, g)
		}
	}
	if len(named) == 1 {
		return named[0], true
	}
	if e == f.Target {
		return nil, true // two lists of an entity to itself are two relations unless @inverse says otherwise
	}
	for _, g := range e.Fields {
		if g.Kind == model.List && g.Target == f.Target && g.Inverse == nil && g.Through == nil && g != f && !isComputed(g) &&
			design.Find(b.directives(g), "inverse") == nil {
			alike = append(alike, g)
		}
	}
	switch {
	case len(back) == 0:
		return nil, true
	case len(back) == 1 && len(alike) == 0:
		return back[0], true
	}
	b.problems.Add(f.Pos, Ambiguous, choices("@inverse(field: %s)", back)+", or leave the other lists out",
		"%s and %s are joined by more than one list: which is the other side of %s?", e.Name, f.Target.Name, f.Name)
	f.Kind = ""
	return nil, false
}

// joinTable gives the owning list and its other side, which may be nil, their table.
func (b *builder) joinTable(owner *model.Entity, f *model.Field, target *model.Entity, mutual *model.Field) {
	from, to := snake(owner.Name)+"_id", snake(target.Name)+"_id"
	if from == to {
		to = snake(singular(f.Name)) + "_id"
		if from == to {
			to = "other_" + to
		}
	}
	table := snake(owner.Name) + "_" + snake(f.Name)
	if name := design.Find(b.directives(f), "db").Arg("name"); name != nil {
		table = name.Text
	}
	for _, e := range b.model.Entities {
		if strings.EqualFold(e.Table, table) {
			b.problems.Add(f.Pos, NamesClash, "give it another name with @db", "the join table of %s.%s would be called as the table of %s: %s", owner.Name, f.Name, e.Name, table)
		}
	}
	b.tableStands(f.Pos, "the join table of "+owner.Name+"."+f.Name, table)
	for _, column := range []string{from, to} {
		b.columnStands(f.Pos, "a column of the join table of "+owner.Name+"."+f.Name, column)
	}
	f.Join = &model.JoinTable{Table: table, From: from, To: to, Owner: true}
	if mutual != nil {
		mutual.Join = &model.JoinTable{Table: table, From: to, To: from}
	}
}

// throughEntity reads @through: the references of the linking entity, named or the only ones that fit.
func (b *builder) throughEntity(e *model.Entity, f *model.Field, d *design.Directive) {
	name := d.Arg("entity")
	if name == nil {
		return
	}
	link := b.entities[name.Text]
	if link == nil {
		b.unknownEntity(name.Pos, name.Text)
		f.Kind = ""
		return
	}
	from := b.throughField(d, "from", link, e)
	to := b.throughField(d, "to", link, f.Target)
	if from == nil || to == nil {
		f.Kind = ""
		return
	}
	if from == to {
		b.problems.Add(d.Pos, Ambiguous, "name them with from: and to:", "%s links %s with itself: from and to must be two references", link.Name, e.Name)
		f.Kind = ""
		return
	}
	f.Through = &model.Through{Entity: link, From: from, To: to}
	f.Join = &model.JoinTable{Table: link.Table, From: from.Column, To: to.Column}
}

func (b *builder) throughField(d *design.Directive, arg string, link, target *model.Entity) *model.Field {
	refs := referencesTo(link, target)
	if name := d.Arg(arg); name != nil {
		if f := find(link.Fields, name.Text); f != nil && refersTo(f, target) {
			return f
		}
		b.problems.AddEdit(name.Pos, BadInverse, choices(arg+": %s", refs), only(name, refs), "%s.%s is no reference to %s", link.Name, name.Text, target.Name)
		return nil
	}
	switch len(refs) {
	case 1:
		return refs[0]
	case 0:
		if d.Broken {
			return nil
		}
		b.problems.Add(d.Pos, BadInverse, "", "%s has no reference to %s", link.Name, target.Name)
	default:
		b.problems.Add(d.Pos, Ambiguous, choices(arg+": %s", refs), "%s refers to %s more than once: which reference is %s?", link.Name, target.Name, arg)
	}
	return nil
}

// deletion reads @onDelete.
func (b *builder) deletion(f *model.Field) {
	if f.Kind == model.Ref && f.OnDelete == "" {
		f.OnDelete = model.Restrict
	}
	d := design.Find(b.directives(f), "onDelete")
	do := d.Arg("do")
	if do == nil || f.Kind == "" {
		return
	}
	switch {
	case f.Kind == model.List && f.Target != nil:
		b.problems.Add(d.Pos, WrongPlace, "put it on the reference", "@onDelete stands on a reference, not on its other side")
	case f.Kind != model.Ref && f.Kind != model.Union:
		b.problems.Add(d.Pos, WrongPlace, "", "@onDelete stands on a reference; %s is %s", f.Name, article(string(f.Kind)))
	case do.Text == string(model.SetNull) && !f.Null:
		hint, edit := "", diag.Edit{}
		if t := b.written[f].Type; f.Target != nil {
			hint, edit = fmt.Sprintf("write %s: %s", f.Name, t.Name), diag.Edit{Pos: diag.Pos{File: t.End.File, Line: t.End.Line, Column: t.End.Column - 1}, Length: 1}
		}
		b.problems.AddEdit(d.Pos, WrongPlace, hint, edit, "%s is required, so it cannot become null", f.Name)
	default:
		f.OnDelete, f.Said = model.OnDelete(do.Text), true
		for _, arm := range f.Arms {
			arm.OnDelete, arm.Said = f.OnDelete, true
		}
	}
}
