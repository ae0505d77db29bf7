package sqldb

import "context"

// Messenger is a Database that carries short texts between all processes that have it open.
type Messenger interface {
	Database
	// Send sends texts with the transaction of c: whoever listens on channel, this process too, receives them once it has
	// committed, in the order of commits, and never otherwise. Each has at most MaxMessage bytes.
	Send(ctx context.Context, c Conn, channel string, texts []string) error
	// Listen listens on channel until ctx ends, over a connection of its own, which is made again when it is lost.
	Listen(ctx context.Context, channel string, l Listener)
}

// MaxMessage is how long a text may be that a Messenger sends, in bytes.
const MaxMessage = 7900

// Listener is told by a Messenger what arrives. Its functions are called one at a time and return soon.
type Listener struct {
	Begun    func() // it listens from now on: what was sent before, and since it last did, does not arrive
	Received func(text string)
	Failed   func(err error) // it does not listen, and tries again
}
