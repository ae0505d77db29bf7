package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

// TokenPair is what signing in gives. The zero value is nobody.
type TokenPair struct {
	Access  string `json:"accessToken"`
	Refresh string `json:"refreshToken,omitempty"`
}

// TokenStore keeps tokens. Its methods may be called at the same time. A store that several processes share should hand out
// what was saved last: a refresh token works once.
type TokenStore interface {
	Load(ctx context.Context) (TokenPair, error)
	Save(ctx context.Context, t TokenPair) error
}

// KeepTokens is a store in memory that holds t at first.
func KeepTokens(t TokenPair) TokenStore { return &memory{tokens: t} }

type memory struct {
	mu     sync.Mutex
	tokens TokenPair
}

func (m *memory) Load(context.Context) (TokenPair, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tokens, nil
}

func (m *memory) Save(_ context.Context, t TokenPair) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens = t
	return nil
}

// ErrSignedOut is that the session has ended: sign in again.
var ErrSignedOut = errors.New("the session has ended")

// session sees to it that tokens are refreshed once, however many calls find that they have ended.
type session struct {
	mu    sync.Mutex
	under *renewal // nil while none is under way
	ended string   // the last refresh token that the service took no longer
}

// renewal is one exchange of tokens.
type renewal struct {
	done chan struct{}
	err  error
}

// refreshTime bounds one renewal, which goes on when the call that began it is given up: its answer is needed, since a
// refresh token that was used is worth nothing.
const refreshTime = time.Minute

// renew gets new tokens, since the service took access no longer. It tells whether there are others now.
func (c *core) renew(ctx context.Context, access string) (again bool, err error) {
	c.session.mu.Lock()
	tokens, err := c.options.Tokens.Load(ctx)
	if err != nil || tokens.Access != access { // somebody else was faster
		c.session.mu.Unlock()
		return tokens.Access != "", err
	}
	if tokens.Refresh == "" || tokens.Refresh == c.session.ended {
		ended := tokens.Refresh != ""
		c.session.mu.Unlock()
		if ended {
			return false, ErrSignedOut
		}
		return false, nil
	}
	under := c.session.under
	if under == nil {
		under = &renewal{done: make(chan struct{})}
		c.session.under = under
		go c.exchange(context.WithoutCancel(ctx), tokens.Refresh, under)
	}
	c.session.mu.Unlock()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-under.done:
		return under.err == nil, under.err
	}
}

// exchange gives a refresh token for new tokens.
func (c *core) exchange(ctx context.Context, refresh string, r *renewal) {
	ctx, cancel := context.WithTimeout(ctx, refreshTime)
	defer cancel()
	tokens, err := c.sendRefresh(ctx, refresh)
	ended := errors.Is(err, CodeUnauthenticated)
	if err == nil {
		err = c.options.Tokens.Save(ctx, tokens)
	}
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if ended {
		c.session.ended, err = refresh, errors.Join(ErrSignedOut, err)
	}
	c.session.under, r.err = nil, err
	close(r.done)
}

// CodeUnauthenticated is that nobody is signed in, or no longer.
const CodeUnauthenticated ErrorCode = "UNAUTHENTICATED"

// sendRefresh is sent again when no answer came. Where the first was done, the session ends, and would have ended so: its new
// tokens are lost.
func (c *core) sendRefresh(ctx context.Context, refresh string) (t TokenPair, err error) {
	body, err := json.Marshal(map[string]string{"refreshToken": refresh})
	if err != nil {
		return t, err
	}
	r := request{operation: "refresh", method: http.MethodPost, path: "/auth/refresh", nobody: true}
	where, err := c.locate(r)
	if err != nil {
		return t, err
	}
	for again := true; ; again = false {
		text, err := c.try(ctx, r, where, body)
		if err != nil && again && isLost(err) {
			continue
		}
		if err != nil {
			return t, err
		}
		return t, json.Unmarshal(text, &t)
	}
}

// signIn keeps the tokens that are answered to credentials.
func (c *core) signIn(ctx context.Context, body any) error {
	var t TokenPair
	err := c.do(ctx, request{operation: "signIn", method: http.MethodPost, path: "/auth/sign-in", body: body, nobody: true}, &t)
	if err != nil {
		return err
	}
	return c.options.Tokens.Save(ctx, t)
}

// signOut ends the session and forgets its tokens.
func (c *core) signOut(ctx context.Context) error {
	t, err := c.options.Tokens.Load(ctx)
	if err != nil || t == (TokenPair{}) {
		return err
	}
	r := request{operation: "signOut", method: http.MethodPost, path: "/auth/sign-out"}
	if t.Refresh != "" {
		r.nobody, r.body = true, map[string]string{"refreshToken": t.Refresh}
	}
	if err := c.do(ctx, r, nil); err != nil && !errors.Is(err, CodeUnauthenticated) {
		return err
	}
	return c.options.Tokens.Save(ctx, TokenPair{})
}
