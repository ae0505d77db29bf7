package query

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/kit/meta"
)

// checkRules renders every rule and check once, so that one without a form in SQL stops the service at its start and
// not a request.
func (e *Engine) checkRules() error {
	for _, entity := range e.backend.Entities {
		for verb := meta.Read; verb <= meta.Delete; verb++ {
			if err := e.renders(entity, entity.Allow.Of(verb)); err != nil {
				return fmt.Errorf("%s: %w", entity.Name, err)
			}
			for _, f := range entity.Fields {
				if err := e.renders(entity, f.Allow.Of(verb)); err != nil {
					return fmt.Errorf("%s.%s: %w", entity.Name, f.Name, err)
				}
			}
		}
		for _, f := range entity.Fields {
			if err := e.computes(entity, f); err != nil {
				return fmt.Errorf("%s.%s: %w", entity.Name, f.Name, err)
			}
		}
		for _, c := range allChecks(entity) {
			if err := e.render1(c.That, ofRow(entity)); err != nil {
				return fmt.Errorf("%s: check %s: %w", entity.Name, c.Name, err)
			}
		}
	}
	if t := e.backend.Tenant; t != nil {
		if err := e.render1(t.When, ofRow(e.tenant)); err != nil {
			return fmt.Errorf("tenant: %w", err)
		}
	}
	for _, o := range slices.Concat(e.backend.Operations, e.backend.Subscriptions) {
		if o.Where != nil {
			if err := e.render1(o.Where, env{this: ofRow(o.Result.Target()).this, args: o.Args}); err != nil {
				return fmt.Errorf("%s: %w", o.Name, err)
			}
		}
		for _, rule := range o.Allow {
			if err := e.render1(rule.When, env{args: o.Args}); err != nil {
				return fmt.Errorf("%s: %s: %w", o.Name, rule.Source, err)
			}
		}
	}
	return nil
}

// computes renders what a field is computed from.
func (e *Engine) computes(entity *meta.Entity, f *meta.Field) error {
	if f.Computed == nil {
		return nil
	}
	return e.bothWays(func(r *renderer) { r.computed(ofRow(entity).this, f) })
}

func (e *Engine) renders(entity *meta.Entity, rules []meta.Rule) error {
	for _, rule := range rules {
		if err := e.render1(rule.When, ofRow(entity)); err != nil {
			return fmt.Errorf("%s: %w", rule.Source, err)
		}
	}
	return nil
}

func (e *Engine) render1(x *meta.Expr, within env) error {
	return e.bothWays(func(r *renderer) { r.cond(x, within, false) })
}

// bothWays renders for somebody who is signed in and for nobody, which fold differently.
func (e *Engine) bothWays(render func(r *renderer)) error {
	for _, signed := range []bool{true, false} {
		r := &renderer{dialect: e.dialect, backend: e.backend, account: e.account, signed: signed}
		if render(r); r.err != nil {
			return r.err
		}
	}
	return nil
}

// ofRow is the environment of a condition on a row and the row before it.
func ofRow(entity *meta.Entity) env {
	row := &scope{entity: entity, alias: "t0"}
	return env{this: row, old: row}
}
