package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// use is why the Go code of one module names a type of another.
type use struct {
	to  *model.Module
	why string
	pos diag.Pos
}

// modules finds which modules use which: by a reference of an entity, or by a type that an operation names. Packages
// of Go cannot use each other in a circle, so a circle is reported with what makes it.
func (b *builder) modules() {
	uses := map[*model.Module][]use{}
	for _, m := range b.model.Modules {
		uses[m] = usesOf(m)
		for _, u := range uses[m] {
			if !slices.Contains(m.Uses, u.to) {
				m.Uses = append(m.Uses, u.to)
			}
		}
		slices.SortFunc(m.Uses, func(x, y *model.Module) int { return strings.Compare(x.Name, y.Name) })
	}
	slices.SortFunc(b.model.Modules, func(x, y *model.Module) int { return strings.Compare(x.Name, y.Name) })
	b.circles(uses)
}

func usesOf(m *model.Module) []use {
	var uses []use
	fields := func(owner string, fs []*model.Field) {
		for _, f := range fs {
			to := moduleOf(f)
			if to == nil || to == m || to.Name == "" || isComputed(f) {
				continue
			}
			uses = append(uses, use{to: to, why: owner + "." + f.Name, pos: f.Pos})
		}
	}
	for _, e := range m.Entities {
		fields(e.Name, e.Fields)
	}
	for _, s := range append(append([]*model.Struct{}, m.Values...), m.Inputs...) {
		fields(s.Name, s.Fields)
	}
	for _, e := range m.Events {
		fields(e.Name, e.Fields)
	}
	for _, o := range m.Operations {
		for _, e := range o.Emits {
			if e.Module != m {
				uses = append(uses, use{to: e.Module, why: o.Name + " emits " + e.Name, pos: o.Pos})
			}
		}
		fields(o.Name, append(append([]*model.Field{}, o.Args...), &model.Field{Pos: o.Pos, Name: "result", Kind: o.Result.Kind, Target: o.Result.Target, Enum: o.Result.Enum, Struct: o.Result.Struct}))
	}
	return uses
}

// moduleOf is where the type of a field is declared. A list is not a column, so it makes nothing depend on its target.
func moduleOf(f *model.Field) *model.Module {
	switch {
	case f.Kind == model.Ref && f.Target != nil:
		return f.Target.Module
	case f.Kind == model.List && f.Join != nil && f.Join.Owner:
		return f.Target.Module
	case f.Enum != nil:
		return f.Enum.Module
	case f.Struct != nil:
		return f.Struct.Module
	case f.Union != nil:
		return f.Union.Module
	}
	return nil
}

// circles reports each circle of modules once, at the field that closes it.
func (b *builder) circles(uses map[*model.Module][]use) {
	state := map[*model.Module]int{} // 1 on the way, 2 done
	var way []use
	var visit func(m *model.Module)
	visit = func(m *model.Module) {
		state[m] = 1
		for _, u := range uses[m] {
			switch state[u.to] {
			case 0:
				way = append(way, u)
				visit(u.to)
				way = way[:len(way)-1]
			case 1:
				b.circle(m, u, way)
			}
		}
		state[m] = 2
	}
	for _, m := range b.model.Modules {
		if state[m] == 0 {
			visit(m)
		}
	}
}

func (b *builder) circle(m *model.Module, last use, way []use) {
	start := len(way)
	for start > 0 && way[start-1].to != last.to {
		start--
	}
	var why []string
	for _, u := range way[start:] {
		why = append(why, fmt.Sprintf("%s (%s)", u.why, u.to.Name))
	}
	why = append(why, fmt.Sprintf("%s (%s)", last.why, last.to.Name))
	b.problems.Add(last.pos, ModuleCircle, fmt.Sprintf("put %s and %s into one file", m.Name, last.to.Name),
		"the modules %s and %s use each other: %s", last.to.Name, m.Name, strings.Join(why, ", "))
}
