package coding

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fettlehq/fettle/kit"
)

// FuzzDecode feeds the decompressors what anybody may send: no more than the limit comes out, and what is wrong is the caller's.
func FuzzDecode(f *testing.F) {
	for _, coding := range []string{"gzip", "zstd"} {
		var all bytes.Buffer
		e := encoders[coding].Get().(encoder)
		e.Reset(&all)
		_, _ = io.WriteString(e, "hello, hello, hello")
		_ = e.Close()
		f.Add(coding == "zstd", all.Bytes())
	}
	f.Add(false, []byte("\x1f\x8b"))
	f.Add(true, []byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, zstd bool, text []byte) {
		const limit = 1000
		r, w := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(text)), httptest.NewRecorder()
		r.Header.Set("Content-Encoding", map[bool]string{true: "zstd", false: "gzip"}[zstd])
		if err := Decode(w, r, limit); err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(r.Body)
		var p *kit.Problem
		var tooLarge *http.MaxBytesError
		if len(plain) > limit || err != nil && !errors.As(err, &tooLarge) && (!errors.As(err, &p) || p.Status != http.StatusBadRequest) {
			t.Errorf("%d bytes, %v", len(plain), err)
		}
		_ = r.Body.Close()
	})
}
