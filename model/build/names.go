package build

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/schema"
)

// systemColumns are those that every table of PostgreSQL has unsaid. SQLite's (rowid, oid) are hidden by a column of their name, and nothing asks for them.
var systemColumns = map[string]bool{"tableoid": true, "xmin": true, "cmin": true, "xmax": true, "cmax": true, "ctid": true}

// columnStands reports a column that a database would not take.
func (b *builder) columnStands(pos diag.Pos, what, name string) {
	switch {
	case len(name) > schema.LongestName:
		b.problems.Add(pos, NameTooLong, "give it a shorter name with @db", "%s has a name of more than %d bytes: %s", what, schema.LongestName, name)
	case systemColumns[strings.ToLower(name)]:
		b.problems.Add(pos, ReservedName, fmt.Sprintf("@db(name: %q)", name+"_value"), "%s is called %s, as one that every table of PostgreSQL has unsaid", what, name)
	default:
		b.needsNoEscape(pos, what, name)
	}
}

// tableStands reports a table that a database would not take, or would take for one of its own.
func (b *builder) tableStands(pos diag.Pos, what, name string) {
	lower := strings.ToLower(name)
	switch {
	case len(name) > schema.LongestTable:
		b.problems.Add(pos, NameTooLong, "give it a shorter name with @db", "%s has a name of more than %d bytes: %s", what, schema.LongestTable, name)
	case strings.HasPrefix(lower, "pg_"):
		b.problems.Add(pos, ReservedName, "give it another name with @db", "%s is called %s: PostgreSQL looks for names that begin with pg_ among its own tables first", what, name)
	case strings.HasPrefix(lower, "sqlite_"):
		b.problems.Add(pos, ReservedName, "give it another name with @db", "%s is called %s: SQLite keeps names that begin with sqlite_ for itself", what, name)
	default:
		b.needsNoEscape(pos, what, name)
	}
}

// needsNoEscape reports a name that would not be the same in the quotes of both databases.
func (b *builder) needsNoEscape(pos diag.Pos, what, name string) {
	if strings.ContainsAny(name, schema.Escaped) {
		b.problems.Add(pos, BadName, "give it another name with @db", "%s is called %q: a character of it needs escaping", what, name)
	}
}

// words cuts a name in camel case: "OrderLine2" is order, line2; "APIKey" is api, key.
func words(name string) []string {
	var out []string
	var word []rune
	runes := []rune(name)
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	for i, r := range runes {
		switch {
		case r == '_':
			flush()
			continue
		case unicode.IsUpper(r) && i > 0:
			afterLower := !unicode.IsUpper(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if afterLower || beforeLower {
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return out
}

func snake(name string) string { return strings.Join(words(name), "_") }
func kebab(name string) string { return strings.Join(words(name), "-") }

// lowerCamel makes a type's name a field's: "OrderLine" is orderLine, "APIKey" is apiKey.
func lowerCamel(name string) string {
	ws := words(name)
	for i := 1; i < len(ws); i++ {
		ws[i] = upperFirst(ws[i])
	}
	return strings.Join(ws, "")
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	r := []rune(s)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// irregular plurals that designs use.
var irregular = map[string]string{
	"person": "people", "child": "children", "man": "men", "woman": "women", "foot": "feet", "tooth": "teeth",
	"mouse": "mice", "datum": "data", "medium": "media", "criterion": "criteria", "index": "indexes",
	"analysis": "analyses", "basis": "bases", "quiz": "quizzes", "leaf": "leaves", "half": "halves", "shelf": "shelves",
	"life": "lives", "knife": "knives", "day": "days",
}

// uncounted nouns have no plural of their own.
var uncounted = map[string]bool{
	"equipment": true, "information": true, "news": true, "series": true, "species": true, "stock": true,
	"feedback": true, "metadata": true, "money": true, "staff": true, "media": true, "data": true, "content": true,
}

// Plural is the English plural of a lower-camel name, by its last word. A noun without one gets "List".
func Plural(name string) string {
	ws := words(name)
	if len(ws) == 0 {
		return name + "s"
	}
	last := ws[len(ws)-1]
	head := name[:len(name)-len(last)]
	many := pluralWord(last)
	if many == last {
		return name + "List"
	}
	if head != "" {
		many = upperFirst(many)
	}
	return head + many
}

func pluralWord(w string) string {
	if many, ok := irregular[w]; ok {
		return many
	}
	if uncounted[w] {
		return w
	}
	switch {
	case hasSuffix(w, "s", "x", "z", "ch", "sh"):
		return w + "es"
	case strings.HasSuffix(w, "y") && !hasSuffix(w, "ay", "ey", "iy", "oy", "uy"):
		return w[:len(w)-1] + "ies"
	case hasSuffix(w, "hero", "potato", "tomato", "echo"):
		return w + "es"
	}
	return w + "s"
}

// singular undoes Plural as far as the name of a join table's column needs it.
func singular(name string) string {
	for one, many := range irregular {
		if strings.HasSuffix(name, many) && (name == many || !hasSuffix(many, "days")) {
			return strings.TrimSuffix(name, many) + one
		}
	}
	switch {
	case strings.HasSuffix(name, "ies"):
		return strings.TrimSuffix(name, "ies") + "y"
	case hasSuffix(name, "ses", "xes", "zes", "ches", "shes"):
		return strings.TrimSuffix(name, "es")
	case strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss"):
		return strings.TrimSuffix(name, "s")
	}
	return name
}

func hasSuffix(s string, suffixes ...string) bool {
	for _, suffix := range suffixes {
		if strings.HasSuffix(s, suffix) {
			return true
		}
	}
	return false
}

// sqlName joins parts to the name of an index or a constraint. One that is too long is cut and ends in a hash of the
// whole, so that it stays the same from run to run and differs from others.
func sqlName(parts ...string) string {
	name := strings.Join(parts, "_")
	if len(name) <= schema.LongestName {
		return name
	}
	suffix := parts[len(parts)-1]
	h := fnv.New32a()
	h.Write([]byte(name))
	tail := fmt.Sprintf("_%08x_%s", h.Sum32(), suffix)
	return name[:schema.LongestName-len(tail)] + tail
}

// unusedName numbers a name that is taken.
func (b *builder) unusedName(parts ...string) string {
	name := sqlName(parts...)
	for n := 2; b.names[name]; n++ {
		numbered := append(append([]string{}, parts[:len(parts)-1]...), fmt.Sprint(n), parts[len(parts)-1])
		name = sqlName(numbered...)
	}
	b.names[name] = true
	return name
}

// nearest returns the candidate that a misspelt name most likely means, or empty.
func nearest(name string, candidates []string) string {
	best, least := "", 3
	if len(name) <= 3 {
		least = 2
	}
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c
		}
		if d := distance(name, c); d < least || d == least && best != "" && c < best && d < 3 {
			best, least = c, d
		}
	}
	return best
}

// misspelt reports a name that does not exist, with the nearest one as a mechanical change.
func (b *builder) misspelt(pos diag.Pos, name string, candidates []string, format string, args ...any) {
	meant := nearest(name, candidates)
	if meant == "" || meant == name {
		b.problems.Add(pos, UnknownName, "", format, args...)
		return
	}
	edit := diag.Edit{Pos: pos, Length: len([]rune(name)), Text: meant}
	b.problems.AddEdit(pos, UnknownName, didYouMean(meant), edit, format, args...)
}

// distance counts the insertions, deletions, replacements and swaps of neighbours between two words.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
