package recipe

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
)

// steps are the arguments of a state machine, as far as words say it: its field, and FROM:TO of each step. States stand in capitals, or
// are values of the field's enum, which are given back; between a state and the next stands to, then or an arrow, between those that follow the same one or.
func (c *clause) steps(in span) (args, values []string) {
	var of *design.Type
	var place string
	enum := func(f *design.Field) (names []string) {
		if t := c.typ(f.Type.Name); t != nil && t.Kind == design.Enum {
			for _, v := range t.Values {
				names = append(names, v.Name)
			}
		}
		return names
	}
	for _, m := range c.in(in) {
		if of != nil && of != m.of {
			return nil, nil
		}
		of = m.of
	}
	if of == nil {
		return nil, nil
	}
	fields := c.fieldsIn(in)
	if len(fields) == 0 { // the only one whose values are a state
		var flows []*design.Field
		for _, f := range of.Fields {
			if len(enum(f)) > 0 && !f.Type.List {
				flows = append(flows, f)
			}
		}
		if len(flows) != 1 {
			return nil, nil
		}
		place, values = of.Name+"."+flows[0].Name, enum(flows[0])
	} else if len(fields) == 1 {
		place, values = of.Name+"."+fields[0].field, enum(field(of, fields[0].field))
		c.read = append(c.read, fields[0].span)
	} else {
		return nil, nil
	}
	args = []string{place}
	var used []string
	tokens := stateToken.FindAllString(c.text, -1)
	state := func(i int) string {
		if i >= len(tokens) {
			return ""
		}
		name := strings.ToUpper(tokens[i])
		if !slices.Contains(values, name) && (tokens[i] != name || len(name) < 2) {
			return ""
		}
		return name
	}
	is := func(i int, any ...string) bool {
		return i < len(tokens) && slices.Contains(any, strings.ToLower(tokens[i]))
	}
	arrow := func(i int) bool { return is(i, "to", "then", "->", "→", "=>", ">") }
	for i := 0; i < len(tokens); i++ {
		from := state(i)
		if from == "" || !arrow(i+1) || state(i+2) == "" {
			continue
		}
		to := []string{state(i + 2)}
		used = append(used, tokens[i], tokens[i+1], tokens[i+2])
		i += 2
		for is(i+1, ",", "or", "and") && state(i+2) != "" && !arrow(i+3) {
			to, used = append(to, state(i+2)), append(used, tokens[i+1], tokens[i+2])
			i += 2
		}
		args = append(args, from+":"+strings.Join(to, ","))
		if len(to) == 1 && arrow(i+1) {
			i-- // it goes on from there
		}
	}
	for i, word := range c.said {
		if slices.Contains(used, word) || len(used) > 0 && word == "from" {
			c.read = append(c.read, span{i, i + 1})
		}
	}
	for _, m := range c.in(in) {
		c.read = append(c.read, m.span)
	}
	return args, values
}

var stateToken = regexp.MustCompile(`[A-Za-z0-9_]+|->|→|=>|>|,`)
