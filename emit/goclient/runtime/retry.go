package runtime

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Retry says how often a request is sent again, and after how long.
//
// What the service refused for now (429, 503) is sent again whatever it is. What got no answer, one that was cut off, or one of a
// proxy that got none (502, 504), is sent again where that can do no harm: reads, and writes under an Idempotency-Key.
type Retry struct {
	Tries int           // in all; 4 unless given, 1 never tries again
	Base  time.Duration // the longest pause before the second try, doubled for each other; 200 ms unless given
	Max   time.Duration // the longest pause; 20 s unless given. Who is told to wait longer is told so by the error
}

func (r Retry) withDefaults() Retry {
	r.Tries = max(cmp.Or(r.Tries, 4), 1)
	r.Base = cmp.Or(r.Base, 200*time.Millisecond)
	r.Max = cmp.Or(r.Max, 20*time.Second)
	return r
}

// pause is how long to wait after a try, the first of which is 1: what the service asks for, and some part of a time that
// doubles, so that clients that failed together do not come again together.
func (r Retry) pause(try int, asked time.Duration) (time.Duration, bool) {
	longest := r.Max
	if shift := try - 1; shift < 20 {
		longest = min(r.Base<<shift, r.Max)
	}
	return asked + rand.N(longest+1), asked <= r.Max
}

// lost is that no answer came.
type lost struct{ cause error }

func (l *lost) Error() string        { return l.cause.Error() }
func (l *lost) Unwrap() error        { return l.cause }
func (l *lost) Is(target error) bool { return target == codeNoAnswer }

// noAnswer is why no answer came: the way to the service failed, or the caller gave up. A limit of the http.Client is the former.
func noAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	return &lost{err}
}

// try sends r until it is answered for good, and returns the text of a good answer.
func (c *core) try(ctx context.Context, r request, where string, body []byte) ([]byte, error) {
	refreshed := false
	for try := 1; ; try++ {
		token := ""
		if !r.nobody {
			tokens, err := c.options.Tokens.Load(ctx)
			if err != nil {
				return nil, err
			}
			token = tokens.Access
		}
		response, text, err := c.once(ctx, r, where, token, body)
		r.sent.tell(response, try)
		asked := time.Duration(0)
		switch {
		case err != nil:
			if !isLost(err) || !r.harmless() {
				return nil, err
			}
		case response.StatusCode == http.StatusNotModified:
			return nil, ErrNotModified
		case response.StatusCode < 300:
			return text, nil
		case response.StatusCode == http.StatusUnauthorized && token != "" && !refreshed:
			refreshed = true
			if again, cause := c.renew(ctx, token); cause != nil {
				return nil, errors.Join(problem(response, text, try), cause)
			} else if again {
				try-- // it was no try: nobody looked at the request
				continue
			}
			return nil, problem(response, text, try)
		default:
			p := problem(response, text, try)
			if !r.again(p) {
				return nil, p
			}
			err, asked = p, p.RetryAfter
		}
		pause, worthIt := c.options.Retry.pause(try, asked)
		if try >= c.options.Retry.Tries || !worthIt {
			return nil, err
		}
		if ended := sleep(ctx, pause); ended != nil {
			return nil, errors.Join(err, ended)
		}
	}
}

// isLost tells whether it is the way to the service that failed.
func isLost(err error) bool {
	var l *lost
	return errors.As(err, &l)
}

// harmless tells whether r may be sent again when nobody knows whether it was done.
func (r request) harmless() bool { return r.method == http.MethodGet || r.keyed }

// again tells whether a request that was answered with p may be sent again.
func (r request) again(p *Error) bool {
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		return r.harmless()
	}
	return p.Code == codeInProgress // an earlier try is still under way
}

const (
	codeInProgress ErrorCode = "IDEMPOTENCY_IN_PROGRESS"
	codeNoAnswer   ErrorCode = "NO_ANSWER"
)

// tell writes what a try was answered with where Into asked for it.
func (s sent) tell(response *http.Response, try int) {
	if s.answer == nil {
		return
	}
	*s.answer = CallInfo{Tries: try}
	if response != nil {
		s.answer.Status, s.answer.ETag = response.StatusCode, response.Header.Get("ETag")
		s.answer.Replayed = response.Header.Get("Idempotency-Replayed") == "true"
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retryAfter reads the header Retry-After (RFC 9110, section 10.2.3).
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return min(time.Duration(seconds), 1<<30) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
