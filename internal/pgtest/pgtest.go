// Package pgtest gives the tool's tests a real PostgreSQL.
//
//	New(tb) ─▶ postgres://…/test1     a fresh database on a server that lives as long as the test process
//
// It is the twin of kit/kittest, which the tool cannot import: the two modules never see each other.
package pgtest
