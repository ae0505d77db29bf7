package grpc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"github.com/klauspost/compress/gzip"

	"github.com/fettlehq/fettle/kit/internal/body"
)

// incoming is the body of a call. What is wrong with it is told as at the other doors, where connect-go would take it for a failure
// of ours: a body that ends too early, comes too slowly, is not compressed as it says, or holds an envelope that is none.
type incoming struct {
	io.ReadCloser
	told      func(error) error
	most      int  // bytes of a message
	enveloped bool // of all protocols but Connect's for one message
	plain     int  // bytes of a message that is not
	prefix    [5]byte
	begun     int    // bytes of the prefix
	left      uint32 // bytes of the message that the prefix promises
}

// receive makes r read its body as an incoming one.
func (d *door) receive(ctx context.Context, r *http.Request, operation string) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	kind := r.Header.Get("Content-Type")
	r.Body = &incoming{
		ReadCloser: r.Body,
		most:       d.options.MaxMessage,
		told:       func(err error) error { return d.failure(ctx, operation, body.Problem(err)) },
		enveloped:  strings.HasPrefix(kind, "application/grpc") || strings.HasPrefix(kind, "application/connect+"),
	}
}

// Read is io.Reader. Its errors but io.EOF are those that the caller is to be told.
func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if wrong := b.pass(p[:n]); wrong != nil {
		return 0, b.told(wrong)
	}
	switch {
	case errors.Is(err, io.EOF) && (b.begun > 0 || b.left > 0):
		return n, b.told(io.ErrUnexpectedEOF)
	case err == nil, errors.Is(err, io.EOF):
		return n, err
	default:
		return n, b.told(err)
	}
}

// pass follows the envelopes through the next bytes: a byte of flags, of which a request has that of compression, and four of the
// length.
func (b *incoming) pass(p []byte) error {
	if !b.enveloped {
		if b.plain += len(p); b.plain > b.most {
			return &http.MaxBytesError{Limit: int64(b.most)}
		}
		return nil
	}
	for len(p) > 0 {
		if b.left > 0 {
			n := min(uint64(b.left), uint64(len(p)))
			b.left -= uint32(n)
			p = p[n:]
			continue
		}
		n := copy(b.prefix[b.begun:], p)
		p, b.begun = p[n:], b.begun+n
		if b.prefix[0] > 1 {
			return malformed("The flags of a message are none that a request has.")
		}
		if b.begun < len(b.prefix) {
			break
		}
		b.begun, b.left = 0, binary.BigEndian.Uint32(b.prefix[1:])
		if uint64(b.left) > uint64(b.most) {
			return &http.MaxBytesError{Limit: int64(b.most)}
		}
	}
	return nil
}

// decompressor stops where a message is larger than any may be: connect-go would go on to the end to tell how large it is, which may be
// a thousand times what was sent.
func (d *door) decompressor() connect.Decompressor {
	return &bounded{plain: new(gzip.Reader), most: d.options.MaxMessage + 1}
}

func compressor() connect.Compressor {
	made, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err)
	}
	return made
}

// bounded reads at most one byte more than a message may have. It has no WriteTo, as gzip.Reader does, which io.Copy would take.
type bounded struct {
	plain      *gzip.Reader
	most, left int
}

// Reset is connect.Decompressor.
func (b *bounded) Reset(from io.Reader) error {
	b.left = b.most
	return b.plain.Reset(from)
}

// Close is connect.Decompressor.
func (b *bounded) Close() error { return b.plain.Close() }

// Read is io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF // the codec tells that it is too large
	}
	n, err := b.plain.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
