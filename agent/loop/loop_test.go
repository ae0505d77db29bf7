package loop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/agent/loop"
	"github.com/fettlehq/fettle/agent/tool"
	"github.com/fettlehq/fettle/pipeline"
)

var update = flag.Bool("update", false, "rewrite expected output")

// scripts are what a model says, step by step; in each, a wrong step among them. What the first edit makes is wrong, and the model is told so.
var scripts = map[string][]string{
	"/v1/chat/completions": {
		`{"choices":[{"message":{"content":null,"tool_calls":[{"id":"a","function":{"name":"shell","arguments":"{\"command\":\"rm -rf /\"}"}},{"id":"b","function":{"name":"edit_design","arguments":"not JSON"}}]}}]}`,
		`{"choices":[{"message":{"content":"Registration.","tool_calls":[{"id":"c","function":{"name":"edit_design","arguments":"{\"recipe\":\"registration\"}"}}]}}]}`,
		`{"choices":[{"message":{"content":"","tool_calls":[{"id":"d","function":{"name":"check_design","arguments":""}}]}}]}`,
		`{"choices":[{"message":{"content":"People register."}}]}`,
		`{"choices":[{"message":{"content":"Nicknames then.","tool_calls":[{"id":"e","function":{"name":"edit_design","arguments":"{\"replace\":[{\"file\":\"design/accounts.graphql\",\"old\":\"name: String!\",\"new\":\"nick: String!\"}]}"}}]}}]}`,
		`{"choices":[{"message":{"content":"People register now."}}]}`,
	},
	"/v1/messages": {
		`{"content":[{"type":"text","text":"I add it."},{"type":"tool_use","id":"a","name":"edit_design","input":{"recipe":"registration"}}]}`,
		`{"content":[{"type":"tool_use","id":"b","name":"edit_design","input":{"recipe":"soft-delete","args":["User"]}}]}`,
		`{"content":[{"type":"text","text":"People register."}]}`,
		`{"content":[{"type":"tool_use","id":"c","name":"edit_design","input":{"replace":[{"file":"design/accounts.graphql","old":"name: String!","new":"nick: String!"}]}}]}`,
		`{"content":[{"type":"text","text":"People register now."}]}`,
	},
}

// A scripted model works by both forms; what was said is kept, and nothing is written.
func TestTranscripts(t *testing.T) {
	for path, script := range scripts {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var said bytes.Buffer
			step := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var body map[string]any
				text, _ := io.ReadAll(r.Body)
				if err := json.Unmarshal(text, &body); err != nil || r.URL.Path != path {
					t.Errorf("%s: %v", r.URL.Path, err)
				}
				if key := r.Header.Get("Authorization") + r.Header.Get("X-Api-Key"); !strings.HasSuffix(key, "secret") {
					t.Errorf("the key is %q", key)
				}
				messages := body["messages"].([]any)
				last, _ := json.MarshalIndent(messages[len(messages)-1], "", "  ")
				fmt.Fprintf(&said, "-- step %d: %d messages, %d tools, the last message --\n%s\n", step+1, len(messages), len(body["tools"].([]any)), last)
				fmt.Fprintf(&said, "-- answer --\n%s\n", script[step])
				_, _ = io.WriteString(w, script[step])
				step++
			}))
			defer server.Close()
			dir := filepath.Join(t.TempDir(), "notes")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			staged, err := pipeline.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			p := &tool.Project{Dir: dir, Staged: staged}
			try := func(context.Context) (string, error) {
				if strings.Contains(p.Staged.Diff, "nick") {
					return "", nil
				}
				return "1 tests pass, 1 fail; review has 0 findings.\nfailed: app.TestTeam/people have nicknames", nil
			}
			ended, err := loop.Run(t.Context(), p, loop.Options{URL: server.URL + path, Model: "scripted", Key: "secret", Tell: func(string) {}, Try: try}, "Create a user registration endpoint with email verification")
			if err != nil || ended.Words != "People register now." || step != len(script) {
				t.Fatal(ended, err, step)
			}
			if !strings.Contains(p.Staged.Diff, "+type User @entity @account(login: email)") || strings.Contains(said.String(), "secret") {
				t.Error(p.Staged.Diff)
			}
			if entries, _ := os.ReadDir(dir); len(entries) > 0 {
				t.Error("something was written")
			}
			golden := filepath.Join("testdata", filepath.Base(path)+".txt")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, said.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(want, said.Bytes()) {
				t.Errorf("got\n%s\n%v", said.String(), err)
			}
		})
	}
}

// A model that never mends what is wrong is given up with what is wrong, and so is one that makes nothing of it.
func TestUnmended(t *testing.T) {
	asked, tried := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"It is done."}}]}`)
	}))
	defer server.Close()
	try := func(context.Context) (string, error) { tried++; return "a test fails", nil }
	told := 0
	tell := func(line string) {
		if line == "tried in a copy: it is not right yet, and told so: a test fails" {
			told++
		}
	}
	_, err := loop.Run(t.Context(), &tool.Project{Dir: t.TempDir()}, loop.Options{URL: server.URL + "/v1", Try: try, Tell: tell}, "x")
	var unmended *loop.Unmended
	if !errors.As(err, &unmended) || unmended.Wrong != "a test fails" || unmended.Words != "It is done." || asked != 3 || tried != 3 || told != 2 {
		t.Error(err, asked, tried, told)
	}
	try = func(context.Context) (string, error) { return "", errors.New("no room for a copy") }
	if _, err = loop.Run(t.Context(), &tool.Project{Dir: t.TempDir()}, loop.Options{URL: server.URL + "/v1", Try: try, Tell: func(string) {}}, "x"); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Error(err)
	}
}

// answering is a server that answers one request after another.
func answering(t *testing.T, script ...string) *httptest.Server {
	t.Helper()
	step := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, script[step])
		step++
	}))
	t.Cleanup(server.Close)
	return server
}

// staged is a project whose edits are kept until somebody agrees to them.
func staged(t *testing.T) *tool.Project {
	t.Helper()
	p := &tool.Project{Dir: filepath.Join(t.TempDir(), "notes")}
	err := os.Mkdir(p.Dir, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if p.Staged, err = pipeline.Open(p.Dir); err != nil {
		t.Fatal(err)
	}
	return p
}

// A model may end without a word: what it has made stays. (Anthropic's answers of stop_reason end_turn after results of tools may be empty.)
func TestEndWithoutWords(t *testing.T) {
	p := staged(t)
	server := answering(t, `{"content":[{"type":"tool_use","id":"a","name":"edit_design","input":{"recipe":"registration"}}]}`, `{"content":[],"stop_reason":"end_turn"}`)
	ended, err := loop.Run(t.Context(), p, loop.Options{URL: server.URL + "/v1/messages", Tell: func(string) {}}, "x")
	if err != nil || ended.Words != "" || !strings.Contains(p.Staged.Diff, "+type User") {
		t.Error(ended, err)
	}
}

// An edit that is not taken, since the design would be wrong, is told to the person and to the model as what it is.
func TestNotTaken(t *testing.T) {
	p := staged(t)
	wrong := `{"content":[{"type":"tool_use","id":"a","name":"edit_design","input":{"replace":[{"file":"design/a.graphql","new":"type A @entity { b: Strin! }"}]}}]}`
	var told []string
	tell := func(line string) { told = append(told, line) }
	ended, err := loop.Run(t.Context(), p, loop.Options{URL: answering(t, wrong, `{"content":[]}`).URL + "/v1/messages", Tell: tell}, "x")
	if err != nil || !slices.Equal(ended.Refused, []string{"edit_design"}) || p.Staged.Hash != "" {
		t.Error(ended, err)
	}
	if last := told[len(told)-1]; !strings.HasPrefix(last, "edit_design was not taken: Nothing was written: the design would have") || !strings.Contains(last, "Strin") {
		t.Error(told)
	}
	right := `{"content":[{"type":"tool_use","id":"b","name":"edit_design","input":{"recipe":"registration"}}]}`
	if ended, err = loop.Run(t.Context(), p, loop.Options{URL: answering(t, wrong, right, `{"content":[]}`).URL + "/v1/messages", Tell: tell}, "x"); err != nil || len(ended.Refused) > 0 {
		t.Error("what was made right is no refusal:", ended, err)
	}
}

// A model that goes on for ever, says too much or nonsense, or sends elsewhere is given up with a reason.
func TestBounds(t *testing.T) {
	for name, c := range map[string]struct {
		answer, want string
		status       int
	}{
		"for ever": {`{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"check_design","arguments":"{}"}}]}}]}`, "not done after 3 steps", 200},
		"too much": {`{"choices":[{"message":{"content":"` + strings.Repeat("x", 1<<20) + `"}}]}`, "more than", 200},
		"nonsense": {`<html>`, "no chat completion", 200},
		"refused":  {`no such key`, "401", 401},
		"away":     {``, "302", 302},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.answer)
		}))
		_, err := loop.Run(t.Context(), &tool.Project{Dir: t.TempDir()}, loop.Options{URL: server.URL + "/v1", Steps: 3, Tell: func(string) {}}, "x")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
	for _, address := range []string{"", "localhost:1", "http://example.com/v1", "ftp://localhost/"} {
		if _, err := loop.Run(t.Context(), &tool.Project{Dir: t.TempDir()}, loop.Options{URL: address}, "x"); err == nil {
			t.Errorf("%q was spoken to", address)
		}
	}
}
