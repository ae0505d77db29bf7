// Package media reads what a request says of representations (RFC 9110, sections 8.3 and 12.5.1): which types it takes, and of which
// type its body is.
package media

import (
	"errors"
	"iter"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// Asks tells whether Accept header fields ask for anything. One without an element says as little as none.
func Asks(accept []string) bool {
	for range ranges(accept) {
		return true
	}
	return false
}

// Weight is how much Accept header fields want a type, from 0 to 1: as the most specific range that fits says, and the best of
// several. With wildcards "*/*" counts, and "application/*" of such a type.
func Weight(accept []string, name string, wildcards bool) float64 {
	best, weight := 0, 0.0
	family, _, _ := strings.Cut(name, "/")
	for item := range ranges(accept) {
		media, parameters, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		rank := 0
		switch {
		case media == name:
			rank = 3
		case wildcards && media == family+"/*":
			rank = 2
		case wildcards && media == "*/*":
			rank = 1
		}
		switch q := quality(parameters); {
		case rank == 0 || rank < best:
		case rank > best:
			best, weight = rank, q
		default:
			weight = max(weight, q)
		}
	}
	return weight
}

// quality is the weight of a range; 0 of one that is none.
func quality(parameters map[string]string) float64 {
	text, ok := parameters["q"]
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(text, 64)
	if err != nil || !(q >= 0 && q <= 1) { // nor NaN
		return 0
	}
	return q
}

// ranges are the elements of a list in header fields, between commas that stand in no quotes.
func ranges(fields []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, field := range fields {
			for len(field) > 0 {
				end := comma(field)
				item := strings.TrimSpace(field[:end])
				field = strings.TrimPrefix(field[end:], ",")
				if item != "" && !yield(item) {
					return
				}
			}
		}
	}
}

// comma is where the first element of a list ends.
func comma(list string) int {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == '"':
			quoted = !quoted
		case list[i] == '\\' && quoted:
			i++
		case list[i] == ',' && !quoted:
			return i
		}
	}
	return len(list)
}

var errMany = errors.New("several header fields Content-Type")

// Of is the type of a body and its parameters. That there are two is an error: whoever looks at one of them would not know of the
// other.
func Of(h http.Header) (name string, parameters map[string]string, err error) {
	if len(h.Values("Content-Type")) > 1 {
		return "", nil, errMany
	}
	return Parse(h.Get("Content-Type"))
}

// Parse is mime.ParseMediaType, which takes its time over what nearly everybody says. The parameters are not the caller's to change.
func Parse(value string) (name string, parameters map[string]string, err error) {
	switch value {
	case "application/json":
		return value, nil, nil
	case "application/json; charset=utf-8":
		return "application/json", inUTF8, nil
	}
	return mime.ParseMediaType(value)
}

var inUTF8 = map[string]string{"charset": "utf-8"}
