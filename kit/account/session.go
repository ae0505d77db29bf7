package account

import (
	"context"
	"net/http"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Tokens are what signing in and refreshing answer.
type Tokens struct {
	AccessToken  string `json:"accessToken"`
	RefreshToken string `json:"refreshToken"`
	ExpiresIn    int    `json:"expiresIn"` // of the access token, in seconds
	TokenType    string `json:"tokenType"`
}

// signIn begins a session. A wrong password and an unknown login are answered alike, after the same work; that the address
// is not proven is told only to somebody who knows the password.
func (a *Accounts) signIn(w http.ResponseWriter, r *http.Request) error {
	sent, err := readTexts(w, r, a.login.Name, "password")
	if err != nil {
		return err
	}
	answer, _, err := a.begin(r, sent[a.login.Name], sent["password"])
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, answer)
}

// SignIn begins a session for a hand-written handler, as /auth/sign-in does, and tells whose it is. Its problems are
// INVALID_CREDENTIALS, EMAIL_NOT_VERIFIED, TOO_MANY_REQUESTS.
func (a *Accounts) SignIn(r *http.Request, login, password string) (*Tokens, kit.ID, error) {
	if err := a.limitAddress(nil, r); err != nil {
		return nil, "", err
	}
	return a.begin(r, login, password)
}

func (a *Accounts) begin(r *http.Request, login, password string) (*Tokens, kit.ID, error) {
	login = normal(login)
	_, giveBack, err := a.limits.login.Take(login, a.Clock.Now())
	if err != nil {
		return nil, "", err
	}
	found, err := a.check(r.Context(), login, password)
	if err != nil {
		return nil, "", err
	}
	giveBack()
	if a.verify == meta.BeforeSignIn && !found.verified {
		return nil, "", &kit.Problem{
			Code: "EMAIL_NOT_VERIFIED", Status: http.StatusForbidden,
			Detail: "Verify your address first: open the link that was sent to it.",
		}
	}
	tokens, err := a.newSession(r, found.id)
	return tokens, found.id, err
}

// check finds the credentials that login and password fit.
func (a *Accounts) check(ctx context.Context, login, password string) (*credentials, error) {
	var found *credentials
	err := a.engine.Read(ctx, kit.Viewer{}, func(ctx context.Context, tx *query.Tx) (err error) {
		found, err = a.find(ctx, tx, login)
		return err
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		found = &credentials{}
	}
	// The cost of hashing grows with the text, and no password is longer.
	if len(password) > 4*MaxPassword {
		password, found.hash = "", ""
	}
	ok, err := a.passwords.match(ctx, found.hash, password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &kit.Problem{Code: "INVALID_CREDENTIALS", Status: http.StatusUnauthorized, Detail: "The " + a.login.Name + " or the password is wrong."}
	}
	return found, nil
}

func (a *Accounts) newSession(r *http.Request, account kit.ID) (*Tokens, error) {
	session := kit.NewID()
	refresh, hash := secretToken()
	now := a.Clock.Now()
	err := a.write(r.Context(), func(ctx context.Context, tx *query.Tx) error {
		if _, err := tx.Conn().Exec(ctx, `DELETE FROM account_sessions WHERE account_id = $1 AND expires_at <= $2`, string(account), a.at(now, 0)); err != nil {
			return err
		}
		_, err := tx.Conn().Exec(ctx, `INSERT INTO account_sessions
			(id, account_id, refresh_hash, created_at, refreshed_at, expires_at, user_agent) VALUES ($1, $2, $3, $4, $4, $5, $6)`,
			string(session), string(account), hash, a.at(now, 0), a.at(now, refreshLife), userAgent(r))
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.tokens(account, session, refresh, now)
}

// living leaves out the sessions of accounts that are deleted and stay.
func (a *Accounts) living() string {
	if !a.entity.Vanishes() {
		return ""
	}
	return " AND account_id IN (SELECT id FROM " + a.engine.Living(a.entity) + " a)"
}

func (a *Accounts) tokens(account, session kit.ID, refresh string, now time.Time) (*Tokens, error) {
	access, err := a.accessToken(account, session, now)
	return &Tokens{AccessToken: access, RefreshToken: refresh, ExpiresIn: int(accessLife / time.Second), TokenType: "Bearer"}, err
}

// refresh gives new tokens for a refresh token, which then works no more. One that is used twice was copied: its session ends,
// for whoever holds the newer one too.
func (a *Accounts) refresh(w http.ResponseWriter, r *http.Request) error {
	sent, err := readTexts(w, r, "refreshToken")
	if err != nil {
		return err
	}
	old := hashOf(sent["refreshToken"])
	next, hash := secretToken()
	now := a.Clock.Now()
	var session, account string
	found := false
	err = a.write(r.Context(), func(ctx context.Context, tx *query.Tx) (err error) {
		rotated, err := tx.Conn().Exec(ctx, `UPDATE account_sessions
			SET refresh_hash = $1, previous_hash = refresh_hash, refreshed_at = $2, expires_at = $3
			WHERE refresh_hash = $4 AND revoked_at IS NULL AND expires_at > $2`+a.living(), hash, a.at(now, 0), a.at(now, refreshLife), old)
		if err != nil {
			return err
		}
		if rotated == 0 {
			found = false
			_, err = tx.Conn().Exec(ctx, `UPDATE account_sessions SET revoked_at = $1 WHERE previous_hash = $2 AND revoked_at IS NULL`, a.at(now, 0), old)
			return err
		}
		found, err = one(ctx, tx.Conn(), []any{&session, &account},
			`SELECT id, account_id FROM account_sessions WHERE refresh_hash = $1`, hash)
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return unauthenticated("The refresh token is not valid. Sign in again.", nil)
	}
	answer, err := a.tokens(kit.ID(account), kit.ID(session), next, now)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, answer)
}

// signOut ends the session of the refresh token in the body or, without a body, of the access token. It answers 204
// whether or not there was one.
func (a *Accounts) signOut(w http.ResponseWriter, r *http.Request) error {
	said, err := a.bearer(r)
	if r.ContentLength == 0 {
		if err == nil && said == nil {
			err = kit.Unauthenticated()
		}
		if err != nil {
			return err
		}
		return a.end(w, r, "id", said.Session)
	}
	sent, err := readTexts(w, r, "refreshToken")
	if err != nil {
		return err
	}
	return a.end(w, r, "refresh_hash", hashOf(sent["refreshToken"]))
}

func (a *Accounts) end(w http.ResponseWriter, r *http.Request, column, value string) error {
	err := a.write(r.Context(), func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.Conn().Exec(ctx, `UPDATE account_sessions SET revoked_at = $1 WHERE `+column+` = $2 AND revoked_at IS NULL`, a.at(a.Clock.Now(), 0), value)
		return err
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// userAgent names the program of a session, for a list of sessions that its owner can read.
func userAgent(r *http.Request) string {
	const most = 200
	text := []rune(r.UserAgent())
	clean := make([]rune, 0, len(text))
	for _, c := range text[:min(len(text), most)] {
		if c >= ' ' && c != 0x7f && c != 0xfffd {
			clean = append(clean, c)
		}
	}
	return string(clean)
}
