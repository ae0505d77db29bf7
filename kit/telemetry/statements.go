package telemetry

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Statements counts what a service asks of its database, by the text of each statement, which holds no argument. It is what
// "fettle optimize --workload http://…/metrics/statements" reads of a service that runs.
type Statements struct {
	since time.Time

	mu     sync.RWMutex
	counts map[string]*counted
	others counted
}

// mostStatements bounds the texts that are kept: a LIMIT is part of a text, and callers choose it.
const mostStatements = 1000

type counted struct {
	calls atomic.Int64
	nanos atomic.Int64
}

func (c *counted) add(took time.Duration) {
	c.calls.Add(1)
	c.nanos.Add(int64(took))
}

// NewStatements begins to count.
func NewStatements() *Statements {
	return &Statements{since: time.Now(), counts: map[string]*counted{}}
}

func (s *Statements) add(text string, took time.Duration) {
	s.mu.RLock()
	c := s.counts[text]
	s.mu.RUnlock()
	if c == nil {
		c = s.place(text)
	}
	c.add(took)
}

// place is where a text is counted that was not seen before.
func (s *Statements) place(text string) *counted {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.counts[text]; c != nil {
		return c
	}
	if len(s.counts) == mostStatements {
		return &s.others
	}
	c := &counted{}
	s.counts[strings.Clone(text)] = c
	return c
}

// Counted is what a service says of its statements.
type Counted struct {
	Seconds    float64            `json:"seconds"` // since it counts
	Statements []CountedStatement `json:"statements"`
	Others     int64              `json:"others"` // calls of statements that had no room
}

// CountedStatement is one of them.
type CountedStatement struct {
	Text         string  `json:"text"`
	Calls        int64   `json:"calls"`
	Milliseconds float64 `json:"milliseconds"` // of all calls
}

// Counted is what was counted until now, what took most time first.
func (s *Statements) Counted() Counted {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := Counted{Seconds: time.Since(s.since).Seconds(), Statements: []CountedStatement{}, Others: s.others.calls.Load()}
	for text, c := range s.counts {
		out.Statements = append(out.Statements, CountedStatement{text, c.calls.Load(), float64(c.nanos.Load()) / float64(time.Millisecond)})
	}
	slices.SortFunc(out.Statements, func(a, b CountedStatement) int {
		return cmp.Or(cmp.Compare(b.Milliseconds, a.Milliseconds), strings.Compare(a.Text, b.Text))
	})
	return out
}

// ServeHTTP serves what was counted.
func (s *Statements) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(s.Counted()) //nolint:errcheck // who asked has gone
}
