package throttle

import (
	"net/http"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/fettlehq/fettle/kit"
)

func TestTriesRunOutAndComeBack(t *testing.T) {
	limiter := New(rate.Limit(2), 4)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 4 {
		left, _, err := limiter.Take("a", now)
		if err != nil || left.Left != 3-i || left.Left == 0 && left.Full != 500*time.Millisecond {
			t.Fatalf("try %d: %+v, %v", i, left, err)
		}
	}
	left, _, err := limiter.Take("a", now)
	if p, ok := err.(*kit.Problem); !ok || p.Code != kit.CodeTooMany || p.Retry != 1 || left.Left != 0 || p.Detail != "Too many tries. Try again in 1 second." {
		t.Errorf("the fifth: %+v, %v", left, err)
	}
	h := http.Header{}
	left.Tell(h, "address")
	if got := h.Get("RateLimit-Policy") + " " + h.Get("RateLimit"); got != `"address";q=4;w=2 "address";r=0;t=1` {
		t.Error(got)
	}
	if _, _, err := limiter.Take("b", now); err != nil {
		t.Errorf("another key: %v", err)
	}
	left, giveBack, err := limiter.Take("a", now.Add(time.Second))
	if err != nil || left.Left != 1 {
		t.Fatalf("a second later: %+v, %v", left, err)
	}
	giveBack()
	if left, _, _ := limiter.Take("a", now.Add(time.Second)); left.Left != 1 {
		t.Errorf("what is given back: %+v", left)
	}
}

func TestASubscriberIsANetwork(t *testing.T) {
	for address, network := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::/64", "2001:db8::2%eth0": "2001:db8::/64", "@": "@",
	} {
		if got := Network(address); got != network {
			t.Errorf("%s: %s", address, got)
		}
	}
}
