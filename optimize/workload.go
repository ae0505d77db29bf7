package optimize

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// Statement is a line of a workload.
type Statement struct {
	Name  string  // what a person calls it
	Text  string  // with or without parameters
	Where string  // file and line, or where it was seen
	Calls float64 // how often, in a time that all statements of the workload share
	Day   float64 // how often a day; 0: unknown
	Mean  float64 // milliseconds a call, as somebody measured; 0: unknown
	Rows  float64 // that a call returned; 0: unknown

	fingerprint string
}

// ParseWorkload reads statements, each ended by a semicolon. Comments before a statement may say what it is:
//
//	-- name: the user list
//	-- calls: 1200/hour
//	-- mean: 35 ms
//	select … ;
//
// A statement without calls counts once. A statement that differs from an earlier one only in its constants adds to it.
func ParseWorkload(file, text string) (statements []*Statement, notes []string) {
	for _, piece := range pgsql.Split(text) {
		s := &Statement{Text: piece.Text, Where: fmt.Sprintf("%s:%d", file, piece.Line), Calls: 1}
		for _, comment := range piece.Comments {
			for line := range strings.Lines(comment) {
				if problem := s.describe(strings.TrimSpace(line)); problem != "" {
					notes = append(notes, s.Where+": "+problem)
				}
			}
		}
		statements = append(statements, s)
	}
	return statements, notes
}

var perTime = regexp.MustCompile(`^([0-9.]+)\s*(?:(?:/|per\s+)\s*(second|minute|hour|day|week|month))?s?$`)

func (s *Statement) describe(line string) (problem string) {
	key, value, found := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	if !found {
		return ""
	}
	switch strings.ToLower(strings.TrimSpace(key)) {
	case "name":
		s.Name = value
	case "calls", "weight":
		parts := perTime.FindStringSubmatch(value)
		if parts == nil {
			return fmt.Sprintf("calls: %q is no number such as 1200 or 1200/hour", value)
		}
		s.Calls, _ = strconv.ParseFloat(parts[1], 64)
		if parts[2] != "" {
			s.Day = s.Calls * map[string]float64{"second": 86400, "minute": 1440, "hour": 24, "day": 1, "week": 1. / 7, "month": 1. / 30}[parts[2]]
			s.Calls = s.Day
		}
	case "mean":
		number := strings.TrimSpace(strings.TrimSuffix(value, "ms"))
		mean, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return fmt.Sprintf("mean: %q is no number of milliseconds", value)
		}
		s.Mean = mean
	}
	return ""
}

// fromStatistics reads what pg_stat_statements counted in this database.
func fromStatistics(ctx context.Context, s *session, c *Catalog) (statements []*Statement, notes []string, err error) {
	if !c.Extensions["pg_stat_statements"] {
		return nil, []string{"pg_stat_statements is not installed in this database: without --workload there are no statements to look at. " +
			"To count them: shared_preload_libraries = 'pg_stat_statements', a restart, CREATE EXTENSION pg_stat_statements"}, nil
	}
	days := 0.0
	err = s.QueryRow(ctx, `SELECT extract(epoch FROM now() - stats_reset)::float8 / 86400 FROM pg_stat_statements_info`).Scan(&days)
	if err != nil {
		days = 0
	}
	rows, err := s.Query(ctx, `SELECT query, calls, mean_exec_time, rows::float8 FROM pg_stat_statements
		WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND toplevel
		ORDER BY total_exec_time DESC LIMIT 500`)
	if err != nil {
		return nil, []string{fmt.Sprintf("pg_stat_statements cannot be read: %v", shortened(err))}, nil
	}
	defer rows.Close()
	hidden := 0
	for rows.Next() {
		st := &Statement{Where: "pg_stat_statements"}
		var calls, returned float64
		if err := rows.Scan(&st.Text, &calls, &st.Mean, &returned); err != nil {
			return nil, nil, err
		}
		if st.Text == "<insufficient privilege>" {
			hidden++
			continue
		}
		st.Text = prepared.ReplaceAllString(st.Text, "")
		st.Calls, st.Rows = calls, returned/max(1, calls)
		if days > 0 {
			st.Day = calls / days
		}
		statements = append(statements, st)
	}
	if hidden > 0 {
		notes = append(notes, fmt.Sprintf("%d statements of other users are hidden: grant pg_read_all_stats to see them", hidden))
	}
	if err := rows.Err(); err != nil {
		notes = append(notes, fmt.Sprintf("pg_stat_statements cannot be read: %v", shortened(err)))
	}
	return statements, notes, nil
}

// prepared matches what stands before a statement that was prepared in SQL.
var prepared = regexp.MustCompile(`(?is)^\s*prepare\s+\S+?\s*(?:\([^)]*\))?\s+as\s+`)

// aboutCatalog matches statements of tools, this one among them.
var aboutCatalog = regexp.MustCompile(`\b(pg_[a-z_]+|hypopg[a-z_]*|information_schema|current_setting)\b`)

// aboutWork matches what is about the session or the schema and never worth advice.
var aboutWork = regexp.MustCompile(`(?i)^\s*(begin|start|commit|rollback|end|savepoint|release|set|reset|show|discard|prepare|deallocate|explain|` +
	`analyze|vacuum|create|alter|drop|grant|revoke|truncate|comment|listen|notify|unlisten|copy|lock|fetch|close|declare|execute|checkpoint|do|call|refresh|reindex|cluster|pragma|attach)\b`)

// merge parses the statements and adds up those that differ only in their constants. What does not parse is told, and what is about the
// session or the schema is passed over.
//
// Form gives the text that is run and the one that is read, where they are two; nil: they are one.
func merge(statements []*Statement, form *sqliteForm, literals bool) (merged []*Query, passed []*Statement, unread []unread, notes []string) {
	byFingerprint := map[string]*Query{}
	wordings := map[string]*Query{}
	left := 0
	for _, s := range statements {
		if aboutWork.MatchString(s.Text) || strings.Contains(s.Text, "pg_stat_statements") {
			passed = append(passed, s)
			continue
		}
		words := wording(s.Text)
		if known := wordings[words]; known != nil {
			known.add(s)
			continue
		}
		if len(merged) == mostQueries {
			left++
			continue
		}
		own, text := "", s.Text
		if form != nil {
			own, text = form.read(text)
		}
		parsed, err := pgsql.Parse(text)
		if err != nil {
			unread = append(unread, unreadOf(s.Where, "does not parse and is left out: %s", told(err, literals)))
			continue
		}
		s.fingerprint, err = pgsql.Fingerprint(text)
		if err != nil {
			s.fingerprint = text
		}
		if known := byFingerprint[s.fingerprint]; known != nil {
			known.add(s)
			wordings[words] = known
			continue
		}
		copied := *s
		q := &Query{Statement: &copied, own: own, parsed: parsed, texts: 1, first: s.Where}
		byFingerprint[s.fingerprint], wordings[words] = q, q
		merged = append(merged, q)
	}
	if left > 0 {
		notes = append(notes, fmt.Sprintf("the workload has more than %d statements that differ in more than constants: %d that come later are left out", mostQueries, left))
	}
	return merged, passed, unread, notes
}

// unread is a statement that could not be looked at.
type unread struct{ where, reason string }

func unreadOf(where, format string, args ...any) unread {
	return unread{where, fmt.Sprintf(format, args...)}
}

// unreadNotes tell of statements that could not be looked at, those together that have a reason in common.
func unreadNotes(all []unread) (notes []string) {
	of := map[string][]string{} // places, by reason
	for _, u := range all {
		of[u.reason] = append(of[u.reason], u.where)
	}
	for _, reason := range sortedNames(of) {
		where := strings.Join(of[reason][:min(len(of[reason]), mostNamed)], ", ")
		if more := len(of[reason]) - mostNamed; more > 0 {
			where = fmt.Sprintf("%s and %d more", where, more)
		}
		notes = append(notes, where+": "+reason)
	}
	return notes
}

// leftOut tells of statements that are not looked at: how many, which is the first, and why.
func leftOut(passed []*Statement) (notes []string) {
	tell := func(these []*Statement, names []string, why string) {
		if len(these) == 0 {
			return
		}
		names = slices.Compact(slices.Sorted(slices.Values(names)))
		more := ""
		if len(names) > mostNamed {
			names, more = names[:mostNamed], ", …"
		}
		count := "1 statement is left out"
		if len(these) > 1 {
			count = fmt.Sprintf("%d statements are left out, the first", len(these))
		}
		notes = append(notes, fmt.Sprintf("%s at %s: %s (%s%s)", count, these[0].Where, why, strings.Join(names, ", "), more))
	}
	var about, tableless []*Statement
	var words, names []string
	for _, s := range passed {
		if word := aboutWork.FindStringSubmatch(s.Text); word != nil {
			about, words = append(about, s), append(words, strings.ToUpper(word[1]))
			continue
		}
		tableless, names = append(tableless, s), append(names, aboutCatalog.FindString(s.Text))
	}
	tell(about, words, "no index helps what neither selects nor changes rows by a condition")
	tell(tableless, names, "it reads no table but what the server tells of itself")
	return notes
}

const mostNamed = 6

// mostQueries bounds how many statements are looked at: each is planned several times.
const mostQueries = 5000

// wording is equal for texts that differ only in constants and spaces. It is found without parsing, which takes a hundred times as long.
func wording(text string) string {
	var out strings.Builder
	for _, token := range pgsql.Tokens(text) {
		if constant(token) {
			out.WriteString("'' ")
			continue
		}
		out.WriteString(token.Text + " ")
	}
	return out.String()
}

func (q *Query) add(s *Statement) {
	if total := q.Calls + s.Calls; total > 0 {
		q.Mean = (q.Mean*q.Calls + s.Mean*s.Calls) / total
		q.Rows = (q.Rows*q.Calls + s.Rows*s.Calls) / total
	}
	q.Calls += s.Calls
	q.Day += s.Day
	q.texts++
}
