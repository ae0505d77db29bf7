package ceiling

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// The columns of a statement.
const (
	kindColumn = iota
	articleColumn
	slugColumn // of kind 1 the tag
	titleColumn
	descriptionColumn
	bodyColumn
	createdColumn
	updatedColumn
	usernameColumn
	bioColumn
	imageColumn
	commentColumn
	countColumn
)

// part is an article or a comment while its rows come, in whatever order.
type part struct {
	place    [8 + 16]byte // when it was made, and its id: as bytes they sort like the rows
	object   []byte       // without what comes behind
	tags     [][]byte
	count    int64
	comments []part
}

func newPart(row [][]byte, id int, object []byte) part {
	p := part{object: object}
	copy(p.place[:8], row[createdColumn])
	copy(p.place[8:], row[id])
	return p
}

func (p part) compare(q part) int { return bytes.Compare(p.place[:], q.place[:]) }

// parts reads the rows of a statement.
func parts(rows pgx.Rows) (all []part, commented bool) {
	for rows.Next() {
		row := rows.RawValues()
		kind := row[kindColumn][3]
		if kind == 0 {
			all = append(all, newPart(row, articleColumn, appendArticle(make([]byte, 0, 512), row)))
			continue
		}
		p := find(all, row[articleColumn])
		switch kind {
		case 1:
			p.tags = append(p.tags, slices.Clone(row[slugColumn]))
		case 2:
			p.count = int64(binary.BigEndian.Uint64(row[countColumn]))
		case 3:
			commented = true
			p.comments = append(p.comments, newPart(row, commentColumn, appendComment(make([]byte, 0, 384), row)))
		}
	}
	slices.SortFunc(all, func(p, q part) int { return q.compare(p) })
	return all, commented
}

// find is quicker over twenty than a map.
func find(all []part, id []byte) *part {
	for i := range all {
		if bytes.Equal(all[i].place[8:], id) {
			return &all[i]
		}
	}
	panic("a row of no article")
}

func one(to []byte, rows pgx.Rows, counted bool) []byte {
	all, _ := parts(rows)
	for _, p := range all {
		to = p.append(to, counted, false)
	}
	return to
}

func list(to []byte, rows pgx.Rows, counted bool) []byte {
	all, commented := parts(rows)
	to = append(to, `{"articles":[`...)
	for i, p := range all {
		if i > 0 {
			to = append(to, ',')
		}
		to = p.append(to, counted, commented)
	}
	return append(to, "]}"...)
}

func made(to []byte, rows pgx.Rows, _ bool) []byte {
	for rows.Next() {
		to = appendComment(to, rows.RawValues())
	}
	return to
}

func (p part) append(to []byte, counted, commented bool) []byte {
	slices.SortFunc(p.tags, bytes.Compare)
	to = append(append(to, p.object...), `,"tags":[`...)
	for i, tag := range p.tags {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendText(to, tag)
	}
	to = append(to, ']')
	if counted {
		to = strconv.AppendInt(append(to, `,"favoritesCount":`...), p.count, 10)
	}
	if commented {
		slices.SortFunc(p.comments, part.compare)
		to = append(to, `,"comments":[`...)
		for i, c := range p.comments {
			if i > 0 {
				to = append(to, ',')
			}
			to = append(to, c.object...)
		}
		to = append(to, ']')
	}
	return append(to, '}')
}

func appendArticle(to []byte, row [][]byte) []byte {
	to = appendText(append(to, `{"slug":`...), row[slugColumn])
	to = appendText(append(to, `,"title":`...), row[titleColumn])
	to = appendText(append(to, `,"description":`...), row[descriptionColumn])
	if row[bodyColumn] != nil {
		to = appendText(append(to, `,"body":`...), row[bodyColumn])
	}
	to = appendTime(append(to, `,"createdAt":`...), row[createdColumn])
	to = appendTime(append(to, `,"updatedAt":`...), row[updatedColumn])
	return appendAuthor(to, row)
}

func appendComment(to []byte, row [][]byte) []byte {
	id := row[commentColumn]
	to = append(to, `{"id":"`...)
	for i, group := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			to = append(to, '-')
		}
		to = hex.AppendEncode(to, group)
	}
	to = appendText(append(to, `","body":`...), row[bodyColumn])
	to = appendTime(append(to, `,"createdAt":`...), row[createdColumn])
	return append(appendAuthor(to, row), '}')
}

func appendAuthor(to []byte, row [][]byte) []byte {
	to = appendText(append(to, `,"author":{"username":`...), row[usernameColumn])
	to = appendText(append(to, `,"bio":`...), row[bioColumn])
	to = appendText(append(to, `,"image":`...), row[imageColumn])
	return append(to, '}')
}

// appendTime appends an instant, which Postgres sends as microseconds since the year 2000.
func appendTime(to, value []byte) []byte {
	const epoch = 946_684_800_000_000
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(value)) + epoch).UTC()
	return append(at.AppendFormat(append(to, '"'), "2006-01-02T15:04:05.999999Z"), '"')
}

// appendText appends a text as JSON, what is nil as null. Postgres sends UTF-8 only.
func appendText(to, text []byte) []byte {
	if text == nil {
		return append(to, "null"...)
	}
	to = append(to, '"')
	done := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, `\n`...)
		default:
			to = append(to, `\u00`...)
			to = hex.AppendEncode(to, text[i:i+1])
		}
	}
	return append(append(to, text[done:]...), '"')
}
