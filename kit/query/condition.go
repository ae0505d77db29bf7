package query

import "github.com/fettlehq/fettle/kit/meta"

// And holds where all the conditions do.
func And(conditions ...*meta.Expr) *meta.Expr { return meta.And(conditions...) }

// Or holds where one of the conditions does.
func Or(conditions ...*meta.Expr) *meta.Expr { return meta.Or(conditions...) }

// Not holds where the condition does not.
func Not(condition *meta.Expr) *meta.Expr { return meta.Not(condition) }
