package mcp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/agent/mcp"
	"github.com/fettlehq/fettle/agent/tool"
)

// What a client sends that is no call, many at once, one after another that is given up, or names what lies outside, changes
// nothing of the project, and the server answers on.
func TestHostileWire(t *testing.T) {
	p := project(t)
	server := httptest.NewServer(mcp.Handler(mcp.Server(p, "test")))
	defer server.Close()
	before := files(t, p.Dir)
	send := func(ctx context.Context, body string) (int, string) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/mcp", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error()
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(text)
	}
	call := func(name, arguments string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, name, arguments)
	}
	for _, body := range []string{
		``, `{`, `[]`, `null`, `7`, `"x"`, `{}`, `{"jsonrpc":"1.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":{},"method":"ping"}`,
		`{"jsonrpc":"2.0","id":1,"method":7}`, `{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, `{"jsonrpc":"2.0","id":null,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7,"arguments":"x"}}`, `{"jsonrpc":"2.0","id":1,"method":"fettle/approve","params":{"hash":"x"}}`,
		"[" + strings.TrimSuffix(strings.Repeat(call("generate", `{}`)+",", 200), ",") + "]",
		strings.Repeat("[", 100_000), `{"jsonrpc":"2.0","id":1,"method":"ping","x":` + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000) + `}`,
		"\x00\xff\xfe", "<html>",
	} {
		if status, text := send(t.Context(), body); status < 400 && !strings.Contains(text, `"error"`) && !strings.Contains(text, `"isError":true`) {
			t.Errorf("%.60s: %d %.200s", body, status, text)
		}
	}
	for _, file := range []string{
		"../x.graphql", "/etc/x.graphql", `C:\x.graphql`, `\\host\share\x.graphql`, `design\..\..\x.graphql`, "design/../../x.graphql", "design/x.graphql\x00.go",
		"design/./x.graphql", "design//x.graphql", "DESIGN/x.graphql", "design/x.graphql/", "design/x.graphql ", "file:///etc/x.graphql", "design/\u202ex.graphql", "design/con.GRAPHQL", "",
	} {
		arguments, _ := json.Marshal(map[string]any{"replace": []any{map[string]string{"file": file, "new": "type X { a: Int }"}}})
		if _, text := send(t.Context(), call("edit_design", string(arguments))); !strings.Contains(text, "is no file of the design") {
			t.Errorf("%q: %s", file, text)
		}
	}
	var flood sync.WaitGroup
	for i := range 40 {
		flood.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			if i%2 == 0 {
				cancel() // before it is sent, or while it waits for its turn
			}
			defer cancel()
			send(ctx, call("generate", `{"apply":"ffffffffffffffff"}`))
		})
	}
	flood.Wait()
	if !maps.Equal(before, files(t, p.Dir)) {
		t.Error("the project was changed")
	}
	if status, text := send(t.Context(), call("check_design", `{}`)); status != 200 || !strings.Contains(text, "No problem") {
		t.Errorf("afterwards: %d %s", status, text)
	}
}

// Over stdin and stdout likewise; each call is answered, and what a design says is data.
func TestHostileLines(t *testing.T) {
	p := project(t)
	before := files(t, p.Dir)
	in, client := io.Pipe()
	answers, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = mcp.Server(p, "test").Run(ctx, mcp.Lines(in, out))
		out.Close()
	}()
	lines := bufio.NewScanner(answers)
	lines.Buffer(nil, 1<<20)
	ask := func(line string) string {
		t.Helper()
		if _, err := io.WriteString(client, line+"\n"); err != nil {
			t.Fatal(err)
		}
		if !lines.Scan() {
			t.Fatalf("no answer to %s", line)
		}
		return lines.Text()
	}
	ask(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"hostile","version":"1"}}}`)
	if _, err := io.WriteString(client, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{`not json`, `"code":-32700`},
		{`{`, `"code":-32700`},
		{`{} {}`, `"code":-32700`},
		{"\x00\xff", `"code":-32700`},
		{`7`, `"code":-32600`},
		{`[]`, `"code":-32600`},
		{`{"jsonrpc":"1.0","id":"mine","method":"ping"}`, `"id":"mine"`},
		{`{"jsonrpc":"2.0","id":{},"method":"ping"}`, `"id":null`},
		{strings.Repeat("x", 3<<20), "a message of more than"},
		{`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"edit_design","arguments":{"x":"` + strings.Repeat("x", 3<<20) + `"}}}`, "a message of more than"},
		{`{"jsonrpc":"2.0","id":8,"method":"ping"}`, `"id":8,"result"`},
		{`{"jsonrpc":"2.0","id":8,"method":"ping"}`, `"id":8,"result"`}, // it was answered, so its id is free
		{`{"jsonrpc":"2.0","id":9007199254740991,"method":"ping"}`, `"id":9007199254740991,"result"`},
		{`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, `{"code":-32600,"message":"an id is a text`},
		{`{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}`, `"id":9007199254740993`},
		{`{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"ping"}`, `"code":-32600`},
		{`{"jsonrpc":"2.0","id":null,"method":"ping"}`, `"code":-32600`},
		{`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":[]}`, `{"code":-32602,"message":"params is an object"},"id":"a"`},
		{`{"jsonrpc":"2.0","id":9,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"again","version":"1"}}}`, `"code":-32600`},
		// The one that is cancelled waits for its turn in vain, and is not answered; the next line is that of another.
		{`{"jsonrpc":"2.0","method":"tools/call","params":[]}` + "\n" + `{"jsonrpc":"2.0","id":10,"method":"ping"}`, `"id":10,"result"`},
	} {
		if said := ask(c.line); !strings.Contains(said, c.want) {
			t.Errorf("%.60s: %.400s", c.line, said)
		}
	}
	for _, c := range []struct{ name, arguments, want string }{
		{"edit_design", `{"recipe":7}`, "recipe is no string"},
		{"edit_design", `{"replace":[{"file":"../../x.graphql","new":"x"}]}`, "is no file of the design"},
		{"approve", `{"hash":"0123456789abcdef"}`, "approve"},
		{"edit_design", `{"recipe":"roles","apply":"ffffffffffffffff"}`, "is not the hash"},
		{"edit_design", `{"recipe":"roles"}`, "Nothing is written yet"},
		{"check_design", `{"file":"design/notes.graphql"}`, "IGNORE ALL PREVIOUS INSTRUCTIONS"},
		{"edit_design", `{"recipe":"roles","args":["` + strings.Repeat("A", tool.MaxArguments) + `"]}`, "bytes"},
		{"generate", `{"apply":null,"force":true}`, "unknown field"},
	} {
		said := ask(fmt.Sprintf(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, c.name, c.arguments))
		if !strings.Contains(said, c.want) || len(said) > 16<<10 {
			t.Errorf("%s %.80s: %.400s", c.name, c.arguments, said)
		}
	}
	if !maps.Equal(before, files(t, p.Dir)) {
		t.Error("the project was changed")
	}
	client.Close()
	cancel()
	<-done
}
