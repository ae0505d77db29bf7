package optimize

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/fettlehq/fettle/pgsql"
)

// movedInterval takes an interval from a column to what it is compared with:
//
//	at + interval '30 days' > $1   ─▶   at > $1 - interval '30 days'
//
// That is the same where what is added is always as long: hours anywhere, days where no zone is in play. A day of a zone that changes
// its clocks has 23 or 25 hours, and months differ. There the condition stays, and a wider one that it implies, which an index can
// serve, is put before it:
//
//	at + interval '1 day' > now()  ─▶   at > now() - interval '56 hours' AND at + interval '1 day' > now()
//
// For Postgres, a zone is less than 16 hours from UTC, so that a change of clocks moves nothing by as much as 32 hours.
func movedInterval(s *selected) (rewrite, bool) {
	for i, n := range s.nodes {
		names := n.Names("name")
		if n.Text("kind") != "AEXPR_OP" || len(names) == 0 || !slices.Contains([]string{"<", "<=", ">", ">=", "="}, names[0]) {
			continue
		}
		left, right, op := n.Node("lexpr"), n.Node("rexpr"), names[0]
		if mentionsColumn(right) && !mentionsColumn(left) {
			left, right = right, left
			op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}[op]
		}
		sign := left.Names("name")
		if left.Text("kind") != "AEXPR_OP" || len(sign) == 0 || sign[0] != "+" && sign[0] != "-" || mentionsColumn(right) || mentionsColumn(left.Node("rexpr")) {
			continue
		}
		column, c, found := s.name(left.Node("lexpr"))
		interval, ok := pgsql.SQL(left.Node("rexpr"), false)
		length, exact := lengthOf(interval)
		value, zoned, can := s.moment(right, c)
		if !found || !ok || !can || !exact {
			continue
		}
		back := map[string]string{"+": "-", "-": "+"}[sign[0]]
		w := rewrite{rule: "interval", why: fmt.Sprintf("something is added to %s before it is compared, so no index on it can be used", column)}
		if length.months == 0 && (!zoned || length.days == 0 && withZone(c.Type)) {
			w.text = s.with(i, fmt.Sprintf("%s %s %s %s %s", column, op, value, back, interval))
			return w, true
		}
		least, most := length.hours(zoned)
		if sign[0] == "-" {
			least, most = -most, -least
		}
		var implied []string
		if op == "=" || op[0] == '>' {
			implied = append(implied, fmt.Sprintf("%s >= %s", column, moved(value, -most)))
		}
		if op == "=" || op[0] == '<' {
			implied = append(implied, fmt.Sprintf("%s <= %s", column, moved(value, -least)))
		}
		w.text = s.with(i, strings.Join(append(implied, s.texts[i]), " AND "))
		switch {
		case length.months > 0:
			w.notes = []string{fmt.Sprintf("months differ in length, so the condition stays, behind a wider one that an index serves; %s %s %s %s %s alone says another thing at the end of a month", column, op, value, back, interval)}
		case zoned:
			w.notes = []string{fmt.Sprintf("a day on which clocks change has not 24 hours, so the condition stays, behind a wider one that an index serves; where TimeZone is UTC, %s %s %s %s %s alone returns the same", column, op, value, back, interval)}
		}
		return w, true
	}
	return rewrite{}, false
}

// moment writes what a time is compared with so that hours can be added to it, and tells whether the zone of the session decides
// which times it is after.
func (s *selected) moment(value pgsql.Node, c *Column) (text string, zoned, ok bool) {
	if c == nil || !strings.HasPrefix(c.Type, "timestamp") {
		return "", false, false
	}
	if text, ok = pgsql.SQL(value, false); !ok {
		return "", false, false
	}
	if value.Is("A_Const", "ParamRef") {
		return text + "::" + c.Type, withZone(c.Type), true
	}
	described, err := s.run.s.Prepare(s.ctx, "", "SELECT "+text) // its type; it is not run
	if err != nil || len(described.Fields) != 1 {
		return "", false, false
	}
	if value.Is("A_Expr", "BoolExpr") {
		text = "(" + text + ")"
	}
	switch kind := described.Fields[0].DataTypeOID; {
	case kind == pgtype.TimestamptzOID:
		return text, true, true
	case kind == pgtype.TimestampOID && !withZone(c.Type):
		return text, false, true
	case kind == pgtype.TimestampOID || kind == pgtype.DateOID:
		return text + "::" + c.Type, withZone(c.Type), true
	}
	return "", false, false
}

func withZone(kind string) bool { return strings.HasSuffix(kind, "with time zone") }

// moved writes a time some hours later, or earlier.
func moved(value string, hours float64) string {
	sign := "+"
	if hours < 0 {
		sign, hours = "-", -hours
	}
	if hours == 0 {
		return value
	}
	return fmt.Sprintf("%s %s interval '%.0f hours'", value, sign, hours)
}

// length is that of an interval, as Postgres keeps it.
type length struct{ months, days, seconds float64 }

var (
	intervalText = regexp.MustCompile(`^(?i:interval '([^']*)'|'([^']*)'::interval)$`)
	intervalPart = regexp.MustCompile(`(?i)^\s*(\d+)\s*(sec|second|min|minute|hour|day|week|mon|month|year)s?\b`)
)

// lengthOf reads the interval of a text such as "interval '1 day 2 hours'"; of what is written in another way nothing is known.
func lengthOf(text string) (l length, ok bool) {
	match := intervalText.FindStringSubmatch(text)
	if match == nil {
		return l, false
	}
	rest := match[1] + match[2]
	for strings.TrimSpace(rest) != "" {
		part := intervalPart.FindStringSubmatch(rest)
		if part == nil {
			return l, false
		}
		n, err := strconv.ParseFloat(part[1], 64)
		if err != nil || n > 100_000 {
			return l, false
		}
		switch strings.ToLower(part[2]) {
		case "sec", "second":
			l.seconds += n
		case "min", "minute":
			l.seconds += 60 * n
		case "hour":
			l.seconds += 3600 * n
		case "day":
			l.days += n
		case "week":
			l.days += 7 * n
		case "mon", "month":
			l.months += n
		case "year":
			l.months += 12 * n
		}
		rest = rest[len(part[0]):]
	}
	return l, l != length{}
}

// The slack that an interval may differ by.
const (
	monthDays = 146097. / 4800 // on average, of 400 years
	monthDiff = 3              // days: n months are never as much longer or shorter than n times the average
	zoneHours = 32
)

// hours are the least and the most that the interval can be, whole ones.
func (l length) hours(zoned bool) (least, most float64) {
	hours := 24*(monthDays*l.months+l.days) + l.seconds/3600
	slack := 0.
	if l.months > 0 {
		slack = 24 * monthDiff
	}
	if zoned {
		slack += zoneHours
	}
	return math.Floor(hours - slack), math.Ceil(hours + slack)
}
