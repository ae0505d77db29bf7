package sqldb

import "context"

type singleKey struct{}

// WithSingle says that a Read under ctx runs one statement, which is a snapshot by itself: a database may then spare
// the transaction around it.
func WithSingle(ctx context.Context) context.Context {
	return context.WithValue(ctx, singleKey{}, true)
}

// Single tells whether WithSingle said so.
func Single(ctx context.Context) bool { return ctx.Value(singleKey{}) != nil }
