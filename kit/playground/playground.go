// Package playground is the page that a browser gets at the GraphQL door: write a query, run it, read the schema.
//
//	page/*.html, *.css, *.js ─▶ one page, inlined ─▶ Handler
//
// The page is of its own making: no build step, nothing fetched from elsewhere, so it works offline and under a policy
// that allows no script but its own. It knows the schema by introspection only.
package playground

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"strings"
)

//go:embed page
var page embed.FS

// Options say where the page finds what it calls. Paths are of the same origin.
type Options struct {
	Title    string // shown on the page and in the tab: the service's name
	Endpoint string // "/graphql" unless given
	SignIn   string // "/auth/sign-in"; empty hides the form
}

// Handler serves the page.
func Handler(o Options) http.Handler {
	if o.Endpoint == "" {
		o.Endpoint = "/graphql"
	}
	style, script := read("style.css"), script()
	body := strings.NewReplacer(
		"{{title}}", html.EscapeString(o.Title),
		"{{endpoint}}", html.EscapeString(o.Endpoint),
		"{{signIn}}", html.EscapeString(o.SignIn),
		"{{style}}", style,
		"{{script}}", script,
	).Replace(read("page.html"))
	policy := fmt.Sprintf(
		"default-src 'none'; connect-src 'self'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		digest(script), digest(style))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		if r.Method != http.MethodHead {
			_, _ = w.Write([]byte(body))
		}
	})
}

// script is the page's program: its files in the order in which they build on each other.
func script() string {
	var b strings.Builder
	b.WriteString("\"use strict\";\n(() => {\n")
	for _, name := range []string{"language.js", "schema.js", "editor.js", "explorer.js", "app.js"} {
		b.WriteString(read(name))
	}
	b.WriteString("})();\n")
	return b.String()
}

// read returns an embedded file; that each exists is known when the package is built and tested.
func read(name string) string {
	data, err := page.ReadFile("page/" + name)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// digest is the hash by which a Content-Security-Policy allows one inline text (CSP Level 3, section 2.3.1).
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
