package sqldb

import "context"

// Pipeline is a Conn that sends the statements of several readers together.
type Pipeline interface {
	Conn
	// Together calls each of do in turns, never two at a time, with a Conn of its own on the same transaction. What they ask
	// before any of them has its answer is sent at once and takes one round trip. Each closes the rows of a query, or reads them
	// to the end, before it asks another; none writes.
	Together(ctx context.Context, do []func(Conn)) error
}

// Together calls each of do with c: in as few round trips as the longest of them takes where c is a Pipeline, else one after
// the other.
func Together(ctx context.Context, c Conn, do []func(Conn)) error {
	if p, ok := c.(Pipeline); ok && len(do) > 1 {
		return p.Together(ctx, do)
	}
	for _, one := range do {
		one(c)
	}
	return nil
}
