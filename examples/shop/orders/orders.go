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

// PlaceOrder buys what is in the viewer's cart.
func (b *Business) PlaceOrder(ctx context.Context, tx Tx, input PlaceOrder) (Order, error) {
	buyer := tx.Viewer().ID
	cart, err := cartOf(ctx, tx, buyer)
	if err != nil {
		return Order{}, err
	}
	lines := make([]NewOrderLine, len(cart))
	total := catalog.Money{}
	for i, line := range cart {
		if lines[i], err = buy(ctx, tx, line); err != nil {
			return Order{}, err
		}
		price := lines[i].Price
		if i > 0 && price.Currency != total.Currency {
			return Order{}, kit.Fail(CodeMixedCurrencies, "The cart holds prices in %s and in %s.", total.Currency, price.Currency)
		}
		total.Currency = price.Currency
		total.Amount = total.Amount.Add(price.Amount.Mul(kit.NewDecimal(line.Quantity)))
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
	return Order{ID: id}, nil
}

// cartOf returns all lines of a cart, at least one, by variant: stock is always taken and put back in that order, so
// that two orders never wait for each other in a circle.
func cartOf(ctx context.Context, tx Tx, owner kit.ID) ([]CartLine, error) {
	var lines []CartLine
	for line, err := range tx.CartLines.All(ctx, CartLineQuery{Where: CartLines.Owner.Eq(owner)}) {
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil, kit.Fail(CodeCartEmpty, "There is nothing in the cart.")
	}
	slices.SortFunc(lines, func(a, b CartLine) int { return cmp.Compare(a.Variant, b.Variant) })
	return lines, nil
}

// buy takes the pieces of a cart line from stock and the line from the cart.
func buy(ctx context.Context, tx Tx, line CartLine) (NewOrderLine, error) {
	variant, err := tx.Variants.Get(ctx, line.Variant)
	if err != nil {
		return NewOrderLine{}, fmt.Errorf("variant of cart line %s: %w", line.ID, err)
	}
	product, err := tx.Products.Get(ctx, variant.Product)
	if err != nil {
		return NewOrderLine{}, fmt.Errorf("product of variant %s: %w", variant.ID, err)
	}
	// The row is locked before it is subtracted from, and never goes below zero: of two orders for the last piece one fails,
	// however many replicas run.
	err = tx.System().Variants.Update(ctx, variant.ID, 0, catalog.VariantPatch{Stock: query.Add(-line.Quantity)})
	if kit.HasCode(err, kit.CodeInvalid) {
		return NewOrderLine{}, kit.Fail(CodeOutOfStock, "Fewer than %d pieces of %s are left.", line.Quantity, variant.Sku)
	}
	if err != nil {
		return NewOrderLine{}, fmt.Errorf("stock of variant %s: %w", variant.ID, err)
	}
	err = tx.CartLines.Delete(ctx, line.ID, line.Version)
	if kit.HasCode(err, kit.CodeNotFound) || kit.HasCode(err, kit.CodeStale) {
		return NewOrderLine{}, kit.Fail(CodeCartEmpty, "The cart was changed or ordered in the meantime.")
	}
	if err != nil {
		return NewOrderLine{}, fmt.Errorf("cart line %s: %w", line.ID, err)
	}
	return NewOrderLine{Variant: variant.ID, Title: product.Title, Quantity: line.Quantity, Price: variant.Price}, nil
}

// ShipOrder sends an order on its way.
func (b *Business) ShipOrder(ctx context.Context, tx Tx, order Order, tracking string) (Order, error) {
	switch order.Status {
	case OrderStatusShipped:
		return Order{}, kit.Fail(CodeAlreadyShipped, "This order has been shipped.")
	case OrderStatusCancelled:
		return Order{}, kit.Fail(CodeOrderCancelled, "This order was cancelled.")
	}
	return order, tx.System().Orders.Update(ctx, order.ID, order.Version, OrderPatch{
		Status:    query.Set(OrderStatusShipped),
		Tracking:  query.Set(tracking),
		ShippedAt: query.Set(tx.Now()),
	})
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
	lines, _, err := tx.OrderLines.List(ctx, OrderLineQuery{
		Where: OrderLines.Order.Eq(order.ID), Order: []query.OrderBy[OrderLine]{OrderLines.Variant.Asc()}, First: 100,
	})
	if err != nil {
		return Order{}, err
	}
	for _, line := range lines {
		err := tx.System().Variants.Update(ctx, line.Variant, 0, catalog.VariantPatch{Stock: query.Add(line.Quantity)})
		if err != nil {
			return Order{}, fmt.Errorf("stock of variant %s: %w", line.Variant, err)
		}
	}
	return order, nil
}
