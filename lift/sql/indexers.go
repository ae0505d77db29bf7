package sql

import (
	"regexp"
	"slices"
	"strings"
)

// indexer is a function of the schema that makes an index: the pieces of the statement that it runs, text or which of its parameters.
type indexer []piece

type piece struct {
	text  string
	param int // -1 of a text
}

// makesIndex is the beginning of a statement that a function puts together.
var makesIndex = regexp.MustCompile(`(?i)^\s*create\s+(unique\s+)?index\b`)

// function keeps what CREATE FUNCTION says of one that makes an index of what it is given: EXECUTE 'CREATE INDEX ' || name || ' ON ' || … of its body.
func (r *replay) function(list []token) {
	name, at := qualified(list, 0)
	body := slices.IndexFunc(list, func(t token) bool { return t.kind == literal && strings.HasPrefix(t.text, "$") })
	if name == "" || body < 0 || at >= len(list) || !list[at].is("(") {
		return
	}
	var params []string
	for _, param := range split(list[at+1:closing(list, at)], ",") {
		for len(param) > 1 && param[0].is("in", "inout", "variadic") {
			param = param[1:]
		}
		if len(param) > 0 {
			params = append(params, strings.ToLower(param[0].text))
		}
	}
	inner := tokens(list[body].text[strings.IndexByte(list[body].text[1:], '$')+2:])
	for i, t := range inner {
		if t.kind != literal || !makesIndex.MatchString(unquoted(t.text)) {
			continue
		}
		var made indexer
		for _, t := range inner[i:min(until(inner, i, ";"), len(inner))] {
			switch param := slices.Index(params, strings.ToLower(t.text)); {
			case t.kind == literal:
				made = append(made, piece{unquoted(t.text), -1})
			case param >= 0:
				made = append(made, piece{param: param})
			}
		}
		if r.indexers == nil {
			r.indexers = map[string]indexer{}
		}
		r.indexers[strings.ToLower(name)] = made
		return
	}
}

// called makes the index that a call of such a function makes: SELECT create_index('orders', 'orders_status', 'status').
func (r *replay) called(list []token) {
	name, at := qualified(list, 1)
	made := r.indexers[strings.ToLower(name)]
	if made == nil || at >= len(list) || !list[at].is("(") {
		return
	}
	args := split(list[at+1:closing(list, at)], ",")
	var text strings.Builder
	for _, p := range made {
		switch {
		case p.param < 0:
			text.WriteString(p.text)
		case p.param < len(args) && len(args[p.param]) == 1 && args[p.param][0].kind == literal:
			text.WriteString(unquoted(args[p.param][0].text))
		default:
			return
		}
	}
	statement := tokens(text.String())
	for i := range statement {
		statement[i].at, statement[i].end = list[0].at, list[len(list)-1].end
	}
	if index := until(statement, 0, "index"); index+1 < len(statement) {
		r.createIndex(statement[index+1:], statement[index-1].is("unique"))
	}
}

// unquoted is what a string of SQL says.
func unquoted(text string) string {
	if len(text) > 1 && text[0] == '\'' {
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'")
	}
	return text
}
