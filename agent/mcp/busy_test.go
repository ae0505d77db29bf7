//go:build unix

package mcp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fettlehq/fettle/agent/mcp"
)

// While the service of one client is built others read, and a build whose client has gone ends.
func TestABuildHoldsUpNobody(t *testing.T) {
	bin := t.TempDir()
	began := filepath.Join(bin, "began")
	put(t, filepath.Join(bin, "go"), "#!/bin/sh\necho $$ > "+began+".new && mv "+began+".new "+began+"\nexec sleep 600\n")
	if err := os.Chmod(filepath.Join(bin, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	server := httptest.NewServer(mcp.Handler(mcp.Server(project(t), "test")))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ask := func(ctx context.Context, revision, name, arguments string) (string, error) {
		meta := ""
		if revision > "2026" {
			meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + revision + `","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}},`
		}
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{%s"name":%q,"arguments":%s}}`, meta, name, arguments)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/mcp", strings.NewReader(body))
		if err != nil {
			return "", err
		}
		for header, value := range map[string]string{
			"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
			"MCP-Protocol-Version": revision, "Mcp-Method": "tools/call", "Mcp-Name": name,
		} {
			r.Header.Set(header, value)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		return string(text), err
	}
	until := func(what string, happened func() bool) {
		t.Helper()
		for !happened() {
			select {
			case <-ctx.Done():
				t.Fatal(what)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	for _, revision := range []string{"2025-11-25", "2026-07-28"} {
		client, goes := context.WithCancel(ctx)
		defer goes()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			said, err := ask(client, revision, "call_service", `{"requests":[{"method":"GET","path":"/v1/users"}]}`)
			if client.Err() == nil {
				t.Error("it was answered: ", said, err)
			}
		}()
		var build int
		until("no build began", func() bool {
			text, err := os.ReadFile(began)
			if err == nil {
				build, err = strconv.Atoi(strings.TrimSpace(string(text)))
			}
			return err == nil
		})
		for name, arguments := range map[string]string{"check_design": `{}`, "explain": `{"code":"G005"}`, "edit_design": `{"recipe":"roles","args":["MEMBER","ADMIN"]}`} {
			if said, err := ask(ctx, revision, name, arguments); err != nil || !strings.Contains(said, "structuredContent") {
				t.Fatalf("%s: %s %v", name, said, err)
			}
		}
		if err := syscall.Kill(build, 0); err != nil {
			t.Error("the build has ended by itself: ", err)
		}
		goes()
		<-gone
		until("the build goes on for nobody", func() bool { return syscall.Kill(build, 0) != nil })
		if err := os.Remove(began); err != nil {
			t.Fatal(err)
		}
	}
}
