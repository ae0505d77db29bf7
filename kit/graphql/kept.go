package graphql

import (
	"strings"
	"sync"
)

// kept keeps values by a text that callers chose, a bounded number of them. Its zero value is empty.
type kept[V any] struct {
	mu    sync.RWMutex
	known map[string]V
}

const (
	maxKept       = 500
	maxKeptLength = 20_000 // bytes of a document; longer ones are not kept
)

func (k *kept[V]) get(name string) (V, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	value, ok := k.known[name]
	return value, ok
}

// put keeps a value. When there are too many, any other goes: programs send the same few over and over, so those come
// back at once.
func (k *kept[V]) put(name string, value V) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		k.known = map[string]V{}
	}
	for other := range k.known {
		if len(k.known) < maxKept {
			break
		}
		delete(k.known, other)
	}
	k.known[strings.Clone(name)] = value
}
