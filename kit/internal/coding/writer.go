package coding

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fettlehq/fettle/kit/internal/fields"
	"github.com/fettlehq/fettle/kit/internal/media"
)

// least is the length from which an answer is compressed, in bytes: less fits in one packet as it is.
const least = 1400

// Writer is an answer that is compressed if its caller and its content allow it. Close ends it.
type Writer struct {
	http.ResponseWriter
	coding  string // that the caller likes best, empty for none
	encoder encoder
	decided bool
}

// encoder is what both compressors are.
type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// NewWriter wraps the writer of the answer to r. A connection that becomes something else is left alone.
func NewWriter(w http.ResponseWriter, r *http.Request) *Writer {
	made := &Writer{ResponseWriter: w}
	if r.Header.Get("Upgrade") != "" {
		made.decided = true
		return made
	}
	if accepted := r.Header["Accept-Encoding"]; accepted != nil {
		made.coding = choose(accepted)
	}
	if h := w.Header(); h["Vary"] == nil {
		h["Vary"] = fields.ByEncoding
	} else {
		h.Add("Vary", fields.ByEncoding[0])
	}
	return made
}

// WriteHeader decides whether to compress.
func (w *Writer) WriteHeader(status int) {
	if !w.decided && status >= http.StatusOK {
		w.decided = true
		w.decide(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *Writer) decide(status int) {
	h := w.Header()
	if status == http.StatusNotModified { // it has no content, and stands for an answer that has some (RFC 9110, section 15.4.5)
		vary(h)
		return
	}
	if h.Get("Content-Encoding") != "" { // whoever has coded it says what it varies by
		return
	}
	if status == http.StatusNoContent || status == http.StatusPartialContent || !isText(h.Get("Content-Type")) ||
		strings.Contains(h.Get("Cache-Control"), "no-store") || strings.Contains(h.Get("Cache-Control"), "no-transform") {
		unvary(h)
		return
	}
	vary(h)
	length, err := strconv.Atoi(h.Get("Content-Length"))
	if w.coding == "" || err == nil && length < least {
		return
	}
	h.Set("Content-Encoding", w.coding)
	h.Del("Content-Length")
	h.Del("Accept-Ranges")
	if tag := h.Get("ETag"); strings.HasPrefix(tag, `"`) {
		h.Set("ETag", "W/"+tag) // it is the same but not byte by byte
	}
	w.encoder = encoders[w.coding].Get().(encoder)
	w.encoder.Reset(w.ResponseWriter)
}

// vary tells that the answer depends on what codings the caller takes. NewWriter says it of every answer, before handlers fill the header:
// the map of a header has room for eight fields, and the next assignment, even to a field that it has, makes it a larger one.
func vary(h http.Header) {
	if !slices.Contains(h["Vary"], fields.ByEncoding[0]) { // the handler has set the field anew
		h.Add("Vary", fields.ByEncoding[0])
	}
}

// unvary takes back what NewWriter said.
func unvary(h http.Header) {
	var others []string
	for _, value := range h["Vary"] {
		if value != fields.ByEncoding[0] {
			others = append(others, value)
		}
	}
	if h["Vary"] = others; others == nil {
		delete(h, "Vary")
	}
}

// isText tells whether content of a type is worth its compression. Streams of events are not: each is sent at once.
func isText(contentType string) bool {
	name, _, err := media.Parse(contentType)
	switch {
	case err != nil, name == "text/event-stream":
		return false
	case strings.HasPrefix(name, "text/"), strings.HasSuffix(name, "+json"), strings.HasSuffix(name, "+xml"):
		return true
	}
	switch name {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return false
}

func (w *Writer) Write(p []byte) (int, error) {
	if !w.decided {
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", http.DetectContentType(p))
		}
		w.WriteHeader(http.StatusOK)
	}
	if w.encoder != nil {
		return w.encoder.Write(p)
	}
	return w.ResponseWriter.Write(p)
}

// Flush sends what was written so far.
func (w *Writer) Flush() {
	if !w.decided {
		w.WriteHeader(http.StatusOK)
	}
	if w.encoder != nil {
		_ = w.encoder.Flush() // the caller may be gone
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Close writes what is left. It must be called once, and not after a panic: then the answer stays broken.
func (w *Writer) Close() {
	if w.encoder == nil {
		return
	}
	_ = w.encoder.Close() // the caller may be gone
	w.encoder.Reset(nil)
	encoders[w.coding].Put(w.encoder)
	w.encoder = nil
}

// encoders are kept for the next answers, since each holds some hundred kilobytes.
var encoders = map[string]*sync.Pool{
	"gzip": {New: func() any {
		made, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		if err != nil {
			panic(err)
		}
		return made
	}},
	"zstd": {New: func() any {
		made, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(128<<10), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic(err)
		}
		return made
	}},
}
