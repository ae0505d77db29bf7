// Package kept keeps what is made of texts that callers choose, so that it is made once for the texts that programs send over and over.
package kept

import (
	"strings"
	"sync"
)

// Values are values by a text that callers chose, a bounded number of them. The zero value is empty.
type Values[V any] struct {
	mu    sync.RWMutex
	known map[string]V
}

const most = 500

// Get is what is kept by a name.
func (k *Values[V]) Get(name string) (V, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	value, ok := k.known[name]
	return value, ok
}

// Put keeps a value. When there are too many, any other goes: programs send the same few over and over, so those come
// back at once.
func (k *Values[V]) Put(name string, value V) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		k.known = map[string]V{}
	}
	for other := range k.known {
		if len(k.known) < most {
			break
		}
		delete(k.known, other)
	}
	k.known[strings.Clone(name)] = value
}
