// Package docs serves a service's OpenAPI document and Swagger UI to read it with, from assets embedded in the binary.
package docs

import (
	"net/http"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
)

// OpenAPI serves the document.
func OpenAPI(document []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		if r.Method != http.MethodHead {
			_, _ = w.Write(document)
		}
	})
}

// UI serves Swagger UI under base ("/docs"), reading the document from url ("/openapi.json").
// Both base and base + "/" lead to it.
func UI(title, base, url string) http.Handler {
	return v5emb.NewHandlerWithConfig(swgui.Config{
		Title: title, SwaggerJSON: url, BasePath: base + "/",
		SettingsUI: map[string]string{"persistAuthorization": "true", "tryItOutEnabled": "true", "docExpansion": `"none"`},
	})
}
