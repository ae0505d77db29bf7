package shop_test

import (
	"path/filepath"
	"strings"
	"testing"

	"example.com/shop/app"
	"example.com/shop/catalog"
	"example.com/shop/orders"
	"github.com/fettlehq/fettle/kit/designtest"
)

// served is the shop as a member of the staff asks it, of rows that are there where the path has a place for one.
func (s *shop) served() designtest.Served {
	return designtest.Served{
		URL: s.url, OpenAPI: app.New(catalog.New(), orders.New()).OpenAPI, Token: s.staff.token,
		Place: func(path, name string) string {
			place := "green-tea"
			if strings.HasPrefix(path, "/v1/categories") {
				place = "tea"
			}
			return map[string]string{"slug": place, "id": s.variant, "name": "nonesuch", "order": s.variant}[name]
		},
	}
}

// TestRefusals sends what must be refused to each operation of openapi.json.
func TestRefusals(t *testing.T) {
	onBoth(t, func(t *testing.T, s *shop) { designtest.Refusals(t, s.served()) })
	t.Run("REQUIRE_IF_MATCH", func(t *testing.T) {
		s := start(t, "sqlite:"+filepath.Join(t.TempDir(), "shop.db"), "REQUIRE_IF_MATCH", "yes")
		designtest.Unmatched(t, s.served())
	})
	t.Run("RATE_LIMIT", func(t *testing.T) {
		s := start(t, "sqlite:"+filepath.Join(t.TempDir(), "shop.db"), "RATE_LIMIT", "20/24h")
		designtest.Limited(t, s.served())
	})
}
