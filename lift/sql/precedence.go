package sql

import "strings"

// Mixed is the condition of a text of conditions that an OR beside it lets pass; "" for none.
func Mixed(text string) string { return mixed(split(tokens(text), "or")) }

// mixed finds, among the arms of an OR, a condition of one arm that the author meant for its neighbour too: "owner = ? AND title LIKE ? OR
// path LIKE ?" searches two columns for one thing, and of rows found by the second nobody asks for the owner. That the two that meet at the
// OR belong together is shown by what they have in common: both search, or both are compared with one parameter.
func mixed(arms [][]token) string {
	for i := range len(arms) - 1 {
		left, right := split(arms[i], "and"), split(arms[i+1], "and")
		if !alike(left[len(left)-1], right[0]) {
			continue
		}
		if lost := missingIn(left[:len(left)-1], right); lost != "" {
			return lost
		}
		if lost := missingIn(right[1:], left); lost != "" {
			return lost
		}
	}
	return ""
}

// alike reports whether two conditions look for the same thing in two columns.
func alike(a, b []token) bool {
	columnA, operatorA, paramA := comparison(a)
	columnB, operatorB, paramB := comparison(b)
	if columnA == "" || columnB == "" || columnA == columnB || operatorA != operatorB {
		return false
	}
	switch operatorA {
	case "like", "ilike", "~", "~*":
		return true
	}
	return operatorA == "=" && paramA == paramB && len(paramA) > 1
}

// missingIn is the first of some conditions that compares a column with a parameter which no other arm does.
func missingIn(some, other [][]token) string {
	for _, condition := range some {
		column, operator, param := comparison(condition)
		if operator != "=" || param == "" {
			continue
		}
		found := false
		for _, c := range other {
			for _, t := range c {
				found = found || t.name() && t.text == unqualifiedName(column)
			}
		}
		if !found {
			return written(condition)
		}
	}
	return ""
}

// comparison reads "column operator …", with the parameter on the right if it is one.
func comparison(list []token) (column, operator, parameter string) {
	if len(list) == 0 || !list[0].name() {
		return "", "", ""
	}
	at := 1
	if end := closing(list, at); at < len(list) && list[at].is("(") && end < len(list) { // lower(column)
		at = end + 1
	}
	for at+1 < len(list) && list[at].is(".") && list[at+1].name() {
		at += 2
	}
	if column = written(list[:at]); at+1 >= len(list) {
		return column, "", ""
	}
	if operator = strings.ToLower(list[at].text); list[at+1].kind == param {
		parameter = list[at+1].text
	}
	return column, operator, parameter
}

func unqualifiedName(column string) string { return column[strings.LastIndexByte(column, '.')+1:] }

// written writes tokens as a person would.
func written(list []token) string {
	var out strings.Builder
	for i, t := range list {
		if i > 0 && !t.is(".", "::", ")", ",") && !list[i-1].is(".", "::", "(") {
			out.WriteByte(' ')
		}
		out.WriteString(t.text)
	}
	return out.String()
}
