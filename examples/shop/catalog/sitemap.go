package catalog

import (
	"context"
	"net/http"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/server"
)

// Mount adds what is served beside the doors; api/openapi.part.yaml describes it.
func Mount(mux *http.ServeMux, s *server.Server) {
	mux.HandleFunc("GET /sitemap.txt", func(w http.ResponseWriter, r *http.Request) {
		text, err := sitemap(r.Context(), s.Engine())
		if err != nil {
			s.Report().Write(w, r, "sitemap", err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(text)
	})
}

// sitemap is a line for each product that everybody may see, the newest first.
func sitemap(ctx context.Context, engine *query.Engine) (text []byte, err error) {
	err = engine.Read(ctx, kit.Viewer{}, func(ctx context.Context, qtx *query.Tx) error {
		tx := NewTx(qtx)
		products, _, err := tx.Products.List(ctx, ProductQuery{Order: []query.OrderBy[Product]{Products.CreatedAt.Desc()}, First: 100})
		for _, p := range products {
			text = append(text, "/products/"+p.Slug+"\n"...)
		}
		return err
	})
	return text, err
}
