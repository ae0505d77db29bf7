package sqldb

import (
	"context"
	"sync/atomic"
	"time"
)

// Position is how far a database has come. What is committed later stands at a higher one. 0 is before everything.
type Position int64

// Session is how far the reads of one caller must reach: past what he has written. All its methods may be called at the
// same time. The zero Session is of one who does not tell.
type Session struct {
	position atomic.Int64
	told     bool
	wrote    atomic.Bool
}

// NewSession is the session of a caller who tells that he has written up to a position.
func NewSession(written Position) *Session {
	s := &Session{told: true}
	s.position.Store(int64(written))
	return s
}

// Told tells whether the caller told what he has written before.
func (s *Session) Told() bool { return s.told }

// Wrote says that the caller's writes reach to p now.
func (s *Session) Wrote(p Position) {
	s.wrote.Store(true)
	for {
		known := s.position.Load()
		if int64(p) <= known || s.position.CompareAndSwap(known, int64(p)) {
			return
		}
	}
}

// Written is the position that the caller's reads must have, and whether he wrote since the session began.
func (s *Session) Written() (p Position, now bool) {
	return Position(s.position.Load()), s.wrote.Load()
}

type (
	sessionKey  struct{}
	anywhereKey struct{}
)

// WithSession is ctx for what a caller does. A Write under it tells s how far it reached.
func WithSession(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// SessionOf is the session of ctx, nil without one.
func SessionOf(ctx context.Context) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}

// WithReplicas says that a Read under ctx may be answered by a replica that has all that ctx's session wrote. It may then
// call do a second time, on the primary, when the replica fails: do must forget what it has read.
func WithReplicas(ctx context.Context) context.Context {
	return context.WithValue(ctx, anywhereKey{}, true)
}

// Replicas tells whether WithReplicas said so.
func Replicas(ctx context.Context) bool { return ctx.Value(anywhereKey{}) != nil }

// Replicated is a Database some of whose reads are answered by replicas.
type Replicated interface {
	Database
	Replicas() []Replica
}

// Replica is how a replica fares.
type Replica struct {
	Name string        // host and port
	Up   bool          // it answers, follows the primary, and is not too far behind
	Lag  time.Duration // by which its answers are old at most; 0 where it has all that the primary had when last asked
	// Reads that it answered; that it was too far behind for; that failed on it. The last two went to the primary.
	Answered, Behind, Failed int64
}
