package query

import (
	"fmt"

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
		for _, c := range allChecks(entity) {
			if err := e.render1(entity, c.That); err != nil {
				return fmt.Errorf("%s: check %s: %w", entity.Name, c.Name, err)
			}
		}
	}
	for _, o := range e.backend.Operations {
		for _, rule := range o.Allow {
			r := &renderer{dialect: e.dialect, backend: e.backend, account: e.account, signed: true}
			r.cond(rule.When, env{args: o.Args}, false)
			if r.err != nil {
				return fmt.Errorf("%s: %s: %w", o.Name, rule.Source, r.err)
			}
		}
	}
	return nil
}

func (e *Engine) renders(entity *meta.Entity, rules []meta.Rule) error {
	for _, rule := range rules {
		if err := e.render1(entity, rule.When); err != nil {
			return fmt.Errorf("%s: %w", rule.Source, err)
		}
	}
	return nil
}

func (e *Engine) render1(entity *meta.Entity, x *meta.Expr) error {
	r := &renderer{dialect: e.dialect, backend: e.backend, account: e.account, signed: true}
	row := &scope{entity: entity, alias: "t0"}
	r.cond(x, env{this: row, old: row}, false)
	return r.err
}
