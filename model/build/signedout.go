package build

import (
	"strings"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// A rule may hold for a viewer who is not signed in because of the data ("listed"), because it says so ("true",
// "viewer == null"), or by accident: viewer is then null, and a comparison with null that is negated becomes true
// ("author != viewer", "!(author == viewer)"). The last is a mistake.
//
// To tell them apart each rule is evaluated with viewer = null and the data unknown. Every truth value carries whether
// it is so only because the viewer is null and was compared without being named. A rule that may be true with that
// mark is refused.

// keepSignedOutOut reports rules that hold for a signed-out viewer by accident, and notes which hold at all.
func (b *builder) keepSignedOutOut() {
	reported := map[string]bool{}
	for _, site := range b.rules {
		f := b.fate(site.rule.When, site.row())
		site.rule.SignedOut = f.is != never
		if f.is == never || !f.trueByAbsence {
			continue
		}
		key := site.rule.Pos.File + site.rule.Source + string(rune(site.rule.Pos.Line)) + string(rune(site.rule.Pos.Column))
		if reported[key] {
			continue
		}
		reported[key] = true
		hint := "viewer != null && " + site.rule.Source
		if strings.Contains(site.rule.Source, "||") {
			hint = "viewer != null && (" + site.rule.Source + ")"
		}
		edit := diag.Edit{Pos: site.rule.Pos, Length: length(site.rule.Source) + 2, Text: quoted(hint)}
		b.addEditWhere(!site.block, edit, site.rule.Pos, hint,
			"this holds for everybody who is not signed in: viewer is null then, and nothing equals null. Say that it is meant (viewer == null || …) or keep them out")
	}
}

// addEditWhere reports with a mechanical change where the text is written in plain quotes.
func (b *builder) addEditWhere(plain bool, edit diag.Edit, pos diag.Pos, hint, message string) {
	if !plain {
		b.problems.Add(pos, SignedOutHolds, hint, "%s", message)
		return
	}
	b.problems.AddEdit(pos, SignedOutHolds, hint, edit, "%s", message)
}

// quoted writes a text as a string of the design.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", `\t`).Replace(text) + `"`
}

// length is how many characters a text takes between its quotes.
func length(text string) int { return len([]rune(quoted(text))) - 2 }

// row is what the bare names of a rule are about.
func (s ruleSite) row() absentRow {
	if s.op != nil {
		return absentRow{args: s.op.Args}
	}
	return absentRow{entity: s.entity}
}

type certainty int

const (
	perhaps certainty = iota // the data decides
	always
	never
)

// fate is what a condition is for a signed-out viewer.
type fate struct {
	is             certainty
	trueByAbsence  bool // where it is true, that may be only because the viewer is null
	falseByAbsence bool
}

// refused is a condition that nothing satisfies without a viewer.
var refused = fate{is: never, falseByAbsence: true}

// absentRow is where the paths of an expression begin.
type absentRow struct {
	entity *model.Entity
	args   []*model.Field
	vars   map[string]*model.Field // the list of each element
	depth  int
}

func (r absentRow) with(name string, list *model.Field) absentRow {
	vars := map[string]*model.Field{name: list}
	for k, v := range r.vars {
		if k != name {
			vars[k] = v
		}
	}
	r.vars = vars
	return r
}

func opposite(f fate) fate {
	is := f.is
	switch f.is {
	case always:
		is = never
	case never:
		is = always
	}
	return fate{is: is, trueByAbsence: f.falseByAbsence, falseByAbsence: f.trueByAbsence}
}

// fate evaluates a condition.
func (b *builder) fate(x *model.Expr, row absentRow) fate {
	if row.depth > 40 {
		return fate{}
	}
	switch x.Op {
	case model.Const:
		if x.Value == true {
			return fate{is: always}
		}
		return fate{is: never}
	case model.Not:
		return opposite(b.fate(x.Args[0], row))
	case model.And:
		return b.all(x.Args, row)
	case model.Or:
		var opposites []fate
		for _, a := range x.Args {
			opposites = append(opposites, opposite(b.fate(a, row)))
		}
		return opposite(conjunction(opposites))
	case model.Eq, model.Ne, model.Lt, model.Le, model.Gt, model.Ge:
		return b.comparison(x, row)
	case model.In, model.Call:
		for _, a := range x.Args {
			if b.absent(a, row) {
				return refused
			}
		}
		return fate{}
	case model.Exists:
		return b.exists(x, row)
	case model.Can:
		return b.mayFate(x, row)
	case model.Get:
		return b.flag(x, row)
	case model.Find:
		if b.absent(x, row) {
			return refused
		}
	case model.If:
		return b.either(x, row)
	}
	return fate{}
}

func (b *builder) all(args []*model.Expr, row absentRow) fate {
	var fates []fate
	for _, a := range args {
		fates = append(fates, b.fate(a, row))
	}
	return conjunction(fates)
}

// conjunction: one part that is false on its own account settles the matter; one that is false only for want of a
// viewer settles it too, but marked.
func conjunction(fates []fate) fate {
	out := fate{is: always}
	marked := false
	for _, f := range fates {
		switch f.is {
		case never:
			if !f.falseByAbsence {
				return fate{is: never}
			}
			marked = true
		case perhaps:
			out.is = perhaps
		}
		out.trueByAbsence = out.trueByAbsence || f.trueByAbsence
		out.falseByAbsence = out.falseByAbsence || f.falseByAbsence
	}
	if marked {
		return refused
	}
	return out
}

func (b *builder) comparison(x *model.Expr, row absentRow) fate {
	left, right := x.Args[0], x.Args[1]
	if isNull(left) {
		left, right = right, left
	}
	if isNull(right) {
		named := left.Op == model.Get && left.Root == model.Viewer && len(left.Path) == 0
		f := fate{}
		switch {
		case named || isNull(left):
			f = fate{is: always}
		case b.absent(left, row):
			f = fate{is: always, trueByAbsence: true}
		case b.wavers(left, row):
			f = fate{trueByAbsence: true, falseByAbsence: true}
		}
		if x.Op == model.Ne {
			return opposite(f)
		}
		return f
	}
	switch {
	case b.absent(left, row) || b.absent(right, row):
		if x.Op == model.Ne {
			return opposite(refused)
		}
		return refused
	case b.wavers(left, row) || b.wavers(right, row):
		return fate{trueByAbsence: true, falseByAbsence: true}
	}
	return fate{}
}

func (b *builder) exists(x *model.Expr, row absentRow) fate {
	list := x.Args[0]
	if list.Root == model.Viewer {
		return refused
	}
	field := b.last(list, row)
	f := b.fate(x.Args[1], row.with(x.Var, field))
	if f.is == always {
		f.is = perhaps // the list may be empty
	}
	return f
}

// mayFate is the rule of another entity. That it holds by accident is said there.
func (b *builder) mayFate(x *model.Expr, row absentRow) fate {
	if b.absent(x.Args[0], row) {
		return refused
	}
	out := fate{is: never}
	for _, e := range b.asked[x] {
		rules := e.Allow.Of(x.Verb)
		if rules == nil {
			continue
		}
		for _, r := range *rules {
			f := b.fate(r.When, absentRow{entity: e, depth: row.depth + 10})
			out.falseByAbsence = out.falseByAbsence || f.falseByAbsence
			if f.is != never {
				out.is = perhaps
			}
		}
	}
	return out
}

// flag is a Boolean of the row, of the viewer, or computed.
func (b *builder) flag(x *model.Expr, row absentRow) fate {
	if x.Root == model.Viewer || b.prefixAbsent(x, row) {
		return refused
	}
	f := b.last(x, row)
	if f != nil && f.Computed != nil && b.computed[f] {
		if owner := b.owner(x, row); owner != nil {
			return b.fate(f.Computed, absentRow{entity: owner, depth: row.depth + 5})
		}
	}
	return fate{}
}

func (b *builder) either(x *model.Expr, row absentRow) fate {
	condition, yes, no := b.fate(x.Args[0], row), b.fate(x.Args[1], row), b.fate(x.Args[2], row)
	switch condition.is {
	case always:
		yes.trueByAbsence = yes.trueByAbsence || condition.trueByAbsence
		return yes
	case never:
		no.trueByAbsence = no.trueByAbsence || condition.falseByAbsence
		return no
	}
	out := fate{
		trueByAbsence:  yes.trueByAbsence || no.trueByAbsence || condition.trueByAbsence || condition.falseByAbsence,
		falseByAbsence: yes.falseByAbsence || no.falseByAbsence || condition.trueByAbsence || condition.falseByAbsence,
	}
	if yes.is == no.is {
		out.is = yes.is
	}
	return out
}

// absent says whether a value is null because nobody is signed in.
func (b *builder) absent(x *model.Expr, row absentRow) bool {
	if row.depth > 40 {
		return false
	}
	switch x.Op {
	case model.Get:
		if x.Root == model.Viewer || b.prefixAbsent(x, row) {
			return true
		}
		return b.computedAbsent(b.last(x, row), b.owner(x, row), row)
	case model.Find:
		if x.Args[0].Root == model.Viewer {
			return true
		}
		inner := row.with(x.Var, b.last(x.Args[0], row))
		return b.fate(x.Args[1], inner).is == never || b.absent(x.Args[2], inner)
	case model.Add, model.Sub, model.Mul, model.Div, model.Mod, model.Neg, model.Call:
		for _, a := range x.Args {
			if b.absent(a, row) {
				return true
			}
		}
	case model.If:
		return b.absent(x.Args[1], row) && b.absent(x.Args[2], row)
	}
	return false
}

// wavers says whether a value is another for want of a viewer, without being null: a count of what is the viewer's.
func (b *builder) wavers(x *model.Expr, row absentRow) bool {
	if row.depth > 40 {
		return false
	}
	switch x.Op {
	case model.Count, model.Sum, model.Min, model.Max, model.Avg, model.Find:
		if x.Args[0].Root == model.Viewer {
			return true
		}
		f := b.fate(x.Args[1], row.with(x.Var, b.last(x.Args[0], row)))
		return f.trueByAbsence || f.falseByAbsence
	case model.Get:
		f, owner := b.last(x, row), b.owner(x, row)
		if f != nil && f.Computed != nil && b.computed[f] && owner != nil {
			return b.wavers(f.Computed, absentRow{entity: owner, depth: row.depth + 5})
		}
	case model.Exists, model.And, model.Or, model.Not, model.Eq, model.Ne, model.In, model.Can:
		f := b.fate(x, row)
		return f.trueByAbsence || f.falseByAbsence
	case model.Add, model.Sub, model.Mul, model.Div, model.Mod, model.Neg, model.If, model.Call:
		for _, a := range x.Args {
			if b.wavers(a, row) || x.Op == model.If && b.absent(a, row) {
				return true
			}
		}
	}
	return false
}

// prefixAbsent says whether a path goes through a computed value that is null without a viewer.
func (b *builder) prefixAbsent(x *model.Expr, row absentRow) bool {
	absent := false
	b.walk(x, row, func(owner *model.Entity, f *model.Field, last bool) {
		if !last && b.computedAbsent(f, owner, row) {
			absent = true
		}
	})
	return absent
}

func (b *builder) computedAbsent(f *model.Field, owner *model.Entity, row absentRow) bool {
	if f == nil || f.Computed == nil || !b.computed[f] || owner == nil || f.Kind == model.Boolean {
		return false
	}
	return b.absent(f.Computed, absentRow{entity: owner, depth: row.depth + 5})
}

func (b *builder) last(x *model.Expr, row absentRow) *model.Field {
	var found *model.Field
	b.walk(x, row, func(_ *model.Entity, f *model.Field, last bool) {
		if last {
			found = f
		}
	})
	return found
}

func (b *builder) owner(x *model.Expr, row absentRow) *model.Entity {
	var found *model.Entity
	b.walk(x, row, func(owner *model.Entity, _ *model.Field, last bool) {
		if last {
			found = owner
		}
	})
	return found
}

// walk follows a path field by field. The owner is nil inside value objects and inputs.
func (b *builder) walk(x *model.Expr, row absentRow, step func(owner *model.Entity, f *model.Field, last bool)) {
	if x.Op != model.Get {
		return
	}
	var owner *model.Entity
	var fields []*model.Field
	switch x.Root {
	case model.This, model.Old:
		owner = row.entity
	case model.Viewer:
		if b.model.Account != nil {
			owner = b.model.Account.Entity
		}
	case model.Variable:
		list := row.vars[x.Var]
		if list == nil {
			return
		}
		if len(x.Path) == 0 {
			return
		}
		owner, fields = list.Target, structFields(list)
	case model.Arg:
		fields = row.args
	}
	if owner != nil {
		fields = owner.Fields
	}
	for i, name := range x.Path {
		f := find(fields, name)
		if f == nil {
			return
		}
		step(owner, f, i == len(x.Path)-1)
		owner, fields = f.Target, structFields(f)
		if owner != nil {
			fields = owner.Fields
		}
	}
}

func structFields(f *model.Field) []*model.Field {
	if f.Struct != nil {
		return f.Struct.Fields
	}
	return nil
}
