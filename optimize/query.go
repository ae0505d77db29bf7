package optimize

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/pgsql"
)

// Query is a statement of the workload as this run knows it.
type Query struct {
	*Statement
	ID     string // Q1 is the costliest
	own    string // as SQLite runs it; parsed is what Postgres's parser reads of it. Empty for Postgres
	parsed *pgsql.Statement
	roles  *pgsql.Roles
	texts  int      // how many statements of the workload it stands for
	first  string   // where the first of them stands
	bound  string   // Text with values in place of parameters
	common string   // the same with the most common values; empty: there are none
	asked  float64  // how many of the calls ask for those, if each value is asked for as often as rows have it; 0: nobody can say
	others []string // the same with values that are much more or less common, where a plan may stop early (varied.go)
	Before *Plan    // estimated, with the indexes that are there
	Base   *Plan    // as Before, where indexes are thought of: on the clone, if its statistics are fresher
	Weight float64
	Share  float64 // of the workload's cost
	notes  []string

	original *Query // that this one, which returns the same rows, stands for
}

// Read reports whether the query changes nothing.
func (q *Query) reads() bool { return q.parsed.Tree.Is("SelectStmt") }

// values are constants for the parameters of a query, of the columns that they are compared with: what is asked for
// often, what is typical, or what is rare.
func values(c *Catalog, roles *pgsql.Roles, numbers []int, types []parameterType, commonness string) map[int]string {
	out := map[int]string{}
	for i, number := range numbers {
		var kind parameterType
		if i < len(types) {
			kind = types[i]
		}
		out[number] = value(c, roles, number, kind, commonness)
	}
	return out
}

func value(c *Catalog, roles *pgsql.Roles, number int, of parameterType, commonness string) string {
	kind := of.name
	declared := of.base
	for _, use := range roles.Params[number] {
		switch use.Place {
		case "limit":
			return "50"
		case "offset":
			return "0"
		}
		if use.Column.Scan == nil {
			continue
		}
		t := c.table(use.Column.Scan.Table)
		if t == nil {
			continue
		}
		column := c.compared(t, use, of)
		if column != nil && c.Dialect == SQLite { // whose parameters have no types
			declared = column.Type
		}
		if column == nil || !column.Known {
			continue
		}
		if use.Place == pgsql.Stored && use.Column.Scan.Write == "insert" && t.unique([]string{column.Name}) {
			if c.Dialect == SQLite && column.Whole && slices.Equal(t.primary(), []string{column.Name}) {
				return "NULL" // the next number
			}
			continue // a value that is there is refused
		}
		text, found := sample(column, roles, use, commonness)
		if !found {
			continue
		}
		text = asOperand(text, column, use, of)
		if strings.HasSuffix(kind, "[]") {
			text = `{"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"}`
		}
		if use.Class == pgsql.Prefix || use.Class == pgsql.Infix {
			text = pattern(text, use.Class)
		}
		if use.Op == startsWith {
			text = strings.TrimSuffix(text, "%")
			if c.Dialect == SQLite {
				text += "*"
			}
		}
		if c.Dialect == SQLite && use.Cast == "" {
			switch {
			case column.numeric():
				return text // where affinity does not make a number of a text, as in an expression
			case column.Type == "blob" && use.Place == pgsql.Stored:
				return blob(text)
			}
		}
		return typed(text, kind)
	}
	if of.label != "" {
		return typed(of.label, kind)
	}
	if c.Dialect == SQLite {
		return plainOf(declared)
	}
	return typed(plain(declared), kind)
}

// plainOf is some value of a type of SQLite.
func plainOf(declared string) string {
	switch kind := (&Column{Type: declared}); {
	case declared == "blob":
		return blob("x")
	case kind.numeric():
		return "1"
	}
	return pgsql.Literal(plain(""))
}

func blob(text string) string { return "x'" + hex.EncodeToString([]byte(text)) + "'" }

func typed(text, kind string) string {
	if kind == "" || kind == "unknown" {
		return pgsql.Literal(text)
	}
	return pgsql.Literal(text) + "::" + kind
}

// sample is a value of a column.
func sample(c *Column, roles *pgsql.Roles, use pgsql.Use, commonness string) (string, bool) {
	if len(c.Histogram) > 1 {
		switch {
		case use.Class == pgsql.Range:
			return quantile(c.Histogram, rangeEnd(roles, use)), true
		case use.Place == "from":
			return quantile(c.Histogram, lateStart), true
		case use.Place == "to":
			return quantile(c.Histogram, lateEnd), true
		}
	}
	switch {
	case commonness == "common" && len(c.Common) > 0:
		return c.Common[0], true
	case commonness == "rare" && len(c.Histogram) == 0 && len(c.Common) > 0:
		return c.Common[len(c.Common)-1], true
	case len(c.Histogram) > 0:
		return quantile(c.Histogram, 0.5), true
	case len(c.Common) > 0:
		return c.Common[len(c.Common)/2], true
	}
	return "", false
}

func quantile(bounds []string, q float64) string { return bounds[int(q*float64(len(bounds)-1))] }

// What is asked for between two bounds is short and late.
const (
	lateStart = 0.90
	lateEnd   = 0.94
)

// rangeEnd is how far into a column a bound lies: who asks for a range mostly asks for a short, late one.
func rangeEnd(roles *pgsql.Roles, use pgsql.Use) float64 {
	above := strings.HasPrefix(use.Op, ">")
	both := use.Op == "BETWEEN"
	for _, predicate := range use.Column.Scan.Where {
		if predicate.Class == pgsql.Range && predicate.Op != use.Op && predicate.Column == use.Column.Name && endOf(predicate.Key) == endOf(use.Key) {
			both = true
		}
	}
	switch {
	case above && both:
		return lateStart
	case both:
		return lateEnd
	case above:
		return 0.95
	}
	return 0.05
}

func pattern(text string, class pgsql.Class) string {
	letters := []rune(strings.NewReplacer("%", "", "_", "").Replace(text))
	const few = 5
	from := 0
	if class == pgsql.Infix { // what many values begin with is not what is looked for anywhere
		from = max(0, len(letters)-few) / 2
	}
	letters = letters[from:min(len(letters), from+few)]
	if class == pgsql.Infix {
		return "%" + string(letters) + "%"
	}
	return string(letters) + "%"
}

// plain is some value of a type.
func plain(kind string) string {
	switch {
	case strings.HasSuffix(kind, "[]"):
		return "{}"
	case strings.HasSuffix(kind, "range"):
		return "empty"
	case strings.HasSuffix(kind, "int"), kind == "integer", kind == "numeric", kind == "double precision", kind == "real", kind == "oid", kind == "money":
		return "1"
	case strings.HasPrefix(kind, "bool"):
		return "true"
	case strings.HasPrefix(kind, "timestamp"), kind == "date":
		return "2024-01-01"
	case strings.HasPrefix(kind, "time"):
		return "12:00"
	case kind == "interval":
		return "1 day"
	case kind == "uuid":
		return "00000000-0000-0000-0000-000000000000"
	case strings.HasPrefix(kind, "json"):
		return "{}"
	case kind == "inet", kind == "cidr":
		return "10.0.0.1"
	case kind == "bytea", kind == "hstore", kind == "xml", kind == "ltree", strings.HasPrefix(kind, "ts"):
		return ""
	}
	return "x"
}

// bind plans the query for the first time, with values for its parameters. What cannot be planned is an error.
func (q *Query) bind(ctx context.Context, s *session, c *Catalog) error {
	q.bound = q.parsed.Text
	numbers := pgsql.Params(q.parsed)
	var types []parameterType
	if len(numbers) > 0 {
		var err error
		if types, err = parameterTypes(ctx, s, q.parsed.Text); err != nil {
			return err
		}
		q.bound = pgsql.Bind(q.parsed.Text, values(c, q.roles, numbers, types, "typical"))
	}
	plan, err := explain(ctx, s, q.bound)
	if ofStatement(ctx, err) && len(numbers) > 0 && c.asked != nil { // what the clone has may not be what is meant
		alone := *c
		alone.asked = nil
		q.bound = pgsql.Bind(q.parsed.Text, values(&alone, q.roles, numbers, types, "typical"))
		plan, err = explain(ctx, s, q.bound)
	}
	if err != nil {
		return err
	}
	q.Before, q.Base = plan, plan
	c.markRead(plan)
	if len(numbers) > 0 {
		q.sensitivity(ctx, s, c, numbers, types)
	}
	q.vary(ctx, s, c)
	return nil
}

// sensitivity compares the plans for what is common and what is rare with the one that is made without knowing.
func (q *Query) sensitivity(ctx context.Context, s *session, c *Catalog, numbers []int, types []parameterType) {
	costs := []float64{q.Before.Cost()}
	for _, commonness := range []string{"common", "rare"} {
		text := pgsql.Bind(q.parsed.Text, values(c, q.roles, numbers, types, commonness))
		plan, err := explain(ctx, s, text)
		if err != nil {
			continue
		}
		costs = append(costs, plan.Cost())
		c.markRead(plan)
		if commonness == "common" {
			q.common, q.asked = text, commonly(c, q.roles, numbers)
		}
	}
	generic, err := genericPlan(ctx, s, q.parsed.Text, len(numbers))
	if err != nil {
		return
	}
	costs = append(costs, generic.Cost())
	c.markRead(generic)
	if low, high := slices.Min(costs), slices.Max(costs); high > 10*low && high > 1000 {
		q.notes = append(q.notes, fmt.Sprintf("the plan depends on the parameters: its cost is %s for some values and %s for others (%s when planned without knowing them)",
			Count(low), Count(high), Count(generic.Cost())))
	}
}

// commonly is how often parameters have the most common values of the columns that they are equal to, if each value is asked for as often as
// rows have it: who has most is asked for most. 0: no column has such a value.
func commonly(c *Catalog, roles *pgsql.Roles, numbers []int) float64 {
	share := 0.0
	for _, number := range numbers {
		for _, use := range roles.Params[number] {
			if use.Class != pgsql.Equal || use.Column.Scan == nil {
				continue
			}
			column := c.table(use.Column.Scan.Table).column(use.Column.Name)
			if column == nil || !column.Known || len(column.Common) == 0 || len(column.Frequencies) == 0 {
				continue
			}
			if share == 0 {
				share = 1
			}
			share *= column.Frequencies[0]
			break
		}
	}
	return share
}

// explain plans a statement; it does not run it.
func explain(ctx context.Context, s *session, text string) (*Plan, error) {
	var out []byte
	text = "EXPLAIN (FORMAT JSON) " + text
	first, last := "BEGIN", "ROLLBACK"
	switch within := s.PgConn().TxStatus() != 'I'; {
	case !s.reads && len(s.as) == 0:
		if err := s.QueryRow(ctx, text).Scan(&out); err != nil {
			return nil, shortened(err)
		}
		return readPlan(out)
	case s.reads: // planning runs functions that are called immutable, whatever they do: even the settings of the session are undone after it
		first = "BEGIN READ ONLY"
	case within:
		first, last = "SAVEPOINT fettle_plan", "ROLLBACK TO SAVEPOINT fettle_plan"
	}
	var batch pgx.Batch
	before := append([]string{first}, s.as...)
	for _, statement := range slices.Concat(before, []string{text, last}) {
		batch.Queue(statement)
	}
	results := s.SendBatch(ctx, &batch)
	var err error
	for range before {
		if err == nil {
			_, err = results.Exec()
		}
	}
	if err == nil {
		err = results.QueryRow().Scan(&out)
	}
	err = errors.Join(err, results.Close())
	switch {
	case last == "ROLLBACK":
		s.undone(ctx)
	case err != nil:
		s.Exec(ctx, last) //nolint:errcheck // the next statement tells
	}
	if err != nil {
		return nil, shortened(err)
	}
	return readPlan(out)
}

// undone ends a transaction in which something was refused.
func (s *session) undone(ctx context.Context) {
	if s.PgConn().TxStatus() != 'I' {
		s.Exec(ctx, "ROLLBACK") //nolint:errcheck // the next statement tells
	}
}

func parameterTypes(ctx context.Context, s *session, text string) ([]parameterType, error) {
	if _, err := s.PgConn().Exec(ctx, "PREPARE fettle_statement AS "+text).ReadAll(); err != nil {
		return nil, shortened(err)
	}
	defer s.forget(ctx)
	rows, err := s.Query(ctx, `SELECT p.type::text,
			(WITH RECURSIVE b AS (
				SELECT t.oid, t.typbasetype FROM pg_type t WHERE t.oid = p.type
				UNION ALL SELECT t.oid, t.typbasetype FROM pg_type t JOIN b ON t.oid = b.typbasetype
			) SELECT oid::regtype::text FROM b WHERE typbasetype = 0),
			coalesce((SELECT enumlabel::text FROM pg_enum WHERE enumtypid = p.type ORDER BY enumsortorder LIMIT 1), '')
		FROM pg_prepared_statements, unnest(parameter_types) WITH ORDINALITY AS p(type, n) WHERE name = 'fettle_statement' ORDER BY p.n`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t parameterType, err error) {
		return t, row.Scan(&t.name, &t.base, &t.label)
	})
}

// parameterType is what PostgreSQL takes a parameter for.
type parameterType struct {
	name  string
	base  string // what it is a domain over; else its name
	label string // the first of an enum's
}

// forget drops the statement that was prepared.
func (s *session) forget(ctx context.Context) {
	s.PgConn().Exec(ctx, "DEALLOCATE fettle_statement; RESET plan_cache_mode").ReadAll() //nolint:errcheck // it is there
}

// genericPlan is the plan that is made without knowing the parameters, on every version.
func genericPlan(ctx context.Context, s *session, text string, parameters int) (*Plan, error) {
	if _, err := s.PgConn().Exec(ctx, "PREPARE fettle_statement AS "+text).ReadAll(); err != nil {
		return nil, shortened(err)
	}
	defer s.forget(ctx)
	if _, err := s.Exec(ctx, "SET plan_cache_mode = force_generic_plan"); err != nil {
		return nil, shortened(err)
	}
	var out []byte
	nulls := strings.TrimSuffix(strings.Repeat("NULL, ", parameters), ", ")
	before := append([]string{"BEGIN READ ONLY"}, s.as...)
	results, err := s.PgConn().Exec(ctx, strings.Join(before, "; ")+"; EXPLAIN (FORMAT JSON) EXECUTE fettle_statement("+nulls+"); ROLLBACK").ReadAll()
	s.undone(ctx)
	if err != nil {
		return nil, shortened(err)
	}
	for _, result := range results[len(before):] {
		for _, row := range result.Rows {
			out = append(out, row[0]...)
		}
	}
	return readPlan(out)
}

// rank weighs the queries and names them, the costliest first.
func rank(queries []*Query) []*Query {
	load, total := loadOf(queries), 0.0
	for _, q := range queries {
		q.Weight = max(q.Calls, 1e-9)
		total += q.Weight * load(q)
	}
	slices.SortStableFunc(queries, func(a, b *Query) int {
		return cmp.Or(cmp.Compare(b.Weight*load(b), a.Weight*load(a)), strings.Compare(a.Text, b.Text))
	})
	for i, q := range queries {
		q.ID = "Q" + strconv.Itoa(i+1)
		q.Share = q.Weight * load(q) / max(total, 1e-9)
	}
	return queries
}

// timed reports whether somebody measured every query.
func timed(queries []*Query) bool {
	return len(queries) > 0 && !slices.ContainsFunc(queries, func(q *Query) bool { return q.Mean <= 0 })
}

// loadOf is what a call costs: the time that somebody measured, if that of every query is known, else what the planner says.
func loadOf(queries []*Query) func(*Query) float64 {
	if timed(queries) {
		return func(q *Query) float64 { return q.Mean }
	}
	return func(q *Query) float64 { return q.Before.Cost() }
}

// Shown is the statement for a reader, with its constants left out unless they are asked for.
func (q *Query) Shown(literals bool) string {
	switch {
	case q.own == "":
		return shown(q.parsed.Text, literals)
	case literals:
		return q.own
	}
	return shownOwn(q.own)
}

func shown(text string, literals bool) string {
	if literals {
		return text
	}
	if normal, err := pgsql.Normalise(text); err == nil {
		return normal
	}
	return redacted(text)
}

// ownConstant is what a rewrite brings itself: the step of a range, or how far is counted.
var ownConstant = regexp.MustCompile(`^(1|10001|'1 (minute|hour|day|week|month|year)'|'3 months')$`)

// shownBeside is a rewritten statement for a reader of the original: constants that both have are called alike, and what the
// rewrite brings itself is shown. Constants that are neither, such as the keys of a row, are left out as well.
func shownBeside(text, original string) string {
	normal, err := pgsql.Normalise(original)
	if err != nil {
		return shown(text, false)
	}
	names, count := map[string]string{}, 0 // of constants, by how they are written
	constants, at := pgsql.Tokens(original), 0
	tokens := pgsql.Tokens(normal)
	for i, token := range tokens { // what both texts have comes in the same order
		left := token.Kind == pgsql.Parameter // or a parameter of the original, or a word: extract(year from …)
		if left {
			number, _ := strconv.Atoi(token.Text[1:])
			count = max(count, number)
		}
		word := left && i+1 < len(tokens) && at+1 < len(constants) && constants[at].Kind == pgsql.Word && constants[at+1].Text == tokens[i+1].Text
		for !word && at < len(constants) && constants[at].Text != token.Text && !(left && constant(constants[at])) {
			at++
		}
		if left && at < len(constants) {
			names[constants[at].Text] = token.Text
		}
		at++
	}
	var out strings.Builder
	from := 0
	for _, token := range pgsql.Tokens(text) {
		if !constant(token) || ownConstant.MatchString(token.Text) && names[token.Text] == "" {
			continue
		}
		if names[token.Text] == "" {
			count++
			names[token.Text] = fmt.Sprintf("$%d", count)
		}
		out.WriteString(text[from:token.Start] + names[token.Text])
		from = token.End()
	}
	return out.String() + text[from:]
}

func constant(token pgsql.Token) bool {
	return token.Kind == pgsql.String || token.Kind == pgsql.Number
}

// redacted leaves constants out of a text that is no whole statement.
func redacted(text string) string {
	var out strings.Builder
	from := 0
	for _, token := range pgsql.Tokens(text) {
		if constant(token) {
			out.WriteString(text[from:token.Start] + "…")
			from = token.End()
		}
	}
	return out.String() + text[from:]
}
