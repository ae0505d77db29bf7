// Package account lets people register, prove their address, sign in and stay signed in.
//
//	/auth/register ─▶ mail ─▶ /auth/verify ─▶ /auth/sign-in ─▶ access token (15 minutes) ─▶ Viewer ─▶ kit.Viewer
//	                                               └▶ refresh token (30 days) ─▶ /auth/refresh
//	/auth/forgot ─▶ mail ─▶ /auth/reset, which ends all sessions
//
// What is stored gives nobody away: passwords as Argon2id, tokens as SHA-256. An answer never tells whether an address has
// an account, where the design asks for verification before sign-in. It decides who somebody is, not what they may do:
// that is the design's policies, in package query.
package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/mail"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// Options are what accounts need besides the engine. The first four are required.
type Options struct {
	Service   string      // its name in mails, "shop"
	PublicURL string      // where people reach the service, without a slash at the end; also the issuer of tokens
	Secret    []byte      // signs access tokens, at least 32 bytes
	Mail      mail.Sender // takes messages after their transaction was committed
	Report    problem.Reporter
	// Address is the network address of whoever asks, for rate limits; the connection's unless given.
	Address func(*http.Request) string
	Clock   kit.Clock
	Log     *slog.Logger
}

// Accounts serves /auth/ and recognises access tokens. Its methods may be called at the same time.
type Accounts struct {
	Options
	engine    *query.Engine
	entity    *meta.Entity
	login     *meta.Field
	fields    []*meta.Field // that registration takes besides login and password
	verify    meta.Verify
	passwords *passwords
	limits    limits
	known     verified
	mux       *http.ServeMux
}

const (
	accessLife       = 15 * time.Minute
	refreshLife      = 30 * 24 * time.Hour
	verificationLife = 24 * time.Hour
	resetLife        = time.Hour
)

// New makes the accounts of the engine's backend, which must have some.
func New(engine *query.Engine, o Options) (*Accounts, error) {
	declared := engine.Backend().Account
	if declared == nil {
		return nil, errors.New("account: the backend has none")
	}
	if len(o.Secret) < 32 {
		return nil, fmt.Errorf("account: a secret of %d bytes: want 32 or more", len(o.Secret))
	}
	a := &Accounts{Options: o, engine: engine, verify: declared.Verify}
	a.entity = engine.Backend().Entity(declared.Entity)
	if a.entity == nil {
		return nil, fmt.Errorf("account: no entity %q", declared.Entity)
	}
	if a.login = a.entity.Field(declared.Login); a.login == nil {
		return nil, fmt.Errorf("account: %s has no field %q", declared.Entity, declared.Login)
	}
	for _, name := range declared.Fields {
		f := a.entity.Field(name)
		if f == nil {
			return nil, fmt.Errorf("account: %s has no field %q", declared.Entity, name)
		}
		a.fields = append(a.fields, f)
	}
	if a.Clock == nil {
		a.Clock = systemClock{}
	}
	if a.Log == nil {
		a.Log = slog.Default()
	}
	if a.Address == nil {
		a.Address = peer
	}
	a.passwords = newPasswords()
	a.limits = newLimits()
	a.route()
	return a, nil
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (a *Accounts) route() {
	a.mux = http.NewServeMux()
	a.post("register", a.register)
	a.post("verify", a.proveAddress)
	a.mux.HandleFunc("GET /auth/verify", a.verifyPage)
	a.post("resend", a.resend)
	a.post("forgot", a.forgot)
	a.post("reset", a.reset)
	a.mux.HandleFunc("GET /auth/reset", a.resetPage)
	a.post("sign-in", a.signIn)
	a.post("refresh", a.refresh)
	a.post("sign-out", a.signOut)
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, kit.NotFound("page")) })
}

// post routes POST, of which each is counted; every other method is answered with what is allowed.
func (a *Accounts) post(name string, do func(http.ResponseWriter, *http.Request) error) {
	a.mux.HandleFunc("POST /auth/"+name, func(w http.ResponseWriter, r *http.Request) {
		telemetry.SetOperation(r.Context(), r.Pattern)
		err := a.limitAddress(w.Header(), r)
		if err == nil {
			err = do(w, r)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	})
	allow := http.MethodPost
	if name == "verify" || name == "reset" { // which are pages too
		allow = "GET, HEAD, POST"
	}
	a.mux.HandleFunc("/auth/"+name, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		a.fail(w, r, &kit.Problem{Code: kit.CodeMethodNotAllowed, Status: http.StatusMethodNotAllowed, Detail: "This takes " + allow + "."})
	})
}

// ServeHTTP serves /auth/. Nothing of it may be kept by a cache or told to another site.
func (a *Accounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	a.mux.ServeHTTP(w, r)
}

func (a *Accounts) fail(w http.ResponseWriter, r *http.Request, err error) {
	a.Report.Write(w, r, r.Pattern, err)
}

func reply(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(text, '\n'))
	return nil
}

// write runs do in a transaction of nobody: the rules of sign-in are this package's.
func (a *Accounts) write(ctx context.Context, do func(ctx context.Context, tx *query.Tx) error) error {
	return a.engine.Write(ctx, kit.Viewer{}, do)
}

// normal is a login as it is stored and compared.
func normal(login string) string { return strings.ToLower(strings.TrimSpace(login)) }
