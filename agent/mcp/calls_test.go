package mcp

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"
)

// closing is a buffer that may be closed.
type closing struct{ bytes.Buffer }

func (*closing) Close() error { return nil }

// A call that was cancelled gets no answer, a second call of its id is refused while the first runs, and an id is free once it is answered.
func TestCallsOfAClient(t *testing.T) {
	const call = `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{}}`
	sent := strings.Join([]string{
		call, call,
		`{"jsonrpc":"2.0","id":"5","method":"ping"}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}`,
	}, "\n")
	var out closing
	l := &lines{in: bufio.NewReader(strings.NewReader(sent)), close: func() error { return nil }, out: &oneWriter{out: &out}}
	passed, err := io.ReadAll(l)
	if err != nil || strings.Count(string(passed), `"id":5,`) != 1 || strings.Count(string(passed), "cancelled") != 3 || strings.Count(string(passed), "\n") != 5 {
		t.Fatalf("%s\n%v", passed, err)
	}
	if said := out.String(); !strings.Contains(said, `"id":5`) || !strings.Contains(said, "has not been answered yet") {
		t.Error(said)
	}
	out.Reset()
	answers := answering{l.out, &l.calls}
	for _, answer := range []string{
		`{"jsonrpc":"2.0","id":5,"result":{"gone":true}}`, `{"jsonrpc":"2.0","id":"5","result":{}}`, `{"jsonrpc":"2.0","method":"notifications/message"}`,
		`{"jsonrpc":"2.0","id":6,"error":{"code":0,"message":"duplicate"}}`, `{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no"}}`,
	} {
		if n, err := answers.Write([]byte(answer + "\n")); err != nil || n != len(answer)+1 {
			t.Error(n, err)
		}
	}
	want := `{"jsonrpc":"2.0","id":"5","result":{}}
{"jsonrpc":"2.0","method":"notifications/message"}
{"error":{"code":-32600,"message":"duplicate"},"id":6,"jsonrpc":"2.0"}
{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no"}}
`
	if out.String() != want {
		t.Error(out.String())
	}
	if !l.calls.begin("number 5") {
		t.Error("the id of a call that was answered is not free")
	}
}
