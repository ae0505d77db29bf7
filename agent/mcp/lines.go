package mcp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fettlehq/fettle/agent/tool"
)

// maxLine is the most bytes of one message.
const maxLine = 2 * tool.MaxArguments

// Lines is one client that sends a message a line and is answered so. A line that is no message, or is too long, is answered with an
// error of JSON-RPC, and the next line is read: it costs the client neither its session nor the calls that are running.
func Lines(in io.ReadCloser, out io.WriteCloser) sdk.Transport {
	l := &lines{in: bufio.NewReaderSize(in, 64<<10), close: in.Close, out: &oneWriter{out: out}}
	return &sdk.IOTransport{Reader: l, Writer: answering{l.out, &l.calls}, MaxLineLength: 2 * maxLine}
}

// lines passes on the lines that are messages.
type lines struct {
	in    *bufio.Reader
	close func() error
	out   *oneWriter
	rest  []byte // of the line that is being passed on
	calls calls
}

func (l *lines) Close() error { return l.close() }

func (l *lines) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		line, err := l.line()
		if err != nil {
			return 0, err
		}
		l.rest = line
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// line is the next line with its end, empty where it is none to pass on.
func (l *lines) line() ([]byte, error) {
	var line []byte
	long := false
	for {
		part, err := l.in.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxLine; !long {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !long) {
			return nil, err
		}
		break
	}
	line = bytes.TrimSpace(line)
	switch {
	case long:
		return nil, l.refuse(jsonrpc.CodeInvalidRequest, nil, fmt.Sprintf("a message of more than %d bytes", maxLine))
	case len(line) == 0:
		return nil, nil
	case !json.Valid(line):
		return nil, l.refuse(jsonrpc.CodeParseError, nil, "this line is no JSON")
	case line[0] == '[':
		return nil, l.refuse(jsonrpc.CodeInvalidRequest, nil, "one message at a time: batches are not part of this protocol any more")
	}
	var sent message
	_ = json.Unmarshal(line, &sent) // of what is no object nothing is known
	if _, err := jsonrpc.DecodeMessage(line); err != nil {
		return nil, l.refuse(jsonrpc.CodeInvalidRequest, sent.ID, "this is no message of JSON-RPC 2.0")
	}
	if code, why := sent.fault(); why != "" {
		if sent.ID == nil {
			return nil, nil // a notification is never answered
		}
		return nil, l.refuse(code, sent.ID, why)
	}
	if id, known := idOf(sent.ID); known && sent.Method != nil && !l.calls.begin(id) {
		return nil, l.refuse(jsonrpc.CodeInvalidRequest, sent.ID, "a call of this id has not been answered yet")
	}
	if sent.Method != nil && *sent.Method == "notifications/cancelled" {
		var of struct {
			RequestID json.RawMessage `json:"requestId"`
		}
		_ = json.Unmarshal(sent.Params, &of) // what names no call cancels none
		if id, known := idOf(of.RequestID); known {
			l.calls.cancel(id)
		}
	}
	return append(line, '\n'), nil
}

// refuse answers what is no message, or none that is passed on.
func (l *lines) refuse(code int64, id json.RawMessage, why string) error {
	_, err := l.out.Write(refusal(code, id, why))
	return err
}

// oneWriter writes one message after another. The streams of the process stay open when a session ends.
type oneWriter struct {
	mu  sync.Mutex
	out io.WriteCloser
}

func (w *oneWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}

func (w *oneWriter) Close() error { return w.out.Close() }

// staying is a stream that is not closed.
type staying struct{ io.Writer }

func (staying) Close() error { return nil }
