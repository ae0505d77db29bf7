// Package designtest asks a service what its design promises, as its clients would, over HTTP.
//
//	service ─▶ a database of its own ─▶ requests, one after another ─▶ a test for each promise
//
// It is for tests only. What is promised is written by the tool, into app/design_test.go. Refusals, Unmatched and Limited ask a
// service that a test has started for all that its OpenAPI document must refuse.
package designtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/server"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// Account is how people register.
type Account struct {
	Login  string // the field that they sign in with
	Fields string // JSON of what registration takes besides, {name} being the person's; empty where nobody registers
}

// Promise is a request and what is answered.
type Promise struct {
	Title string // of the test, to which the promises without one that follow belong
	As    string // who asks: a name, which registers and proves an address first; empty: nobody
	Ask   string // "POST /v1/notes"; {note} is an id that was kept
	Body  string // JSON, or empty
	Want  int    // the status
	Says  string // what the answer says among other things
	Keep  string // the name by which the id of the answer is known from now on
}

// Around, where a test of the same package sets it, stands between the requests and the service: openapitest.Handler of
// the module kit/openapitest holds each answer against the OpenAPI document.
var Around func(t testing.TB, openapi []byte, service http.Handler) http.Handler

// Run asks a service, with an SQLite database that is thrown away. Once a promise is broken, those of the same title are not
// asked.
func Run(t *testing.T, service server.Service, account Account, promises []Promise) {
	c := start(t, service)
	c.account = account
	for len(promises) > 0 {
		n := 1
		for n < len(promises) && promises[n].Title == "" {
			n++
		}
		t.Run(promises[0].Title, func(t *testing.T) {
			for _, p := range promises[:n] {
				c.ask(t, p)
			}
		})
		promises = promises[n:]
	}
}

type client struct {
	url     string
	account Account
	tokens  map[string]string
	ids     map[string]string
}

func start(t *testing.T, service server.Service) *client {
	t.Helper()
	service.Drivers = []sqldb.Driver{sqlite.Driver}
	config, err := server.ReadConfig(service.Name, func(name string) string {
		return map[string]string{"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "design.db"), "LOG_LEVEL": "error"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), service, config)
	if err != nil {
		t.Fatal(err)
	}
	handler := s.Handler()
	if Around != nil {
		handler = Around(t, service.OpenAPI, handler)
	}
	web := httptest.NewServer(handler)
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &client{url: web.URL, tokens: map[string]string{}, ids: map[string]string{}}
}

// ask makes a request and compares its answer with what was promised.
func (c *client) ask(t *testing.T, p Promise) {
	t.Helper()
	token := ""
	if p.As != "" {
		token = c.signIn(t, p.As)
	}
	method, path, _ := strings.Cut(c.fill(p.Ask), " ")
	status, answer := c.send(t, method, path, c.fill(p.Body), token)
	if says := c.fill(p.Says); status != p.Want || !strings.Contains(answer, says) {
		t.Fatalf("%s as %q: %d, promised is %d %s\n%s", p.Ask, p.As, status, p.Want, says, answer)
	}
	if p.Keep != "" {
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(answer), &made); err != nil || made.ID == "" {
			t.Fatalf("%s: no id in %s", p.Ask, answer)
		}
		c.ids[p.Keep] = made.ID
	}
}

var kept = regexp.MustCompile(`\{[a-zA-Z0-9]+\}`)

// fill puts ids where their names stand.
func (c *client) fill(text string) string {
	return kept.ReplaceAllStringFunc(text, func(name string) string {
		if id, found := c.ids[strings.Trim(name, "{}")]; found {
			return id
		}
		return name
	})
}

func (c *client) send(t *testing.T, method, path, body, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

const password = "correct horse battery staple"

// signIn registers a person, proves the address by the link in the mailbox, and signs in.
func (c *client) signIn(t *testing.T, name string) string {
	t.Helper()
	if token, tried := c.tokens[name]; tried {
		if token == "" {
			t.Fatalf("%s has not signed in", name)
		}
		return token
	}
	c.tokens[name] = ""
	address := name + "@example.com"
	credentials := fmt.Sprintf(`{%q:%q,"password":%q`, c.account.Login, address, password)
	register := credentials + "}"
	if rest := strings.ReplaceAll(strings.TrimPrefix(c.account.Fields, "{"), "{name}", name); rest != "}" {
		register = credentials + "," + rest
	}
	if status, answer := c.send(t, "POST", "/auth/register", register, ""); status >= 300 {
		t.Fatalf("%s does not register: %d %s", address, status, answer)
	}
	_, mail := c.send(t, "GET", "/dev/mail", "", "")
	if link := regexp.MustCompile(`/auth/verify\?token=([A-Za-z0-9_-]+)`).FindStringSubmatch(mail); link != nil {
		if status, answer := c.send(t, "POST", "/auth/verify", fmt.Sprintf(`{"token":%q}`, link[1]), ""); status >= 300 {
			t.Fatalf("%s does not prove the address: %d %s", address, status, answer)
		}
	}
	status, answer := c.send(t, "POST", "/auth/sign-in", credentials+"}", "")
	var tokens struct{ AccessToken string }
	if err := json.Unmarshal([]byte(answer), &tokens); status != http.StatusOK || err != nil {
		t.Fatalf("%s does not sign in: %d %s", address, status, answer)
	}
	c.tokens[name] = tokens.AccessToken
	return tokens.AccessToken
}
