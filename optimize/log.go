package optimize

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// IsLog reports whether a text is a log of Postgres that has statements with their times, and no file of statements.
func IsLog(text string) bool {
	head := text[:min(len(text), 1<<20)]
	return took.MatchString(head) && (strings.Contains(head, "LOG:") || strings.Contains(head, ",LOG,"))
}

var (
	took      = regexp.MustCompile(`duration: ([0-9.]+) ms\s+(?:(?:statement|execute [^:]*|parse [^:]*|bind [^:]*): |plan:\s*)`)
	logLine   = regexp.MustCompile(`^\S.*?\b([A-Z]{3,9}):  (.*)$`)
	parameter = regexp.MustCompile(`\$(\d+) = ('(?:[^']|'')*'|NULL)`)
)

// ParseLog reads statements from a log of Postgres: in the csv format or as plain lines, by log_min_duration_statement or
// by auto_explain with auto_explain.log_format = json. Parameters that the log names are put into the statement.
func ParseLog(file, text string) (statements []*Statement, notes []string) {
	var entries []logEntry
	if strings.Contains(text[:min(len(text), 1<<16)], ",LOG,") {
		var err error
		if entries, err = csvEntries(text); err != nil {
			notes = append(notes, fmt.Sprintf("%s: the rest of the log cannot be read: %v", file, err))
		}
	} else {
		entries = plainEntries(text)
	}
	plans := 0
	for _, e := range entries {
		parts := took.FindStringSubmatchIndex(e.message)
		if parts == nil {
			continue
		}
		ms, _ := strconv.ParseFloat(e.message[parts[2]:parts[3]], 64)
		body := strings.TrimSpace(e.message[parts[1]:])
		if strings.Contains(e.message[parts[0]:parts[1]], "plan:") {
			var plan struct {
				Text string `json:"Query Text"`
			}
			if err := json.Unmarshal([]byte(body), &plan); err != nil || plan.Text == "" {
				plans++
				continue
			}
			body = plan.Text
			body = prepared.ReplaceAllString(body, "") // the plan is that of an EXECUTE
		}
		text, values := executed(body, e.detail)
		s := &Statement{Text: strings.TrimRight(text, "; \n\t"), Where: fmt.Sprintf("%s:%d", file, e.line), Calls: 1, Mean: ms}
		s.bind(values)
		s.bindFrom(e.detail)
		statements = append(statements, s)
	}
	if plans > 0 {
		notes = append(notes, fmt.Sprintf("%s: %d plans are not in JSON and have no statement to read: set auto_explain.log_format = json", file, plans))
	}
	return statements, notes
}

// bindFrom puts parameters such as "parameters: $1 = '5', $2 = NULL" into the statement.
func (s *Statement) bindFrom(detail string) {
	values := map[int]string{}
	for _, match := range parameter.FindAllStringSubmatch(detail, -1) {
		number, _ := strconv.Atoi(match[1])
		values[number] = match[2]
	}
	s.bind(values)
}

func (s *Statement) bind(values map[int]string) {
	if len(values) > 0 {
		s.Text = pgsql.Bind(s.Text, values)
	}
}

// execution is EXECUTE name (values).
var execution = regexp.MustCompile(`(?is)^\s*execute\s+(?:"(?:[^"]|"")+"|[\w$]+)\s*(?:\((.*)\))?\s*;?\s*$`)

// executed is the statement that EXECUTE ran, which the log tells beside it, with its values; anything else is as it stands.
func executed(text, detail string) (statement string, values map[int]string) {
	run := execution.FindStringSubmatch(text)
	of, told := strings.CutPrefix(detail, "prepare: ")
	if run == nil || !told {
		return text, nil
	}
	values = map[int]string{}
	from, depth := 0, 0
	for _, token := range append(pgsql.Tokens(run[1]), pgsql.Token{Text: ",", Start: len(run[1])}) {
		switch token.Text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			if value := strings.TrimSpace(run[1][from:token.Start]); depth == 0 && value != "" {
				if len(pgsql.Tokens(value)) > 1 {
					value = "(" + value + ")"
				}
				values[len(values)+1], from = value, token.End()
			}
		}
	}
	return prepared.ReplaceAllString(of, ""), values
}

type logEntry struct {
	message, detail string
	line            int
}

// csvEntries reads the csv format; its columns have kept their places since Postgres 9.0.
func csvEntries(text string) (entries []logEntry, err error) {
	const severity, message, detail = 11, 13, 14
	reader := csv.NewReader(strings.NewReader(text))
	reader.FieldsPerRecord, reader.ReuseRecord = -1, true
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return entries, err
		}
		if len(record) > detail && record[severity] == "LOG" {
			line, _ := reader.FieldPos(message)
			entries = append(entries, logEntry{strings.Clone(record[message]), strings.Clone(record[detail]), line})
		}
	}
}

// plainEntries reads lines, whatever their prefix. A line that begins with a tab goes on with the one before.
func plainEntries(text string) (entries []logEntry) {
	number := 0
	into := (*string)(nil)
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "\t") {
			if into != nil {
				*into += "\n" + line[1:]
			}
			continue
		}
		match := logLine.FindStringSubmatch(line)
		switch {
		case match == nil:
			into = nil
		case match[1] == "LOG":
			entries = append(entries, logEntry{match[2], "", number})
			into = &entries[len(entries)-1].message
		case match[1] == "DETAIL" && len(entries) > 0:
			entries[len(entries)-1].detail = match[2]
			into = &entries[len(entries)-1].detail
		default:
			into = nil
		}
	}
	return entries
}
