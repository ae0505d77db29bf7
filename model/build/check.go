package build

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// checks lowers @check. One on a field that may be null holds while the field is null.
func (b *builder) checks(e *model.Entity) {
	for _, d := range design.FindAll(b.declared[e].Directives, "check") {
		if c := b.check(scope{entity: e, old: true}, d); c != nil {
			c.Name = sqlName(e.Table, checkLabel(c), "check")
			e.Checks = append(e.Checks, c)
		}
	}
	for _, f := range e.Fields {
		for _, d := range design.FindAll(b.directives(f), "check") {
			if f.Kind == "" {
				continue
			}
			c := b.check(scope{entity: e, old: true}, d)
			if c == nil {
				continue
			}
			c.Field = f
			unlessAbsent(f, c)
			c.Name = sqlName(e.Table, snake(f.Name), checkLabel(c), "check")
			f.Checks = append(f.Checks, c)
		}
		if f.Kind == model.Union && len(f.Arms) > 0 && !f.Repeated {
			f.Checks = append(f.Checks, exclusive(e, f))
		}
	}
	for _, c := range append(append([]*model.Check{}, e.Checks...), checksOf(e.Fields)...) {
		_, c.Local = predicate(e, c.That)
	}
}

// unlessAbsent lets a check on a field hold while the field is null.
func unlessAbsent(f *model.Field, c *model.Check) {
	if !f.Null || f.Kind == model.List || f.Repeated || isComputed(f) {
		return
	}
	at := &model.Expr{Op: model.Get, Root: model.This, Path: []string{f.Name}, Kind: f.Kind}
	absent := &model.Expr{Op: model.Eq, Args: []*model.Expr{at, {Op: model.Const}}, Kind: model.Boolean}
	if f.Kind == model.Value {
		absent = absence(at, f.Struct.Fields, 0)
	}
	c.That = &model.Expr{Op: model.Or, Args: []*model.Expr{absent, c.That}, Kind: model.Boolean}
}

func checksOf(fields []*model.Field) []*model.Check {
	var out []*model.Check
	for _, f := range fields {
		out = append(out, f.Checks...)
	}
	return out
}

// checkLabel is the part of a constraint's name that tells it from others: its code, or else a hash of what it says, so
// that it keeps its name when others come and go.
func checkLabel(c *model.Check) string {
	if c.Code != defaultCheckCode {
		return strings.ToLower(c.Code)
	}
	h := fnv.New32a()
	h.Write([]byte(c.Source))
	return fmt.Sprintf("%08x", h.Sum32())
}

const defaultCheckCode = "CHECK_FAILED"

func (b *builder) check(s scope, d *design.Directive) *model.Check {
	that := d.Arg("that")
	if that == nil {
		return nil
	}
	c := &model.Check{Pos: that.Pos, Code: defaultCheckCode, Source: that.Text}
	if code := d.Arg("code"); code != nil {
		c.Code = code.Text
	}
	if c.That = b.compile(that, s, boolean); c.That == nil {
		return nil
	}
	if names(c.That, model.Old) {
		c.That = b.sinceUpdate(c.That)
	}
	if names(c.That, model.Viewer) {
		b.problems.Add(that.Pos, WrongPlace, "ask it in an @allow", "a @check binds everybody, so it does not ask who the viewer is")
		return nil
	}
	return c
}

// sinceUpdate makes a condition that names the row as it was hold for a new row, which was not.
func (b *builder) sinceUpdate(x *model.Expr) *model.Expr {
	isNew := &model.Expr{Op: model.Eq, Args: []*model.Expr{{Op: model.Get, Root: model.Old, Kind: model.Ref}, {Op: model.Const}}, Kind: model.Boolean}
	return &model.Expr{Op: model.Or, Args: []*model.Expr{isNew, x}, Kind: model.Boolean}
}

// structChecks lowers the @check of inputs and value objects, whose row is the struct itself.
func (b *builder) structChecks() {
	for _, t := range b.design.Types {
		s := b.structs[t.Name]
		if s == nil || b.structured[s] != t {
			continue
		}
		for _, f := range s.Fields {
			for _, d := range design.FindAll(b.directives(f), "check") {
				if c := b.check(scope{fields: s.Fields, strct: s}, d); c != nil && f.Kind != "" {
					c.Field = f
					unlessAbsent(f, c)
					c.Name = sqlName(snake(s.Name), snake(f.Name), checkLabel(c), "check")
					f.Checks = append(f.Checks, c)
				}
			}
		}
	}
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			if f.Kind == model.Value && !f.Repeated {
				b.partChecks(e, f, f, []string{f.Name}, f.Null)
			}
		}
	}
}

// partChecks gives a field that holds a value object the checks of its parts, about the entity's row.
func (b *builder) partChecks(e *model.Entity, holder, f *model.Field, path []string, optional bool) {
	for _, part := range f.Fields {
		declared := find(f.Struct.Fields, part.Name)
		part.Checks = nil
		for _, c := range declared.Checks {
			moved := *c
			moved.Field = holder
			moved.That = under(path, c.That)
			if optional {
				absent := absence(&model.Expr{Op: model.Get, Root: model.This, Path: path}, f.Struct.Fields, 0)
				moved.That = &model.Expr{Op: model.Or, Args: []*model.Expr{absent, moved.That}, Kind: model.Boolean}
			}
			moved.Name = sqlName(e.Table, part.Column, checkLabel(c), "check")
			_, moved.Local = predicate(e, moved.That)
			holder.Checks = append(holder.Checks, &moved)
		}
		if part.Kind == model.Value && !part.Repeated {
			b.partChecks(e, holder, part, append(path[:len(path):len(path)], part.Name), optional || part.Null)
		}
	}
}

// under puts the paths of an expression about a value object behind the field that holds it.
func under(path []string, x *model.Expr) *model.Expr {
	c := *x
	if c.Op == model.Get && c.Root == model.This {
		c.Path = append(path[:len(path):len(path)], x.Path...)
	}
	c.Args = nil
	for _, a := range x.Args {
		c.Args = append(c.Args, under(path, a))
	}
	return &c
}
