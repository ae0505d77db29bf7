package body

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/fettlehq/fettle/kit"
)

// Budget is memory that callers hold together by being slow: bodies that are being received, or answers that wait to be read. It
// is counted in bytes of what travels; what is made of it is a small multiple. A nil Budget bounds nothing.
type Budget struct {
	limit int64
	held  atomic.Int64
}

// NewBudget makes a budget of limit bytes.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Held is how many bytes are held.
func (b *Budget) Held() int64 {
	if b == nil {
		return 0
	}
	return b.held.Load()
}

// Spent is the problem of a request that comes while nothing is left, nil otherwise.
func (b *Budget) Spent() error {
	if b == nil || b.Held() < b.limit {
		return nil
	}
	return spent(b.limit)
}

func spent(limit int64) error {
	return &kit.Problem{
		Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Retry: 1, Detail: "Too much is under way: try again soon.",
		Err: fmt.Errorf("callers who are slow hold %d bytes", limit),
	}
}

// Receive is what comes from a caller, counted until Release. What comes after late is too late, the zero Time is never.
func (b *Budget) Receive(from io.ReadCloser, late time.Time) *Received {
	return &Received{from: from, budget: b, late: late}
}

// Received is a body or a message that is being received.
type Received struct {
	from   io.ReadCloser
	budget *Budget
	late   time.Time
	held   int64
	err    error
}

// Read is io.Reader. What comes too late, or when the budget is spent, is a *kit.Problem.
func (r *Received) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.from.Read(p)
	if b := r.budget; b != nil && n > 0 {
		r.held += int64(n)
		if b.held.Add(int64(n)) > b.limit {
			r.err = spent(b.limit)
		}
	}
	if !r.late.IsZero() && time.Now().After(r.late) {
		r.err = Problem(os.ErrDeadlineExceeded)
	}
	if r.err != nil {
		return 0, r.err
	}
	return n, err
}

// Close is io.Closer.
func (r *Received) Close() error { return r.from.Close() }

// Release gives back what is held. Nothing may be read afterwards.
func (r *Received) Release() {
	if r.budget != nil {
		r.budget.held.Add(-r.held)
	}
	r.held = 0
}

// Send counts p while write writes it.
func (b *Budget) Send(p []byte, write func([]byte) (int, error)) (int, error) {
	if b == nil {
		return write(p)
	}
	b.held.Add(int64(len(p)))
	defer b.held.Add(-int64(len(p)))
	return write(p)
}

// Budgets are those of a process.
type Budgets struct {
	Receiving *Budget // bodies and messages
	Sending   *Budget // answers
}

// Spent is the problem of a request that comes while nothing is left, nil otherwise.
func (b Budgets) Spent() error {
	if err := b.Receiving.Spent(); err != nil {
		return err
	}
	return b.Sending.Spent()
}

// Handler counts the bodies and the answers of next, and refuses requests while nothing is left. A body has to have come within the
// given time of its request.
func (b Budgets) Handler(within time.Duration, refuse func(http.ResponseWriter, *http.Request, error), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := b.Spent(); err != nil {
			refuse(w, r, err)
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			received := b.Receiving.Receive(r.Body, time.Now().Add(within))
			defer received.Release()
			r.Body = received
		}
		next.ServeHTTP(&sender{w, b}, r)
	})
}

// BudgetsOf are those that count what is written to w, without any the zero value.
func BudgetsOf(w http.ResponseWriter) Budgets {
	for {
		switch of := w.(type) {
		case *sender:
			return of.budgets
		case interface{ Unwrap() http.ResponseWriter }:
			w = of.Unwrap()
		default:
			return Budgets{}
		}
	}
}

// sender counts what waits to be read.
type sender struct {
	http.ResponseWriter
	budgets Budgets
}

func (s *sender) Write(p []byte) (int, error) {
	return s.budgets.Sending.Send(p, s.ResponseWriter.Write)
}

// Flush is http.Flusher, for which connect-go asks.
func (s *sender) Flush() { _ = http.NewResponseController(s.ResponseWriter).Flush() }

// Unwrap is for http.ResponseController.
func (s *sender) Unwrap() http.ResponseWriter { return s.ResponseWriter }
