package service_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"example.com/market/app"
	"example.com/market/marketplace"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/server"
)

// market is a service with a listed product, of which ten pieces are there.
func market(t *testing.T, test func(w *world, variant string, buyer, other, seller client)) {
	onBoth(t, func() server.Service { return app.New(marketplace.New()) }, func(w *world) {
		seller := person(w, "sam", marketplace.RoleSeller)
		seller.want(http.StatusCreated, "POST", "/v1/shops", object{"name": "Tea House"})
		seller.want(http.StatusCreated, "POST", "/v1/products", object{"shop": "tea-house", "title": "Green tea", "description": "From the hills.", "listed": true})
		variant := seller.want(http.StatusCreated, "POST", "/v1/variants", object{
			"product": "green-tea", "sku": "G100", "options": object{"grams": 100}, "price": object{"amount": "4.50", "currency": "EUR"}, "stock": 10,
		})
		test(w, variant["id"].(string), person(w, "ada", marketplace.RoleBuyer), person(w, "alan", marketplace.RoleBuyer), seller)
	})
}

func person(w *world, name string, role marketplace.Role) client {
	return w.person(name, func(ctx context.Context, tx *query.Tx, email string) (kit.ID, error) {
		return marketplace.NewTx(tx).Users.Create(ctx, marketplace.NewUser{Email: email, Name: name, Role: &role})
	})
}

var address = object{"name": "Ada", "street": "Elm Street 1", "city": "Lucca", "postcode": "55100", "country": "IT"}

// cart puts pieces into a cart of the client's and returns it.
func (c client) cart(variant string, pieces int) string {
	c.t.Helper()
	id := c.want(http.StatusCreated, "POST", "/v1/carts", object{})["id"].(string)
	c.want(http.StatusCreated, "POST", "/v1/cart-lines", object{"cart": id, "variant": variant, "quantity": pieces})
	return id
}

// to takes an order to a status, as the service does when it hears of it.
func (w *world) to(order string, statuses ...marketplace.OrderStatus) {
	w.Helper()
	for _, status := range statuses {
		w.system(func(ctx context.Context, tx *query.Tx) error {
			return marketplace.NewTx(tx).Orders.Update(ctx, kit.ID(order), 0, marketplace.OrderPatch{Status: query.Set(status)})
		})
	}
}

func TestNobodyReviewsWhatWasNotDelivered(t *testing.T) {
	market(t, func(w *world, variant string, buyer, other, seller client) {
		review := object{"product": "green-tea", "stars": 4, "body": "Fresh."}
		buyer.refused(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/reviews", review)
		order := buyer.want(http.StatusOK, "POST", "/v1/checkout", object{"cart": buyer.cart(variant, 2), "shipTo": address, "card": "tok"})
		buyer.same(order["number"], 1)
		buyer.refused(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/reviews", review)
		path := "/v1/orders/" + order["id"].(string)
		seller.refused(http.StatusConflict, "FLOW", "POST", path+"/ship", object{"tracking": "T1"}) // it is not paid
		w.to(order["id"].(string), marketplace.OrderStatusPaid)
		seller.want(http.StatusOK, "POST", path+"/ship", object{"tracking": "T1"})
		other.want(http.StatusNotFound, "GET", path, nil)
		w.to(order["id"].(string), marketplace.OrderStatusDelivered)
		other.refused(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/reviews", review)
		buyer.want(http.StatusCreated, "POST", "/v1/reviews", review)
		buyer.want(http.StatusConflict, "POST", "/v1/reviews", review)
		product := client{t: w.T, url: w.url}.want(http.StatusOK, "GET", "/v1/products/green-tea", nil)
		buyer.same([]any{product["rating"], product["reviewCount"]}, []any{4, 1})
	})
}

func TestNoMoreIsSoldThanIsThere(t *testing.T) {
	market(t, func(w *world, variant string, buyer, other, seller client) {
		carts := []string{buyer.cart(variant, 6), other.cart(variant, 6)}
		codes := make([]string, 2)
		var both sync.WaitGroup
		for i, c := range []client{buyer, other} {
			both.Go(func() {
				_, answer := c.call("POST", "/v1/checkout", object{"cart": carts[i], "shipTo": address, "card": "tok"})
				var problem struct{ Code string }
				if err := json.Unmarshal(answer, &problem); err != nil {
					t.Error(err)
				}
				codes[i] = problem.Code
			})
		}
		both.Wait()
		if !(codes[0] == "" && codes[1] == "OUT_OF_STOCK" || codes[0] == "OUT_OF_STOCK" && codes[1] == "") {
			t.Errorf("of two carts with six of ten pieces: %q", codes)
		}
		seller.same(seller.want(http.StatusOK, "GET", "/v1/variants/"+variant, nil)["reserved"], 6)
		won := buyer
		if codes[0] != "" {
			won = other
		}
		order := won.items(1, "/v1/orders")[0]["id"].(string)
		if told := w.emitted("OrderPlaced", ""); len(told) != 1 || told[0]["order"] != order { // by none who got nothing
			t.Errorf("of order %s and the one that was refused is told %v", order, told)
		}
		won.want(http.StatusOK, "POST", "/v1/orders/"+order+"/cancel", nil)
		seller.same(seller.want(http.StatusOK, "GET", "/v1/variants/"+variant, nil)["reserved"], 0)
		won.refused(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/orders/"+order+"/cancel", nil)
		won.refused(http.StatusConflict, "CART_EMPTY", "POST", "/v1/checkout", object{"cart": won.items(1, "/v1/carts")[0]["id"], "shipTo": address, "card": "tok"})
	})
}

func TestStockIsForTheSellerAlone(t *testing.T) {
	market(t, func(w *world, variant string, buyer, other, seller client) {
		seen := buyer.want(http.StatusOK, "GET", "/v1/variants/"+variant, nil)
		buyer.same([]any{seen["stock"], seen["reserved"], seen["available"]}, []any{nil, nil, true})
		seller.same(seller.want(http.StatusOK, "GET", "/v1/variants/"+variant, nil)["stock"], 10)
		buyer.items(0, "/v1/variants?stock.gt=0")
		seller.items(1, "/v1/variants?stock.gt=0")
		buyer.items(1, "/v1/variants?available=true")
		buyer.same(buyer.graphql(`{ variants(order: stock_DESC) { nodes { stock product { title } } } }`),
			object{"variants": object{"nodes": []any{object{"stock": nil, "product": object{"title": "Green tea"}}}}})
		seller.want(http.StatusOK, "PATCH", "/v1/products/green-tea", object{"listed": false})
		buyer.items(0, "/v1/variants")
		buyer.want(http.StatusNotFound, "GET", "/v1/products/green-tea", nil)
		buyer.want(http.StatusNotFound, "PATCH", "/v1/products/green-tea", object{"listed": true})
	})
}
