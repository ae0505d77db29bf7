package optimize

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// sqliteForm reads SQLite's own forms, which Postgres's parser does not know. A statement has two texts: the one that is run, as it
// stands but with numbered parameters, and the one that is read, which asks the same of each table in Postgres's words. It is read
// to see what is asked, and never run.
//
//	where email = :mail       email = $1
//	where title glob 'X*'     title ^@ 'X*'
//	where state is ?          state = $1
//	insert or replace into    insert into
//	[name], `name`            "name"
//	limit 20, 10              limit 10 offset 20
type sqliteForm struct {
	names map[string]string // of tables and columns as they were declared, by lower case: SQLite knows no case there
}

func newSQLiteForm(c *Catalog) *sqliteForm {
	f := &sqliteForm{names: map[string]string{}}
	for _, t := range c.Tables {
		f.names[strings.ToLower(t.Name)] = t.Name
		for _, column := range t.Columns {
			f.names[strings.ToLower(column.Name)] = column.Name
		}
	}
	return f
}

// change is a place of a text that is written otherwise.
type change struct {
	from, to  int
	own, read string
}

// read is a statement as it is run, and as it is read.
func (f *sqliteForm) read(text string) (own, read string) {
	tokens := pgsql.Tokens(text)
	var changes []change
	numbers := map[string]int{} // of parameters that have names
	next := 1
	both := func(from, to int, written string) { changes = append(changes, change{from, to, written, written}) }
	reads := func(from, to int, written string) {
		changes = append(changes, change{from, to, text[from:to], written})
	}
	for i := 0; i < len(tokens); i++ {
		at := tokens[i]
		end := func(ahead int) int { return tokens[min(i+ahead, len(tokens)-1)].End() }
		follows := func(ahead int, words ...string) bool {
			return i+ahead < len(tokens) && slices.ContainsFunc(words, tokens[i+ahead].Is)
		}
		behind := i > 0
		switch {
		case at.Kind == pgsql.Parameter:
			number := next
			if len(at.Text) > 1 {
				number, _ = strconv.Atoi(at.Text[1:])
			}
			next = max(next, number+1)
			both(at.Start, at.End(), "$"+strconv.Itoa(number))
		case at.Kind == pgsql.Sign && strings.Contains(":@$#", at.Text) && i+1 < len(tokens) && tokens[i+1].Kind == pgsql.Word && tokens[i+1].Start == at.End():
			name := at.Text + tokens[i+1].Text
			if numbers[name] == 0 {
				numbers[name], next = next, next+1
			}
			both(at.Start, end(1), "$"+strconv.Itoa(numbers[name]))
			i++
		case at.Kind == pgsql.Sign && (at.Text == "[" || at.Text == "`"):
			closed := slices.IndexFunc(tokens[i+1:], func(t pgsql.Token) bool {
				return t.Kind == pgsql.Sign && t.Text == map[string]string{"[": "]", "`": "`"}[at.Text]
			})
			if closed < 0 {
				continue
			}
			reads(at.Start, end(closed+1), f.quoted(text[at.End():tokens[i+1+closed].Start]))
			i += closed + 1
		case at.Kind == pgsql.Quoted:
			reads(at.Start, at.End(), f.quoted(at.Name()))
		case at.Text == "=" && i+1 < len(tokens) && tokens[i+1].Text == "=" && tokens[i+1].Start == at.End():
			reads(at.Start, end(1), "=")
			i++
		case at.Is("glob") && behind:
			reads(at.Start, at.End(), globOperator(tokens, i))
			if tokens[i-1].Is("not") {
				changes[len(changes)-1] = change{tokens[i-1].Start, at.End(), text[tokens[i-1].Start:at.End()], "!~"}
			}
		case (at.Is("regexp") || at.Is("match")) && behind && i+1 < len(tokens) && !follows(0, "from"):
			operator := map[bool]string{true: "~", false: "@@"}[at.Is("regexp")]
			if tokens[i-1].Is("not") {
				changes = append(changes, change{tokens[i-1].Start, at.End(), text[tokens[i-1].Start:at.End()], "!~"})
				continue
			}
			reads(at.Start, at.End(), operator)
		case at.Is("is") && follows(1, "not") && !follows(2, "null", "true", "false", "distinct", "unknown"):
			reads(at.Start, end(1), "<>")
			i++
		case at.Is("is") && follows(1, "not") && follows(2, "distinct") && follows(3, "from"):
			reads(at.Start, end(3), "=")
			i += 3
		case at.Is("is") && !follows(1, "not", "null", "true", "false", "distinct", "unknown"):
			reads(at.Start, at.End(), "=")
		case at.Is("not") && follows(1, "null") && behind && !tokens[i-1].Is("is"):
			reads(at.Start, at.End(), "is not")
		case at.Is("not") && follows(1, "indexed"):
			reads(at.Start, end(1), "")
			i++
		case at.Is("indexed") && follows(1, "by"):
			reads(at.Start, end(2), "")
			i += 2
		case (at.Is("insert") || at.Is("update")) && follows(1, "or"):
			reads(at.Start, end(2), at.Text)
			i += 2
		case at.Is("replace") && follows(1, "into"):
			reads(at.Start, at.End(), "insert")
		case at.Kind == pgsql.Word:
			if i+1 < len(tokens) && tokens[i+1].Text == "(" {
				continue
			}
			lower := strings.ToLower(at.Text)
			exact, named := f.names[lower]
			if slices.Contains(reservedBeside, lower) || named && exact != lower && !slices.Contains(neverNames, lower) {
				reads(at.Start, at.End(), f.quoted(at.Text))
			}
		}
	}
	var ownText, readText strings.Builder
	from := 0
	for _, c := range changes {
		ownText.WriteString(text[from:c.from] + c.own)
		readText.WriteString(text[from:c.from] + c.read)
		from = c.to
	}
	return ownText.String() + text[from:], limits(readText.String() + text[from:])
}

// reservedBeside are names that SQLite allows as they are, and Postgres does not.
var reservedBeside = []string{
	"user", "authorization", "binary", "both", "fetch", "grant", "leading", "only", "placing", "some", "symmetric", "asymmetric", "trailing", "verbose",
	"freeze", "similar", "analyse", "array", "concurrently",
}

// neverNames are words of the language, whatever a column is called.
var neverNames = []string{"asc", "desc", "end", "offset", "limit", "row", "rows", "key", "first", "last", "nulls", "by", "do", "of", "with", "over", "filter", "partition", "range"}

// quoted is a name in Postgres's marks, as it was declared.
func (f *sqliteForm) quoted(name string) string {
	if exact, known := f.names[strings.ToLower(name)]; known {
		name = exact
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// globOperator is how GLOB is read: as a beginning, unless its pattern begins with a sign for anything.
func globOperator(tokens []pgsql.Token, at int) string {
	if at+1 < len(tokens) && tokens[at+1].Kind == pgsql.String {
		if inner := strings.Trim(tokens[at+1].Text, "'"); inner == "" || strings.ContainsAny(inner[:1], "*?[") {
			return "~"
		}
	}
	return startsWith
}

// startsWith is Postgres's operator of texts that begin alike, for which GLOB is read.
const startsWith = "^@"

// limits turns LIMIT skipped, many into LIMIT many OFFSET skipped.
func limits(text string) string {
	tokens := pgsql.Tokens(text)
	for i, at := range tokens {
		if !at.Is("limit") {
			continue
		}
		comma, end := -1, len(text)
		for _, t := range tokens[i+1:] {
			if t.Depth < at.Depth || t.Text == ")" && t.Depth <= at.Depth && at.Depth > 0 && t.Depth < at.Depth {
				end = t.Start
				break
			}
			if t.Depth == at.Depth && t.Kind == pgsql.Sign && t.Text == "," {
				comma = t.Start
			}
		}
		if comma >= 0 {
			return text[:at.End()] + " " + strings.TrimSpace(text[comma+1:end]) + " OFFSET " + strings.TrimSpace(text[at.End():comma]) + limits(text[end:])
		}
	}
	return text
}

// shownOwn leaves the constants of a statement in SQLite's form out.
func shownOwn(text string) string {
	count := 0
	tokens := pgsql.Tokens(text)
	for _, token := range tokens {
		if token.Kind == pgsql.Parameter && len(token.Text) > 1 {
			number, _ := strconv.Atoi(token.Text[1:])
			count = max(count, number)
		}
	}
	var out strings.Builder
	from := 0
	for _, token := range tokens {
		if constant(token) {
			count++
			out.WriteString(text[from:token.Start] + "$" + strconv.Itoa(count))
			from = token.End()
		}
	}
	return out.String() + text[from:]
}
