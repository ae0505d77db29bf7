package account

import (
	"net"
	"net/http"
	"time"

	"golang.org/x/time/rate"

	"github.com/fettlehq/fettle/kit/internal/throttle"
)

// limits slow down guessing.
type limits struct {
	address *throttle.Limiter // of everything that is posted under /auth/, by network address
	login   *throttle.Limiter // of failed sign-ins, by login
	mails   *throttle.Limiter // of messages to one address
}

func newLimits() limits {
	return limits{
		address: throttle.New(rate.Limit(5), 300),
		login:   throttle.New(rate.Every(30*time.Second), 10),
		mails:   throttle.New(rate.Every(5*time.Minute), 5),
	}
}

// limitAddress counts a request against whoever sent it, and says in h, unless that is nil, what is left.
func (a *Accounts) limitAddress(h http.Header, r *http.Request) error {
	left, _, err := a.limits.address.Take(throttle.Network(a.Address(r)), a.Clock.Now())
	if h != nil {
		left.Tell(h, "sign-in")
	}
	return err
}

func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
