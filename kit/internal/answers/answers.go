// Package answers lends memory to write answers into: that of answers which were sent before.
package answers

import "sync"

const (
	least    = 4 << 10  // bytes that a new one has room for
	mostIdle = 64 << 10 // bytes; longer ones are rare, and would be kept for short ones
)

var idle sync.Pool // *[]byte

// Blank is an empty answer. It may be given back once nobody reads what was written into it, and need not be.
func Blank() []byte {
	if text, _ := idle.Get().(*[]byte); text != nil {
		return (*text)[:0]
	}
	return make([]byte, 0, least)
}

// GiveBack takes the memory of an answer that was sent.
func GiveBack(answer []byte) {
	if cap(answer) <= mostIdle {
		idle.Put(&answer)
	}
}
