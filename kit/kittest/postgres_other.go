//go:build !unix

package kittest

import "testing"

// Postgres skips the test: a private server is started on Unix only.
func Postgres(tb testing.TB) (url string) {
	tb.Helper()
	tb.Skip("a private PostgreSQL server is started on Unix only")
	return ""
}

// Pooler skips the test.
func Pooler(tb testing.TB, _ string) string {
	tb.Helper()
	tb.Skip("a private PostgreSQL server is started on Unix only")
	return ""
}
