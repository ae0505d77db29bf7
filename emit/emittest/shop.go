// Package emittest gives the emitters' tests a model to write.
package emittest

import (
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// Shop is a small shop: an account, a catalogue with a value object, orders and one operation.
func Shop() *model.Model {
	users := &model.Module{Name: "users", Doc: "Who buys and who sells."}
	catalog := &model.Module{Name: "catalog"}
	orders := &model.Module{Name: "orders", Doc: "What is bought."}
	orders.Uses = []*model.Module{catalog}

	role := &model.Enum{Name: "Role", Module: users, Values: []model.EnumValue{{Name: "BUYER"}, {Name: "STAFF", Doc: "Works here."}}}
	status := &model.Enum{Name: "OrderStatus", Module: orders, Doc: "How far an order has come.",
		Values: []model.EnumValue{{Name: "PLACED"}, {Name: "PAID"}, {Name: "SENT_BACK", Deprecated: "no longer possible"}}}
	users.Enums, orders.Enums = []*model.Enum{role}, []*model.Enum{status}

	money := &model.Struct{Name: "Money", Module: catalog, Doc: "An amount in a currency."}
	money.Fields = []*model.Field{
		{Name: "amount", Kind: model.Decimal, Digits: 19, Scale: 4},
		{Name: "currency", Kind: model.Currency},
	}
	catalog.Values = []*model.Struct{money}

	user := entity(users, "User", "users", "A person who buys.")
	product := entity(catalog, "Product", "products", "")
	tag := entity(catalog, "Tag", "tags", "")
	variant := entity(catalog, "Variant", "variants", "What is put into a cart.")
	order := entity(orders, "Order", "orders", "")
	line := entity(orders, "OrderLine", "orderLines", "What was bought, at the price of that day.")
	line.Path, line.Table = "order-lines", "order_lines"

	add(user,
		&model.Field{Name: "email", Kind: model.Email, Column: "email", Personal: true, Allow: model.Allow{Read: []*model.Rule{rule("this == viewer", eq(this(), viewer()))}}},
		&model.Field{Name: "name", Kind: model.String, Column: "name", MinLength: ptr(1), MaxLength: ptr(80), Doc: "As it is printed on the parcel."},
		&model.Field{Name: "role", Kind: model.EnumKind, Enum: role, Column: "role", Default: constant("BUYER"), ReadOnly: true},
		&model.Field{Name: "secret", Kind: model.String, Column: "secret", Null: true, WriteOnly: true},
	)
	user.Allow = model.Allow{
		Read:   []*model.Rule{rule("this == viewer", eq(this(), viewer())), rule("viewer.role == STAFF", eq(viewer("role"), constant("STAFF")))},
		Update: []*model.Rule{rule("this == viewer", eq(this(), viewer()))},
	}
	user.Uniques = []*model.Unique{{Name: "users_email_key", Fields: user.Fields[4:5], IgnoreCase: true}}

	slug := &model.Field{Name: "slug", Kind: model.String, Column: "slug", Default: call("slug", this("title"))}
	add(product,
		slug,
		&model.Field{Name: "title", Kind: model.String, Column: "title", MinLength: ptr(3), MaxLength: ptr(140)},
		&model.Field{Name: "listed", Kind: model.Boolean, Column: "listed", Default: constant(false)},
		&model.Field{Name: "weight", Kind: model.Float, Column: "weight", Null: true, Min: ptr(0.0), Deprecated: "weigh the variants"},
		&model.Field{Name: "tags", Kind: model.List, Target: tag, Bound: 20, MaxLength: ptr(20), Page: page(nil),
			Join: &model.JoinTable{Table: "product_tags", From: "product_id", To: "tag_id", Owner: true}},
	)
	product.Key = slug
	product.Uniques = []*model.Unique{{Name: "products_slug_key", Fields: []*model.Field{slug}}}
	product.Allow = every(rule("true", constant(true)))
	name := &model.Field{Name: "name", Kind: model.String, Column: "name", MinLength: ptr(1), MaxLength: ptr(40), Pattern: "^[a-z-]+$"}
	add(tag, name,
		&model.Field{Name: "products", Kind: model.List, Target: product, Page: page(nil),
			Join: &model.JoinTable{Table: "product_tags", From: "tag_id", To: "product_id"}})
	tag.Key = name
	tag.Allow = model.Allow{Read: []*model.Rule{rule("true", constant(true))}, Create: []*model.Rule{rule("viewer != null", &model.Expr{Op: model.Ne, Args: []*model.Expr{viewer(), constant(nil)}})}}

	owner := &model.Field{Name: "product", Kind: model.Ref, Target: product, Column: "product_id", Immutable: true, OnDelete: model.Cascade}
	add(variant,
		owner,
		&model.Field{Name: "sku", Kind: model.String, Column: "sku", MinLength: ptr(1), MaxLength: ptr(40)},
		&model.Field{Name: "price", Kind: model.Value, Struct: money, Fields: parts(money, "price")},
		&model.Field{Name: "was", Kind: model.Value, Struct: money, Null: true, Fields: parts(money, "was")},
		&model.Field{Name: "stock", Kind: model.Int, Column: "stock", Min: ptr(0.0), Allow: model.Allow{Read: []*model.Rule{rule("viewer.role == STAFF", eq(viewer("role"), constant("STAFF")))}}},
		&model.Field{Name: "options", Kind: model.JSON, Column: "options", Null: true},
		&model.Field{Name: "cost", Kind: model.Decimal, Digits: 10, Scale: 2, Column: "cost", Internal: true, Null: true},
		&model.Field{Name: "soldFrom", Kind: model.Date, Column: "sold_from", Null: true},
		&model.Field{Name: "soldAt", Kind: model.Time, Column: "sold_at", Null: true},
		&model.Field{Name: "madeIn", Kind: model.Duration, Column: "made_in", Null: true},
	)
	variant.Allow = every(rule("true", constant(true)))
	variant.Uniques = []*model.Unique{{Name: "variants_product_sku_key", Fields: []*model.Field{owner, variant.Fields[5]}}}
	variant.Checks = []*model.Check{{Name: "variants_check", That: &model.Expr{Op: model.Ge, Args: []*model.Expr{this("price", "amount"), constant(int64(0))}}, Code: "CHECK_FAILED", Local: true}}
	add(product, &model.Field{Name: "variants", Kind: model.List, Target: variant, Inverse: owner, Bound: 100, Page: page(nil)})

	buyer := &model.Field{Name: "buyer", Kind: model.Ref, Target: user, Column: "buyer_id", Immutable: true, Default: viewer(), Doc: "Who pays."}
	add(order,
		buyer,
		&model.Field{Name: "number", Kind: model.Int, Column: "number", ReadOnly: true, Default: call("next")},
		&model.Field{Name: "status", Kind: model.EnumKind, Enum: status, Column: "status", Default: constant("PLACED"), ReadOnly: true},
		&model.Field{Name: "total", Kind: model.Value, Struct: money, Fields: parts(money, "total"), ReadOnly: true},
		&model.Field{Name: "note", Kind: model.String, Column: "note", Null: true, MaxLength: ptr(500)},
		&model.Field{Name: "paidAt", Kind: model.DateTime, Column: "paid_at", Null: true, ReadOnly: true},
		&model.Field{Name: "gift", Kind: model.Ref, Target: user, Column: "gift_id", Null: true, OnDelete: model.SetNull},
	)
	order.Allow = model.Allow{Read: []*model.Rule{rule("buyer == viewer", eq(this("buyer"), viewer()))}, Update: []*model.Rule{rule("buyer == viewer", eq(this("buyer"), viewer()))}}
	of := &model.Field{Name: "order", Kind: model.Ref, Target: order, Column: "order_id", OnDelete: model.Cascade}
	add(line,
		of,
		&model.Field{Name: "variant", Kind: model.Ref, Target: variant, Column: "variant_id"},
		&model.Field{Name: "quantity", Kind: model.Int, Column: "quantity", Min: ptr(1.0), Max: ptr(99.0)},
		&model.Field{Name: "price", Kind: model.Value, Struct: money, Fields: parts(money, "price")},
	)
	line.Allow = model.Allow{Read: []*model.Rule{rule("can(READ, order)", &model.Expr{Op: model.Can, Verb: model.Read, Args: []*model.Expr{this("order")}})}}
	add(order, &model.Field{Name: "lines", Kind: model.List, Target: line, Inverse: of, Page: page(nil)})

	item := &model.Struct{Name: "OrderItem", Module: orders, Fields: []*model.Field{
		{Name: "variant", Kind: model.Ref, Target: variant},
		{Name: "quantity", Kind: model.Int, Min: ptr(1.0), Max: ptr(99.0)},
	}}
	place := &model.Struct{Name: "PlaceOrderInput", Module: orders, Doc: "What is bought, and what the parcel says.", Fields: []*model.Field{
		{Name: "items", Kind: model.InputDTO, Struct: item, Repeated: true, MinLength: ptr(1), MaxLength: ptr(50)},
		{Name: "note", Kind: model.String, Null: true, MaxLength: ptr(500)},
	}}
	orders.Inputs = []*model.Struct{item, place}
	signedIn := rule("viewer != null", &model.Expr{Op: model.Ne, Args: []*model.Expr{viewer(), constant(nil)}})
	orders.Operations = []*model.Operation{
		{Name: "placeOrder", Doc: "Buys items at today's prices.", Kind: model.Mutation, Module: orders,
			Args:   []*model.Field{{Name: "input", Kind: model.InputDTO, Struct: place}},
			Result: &model.Field{Name: "result", Kind: model.Ref, Target: order},
			Allow:  []*model.Rule{signedIn}, Fails: []model.Fault{{Code: "OUT_OF_STOCK", Status: 409}}, Method: "POST", Path: "/place-order"},
		{Name: "cancelOrder", Kind: model.Mutation, Module: orders,
			Args:   []*model.Field{{Name: "order", Kind: model.Ref, Target: order}, {Name: "reason", Kind: model.String, Null: true, MaxLength: ptr(200)}},
			Result: &model.Field{Name: "result", Kind: model.Ref, Target: order},
			Allow:  []*model.Rule{rule("order.buyer == viewer", eq(&model.Expr{Op: model.Get, Root: model.Arg, Path: []string{"order", "buyer"}}, viewer()))},
			Method: "POST", Path: "/orders/{order}/cancel"},
		{Name: "bestSellers", Doc: "The products that sold most of late.", Kind: model.Query, Module: orders,
			Args:   []*model.Field{{Name: "limit", Kind: model.Int, Default: constant(int64(10)), Min: ptr(1.0), Max: ptr(50.0)}},
			Result: &model.Field{Name: "result", Kind: model.Ref, Target: product, Repeated: true},
			Allow:  []*model.Rule{rule("true", constant(true))}, Method: "GET", Path: "/best-sellers"},
		{Name: "quote", Kind: model.Query, Module: orders,
			Args:   []*model.Field{{Name: "variant", Kind: model.Ref, Target: variant}, {Name: "days", Kind: model.Int, Null: true}},
			Result: &model.Field{Name: "result", Kind: model.Value, Struct: money, Null: true},
			Allow:  []*model.Rule{rule("true", constant(true))}, Method: "GET", Path: "/variants/{variant}/quote"},
	}
	m := &model.Model{
		Name: "shop", GoModule: "example.com/shop",
		Modules:  []*model.Module{catalog, orders, users},
		Entities: []*model.Entity{user, product, tag, variant, order, line},
		Account:  &model.Account{Entity: user, Login: user.Fields[4], Verify: model.BeforeSignIn, Fields: user.Fields[5:6]},
	}
	return m
}

func entity(m *model.Module, name, plural, doc string) *model.Entity {
	e := &model.Entity{
		Name: name, Singular: lowerFirst(name), Plural: plural, Path: plural, Table: plural, Doc: doc, Module: m,
		Fields: []*model.Field{
			{Name: "id", Kind: model.ID, Column: "id", Auto: true},
			{Name: "createdAt", Kind: model.DateTime, Column: "created_at", Auto: true},
			{Name: "updatedAt", Kind: model.DateTime, Column: "updated_at", Auto: true},
			{Name: "version", Kind: model.Int64, Column: "version", Auto: true},
		},
	}
	e.Key = e.Fields[0]
	e.Page = page(e.Fields[1])
	m.Entities = append(m.Entities, e)
	return e
}

func lowerFirst(s string) string { return string(s[0]+'a'-'A') + s[1:] }

func add(e *model.Entity, fields ...*model.Field) { e.Fields = append(e.Fields, fields...) }

func page(by *model.Field) model.Page {
	p := model.Page{Size: 20, Max: 100}
	if by != nil {
		p.Order = []model.Order{{Field: by, Descending: true}}
	}
	return p
}

func parts(s *model.Struct, column string) []*model.Field {
	var fields []*model.Field
	for _, f := range s.Fields {
		part := *f
		part.Column = column + "_" + f.Name
		fields = append(fields, &part)
	}
	return fields
}

func rule(source string, when *model.Expr) *model.Rule {
	return &model.Rule{When: when, Source: source, Pos: diag.Pos{File: "design/shop.graphql", Line: 1, Column: 1}}
}

func every(r *model.Rule) model.Allow {
	rs := []*model.Rule{r}
	return model.Allow{Read: rs, Create: rs, Update: rs, Delete: rs}
}

func constant(v any) *model.Expr { return &model.Expr{Op: model.Const, Value: v} }

func this(path ...string) *model.Expr {
	return &model.Expr{Op: model.Get, Root: model.This, Path: path}
}

func viewer(path ...string) *model.Expr {
	return &model.Expr{Op: model.Get, Root: model.Viewer, Path: path}
}

func eq(a, b *model.Expr) *model.Expr { return &model.Expr{Op: model.Eq, Args: []*model.Expr{a, b}} }

func call(name string, args ...*model.Expr) *model.Expr {
	return &model.Expr{Op: model.Call, Name: name, Args: args}
}

func ptr[T any](v T) *T { return &v }
