// Package shop_test calls the shop as its clients do, over HTTP.
package shop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/shop/accounts"
	"example.com/shop/app"
	"example.com/shop/catalog"
	"example.com/shop/orders"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/account"
	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/openapitest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/server"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
	"github.com/fettlehq/fettle/kit/typed"
)

const password = "correct horse battery"

// onAll runs a test on both, and behind a PgBouncer that pools transactions.
func onAll(t *testing.T, test func(t *testing.T, s *shop)) {
	onBoth(t, test)
	t.Run("pgbouncer", func(t *testing.T) { test(t, start(t, kittest.Pooler(t, kittest.Postgres(t)))) })
}

// onBoth runs a test on SQLite and on Postgres.
func onBoth(t *testing.T, test func(t *testing.T, s *shop)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, start(t, "sqlite:"+filepath.Join(t.TempDir(), "shop.db")))
	})
	t.Run("postgres", func(t *testing.T) { test(t, start(t, kittest.Postgres(t))) })
}

// shop is a running shop, with a stocked catalogue and somebody of each role signed in.
type shop struct {
	t                      *testing.T
	server                 *server.Server
	url                    string
	customer, other, staff client
	variant                string // of ten pieces, at 2.50 EUR
}

// start starts it on a database, with settings in pairs.
func start(t *testing.T, database string, settings ...string) *shop {
	t.Helper()
	environment := map[string]string{"DATABASE_URL": database, "LOG_LEVEL": "error", "STATEMENT_BUDGET": "25"}
	for i := 0; i < len(settings); i += 2 {
		environment[settings[i]] = settings[i+1]
	}
	service := app.New(catalog.New(), orders.New())
	service.Drivers = []sqldb.Driver{sqlite.Driver, postgres.Driver}
	service.GRPC = grpc.Open
	service.Mount = catalog.Mount
	config, err := server.ReadConfig("shop", func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(t.Context(), service, config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(openapitest.Handler(t, service.OpenAPI, srv.Handler()))
	t.Cleanup(func() {
		web.Close()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &shop{t: t, server: srv, url: web.URL}
	s.stock()
	s.customer = s.signIn("ada@shop.example")
	s.other = s.signIn("alan@shop.example")
	s.staff = s.signIn("staff@shop.example")
	return s
}

// stock writes people and one product as the system.
func (s *shop) stock() {
	s.t.Helper()
	err := s.server.Engine().Write(s.t.Context(), kit.Viewer{}, func(ctx context.Context, qtx *query.Tx) error {
		tx := orders.NewTx(qtx.System())
		people := map[string]accounts.Role{
			"ada@shop.example": accounts.RoleCustomer, "alan@shop.example": accounts.RoleCustomer, "staff@shop.example": accounts.RoleStaff,
		}
		for email, role := range people {
			id, err := tx.Users.Create(ctx, accounts.NewUser{Email: email, Name: strings.Split(email, "@")[0], Role: &role})
			if err != nil {
				return err
			}
			if err := account.SetPassword(ctx, tx.Tx, id, password); err != nil {
				return err
			}
		}
		category, err := tx.Categories.Create(ctx, catalog.NewCategory{Slug: "tea", Name: "Tea"})
		if err != nil {
			return err
		}
		listed := true
		product, err := tx.Products.Create(ctx, catalog.NewProduct{Category: category, Slug: "green-tea", Title: "Green tea", Listed: &listed})
		if err != nil {
			return err
		}
		price := catalog.Money{Amount: kit.NewDecimal(250).Shift(-2), Currency: "EUR"}
		id, err := tx.Variants.Create(ctx, catalog.NewVariant{Product: product, Sku: "T100", Price: price, Stock: 10})
		s.variant = string(id)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) signIn(email string) client {
	s.t.Helper()
	var tokens struct{ AccessToken string }
	nobody := client{s.t, s.url, ""}
	nobody.want(http.StatusOK, "POST", "/auth/sign-in", object{"email": email, "password": password}, &tokens)
	return client{s.t, s.url, tokens.AccessToken}
}

func TestOrderIsPlacedOnceStockAllows(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		s.customer.fill(s.variant, 4)
		var order object
		s.customer.want(http.StatusOK, "POST", "/v1/place-order", object{"shipTo": address}, &order)
		if total := order["total"].(object)["amount"]; total != "10.00" && total != "10" && total != "10.0000" {
			t.Errorf("four pieces of 2.50 cost %v", total)
		}
		var cart struct{ Items []object }
		s.customer.want(http.StatusOK, "GET", "/v1/cart-lines", nil, &cart)
		if len(cart.Items) != 0 {
			t.Errorf("the cart still holds %v", cart.Items)
		}
		var variant object
		s.staff.want(http.StatusOK, "GET", "/v1/variants/"+s.variant, nil, &variant)
		if variant["stock"] != 6.0 {
			t.Errorf("6 pieces should be left, stock is %v", variant["stock"])
		}

		s.customer.fill(s.variant, 7)
		s.customer.wantProblem(http.StatusConflict, "OUT_OF_STOCK", "POST", "/v1/place-order", object{"shipTo": address})
		s.other.wantProblem(http.StatusConflict, "CART_EMPTY", "POST", "/v1/place-order", object{"shipTo": address})
	})
}

func TestStockIsNeverOversold(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		buyers := []client{s.customer, s.other, s.staff}
		for _, b := range buyers {
			b.fill(s.variant, 4)
		}
		statuses := make([]int, len(buyers))
		var all sync.WaitGroup
		for i, b := range buyers {
			all.Go(func() { statuses[i], _ = b.call("POST", "/v1/place-order", object{"shipTo": address}) })
		}
		all.Wait()
		sold, refused := 0, 0
		for _, status := range statuses {
			switch status {
			case http.StatusOK:
				sold++
			case http.StatusConflict:
				refused++
			}
		}
		if sold != 2 || refused != 1 {
			t.Errorf("ten pieces for three orders of four: two are filled and one is refused, got %v", statuses)
		}
	})
}

func TestOrdersAreSeenByTheirBuyerAndStaffOnly(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		s.customer.fill(s.variant, 1)
		var order object
		s.customer.want(http.StatusOK, "POST", "/v1/place-order", object{"shipTo": address}, &order)
		path := "/v1/orders/" + order["id"].(string)
		s.customer.want(http.StatusOK, "GET", path, nil, nil)
		s.staff.want(http.StatusOK, "GET", path, nil, nil)
		s.other.wantProblem(http.StatusNotFound, "NOT_FOUND", "GET", path, nil)
		s.other.wantProblem(http.StatusNotFound, "NOT_FOUND", "POST", path+"/cancel", nil)
		s.customer.wantProblem(http.StatusForbidden, "FORBIDDEN", "POST", path+"/ship", object{"tracking": "X1"})
		s.staff.want(http.StatusOK, "POST", path+"/ship", object{"tracking": "X1"}, &order)
		if order["status"] != "SHIPPED" {
			t.Errorf("the order is %v", order["status"])
		}
		s.customer.wantProblem(http.StatusConflict, "ALREADY_SHIPPED", "POST", path+"/cancel", nil)
	})
}

func TestCancelPutsStockBack(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		s.customer.fill(s.variant, 10)
		var order, variant object
		s.customer.want(http.StatusOK, "POST", "/v1/place-order", object{"shipTo": address}, &order)
		for range 2 { // twice is once
			s.customer.want(http.StatusOK, "POST", "/v1/orders/"+order["id"].(string)+"/cancel", nil, &order)
		}
		s.staff.want(http.StatusOK, "GET", "/v1/variants/"+s.variant, nil, &variant)
		if order["status"] != "CANCELLED" || variant["stock"] != 10.0 {
			t.Errorf("order %v, stock %v", order["status"], variant["stock"])
		}
	})
}

func TestFieldsAndRowsAreHiddenAtBothDoors(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		var variant object
		s.customer.want(http.StatusOK, "GET", "/v1/variants/"+s.variant, nil, &variant)
		if stock := variant["stock"]; stock != nil {
			t.Errorf("a customer sees the stock: %v", stock)
		}
		s.customer.wantProblem(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/categories", object{"slug": "x", "name": "X"})

		query := `{ products { nodes { title category { name } variants { sku price { amount currency } stock } } } }`
		seen := s.staff.graphql(query)
		hidden := s.other.graphql(query)
		if !strings.Contains(seen, `"stock":10`) || !strings.Contains(hidden, `"stock":null`) {
			t.Errorf("staff: %s\ncustomer: %s", seen, hidden)
		}
	})
}

// What is written by hand stands beside the doors, and is answered as api/openapi.part.yaml says.
func TestSitemap(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		nobody := client{t, s.url, ""}
		if status, text := nobody.call("GET", "/sitemap.txt", nil); status != http.StatusOK || string(text) != "/products/green-tea\n" {
			t.Errorf("the sitemap is %d %s", status, text)
		}
		var contract struct{ Paths map[string]any }
		nobody.want(http.StatusOK, "GET", "/openapi.json", nil, &contract)
		if contract.Paths["/sitemap.txt"] == nil || contract.Paths["/v1/products"] == nil {
			t.Errorf("the description has %d paths, and not both kinds", len(contract.Paths))
		}
	})
}

// A product and its variants are written as one: by REST, by GraphQL and by business code.
func TestProductIsWrittenWithItsVariants(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		variant := func(sku, amount string) object {
			return object{"sku": sku, "stock": 3, "price": object{"amount": amount, "currency": "EUR"}}
		}
		product := func(slug string, variants ...object) object {
			return object{"category": "tea", "slug": slug, "title": "Black tea", "variants": object{"create": variants}}
		}
		s.staff.want(http.StatusCreated, "POST", "/v1/products", product("black-tea", variant("B100", "2.00"), variant("B250", "4.50")), nil)
		s.customer.wantProblem(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/products", product("red-tea", variant("R100", "2.00")))
		s.staff.wantProblem(http.StatusConflict, "CONFLICT", "POST", "/v1/products", product("red-tea", variant("R100", "2.00"), variant("R100", "3.00")))
		s.staff.wantProblem(http.StatusUnprocessableEntity, "INVALID", "POST", "/v1/products", product("red-tea", variant("R100", "0")))
		s.staff.wantProblem(http.StatusNotFound, "NOT_FOUND", "GET", "/v1/products/red-tea", nil)

		s.staff.graphql(`mutation { updateProduct(id: "black-tea", version: 1, input: {title: "Very black tea", variants: {create: [{sku: "B500", stock: 1, price: {amount: "8", currency: "EUR"}}]}}) { id } }`)
		err := s.server.Engine().Write(t.Context(), kit.Viewer{}, func(ctx context.Context, qtx *query.Tx) error {
			tx := orders.NewTx(qtx.System())
			black, err := tx.Products.BySlug(ctx, "black-tea")
			if err != nil {
				return err
			}
			variants, _, err := tx.Variants.List(ctx, catalog.VariantQuery{Where: catalog.Variants.Product.Eq(black.ID)})
			if err != nil {
				return err
			}
			patch := catalog.ProductPatch{Title: query.Set("Black tea again")}
			patch.Variants.Delete = []kit.ID{variants[0].ID}
			patch.Variants.Update = []typed.PartPatch[catalog.VariantPatch]{{ID: variants[1].ID, Version: 1, Patch: catalog.VariantPatch{Stock: query.Add(4)}}}
			patch.Variants.Create = []catalog.NewVariant{{Sku: "B100", Price: variants[0].Price, Stock: 9}}
			return tx.Products.Update(ctx, black.ID, 2, patch)
		})
		if err != nil {
			t.Fatal(err)
		}
		got := s.staff.graphql(`{ product(slug: "black-tea") { title version variants { sku stock } } }`)
		const want = `{"product":{"title":"Black tea again","version":3,"variants":[{"sku":"B100","stock":9},{"sku":"B250","stock":7},{"sku":"B500","stock":1}]}}`
		if !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestRoleCannotBeChosen(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		nobody := client{t, s.url, ""}
		nobody.wantProblem(http.StatusUnprocessableEntity, "INVALID", "POST", "/auth/register",
			object{"email": "eve@shop.example", "password": password, "name": "Eve", "role": "ADMIN"})
		var me struct{ Items []object }
		s.customer.want(http.StatusOK, "GET", "/v1/users", nil, &me)
		if len(me.Items) != 1 {
			t.Fatalf("a customer sees %d people", len(me.Items))
		}
		s.customer.wantProblem(http.StatusForbidden, "FORBIDDEN", "PATCH", "/v1/users/"+me.Items[0]["id"].(string), object{"role": "ADMIN"})
	})
}

func TestRegisterVerifySignIn(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		nobody := client{t, s.url, ""}
		who := object{"email": "Grace@shop.example", "password": password, "name": "Grace"}
		nobody.want(http.StatusAccepted, "POST", "/auth/register", who, nil)
		credentials := object{"email": "grace@shop.example", "password": password}
		nobody.wantProblem(http.StatusForbidden, "EMAIL_NOT_VERIFIED", "POST", "/auth/sign-in", credentials)

		var mails []struct {
			To    string
			Links []string
		}
		nobody.want(http.StatusOK, "GET", "/dev/mail", nil, &mails)
		last := mails[len(mails)-1]
		if mails[0].To == "grace@shop.example" {
			last = mails[0]
		}
		if last.To != "grace@shop.example" || len(last.Links) == 0 {
			t.Fatalf("mailbox: %+v", mails)
		}
		link, err := url.Parse(last.Links[0])
		if err != nil {
			t.Fatal(err)
		}
		// A mail scanner follows the link; only the button on the page posts.
		nobody.want(http.StatusOK, "GET", link.RequestURI(), nil, nil)
		nobody.wantProblem(http.StatusForbidden, "EMAIL_NOT_VERIFIED", "POST", "/auth/sign-in", credentials)
		nobody.want(http.StatusOK, "POST", "/auth/verify", object{"token": link.Query().Get("token")}, nil)

		var tokens struct {
			AccessToken, RefreshToken string
			ExpiresIn                 int
		}
		nobody.want(http.StatusOK, "POST", "/auth/sign-in", credentials, &tokens)
		if tokens.AccessToken == "" || tokens.RefreshToken == "" || tokens.ExpiresIn <= 0 {
			t.Fatalf("tokens: %+v", tokens)
		}
		client{t, s.url, tokens.AccessToken}.want(http.StatusOK, "GET", "/v1/cart-lines", nil, nil)
	})
}

var address = object{"name": "Ada", "street": "Elm Street 1", "city": "Lucca", "postcode": "55100", "country": "IT"}

type object = map[string]any

// client calls the shop with a token, or without.
type client struct {
	t     *testing.T
	url   string
	token string
}

func (c client) fill(variant string, quantity int) {
	c.t.Helper()
	c.want(http.StatusCreated, "POST", "/v1/cart-lines", object{"variant": variant, "quantity": quantity}, nil)
}

func (c client) graphql(query string) string {
	c.t.Helper()
	status, body := c.call("POST", "/graphql", object{"query": query})
	if status != http.StatusOK {
		c.t.Errorf("graphql: %d %s", status, body)
	}
	return string(body)
}

func (c client) want(status int, method, path string, body, answer any) {
	c.t.Helper()
	got, text := c.call(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s: want %d, got %d: %s", method, path, status, got, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
}

func (c client) wantProblem(status int, code, method, path string, body any) {
	c.t.Helper()
	var problem struct{ Code string }
	c.want(status, method, path, body, &problem)
	if problem.Code != code {
		c.t.Errorf("%s %s: want the code %s, got %s", method, path, code, problem.Code)
	}
}

func (c client) call(method, path string, body any) (status int, answer []byte) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			panic(fmt.Sprintf("%v: %v", body, err))
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, c.url+path, content)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if method == "PATCH" {
		r.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, path, err)
		return 0, nil
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		c.t.Errorf("%s %s: %v", method, path, err)
	}
	return response.StatusCode, answer
}

// The gRPC door does what the others do, by the same rules; here it is called as Connect, with JSON.
func TestOrdersOverConnect(t *testing.T) {
	onAll(t, func(t *testing.T, s *shop) {
		const catalog, orders = "/shop.v1.CatalogService/", "/shop.v1.OrdersService/"
		var added, placed struct{ CartLine, Order object }
		s.customer.want(http.StatusOK, "POST", orders+"CreateCartLine",
			object{"input": object{"variant": s.variant, "quantity": 4}, "readMask": "quantity,variant.product.title"}, &added)
		if title := added.CartLine["variant"].(object)["product"].(object)["title"]; title != "Green tea" {
			t.Errorf("the line is %v", added.CartLine)
		}
		s.customer.want(http.StatusOK, "POST", orders+"PlaceOrder",
			object{"input": object{"shipTo": address}, "readMask": "status,total,lines.quantity"}, &placed)
		if placed.Order["status"] != "ORDER_STATUS_PLACED" || placed.Order["lines"].([]any)[0].(object)["quantity"] != 4.0 {
			t.Errorf("the order is %v", placed.Order)
		}
		s.customer.wantProblem(http.StatusBadRequest, "failed_precondition", "POST", orders+"PlaceOrder", object{"input": object{"shipTo": address}})
		s.customer.wantProblem(http.StatusBadRequest, "invalid_argument", "POST", orders+"CreateCartLine", object{"input": object{"variant": s.variant}})
		s.other.wantProblem(http.StatusNotFound, "not_found", "POST", catalog+"GetVariant", object{"id": "01890a5d-ac96-774b-bcce-b302099a8057"})
		s.other.wantProblem(http.StatusForbidden, "permission_denied", "POST", catalog+"CreateCategory", object{"input": object{"slug": "x", "name": "X"}})
		client{t, s.url, ""}.wantProblem(http.StatusUnauthorized, "unauthenticated", "POST", orders+"PlaceOrder", object{"input": object{"shipTo": address}})
		var variant struct{ Variant object }
		s.other.want(http.StatusOK, "POST", catalog+"GetVariant", object{"id": s.variant}, &variant)
		if _, seen := variant.Variant["stock"]; seen {
			t.Errorf("a customer sees the stock: %v", variant)
		}
		s.staff.want(http.StatusOK, "POST", catalog+"GetVariant", object{"id": s.variant}, &variant)
		if variant.Variant["stock"] != 6.0 {
			t.Errorf("6 pieces should be left: %v", variant)
		}
	})
}
