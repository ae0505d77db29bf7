package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"example.com/shop/accounts"
	"example.com/shop/catalog"
	"example.com/shop/orders"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/account"
	"github.com/fettlehq/fettle/kit/query"
)

// seed fills an empty shop with a few thousand rows, the same ones every time: admin@shop.example, staff@shop.example
// and customer1@shop.example sign in with the password "correct horse battery".
func seed(ctx context.Context, tx *query.Tx) error {
	s := seeder{tx: orders.NewTx(tx.System()), random: rand.New(rand.NewPCG(1, 2))}
	if err := s.people(ctx, 200); err != nil {
		return fmt.Errorf("people: %w", err)
	}
	if err := s.catalogue(ctx, 300); err != nil {
		return fmt.Errorf("catalogue: %w", err)
	}
	if err := s.sales(ctx, 600); err != nil {
		return fmt.Errorf("sales: %w", err)
	}
	return nil
}

// seeder makes rows and remembers what later ones refer to.
type seeder struct {
	tx        orders.Tx
	random    *rand.Rand
	customers []kit.ID
	variants  []catalog.Variant
	titles    []string // of the variants' products
}

func (s *seeder) people(ctx context.Context, customers int) error {
	create := func(email, name string, role accounts.Role) (kit.ID, error) {
		return s.tx.Users.Create(ctx, accounts.NewUser{Email: email, Name: name, Role: &role})
	}
	signIn := map[string]accounts.Role{"admin": accounts.RoleAdmin, "staff": accounts.RoleStaff, "customer1": accounts.RoleCustomer}
	for _, name := range []string{"admin", "staff", "customer1"} {
		id, err := create(name+"@shop.example", pick(s.random, firstNames)+" "+pick(s.random, lastNames), signIn[name])
		if err != nil {
			return err
		}
		if err := account.SetPassword(ctx, s.tx.Tx, id, "correct horse battery"); err != nil {
			return err
		}
		if name == "customer1" {
			s.customers = append(s.customers, id)
		}
	}
	for i := 2; i <= customers; i++ {
		id, err := create(fmt.Sprintf("customer%d@shop.example", i), pick(s.random, firstNames)+" "+pick(s.random, lastNames), accounts.RoleCustomer)
		if err != nil {
			return err
		}
		s.customers = append(s.customers, id)
	}
	return nil
}

func (s *seeder) catalogue(ctx context.Context, products int) error {
	var labels, categories []kit.ID
	for _, name := range []string{"organic", "fair", "new", "sale", "local"} {
		id, err := s.tx.Labels.Create(ctx, catalog.NewLabel{Name: name})
		if err != nil {
			return err
		}
		labels = append(labels, id)
	}
	for _, c := range [][2]string{{"coffee", "Coffee"}, {"tea", "Tea"}, {"honey", "Honey"}, {"oil", "Oil"}, {"spices", "Spices"}, {"chocolate", "Chocolate"}} {
		id, err := s.tx.Categories.Create(ctx, catalog.NewCategory{Slug: c[0], Name: c[1]})
		if err != nil {
			return err
		}
		categories = append(categories, id)
	}
	for i := range products {
		title := pick(s.random, kinds) + " from " + pick(s.random, places)
		listed := i%10 != 9
		description := "As the " + pick(s.random, places) + " people like it."
		product, err := s.tx.Products.Create(ctx, catalog.NewProduct{
			Category: pick(s.random, categories), Slug: fmt.Sprintf("product-%d", i+1), Title: title,
			Description: &description, Listed: &listed, Labels: []kit.ID{labels[i%len(labels)]},
		})
		if err != nil {
			return err
		}
		for size := range 2 + s.random.IntN(3) {
			if err := s.variant(ctx, product, title, i, size); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *seeder) variant(ctx context.Context, product kit.ID, title string, number, size int) error {
	grams := []int{100, 250, 500, 1000}[size]
	options := fmt.Sprintf("%d g", grams)
	cents := int64(grams)*3 + int64(s.random.IntN(400))
	price := catalog.Money{Amount: kit.NewDecimal(cents).Shift(-2), Currency: "EUR"}
	id, err := s.tx.Variants.Create(ctx, catalog.NewVariant{
		Product: product, Sku: fmt.Sprintf("P%d-%d", number+1, grams), Options: &options, Price: price, Stock: s.random.IntN(200),
	})
	if err != nil {
		return err
	}
	s.variants = append(s.variants, catalog.Variant{ID: id, Price: price})
	s.titles = append(s.titles, title)
	return nil
}

func (s *seeder) sales(ctx context.Context, count int) error {
	for range count {
		status := []orders.OrderStatus{orders.OrderStatusPlaced, orders.OrderStatusShipped, orders.OrderStatusShipped, orders.OrderStatusCancelled}[s.random.IntN(4)]
		lines := make([]orders.NewOrderLine, 1+s.random.IntN(4))
		total := catalog.Money{Currency: "EUR"}
		for i := range lines {
			v := s.random.IntN(len(s.variants))
			quantity := 1 + s.random.IntN(5)
			lines[i] = orders.NewOrderLine{Variant: s.variants[v].ID, Title: s.titles[v], Quantity: quantity, Price: s.variants[v].Price}
			total.Amount = total.Amount.Add(s.variants[v].Price.Amount.Mul(kit.NewDecimal(quantity)))
		}
		var tracking *string
		var shippedAt *time.Time
		if status == orders.OrderStatusShipped {
			number, at := fmt.Sprintf("IT%09d", s.random.IntN(1_000_000_000)), s.tx.Now()
			tracking, shippedAt = &number, &at
		}
		order, err := s.tx.Orders.Create(ctx, orders.NewOrder{
			Buyer: pick(s.random, s.customers), Status: &status, Total: total, Tracking: tracking, ShippedAt: shippedAt,
			ShipTo: orders.Address{
				Name: pick(s.random, firstNames), Street: fmt.Sprintf("%s Street %d", pick(s.random, lastNames), 1+s.random.IntN(99)),
				City: pick(s.random, places), Postcode: fmt.Sprintf("%05d", s.random.IntN(100000)), Country: "IT",
			},
		})
		if err != nil {
			return err
		}
		for _, line := range lines {
			line.Order = order
			if _, err := s.tx.OrderLines.Create(ctx, line); err != nil {
				return err
			}
		}
	}
	return nil
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

var (
	firstNames = []string{"Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "Jean", "Ken", "Leslie", "Margaret", "Niklaus", "Radia"}
	lastNames  = []string{"Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine", "Rowan", "Willow"}
	places     = []string{"Lucca", "Parma", "Siena", "Trento", "Udine", "Bari", "Lecce", "Cuneo", "Modena", "Asti"}
	kinds      = []string{"Dark roast", "Green tea", "Chestnut honey", "Olive oil", "Saffron", "Hazelnut chocolate", "Espresso", "White tea", "Acacia honey", "Pepper"}
)
