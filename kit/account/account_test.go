package account_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/account"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/mail"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

const tables = `
CREATE TABLE users (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL,
	email TEXT NOT NULL, name TEXT NOT NULL, handle TEXT);
CREATE UNIQUE INDEX users_email_key ON users (email);
CREATE UNIQUE INDEX users_handle_key ON users (handle);
CREATE TABLE account_credentials (account_id TEXT PRIMARY KEY REFERENCES users (id), password_hash TEXT NOT NULL,
	verified_at INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE account_sessions (id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES users (id), refresh_hash TEXT NOT NULL UNIQUE,
	previous_hash TEXT, created_at INTEGER NOT NULL, refreshed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER,
	user_agent TEXT NOT NULL);
CREATE TABLE account_tokens (hash TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES users (id), purpose TEXT NOT NULL,
	created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER);`

func backend(verify meta.Verify) *meta.Backend {
	user := &meta.Entity{
		Name: "User", Singular: "user", Plural: "users", Path: "users", Table: "users", Key: "id",
		Page: meta.Page{Size: 20, Max: 100},
		Fields: kittest.Fields(
			&meta.Field{Name: "email", Kind: meta.Email, Column: "email", MaxLength: 254},
			&meta.Field{Name: "name", Kind: meta.String, Column: "name", MaxLength: 50},
			&meta.Field{Name: "handle", Kind: meta.String, Column: "handle", Null: true},
		),
		Uniques: []meta.Unique{
			{Name: "users_email_key", Fields: []string{"email"}},
			{Name: "users_handle_key", Fields: []string{"handle"}},
		},
	}
	return &meta.Backend{
		Name: "shop", Entities: []*meta.Entity{user},
		Account: &meta.Account{Entity: "User", Login: "email", Verify: verify, Fields: []string{"name", "handle"}},
	}
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is accounts with a database in memory, a mailbox and a clock.
type world struct {
	*testing.T
	accounts *account.Accounts
	engine   *query.Engine
	mailbox  *mail.Mailbox
	clock    *clock
}

func newWorld(t *testing.T, verify meta.Verify) *world {
	t.Helper()
	return newWorldOn(t, verify, sqlite.Driver, "sqlite:"+t.TempDir()+"/test.db", tables)
}

// newWorldOn is a world with another database.
func newWorldOn(t *testing.T, verify meta.Verify, driver sqldb.Driver, address, tables string) *world {
	t.Helper()
	db, err := driver.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Write(t.Context(), func(c sqldb.Conn) error {
		for statement := range strings.SplitSeq(tables, ";\n") {
			if _, err := c.Exec(t.Context(), statement); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	engine, err := query.New(backend(verify), db, query.Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, engine: engine, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	if w.mailbox, err = mail.OpenMailbox(""); err != nil {
		t.Fatal(err)
	}
	w.accounts, err = account.New(engine, account.Options{
		Service: "Shop", PublicURL: "http://shop.test", Secret: []byte(strings.Repeat("s", 32)), Mail: w.mailbox, Clock: w.clock, Log: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// post sends body as JSON to /auth/name and reads the answer.
func (w *world) post(name string, body any, headers ...string) (int, map[string]any) {
	w.Helper()
	text, isText := body.(string)
	if !isText {
		encoded, _ := json.Marshal(body)
		text = string(encoded)
	}
	r := httptest.NewRequest("POST", "/auth/"+name, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	w.accounts.ServeHTTP(answer, r)
	var object map[string]any
	json.Unmarshal(answer.Body.Bytes(), &object)
	return answer.Code, object
}

type object = map[string]any

const password = "correct horse battery"

func (w *world) want(what string, code, wantCode int, got any, want any) {
	w.Helper()
	if code != wantCode || fmt.Sprint(got) != fmt.Sprint(want) {
		w.Fatalf("%s: %d %v, want %d %v", what, code, got, wantCode, want)
	}
}

func (w *world) register(email string) (int, object) {
	w.Helper()
	return w.post("register", object{"email": email, "password": password, "name": "Ada"})
}

func (w *world) signIn(email, password string) (int, object) {
	w.Helper()
	return w.post("sign-in", object{"email": email, "password": password})
}

// token is the one in the newest message.
func (w *world) token() string {
	w.Helper()
	messages := w.mailbox.Messages()
	if len(messages) == 0 || len(messages[0].Links) != 1 {
		w.Fatalf("the newest message has no link: %v", messages)
	}
	link, err := url.Parse(messages[0].Links[0])
	if err != nil {
		w.Fatal(err)
	}
	return link.Query().Get("token")
}

// verified is a world with one account whose address is proven.
func verified(t *testing.T) *world {
	w := newWorld(t, meta.BeforeSignIn)
	w.register("ada@example.com")
	code, answer := w.post("verify", object{"token": w.token()})
	w.want("verify", code, 200, answer["status"], "verified")
	return w
}

func (w *world) viewer(token string) (kit.Viewer, error) {
	r := httptest.NewRequest("GET", "/v1/x", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return w.accounts.Viewer(r)
}

func TestFromRegistrationToRefresh(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { fromRegistrationToRefresh(newWorld(t, meta.BeforeSignIn)) })
	t.Run("postgres", func(t *testing.T) {
		address := kittest.Postgres(t)
		ids := strings.NewReplacer("id TEXT", "id UUID", "_at INTEGER", "_at TIMESTAMPTZ")
		w := newWorldOn(t, meta.BeforeSignIn, postgres.Driver, address, ids.Replace(tables))
		fromRegistrationToRefresh(w)
		_, tokens := w.signIn("ada@example.com", password)
		w.post("sign-out", object{"refreshToken": tokens["refreshToken"]})
		code, _ := w.post("refresh", object{"refreshToken": tokens["refreshToken"]})
		w.want("refresh after signing out", code, 401, nil, nil)
		w.register("bob@example.com")
		code, answer := w.register("bob@example.com")
		w.want("register an unproven address again", code, 202, answer["status"], "verification-sent")
		w.clock.advance(25 * time.Hour)
		code, _ = w.post("verify", object{"token": w.token()})
		w.want("verify too late", code, 400, nil, nil)
		code, _ = w.register("ada@example.com")
		w.want("register a known address", code, 202, nil, nil)
	})
}

func fromRegistrationToRefresh(w *world) {
	code, answer := w.register("Ada@Example.com")
	w.want("register", code, 202, answer, object{"status": "verification-sent"})
	if to := w.mailbox.Messages()[0].To; to != "ada@example.com" {
		w.Errorf("mail goes to %q", to)
	}
	code, answer = w.signIn("ada@example.com", password)
	w.want("sign in before verifying", code, 403, answer["code"], "EMAIL_NOT_VERIFIED")
	code, answer = w.signIn("ada@example.com", "not the password")
	w.want("the same with a wrong password", code, 401, answer["code"], "INVALID_CREDENTIALS")

	w.openAndPost(w.mailbox.Messages()[0].Links[0])
	code, answer = w.post("verify", object{"token": w.token()})
	w.want("verify twice", code, 400, answer["code"], "INVALID_TOKEN")

	code, first := w.signIn("ADA@example.com", password)
	w.want("sign in", code, 200, first["tokenType"], "Bearer")
	w.want("sign in", code, 200, first["expiresIn"], 900)
	viewer, err := w.viewer(first["accessToken"].(string))
	if err != nil || !viewer.SignedIn() {
		w.Fatalf("viewer %v: %v", viewer, err)
	}

	code, second := w.post("refresh", object{"refreshToken": first["refreshToken"]})
	w.want("refresh", code, 200, second["tokenType"], "Bearer")
	if again, err := w.viewer(second["accessToken"].(string)); err != nil || again != viewer {
		w.Fatalf("viewer after refresh %v: %v", again, err)
	}
	code, answer = w.post("refresh", object{"refreshToken": first["refreshToken"]})
	w.want("refresh with the old token", code, 401, answer["code"], "UNAUTHENTICATED")
	code, answer = w.post("refresh", object{"refreshToken": second["refreshToken"]})
	w.want("refresh with the new token after reuse", code, 401, answer["code"], "UNAUTHENTICATED")
}

// openAndPost does what a person does: opens the link and presses the button.
func (w *world) openAndPost(link string) {
	w.Helper()
	u, _ := url.Parse(link)
	page := httptest.NewRecorder()
	w.accounts.ServeHTTP(page, httptest.NewRequest("GET", u.RequestURI(), nil))
	if page.Code != 200 || !strings.Contains(page.Body.String(), `<form method="post" action="/auth/verify">`) ||
		!strings.Contains(page.Body.String(), u.Query().Get("token")) || page.Header().Get("Cache-Control") != "no-store" {
		w.Fatalf("page of the link: %d %v %s", page.Code, page.Header(), page.Body)
	}
	if code, answer := w.signIn("ada@example.com", password); code != 403 {
		w.Fatalf("a GET of the link verified the address: %d %v", code, answer)
	}
	form := httptest.NewRequest("POST", "/auth/verify", strings.NewReader(url.Values{"token": {u.Query().Get("token")}}.Encode()))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	done := httptest.NewRecorder()
	w.accounts.ServeHTTP(done, form)
	if done.Code != 200 || !strings.Contains(done.Body.String(), "is verified") {
		w.Fatalf("the form: %d %s", done.Code, done.Body)
	}
}

func TestAnAddressIsNotGivenAway(t *testing.T) {
	w := verified(t)
	code, answer := w.post("register", object{"email": "ada@example.com", "password": "another password", "name": "Eve"})
	w.want("register a known address", code, 202, answer, object{"status": "verification-sent"})
	if m := w.mailbox.Messages()[0]; m.To != "ada@example.com" || !strings.Contains(m.Subject, "have an account") {
		t.Errorf("the owner gets %q", m.Subject)
	}
	code, _ = w.signIn("ada@example.com", password)
	w.want("sign in as before", code, 200, nil, nil)

	w.post("register", object{"email": "bob@example.com", "password": password, "name": "Bob", "handle": "bob"})
	taken := object{"email": "new@example.com", "password": password, "name": "x", "handle": "bob"}
	code1, answer1 := w.post("register", taken)
	taken["email"] = "ada@example.com"
	code2, answer2 := w.post("register", taken)
	w.want("a taken handle with a free and a known address", code1, 409, answer1, answer2)
	w.want("a taken handle with a free and a known address", code1, code2, nil, nil)

	code1, answer1 = w.signIn("nobody@example.com", password)
	code2, answer2 = w.signIn("ada@example.com", "not the password")
	w.want("sign in as nobody and with a wrong password", code1, code2, answer1, answer2)
	count := len(w.mailbox.Messages())
	for _, email := range []string{"nobody@example.com", "ada@example.com"} {
		code, answer = w.post("resend", object{"email": email})
		w.want("resend to "+email, code, 202, answer, object{"status": "verification-sent"})
	}
	if got := len(w.mailbox.Messages()); got != count {
		t.Errorf("%d messages were sent to addresses that wait for none", got-count)
	}
}

func TestSigningInTakesAsLongWithoutAnAccount(t *testing.T) {
	w := verified(t)
	fastest := map[string]time.Duration{"ada@example.com": time.Hour, "nobody@example.com": time.Hour}
	for range 8 { // in turns, so that what else the machine does hits both
		for email, best := range fastest {
			began := time.Now()
			w.signIn(email, "not the password")
			fastest[email] = min(best, time.Since(began))
		}
		w.clock.advance(time.Minute)
	}
	known, unknown := fastest["ada@example.com"], fastest["nobody@example.com"]
	if ratio := float64(known) / float64(unknown); ratio < 0.05 || ratio > 20 { // without the work it is 200
		t.Errorf("a known address takes %v, an unknown one %v", known, unknown)
	}
}

func TestAnUnprovenAddressBelongsToWhoRegisteredLast(t *testing.T) {
	w := newWorld(t, meta.BeforeSignIn)
	w.post("register", object{"email": "ada@example.com", "password": "password of Eve", "name": "Eve"})
	stale := w.token()
	w.register("ada@example.com")
	code, answer := w.post("verify", object{"token": stale})
	w.want("the first link", code, 400, answer["code"], "INVALID_TOKEN")
	w.post("verify", object{"token": w.token()})
	code, _ = w.signIn("ada@example.com", "password of Eve")
	w.want("the first password", code, 401, nil, nil)
	code, _ = w.signIn("ada@example.com", password)
	w.want("the last password", code, 200, nil, nil)
}

// A handler that vouches for an address signs it in at once, and takes it from whoever never proved it.
func TestRegisterProven(t *testing.T) {
	w := newWorld(t, meta.BeforeSignIn)
	register := func(email, name string) (kit.ID, error) {
		return w.accounts.RegisterProven(httptest.NewRequest("POST", "/", nil), map[string]any{"email": email, "password": password, "name": name})
	}
	w.post("register", object{"email": "ada@example.com", "password": "password of Eve", "name": "Eve"})
	stale := w.token()
	sent := len(w.mailbox.Messages())
	if id, err := register("Ada@example.com", "Ada"); err != nil || id == "" {
		t.Fatal(id, err)
	}
	code, _ := w.signIn("ada@example.com", password)
	w.want("sign in at once", code, 200, nil, nil)
	code, _ = w.signIn("ada@example.com", "password of Eve")
	w.want("sign in by who never proved it", code, 401, nil, nil)
	code, answer := w.post("verify", object{"token": stale})
	w.want("the link of who never proved it", code, 400, answer["code"], "INVALID_TOKEN")
	if _, err := register("ada@example.com", "Eve"); !kit.HasCode(err, kit.CodeConflict) {
		t.Errorf("a proven address is given away: %v", err)
	}
	if _, err := register("ada", "Ada"); !kit.HasCode(err, kit.CodeInvalid) {
		t.Errorf("an address that is none: %v", err)
	}
	if got := len(w.mailbox.Messages()); got != sent {
		t.Errorf("%d messages were sent", got-sent)
	}
}

func TestVerifyLaterAndNever(t *testing.T) {
	for verify, messages := range map[meta.Verify]int{meta.Later: 1, meta.Never: 0} {
		w := newWorld(t, verify)
		code, answer := w.register("Ada@example.com")
		w.want("register", code, 201, answer["email"], "ada@example.com")
		w.want("register", code, 201, answer["name"], "Ada")
		if answer["id"] == nil || answer["password"] != nil || len(w.mailbox.Messages()) != messages {
			t.Errorf("register: %v and %d messages", answer, len(w.mailbox.Messages()))
		}
		code, _ = w.signIn("ada@example.com", password)
		w.want("sign in", code, 200, nil, nil)
		code, answer = w.register("ada@example.com")
		w.want("register twice", code, 409, answer["errors"].([]any)[0].(object)["code"], "TAKEN")
	}
}

func TestTokensExpire(t *testing.T) {
	w := newWorld(t, meta.BeforeSignIn)
	w.register("ada@example.com")
	w.clock.advance(24*time.Hour + time.Second)
	code, answer := w.post("verify", object{"token": w.token()})
	w.want("verify after a day", code, 400, answer["code"], "INVALID_TOKEN")
	w.post("resend", object{"email": "ada@example.com"})
	code, _ = w.post("verify", object{"token": w.token()})
	w.want("verify with a new link", code, 200, nil, nil)

	_, tokens := w.signIn("ada@example.com", password)
	w.clock.advance(15*time.Minute + time.Second)
	if _, err := w.viewer(tokens["accessToken"].(string)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("access token after 15 minutes: %v", err)
	}
	w.clock.advance(29 * 24 * time.Hour)
	code, tokens = w.post("refresh", object{"refreshToken": tokens["refreshToken"]})
	w.want("refresh after 29 days", code, 200, nil, nil)
	w.clock.advance(30*24*time.Hour + time.Second)
	code, _ = w.post("refresh", object{"refreshToken": tokens["refreshToken"]})
	w.want("refresh after another 30 days", code, 401, nil, nil)
}

func TestSignOut(t *testing.T) {
	w := verified(t)
	for _, byAccess := range []bool{true, false} {
		_, tokens := w.signIn("ada@example.com", password)
		if byAccess {
			code, _ := w.post("sign-out", "", "Authorization", "Bearer "+tokens["accessToken"].(string))
			w.want("sign out", code, 204, nil, nil)
		} else {
			code, _ := w.post("sign-out", object{"refreshToken": tokens["refreshToken"]})
			w.want("sign out", code, 204, nil, nil)
		}
		code, _ := w.post("refresh", object{"refreshToken": tokens["refreshToken"]})
		w.want("refresh after signing out", code, 401, nil, nil)
	}
	code, answer := w.post("sign-out", "")
	w.want("sign out as nobody", code, 401, answer["code"], "UNAUTHENTICATED")
}

func TestViewerTakesOnlyItsOwnTokens(t *testing.T) {
	w := verified(t)
	_, tokens := w.signIn("ada@example.com", password)
	good := tokens["accessToken"].(string)
	parts := strings.Split(good, ".")
	none := "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + "."
	for name, header := range map[string]string{
		"no scheme": good, "another scheme": "Basic YTpi", "no token": "Bearer ", "text": "Bearer x.y.z", "alg none": "Bearer " + none,
		"cut": "Bearer " + good[:len(good)-4], "changed": "Bearer " + parts[0] + "." + parts[1] + "A." + parts[2],
		"refresh token": "Bearer " + tokens["refreshToken"].(string), "long": "Bearer " + strings.Repeat("a", 50_000),
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		if v, err := w.accounts.Viewer(r); err == nil || v.SignedIn() {
			t.Errorf("%s: taken as %v", name, v)
		}
	}
	if v, err := w.viewer(""); err != nil || v.SignedIn() {
		t.Errorf("without a header: %v %v", v, err)
	}
	other, err := account.New(w.engine, account.Options{Service: "Shop", PublicURL: "http://other.test", Secret: []byte(strings.Repeat("s", 32)), Mail: w.mailbox, Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+good)
	if _, err := other.Viewer(r); err == nil {
		t.Error("a token of another issuer is taken")
	}
}

// Whoever registers hears at once all that is wrong, whether the address has to be proven or not.
func TestRegistrationTellsAll(t *testing.T) {
	for _, verify := range []meta.Verify{meta.BeforeSignIn, meta.Later} {
		w := newWorld(t, verify)
		for body, want := range map[string]string{
			`{"email": "bad", "password": "x", "name": "` + strings.Repeat("x", 51) + `"}`:    "email WRONG_FORMAT, name TOO_LONG, password TOO_SHORT",
			`{"password": "x", "handle": 3}`:                                                  "email REQUIRED, handle WRONG_TYPE, name REQUIRED, password TOO_SHORT",
			`{"email": "a@x.example", "password": "correct horse battery", "name": "\u0000"}`: "name WRONG_FORMAT",
		} {
			var sent object
			if err := json.Unmarshal([]byte(body), &sent); err != nil {
				t.Fatal(err)
			}
			code, answer := w.post("register", sent)
			var got []string
			fields, _ := answer["errors"].([]any)
			for _, f := range fields {
				got = append(got, fmt.Sprint(f.(object)["field"], " ", f.(object)["code"]))
			}
			slices.Sort(got)
			if text := strings.Join(got, ", "); code != 422 || text != want {
				t.Errorf("%s: %d %s, want %s", body, code, text, want)
			}
		}
	}
}

func TestHostileInput(t *testing.T) {
	w := newWorld(t, meta.BeforeSignIn)
	for _, c := range []struct {
		name, path, body string
		status           int
		code             string
	}{
		{"no body", "register", ``, 400, "MALFORMED"},
		{"no object", "register", `[]`, 400, "MALFORMED"},
		{"two values", "sign-in", `{} {}`, 400, "MALFORMED"},
		{"numbers", "sign-in", `{"email":1,"password":{}}`, 422, "INVALID"},
		{"nulls", "sign-in", `{"email":null,"password":null}`, 422, "INVALID"},
		{"unknown field", "sign-in", `{"email":"a@b.de","password":"x","admin":true}`, 422, "INVALID"},
		{"foreign field", "register", `{"email":"a@b.de","password":"12345678","name":"x","version":9}`, 422, "INVALID"},
		{"role", "register", `{"email":"a@b.de","password":"12345678","name":"x","role":"ADMIN"}`, 422, "INVALID"},
		{"short password", "register", `{"email":"a@b.de","password":"1234567","name":"x"}`, 422, "INVALID"},
		{"long password", "register", `{"email":"a@b.de","password":"` + strings.Repeat("x", 201) + `","name":"x"}`, 422, "INVALID"},
		{"no address", "register", `{"email":"a","password":"12345678","name":"x"}`, 422, "INVALID"},
		{"two addresses", "register", `{"email":"a@b.de\r\nBcc: c@d.de","password":"12345678","name":"x"}`, 422, "INVALID"},
		{"no name", "register", `{"email":"a@b.de","password":"12345678"}`, 422, "INVALID"},
		{"large", "register", `{"email":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "TOO_LARGE"},
		{"deep", "register", strings.Repeat("[", 10_000), 400, "MALFORMED"},
		{"long password at sign-in", "sign-in", `{"email":"a@b.de","password":"` + strings.Repeat("x", 50_000) + `"}`, 401, "INVALID_CREDENTIALS"},
		{"SQL", "sign-in", `{"email":"' OR 1=1 --","password":"x"}`, 401, "INVALID_CREDENTIALS"},
		{"empty token", "verify", `{"token":""}`, 422, "INVALID"},
		{"unknown token", "verify", `{"token":"x"}`, 400, "INVALID_TOKEN"},
		{"unknown refresh token", "refresh", `{"refreshToken":"x"}`, 401, "UNAUTHENTICATED"},
		{"unknown page", "elsewhere", `{}`, 404, "NOT_FOUND"},
	} {
		code, answer := w.post(c.path, c.body)
		if code != c.status || answer["code"] != c.code {
			t.Errorf("%s: %d %v, want %d %s", c.name, code, answer, c.status, c.code)
		}
	}
	code, answer := w.post("sign-in", "email=a@b.de", "Content-Type", "text/plain")
	w.want("another type", code, 415, answer["code"], "UNSUPPORTED_TYPE")
	get := httptest.NewRecorder()
	w.accounts.ServeHTTP(get, httptest.NewRequest("GET", "/auth/sign-in", nil))
	if get.Code != 405 || get.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d Allow %q", get.Code, get.Header().Get("Allow"))
	}
	page := httptest.NewRecorder()
	w.accounts.ServeHTTP(page, httptest.NewRequest("GET", `/auth/verify?token=%22%3E%3Cscript%3E`, nil))
	if strings.Contains(page.Body.String(), "<script") {
		t.Error("the page runs the token")
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	w := verified(t)
	var code int
	for range 11 {
		code, _ = w.signIn("ada@example.com", "not the password")
	}
	w.want("the eleventh wrong password", code, 429, nil, nil)
	code, _ = w.signIn("ada@example.com", password)
	w.want("the right one after that", code, 429, nil, nil)
	w.clock.advance(31 * time.Second)
	for range 3 {
		code, _ = w.signIn("ada@example.com", password)
		w.want("the right one later", code, 200, nil, nil)
	}
	for range 310 {
		code, _ = w.post("verify", object{"token": "x"})
	}
	w.want("three hundred tokens", code, 429, nil, nil)
}

func TestOnlyOneOfManyUsesAToken(t *testing.T) {
	w := verified(t)
	_, tokens := w.signIn("ada@example.com", password)
	var fresh sync.Map
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			if code, answer := w.post("refresh", object{"refreshToken": tokens["refreshToken"]}); code == 200 {
				fresh.Store(i, answer["refreshToken"])
			}
		})
	}
	wait.Wait()
	count := 0
	fresh.Range(func(_, _ any) bool { count++; return true })
	if count != 1 {
		t.Errorf("%d of 8 refreshed with one token", count)
	}
}

func TestSetPassword(t *testing.T) {
	w := newWorld(t, meta.BeforeSignIn)
	err := w.engine.Write(t.Context(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
		user := w.engine.Backend().Entity("User")
		id, err := tx.System().Create(ctx, user, []query.Change{{Field: user.Field("email"), Value: "seed@example.com"}, {Field: user.Field("name"), Value: "Seed"}})
		if err != nil {
			return err
		}
		return account.SetPassword(ctx, tx, id, password)
	})
	if err != nil {
		t.Fatal(err)
	}
	code, _ := w.signIn("seed@example.com", password)
	w.want("sign in", code, 200, nil, nil)
	code, _ = w.register("seed@example.com")
	w.want("register a seeded address", code, 202, nil, nil)
	code, _ = w.signIn("seed@example.com", password)
	w.want("sign in again", code, 200, nil, nil)
}

func TestNothingSecretIsLogged(t *testing.T) {
	var log bytes.Buffer
	w := verified(t)
	w.accounts.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.accounts.Mail = broken{}
	w.register("bob@example.com")
	if text := log.String(); !strings.Contains(text, "mail not sent") || strings.Contains(text, "bob@example.com") || strings.Contains(text, "token=") {
		t.Errorf("log: %s", text)
	}
}

type broken struct{}

func (broken) Send(context.Context, mail.Message) error { return io.ErrUnexpectedEOF }

var _ http.Handler = (*account.Accounts)(nil)

// An account that is deleted and stays signs nobody in, and its address may be registered again.
func TestDeletedAccountsSignNobodyIn(t *testing.T) {
	w := verified(t)
	user := w.engine.Backend().Entity("User")
	user.SoftDelete = true
	if _, err := w.engine.DB().Handle().Exec(`ALTER TABLE users ADD COLUMN deleted_at INTEGER; DROP INDEX users_email_key;
		CREATE UNIQUE INDEX users_email_key ON users (email) WHERE deleted_at IS NULL`); err != nil {
		t.Fatal(err)
	}
	code, tokens := w.signIn("ada@example.com", password)
	w.want("sign in", code, 200, nil, nil)
	viewer, err := w.viewer(fmt.Sprint(tokens["accessToken"]))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.engine.Write(t.Context(), viewer, func(ctx context.Context, tx *query.Tx) error {
		return tx.System().Delete(ctx, user, string(viewer.ID), 0)
	}); err != nil {
		t.Fatal(err)
	}
	code, _ = w.signIn("ada@example.com", password)
	w.want("sign in when deleted", code, 401, nil, nil)
	code, _ = w.post("refresh", object{"refreshToken": tokens["refreshToken"]})
	w.want("refresh when deleted", code, 401, nil, nil)
	code, _ = w.register("ada@example.com")
	w.want("register again", code, 202, nil, nil)
	code, _ = w.post("verify", object{"token": w.token()})
	w.want("verify again", code, 200, nil, nil)
	code, _ = w.signIn("ada@example.com", password)
	w.want("sign in again", code, 200, nil, nil)
}
