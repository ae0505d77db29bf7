// Package kittest gives tests what they need around a service: real databases that are theirs alone.
//
//	Postgres(tb) ─▶ postgres://…/test1     a fresh database on a server that lives as long as the test process
//
// It is for tests only and knows nothing of the rest of the kit.
package kittest
