package query

import (
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// computed is the value of a computed field of the row s, in the form that its kind states. Inside the expression all
// rows are visible.
func (r *renderer) computed(s *scope, f *meta.Field) operand {
	if r.depth++; r.depth > maxDepth {
		r.fail("%s.%s: computed fields that lead to each other", s.entity.Name, f.Name)
		return operand{sql: sqlNull}
	}
	defer func() { r.depth-- }()
	want := fieldType(f)
	want.column = false
	if f.Kind == meta.Boolean && !f.Null {
		return r.truth(r.cond(f.Computed, inside(s), false))
	}
	o := r.value(f.Computed, inside(s))
	if o.typ.untyped {
		o = r.constant(f.Computed, r.fine(f.Computed, want))
	}
	if o.sql == sqlNull {
		return operand{sql: sqlNull, typ: want}
	}
	return r.fitted(o, f)
}

// convert is a number of one kind as one of another; other values stay as they are.
func (r *renderer) convert(sql string, from, to typ) string {
	switch {
	case from.long && to.kind == meta.Float:
		return "decimal_float(" + sql + ")"
	case from.long:
		return "decimal_round(" + sql + ", " + strconv.Itoa(to.scale) + ")"
	case to.kind == meta.Float && from.kind != meta.Float:
		if r.postgres {
			return bracket(sql) + "::double precision"
		}
		return "(" + bracket(sql) + " / 1" + strings.Repeat("0", operand{typ: from}.scale()) + ".0)"
	case to.kind == meta.Decimal && r.postgres:
		return "round(" + bracket(sql) + "::numeric, " + strconv.Itoa(to.scale) + ")"
	case to.kind == meta.Decimal:
		difference := to.scale - operand{typ: from}.scale()
		switch {
		case from.kind == meta.Float:
			factor := " * 1" + strings.Repeat("0", max(difference, 0)) + ".0"
			if difference < 0 {
				factor = " / 1" + strings.Repeat("0", -difference) + ".0"
			}
			return "round(" + bracket(sql) + factor + ")"
		case difference < 0: // halves away from 0, as PostgreSQL rounds
			power := "1" + strings.Repeat("0", -difference)
			return r.once(bracket(sql), func(v string) string {
				return "(" + v + " + (" + v + " >= 0) * " + power + " - 5" + power[2:] + ") / " + power
			})
		case difference > 0:
			return "(" + bracket(sql) + " * 1" + strings.Repeat("0", difference) + ")"
		}
	}
	return sql
}

// predicate is the computed Boolean of a row at hand that x names, nil where it names something else.
func (e env) predicate(x *meta.Expr) (*scope, *meta.Field) {
	if s, f := e.computed(x); f != nil && f.Kind == meta.Boolean {
		return s, f
	}
	return nil, nil
}

// counted is the computed number of a list's elements that x names, of a row at hand; nil where it names something else.
func (e env) counted(x *meta.Expr) (*scope, *meta.Field) {
	if s, f := e.computed(x); f != nil && f.Computed.Op == meta.OpCount {
		return s, f
	}
	return nil, nil
}

func (e env) computed(x *meta.Expr) (*scope, *meta.Field) {
	if x.Op != meta.OpGet || len(x.Path) != 1 || x.Root == meta.RootViewer || x.Root == meta.RootArg {
		return nil, nil
	}
	s := e.rowOf(x)
	if s == nil || s.entity == nil || s.bound != nil {
		return nil, nil
	}
	f := s.entity.Field(x.Path[0])
	if f == nil || f.Computed == nil {
		return nil, nil
	}
	return s, f
}
