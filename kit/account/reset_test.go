package account_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/postgres"
)

const fresh = "another horse battery"

func TestAForgottenPassword(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { aForgottenPassword(newWorld(t, meta.BeforeSignIn)) })
	t.Run("postgres", func(t *testing.T) {
		ids := strings.NewReplacer("id TEXT", "id UUID", "_at INTEGER", "_at TIMESTAMPTZ")
		aForgottenPassword(newWorldOn(t, meta.BeforeSignIn, postgres.Driver, kittest.Postgres(t), ids.Replace(tables)))
	})
}

func aForgottenPassword(w *world) {
	w.register("ada@example.com")
	w.post("verify", object{"token": w.token()})
	_, before := w.signIn("ada@example.com", password)
	code, answer := w.post("forgot", object{"email": "Ada@Example.com"})
	w.want("forgot", code, 202, answer, object{"status": "reset-sent"})
	earlier := w.token()
	w.post("forgot", object{"email": "ada@example.com"})
	code, answer = w.post("reset", object{"token": earlier, "password": fresh})
	w.want("an earlier link", code, 400, answer["code"], "INVALID_TOKEN")
	token := w.token()
	code, answer = w.post("verify", object{"token": token})
	w.want("the link for something else", code, 400, answer["code"], "INVALID_TOKEN")

	code, answer = w.post("reset", object{"token": token, "password": "short"})
	w.want("a password that cannot be", code, 422, answer["code"], "INVALID")
	code, _ = w.signIn("ada@example.com", password)
	w.want("the old password until then", code, 200, nil, nil)
	code, answer = w.post("reset", object{"token": token, "password": fresh})
	w.want("reset", code, 200, answer, object{"status": "password-changed"})
	if m := w.mailbox.Messages()[0]; m.To != "ada@example.com" || !strings.Contains(m.Subject, "was changed") || strings.Contains(m.Text, "token=") {
		w.Errorf("the owner hears %q: %s", m.Subject, m.Text)
	}
	code, answer = w.post("reset", object{"token": token, "password": password})
	w.want("the link again", code, 400, answer["code"], "INVALID_TOKEN")

	code, answer = w.signIn("ada@example.com", password)
	w.want("the old password", code, 401, answer["code"], "INVALID_CREDENTIALS")
	code, _ = w.signIn("ada@example.com", fresh)
	w.want("the new password", code, 200, nil, nil)
	code, answer = w.post("refresh", object{"refreshToken": before["refreshToken"]})
	w.want("a session of before", code, 401, answer["code"], "UNAUTHENTICATED")

	w.post("forgot", object{"email": "ada@example.com"})
	token = w.token()
	w.clock.advance(61 * time.Minute)
	code, answer = w.post("reset", object{"token": token, "password": password})
	w.want("a link of an hour ago", code, 400, answer["code"], "INVALID_TOKEN")
}

// Whoever opens the link reads the mail of the address: it is proven by it.
func TestAResetProvesTheAddress(t *testing.T) {
	w := newWorld(t, meta.BeforeSignIn)
	w.register("ada@example.com")
	verification := w.token()
	w.post("forgot", object{"email": "ada@example.com"})
	code, _ := w.post("reset", object{"token": w.token(), "password": fresh})
	w.want("reset", code, 200, nil, nil)
	code, _ = w.signIn("ada@example.com", fresh)
	w.want("sign in", code, 200, nil, nil)
	code, answer := w.post("verify", object{"token": verification})
	w.want("the link of registering", code, 400, answer["code"], "INVALID_TOKEN")
}

func TestAForgottenPasswordTellsNobody(t *testing.T) {
	w := verified(t)
	count := len(w.mailbox.Messages())
	code, answer := w.post("forgot", object{"email": "nobody@example.com"})
	w.want("forgot of nobody", code, 202, answer, object{"status": "reset-sent"})
	if got := len(w.mailbox.Messages()); got != count {
		t.Errorf("%d messages were sent", got-count)
	}
	for range 6 {
		code, answer = w.post("forgot", object{"email": "ada@example.com"})
	}
	w.want("a seventh letter", code, 429, answer["code"], "TOO_MANY_REQUESTS")
}

func TestThePageOfAReset(t *testing.T) {
	w := verified(t)
	w.post("forgot", object{"email": "ada@example.com"})
	link, _ := url.Parse(w.mailbox.Messages()[0].Links[0])
	page := httptest.NewRecorder()
	w.accounts.ServeHTTP(page, httptest.NewRequest("GET", link.RequestURI(), nil))
	if text := page.Body.String(); page.Code != 200 || !strings.Contains(text, `action="/auth/reset"`) || !strings.Contains(text, `type="password"`) {
		t.Fatalf("page: %d %s", page.Code, text)
	}
	for _, c := range []struct {
		token, password string
		code            int
		says            string
	}{
		{w.token(), "short", 422, "must have at least 8 characters"},
		{"none", fresh, 400, "not valid"},
		{w.token(), fresh, 200, "is set"},
	} {
		form := httptest.NewRequest("POST", "/auth/reset", strings.NewReader(url.Values{"token": {c.token}, "password": {c.password}}.Encode()))
		form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		done := httptest.NewRecorder()
		w.accounts.ServeHTTP(done, form)
		if done.Code != c.code || !strings.Contains(done.Body.String(), c.says) {
			t.Errorf("%+v: %d %s", c, done.Code, done.Body)
		}
	}
	code, _ := w.signIn("ada@example.com", fresh)
	w.want("sign in", code, 200, nil, nil)
}
