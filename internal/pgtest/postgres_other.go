//go:build !unix

package pgtest

import "testing"

// New skips the test: a private server is started on Unix only.
func New(tb testing.TB) (url string) {
	tb.Helper()
	tb.Skip("a private PostgreSQL server is started on Unix only")
	return ""
}

// Pooler skips the test, as New does.
func Pooler(tb testing.TB, address, mode string, more ...string) string {
	tb.Helper()
	tb.Skip("a private PostgreSQL server is started on Unix only")
	return ""
}
