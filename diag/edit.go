package diag

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Between replaces what stands from one place up to another. It is the zero Edit, which is none, where the two are not
// places of one line.
func Between(from, to Pos, text string) Edit {
	if from.File != to.File || from.Line != to.Line || from.Line == 0 || to.Column < from.Column {
		return Edit{}
	}
	return Edit{Pos: from, Length: to.Column - from.Column, Text: text}
}

// Apply makes edits in the text of one file. All places are those of the text as given. Of edits that overlap the
// first is made; one that lies outside of the text is left out.
func Apply(text string, edits []Edit) string {
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	var b strings.Builder
	done := 0
	for _, e := range sorted {
		start, ok := offset(text, e.Pos)
		if !ok || start < done {
			continue
		}
		end := start
		for range e.Length {
			_, width := utf8.DecodeRuneInString(text[end:])
			end += width
		}
		b.WriteString(text[done:start])
		b.WriteString(e.Text)
		done = end
	}
	return b.String() + text[done:]
}

// offset is the byte at a place, and whether the text reaches to it.
func offset(text string, pos Pos) (int, bool) {
	line, column := 1, 1
	for i := 0; ; {
		if line == pos.Line && column == pos.Column {
			return i, true
		}
		if i == len(text) || line > pos.Line {
			return 0, false
		}
		c, width := utf8.DecodeRuneInString(text[i:])
		i += width
		column++
		if c == '\n' || c == '\r' && (i == len(text) || text[i] != '\n') {
			line, column = line+1, 1
		}
	}
}
