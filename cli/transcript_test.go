package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/cli"
)

// transcript is what was typed and said, and what a model was told and answered. It is kept in testdata/transcripts, where what another
// machine or another day would say otherwise has a name in capitals.
type transcript struct {
	t    *testing.T
	text bytes.Buffer
	dir  string // of the project, and what stands for it
	name string
}

// in begins a transcript in a project.
func in(t *testing.T, dir string) *transcript {
	t.Helper()
	return &transcript{t: t, dir: dir, name: filepath.Base(dir)}
}

// do types a command about the project, and returns its exit code and what it said. Nobody sits at a terminal.
func (r *transcript) do(request string, args ...string) (int, string) {
	r.t.Helper()
	fmt.Fprintf(&r.text, "$ fettle do %q --project %s", request, r.name)
	for _, arg := range args {
		fmt.Fprintf(&r.text, " %s", r.anywhere(arg))
	}
	r.text.WriteString("\n")
	var out bytes.Buffer
	code := cli.Do(append([]string{"do", request, "--project", r.dir, "--kit", "../kit"}, args...), strings.NewReader(""), &out, &out)
	said := r.anywhere(out.String())
	fmt.Fprintf(&r.text, "%s[exit code %d]\n\n", said, code)
	return code, said
}

var elsewhere = []struct{ what, name string }{
	{`\b[0-9.]+m?s\b`, "T"},
	{`http://127\.0\.0\.1:\d+`, "http://127.0.0.1:PORT"},
	{`postgres://[^ ]*`, "postgres://DATABASE"},
	{`[\d,]+ steps`, "N steps"},
	{`([\d,]+ steps of SQLite's machine → )[\d,]+`, "${1}N"},
	{`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "ID"},
	{`about [0-9.]+ [kM]B`, "about SIZE"},
	{`--- (FAIL|PASS|SKIP): (\S+) \(\S+\)`, "--- $1: $2"},
	{`\.go:\d+: `, ".go: "},
	{`go\.mod:\d+`, "go.mod"},
}

// anywhere is a text as it would be on any machine.
func (r *transcript) anywhere(text string) string {
	text = strings.ReplaceAll(text, r.dir, r.name)
	for _, e := range elsewhere {
		text = regexp.MustCompile(e.what).ReplaceAllString(text, e.name)
	}
	return text
}

// is compares the transcript with the one that is kept.
func (r *transcript) is(name string) {
	r.t.Helper()
	file := filepath.Join("testdata", "transcripts", name+".txt")
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, r.text.Bytes(), 0o644)); err != nil {
			r.t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || !bytes.Equal(want, r.text.Bytes()) {
		r.t.Errorf("%s (%v): have\n%s", file, err, r.text.String())
	}
}

// step is what a scripted model does at once: it calls a tool, or says something without calling one.
type step struct{ tool, arguments, words string }

// model is one that does what a script says, by both forms, and remembers what it was told.
type model struct {
	*httptest.Server
	told []string
}

func (m *model) heard() string { return strings.Join(m.told, "\n") }

// scripted is a model that does one step after another. What it is told and does is part of a transcript, where there is one.
func scripted(t *testing.T, r *transcript, steps ...step) *model {
	t.Helper()
	m, at := &model{}, 0
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		told, err := news(request.Body)
		if err != nil || at == len(steps) {
			t.Errorf("step %d of %d: %v", at, len(steps), err)
			http.Error(w, "the script has ended", http.StatusBadRequest)
			return
		}
		s := steps[at]
		at++
		m.told = append(m.told, told)
		if r != nil {
			fmt.Fprintf(&r.text, "  the model is told:\n%s  it answers:\n%s", indented(r.anywhere(told)), indented(strings.TrimSpace(s.words+"\n"+s.tool+" "+s.arguments)))
		}
		arguments, _ := json.Marshal(s.arguments)
		words, _ := json.Marshal(s.words)
		answer := fmt.Sprintf(`{"choices":[{"message":{"content":%s}}]}`, words)
		switch anthropic := strings.HasSuffix(request.URL.Path, "/messages"); {
		case anthropic && s.tool != "":
			answer = fmt.Sprintf(`{"content":[{"type":"tool_use","id":"c%d","name":%q,"input":%s}]}`, at, s.tool, s.arguments)
		case anthropic:
			answer = fmt.Sprintf(`{"content":[{"type":"text","text":%s}]}`, words)
		case s.tool != "":
			answer = fmt.Sprintf(`{"choices":[{"message":{"content":%s,"tool_calls":[{"id":"c%d","function":{"name":%q,"arguments":%s}}]}}]}`, words, at, s.tool, arguments)
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(m.Close)
	return m
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}

// news is what a request to a model says that it was not told before: what follows its own last words.
func news(body io.Reader) (string, error) {
	var request struct {
		Messages []struct {
			Role    string
			Content json.RawMessage
		}
	}
	if err := json.NewDecoder(body).Decode(&request); err != nil || len(request.Messages) == 0 {
		return "", fmt.Errorf("%d messages: %w", len(request.Messages), err)
	}
	var parts []string
	for _, m := range request.Messages {
		if m.Role == "assistant" || m.Role == "system" {
			parts = nil
			continue
		}
		var text string
		if json.Unmarshal(m.Content, &text) == nil {
			parts = append(parts, text)
			continue
		}
		var list []struct{ Text, Content string }
		if err := json.Unmarshal(m.Content, &list); err != nil {
			return "", err
		}
		for _, part := range list {
			parts = append(parts, part.Text+part.Content)
		}
	}
	return strings.Join(parts, "\n"), nil
}

// The sessions of README are those of the transcripts, which tests run: each of its lines stands there in their order, where … leaves some out.
func TestReadmeSessions(t *testing.T) {
	readme := sum(t, "../README.md")
	for _, c := range []struct{ command, transcript, there string }{
		{`$ mkdir ../club && go run . do --project ../club "` + registration + `" --yes`, "registration-empty", `$ fettle do "` + registration + `" --project notes --yes`},
		{`$ go run . do --project examples/shop "` + slowUsers + `" --as admin@shop.example`, "slow-shop", `$ fettle do "` + slowUsers + `" --project shop --as admin@shop.example`},
	} {
		_, session, found := strings.Cut(readme, "    "+c.command+"\n")
		_, whole, there := strings.Cut(sum(t, filepath.Join("testdata", "transcripts", c.transcript+".txt")), c.there+"\n")
		if !found || !there {
			t.Fatalf("%q stands in README: %v; its session was kept: %v", c.command, found, there)
		}
		whole, _, _ = strings.Cut(whole, "[exit code")
		r := &transcript{t: t, dir: "examples/shop", name: "shop"}
		lines := 0
		for line := range strings.Lines(session) {
			text, in := strings.CutPrefix(line, "    ")
			if !in && strings.TrimSpace(line) != "" || strings.HasPrefix(text, "$ ") {
				break
			}
			text = strings.Join(strings.Fields(r.anywhere(strings.ReplaceAll(strings.ReplaceAll(text, "../club", "notes"), "club", "notes"))), " ")
			if text == "" || text == "…" {
				continue
			}
			lines++
			for next := ""; ; {
				if whole == "" {
					t.Fatalf("README says %q, and the session does not, or not there", text)
				}
				if next, whole, _ = strings.Cut(whole, "\n"); strings.Join(strings.Fields(next), " ") == text {
					break
				}
			}
		}
		if lines < 12 {
			t.Errorf("README shows %d lines of %s", lines, c.transcript)
		}
	}
}
