package query

import "sync"

// planCache keeps what was rendered by the shape of its request. It holds at most two generations of plansKept: when
// the young one is full the old one is forgotten, so that what is used stays.
type planCache[P any] struct {
	mu         sync.RWMutex
	young, old map[string]*P
}

const plansKept = 1000

func (c *planCache[P]) get(key []byte) *P {
	c.mu.RLock()
	p, old := c.young[string(key)], c.old[string(key)]
	c.mu.RUnlock()
	if p == nil && old != nil {
		c.put(string(key), old)
		return old
	}
	return p
}

func (c *planCache[P]) put(key string, p *P) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= plansKept || c.young == nil {
		c.old, c.young = c.young, make(map[string]*P)
	}
	c.young[key] = p
}
