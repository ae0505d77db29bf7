package mail_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/mail"
)

func get(b *mail.Mailbox, path, accept string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	answer := httptest.NewRecorder()
	b.Handler("/dev/mail").ServeHTTP(answer, r)
	return answer
}

const browser = "text/html,application/xhtml+xml,*/*;q=0.8"

func TestMailboxForProgramsAndForPeople(t *testing.T) {
	b, err := mail.OpenMailbox("")
	if err != nil {
		t.Fatal(err)
	}
	if text := get(b, "/dev/mail", "").Body.String(); text != "[]\n" {
		t.Errorf("an empty mailbox is %q", text)
	}
	b.Send(t.Context(), mail.Message{To: "first@example.com", Subject: "One"})
	b.Send(t.Context(), mail.Message{
		To: "ada@example.com", Subject: `Hello <b onclick="x">`, Text: "Open http://x.test/?a=1&b=2\n",
		HTML: `<p>Hi <script>alert("1")</script></p>`, Links: []string{"http://x.test/?a=1&b=2", "javascript:alert(1)"},
	})
	var messages []map[string]any
	if err := json.Unmarshal(get(b, "/dev/mail", "application/json").Body.Bytes(), &messages); err != nil || len(messages) != 2 {
		t.Fatalf("%v: %v", messages, err)
	}
	newest := messages[0]
	if newest["to"] != "ada@example.com" || newest["links"].([]any)[0] != "http://x.test/?a=1&b=2" || len(newest) != 5 || messages[1]["links"] == nil {
		t.Errorf("messages %v", messages)
	}
	list := get(b, "/dev/mail", browser)
	if text := list.Body.String(); !strings.Contains(text, `<a href="/dev/mail/2">`) || strings.Contains(text, "<b onclick") {
		t.Errorf("list: %s", text)
	}
	page := get(b, "/dev/mail/2", browser)
	text := page.Body.String()
	if !strings.Contains(text, `<a href="http://x.test/?a=1&amp;b=2">`) || strings.Contains(text, `href="javascript`) ||
		strings.Contains(text, "<script>") || !strings.Contains(text, `srcdoc="&lt;p&gt;Hi`) {
		t.Errorf("page: %s", text)
	}
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
}

func TestMailboxSurvivesARestartAndIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "shop.mail.json") // whose folder nobody has made
	b, err := mail.OpenMailbox(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range mail.Keep + 5 {
		if err := b.Send(t.Context(), mail.Message{To: "ada@example.com", Subject: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	again, err := mail.OpenMailbox(path)
	if err != nil {
		t.Fatal(err)
	}
	messages := again.Messages()
	if len(messages) != mail.Keep || messages[0].Subject != fmt.Sprint(mail.Keep+4) {
		t.Errorf("%d messages, the newest %q", len(messages), messages[0].Subject)
	}
	if get(again, fmt.Sprintf("/dev/mail/%d", mail.Keep+5), browser).Code != http.StatusOK || get(again, "/dev/mail/1", browser).Code != http.StatusNotFound {
		t.Error("numbers change with a restart")
	}
	if names, _ := filepath.Glob(path + "*"); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
	os.WriteFile(path, []byte("{broken"), 0o600)
	if b, err := mail.OpenMailbox(path); err != nil || len(b.Messages()) != 0 {
		t.Errorf("a broken file: %v", err)
	}
}
