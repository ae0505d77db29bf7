//go:build race

package kittest

// Race tells whether the race detector is on. What is only long then, and not concurrent, does less.
const Race = true
