package pgsql

import (
	"slices"
	"strconv"
	"strings"
)

// Params are the numbers of a statement's parameters, in order.
func Params(s *Statement) []int {
	var numbers []int
	for _, token := range Tokens(s.Text) {
		if token.Kind == Parameter && len(token.Text) > 1 {
			if n, err := strconv.Atoi(token.Text[1:]); err == nil && !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	return numbers
}

// Bind writes values in place of parameters. A parameter without one stays.
func Bind(text string, values map[int]string) string {
	var out strings.Builder
	from := 0
	for _, token := range Tokens(text) {
		if token.Kind != Parameter || len(token.Text) < 2 {
			continue
		}
		n, _ := strconv.Atoi(token.Text[1:])
		if value, has := values[n]; has {
			out.WriteString(text[from:token.Start])
			out.WriteString(value)
			from = token.End()
		}
	}
	out.WriteString(text[from:])
	return out.String()
}
