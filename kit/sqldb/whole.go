package sqldb

import "context"

// Guard is what a statement fails with that guards itself: one of its columns casts this text to a number where what must hold
// does not. It is a Violation of the kind GuardViolation.
const Guard = "a rule refuses this row"

// Whole is a Conn in a transaction that can begin, write a row, read it and commit in one round trip.
type Whole interface {
	Conn
	// Whole calls write and read, each with a Conn of its own by which it asks one query and reads its rows to the end, sends
	// both and commits. What the database refuses undoes both and is the error. It does nothing, and is not done, where something
	// was asked before or must go with the commit, and where one of the two asks nothing.
	Whole(ctx context.Context, write, read func(Conn)) (done bool, err error)
}

// WriteWhole is c's Whole; where c is none, nothing is done.
func WriteWhole(ctx context.Context, c Conn, write, read func(Conn)) (done bool, err error) {
	if w, ok := c.(Whole); ok {
		return w.Whole(ctx, write, read)
	}
	return false, nil
}
