package shop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	shopclient "example.com/shop/api/client"
)

// fast tries again at once, so that tests wait for nothing.
var fast = shopclient.Retry{Base: time.Nanosecond}

// TestClient calls one shop by its written client.
func TestClient(t *testing.T) {
	s := start(t, "sqlite:"+filepath.Join(t.TempDir(), "shop.db"))
	for _, c := range []struct {
		name string
		test func(t *testing.T, s *shop)
	}{
		{"reads and writes", readsAndWrites},
		{"says what is wrong", saysWhatIsWrong},
		{"reads pages while rows come and go", readsPages},
		{"does once what is answered twice", writesOnce},
		{"changes once what is answered twice", changesOnce},
		{"waits as long as the service asks", waits},
		{"writes together", writesTogether},
		{"refreshes once for many calls", refreshesOnce},
		{"tells that the session has ended", tellsOfTheEnd},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, s) })
	}
}

// typed is a client of s that is signed in, whose requests go through between.
func (s *shop) typed(t *testing.T, email string, between proxy) *shopclient.Client {
	t.Helper()
	c, err := shopclient.New(s.url, shopclient.Config{HTTP: through(between), Retry: fast})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SignIn(t.Context(), email, password); err != nil {
		t.Fatal(err)
	}
	return c
}

// proxy stands between a client and the service.
type proxy func(send http.RoundTripper, r *http.Request) (*http.Response, error)

func (p proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	if p == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return p(http.DefaultTransport, r)
}

func through(between proxy) *http.Client { return &http.Client{Transport: between} }

func readsAndWrites(t *testing.T, s *shop) {
	c := s.typed(t, "staff@shop.example", nil)
	ctx := t.Context()
	made, err := c.Products.Create(ctx, shopclient.NewProduct{
		Category: "tea", Slug: "black-tea", Title: "Black tea",
		Variants: shopclient.ProductVariantsCreate{Create: []shopclient.ProductVariantsCreateItem{
			{Sku: "B50", Price: shopclient.Money{Amount: "12345678901234.6789", Currency: "EUR"}, Stock: 3},
		}},
	})
	if err != nil || made.Slug != "black-tea" || made.Listed || made.Version != 1 || made.Category.ID == "" || made.Category.Row != nil {
		t.Fatalf("%+v, %v", made, err)
	}
	changed, err := c.Products.Update(ctx, "black-tea", shopclient.ProductPatch{Listed: shopclient.Set(true)}, shopclient.IfMatch(made.Version))
	if err != nil || !changed.Listed || changed.Title != "Black tea" || changed.Version != 2 {
		t.Fatalf("%+v, %v", changed, err)
	}
	_, err = c.Products.Update(ctx, made.ID, shopclient.ProductPatch{Title: shopclient.Set("Too late")}, shopclient.IfMatch(made.Version))
	if !errors.Is(err, shopclient.CodeStale) {
		t.Errorf("a change of an old version: %v", err)
	}
	var info shopclient.CallInfo
	got, err := c.Products.Get(ctx, "black-tea", shopclient.Include(shopclient.Products.Category, shopclient.Products.Variants), shopclient.Into(&info))
	if err != nil || got.Category.Row == nil || got.Category.Row.Name != "Tea" || len(got.Variants) != 1 || got.Variants[0].Price.Amount != "12345678901234.6789" {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := c.Products.Get(ctx, "black-tea", shopclient.Include(shopclient.Products.Category, shopclient.Products.Variants), shopclient.IfNoneMatch(info.ETag)); !errors.Is(err, shopclient.ErrNotModified) {
		t.Errorf("the same again: %v", err)
	}
	some, err := c.Products.Get(ctx, "black-tea", shopclient.Fields(shopclient.Products.Title, shopclient.Products.Category.Name))
	if err != nil || some.Title != "Black tea" || some.Slug != "" || some.Category.Row == nil || some.Category.Row.Name != "Tea" || some.Category.Row.Slug != "" {
		t.Errorf("some fields: %+v, %v", some, err)
	}
	page, err := c.Products.List(ctx, shopclient.Query[shopclient.Product]{
		Where: []shopclient.ConditionOf[shopclient.Product]{
			shopclient.Products.Title.Contains("tea"), shopclient.Products.Category.Slug.Eq("tea"), shopclient.Products.CreatedAt.Gte(made.CreatedAt),
		},
		Order: []shopclient.SortKey[shopclient.Product]{shopclient.Products.Title.Desc()}, Count: true,
	})
	if err != nil || len(page.Items) != 1 || page.Items[0].ID != made.ID || page.Total == nil || *page.Total != 1 || page.Next != "" {
		t.Errorf("%+v, %v", page, err)
	}
	sums, err := c.Variants.Aggregate(ctx, shopclient.Aggregation[shopclient.Variant]{
		GroupBy: []shopclient.ColumnOf[shopclient.Variant]{shopclient.Variants.Price.Currency}, Sum: []shopclient.ColumnOf[shopclient.Variant]{shopclient.Variants.Stock, shopclient.Variants.Price.Amount},
	})
	if err != nil || len(sums.Groups) != 1 || *sums.Groups[0].Group.PriceCurrency != "EUR" || *sums.Groups[0].Sum.Stock != 13 || *sums.Groups[0].Sum.PriceAmount != "12345678901237.1789" {
		t.Errorf("%+v, %v", sums, err)
	}
	if err := c.Products.Delete(ctx, "black-tea"); err != nil {
		t.Error(err)
	}
	if _, err := c.Products.Get(ctx, made.ID); !errors.Is(err, shopclient.CodeNotFound) {
		t.Errorf("a deleted product: %v", err)
	}
}

func saysWhatIsWrong(t *testing.T, s *shop) {
	c := s.typed(t, "ada@shop.example", nil)
	ctx := t.Context()
	_, err := c.CartLines.Create(ctx, shopclient.NewCartLine{Variant: "nothing", Quantity: 100})
	var e *shopclient.Error
	if !errors.As(err, &e) || e.Status != 422 || e.Code != shopclient.CodeInvalid || len(e.Fields) == 0 || e.Tries != 1 {
		t.Errorf("%#v", err)
	}
	if !errors.Is(err, shopclient.CodeTooLarge) || !strings.Contains(err.Error(), "createCartLine: 422 INVALID") || !strings.Contains(err.Error(), "quantity") {
		t.Error(err)
	}
	_, err = c.Products.Create(ctx, shopclient.NewProduct{Category: "tea", Slug: "mine", Title: "Mine"})
	if !errors.Is(err, shopclient.CodeForbidden) {
		t.Error(err)
	}
	_, err = c.PlaceOrder(ctx, shopclient.PlaceOrder{ShipTo: shopclient.AddressInput{Name: "Ada", Street: "1", City: "X", Postcode: "1", Country: "IT"}})
	if !errors.Is(err, shopclient.CodeCartEmpty) {
		t.Error(err)
	}
	_, err = c.Products.List(ctx, shopclient.Query[shopclient.Product]{
		Where: []shopclient.ConditionOf[shopclient.Product]{shopclient.Products.Title.In()},
	})
	if err == nil || !strings.Contains(err.Error(), "without a value") {
		t.Errorf("no values: %v", err)
	}
	for _, key := range []shopclient.ID{"", ".", "..", "../categories", "a/b", "ü?x=1"} {
		if _, err := c.Products.Get(ctx, key); !errors.Is(err, shopclient.CodeNotFound) {
			t.Errorf("key %q: %v", key, err)
		}
	}
}

// Rows that come and go while pages are read neither skip nor repeat those that stay.
func readsPages(t *testing.T, s *shop) {
	c := s.typed(t, "staff@shop.example", nil)
	ctx := t.Context()
	make := func(name string) {
		t.Helper()
		if _, err := c.Labels.Create(ctx, shopclient.NewLabel{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	var stay []string
	for i := range 10 {
		stay = append(stay, fmt.Sprintf("stays-%02d", i))
		make(stay[i])
	}
	for i := range 10 {
		make(fmt.Sprintf("stays-%02d-goes", i))
	}
	var got []string
	for label, err := range c.Labels.All(ctx, shopclient.Query[shopclient.Label]{Limit: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		if n := len(got); n%3 == 0 { // whatever of it is before or behind the page
			make(fmt.Sprintf("a-%02d", n))
			make(fmt.Sprintf("z-%02d", n))
			if err := c.Labels.Delete(ctx, shopclient.ID(fmt.Sprintf("stays-%02d-goes", n/3))); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, label.Name)
		if len(got) > 1000 {
			t.Fatal("there is no end")
		}
		if strings.HasPrefix(label.Name, "z-18") {
			break // what is made behind is read too
		}
	}
	kept := slices.DeleteFunc(slices.Clone(got), func(name string) bool { return !slices.Contains(stay, name) })
	if !slices.Equal(kept, stay) {
		t.Errorf("read %q of %q", kept, stay)
	}
	if !slices.IsSorted(got) {
		t.Errorf("read out of order: %q", got)
	}
}

// A create whose answer is lost is sent again and done once.
func writesOnce(t *testing.T, s *shop) {
	var lost atomic.Int32
	c := s.typed(t, "staff@shop.example", func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		response, err := send.RoundTrip(r)
		if err == nil && r.Method == "POST" && strings.HasPrefix(r.URL.Path, "/v1/") && lost.Add(1) <= 2 {
			response.Body.Close()
			return nil, errors.New("connection reset")
		}
		return response, err
	})
	ctx := t.Context()
	var info shopclient.CallInfo
	made, err := c.Labels.Create(ctx, shopclient.NewLabel{Name: "organic"}, shopclient.Into(&info))
	if err != nil || made.Name != "organic" || !info.Replayed || info.Tries != 3 {
		t.Errorf("%+v, %+v, %v", made, info, err)
	}
	page, err := c.Labels.List(ctx, shopclient.Query[shopclient.Label]{
		Where: []shopclient.ConditionOf[shopclient.Label]{shopclient.Labels.Name.Eq("organic")}, Count: true,
	})
	if err != nil || *page.Total != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

// A batch happens as a whole, also where its answer is lost, and names what it makes.
func writesTogether(t *testing.T, s *shop) {
	lose := true
	c := s.typed(t, "staff@shop.example", func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		response, err := send.RoundTrip(r)
		if err == nil && response.StatusCode == http.StatusOK && r.URL.Path == "/v1/batch" && lose {
			lose = false
			response.Body.Close()
			return nil, errors.New("connection reset")
		}
		return response, err
	})
	ctx := t.Context()
	fill := func(price shopclient.Decimal) (*shopclient.RequestBatch, *shopclient.Pending[shopclient.Product], *shopclient.Pending[shopclient.Variant]) {
		b := c.Batch()
		product := b.Products.Create(shopclient.NewProduct{Category: "tea", Slug: "of-a-batch", Title: "Of a batch"})
		variant := b.Variants.Create(shopclient.NewVariant{Product: product.ID(), Sku: "B1", Price: shopclient.Money{Amount: price, Currency: "EUR"}, Stock: 1})
		return b, product, variant
	}
	b, _, _ := fill("-1")
	var e *shopclient.Error
	if err := b.Send(ctx); !errors.As(err, &e) || !errors.Is(err, shopclient.CodePriceNotPositive) || !strings.HasPrefix(e.Fields[0].Field, "requests.1.") {
		t.Errorf("%#v", err)
	}
	if _, err := c.Products.Get(ctx, "of-a-batch"); !errors.Is(err, shopclient.CodeNotFound) {
		t.Errorf("half of a batch happened: %v", err)
	}
	b, product, variant := fill("2.50")
	var info shopclient.CallInfo
	if err := b.Send(ctx, shopclient.Into(&info)); err != nil || !info.Replayed {
		t.Fatalf("%+v, %v", info, err)
	}
	p, _ := product.Get()
	v, _ := variant.Get()
	if p.Slug != "of-a-batch" || v.Product == nil || v.Product.ID != p.ID {
		t.Errorf("%+v, %+v", p, v)
	}
}

// A change or deletion whose answer is lost is sent again and done once.
func changesOnce(t *testing.T, s *shop) {
	var lost atomic.Int32
	c := s.typed(t, "staff@shop.example", func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		response, err := send.RoundTrip(r)
		if err == nil && (r.Method == "PATCH" || r.Method == "DELETE") && lost.Add(1) <= 2 {
			response.Body.Close()
			return nil, errors.New("connection reset")
		}
		return response, err
	})
	ctx := t.Context()
	made, err := c.Categories.Create(ctx, shopclient.NewCategory{Slug: "lost", Name: "Lost"})
	if err != nil {
		t.Fatal(err)
	}
	var info shopclient.CallInfo
	changed, err := c.Categories.Update(ctx, "lost", shopclient.CategoryPatch{Name: shopclient.Set("Found")}, shopclient.IfMatch(made.Version), shopclient.Into(&info))
	if err != nil || changed.Name != "Found" || changed.Version != made.Version+1 || !info.Replayed || info.Tries != 3 {
		t.Errorf("%+v, %+v, %v", changed, info, err)
	}
	lost.Store(0)
	if err := c.Categories.Delete(ctx, "lost", shopclient.Into(&info)); err != nil || !info.Replayed || info.Tries != 3 {
		t.Errorf("%+v, %v", info, err)
	}
}

// What is refused for now is sent again, a change too, after as long as the service asks; what takes too long is not waited for.
func waits(t *testing.T, s *shop) {
	var refused atomic.Int32
	after, giveUp := "0", func() {}
	c := s.typed(t, "staff@shop.example", func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		if strings.HasPrefix(r.URL.Path, "/v1/") && refused.Add(1) <= 2 {
			giveUp()
			return answer(r, http.StatusServiceUnavailable, after, `{"code":"UNAVAILABLE","detail":"Not now."}`), nil
		}
		return send.RoundTrip(r)
	})
	ctx := t.Context()
	changed, err := c.Categories.Update(ctx, "tea", shopclient.CategoryPatch{Name: shopclient.Set("Teas")})
	if err != nil || changed.Name != "Teas" || refused.Load() != 3 {
		t.Errorf("%+v, %v", changed, err)
	}
	refused.Store(0)
	after = "3600"
	_, err = c.Categories.Get(ctx, "tea")
	var e *shopclient.Error
	if !errors.As(err, &e) || e.RetryAfter != time.Hour || e.Tries != 1 || !errors.Is(err, shopclient.CodeUnavailable) {
		t.Errorf("%#v", err)
	}
	refused.Store(0)
	after = "1"
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	giveUp = cancel
	if _, err := c.Categories.Get(ctx, "tea"); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that was given up while it waited: %v", err)
	}
}

// Calls that find at once that their session needs new tokens get them by one exchange.
func refreshesOnce(t *testing.T, s *shop) {
	var exchanges, denied atomic.Int32
	gate := make(chan struct{})
	const calls = 8
	var tokens shopclient.TokenPair
	nobody := client{t, s.url, ""}
	nobody.want(http.StatusOK, "POST", "/auth/sign-in", object{"email": "ada@shop.example", "password": password}, &tokens)
	tokens.Access += "x"
	store := shopclient.KeepTokens(tokens)
	c, err := shopclient.New(s.url, shopclient.Config{Retry: fast, Tokens: store, HTTP: through(func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/auth/refresh" {
			exchanges.Add(1)
		}
		response, err := send.RoundTrip(r)
		if err == nil && response.StatusCode == http.StatusUnauthorized {
			if denied.Add(1) == calls {
				close(gate)
			}
			<-gate // until all of them know
		}
		return response, err
	})})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range calls {
		all.Go(func() {
			if _, err := c.CartLines.List(t.Context(), shopclient.Query[shopclient.CartLine]{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	now, _ := store.Load(t.Context())
	if exchanges.Load() != 1 || now.Refresh == tokens.Refresh || now.Access == tokens.Access {
		t.Errorf("%d exchanges, %+v", exchanges.Load(), now)
	}
	if err := c.SignOut(t.Context()); err != nil {
		t.Error(err)
	}
	if now, _ := store.Load(t.Context()); now != (shopclient.TokenPair{}) {
		t.Errorf("signed out with %+v", now)
	}
}

// Whose session has ended hears so, at each call, and never reads as nobody unawares.
func tellsOfTheEnd(t *testing.T, s *shop) {
	var exchanges atomic.Int32
	c, err := shopclient.New(s.url, shopclient.Config{
		Retry: fast, Tokens: shopclient.KeepTokens(shopclient.TokenPair{Access: "old", Refresh: "older"}),
		HTTP: through(func(send http.RoundTripper, r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/auth/refresh" {
				exchanges.Add(1)
			}
			return send.RoundTrip(r)
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := c.Products.List(t.Context(), shopclient.Query[shopclient.Product]{})
		if !errors.Is(err, shopclient.ErrSignedOut) || !errors.Is(err, shopclient.CodeUnauthenticated) {
			t.Error(err)
		}
	}
	if exchanges.Load() != 1 {
		t.Errorf("%d exchanges", exchanges.Load())
	}
}

func answer(r *http.Request, status int, retryAfter, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(body)), ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Retry-After": {retryAfter}, "Content-Type": {"application/problem+json"}},
	}
}
