package mail

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("mail").Parse(pageText))

// Handler serves the mailbox at path ("/dev/mail") and below: pages for a browser, a JSON array for a program.
func (b *Mailbox) Handler(path string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		if wantsPage(r) {
			render(w, http.StatusOK, view{Path: path, Letters: b.newestFirst()})
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(b.Messages())
	})
	mux.HandleFunc("GET "+path+"/{number}", func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.PathValue("number"))
		letter, found := b.find(number)
		switch {
		case !found:
			render(w, http.StatusNotFound, view{Path: path, Missing: true, Letters: b.newestFirst()})
		case wantsPage(r):
			render(w, http.StatusOK, view{Path: path, Open: &letter, Letters: b.newestFirst()})
		default:
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(letter.Message)
		}
	})
	mux.HandleFunc("DELETE "+path, func(w http.ResponseWriter, r *http.Request) {
		if err := b.Clear(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

type view struct {
	Path    string
	Letters []kept
	Open    *kept
	Missing bool
}

func wantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// render writes the page. A message's HTML stands in a sandboxed frame that inherits the policy: no script runs in it.
func render(w http.ResponseWriter, status int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	page.Execute(w, v)
}
