package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

const purposeReset = "reset"

// forgot sends a link by which a new password can be set. An account that has no password, as one that a seed made, gets none
// by it.
func (a *Accounts) forgot(w http.ResponseWriter, r *http.Request) error {
	has := func(c *credentials) bool { return c.hash != "" }
	return a.sendLink(w, r, purposeReset, resetLife, has, a.resetLetter, "reset-sent")
}

// resetPage asks for the new password. The link alone changes nothing, since programs that scan mail follow it too.
func (a *Accounts) resetPage(w http.ResponseWriter, r *http.Request) {
	a.render(w, http.StatusOK, resetView(r.URL.Query().Get("token"), ""))
}

const resetTitle = "Set a new password"

func resetView(token, problem string) pageView {
	return pageView{
		Title: resetTitle, Problem: problem, Asks: true, Password: true, Shortest: MinPassword, Longest: MaxPassword,
		Action: "/auth/reset", Token: token,
		Button: "Set the password", Otherwise: "If you have not asked for it, close this page: your password stays as it was.",
	}
}

// reset takes the token and a new password from the page's form, which is answered with a page, or from a program as JSON.
func (a *Accounts) reset(w http.ResponseWriter, r *http.Request) error {
	if isForm(r) {
		return a.resetByForm(w, r)
	}
	sent, err := readTexts(w, r, "token", "password")
	if err != nil {
		return err
	}
	if err := a.setByLink(r.Context(), sent["token"], sent["password"]); err != nil {
		return err
	}
	return reply(w, http.StatusOK, status{"password-changed"})
}

func (a *Accounts) resetByForm(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	token, password := form.Get("token"), form.Get("password")
	if wrong := checkPassword(password); wrong != nil {
		a.render(w, http.StatusUnprocessableEntity, resetView(token, "The password "+wrong.Detail+"."))
		return nil
	}
	err = a.setByLink(r.Context(), token, password)
	switch {
	case errors.Is(err, errToken):
		a.render(w, errToken.Status, pageView{Title: resetTitle, Problem: errToken.Detail})
	case err != nil:
		return err
	default:
		a.render(w, http.StatusOK, pageView{Title: resetTitle, Done: "Your password is set. You can sign in with it now."})
	}
	return nil
}

// setByLink uses up a token and sets the password of its account, whose address is proven by it. All its sessions end, and its
// other links. The update of the token decides, so that of two at once one fails.
func (a *Accounts) setByLink(ctx context.Context, token, password string) error {
	if wrong := checkPassword(password); wrong != nil {
		return invalid([]kit.FieldError{*wrong})
	}
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	login := ""
	err = a.write(ctx, func(ctx context.Context, tx *query.Tx) error {
		now, used := a.at(a.Clock.Now(), 0), hashOf(token)
		changed, err := tx.Conn().Exec(ctx, `UPDATE account_tokens SET used_at = $1
			WHERE hash = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1`+a.living(), now, used, purposeReset)
		if err != nil {
			return err
		}
		if changed == 0 {
			return errToken
		}
		const owner = `(SELECT account_id FROM account_tokens WHERE hash = $2)`
		if _, err := tx.Conn().Exec(ctx, `UPDATE account_credentials SET password_hash = $3, verified_at = coalesce(verified_at, $1), updated_at = $1
			WHERE account_id = `+owner, now, used, hash); err != nil {
			return err
		}
		if _, err := tx.Conn().Exec(ctx, `UPDATE account_sessions SET revoked_at = $1 WHERE revoked_at IS NULL AND account_id = `+owner, now, used); err != nil {
			return err
		}
		if _, err := tx.Conn().Exec(ctx, `UPDATE account_tokens SET used_at = $1 WHERE used_at IS NULL AND account_id = `+owner, now, used); err != nil {
			return err
		}
		_, err = one(ctx, tx.Conn(), []any{&login}, "SELECT a."+quote(a.login.Column)+" FROM "+a.engine.Living(a.entity)+
			" a WHERE a.id = (SELECT account_id FROM account_tokens WHERE hash = $1)", used)
		return err
	})
	if err != nil {
		return err
	}
	a.deliver(ctx, a.changedLetter(login))
	return nil
}
