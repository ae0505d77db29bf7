package sql

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/fettlehq/fettle/facts"
)

// singly are runners that send each statement of a file by itself; the others send the file as one, in which
// PostgreSQL opens a transaction where there are several.
var singly = map[string]bool{"goose": true, "sql-migrate": true}

var (
	gooseBlock = regexp.MustCompile(`(?i)\+(goose|migrate)\s+StatementBegin`)
	ups        = map[string]*regexp.Regexp{
		"sql-migrate": regexp.MustCompile(`(?im)^--\s*\+migrate\s+Up()[ \t]*$`),
		"dbmate":      regexp.MustCompile(`(?im)^--\s*migrate:up()[ \t]*$`),
	}
	upMarkers = map[string]string{"sql-migrate": " notransaction", "dbmate": " transaction:false"}
)

// unlock gives the edits by which a migration builds or drops its indexes without a lock. They are given where the file
// does nothing else, so that nothing is lost with the transaction, and where its runner can do without one.
func (r *replay) unlock(m *facts.Migration) {
	up, down := statements(r.up), statements(r.text.SQL[len(r.up):])
	if (len(up) != 1 && !singly[m.Runner]) || gooseBlock.MatchString(r.text.SQL) || !onlyIndexes(up) || len(down) > 1 && !onlyIndexes(down) {
		return
	}
	var marker []facts.Edit
	switch {
	case m.Runner != "goose" && m.Runner != "golang-migrate" && ups[m.Runner] == nil:
		return
	case !m.InTx:
	case m.Runner == "goose":
		marker = []facts.Edit{r.insert(0, "-- +goose NO TRANSACTION\n")}
	default:
		at := ups[m.Runner].FindStringSubmatchIndex(r.up)
		if at == nil {
			return
		}
		marker = []facts.Edit{r.insert(at[2], upMarkers[m.Runner])}
	}
	for _, s := range m.Statements {
		for _, list := range up {
			index := until(list, 0, "index")
			if r.at(list[0]) != s.Pos || index == len(list) || r.partitioned(s.Table) {
				continue
			}
			s.Unlocked = marker
			if !s.Concurrently {
				s.Unlocked = append(s.Unlocked[:len(marker):len(marker)], r.insert(list[index].end, " CONCURRENTLY"))
			}
		}
	}
}

func statements(text string) [][]token {
	var out [][]token
	for _, list := range split(tokens(text), ";") {
		if len(list) > 0 {
			out = append(out, list)
		}
	}
	return out
}

// onlyIndexes reports whether statements make and drop indexes, and do nothing else. What drops several at once, or
// with all that needs them, has no form without a lock.
func onlyIndexes(lists [][]token) bool {
	for _, list := range lists {
		kind := 1
		if kind < len(list) && list[kind].is("unique") {
			kind++
		}
		if kind >= len(list) || !list[kind].is("index") || !list[0].is("create", "drop") {
			return false
		}
		if list[0].is("drop") && until(list, 0, ",", "cascade") < len(list) {
			return false
		}
	}
	return true
}

// partitioned reports whether a table is cut into others: an index over all of them is built under a lock or not at all.
func (r *replay) partitioned(table string) bool { return r.cut[strings.ToLower(table)] }

// insert is the edit that puts a text at a byte of the file.
func (r *replay) insert(at int, text string) facts.Edit {
	before := r.text.SQL[:at]
	pos := facts.Pos{
		File: r.text.Pos.File, Line: 1 + strings.Count(before, "\n"),
		Column: 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]),
	}
	return facts.Edit{File: r.text.Pos.File, From: at, To: at, Start: pos, End: pos, New: text}
}
