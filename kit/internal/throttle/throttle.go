// Package throttle bounds how often somebody may ask: a bucket of tries for each key, which fills by and by.
//
//	key ─▶ Limiter.Take ─▶ State: what is left, said in RateLimit fields; or TOO_MANY_REQUESTS with a Retry-After
//
// It is kept in the memory of one process: with n replicas somebody has n times as many tries. It knows nothing of what is asked.
package throttle

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/fettlehq/fettle/kit"
)

// Limiter is a bucket of tries for each key. It holds two generations of keys and forgets the older one when the newer is full, so its
// size is bounded and keys in use stay. All its methods may be called at the same time.
type Limiter struct {
	rate  rate.Limit
	burst int

	mu           sync.Mutex
	young, older map[string]*rate.Limiter
}

const generation = 20_000 // keys

// New makes a limiter of burst tries at once, which come back at a rate of so many a second.
func New(every rate.Limit, burst int) *Limiter {
	return &Limiter{rate: every, burst: burst, young: map[string]*rate.Limiter{}}
}

// State is what somebody has left.
type State struct {
	Quota  int           // tries when nothing was used
	Window time.Duration // in which as many come back
	Left   int
	Full   time.Duration // until all are back; where none is left, until there is one
}

// Take uses one try of key. The try is given back by the function returned; the error is a *kit.Problem TOO_MANY_REQUESTS (429).
func (l *Limiter) Take(key string, now time.Time) (left State, giveBack func(), err error) {
	bucket := l.bucket(key)
	try := bucket.ReserveN(now, 1)
	wait := try.DelayFrom(now)
	if wait > 0 {
		try.CancelAt(now)
		seconds := int(wait/time.Second) + 1
		err = &kit.Problem{
			Code: kit.CodeTooMany, Status: http.StatusTooManyRequests, Retry: seconds,
			Detail: "Too many tries. Try again in " + inSeconds(seconds) + ".",
		}
	}
	tokens := bucket.TokensAt(now)
	left = State{
		Quota: l.burst, Window: l.refill(float64(l.burst)),
		Left: max(0, int(math.Floor(tokens))), Full: l.refill(float64(l.burst) - tokens),
	}
	if err != nil {
		left.Full = wait.Truncate(time.Second) + time.Second // what Retry-After says: both name one point in time
		return left, nil, err
	}
	if left.Left == 0 {
		left.Full = l.refill(1 - tokens)
	}
	return left, func() { try.CancelAt(now) }, nil
}

func inSeconds(n int) string {
	if n == 1 {
		return "1 second"
	}
	return strconv.Itoa(n) + " seconds"
}

// refill is how long it takes until so many tries are back.
func (l *Limiter) refill(tries float64) time.Duration {
	return time.Duration(tries / float64(l.rate) * float64(time.Second))
}

func (l *Limiter) bucket(key string) *rate.Limiter {
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

// Tell says s under the name of its policy, in whole seconds (RateLimit header fields for HTTP, draft-ietf-httpapi-ratelimit-headers-10).
func (s State) Tell(h http.Header, policy string) {
	h.Add("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=%d`, policy, s.Quota, ceil(s.Window)))
	h.Add("RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, policy, s.Left, ceil(s.Full)))
}

func ceil(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

// Network is what one subscriber holds: an IPv4 address, or the first 64 bits of an IPv6 address.
func Network(address string) string {
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
