package grpc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/fettlehq/fettle/kit"
)

// FuzzJSON feeds the reader of Protobuf's JSON what anybody may send: it ends with a tree, or with a problem of the caller.
func FuzzJSON(f *testing.F) {
	all := decodings(f)
	for i, text := range []string{
		`{"filter":{"or":[{"title":{"in":{"values":["a","b"]}}}]},"order_by":["ARTICLE_ORDER_TITLE_ASC"],"pageSize":7,"readMask":"title,author.username"}`,
		`{"input":{"small":"-7","big":"9","weight":"1.5","at":"2030-01-02T03:04:05Z","data":{"a":[1,null]},"raw":"-_","status":1}}`,
		`{"id":"x","input":{"comments":{"create":[{"body":"a"}]}},"version":3,"updateMask":"title"}`, `{"page_size":1,"pageSize":2}`, `{"input":{"about":{"article":"a","user":null}}}`,
	} {
		f.Add(uint8(i), []byte(text))
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		_, err := decodeJSON(all[int(which)%len(all)].ours, text)
		var p *kit.Problem
		if err != nil && (!errors.As(err, &p) || p.Code != kit.CodeMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// FuzzEnvelopes feeds bodies in pieces of a size: whoever reads them is given all of what is whole, and else an error that is told.
func FuzzEnvelopes(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x02ab\x01\x00\x00\x00\x00"), uint8(3))
	f.Add([]byte("\x00\x00\x00\x00\x09a"), uint8(1))
	f.Add([]byte("\x80\x00\x00\x00\x00"), uint8(9))
	f.Add([]byte("\x00\xff\xff\xff\xff"), uint8(2))
	f.Fuzz(func(t *testing.T, text []byte, piece uint8) {
		const most = 1000
		told := errors.New("told")
		body := &incoming{ReadCloser: io.NopCloser(bytes.NewReader(text)), told: func(error) error { return told }, enveloped: true, most: most}
		var got []byte
		var err error
		for p := make([]byte, int(piece)+1); err == nil; {
			var n int
			n, err = body.Read(p)
			got = append(got, p[:n]...)
		}
		whole := true
		for rest := text; whole && len(rest) > 0; {
			if whole = len(rest) >= 5 && rest[0] <= 1; whole {
				n := binary.BigEndian.Uint32(rest[1:])
				if whole = n <= most && int(n) <= len(rest)-5; whole {
					rest = rest[5+n:]
				}
			}
		}
		switch {
		case whole && (err != io.EOF || !bytes.Equal(got, text)), !whole && err != told:
			t.Errorf("%q in pieces of %d: %q %v", text, int(piece)+1, got, err)
		}
	})
}
