package query

import "sync"

// planCache keeps rendered plans by the shape of their request. It holds at most two generations of plansKept: when
// the young one is full the old one is forgotten, so that what is used stays.
type planCache struct {
	mu         sync.RWMutex
	young, old map[string]*plan
}

const plansKept = 1000

func (c *planCache) get(key []byte) *plan {
	c.mu.RLock()
	p, old := c.young[string(key)], c.old[string(key)]
	c.mu.RUnlock()
	if p == nil && old != nil {
		c.put(string(key), old)
		return old
	}
	return p
}

func (c *planCache) put(key string, p *plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= plansKept || c.young == nil {
		c.old, c.young = c.young, make(map[string]*plan)
	}
	c.young[key] = p
}
