package tool

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// Who is alone is alone, who waits comes in, who gives up does not, and who reads does not wait for one who waits to write.
func TestGate(t *testing.T) {
	var g gate
	leave, err := g.enter(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() {
		_, err := g.enter(ended, true)
		gaveUp <- err
	}()
	second, err := g.enter(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	end()
	if err := <-gaveUp; err == nil {
		t.Error("it came in to be alone with others")
	}
	second()
	leave()
	var inside, writing atomic.Int32
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			alone := i%3 == 0
			leave, err := g.enter(t.Context(), alone)
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			inside.Add(1)
			if alone {
				writing.Add(1)
			}
			if n := inside.Load(); writing.Load() > 0 && n != 1 {
				t.Errorf("%d are inside with one who is alone", n)
			}
			if alone {
				writing.Add(-1)
			}
			inside.Add(-1)
		})
	}
	all.Wait()
	if g.inside != 0 || g.alone {
		t.Error(g.inside, g.alone)
	}
}
