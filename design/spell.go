package design

import (
	"fmt"
	"maps"
	"slices"
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

// aliases are the scalars as other languages call them.
func aliases() map[string]string {
	return map[string]string{
		"integer": "Int", "int32": "Int", "short": "Int", "serial": "Int",
		"long": "Int64", "bigint": "Int64", "bigserial": "Int64",
		"text": "String", "str": "String", "varchar": "String", "char": "String",
		"bool":   "Boolean",
		"double": "Float", "real": "Float", "number": "Float", "float64": "Float",
		"numeric":   "Decimal",
		"timestamp": "DateTime", "timestamptz": "DateTime", "instant": "DateTime",
		"interval": "Duration",
		"guid":     "UUID",
		"uri":      "URL", "link": "URL",
		"blob": "Bytes", "binary": "Bytes", "bytea": "Bytes",
		"jsonb": "JSON", "any": "JSON", "object": "JSON", "map": "JSON",
	}
}

// nearAlias finds the scalar whose name in another language a word nearly is. Short names are too near to each other.
func nearAlias(word string) (string, bool) {
	long := slices.DeleteFunc(slices.Sorted(maps.Keys(aliases())), func(name string) bool { return len(name) < 6 })
	meant, ok := nearest(word, long)
	return aliases()[meant], ok
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
