// Package body reads the bodies of requests, and bounds what the process keeps for those who are slow.
//
//	socket ─▶ Budgets: counted, and not for ever ─▶ Limit ─▶ Read: all of it, or what is wrong with it ─▶ door
//	socket ◀─ Budgets: counted while it waits ◀─ door
//
// What is wrong is the same at every door: a body that ends before its end is MALFORMED (400), one that does not come in time
// REQUEST_TIMEOUT (408: RFC 9110, section 15.5.9), one that is too large TOO_LARGE (413), and one for which there is no memory now
// UNAVAILABLE (503). It knows nothing of what is sent.
package body

import (
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/fettlehq/fettle/kit"
)

// Limit lets at most limit bytes of the body of r be read, and has its reader say what is wrong with it as Problem does, but for an
// *http.MaxBytesError, which package problem knows. Of a body that says beforehand that it is larger nothing is read: who waits to be
// told to go on (Expect: 100-continue) is spared sending it.
func Limit(w http.ResponseWriter, r *http.Request, limit int64) {
	switch {
	case r.Body == nil || r.Body == http.NoBody:
	case r.ContentLength > limit:
		r.Body = tooLarge{r.Body, limit}
	case r.ContentLength >= 0: // net/http lets no more be read
		if !tellsProblems(r.Body) {
			r.Body = limited{r.Body}
		}
	default:
		r.Body = limited{http.MaxBytesReader(w, r.Body, limit)}
	}
}

type tooLarge struct {
	io.Closer
	limit int64
}

func (t tooLarge) Read([]byte) (int, error) { return 0, &http.MaxBytesError{Limit: t.limit} }

type limited struct{ io.ReadCloser }

// tellsProblems tells whether errors of b's reader are those of Problem already.
func tellsProblems(b io.ReadCloser) bool {
	if received, ok := b.(*Received); ok {
		b = received.from
	}
	_, ok := b.(limited)
	return ok
}

func (l limited) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = Problem(err)
	}
	return n, err
}

// Read reads the body of r. Its error is what Problem makes of it.
func Read(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	if r.ContentLength < 0 || r.ContentLength > atOnce {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, Problem(err)
		}
		return text, nil
	}
	text := make([]byte, 0, r.ContentLength+1) // with room to be told of its end
	for {
		n, err := r.Body.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case err == io.EOF:
			return text, nil
		case err != nil:
			return nil, Problem(err)
		case len(text) == cap(text): // it holds more than it said
			text = append(text, 0)[:len(text)]
		}
	}
}

// atOnce is the length up to which there is memory for a body before it has come, in bytes.
const atOnce = 64 << 10

// Problem is what the caller is told of a body whose reading ended in err: a *kit.Problem, or an *http.MaxBytesError.
func Problem(err error) error {
	var known *kit.Problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &tooLarge):
		return tooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &kit.Problem{
			Code: kit.CodeRequestTimeout, Status: http.StatusRequestTimeout, Err: err,
			Detail: "The body did not come in time.",
		}
	default:
		return &kit.Problem{Code: kit.CodeMalformed, Status: http.StatusBadRequest, Detail: "The body ends too early.", Err: err}
	}
}
