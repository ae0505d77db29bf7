package account

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/fettlehq/fettle/kit"
)

// limits slow down guessing. They are kept in the memory of one process: with n replicas somebody has n times as many tries.
type limits struct {
	address *limiter // of everything under /auth/ that costs a hash or a mail, by network address
	login   *limiter // of failed sign-ins, by login
	mails   *limiter // of messages to one address
}

func newLimits() limits {
	return limits{
		address: newLimiter(rate.Limit(5), 300),
		login:   newLimiter(rate.Every(30*time.Second), 10),
		mails:   newLimiter(rate.Every(5*time.Minute), 5),
	}
}

// limiter is a bucket of tries for each key. It holds two generations of keys and forgets the older one when the newer is
// full, so its size is bounded and keys in use stay.
type limiter struct {
	rate  rate.Limit
	burst int

	mu           sync.Mutex
	young, older map[string]*rate.Limiter
}

const generation = 20_000

func newLimiter(every rate.Limit, burst int) *limiter {
	return &limiter{rate: every, burst: burst, young: map[string]*rate.Limiter{}}
}

// take uses one try of key. The try is given back by the function returned; the error is TOO_MANY_REQUESTS.
func (l *limiter) take(key string, now time.Time) (giveBack func(), err error) {
	try := l.bucket(key).ReserveN(now, 1)
	if wait := try.DelayFrom(now); wait > 0 {
		try.CancelAt(now)
		seconds := int(wait/time.Second) + 1
		return nil, &kit.Problem{
			Code: kit.CodeTooMany, Status: http.StatusTooManyRequests, Retry: seconds,
			Detail: "Too many tries. Try again in " + strconv.Itoa(seconds) + " seconds.",
		}
	}
	return func() { try.CancelAt(now) }, nil
}

func (l *limiter) bucket(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.young[key]
	if b == nil {
		if b = l.older[key]; b == nil {
			b = rate.NewLimiter(l.rate, l.burst)
		}
		if len(l.young) >= generation {
			l.older, l.young = l.young, map[string]*rate.Limiter{}
		}
		l.young[key] = b
	}
	return b
}

// limitAddress counts a request against whoever sent it.
func (a *Accounts) limitAddress(r *http.Request) error {
	_, err := a.limits.address.take(network(a.Address(r)), a.Clock.Now())
	return err
}

// network is what one subscriber holds: an IPv4 address, or the first 64 bits of an IPv6 address.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	prefix, _ := ip.Prefix(64)
	return prefix.String()
}

func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
