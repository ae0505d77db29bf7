// Package oracle compares the product with a slow reference evaluator.
//
//	random design (SDL) ─┬▶ design ─▶ model/build ─▶ emit ─▶ migrate ─▶ kit on SQLite and on Postgres ─▶ answers
//	                     └▶ the reference: SDL and CEL read and interpreted over rows in memory ─────▶ answers
//	random steps (who asks what) ─▶ both, answer by answer
//
// The reference is written from doc/language.md and shares nothing with the product but the two parsers: that of SDL in
// package design, and cel-go's of CEL. It knows neither model.Expr nor meta.Expr, no plan and no SQL; it walks over the
// rows in the most obvious way. Where the two differ, doc/language.md says which is wrong.
//
// Beside it the matrix asks every operation of the five designs of every door, as everybody, and demands one answer, while
// everybody listens to what is written (testdata/matrix).
//
// It is a module of its own because it alone meets both halves: the tool and the runtime (decision 0031).
package oracle
