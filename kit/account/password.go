package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/fettlehq/fettle/kit"
)

// The cost of a password: OWASP's first choice for Argon2id. It stands in each hash, so that raising it here leaves
// the old ones readable.
const (
	memory  = 19 << 10 // KiB
	passes  = 2
	threads = 1
	saltLen = 16
	hashLen = 32
)

// The length of a password, in characters.
const (
	MinPassword = 8
	MaxPassword = 200
)

// passwords hashes and compares, at most one a processor at a time since each takes 19 MiB.
type passwords struct {
	turns chan struct{}
	dummy string // compared with where there is no account, so that this takes as long
}

func newPasswords() *passwords {
	return &passwords{
		turns: make(chan struct{}, runtime.GOMAXPROCS(0)),
		dummy: phc(rand.Text(), salt()),
	}
}

// checkPassword says what is wrong with a new password, nil for nothing.
func checkPassword(password string) *kit.FieldError {
	if !utf8.ValidString(password) {
		return &kit.FieldError{Field: "password", Code: kit.FieldFormat, Detail: "must be valid UTF-8"}
	}
	switch n := utf8.RuneCountInString(norm.NFC.String(password)); {
	case n < MinPassword:
		return &kit.FieldError{Field: "password", Code: kit.FieldTooShort, Detail: fmt.Sprintf("must have at least %d characters", MinPassword)}
	case n > MaxPassword:
		return &kit.FieldError{Field: "password", Code: kit.FieldTooLong, Detail: fmt.Sprintf("must have at most %d characters", MaxPassword)}
	}
	return nil
}

func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.turn(ctx); err != nil {
		return "", err
	}
	defer p.done()
	return phc(password, salt()), nil
}

// match tells whether password is the one of hash. An empty hash matches nothing, in the same time.
func (p *passwords) match(ctx context.Context, hash, password string) (bool, error) {
	if err := p.turn(ctx); err != nil {
		return false, err
	}
	defer p.done()
	if hash == "" {
		matches(p.dummy, password)
		return false, nil
	}
	return matches(hash, password)
}

func (p *passwords) turn(ctx context.Context) error {
	select {
	case p.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &kit.Problem{Code: kit.CodeUnavailable, Status: 503, Detail: "Too many sign in at once. Try again.", Retry: 1, Err: ctx.Err()}
	}
}

func (p *passwords) done() { <-p.turns }

// phc is the hash in the form of the Password Hashing Competition: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
func phc(password string, salt []byte) string {
	key := argon2.IDKey([]byte(norm.NFC.String(password)), salt, passes, memory, threads, hashLen)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads, encode(salt), encode(key))
}

func matches(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, fmt.Errorf("password hash: not Argon2id, version %d", argon2.Version)
	}
	var m, t uint32
	var p uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil || m > 1<<20 || t == 0 || t > 100 || p == 0 {
		return false, fmt.Errorf("password hash: cost %q", parts[3])
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("password hash: salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 {
		return false, fmt.Errorf("password hash: key of %d bytes: %w", len(want), err)
	}
	got := argon2.IDKey([]byte(norm.NFC.String(password)), salt, t, m, p, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func salt() []byte {
	salt := make([]byte, saltLen)
	rand.Read(salt)
	return salt
}
