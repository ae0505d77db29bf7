package optimize

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/pgsql"
)

// Index is an index that could be made.
type Index struct {
	Table   *Table
	Method  string // btree, gin, gist, brin
	Keys    []Key
	Include []string
	Where   string // of a partial one
	Needs   string // an extension
}

// Key is one part of an index's key.
type Key struct {
	Column string // or
	Expr   string // an expression
	Class  string // its operator class, where that is not the usual one
	Desc   bool
	Nulls  string // "first" or "last", where that is not the usual side
}

func (k Key) name() string {
	if k.Column != "" {
		return pgsql.Ident(k.Column)
	}
	return "(" + k.Expr + ")"
}

func (k Key) String() string {
	text := k.name()
	if k.Class != "" {
		text += " " + k.Class
	}
	if k.Desc {
		text += " DESC"
	}
	if k.Nulls != "" {
		text += " NULLS " + strings.ToUpper(k.Nulls)
	}
	return text
}

// On is what the index is on: "(org_id, created_at DESC) WHERE deleted_at IS NULL".
func (i *Index) On() string {
	var keys []string
	for _, key := range i.Keys {
		keys = append(keys, key.String())
	}
	text := "(" + strings.Join(keys, ", ") + ")"
	if i.Method != "btree" {
		text = "USING " + i.Method + " " + text
	}
	if len(i.Include) > 0 {
		var names []string
		for _, name := range i.Include {
			names = append(names, pgsql.Ident(name))
		}
		text += " INCLUDE (" + strings.Join(names, ", ") + ")"
	}
	if i.Where != "" {
		text += " WHERE " + i.Where
	}
	return text
}

// String is the index with its table; two with the same string are the same.
func (i *Index) String() string { return i.Table.ID + " " + i.On() }

// Create is the statement that makes the index. Between says how: "CONCURRENTLY IF NOT EXISTS " or nothing.
func (i *Index) Create(between, name string) string {
	return "CREATE INDEX " + between + pgsql.Ident(name) + " ON " + i.Table.ID + " " + i.On()
}

// plainName is a name of letters, digits and underscores alone, as every file system takes it.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, name)
}

// Name is the index's name: of its table and keys, cut at what Postgres keeps, and different for different indexes.
func (i *Index) Name() string {
	parts := []string{i.Table.label()}
	for _, key := range i.Keys {
		part := key.Column
		if part == "" {
			part = strings.Trim(nameSigns.Replace(nameWords.Replace(key.Expr)), "_")
		}
		switch {
		case strings.HasSuffix(key.Class, "_pattern_ops"):
			part += "_pattern"
		case key.Class == "COLLATE NOCASE":
			part += "_nocase"
		case key.Class != "":
			part += "_" + strings.TrimPrefix(strings.TrimSuffix(key.Class, "_ops"), i.Method+"_")
		}
		if key.Desc {
			part += "_desc"
		}
		if key.Nulls != "" {
			part += "_nulls_" + key.Nulls
		}
		parts = append(parts, part)
	}
	alike := i.Table.alike(parts[1:])
	for at, key := range i.Keys {
		alike = alike || key.Column == "" && i.Table.column(parts[1+at]) != nil
	}
	if len(i.Include) > 0 {
		parts = append(parts, "covering")
	}
	if i.Where != "" {
		parts = append(parts, "part")
	}
	if i.Method != "btree" {
		parts = append(parts, i.Method)
	}
	whole := strings.Join(append(parts, "idx"), "_")
	name := plainName(whole)
	for strings.Contains(name, "__") {
		name = strings.ReplaceAll(name, "__", "_")
	}
	if len(name) > 63 || alike || i.Table.taken(name) || plainName(whole) != whole || i.Where != "" || len(i.Include) > 0 {
		sum := sha256.Sum256([]byte(i.String()))
		name = strings.TrimSuffix(name, "_idx")
		name = strings.Trim(strings.ToValidUTF8(name[:min(len(name), 63-11)], ""), "_") + "_" + hex.EncodeToString(sum[:3]) + "_idx"
	}
	return name
}

// taken reports whether an index of that name could not be made in the table's schema.
func (t *Table) taken(name string) bool {
	called := func(e *Existing) bool { return e.Name == name }
	if t.home == nil {
		return slices.ContainsFunc(t.Indexes, called)
	}
	return slices.ContainsFunc(t.home.Tables, func(other *Table) bool {
		return other.Schema == t.Schema && (other.Name == name || slices.ContainsFunc(other.Indexes, called))
	})
}

// homonym reports whether the table needs its schema to be told from another.
func (t *Table) homonym() bool {
	return t.home != nil && t.ID != pgsql.Ident(t.Name) && slices.ContainsFunc(t.home.Tables, func(other *Table) bool { return other != t && other.Name == t.Name })
}

// label is the table's name, after its schema where it needs that.
func (t *Table) label() string {
	if t.homonym() {
		return t.Schema + "_" + t.Name
	}
	return t.Name
}

// alike reports whether a name that is made of the table's and these parts can be read as one of other parts, or of another table whose name is
// longer: a_b_c is of a (b, c), of a (b_c) and of a_b (c). The one whose parts are fewer keeps it.
func (t *Table) alike(parts []string) bool {
	for from := range parts {
		for to := from + 2; to <= len(parts); to++ {
			if t.column(strings.Join(parts[from:to], "_")) != nil {
				return true
			}
		}
	}
	if t.home == nil {
		return false
	}
	whole := strings.Join(append([]string{t.label()}, parts...), "_") + "_"
	return slices.ContainsFunc(t.home.Tables, func(other *Table) bool {
		rest, is := strings.CutPrefix(whole, other.label()+"_")
		return is && other != t && len(other.label()) > len(t.label()) && slices.ContainsFunc(other.Columns, func(c *Column) bool { return strings.HasPrefix(rest, c.Name+"_") })
	})
}

// nameWords are the keywords of a choice, which need no quotes in small letters.
var nameWords = strings.NewReplacer("CASE ", "case ", "WHEN ", "when ", " THEN ", " then ", " ELSE ", " else ", " END", " end")

var nameSigns = strings.NewReplacer("(", "_", ")", "_", " ", "_", "-", "", ">", "", "'", "", ":", "", ",", "_", `"`, "", ".", "_", "@", "", "/", "", "+", "", "*", "", "%", "", "=", "", "<", "")

func (i *Index) columns() []string {
	var columns []string
	for _, key := range i.Keys {
		columns = append(columns, key.Column)
	}
	return columns
}

// asked are the columns in the condition of a partial index.
func (i *Index) asked() []string {
	var columns []string
	for _, token := range pgsql.Tokens(i.Where) {
		if name := token.Name(); i.Table.column(name) != nil && token.Kind != pgsql.String {
			columns = append(columns, name)
		}
	}
	return columns
}

// simple reports whether the index is on nothing but columns.
func (i *Index) simple() bool { return !slices.Contains(i.columns(), "") }

// prefixOf reports whether whatever uses i can use j.
func (i *Index) prefixOf(j *Index) bool {
	if i == j || i.Table != j.Table || i.Method != "btree" || j.Method != "btree" || i.Where != j.Where || len(i.Keys) > len(j.Keys) {
		return false
	}
	if len(i.Include) > 0 {
		return false
	}
	for at, key := range i.Keys {
		if key != j.Keys[at] {
			return false
		}
	}
	return true
}

// within reports whether j does all that i does: as a longer key, or as one of several that a GIN index has.
func (i *Index) within(j *Index) bool {
	if i.Table != j.Table || i.Method != j.Method || i.Where != j.Where {
		return false
	}
	gin := i.Method == "gin" && !slices.ContainsFunc(i.Keys, func(k Key) bool { return !slices.Contains(j.Keys, k) })
	return gin || i.prefixOf(j) || i.String() == j.String()
}

// bytes estimates the size. Postgres keeps equal keys of a btree once, with a list of rows behind.
func (i *Index) bytes() float64 {
	rows := i.Table.Rows
	if i.Where != "" {
		rows *= i.part()
	}
	var columns []string
	distinct := 1.0
	for _, key := range i.Keys {
		columns = append(columns, key.Column)
		if key.Column == "" {
			distinct = rows
			continue
		}
		distinct *= i.Table.distinct(key.Column)
	}
	distinct = min(distinct, rows)
	width := i.Table.width(columns)
	var leaf float64
	switch {
	case i.Method == "brin":
		return max(3, i.Table.Pages/128*(16+2*width)/8192) * 8192
	case i.Method == "gin":
		return rows * max(8, width) * 2
	case len(i.Include) > 0: // keys with included columns are never kept once
		leaf = rows * (aligned(width+i.Table.width(i.Include)) + 12)
	default:
		leaf = distinct*(aligned(width)+12) + (rows-distinct)*6.2
	}
	return math.Max(2*8192, leaf/0.9*1.01)
}

func aligned(width float64) float64 { return math.Ceil(width/8) * 8 }

// part is the fraction of the rows that a partial index holds.
func (i *Index) part() float64 {
	fraction := 1.0
	for condition := range strings.SplitSeq(i.Where, " AND ") {
		fraction *= i.Table.fraction(condition)
	}
	return fraction
}

// fraction is how many of the rows satisfy a condition such as "deleted_at IS NULL" or "status = 'pending'".
func (t *Table) fraction(condition string) float64 {
	for _, c := range t.Columns {
		rest, found := strings.CutPrefix(condition, pgsql.Ident(c.Name))
		if negated, is := strings.CutPrefix(condition, "NOT "+pgsql.Ident(c.Name)); is && negated == "" {
			return c.truth(false, t.Rows)
		}
		switch {
		case !found:
		case rest == "":
			return c.truth(true, t.Rows)
		case rest == " IS NULL":
			return c.NullFrac
		case rest == " IS NOT NULL":
			return 1 - c.NullFrac
		case strings.HasPrefix(rest, " = "):
			value, _, _ := strings.Cut(strings.TrimPrefix(rest, " = "), "::")
			value = strings.Trim(value, "'")
			if value == "true" || value == "false" {
				return c.truth(value == "true", t.Rows)
			}
			return c.frequency(value, t.Rows)
		case strings.HasPrefix(rest, " IN ("):
			sum := 0.0
			for _, token := range pgsql.Tokens(rest) {
				if token.Kind == pgsql.String || token.Kind == pgsql.Number {
					sum += c.frequency(strings.Trim(token.Text, "'"), t.Rows)
				}
			}
			return sum
		}
	}
	return 0.5
}

// truth is how many of the rows have a value that is true, or false. SQLite has numbers in their place.
func (c *Column) truth(is bool, rows float64) float64 {
	values := map[bool][2]string{true: {"t", "1"}, false: {"f", "0"}}[is]
	if slices.Contains(c.Common, "0") || slices.Contains(c.Common, "1") {
		return c.frequency(values[1], rows)
	}
	return c.frequency(values[0], rows)
}

// frequency is how many of the rows have a value.
func (c *Column) frequency(value string, rows float64) float64 {
	rest := 1 - c.NullFrac
	for i, common := range c.Common {
		if common == value && i < len(c.Frequencies) {
			return c.Frequencies[i]
		}
		if i < len(c.Frequencies) {
			rest -= c.Frequencies[i]
		}
	}
	distinct := c.Distinct
	if distinct < 0 {
		distinct *= -rows
	}
	return max(0, rest) / max(1, distinct-float64(len(c.Common)))
}
