package optimize

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// The bounds of what is worth a candidate.
const (
	tinyRows      = 1000 // a table of fewer rows, or of
	tinyPages     = 8    // fewer pages, is read whole faster than by an index
	mostKeys      = 6
	mostIncluded  = 8
	widestInclude = 64  // bytes a row
	mostlyVisible = 0.8 // of a table's pages, for an index that holds all that is asked for to be read alone
	mostPerScan   = 80
	fewStates     = 10 // a column of more distinct values makes no partial index
	fewValues     = 50 // of SQLite, whose values are all counted
	largestPart   = 0.3
	nearlyAll     = 0.95 // of the rows in a partial index: the whole one is as small, and serves who does not say its condition
)

func (t *Table) tiny() bool { return t.Rows < tinyRows || t.Pages < tinyPages }

// candidates are the b-tree indexes that could help a query, by what it asks of each table. All forms are made at
// once, of the roles of the columns; which of them are of use the planner says.
func candidates(q *Query, c *Catalog) []*Index {
	var out []*Index
	seen := map[string]bool{}
	for _, scan := range q.roles.Scans {
		t := c.table(scan.Table)
		if t == nil || t.Kind == "v" || t.tiny() || t.stale() {
			continue
		}
		count := 0
		for _, index := range (&former{c: c, t: t, scan: scan}).forms() {
			name := index.String()
			if seen[name] || t.has(index) || count >= mostPerScan {
				continue
			}
			seen[name] = true
			count++
			out = append(out, index)
		}
	}
	return out
}

// has reports whether an index that is there does what this one would.
func (t *Table) has(index *Index) bool {
	if len(t.Heirs) > 0 {
		return len(index.on(t).each()) == 0
	}
	return slices.ContainsFunc(t.Indexes, func(e *Existing) bool {
		if !e.Valid || e.Method != index.Method || e.Where != "" || index.Where != "" || !index.simple() || len(index.Keys) > len(e.Columns) {
			return false
		}
		for i, key := range index.Keys {
			if e.Columns[i] != key.Column || key.Class != "" || key.Nulls != "" {
				return false
			}
		}
		all := append(slices.Clone(e.Columns), e.Include...)
		directions := slices.ContainsFunc(index.Keys, func(k Key) bool { return k.Desc != index.Keys[0].Desc })
		return !directions && !slices.ContainsFunc(index.Include, func(column string) bool { return !slices.Contains(all, column) })
	})
}

// former forms the candidates of one scan.
type former struct {
	c    *Catalog
	t    *Table
	scan *pgsql.Scan

	equal, joins, ranges []Key
	parts                []pgsql.Predicate // conditions that a partial index can have
	order, group         []Key
	out                  []*Index
}

func (f *former) forms() []*Index {
	f.sort()
	everything := f.texts(f.parts)
	nulls := f.texts(slices.DeleteFunc(slices.Clone(f.parts), func(p pgsql.Predicate) bool { return p.Op == "=" }))
	wheres := []string{everything, nulls}
	for _, part := range f.parts {
		wheres = append(wheres, part.Text)
	}
	wheres = append(wheres, "")
	slices.SortStableFunc(wheres, func(a, b string) int { return len(b) - len(a) })
	for _, where := range slices.Compact(wheres) {
		f.under(where)
	}
	f.arms()
	return f.out
}

func (f *former) texts(parts []pgsql.Predicate) string {
	var texts []string
	for _, part := range parts {
		texts = append(texts, part.Text)
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), " AND ")
}

// sort gives each condition its role.
func (f *former) sort() {
	for _, p := range f.scan.Where {
		key, usable := f.key(p.Column, p.Key)
		if f.canPart(p) {
			f.parts = append(f.parts, p)
		}
		if !usable || severalAtOnce(p) {
			continue
		}
		switch {
		case p.Class == pgsql.Equal && p.Join.Scan != nil:
			f.joins = appendNew(f.joins, key)
		case p.Class == pgsql.Equal:
			f.equal = appendNew(f.equal, key)
		case p.Class == pgsql.Range && p.Join.Scan == nil:
			f.ranges = appendNew(f.ranges, key)
		case p.Class == pgsql.Prefix:
			key.Class = f.patternClass(p)
			f.ranges = appendNew(f.ranges, key)
		case f.t.network(p):
			f.ranges = appendNew(f.ranges, key)
		}
	}
	slices.SortStableFunc(f.equal, func(a, b Key) int {
		x, y := f.distinct(a), f.distinct(b)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	for _, s := range f.scan.Order {
		key, usable := f.key(s.Column, s.Key)
		if !usable {
			break
		}
		key.Desc = s.Desc
		if usual := map[bool]string{true: "first", false: "last"}[s.Desc]; s.Nulls != usual {
			key.Nulls = s.Nulls
		}
		f.order = append(f.order, key)
	}
	for _, column := range f.scan.Group {
		f.group = append(f.group, Key{Column: column})
	}
}

// severalAtOnce tells a comparison of rows, (a, b) < ($1, $2), which is no expression that an index could hold.
func severalAtOnce(p pgsql.Predicate) bool {
	return p.Column == "" && p.Node.Node("lexpr").Is("RowExpr")
}

func (f *former) distinct(k Key) float64 {
	if k.Column == "" {
		return f.t.Rows
	}
	return f.t.distinct(k.Column)
}

func appendNew(keys []Key, key Key) []Key {
	if slices.Contains(keys, key) {
		return keys
	}
	return append(keys, key)
}

// unordered are the types that a b-tree orders to no use.
var unordered = regexp.MustCompile(`^(json|xml|point|box|polygon|path|circle|line|lseg|tsvector|tsquery|jsonb|.*\[\]|.*range)`)

// key is the part of an index for a column or an expression. An expression has to give the same for ever.
func (f *former) key(column, expression string) (Key, bool) {
	if column != "" {
		c := f.t.column(column)
		return Key{Column: column}, c != nil && (f.c.Dialect == SQLite || !unordered.MatchString(c.Type))
	}
	if expression == "" || !f.c.immutable(expression, f.t) {
		return Key{}, false
	}
	return Key{Expr: expression}, true
}

var called = regexp.MustCompile(`([a-z_0-9]+)\(`)

// immutable reports whether an index may hold an expression. A cast depends on its two types, which is known of few.
func (c *Catalog) immutable(expression string, t *Table) bool {
	for _, match := range called.FindAllStringSubmatch(expression, -1) {
		if c.mutable[match[1]] && !slices.Contains([]string{"numeric", "varchar", "char"}, match[1]) && !t.ofLocalTime(match[1], expression) {
			return false
		}
	}
	if strings.Contains(expression, "CURRENT_") || strings.Contains(expression, "LOCALTIME") {
		return false
	}
	casts, reads := strings.Contains(expression, "::"), alike.MatchString(expression)
	for _, column := range t.Columns { // how time is written, and when a day begins, is a setting
		hangs := casts && strings.Contains(column.Type, "time") || reads && strings.Contains(column.Type, "with time zone")
		if hangs && column.in(expression) {
			return false
		}
	}
	return true
}

// in reports whether an expression may name the column: whether its name stands there as a word.
func (c *Column) in(expression string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(c.Name) + `\b`).MatchString(expression)
}

// ofLocalTime reports whether a function that hangs on the session's zone for instants is asked of columns without a zone alone.
func (t *Table) ofLocalTime(function, expression string) bool {
	local := map[string][]string{
		"extract": {"date", "timestamp without time zone"}, "date_part": {"date", "timestamp without time zone"},
		"date_trunc": {"timestamp without time zone"},
	}[function]
	found := false
	for _, column := range t.Columns {
		if column.in(expression) {
			if found = slices.Contains(local, column.Type); !found {
				return false
			}
		}
	}
	return found && strings.Count(expression, "(") == 1 // no other call is within, whose type is not known
}

// alike gives constants in quotes the type of the column beside them: that of an instant is read in the zone of who makes the index.
var alike = regexp.MustCompile(`(?i)\b(coalesce|nullif|greatest|least|case)\b.*'|[<>=]\s*'`)

func (f *former) patternClass(p pgsql.Predicate) string {
	c := f.t.column(p.Column)
	switch {
	case f.c.Dialect == SQLite && p.Op == startsWith: // GLOB
		return ""
	case f.c.Dialect == SQLite:
		return "COLLATE NOCASE" // LIKE knows no case there
	case c != nil && c.ByteOrder:
		return ""
	case c != nil && strings.HasPrefix(c.Type, "character varying"):
		return "varchar_pattern_ops"
	}
	return "text_pattern_ops"
}

// canPart reports whether a condition can be that of a partial index: it stands in the text, and divides the rows into
// few groups.
func (f *former) canPart(p pgsql.Predicate) bool {
	if !p.Fixed || p.Text == "" || p.Column == "" || p.Join.Scan != nil {
		return false
	}
	switch p.Op {
	case "IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE":
		return f.t.fraction(p.Text) < nearlyAll
	case "=":
		return p.Class == pgsql.Equal && (p.Value != "" && !strings.HasPrefix(p.Value, "(") || p.Node.Text("kind") == "AEXPR_IN") &&
			f.t.distinct(p.Column) <= fewStates && f.t.fraction(p.Text) < largestPart
	}
	return false
}

// under forms the candidates with one condition, or with none.
func (f *former) under(where string) {
	covered := func(k Key) bool {
		return slices.ContainsFunc(f.parts, func(p pgsql.Predicate) bool {
			return p.Column == k.Column && p.Op != "IS NOT NULL" && slices.Contains(strings.Split(where, " AND "), p.Text)
		})
	}
	equal := slices.DeleteFunc(slices.Clone(f.equal), covered)
	sorted := f.order
	if len(equal) > 0 || where != "" {
		sorted = slices.DeleteFunc(slices.Clone(f.order), func(k Key) bool {
			return covered(k) || slices.ContainsFunc(equal, func(e Key) bool { return e.Column == k.Column && e.Expr == k.Expr })
		})
	}
	add := func(lists ...[]Key) { f.add(where, slices.Concat(lists...)) }
	if where != "" && len(equal)+len(sorted)+len(f.ranges)+len(f.joins)+len(f.group) == 0 { // its rows are all that is asked for: any key will do
		index := &Index{Table: f.t, Where: where} // but of one constant only: statements ask for others, too
		if asked := index.asked(); len(asked) > 0 && index.part() < largestPart && !strings.Contains(where, " = ") && !strings.Contains(where, " IN (") {
			f.keep(&Index{Table: f.t, Method: "btree", Keys: []Key{{Column: asked[0]}}, Where: where})
			for _, column := range f.rest(index) { // a key that differs says more than one that the condition makes the same everywhere
				if key, usable := f.key(column, ""); usable {
					add([]Key{key})
					break
				}
			}
		}
	}
	add(equal, sorted)
	for _, r := range f.ranges {
		add(equal, []Key{r})
		add(equal, sorted, []Key{r})
		add(equal, []Key{r}, sorted)
	}
	add(equal)
	for _, join := range append([][]Key{f.joins}, singles(f.joins)...) {
		add(join, equal)
		add(equal, join)
		add(join, equal, sorted)
		add(equal, join, sorted)
		add(join)
		for _, r := range f.ranges {
			add(equal, join, []Key{r})
			add(join, equal, []Key{r})
			add([]Key{r}, join)
		}
	}
	if len(equal) == 0 { // else it is walked past the rows of others until enough are found: for who has none of late, to its end
		add(sorted)
	}
	add(f.group)
	add(equal, f.group)
	for _, r := range f.ranges {
		add([]Key{r})
		add([]Key{r}, f.group)
	}
	if valued := f.valued(equal); len(valued) < len(equal) {
		add(valued)
		add(valued, sorted)
	}
	for _, single := range singles(equal) {
		add(single)
		if !f.scan.Limit { // else as above: the rest is another's rows
			add(single, sorted)
		}
		for _, r := range f.ranges {
			add(single, []Key{r})
		}
	}
}

// valued are the keys that are compared with a value. The others, such as IS NULL and NOT hidden, ask the same of every call, so that an
// order can be walked past what they leave out; past the rows of other values it is walked to its end for who has none of late.
func (f *former) valued(equal []Key) []Key {
	return slices.DeleteFunc(slices.Clone(equal), func(k Key) bool {
		return slices.ContainsFunc(f.scan.Where, func(p pgsql.Predicate) bool {
			return p.Column == k.Column && k.Column != "" && strings.HasPrefix(p.Op, "IS ") && f.t.fraction(p.Text) >= largestPart
		})
	})
}

func singles(keys []Key) [][]Key {
	var out [][]Key
	for _, key := range keys {
		out = append(out, []Key{key})
	}
	return out
}

// arms forms an index for each arm of an OR, of which all conditions hold at once.
func (f *former) arms() {
	for _, arms := range f.scan.Or {
		for _, arm := range arms {
			key, usable := f.ordered(arm)
			if !usable {
				continue
			}
			f.add("", []Key{key})
			f.add("", append(slices.Clone(f.equal), key))
			if len(arm.And) > 0 {
				f.arm(arm)
			}
		}
	}
}

// arm forms the indexes for an arm of several conditions: all of them as keys, or one as that of a partial index.
func (f *former) arm(arm pgsql.Predicate) {
	all := append([]pgsql.Predicate{arm}, arm.And...)
	keysBut := func(part int) (keys []Key) {
		var ranges []Key
		for i, p := range all {
			switch key, usable := f.ordered(p); {
			case !usable || i == part:
			case p.Class == pgsql.Equal:
				keys = appendNew(keys, key)
			default:
				ranges = appendNew(ranges, key)
			}
		}
		slices.SortStableFunc(keys, func(a, b Key) int { return cmp.Compare(f.distinct(b), f.distinct(a)) })
		return append(keys, ranges[:min(1, len(ranges))]...)
	}
	f.add("", keysBut(-1))
	for i, p := range all {
		if f.canPart(p) {
			f.add(p.Text, keysBut(i))
		}
	}
}

// ordered is the key of a B-tree that serves a condition.
func (f *former) ordered(p pgsql.Predicate) (key Key, usable bool) {
	key, usable = f.key(p.Column, p.Key)
	switch {
	case p.Class == pgsql.Equal, p.Class == pgsql.Range, f.t.network(p):
	case p.Class == pgsql.Prefix:
		key.Class = f.patternClass(p)
	default:
		usable = false
	}
	return key, usable && p.Join.Scan == nil && !severalAtOnce(p)
}

// add takes a list of keys as a candidate, and the same with the columns that the query shows.
func (f *former) add(where string, keys []Key) {
	var distinct []Key
	for _, key := range keys {
		if !slices.ContainsFunc(distinct, func(k Key) bool { return k.Column == key.Column && k.Expr == key.Expr }) {
			distinct = append(distinct, key)
		}
	}
	if len(distinct) == 0 || len(distinct) > mostKeys {
		return
	}
	index := &Index{Table: f.t, Method: "btree", Keys: distinct, Where: where}
	f.keep(index)
	if include := f.rest(index); len(include) > 0 && f.c.Dialect == SQLite {
		covering := *index
		for _, column := range include {
			if c := f.t.column(column); strings.EqualFold(c.Type, "integer") && slices.Equal(f.t.primary(), []string{column}) {
				continue // it is the rowid, which every index has
			}
			covering.Keys = append(slices.Clone(covering.Keys), Key{Column: column})
		}
		if len(covering.Keys) <= mostKeys && len(covering.Keys) > len(distinct) {
			f.keep(&covering)
		}
	} else if len(include) > 0 {
		covering := *index
		covering.Include = include
		f.keep(&covering)
	}
}

func (f *former) keep(index *Index) {
	if !slices.ContainsFunc(f.out, func(i *Index) bool { return i.String() == index.String() }) {
		f.out = append(f.out, index)
	}
}

// rest are the columns that an index lacks to answer the query alone, when they are few and short.
func (f *former) rest(index *Index) []string {
	if f.scan.Star || f.scan.Write != "" || !index.simple() || f.t.Visible < mostlyVisible {
		return nil
	}
	var rest []string
	for _, column := range f.scan.Used {
		if !slices.Contains(index.columns(), column) && f.scan.Times[column] > f.implied(column, index.Where) {
			rest = append(rest, column)
		}
	}
	if len(rest) > mostIncluded || f.t.width(rest) > widestInclude || len(f.t.long(rest)) > 0 {
		return nil
	}
	return rest
}

// lacks are the columns that an index lacks to answer a mention of its table alone, were they not too wide, and why they are.
func (f *former) lacks(index *Index) (columns []string, why string) {
	if f.c.Dialect == SQLite || len(index.Include) > 0 || f.scan.Star || f.scan.Write != "" || index.Method != "btree" || !index.simple() || f.t.Visible < mostlyVisible {
		return nil, ""
	}
	var rest []string
	for _, column := range f.scan.Used {
		if !slices.Contains(index.columns(), column) && f.scan.Times[column] > f.implied(column, index.Where) {
			rest = append(rest, column)
		}
	}
	if len(rest) == 0 || len(rest) > mostIncluded {
		return nil, ""
	}
	if long := f.t.long(rest); len(long) > 0 {
		return long, "values may be long, and a row of an index holds no more than 2,704 bytes: a longer one could not be inserted"
	}
	for _, column := range rest {
		if f.t.width([]string{column}) > widestInclude/2 {
			columns = append(columns, column)
		}
	}
	if len(columns) == 0 || f.t.width(rest) <= widestInclude {
		return nil, ""
	}
	return columns, fmt.Sprintf("%.0f bytes a row are too much to keep twice", f.t.width(columns))
}

// The bounds of what an index holds beside its key.
const (
	longText  = 512  // bytes of a value, beyond which others may be too long for a row of an index
	freeWidth = 1000 // letters that a type may have which says how many
)

// long are those of the columns whose values may be too long for an index. What is stored beside the table (TOAST) counts a few bytes in the
// statistics of its width, and values of more than a kilobyte are in no list of values.
func (t *Table) long(columns []string) (long []string) {
	for _, name := range columns {
		c := t.column(name)
		if c == nil || t.home == nil || t.home.Dialect == SQLite || !c.endless() {
			continue
		}
		known := slices.Concat(c.Common, c.Histogram)
		if !c.Known || t.toasted && len(known) == 0 || slices.ContainsFunc(known, func(value string) bool { return len(value) > longText }) {
			long = append(long, name)
		}
	}
	return long
}

// endless reports whether a column's type bounds the length of its values by nothing.
func (c *Column) endless() bool {
	if match := typeLength.FindStringSubmatch(c.Type); match != nil {
		length, err := strconv.Atoi(match[1])
		return err != nil || length > freeWidth
	}
	return c.Type == "text" || strings.HasPrefix(c.Type, "character varying") || c.Type == "bytea" || strings.HasPrefix(c.Type, "json") || c.Type == "xml" || strings.HasSuffix(c.Type, "[]")
}

var typeLength = regexp.MustCompile(`^character(?: varying)?\((\d+)\)$`)

// implied is how many of the mentions of a column the condition of a partial index answers: they need no value from it.
func (f *former) implied(column, where string) int {
	conditions := strings.Split(where, " AND ")
	count := 0
	for _, p := range f.scan.Where {
		if p.Column == column && p.Text != "" && slices.Contains(conditions, p.Text) {
			count++
		}
	}
	return count
}
