package account

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/body"
	"github.com/fettlehq/fettle/kit/mail"
	"github.com/fettlehq/fettle/kit/query"
)

// errToken says that a link does not work; why is nobody's business.
var errToken = &kit.Problem{
	Code: "INVALID_TOKEN", Status: http.StatusBadRequest,
	Detail: "This link is not valid, was used, or has expired. Sign in, or ask for a new one.",
}

const purposeVerify = "verify"

// newVerification makes the one link that proves the account's address; earlier ones stop working.
func (a *Accounts) newVerification(ctx context.Context, tx *query.Tx, id kit.ID) (link string, err error) {
	return a.newLink(ctx, tx, id, purposeVerify, verificationLife)
}

// newLink makes the one link of an account for a purpose, which is also its path under /auth/; earlier ones stop working.
func (a *Accounts) newLink(ctx context.Context, tx *query.Tx, id kit.ID, purpose string, life time.Duration) (link string, err error) {
	if _, err := tx.Conn().Exec(ctx, `DELETE FROM account_tokens WHERE account_id = $1 AND purpose = $2`, string(id), purpose); err != nil {
		return "", err
	}
	token, hash := secretToken()
	now := a.Clock.Now()
	_, err = tx.Conn().Exec(ctx, `INSERT INTO account_tokens (hash, account_id, purpose, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		hash, string(id), purpose, a.at(now, 0), a.at(now, life))
	return a.PublicURL + "/auth/" + purpose + "?token=" + url.QueryEscape(token), err
}

// verifyPage asks for a click. The link alone proves nothing, since programs that scan mail for viruses follow it too.
func (a *Accounts) verifyPage(w http.ResponseWriter, r *http.Request) {
	a.render(w, http.StatusOK, verifyView(r.URL.Query().Get("token")))
}

// proveAddress takes the token from the page's form, which is answered with a page, or from a program as JSON.
func (a *Accounts) proveAddress(w http.ResponseWriter, r *http.Request) error {
	if isForm(r) {
		return a.proveByForm(w, r)
	}
	sent, err := readTexts(w, r, "token")
	if err != nil {
		return err
	}
	if err := a.prove(r.Context(), sent["token"]); err != nil {
		return err
	}
	return reply(w, http.StatusOK, status{"verified"})
}

func (a *Accounts) proveByForm(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	err = a.prove(r.Context(), form.Get("token"))
	switch {
	case errors.Is(err, errToken):
		a.render(w, errToken.Status, pageView{Title: verifyTitle, Problem: errToken.Detail})
	case err != nil:
		return err
	default:
		a.render(w, http.StatusOK, pageView{Title: verifyTitle, Done: "Your address is verified. You can sign in now."})
	}
	return nil
}

// isForm tells a page's form from what a program sends.
func isForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/x-www-form-urlencoded"
}

func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body.Limit(w, r, maxBody)
	text, err := body.Read(r)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, malformed("The form cannot be read.", err)
	}
	return form, nil
}

// prove uses up a token. The update decides, so that of two at once one fails.
func (a *Accounts) prove(ctx context.Context, token string) error {
	return a.write(ctx, func(ctx context.Context, tx *query.Tx) error {
		now := a.at(a.Clock.Now(), 0)
		hash := hashOf(token)
		used, err := tx.Conn().Exec(ctx, `UPDATE account_tokens SET used_at = $1
			WHERE hash = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1`, now, hash, purposeVerify)
		if err != nil {
			return err
		}
		if used == 0 {
			return errToken
		}
		_, err = tx.Conn().Exec(ctx, `UPDATE account_credentials SET verified_at = $1, updated_at = $1
			WHERE verified_at IS NULL AND account_id = (SELECT account_id FROM account_tokens WHERE hash = $2)`, now, hash)
		return err
	})
}

// resend sends a new link to an address that waits for its proof.
func (a *Accounts) resend(w http.ResponseWriter, r *http.Request) error {
	waits := func(c *credentials) bool { return !c.verified }
	return a.sendLink(w, r, purposeVerify, verificationLife, waits, a.verificationLetter, "verification-sent")
}

// sendLink sends a link to the address in the body, where its account is one that may have it. The answer, said, is the same for
// every address.
func (a *Accounts) sendLink(w http.ResponseWriter, r *http.Request, purpose string, life time.Duration,
	may func(*credentials) bool, letter func(to, link string) mail.Message, said string,
) error {
	sent, err := readTexts(w, r, a.login.Name)
	if err != nil {
		return err
	}
	login := normal(sent[a.login.Name])
	if _, _, err := a.limits.mails.Take(login, a.Clock.Now()); err != nil {
		return err
	}
	link := ""
	err = a.write(r.Context(), func(ctx context.Context, tx *query.Tx) error {
		link = ""
		known, err := a.find(ctx, tx, login)
		if err == nil && known != nil && may(known) {
			link, err = a.newLink(ctx, tx, known.id, purpose, life)
		}
		return err
	})
	if err != nil {
		return err
	}
	if link != "" {
		a.deliver(r.Context(), letter(login, link))
	}
	return reply(w, http.StatusAccepted, status{said})
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// pageView is a page to which a link in a mail leads: what became of it, or a form that asks.
type pageView struct {
	Service, Title    string
	Problem, Done     string
	Asks, Password    bool
	Shortest, Longest int // of a password
	Action, Token     string
	Button, Otherwise string
}

const verifyTitle = "Verify your address"

func verifyView(token string) pageView {
	return pageView{
		Title: verifyTitle, Asks: true, Action: "/auth/verify", Token: token,
		Button: "Verify my address", Otherwise: "If you did not register, close this page.",
	}
}

func (a *Accounts) render(w http.ResponseWriter, code int, view pageView) {
	view.Service = a.Service
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	page.Execute(w, view)
}

// sendTimeout bounds how long an answer waits for the mail server.
const sendTimeout = 15 * time.Second
