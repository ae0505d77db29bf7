package account

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/problem"
)

// claims are what an access token says.
type claims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
}

// accessToken signs that the account is signed in, for a quarter of an hour. Nothing is stored: what revokes a session
// stops its refresh tokens at once and its access tokens when they expire.
func (a *Accounts) accessToken(account, session kit.ID, now time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: a.PublicURL, Subject: string(account), ID: rand.Text(),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(accessLife)),
		},
		Session: string(session),
	})
	return token.SignedString(a.Secret)
}

// Viewer is who sent the request: nobody without an Authorization header, a problem UNAUTHENTICATED with one that is
// not a valid access token. It asks no database.
func (a *Accounts) Viewer(r *http.Request) (kit.Viewer, error) {
	said, err := a.bearer(r)
	if err != nil || said == nil {
		return kit.Viewer{}, err
	}
	return kit.Viewer{ID: kit.ID(said.Subject)}, nil
}

func (a *Accounts) bearer(r *http.Request) (*claims, error) {
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		return nil, nil
	}
	scheme, text, _ := strings.Cut(header[0], " ")
	if len(header) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return nil, unauthenticated("Send one Authorization header: Bearer and an access token.", nil)
	}
	text = strings.TrimSpace(text)
	if known := a.known.get(text); known != nil && a.Clock.Now().Before(known.ExpiresAt.Time) {
		return known, nil
	}
	said := &claims{}
	_, err := jwt.ParseWithClaims(text, said, func(*jwt.Token) (any, error) { return a.Secret, nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer(a.PublicURL), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithTimeFunc(a.Clock.Now))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, unauthenticated("The access token has expired. Refresh it.", fmt.Errorf("%w: %w", problem.ErrToken, err))
	case err != nil || said.Subject == "":
		return nil, unauthenticated("The access token is not valid.", fmt.Errorf("%w: %w", problem.ErrToken, cmp.Or(err, errors.New("it names no account"))))
	}
	a.known.put(text, said)
	return said, nil
}

// verified keeps the claims of tokens whose signature was verified, for as long as they have not expired: the next
// request with the same token costs a look. It holds two generations, so its size is bounded and tokens in use stay.
type verified struct {
	mu           sync.RWMutex
	young, older map[string]*claims
}

const verifiedKept = 10_000 // tokens, of some 300 bytes

func (v *verified) get(token string) *claims {
	v.mu.RLock()
	said, old := v.young[token], v.older[token]
	v.mu.RUnlock()
	if said == nil && old != nil {
		v.put(token, old)
		return old
	}
	return said
}

func (v *verified) put(token string, said *claims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= verifiedKept || v.young == nil {
		v.older, v.young = v.young, map[string]*claims{}
	}
	v.young[strings.Clone(token)] = said
}

func unauthenticated(detail string, err error) error {
	return &kit.Problem{Code: kit.CodeUnauthenticated, Status: http.StatusUnauthorized, Detail: detail, Err: err}
}

// secretToken is a text with 256 bits of chance, and its hash: the only part that is stored.
func secretToken() (text, hash string) {
	bits := make([]byte, 32)
	rand.Read(bits)
	text = base64.RawURLEncoding.EncodeToString(bits)
	return text, hashOf(text)
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
