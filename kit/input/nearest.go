package input

import (
	"fmt"
	"strings"
)

// DidYouMean is the hint `, did you mean "title"?` where one of names is near to what was written, or "".
func DidYouMean(written string, names []string) string {
	if near := nearest(written, names); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

// nearest finds the name that takes the fewest edits, at most a third of what was written.
func nearest(written string, names []string) string {
	if len(written) > 64 {
		return ""
	}
	best, least := "", len(written)/3+2
	for _, name := range names {
		if strings.EqualFold(written, name) {
			return name
		}
		if d := distance(written, name); d < least && d < len(written) {
			best, least = name, d
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
