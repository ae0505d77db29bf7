package catalog

import (
	"context"

	"github.com/fettlehq/fettle/kit/query"
)

// Business answers the operations of this module.
type Business struct{}

var _ Operations = (*Business)(nil)

// New makes the operations.
func New() *Business { return &Business{} }

// RunningOut lists the variants of which fewer than below pieces are left, a hundred at most.
func (b *Business) RunningOut(ctx context.Context, tx Tx, below int) ([]Variant, error) {
	variants, _, err := tx.Variants.List(ctx, VariantQuery{
		Where: Variants.Stock.Lt(below),
		Order: []query.OrderBy[Variant]{Variants.Stock.Asc()},
		First: 100,
	})
	return variants, err
}
