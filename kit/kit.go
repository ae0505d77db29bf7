// Package kit is the vocabulary of the written service: its scalar values, its problems, who asks and what time it is.
//
//	business code, generated code ─▶ kit ◀─ kit/query, kit/rest, kit/graphql, kit/account, kit/server
//
// It imports none of the other packages of this module, so business code that needs only these stays small.
package kit

import (
	"crypto/rand"
	"time"

	"github.com/google/uuid"
)

// Generated1 is named by generated code. It is raised, to Generated2, only when code that an older tool generated no
// longer works with this package: then the service does not build until it is generated again.
const Generated1 = true

// ID is the identity of a row: a UUIDv7 (RFC 9562, section 5.7) in lower case with hyphens.
type ID string

// NewID makes an ID that sorts after those made before it.
func NewID() ID { return ID(uuid.Must(uuid.NewV7()).String()) }

// IsID tells whether text has the form of an ID, in whatever case: doors read it as one, so no row has it as its key.
func IsID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

// Clock tells the time. Business code takes it from its transaction, tests set it.
type Clock interface{ Now() time.Time }

// Token returns a random text with n bytes of entropy, in base 32.
func Token(n int) string {
	text := rand.Text() // 26 characters, 130 bits
	for len(text)*5 < n*8 {
		text += rand.Text()
	}
	return text[:(n*8+4)/5]
}

// Viewer is who asks: an account, or nobody (the zero Viewer).
type Viewer struct {
	ID     ID     // of the account's entity; empty when signed out
	Tenant string // the key or id of the tenant in which he asks, empty for none; see package meta
}

// SignedIn tells whether somebody asks.
func (v Viewer) SignedIn() bool { return v.ID != "" }
