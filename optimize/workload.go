package optimize

import (
	"cmp"
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
	rows, err := s.Query(ctx, `SELECT query, calls, mean_exec_time, rows::float8, count(*) OVER (), sum(total_exec_time) OVER () FROM pg_stat_statements
		WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND toplevel
		ORDER BY total_exec_time DESC LIMIT $1`, mostCounted)
	if err != nil {
		return nil, []string{fmt.Sprintf("pg_stat_statements cannot be read: %v", shortened(err))}, nil
	}
	defer rows.Close()
	hidden, all := 0, 0
	var took, looked float64
	for rows.Next() {
		st := &Statement{Where: fromView}
		var calls, returned float64
		if err := rows.Scan(&st.Text, &calls, &st.Mean, &returned, &all, &took); err != nil {
			return nil, nil, err
		}
		looked += calls * st.Mean
		if st.Text == "<insufficient privilege>" {
			hidden++
			continue
		}
		st.Text = runnable(prepared.ReplaceAllString(st.Text, ""))
		st.Calls, st.Rows = calls, returned/max(1, calls)
		if days > 0 {
			st.Day = calls / days
		}
		statements = append(statements, st)
	}
	if all > mostCounted {
		notes = append(notes, fmt.Sprintf("pg_stat_statements has %d statements of this database: the %d that took most time are looked at, %.1f %% of it", all, mostCounted, 100*looked/took))
	}
	if hidden > 0 {
		notes = append(notes, fmt.Sprintf("%d statements of other users are hidden: grant pg_read_all_stats to see them", hidden))
	}
	if err := rows.Err(); err != nil {
		notes = append(notes, fmt.Sprintf("pg_stat_statements cannot be read: %v", shortened(err)))
	}
	return statements, notes, nil
}

// fromView is where statements stand that pg_stat_statements counted.
const fromView = "pg_stat_statements"

// place names a statement to a reader: of a view, which has no lines, by how it begins.
func (s *Statement) place() string {
	if s.Where != fromView {
		return s.Where
	}
	const most = 60
	text := []rune(strings.Join(strings.Fields(s.Text), " "))
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return fmt.Sprintf("%s (%s)", s.Where, string(text))
}

// The view has a place for each constant, also where SQL has none: in a constant that begins with its type, and in what extract takes.
var (
	typedPlace = regexp.MustCompile(`(?i)\b((?:time|timestamp)(?:\s*\(\d+\))?\s+with(?:out)?\s+time\s+zone|double\s+precision|date|timetz|time|timestamptz|timestamp|interval|` +
		`inet|cidr|macaddr8?|uuid|jsonb?|numeric|decimal|bytea|money|xml|point|box|(?:int4|int8|num|date|ts|tstz)(?:multi)?range)\s+(\$\d+)` +
		`((?i)\s+(?:year|month|day|hour|minute|second)(?:\s+to\s+(?:month|hour|minute|second))?\b)?`)
	extractPlace = regexp.MustCompile(`(?i)\bextract\s*\(\s*(\$\d+)\s+from\b`)
)

// runnable is a statement of the view as SQL that means the same.
func runnable(text string) string {
	text = extractPlace.ReplaceAllString(text, "date_part($1,")
	return typedPlace.ReplaceAllString(text, "$2::$1$3")
}

// prepared matches what stands before a statement that was prepared in SQL.
var prepared = regexp.MustCompile(`(?is)^\s*prepare\s+\S+?\s*(?:\((?:[^()]|\([^()]*\))*\))?\s+as\s+`)

// aboutCatalog matches statements of tools, this one among them.
var aboutCatalog = regexp.MustCompile(`\b(pg_[a-z_]+|hypopg[a-z_]*|information_schema|current_setting)\b`)

// aboutWork matches what is about the session or the schema and never worth advice.
var aboutWork = regexp.MustCompile(`(?i)^\s*(begin|start|commit|rollback|end|savepoint|release|set|reset|show|discard|prepare|deallocate|explain|` +
	`analyze|vacuum|create|alter|drop|grant|revoke|truncate|comment|listen|notify|unlisten|copy|lock|fetch|close|declare|execute|checkpoint|do|call|refresh|reindex|cluster|pragma|attach)\b`)

// merge parses the statements and adds up those that differ only in their constants. What does not parse is told, and what is about the
// session or the schema is passed over. Of what differs in more, so many are looked at.
//
// Form gives the text that is run and the one that is read, where they are two; nil: they are one.
func merge(statements []*Statement, most int, form *sqliteForm, literals bool) (merged []*Query, passed []*Statement, unread []unread, left leftOver) {
	byFingerprint := map[string]*Query{}
	worded, passed := byWording(statements, most)
	for _, w := range worded {
		if len(merged) == most {
			left.add(w)
			continue
		}
		own, text := "", w.Text
		if form != nil {
			own, text = form.read(text)
		}
		parsed, err := pgsql.Parse(text)
		if err != nil {
			for _, where := range w.places {
				unread = append(unread, unreadOf(where, "does not parse and is left out: %s", told(err, literals)))
			}
			continue
		}
		if w.fingerprint, err = pgsql.Fingerprint(text); err != nil {
			w.fingerprint = text
		}
		if known := byFingerprint[w.fingerprint]; known != nil {
			known.add(w.Statement)
			known.texts += len(w.places)
			continue
		}
		q := &Query{Statement: w.Statement, own: own, parsed: parsed, texts: len(w.places), first: w.Where}
		byFingerprint[w.fingerprint] = q
		merged = append(merged, q)
	}
	left.most = most
	for _, q := range merged {
		left.looked += q.Calls * q.Mean
	}
	return merged, passed, unread, left
}

// worded are the statements of one wording, added up.
type worded struct {
	*Statement
	places []string
}

// byWording adds up statements that differ only in constants and spaces, and puts apart what is about the session or the schema. Where they
// are more than can be looked at, those come first that took most time, as far as it is known.
func byWording(statements []*Statement, most int) (each []*worded, passed []*Statement) {
	known := map[string]*worded{}
	for _, s := range statements {
		if aboutWork.MatchString(s.Text) || strings.Contains(s.Text, "pg_stat_statements") {
			passed = append(passed, s)
			continue
		}
		words := wording(s.Text)
		w := known[words]
		if w == nil {
			copied := *s
			w = &worded{Statement: &copied}
			known[words] = w
			each = append(each, w)
		} else {
			w.add(s)
		}
		w.places = append(w.places, s.Where)
	}
	if len(each) > most {
		slices.SortStableFunc(each, func(a, b *worded) int { return cmp.Compare(b.Calls*b.Mean, a.Calls*a.Mean) })
	}
	return each, passed
}

// leftOver is what a workload has beyond what is looked at.
type leftOver struct {
	most         int     // that are looked at
	statements   int     // that are left, as they were given
	wordings     int     // that they have
	took, looked float64 // milliseconds: these, and what is looked at; 0: not known
}

func (l *leftOver) add(w *worded) {
	l.statements += len(w.places)
	l.wordings++
	l.took += w.Calls * w.Mean
}

func (l *leftOver) notes() []string {
	if l.wordings == 0 {
		return nil
	}
	which := "the first are looked at"
	if l.looked > 0 {
		which = fmt.Sprintf("those that took most time are looked at, %.1f %% of what is known of it", 100*l.looked/(l.looked+l.took))
	}
	return []string{fmt.Sprintf("the workload has %d statements more than %d that differ in more than constants: %s, %s left out",
		l.wordings, l.most, which, number(l.statements, "line")+map[bool]string{true: " is", false: " are"}[l.statements == 1])}
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

// mostCounted bounds how many statements of pg_stat_statements are looked at.
const mostCounted = 500

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

// add counts the calls of another statement, which is the same but for its constants.
func (s *Statement) add(other *Statement) {
	if total := s.Calls + other.Calls; total > 0 {
		s.Mean = (s.Mean*s.Calls + other.Mean*other.Calls) / total
		s.Rows = (s.Rows*s.Calls + other.Rows*other.Calls) / total
	}
	s.Calls += other.Calls
	s.Day += other.Day
}
