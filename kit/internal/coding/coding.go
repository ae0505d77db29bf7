// Package coding compresses answers and reads compressed requests (content codings: RFC 9110, section 8.4.1).
//
//	request ─▶ Decode ─▶ handler ─▶ Writer: gzip or zstd, whichever the caller likes best ─▶ answer
//
// It knows nothing of what is sent. What is small, says no-store (tokens and problems: what is secret stays out of any
// compressed answer) or is no text is left as it is.
package coding

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/fettlehq/fettle/kit"
)

// Accepted are the codings in which requests may come, as the header Accept-Encoding of an answer says them.
const Accepted = "gzip, zstd"

// maxWindow is the memory that a zstd frame of a caller may ask for, in bytes.
const maxWindow = 1 << 20

// Decode lets the body of r be read as if it were not compressed, at most limit bytes of it: reading on is a
// *http.MaxBytesError, whatever the ratio. Its error is a *kit.Problem 415 for a coding that is none of Accepted.
// A body that is not what its coding says is found by reading it, as a *kit.Problem 400.
func Decode(w http.ResponseWriter, r *http.Request, limit int64) error {
	given := strings.Join(r.Header.Values("Content-Encoding"), ",")
	switch coding := strings.ToLower(strings.TrimSpace(given)); coding {
	case "", "identity":
		if given != "" {
			r.Header.Del("Content-Encoding")
		}
		if r.ContentLength < 0 || r.ContentLength > limit {
			r.Body = http.MaxBytesReader(w, r.Body, limit)
		}
		return nil
	case "gzip", "x-gzip", "zstd":
		r.Body = &decoder{coding: coding, body: r.Body}
		r.ContentLength = -1
	default:
		w.Header().Set("Accept-Encoding", Accepted)
		return &kit.Problem{
			Code: kit.CodeUnsupportedType, Status: http.StatusUnsupportedMediaType,
			Detail: "The body is compressed in a way that is not read here: send it as it is, or as one of " + Accepted + ".",
		}
	}
	r.Header.Del("Content-Encoding")
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return nil
}

// decoder is a compressed body. Nothing is read of it, and no memory held, before somebody reads.
type decoder struct {
	coding string
	body   io.ReadCloser
	plain  io.Reader
	zstd   *zstd.Decoder
	err    error
}

func (d *decoder) Read(p []byte) (int, error) {
	if d.plain == nil && d.err == nil {
		d.err = d.open()
	}
	if d.err != nil {
		return 0, d.err
	}
	n, err := d.plain.Read(p)
	if err != nil && err != io.EOF {
		err = d.problem(err)
		d.err = err
	}
	return n, err
}

func (d *decoder) open() (err error) {
	if d.coding == "zstd" {
		d.zstd, err = zstd.NewReader(d.body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err == nil {
			d.plain = d.zstd
		}
	} else {
		var unzipped *gzip.Reader
		if unzipped, err = gzip.NewReader(d.body); err == nil {
			d.plain = unzipped
		}
	}
	if err != nil {
		return d.problem(err)
	}
	return nil
}

// problem is what the caller is told of a body that cannot be decompressed. One that is too large or too slow says so itself.
func (d *decoder) problem(err error) error {
	if _, ok := err.(*http.MaxBytesError); ok || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if known := (*kit.Problem)(nil); errors.As(err, &known) {
		return known
	}
	return &kit.Problem{Code: kit.CodeMalformed, Status: http.StatusBadRequest, Detail: "The body is no " + d.coding + ", or ends too early.", Err: err}
}

func (d *decoder) Close() error {
	if d.zstd != nil {
		d.zstd.Close()
	}
	d.err = http.ErrBodyReadAfterClose
	return d.body.Close()
}

// choose is the coding that the header Accept-Encoding likes best, empty for none: zstd where it is as good as gzip
// (RFC 9110, section 12.5.3).
func choose(fields []string) string {
	likes := map[string]float64{}
	for _, field := range fields {
		for item := range strings.SplitSeq(field, ",") {
			name, parameters, _ := strings.Cut(item, ";")
			likes[strings.ToLower(strings.TrimSpace(name))] = weight(parameters)
		}
	}
	best, most := "", 0.0
	for _, coding := range []string{"zstd", "gzip"} {
		q, said := likes[coding]
		if !said {
			q = likes["*"]
		}
		if q > most {
			best, most = coding, q
		}
	}
	if identity, said := likes["identity"]; said && identity > most {
		return ""
	}
	return best
}

// weight is the q of a list item, 1 where it says none and 0 where it is malformed.
func weight(parameters string) float64 {
	name, value, ok := strings.Cut(strings.TrimSpace(parameters), "=")
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") || q < 0 || q > 1 {
		return 0
	}
	return q
}
