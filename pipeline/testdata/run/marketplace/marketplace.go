package marketplace

import (
	"cmp"
	"context"
	"slices"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// Business answers the operations of this module.
type Business struct{}

var _ Operations = (*Business)(nil)

// New makes the operations.
func New() *Business { return &Business{} }

// Checkout reserves what is in a cart and makes an order of it. Lines are taken in the order of their variants, so that two
// carts wait for each other one way round.
func (b *Business) Checkout(ctx context.Context, tx Tx, events CheckoutEvents, in Checkout) (Order, error) {
	system := tx.System()
	lines, _, err := tx.CartLines.List(ctx, CartLineQuery{Where: CartLines.Cart.Eq(in.Cart.ID), First: 100})
	if err != nil {
		return Order{}, err
	}
	if len(lines) == 0 {
		return Order{}, kit.Fail(CodeCartEmpty, "There is nothing in the cart.")
	}
	slices.SortFunc(lines, func(a, b CartLine) int { return cmp.Compare(a.Variant, b.Variant) })
	order := NewOrder{Buyer: tx.Viewer().ID, ShipTo: Address(in.ShipTo)}
	var bought []NewOrderLine
	for _, line := range lines {
		variant, err := system.Variants.Get(ctx, line.Variant)
		if err != nil {
			return Order{}, err
		}
		product, err := system.Products.Get(ctx, variant.Product)
		if err != nil {
			return Order{}, err
		}
		err = system.Variants.Update(ctx, variant.ID, 0, VariantPatch{Reserved: query.Add(line.Quantity)})
		if kit.HasCode(err, kit.CodeInvalid) {
			return Order{}, kit.Fail(CodeOutOfStock, "Fewer than %d of %s are left.", line.Quantity, variant.Sku)
		}
		if err != nil {
			return Order{}, err
		}
		order.Shop, order.Total.Currency = product.Shop, variant.Price.Currency
		order.Total.Amount = order.Total.Amount.Add(variant.Price.Amount.Mul(kit.NewDecimal(line.Quantity)))
		bought = append(bought, NewOrderLine{Variant: variant.ID, Title: product.Title, Quantity: line.Quantity, Price: variant.Price})
		if err := tx.CartLines.Delete(ctx, line.ID, 0); err != nil {
			return Order{}, err
		}
	}
	id, err := system.Orders.Create(ctx, order)
	if err != nil {
		return Order{}, err
	}
	for _, line := range bought {
		line.Order = id
		if _, err := system.OrderLines.Create(ctx, line); err != nil {
			return Order{}, err
		}
	}
	return Order{ID: id}, events.OrderPlaced(ctx, OrderPlaced{Order: id, At: tx.Now()})
}

// Ship sends a paid order on its way.
func (b *Business) Ship(ctx context.Context, tx Tx, order Order, _ string) (Order, error) {
	return order, b.step(ctx, tx, order, OrderStatusShipped)
}

// Cancel gives up an order and what was reserved for it.
func (b *Business) Cancel(ctx context.Context, tx Tx, order Order) (Order, error) {
	lines, _, err := tx.OrderLines.List(ctx, OrderLineQuery{Where: OrderLines.Order.Eq(order.ID), First: 100})
	if err != nil {
		return Order{}, err
	}
	for _, line := range lines {
		if err := tx.System().Variants.Update(ctx, line.Variant, 0, VariantPatch{Reserved: query.Add(-line.Quantity)}); err != nil {
			return Order{}, err
		}
	}
	return order, b.step(ctx, tx, order, OrderStatusCancelled)
}

// Refund gives a buyer his money back.
func (b *Business) Refund(ctx context.Context, tx Tx, order Order, _ string) (Order, error) {
	return order, b.step(ctx, tx, order, OrderStatusRefunded)
}

func (b *Business) step(ctx context.Context, tx Tx, order Order, to OrderStatus) error {
	return tx.System().Orders.Update(ctx, order.ID, 0, OrderPatch{Status: query.Set(to)})
}

// PaymentChanged takes what the payment provider tells us.
func (b *Business) PaymentChanged(ctx context.Context, tx Tx, in ProviderNotice) (bool, error) {
	payments, _, err := tx.System().Payments.List(ctx, PaymentQuery{Where: Payments.Reference.Eq(in.Reference)})
	if err != nil || len(payments) == 0 {
		return false, err
	}
	return true, tx.System().Payments.Update(ctx, payments[0].ID, 0, PaymentPatch{Status: query.Set(in.State)})
}
