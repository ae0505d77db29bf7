package coding

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fettlehq/fettle/kit"
)

func TestChoose(t *testing.T) {
	for fields, want := range map[string]string{
		"": "", "gzip": "gzip", "gzip, deflate, br": "gzip", "gzip, zstd": "zstd", "zstd;q=0.5, gzip": "gzip", "*": "zstd", "br": "",
		"*;q=0.1, zstd;q=0": "gzip", "GZIP ; Q=0.3": "gzip", "gzip;q=0": "", "identity, gzip;q=0.5": "", "gzip;q=x": "", "gzip;q=2": "",
	} {
		if got := choose([]string{fields}); got != want {
			t.Errorf("%q: %q, want %q", fields, got, want)
		}
	}
	if got := choose([]string{"br", "gzip;q=0.2"}); got != "gzip" {
		t.Errorf("of two fields: %q", got)
	}
}

func plain(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var r io.Reader = w.Body
	var err error
	switch w.Header().Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(w.Body)
	case "zstd":
		r, err = zstd.NewReader(w.Body)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnswers(t *testing.T) {
	long := strings.Repeat(`{"title":"Acacia honey"},`, 500)
	for _, test := range []struct {
		name, accept, content, cache, body string
		status                             int
		want                               string // the coding
	}{
		{"zstd", "gzip, zstd", "application/json", "private, no-cache", long, 200, "zstd"},
		{"gzip", "gzip", "application/json; fields=some", "", long, 200, "gzip"},
		{"not asked for", "", "application/json", "", long, 200, ""},
		{"short", "gzip", "application/json", "", `{}`, 200, ""},
		{"no text", "gzip", "image/png", "", long, 200, ""},
		{"a secret", "gzip", "application/json", "no-store", long, 200, ""},
		{"events", "gzip", "text/event-stream", "", long, 200, ""},
		{"a page", "gzip", "text/html; charset=utf-8", "", long, 404, "gzip"},
		{"unchanged", "gzip", "", "", "", 304, ""},
	} {
		for range 2 { // an encoder is used again
			r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
			r.Header.Set("Accept-Encoding", test.accept)
			c := NewWriter(w, r)
			c.Header().Set("Content-Type", test.content)
			c.Header().Set("Cache-Control", test.cache)
			c.Header().Set("ETag", `"1"`)
			c.Header().Set("Content-Length", strconv.Itoa(len(test.body)))
			c.WriteHeader(test.status)
			_, _ = io.WriteString(c, test.body)
			c.Close()
			if got := w.Header().Get("Content-Encoding"); got != test.want || plain(t, w) != test.body {
				t.Errorf("%s: as %q: %d bytes", test.name, got, w.Body.Len())
			}
			if varies := w.Header().Get("Vary") == "Accept-Encoding"; varies != (test.content != "image/png" && test.content != "text/event-stream" && test.cache != "no-store") {
				t.Errorf("%s: Vary %q", test.name, w.Header().Get("Vary"))
			}
			if weak := strings.HasPrefix(w.Header().Get("ETag"), "W/"); weak != (test.want != "") {
				t.Errorf("%s: ETag %s", test.name, w.Header().Get("ETag"))
			}
		}
	}
}

func TestRequests(t *testing.T) {
	zip := func(coding, text string) []byte {
		var buf bytes.Buffer
		e := encoders[coding].Get().(encoder)
		e.Reset(&buf)
		_, _ = io.WriteString(e, text)
		_ = e.Close()
		return buf.Bytes()
	}
	bomb := strings.Repeat("\x00", 64<<20)
	for _, test := range []struct {
		name, coding string
		body         []byte
		want         string
		code         string
	}{
		{"plain", "", []byte("hello"), "hello", ""},
		{"identity", "identity", []byte("hello"), "hello", ""},
		{"gzip", "gzip", zip("gzip", "hello"), "hello", ""},
		{"zstd", "ZSTD", zip("zstd", "hello"), "hello", ""},
		{"a bomb", "gzip", zip("gzip", bomb), "", "too large"},
		{"a bomb of zstd", "zstd", zip("zstd", bomb), "", "too large"},
		{"too long as it is", "", []byte(strings.Repeat("x", 2000)), "", "too large"},
		{"no gzip", "gzip", []byte("hello"), "", kit.CodeMalformed},
		{"no zstd", "zstd", []byte("hello"), "", kit.CodeMalformed},
		{"cut off", "gzip", zip("gzip", "hello")[:20], "", kit.CodeMalformed},
		{"empty", "gzip", nil, "", kit.CodeMalformed},
		{"unknown", "br", []byte("hello"), "", kit.CodeUnsupportedType},
		{"twice", "gzip, gzip", []byte("hello"), "", kit.CodeUnsupportedType},
	} {
		r, w := httptest.NewRequest("POST", "/", bytes.NewReader(test.body)), httptest.NewRecorder()
		r.Header.Set("Content-Encoding", test.coding)
		err := Decode(w, r, 1000)
		var text []byte
		if err == nil {
			text, err = io.ReadAll(r.Body)
			_ = r.Body.Close()
		} else if w.Header().Get("Accept-Encoding") != Accepted {
			t.Errorf("%s: it is not said what is accepted", test.name)
		}
		code := ""
		var p *kit.Problem
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &p):
			code = p.Code
		case errors.As(err, &large):
			code = "too large"
		case err != nil:
			t.Errorf("%s: %v", test.name, err)
		}
		if code != test.code || err == nil && string(text) != test.want {
			t.Errorf("%s: %q %s, want %q %s", test.name, text, code, test.want, test.code)
		}
	}
}

// A handler may keep the values of a header field that it always sends: they are its own.
func TestKeptHeaderValues(t *testing.T) {
	kept := []string{"Origin"}
	for range 2 {
		w := httptest.NewRecorder()
		coded := NewWriter(w, httptest.NewRequest(http.MethodGet, "/", nil))
		coded.Header()["Vary"] = kept
		coded.Header().Set("Content-Type", "application/json")
		coded.WriteHeader(http.StatusOK)
		coded.Close()
		if got := w.Header().Values("Vary"); len(got) != 2 || got[1] != "Accept-Encoding" || kept[0] != "Origin" {
			t.Errorf("answers vary by %q, and the handler's own are %q", got, kept)
		}
	}
}
