package build

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// A union of an entity is an exclusive arc. For
//
//	union Reportable = Message | User
//	type Report @entity @unique(fields: [reporter, subject]) { subject: Reportable! }
//
// the table has the nullable references subject_message_id and subject_user_id, a check that exactly one of them is set
// (at most one, without the "!"), and a unique index for each. Everything behind this file knows references only.

// union is the type that a union of the design declares.
func (b *builder) union(t *design.Type) *model.UnionType {
	u := b.joined[t]
	if u.Members == nil {
		for _, member := range t.Members {
			if e := b.entities[member.Text]; e != nil {
				u.Members = append(u.Members, e)
			}
		}
	}
	return u
}

// arms are the references of a union's field, one for each entity that it joins.
func (b *builder) arms(f *model.Field) []*model.Field {
	prefix := columnOf(&model.Field{Name: f.Name}, b.directives(f))
	for _, member := range f.Union.Members {
		arm := *f
		arm.Kind, arm.Union, arm.ArmOf = model.Ref, nil, f
		arm.Name, arm.Target, arm.Null, arm.Internal = f.Name+member.Name, member, true, true
		arm.Column = prefix + "_" + snake(member.Name) + "_id"
		if was := design.Find(b.directives(f), "was").Arg("name"); was != nil {
			arm.Was = snake(was.Text) + "_" + snake(member.Name) + "_id"
		}
		f.Arms = append(f.Arms, &arm)
	}
	return f.Arms
}

// armFor is the arm of a union that refers to an entity, and any other field as it is.
func armFor(f *model.Field, to *model.Entity) *model.Field {
	if f == nil || f.Kind != model.Union {
		return f
	}
	for _, arm := range f.Arms {
		if arm.Target == to {
			return arm
		}
	}
	return f
}

// withArms is the fields of an index with an arm in place of each union: one list for each choice of arms.
func withArms(fields []*model.Field) [][]*model.Field {
	at := slices.IndexFunc(fields, func(f *model.Field) bool { return f.Kind == model.Union })
	if at < 0 {
		return [][]*model.Field{fields}
	}
	var all [][]*model.Field
	for _, arm := range fields[at].Arms {
		chosen := slices.Clone(fields)
		chosen[at] = arm
		all = append(all, withArms(chosen)...)
	}
	return all
}

// exclusive is the check that a union names one row: not two, and none only where it may be null.
func exclusive(e *model.Entity, f *model.Field) *model.Check {
	absent := func(arm *model.Field) *model.Expr {
		at := &model.Expr{Op: model.Get, Root: model.This, Path: []string{arm.Name}, Kind: model.Ref}
		return &model.Expr{Op: model.Eq, Args: []*model.Expr{at, {Op: model.Const}}, Kind: model.Boolean}
	}
	one := &model.Expr{Op: model.Or, Kind: model.Boolean} // all but one are absent
	for i := range f.Arms {
		others := &model.Expr{Op: model.And, Kind: model.Boolean}
		for j, arm := range f.Arms {
			switch x := absent(arm); {
			case j != i:
				others.Args = append(others.Args, x)
			case !f.Null:
				others.Args = append(others.Args, negate(x))
			}
		}
		one.Args = append(one.Args, single(others))
	}
	names := make([]string, len(f.Arms))
	for i, arm := range f.Arms {
		names[i] = arm.Name
	}
	return &model.Check{
		Pos: f.Pos, Name: sqlName(e.Table, snake(f.Name), "check"), That: single(one), Code: defaultCheckCode, Field: f,
		Source: "one of " + strings.Join(names, ", "),
	}
}

// single is the only part of a conjunction or disjunction that has one.
func single(x *model.Expr) *model.Expr {
	if len(x.Args) == 1 {
		return x.Args[0]
	}
	return x
}

// armOf is the path to an arm of the union that another path leads to.
func armOf(union *model.Expr, arm *model.Field) *model.Expr {
	x := *union
	last := len(union.Path) - 1
	x.Path, x.Kind = append(union.Path[:last:last], arm.Name), model.Ref
	return &x
}

// memberFields is what an expression may name of a union: a row of each of its types, null where it is of another.
func memberFields(u *model.UnionType) []*model.Field {
	fields := make([]*model.Field, len(u.Members))
	for i, e := range u.Members {
		fields[i] = &model.Field{Pos: u.Pos, Name: e.Singular, Kind: model.Ref, Null: true, Target: e}
	}
	return fields
}

// unionMember lowers subject.message: the row, if it is of that type.
func (l *lowerer) unionMember(e ast.Expr, of value, name string) *value {
	if of.x.Op != model.Get || len(of.x.Path) == 0 {
		return l.fail(e, NoSuchOperation, "", "this union has no form in a database")
	}
	for _, arm := range of.t.arms {
		if arm.Target.Singular == name {
			return &value{x: armOf(of.x, arm), t: typOf(arm)}
		}
	}
	return l.fail(e, UnknownName, "", "a union has no type %q", name)
}

// compareUnion lowers a union compared with null, or with a row of one of its entities.
func (l *lowerer) compareUnion(e ast.Expr, op model.Op, a, c *value) *value {
	if a.t.kind != model.Union {
		a, c = c, a
	}
	if a.x.Op != model.Get || len(a.x.Path) == 0 {
		return l.fail(e, NoSuchOperation, "", "this union has no form in a database")
	}
	if c.t.kind == nullKind {
		none := &model.Expr{Op: model.And, Kind: model.Boolean}
		for _, arm := range a.t.arms {
			none.Args = append(none.Args, &model.Expr{Op: model.Eq, Args: []*model.Expr{armOf(a.x, arm), c.x}, Kind: model.Boolean})
		}
		if op == model.Ne {
			return truth(negate(single(none)))
		}
		return truth(single(none))
	}
	for _, arm := range a.t.arms {
		if c.t.kind == model.Ref && c.t.entity == arm.Target {
			return truth(&model.Expr{Op: op, Args: []*model.Expr{armOf(a.x, arm), c.x}, Kind: model.Boolean})
		}
	}
	return l.fail(e, NoSuchOperation, "compare it with a row of one of its types, or with null", "a union cannot be compared with %s", c.t)
}

// asWritten is the field as the design has it: of an arm its union.
func asWritten(f *model.Field) *model.Field {
	if f.ArmOf != nil {
		return f.ArmOf
	}
	return f
}
