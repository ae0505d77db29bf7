// Package replay answers a request that comes again as it was answered the first time.
//
//	rest, graphql, grpc ─▶ Read (Idempotency-Key, a hash of the request) ─▶ Write: claim the key ─▶ do ─▶ keep the answer ─▶ commit
//	                                                                    └▶ the answer that was kept
//
// The key, the write and the answer are one transaction, so an answer is kept exactly when its write is. It follows the
// IETF's draft-ietf-httpapi-idempotency-key-header, and knows nothing of what is written.
package replay

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

const (
	// Header names a request, in the words of whoever sends it.
	Header = "Idempotency-Key"
	// ReplayedHeader says that an answer was kept from before.
	ReplayedHeader = "Idempotency-Replayed"

	maxKey  = 255
	maxBody = 256 << 10       // bytes of an answer that is kept
	keep    = 24 * time.Hour  // for how long
	wait    = 5 * time.Second // for the first of two requests at the same time
	purge   = 64              // rows that are too old, at most, in one of purgeIn requests
	purgeIn = 16              // so that more go than come
)

// Request is a request that may come again. A nil Request is one that has no key.
type Request struct {
	key, hash string
	patience  time.Duration // with another request that is under way
}

// Answer is what is kept of an answer.
type Answer struct {
	Status         int
	Location, ETag string // header fields, empty without
	Body           []byte
	Replayed       bool // kept from before
}

// Read reads the key of r and, where it has one, its body, which can be read again. Its error is a *kit.Problem for a key
// that is none, or that of reading.
func Read(r *http.Request) (*Request, error) {
	keys := r.Header.Values(Header)
	if len(keys) == 0 {
		return nil, nil
	}
	if err := check(keys); err != nil {
		return nil, err
	}
	var body []byte
	var err error
	if r.Body != nil {
		body, err = io.ReadAll(r.Body)
	}
	r.Body = &again{Reader: bytes.NewReader(body), err: err}
	return Named(keys, r.Method+media(r.Header), r.URL.EscapedPath(), r.URL.RawQuery, string(body))
}

// media is the type of a body, where that is another than most have: the same text says something else as another type. Its parameters
// do not change that.
func media(h http.Header) string {
	switch media, _, err := mime.ParseMediaType(h.Get("Content-Type")); {
	case err != nil && media == "", media == "application/json":
		return ""
	default:
		return " " + media
	}
}

// Named is a request that has keys, the values of its header, and consists of parts, of which only the last may hold the end
// of a line. Its error is a *kit.Problem for a key that is none; without any the request is nil.
func Named(keys []string, parts ...string) (*Request, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if err := check(keys); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return &Request{key: keys[0], hash: hex.EncodeToString(sum[:]), patience: wait}, nil
}

func check(keys []string) error {
	if len(keys) == 1 && visible(keys[0]) {
		return nil
	}
	return &kit.Problem{
		Code: kit.CodeMalformed, Status: http.StatusBadRequest,
		Detail: "An Idempotency-Key stands once and has 1 to 255 visible ASCII characters.",
	}
}

// again is a body that was read already; it ends as it ended the first time.
type again struct {
	*bytes.Reader
	err error
}

func (a *again) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if err == io.EOF && a.err != nil {
		err = a.err
	}
	return n, err
}

func (*again) Close() error { return nil }

func visible(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return false
		}
	}
	return key != "" && len(key) <= maxKey
}

// Writer runs a transaction on behalf of a viewer: Write or Retry of a query.Engine.
type Writer func(ctx context.Context, viewer kit.Viewer, do func(ctx context.Context, tx *query.Tx) error) error

// Write calls do in a transaction of write and keeps what it answers, or returns what it answered before. When do fails
// nothing is kept, and the request may be tried again. Without a key nothing is kept either, and do may answer as late as
// query.Tx.GetLast does.
//
// Its problems are IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_ANSWER_TOO_LARGE where the answer
// was not kept although what it answers was done, and with a key UNAVAILABLE where nobody knows whether it was done; its other errors
// are those of do.
func (q *Request) Write(ctx context.Context, write Writer, viewer kit.Viewer, do func(ctx context.Context, tx *query.Tx, answer *Answer) error) (Answer, error) {
	var answer Answer
	err := write(ctx, viewer, func(ctx context.Context, tx *query.Tx) (err error) {
		answer = Answer{} // of an attempt before this
		if q == nil {
			return do(ctx, tx, &answer)
		}
		claim := q.in(tx)
		first, err := claim.claim(ctx)
		if err != nil {
			return err
		}
		if !first {
			answer, err = claim.answer(ctx)
			return err
		}
		if err := do(ctx, tx.Part(), &answer); err != nil {
			return err
		}
		return claim.keep(ctx, answer)
	})
	if q != nil && errors.Is(err, sqldb.ErrUndecided) {
		return Answer{}, &kit.Problem{
			Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Retry: 1, Err: err,
			Detail: "The database was lost while this was written. Ask again with the same Idempotency-Key: what is done is not done twice.",
		}
	}
	return answer, err
}

// claim is a key within a transaction.
type claim struct {
	*Request
	tx    *query.Tx
	scope string
}

// in scopes the key. What was answered to somebody is for him alone. Of those who are not signed in nothing is known but
// what they send, so a key of theirs counts together with all of the request: it can neither be taken from them nor tell
// them what others asked. What was asked in a tenant is another request than the same in another.
func (q *Request) in(tx *query.Tx) claim {
	scope := q.hash
	if viewer := tx.Viewer(); viewer.SignedIn() {
		scope = string(viewer.ID)
	}
	return claim{q, tx, scope + string(tx.Tenant())}
}

// claim takes the key and tells whether this request is the first with it. Where another transaction is about to take it,
// the database waits for that one's end: when it is undone, this one is the first.
func (c claim) claim(ctx context.Context) (bool, error) {
	now := c.tx.Now()
	waiting, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	taken, err := c.tx.Conn().Exec(waiting, `INSERT INTO idempotency_keys (scope, name, request_hash, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (scope, name) DO UPDATE SET request_hash = excluded.request_hash, created_at = excluded.created_at,
			status = NULL, location = NULL, etag = NULL, body = NULL
		WHERE idempotency_keys.created_at < $5`,
		c.scope, c.key, c.hash, c.stored(now), c.stored(now.Add(-keep)))
	switch {
	case err != nil && waiting.Err() != nil && ctx.Err() == nil:
		return false, inProgress()
	case err != nil:
		return false, err
	case rand.IntN(purgeIn) == 0:
		return taken > 0, c.purge(ctx)
	}
	return taken > 0, nil
}

// purge deletes some of what is too old.
func (c claim) purge(ctx context.Context) error {
	lock := ""
	if c.postgres() {
		lock = " FOR UPDATE SKIP LOCKED"
	}
	_, err := c.tx.Conn().Exec(ctx, `DELETE FROM idempotency_keys WHERE (scope, name) IN
		(SELECT scope, name FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2`+lock+`)`,
		c.stored(c.tx.Now().Add(-keep)), int64(purge))
	return err
}

// answer reads what the first request was answered.
func (c claim) answer(ctx context.Context) (Answer, error) {
	rows, err := c.tx.Conn().Query(ctx, "SELECT request_hash, status, location, etag, body FROM idempotency_keys WHERE scope = $1 AND name = $2", c.scope, c.key)
	if err != nil {
		return Answer{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		return Answer{}, errors.Join(errors.New("idempotency key: it is taken and not there"), rows.Err())
	}
	var hash string
	var status *int64
	var location, etag *string
	var body *[]byte
	if err := rows.Scan(&hash, &status, &location, &etag, &body); err != nil {
		return Answer{}, err
	}
	switch {
	case hash != c.hash:
		return Answer{}, &kit.Problem{
			Code: kit.CodeKeyReused, Status: http.StatusUnprocessableEntity,
			Detail: "This Idempotency-Key came with another request before: a new request takes a new key.",
		}
	case status == nil:
		return Answer{}, inProgress()
	case body == nil:
		return Answer{}, &kit.Problem{
			Code: kit.CodeAnswerTooLarge, Status: http.StatusConflict,
			Detail: "This was done before, but its answer was too large to be kept: read what you need.",
		}
	}
	return Answer{Status: int(*status), Location: text(location), ETag: text(etag), Body: *body, Replayed: true}, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func inProgress() *kit.Problem {
	return &kit.Problem{
		Code: kit.CodeInProgress, Status: http.StatusConflict, Retry: 1,
		Detail: "The first request with this Idempotency-Key is not done yet.",
	}
}

// keep stores the answer; of one that is too large only that it was given.
func (c claim) keep(ctx context.Context, a Answer) error {
	var body any
	if len(a.Body) <= maxBody {
		body = append([]byte{}, a.Body...) // never nil, which would be null
	}
	_, err := c.tx.Conn().Exec(ctx, "UPDATE idempotency_keys SET status = $3, location = $4, etag = $5, body = $6 WHERE scope = $1 AND name = $2",
		c.scope, c.key, int64(a.Status), a.Location, a.ETag, body)
	return err
}

func (c claim) postgres() bool { return c.tx.Engine().DB().Dialect() == sqldb.Postgres }

// stored is an instant as the database keeps it.
func (c claim) stored(t time.Time) any {
	if c.postgres() {
		return t
	}
	return t.UnixMicro()
}
