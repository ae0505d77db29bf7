package oracle

import (
	"slices"

	"cel.dev/cel-go/common/ast"
)

// after is what is wrong with a row that was written. held tells which rules held of it before.
func (w *writer) after(row, old *Row, given []*Field, verb string, held map[*Rule]bool) (said []string) {
	if !w.system {
		if !w.allowed(row.Type.Allow[verb], row, old, held) {
			said = append(said, denied(w.viewer))
		}
		for _, f := range given {
			if rules := f.Allow[verb]; len(rules) > 0 && !w.allowed(rules, row, old, held) {
				said = append(said, denied(w.viewer))
			}
		}
	}
	for _, c := range row.Type.checks() {
		if old == nil && mentions(c.That, "old") {
			continue
		}
		if !(env{world: w.World, row: row, old: old, viewer: w.viewer, system: w.system}).holds(c.That) {
			said = append(said, "INVALID")
		}
	}
	if slices.ContainsFunc(row.Type.Spans, func(s *Span) bool { return s.backwards(row) }) {
		said = append(said, "INVALID")
	}
	for _, f := range row.Type.Fields {
		whole, _ := row.Values[f.Name].(*Row)
		if f.Scalar != "reference" || whole == nil || verb == "UPDATE" && !slices.Contains(given, f) {
			continue
		}
		for _, list := range f.Type.Fields {
			if list.Inverse == f && list.Type == row.Type && list.Bound > 0 && len(w.Links(whole, list)) > list.Bound {
				said = append(said, "INVALID")
			}
		}
	}
	return said
}

// checks is all checks of a type and of its fields.
func (t *Type) checks() []*Check {
	all := slices.Clone(t.Checks)
	for _, f := range t.Fields {
		all = append(all, f.Checks...)
	}
	return all
}

// allowed tells whether a rule holds of the row as it is and, unless it names old itself, held of the row before.
func (w *writer) allowed(rules []*Rule, row, old *Row, held map[*Rule]bool) bool {
	return slices.ContainsFunc(rules, func(r *Rule) bool {
		if old != nil && !mentions(r.When, "old") && !held[r] {
			return false
		}
		return env{world: w.World, row: row, old: old, viewer: w.viewer}.holds(r.When)
	})
}

// mentions tells whether an expression names something.
func mentions(x ast.Expr, name string) bool {
	found := false
	ast.PostOrderVisit(x, ast.NewExprVisitor(func(part ast.Expr) {
		found = found || part.Kind() == ast.IdentKind && part.AsIdent() == name
	}))
	return found
}

// held tells which of the rules of an update hold of a row before it.
func (w *writer) held(row *Row, given []*Field) map[*Rule]bool {
	held := map[*Rule]bool{}
	ask := func(rules []*Rule) {
		for _, r := range rules {
			if !mentions(r.When, "old") {
				held[r] = env{world: w.World, row: row, viewer: w.viewer}.holds(r.When)
			}
		}
	}
	if !w.system {
		ask(row.Type.Allow["UPDATE"])
		for _, f := range given {
			ask(f.Allow["UPDATE"])
		}
	}
	return held
}

// leads tells whether a flow has a step. What was null begins now; nothing becomes null.
func (w *World) leads(f *Field, from, to Value) bool {
	switch {
	case to == nil:
		return false
	case from == nil:
		return slices.Contains(w.begins(f), to.(string))
	}
	return slices.Contains(f.Flow[from.(string)], to.(string))
}

// judge asks what must hold of a row now that it is written.
func (w *writer) judge(what func() []string) {
	tenant := w.In
	ask := func() (said []string) {
		w.within(tenant, func() { said = what() })
		return said
	}
	said := ask()
	w.last, w.heard = append(w.last, ask), append(w.heard, said)
	for _, code := range said {
		w.o.fail(code)
	}
}
