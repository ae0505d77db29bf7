package tool

import (
	"context"
	"sync"
)

// gate lets any number in together, or one alone. Who comes to be together with those inside does not wait for one who waits to be
// alone: what is inside may be a build of minutes.
type gate struct {
	mu      sync.Mutex
	inside  int
	alone   bool
	changed chan struct{} // closed when somebody leaves; nil while nobody waits
}

// enter waits until it may come in, or the context ends. The function that it gives leaves again.
func (g *gate) enter(ctx context.Context, alone bool) (leave func(), err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g.mu.Lock()
		if !g.alone && (!alone || g.inside == 0) {
			g.inside++
			g.alone = alone
			g.mu.Unlock()
			return g.leave, nil
		}
		if g.changed == nil {
			g.changed = make(chan struct{})
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	g.alone = false
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}
