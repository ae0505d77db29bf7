// Package diag is how every stage speaks to the user about the user's text.
//
//	stage ─▶ List ─▶ Text (with the source line), JSON
//
// A Diagnostic says that a text is wrong: where, what, and the next thing to type. That the tool itself could not
// work is an error, never a Diagnostic. The language has no warnings: a doubt is a finding and belongs to review.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Pos is a place in a file. Line and Column count from 1, Column in characters (Unicode code points).
// The zero Pos is "nowhere", for problems of a whole project.
type Pos struct {
	File   string
	Line   int
	Column int
}

// Code names a kind of mistake for ever, such as "D204". Each stage declares its own as constants,
// each with an Example in its comment that a test feeds to the tool.
type Code string

// Diagnostic is one mistake in the user's text.
type Diagnostic struct {
	Pos     Pos
	Code    Code
	Message string
	Hint    string // the next thing to type, or empty
	Edit    *Edit  // the hint as a mechanical change, or nil
}

// Edit replaces Length characters of one line, from Pos on, by Text. Length 0 inserts.
type Edit struct {
	Pos    Pos
	Length int
	Text   string
}

// List collects the mistakes of a run. A pass reports all that it sees and goes on.
type List []Diagnostic

// Add reports a mistake.
func (l *List) Add(pos Pos, code Code, hint, format string, args ...any) {
	*l = append(*l, Diagnostic{Pos: pos, Code: code, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

// AddEdit reports a mistake whose hint can be applied mechanically. An Edit nowhere is none: see Between.
func (l *List) AddEdit(pos Pos, code Code, hint string, edit Edit, format string, args ...any) {
	l.Add(pos, code, hint, format, args...)
	if edit.Pos.Line > 0 {
		(*l)[len(*l)-1].Edit = &edit
	}
}

// Sort orders by file, line, column and code, and drops exact repeats.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
		)
	})
	*l = slices.CompactFunc(*l, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Message == b.Message
	})
}
