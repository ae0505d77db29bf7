// Package mend makes the mechanical changes that findings carry.
//
//	a file, edits ─▶ Apply ─▶ the file mended
//
// It knows no rule, and reads and writes no file. Edits that meet are not made together: the later one waits for the
// next review.
package mend

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Apply makes edits of one file. Those that say the same are made once; ones that meet are an error, as is a file that
// cannot be read any more when they are made.
func Apply(name string, text []byte, edits []facts.Edit) ([]byte, error) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b facts.Edit) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	edits = slices.CompactFunc(edits, Same)
	var out []byte
	at := 0
	for i, e := range edits {
		if e.From < at || e.To < e.From || e.To > len(text) || i > 0 && Meet(edits[i-1], e) {
			return nil, fmt.Errorf("%s:%d: edits of one place meet", name, e.Start.Line)
		}
		out = append(append(out, text[at:e.From]...), e.New...)
		at = e.To
	}
	out = append(out, text[at:]...)
	if strings.HasSuffix(name, ".go") {
		return tidy(name, text, out)
	}
	return out, nil
}

// Same reports whether two edits are one.
func Same(a, b facts.Edit) bool {
	return a.File == b.File && a.From == b.From && a.To == b.To && a.New == b.New
}

// Meet reports whether two edits that are not the same change one place.
func Meet(a, b facts.Edit) bool {
	return a.File == b.File && !Same(a, b) && (a.From < b.To && b.From < a.To || a.From == b.From)
}
