package promise

import (
	"slices"

	"github.com/fettlehq/fettle/model"
)

// truth is what is known of a condition.
type truth int

const (
	unknown truth = iota
	yes
	no
)

func truthOf(holds bool) truth {
	if holds {
		return yes
	}
	return no
}

// viewer is who asks: a new account, of which the fields are known that nobody chooses.
type viewer struct {
	name   who
	fields map[string]any
}

// accountFields are those values of a new account that registration does not take.
func accountFields(m *model.Model) map[string]any {
	out := map[string]any{}
	for _, f := range m.Account.Entity.Fields {
		if known, value := preset(f); known && !slices.Contains(m.Account.Fields, f) {
			out[f.Name] = value
		}
	}
	return out
}

// allows tells what is known of whether rules let a viewer at a row. No rule lets nobody.
func allows(rules []*model.Rule, v viewer, r *row) truth {
	out := no
	for _, rule := range rules {
		switch holds(rule.When, v, r, 0) {
		case yes:
			return yes
		case unknown:
			out = unknown
		}
	}
	return out
}

// holds tells what is known of a condition.
func holds(e *model.Expr, v viewer, r *row, depth int) truth {
	if depth > 20 {
		return unknown
	}
	switch e.Op {
	case model.And, model.Or:
		decides, out := no, yes
		if e.Op == model.Or {
			decides, out = yes, no
		}
		for _, arg := range e.Args {
			switch holds(arg, v, r, depth+1) {
			case decides:
				return decides
			case unknown:
				out = unknown
			}
		}
		return out
	case model.Not:
		switch holds(e.Args[0], v, r, depth+1) {
		case yes:
			return no
		case no:
			return yes
		}
		return unknown
	case model.Eq, model.Ne, model.In:
		return compares(e, v, r)
	case model.Can:
		to := at(e.Args[0], r)
		if to == nil {
			return unknown
		}
		rules := map[model.Verb][]*model.Rule{model.Read: to.entity.Allow.Read, model.Create: to.entity.Allow.Create, model.Update: to.entity.Allow.Update, model.Delete: to.entity.Allow.Delete}[e.Verb]
		out := no
		for _, rule := range rules {
			switch holds(rule.When, v, to, depth+1) {
			case yes:
				return yes
			case unknown:
				out = unknown
			}
		}
		return out
	case model.Const, model.Get:
		if e.Op == model.Get && e.Root == model.This && len(e.Path) == 1 { // a condition that has a name
			for _, f := range r.entity.Fields {
				if f.Name == e.Path[0] && f.Computed != nil {
					return holds(f.Computed, v, r, depth+1)
				}
			}
		}
		if value, known := value(e, v, r); known {
			holds, is := value.(bool)
			return truthOf(is && holds)
		}
	}
	return unknown
}

// compares tells what is known of a == b, a != b and a in [b, …].
func compares(e *model.Expr, v viewer, r *row) truth {
	a, known := value(e.Args[0], v, r)
	if !known {
		return unknown
	}
	out := no
	for _, arg := range e.Args[1:] {
		b, known := value(arg, v, r)
		switch {
		case !known:
			out = unknown
		case (a == nil || b == nil) && !literalNull(arg) && !literalNull(e.Args[0]): // nothing is like what is not there
		case a == b:
			return truthOf(e.Op != model.Ne)
		}
	}
	if out == no && e.Op == model.Ne {
		return yes
	}
	return out
}

func literalNull(e *model.Expr) bool { return e.Op == model.Const && e.Value == nil }

// value is what an expression comes to, if it is known.
func value(e *model.Expr, v viewer, r *row) (any, bool) {
	switch {
	case e.Op == model.Const:
		return e.Value, true
	case e.Op != model.Get:
		return nil, false
	case e.Root == model.Viewer && len(e.Path) == 0:
		return v.name, true
	case e.Root == model.Viewer && len(e.Path) == 1:
		value, known := v.fields[e.Path[0]]
		return value, known
	case e.Root != model.This && e.Root != model.Old:
		return nil, false
	}
	path := e.Path
	for len(path) > 1 {
		if r = r.refs[path[0]]; r == nil {
			return nil, false
		}
		path = path[1:]
	}
	if len(path) == 0 {
		return nil, false
	}
	value, known := r.fields[path[0]]
	return value, known
}

// at is the row that an expression names, nil where it is not known.
func at(e *model.Expr, r *row) *row {
	if e.Op != model.Get || e.Root != model.This && e.Root != model.Old {
		return nil
	}
	for _, step := range e.Path {
		if r = r.refs[step]; r == nil {
			return nil
		}
	}
	return r
}
