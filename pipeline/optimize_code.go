package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/optimize"
	"github.com/fettlehq/fettle/pgsql"
)

// unknownPiece stands in the text of a query for a piece that is no constant.
const unknownPiece = "\uFFFC"

// statementsOf are the statements that code sends, by the queries that review finds in it: each with its place, and how often it runs
// unknown. Those of tests are left out. What has no text that is known is counted.
func statementsOf(dir string, postgres bool) (statements []*optimize.Statement, notes []string, err error) {
	found, _, err := lift(dir, "")
	if err != nil {
		return nil, nil, err
	}
	built, pieces := 0, 0
	for _, f := range found.Functions {
		if f.Aside == "test" || f.Aside == "migration" {
			continue
		}
		for _, q := range f.Queries {
			text := q.Text
			if text == "" {
				text = spelled(q)
			}
			switch {
			case text == "":
				built++
				continue
			case strings.Contains(text, unknownPiece):
				pieces++
				continue
			case postgres:
				text = withNumbers(text)
			}
			statements = append(statements, &optimize.Statement{Text: text, Where: fmt.Sprintf("%s:%d", q.Pos.File, q.Pos.Line), Calls: 1})
		}
	}
	if built > 0 {
		notes = append(notes, fmt.Sprintf("%s: queries whose text is not known, since a library makes it while the program runs, are left out: %d", dir, built))
	}
	if pieces > 0 {
		notes = append(notes, fmt.Sprintf("%s: queries that are put together while the program runs are left out: %d", dir, pieces))
	}
	if len(statements) > 0 {
		notes = append(notes, dir+": code does not say how often a statement runs: all count the same")
	}
	return statements, notes, nil
}

// withNumbers gives a text the parameters of Postgres in place of ?, :name and @name, which libraries replace before they send it.
func withNumbers(text string) string {
	tokens := pgsql.Tokens(text)
	if slices.ContainsFunc(tokens, func(t pgsql.Token) bool { return t.Kind == pgsql.Parameter && t.Text != "?" }) {
		return text // it has them, so that a ? is an operator
	}
	var out strings.Builder
	from, last, names := 0, 0, map[string]int{}
	write := func(start, end, number int) {
		out.WriteString(text[from:start] + "$" + strconv.Itoa(number))
		from = end
	}
	for i, t := range tokens {
		switch {
		case t.Text == "?":
			last++
			write(t.Start, t.End(), last)
		case (t.Text == ":" || t.Text == "@") && i+1 < len(tokens) && tokens[i+1].Kind == pgsql.Word && tokens[i+1].Start == t.End() && (i == 0 || tokens[i-1].Text != ":" || tokens[i-1].End() < t.Start):
			name := tokens[i+1].Text
			if names[name] == 0 {
				last++
				names[name] = last
			}
			write(t.Start, tokens[i+1].End(), names[name])
		}
	}
	return out.String() + text[from:]
}

// spelled is SQL for a statement of a builder, where it is about one table and all that it asks is known; else "".
func spelled(q *facts.Query) string {
	s := q.Statement
	if s == nil || s.Verb != facts.Select && s.Verb != facts.Delete || len(s.Tables) != 1 || s.Nested || s.Grouped || s.Mixed != "" || len(s.Inner)+len(q.Dynamic) > 0 || len(s.Predicates) == 0 {
		return ""
	}
	out := string(s.Verb) + " "
	switch {
	case s.Verb == facts.Delete:
	case s.Aggregate:
		out += "count(*) "
	case len(s.Columns) > 0 && !slices.ContainsFunc(s.Columns, func(c string) bool { return !plainName.MatchString(c) }):
		out += strings.Join(s.Columns, ", ") + " "
	default:
		out += "* "
	}
	last := 0
	parameter := func() string {
		last++
		return "$" + strconv.Itoa(last)
	}
	var conditions []string
	for _, p := range s.Predicates {
		column := pgsql.Ident(p.Column)
		if p.Function != "" {
			column = p.Function + "(" + column + ")"
		}
		value := p.Literal
		switch {
		case p.Disjoint || p.Column == "":
			return ""
		case p.Operator == "IS NULL" || p.Operator == "IS NOT NULL":
			conditions = append(conditions, column+" "+p.Operator)
			continue
		case p.Operator == "IN" || p.Operator == "NOT IN":
			conditions = append(conditions, column+" "+p.Operator+" ("+parameter()+")")
			continue
		case !slices.Contains([]string{"=", "<>", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE"}, p.Operator):
			return ""
		case value == "":
			value = parameter()
		}
		conditions = append(conditions, column+" "+p.Operator+" "+value)
	}
	out += "FROM " + pgsql.Ident(s.Tables[0].Table) + " WHERE " + strings.Join(conditions, " AND ")
	for i, part := range s.Order {
		out += map[bool]string{true: " ORDER BY ", false: ", "}[i == 0] + pgsql.Ident(part.Column)
		if part.Descending {
			out += " DESC"
		}
	}
	if s.Limit != "" && s.Verb == facts.Select {
		limit := s.Limit
		if _, err := strconv.Atoi(limit); err != nil {
			limit = parameter()
		}
		out += " LIMIT " + limit
	}
	return out
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
