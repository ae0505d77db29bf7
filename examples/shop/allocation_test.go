package shop_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/shop/catalog"
	"example.com/shop/orders"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// TestNoDoorAllocatesByField counts what is allocated for pages of fifty rows, of a field and of six. What the five bring along is their values
// as they are read, which is one allocation each in the driver of SQLite and fewer on Postgres, and nothing of the doors'.
func TestNoDoorAllocatesByField(t *testing.T) {
	const rows, more = 50, 5 // a product has fifty variants at most
	onBoth(t, func(t *testing.T, s *shop) {
		for i := range rows - 1 { // beside the one that is there, in transactions of their own: statements of one are counted
			err := s.server.Engine().Write(t.Context(), kit.Viewer{}, func(ctx context.Context, qtx *query.Tx) error {
				tx := orders.NewTx(qtx.System())
				product, err := tx.Products.BySlug(ctx, "green-tea")
				if err != nil {
					return err
				}
				price := catalog.Money{Amount: kit.NewDecimal(int64(1999 + i)).Shift(-2), Currency: "EUR"}
				_, err = tx.Variants.Create(ctx, catalog.NewVariant{Product: product.ID, Sku: fmt.Sprint("A", 100+i), Price: price, Stock: i})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		handler := s.server.Handler()
		allocations := func(method, path, body string) float64 {
			size := 0
			n := testing.AllocsPerRun(30, func() {
				r := httptest.NewRequest(method, path, strings.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer "+s.staff.token)
				w := httptest.NewRecorder()
				if handler.ServeHTTP(w, r); w.Code != http.StatusOK || strings.Count(w.Body.String(), `"sku"`) != rows {
					t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
				}
				size = w.Body.Len()
			})
			t.Logf("%s %s: %.0f allocations, %d bytes", path, body, n, size)
			return n
		}
		for door, ask := range map[string]func(fields ...string) float64{
			"REST": func(fields ...string) float64 {
				return allocations("GET", fmt.Sprintf("/v1/variants?limit=%d&fields=%s", rows, strings.Join(fields, ",")), "")
			},
			"GraphQL": func(fields ...string) float64 {
				return allocations("POST", "/graphql", fmt.Sprintf(`{"query":"{variants(first:%d){nodes{%s}}}"}`, rows, strings.Join(fields, " ")))
			},
			"Connect": func(fields ...string) float64 {
				return allocations("POST", "/shop.v1.CatalogService/ListVariants", fmt.Sprintf(`{"pageSize":%d,"readMask":"%s"}`, rows, strings.Join(fields, ",")))
			},
		} {
			few, many := ask("sku"), ask("sku", "stock", "createdAt", "updatedAt", "version", "id")
			most := 0.8
			if strings.HasSuffix(t.Name(), "sqlite") {
				most = 1.25
			}
			byField := (many - few) / (rows * more)
			t.Logf("%s: %.2f allocations a field", door, byField)
			if byField > most {
				t.Errorf("%s: %.2f allocations a field, want at most %.2f", door, byField, most)
			}
		}
	})
}
