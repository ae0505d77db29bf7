package design

import (
	"fmt"
	"strings"
)

// nearest finds the candidate that a word was probably meant to be. The first of equals wins.
func nearest(word string, candidates []string) (string, bool) {
	best, least := "", 3
	switch n := len(word); {
	case n < 6:
		least = 1
	case n < 9:
		least = 2
	}
	found := false
	for _, c := range candidates {
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < least || d == least && !found {
			if d >= len(c) || d >= len(word) {
				continue
			}
			best, least, found = c, d, true
		}
	}
	return best, found
}

// alias gives the name of a scalar as other languages call it.
func alias(word string) (string, bool) {
	switch strings.ToLower(word) {
	case "integer", "int32", "short", "serial":
		return "Int", true
	case "long", "bigint", "bigserial":
		return "Int64", true
	case "text", "str", "varchar", "char":
		return "String", true
	case "bool":
		return "Boolean", true
	case "double", "real", "number", "float64":
		return "Float", true
	case "numeric":
		return "Decimal", true
	case "timestamp", "timestamptz", "instant":
		return "DateTime", true
	case "interval":
		return "Duration", true
	case "guid":
		return "UUID", true
	case "uri", "link":
		return "URL", true
	case "blob", "binary", "bytea":
		return "Bytes", true
	case "jsonb", "any", "object", "map":
		return "JSON", true
	default:
		return "", false
	}
}

func didYouMean(name string) string { return fmt.Sprintf("did you mean %q?", name) }

// distance counts the characters to insert, delete, replace or swap with their neighbour.
func distance(a, b string) int {
	if len(a)-len(b) > 3 || len(b)-len(a) > 3 {
		return 4
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
