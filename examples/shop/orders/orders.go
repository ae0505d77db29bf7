package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"example.com/shop/catalog"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// Business answers the operations of this module.
type Business struct{}

var _ Operations = (*Business)(nil)

// New makes the operations.
func New() *Business { return &Business{} }

// PlaceOrder buys what is in the viewer's cart. The pieces are taken from stock one variant after the other, in the
// order of their ids, so that two orders never wait for each other in a circle.
func (b *Business) PlaceOrder(ctx context.Context, tx Tx, input PlaceOrder) (Order, error) {
	buyer := tx.Viewer().ID
	cart, err := cartOf(ctx, tx, buyer)
	if err != nil {
		return Order{}, err
	}
	lines := make([]NewOrderLine, len(cart))
	var total catalog.Money
	for i, line := range cart {
		variant, err := tx.Variants.Get(ctx, line.Variant)
		if err != nil {
			return Order{}, fmt.Errorf("variant of cart line %s: %w", line.ID, err)
		}
		if i > 0 && variant.Price.Currency != total.Currency {
			return Order{}, kit.Fail(CodeMixedCurrencies, "The cart holds prices in %s and in %s.", total.Currency, variant.Price.Currency)
		}
		if err := takeFromStock(ctx, tx, variant, line.Quantity); err != nil {
			return Order{}, err
		}
		product, err := tx.Products.Get(ctx, variant.Product)
		if err != nil {
			return Order{}, fmt.Errorf("product of variant %s: %w", variant.ID, err)
		}
		lines[i] = NewOrderLine{Variant: variant.ID, Title: product.Title, Quantity: line.Quantity, Price: variant.Price}
		total.Currency = variant.Price.Currency
		total.Amount = total.Amount.Add(variant.Price.Amount.Mul(kit.NewDecimal(line.Quantity)))
		if err := tx.CartLines.Delete(ctx, line.ID, 0); err != nil {
			return Order{}, err
		}
	}

	// Nobody may write orders but this code: hence System.
	id, err := tx.System().Orders.Create(ctx, NewOrder{Buyer: buyer, Total: total, ShipTo: Address(input.ShipTo)})
	if err != nil {
		return Order{}, err
	}
	for _, line := range lines {
		line.Order = id
		if _, err := tx.System().OrderLines.Create(ctx, line); err != nil {
			return Order{}, err
		}
	}
	return tx.Orders.Get(ctx, id)
}

// cartOf returns the lines of a cart by variant, at least one.
func cartOf(ctx context.Context, tx Tx, owner kit.ID) ([]CartLine, error) {
	lines, _, err := tx.CartLines.List(ctx, CartLineQuery{Where: CartLines.Owner.Eq(owner), First: 100})
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, kit.Fail(CodeCartEmpty, "There is nothing in the cart.")
	}
	slices.SortFunc(lines, func(a, b CartLine) int { return cmp.Compare(a.Variant, b.Variant) })
	return lines, nil
}

// takeFromStock takes pieces of a variant if there are enough. The condition stands in the statement, so that of two
// orders for the last piece one fails, however many replicas run.
func takeFromStock(ctx context.Context, tx Tx, variant catalog.Variant, pieces int) error {
	const take = `UPDATE variants SET stock = stock - $1, version = version + 1 WHERE id = $2 AND stock >= $1`
	changed, err := tx.Conn().Exec(ctx, take, int64(pieces), string(variant.ID))
	if err != nil {
		return fmt.Errorf("stock of variant %s: %w", variant.ID, err)
	}
	if changed == 0 {
		return kit.Fail(CodeOutOfStock, "Fewer than %d pieces of %s are left.", pieces, variant.Sku)
	}
	return nil
}

// ShipOrder sends an order on its way.
func (b *Business) ShipOrder(ctx context.Context, tx Tx, order Order, tracking string) (Order, error) {
	switch order.Status {
	case OrderStatusShipped:
		return Order{}, kit.Fail(CodeAlreadyShipped, "This order has been shipped.")
	case OrderStatusCancelled:
		return Order{}, kit.Fail(CodeOrderCancelled, "This order was cancelled.")
	}
	err := tx.System().Orders.Update(ctx, order.ID, order.Version, OrderPatch{
		Status:    query.Set(OrderStatusShipped),
		Tracking:  query.Set(tracking),
		ShippedAt: query.Set(tx.Now()),
	})
	if err != nil {
		return Order{}, err
	}
	return tx.Orders.Get(ctx, order.ID)
}

// CancelOrder gives up an order and puts its pieces back. Cancelling twice is cancelling once.
func (b *Business) CancelOrder(ctx context.Context, tx Tx, order Order) (Order, error) {
	switch order.Status {
	case OrderStatusShipped:
		return Order{}, kit.Fail(CodeAlreadyShipped, "This order has been shipped.")
	case OrderStatusCancelled:
		return order, nil
	}
	err := tx.System().Orders.Update(ctx, order.ID, order.Version, OrderPatch{Status: query.Set(OrderStatusCancelled)})
	if err != nil {
		return Order{}, err
	}
	const putBack = `UPDATE variants SET stock = stock + (SELECT sum(quantity) FROM order_lines WHERE order_id = $1 AND variant_id = variants.id),
		version = version + 1 WHERE id IN (SELECT variant_id FROM order_lines WHERE order_id = $1)`
	if _, err := tx.Conn().Exec(ctx, putBack, string(order.ID)); err != nil {
		return Order{}, fmt.Errorf("stock of the lines of order %s: %w", order.ID, err)
	}
	return tx.Orders.Get(ctx, order.ID)
}
