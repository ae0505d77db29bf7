// Package docs serves a service's OpenAPI document, and Swagger UI to read it with and to try it.
//
//	openapi.json ─▶ OpenAPI
//	assets of swgui, embedded ─▶ UI ─▶ a page that reads openapi.json
//
// Nothing is fetched from elsewhere, so it works offline and under a policy that allows no script but its own. It knows
// nothing of what the document says: that is emit/openapi.
package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"html/template"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/swaggest/swgui/v5/static"
)

// OpenAPI serves the document.
func OpenAPI(document []byte) http.Handler {
	hash := fnv.New64a()
	_, _ = hash.Write(document) // never fails
	tag := `"` + strconv.FormatUint(hash.Sum64(), 36) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", strconv.Itoa(len(document)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(document) // the caller may be gone
		}
	})
}

//go:embed page.html
var pageText string

//go:embed start.js
var startScript string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Parse(pageText))

// UI serves Swagger UI under base ("/docs"), reading the document from url ("/openapi.json"). Both base and base + "/"
// lead to it. What Swagger UI keeps of a token it keeps in the browser's local storage.
func UI(title, base, url string) http.Handler {
	var body bytes.Buffer
	err := page.Execute(&body, struct {
		Title, Base, URL string
		Style            template.CSS
		Start            template.JS
	}{title, base, url, template.CSS(pageStyle), template.JS(startScript)})
	if err != nil {
		panic(err) // a template of ours, filled with strings
	}
	policy := fmt.Sprintf("default-src 'none'; connect-src 'self'; script-src 'self' '%s'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "+
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", digest(startScript))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.Trim(strings.TrimPrefix(r.URL.Path, base), "/")
		if name != "" {
			asset(w, r, name)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		if r.Method != http.MethodHead {
			_, _ = w.Write(body.Bytes()) // the caller may be gone
		}
	})
}

// digest is the hash by which a Content-Security-Policy allows one inline text (CSP Level 3, section 2.3.1).
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// asset serves a file of Swagger UI. The larger ones are embedded compressed.
func asset(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	data, err := static.FS.ReadFile(name)
	packed := false
	if err != nil {
		data, err = static.FS.ReadFile(name + ".gz")
		packed = true
	}
	if err != nil || path.Ext(name) == ".gz" {
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "max-age=3600")
	h.Set("Vary", "Accept-Encoding")
	if packed && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		packed = false
	}
	if packed {
		unpacked, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			panic(err) // embedded, and tested
		}
		if r.Method != http.MethodHead {
			_, _ = io.Copy(w, unpacked) // the caller may be gone
		}
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) // the caller may be gone
	}
}
