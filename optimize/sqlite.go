package optimize

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/pgsql"
	"modernc.org/sqlite" // the driver that reads the catalog
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteExplains is how many trials are usual: each runs its statement.
const sqliteExplains = 400

// ErrNoStatements is that SQLite, which counts no statements, was given none.
var ErrNoStatements = errors.New("SQLite counts no statements: name a file of them, --workload FILE")

// RunSQLite looks at a SQLite file. The file is only read: candidates are built on a temporary copy, where each
// statement is run and undone, and what it costs is the number of steps that SQLite's virtual machine takes.
func RunSQLite(ctx context.Context, o Options) (*Report, error) {
	if o.Statements == nil {
		return nil, ErrNoStatements
	}
	if o.Clone != "" {
		return nil, fmt.Errorf("SQLite needs no clone: a temporary copy is made")
	}
	swept := sweepCopies(ctx)
	place, err := newCopyPlace(ctx)
	if err != nil {
		return nil, err
	}
	defer place.end()
	path := filepath.Join(place.dir, copyFile)
	o.says("a copy of the file")
	if err := copySQLite(ctx, o.Database, path); err != nil {
		return nil, err
	}
	catalog, err := readSQLite(ctx, path, o.says)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Database, interruption(ctx, err))
	}
	m, err := openMachine(path)
	if err != nil {
		return nil, err
	}
	defer m.close()
	o.says("its statistics")
	for _, statement := range []string{"PRAGMA foreign_keys = ON", "PRAGMA synchronous = OFF", "PRAGMA journal_mode = MEMORY", "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -65536", "PRAGMA analysis_limit = 0", "ANALYZE"} {
		if _, err := m.run(ctx, statement, 0); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", o.Database, statement, interruption(ctx, err))
		}
	}
	o.says("its tables without rows")
	l, err := newLite(ctx, m, catalog)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Database, interruption(ctx, err))
	}
	defer l.close()
	l.says, l.most = o.says, cmp.Or(o.steps, mostSteps)
	report, err := l.optimize(ctx, o)
	if err == nil {
		report.Notes = append(swept, report.Notes...)
	}
	return report, err
}

// interruption is why a step ended, where somebody ended the run.
func interruption(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	return err
}

// busyTimeout is how long a writer that keeps readers out is waited for.
const busyTimeout = 5 * time.Second

// copySQLite copies a database as it is at one moment, while others may write to it.
func copySQLite(ctx context.Context, from, to string) error {
	switch about, err := os.Stat(from); {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("database %s: there is no such file: it is a URL, postgres://user@host:5432/name, or the file of a SQLite database", from)
	case err != nil:
		return fmt.Errorf("database: %w", err)
	case about.IsDir():
		return fmt.Errorf("database %s: it is a folder: name the file of a SQLite database in it", from)
	case !about.Mode().IsRegular():
		return fmt.Errorf("database %s: it is no file", from)
	}
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?mode=ro&_pragma=busy_timeout(%d)", (&url.URL{Path: from}).EscapedPath(), busyTimeout.Milliseconds()))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO "+pgsql.Literal(to)); err != nil {
		return fmt.Errorf("database %s: it cannot be copied: %w%s", from, err, sqliteHints[resultOf(err)])
	}
	return nil
}

// sqliteHints say what to do about a result of SQLite, by its code.
var sqliteHints = map[int]string{
	sqlite3.SQLITE_BUSY:     ": somebody writes and keeps readers out; try again, or look at a copy",
	sqlite3.SQLITE_CORRUPT:  ": it is damaged; sqlite3 FILE .recover saves what can be read",
	sqlite3.SQLITE_NOTADB:   ": it is something else, or encrypted",
	sqlite3.SQLITE_CANTOPEN: ": may this user read it?",
}

func resultOf(err error) int {
	var said *sqlite.Error
	if errors.As(err, &said) {
		return said.Code() & 0xff
	}
	return 0
}

func readSQLite(ctx context.Context, path string, says func(string, ...any)) (*Catalog, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=temp_store(MEMORY)&_pragma=cache_size(-65536)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	c := &Catalog{
		Dialect: SQLite, byName: map[string]*Table{}, path: []string{"main"}, volatile: map[string]bool{},
		mutable: map[string]bool{"random": true, "randomblob": true, "changes": true, "last_insert_rowid": true},
	}
	var names, views, texts []string
	if err := eachRow(ctx, db, "SELECT name, type, coalesce(sql, '') FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND coalesce(sql, '') NOT LIKE 'CREATE VIRTUAL%' ORDER BY name", func(s []string) {
		names, views, texts = append(names, s[0]), append(views, s[1]), append(texts, s[2])
	}); err != nil {
		return nil, err
	}
	for i, name := range names {
		t := &Table{Schema: "main", Name: name, ID: pgsql.Ident(name), Kind: "r", Visible: 1, Analysed: true}
		if views[i] == "view" {
			t.Kind = "v"
			if _, body, found := strings.Cut(texts[i], " AS "); found {
				t.View = body
			}
		}
		says("the values of table %s", name)
		if err := t.readSQLite(ctx, db); err != nil {
			return nil, err
		}
		c.add(t)
	}
	return c, nil
}

// mostSampled is how many rows are sorted, by each column, to learn how its values lie.
const mostSampled = 10_000

func (t *Table) readSQLite(ctx context.Context, db *sql.DB) error {
	quoted := pgsql.Literal(t.Name)
	var key []string
	if err := eachRow(ctx, db, "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo("+quoted+") WHERE hidden <> 1 ORDER BY cid", func(s []string) {
		t.Columns = append(t.Columns, &Column{Name: s[0], Type: strings.ToLower(s[1]), NotNull: s[2] == "1", Width: 12, Known: true})
		if s[3] != "0" {
			key = append(key, s[0])
		}
	}); err != nil || t.Kind == "v" {
		return err
	}
	ofRows := true // the key is the number of the row; any other may have nulls, if its columns do not say that they have none
	if err := eachRow(ctx, db, "SELECT 1 FROM pragma_index_list("+quoted+") WHERE origin = 'pk'", func([]string) { ofRows = false }); err != nil {
		return err
	}
	if len(key) == 1 && ofRows {
		t.column(key[0]).NotNull = true
		t.column(key[0]).Whole = t.column(key[0]).Type == "integer"
	}
	if err := eachRow(ctx, db, "SELECT 1 FROM pragma_table_list("+quoted+") WHERE schema = 'main' AND strict", func([]string) {
		for _, c := range t.Columns {
			c.Whole = c.Whole || c.Type == "integer" || c.Type == "int"
		}
	}); err != nil {
		return err
	}
	if len(key) > 0 {
		t.Indexes = append(t.Indexes, &Existing{Name: "primary key of " + t.Name, Method: "btree", Unique: true, Primary: true, Valid: true, Columns: key})
	}
	if err := t.readSQLiteIndexes(ctx, db); err != nil {
		return err
	}
	var selected []string
	for _, column := range t.Columns {
		name := pgsql.Ident(column.Name)
		selected = append(selected, "count(DISTINCT "+name+")", "count("+name+")", "coalesce(avg(length("+name+")), 0)")
	}
	if err := eachRow(ctx, db, "SELECT count(*), "+strings.Join(selected, ", ")+" FROM "+t.ID, func(s []string) {
		t.Rows, _ = strconv.ParseFloat(s[0], 64)
		t.Pages = t.Rows / 40
		for i, column := range t.Columns {
			column.Distinct, _ = strconv.ParseFloat(s[1+3*i], 64)
			there, _ := strconv.ParseFloat(s[2+3*i], 64)
			column.Width, _ = strconv.ParseFloat(s[3+3*i], 64)
			column.NullFrac = 1 - there/max(1, t.Rows)
		}
	}); err != nil {
		return err
	}
	sample := t.ID // of which the bounds of equal parts are taken
	if t.Rows > mostSampled {
		sample = "temp.fettle_sample"
		for _, statement := range []string{
			"DROP TABLE IF EXISTS " + sample,
			fmt.Sprintf("CREATE TEMP TABLE fettle_sample AS SELECT * FROM (SELECT *, row_number() OVER () AS fettle_row FROM %s) WHERE fettle_row %% %.0f = 0", t.ID, math.Ceil(t.Rows/mostSampled)),
		} {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
	}
	for _, column := range t.Columns {
		name := pgsql.Ident(column.Name)
		if column.Distinct <= fewValues {
			if err := eachRow(ctx, db, fmt.Sprintf("SELECT %s, count(*) FROM %s WHERE %[1]s IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1", name, t.ID), func(s []string) {
				n, _ := strconv.ParseFloat(s[1], 64)
				column.Common, column.Frequencies = append(column.Common, s[0]), append(column.Frequencies, n/max(1, t.Rows))
			}); err != nil {
				return err
			}
			continue
		}
		if err := eachRow(ctx, db, fmt.Sprintf("SELECT %s FROM (SELECT %[1]s, ntile(20) OVER (ORDER BY %[1]s) AS part FROM %s WHERE %[1]s IS NOT NULL) GROUP BY part HAVING min(%[1]s) ORDER BY 1", name, sample), func(s []string) {
			column.Histogram = append(column.Histogram, s[0])
		}); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) readSQLiteIndexes(ctx context.Context, db *sql.DB) error {
	err := eachRow(ctx, db, `SELECT l.name, l."unique", l.origin, l.partial, coalesce(s.sql, ''), (SELECT group_concat(coalesce(x.name, '') || ' ' || x.desc || ' ' || x.coll, char(10)) FROM pragma_index_xinfo(l.name) x WHERE x.key)
		FROM pragma_index_list(`+pgsql.Literal(t.Name)+`) l LEFT JOIN sqlite_schema s ON s.name = l.name ORDER BY l.name`, func(s []string) {
		e := &Existing{Name: s[0], Definition: s[4], Method: "btree", Unique: s[1] == "1", Constraint: s[2] != "c", Valid: true}
		if s[3] == "1" {
			if at := strings.LastIndex(strings.ToUpper(s[4]), " WHERE "); at >= 0 {
				e.Where = strings.TrimSpace(s[4][at+7:])
			}
		}
		for _, part := range strings.Split(s[5], "\n") {
			name, options, _ := strings.Cut(part, " ")
			e.Columns, e.parts = append(e.Columns, name), append(e.parts, name+" "+options)
			if name == "" {
				e.expressions = s[4]
			}
		}
		t.Indexes = append(t.Indexes, e)
	})
	for _, e := range t.Indexes {
		if err == nil {
			err = eachRow(ctx, db, "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = "+pgsql.Literal(e.Name), func(s []string) {
				e.Bytes, _ = strconv.ParseFloat(s[0], 64)
			})
		}
	}
	return err
}

// numeric reports whether a column of SQLite makes numbers of what is stored (https://sqlite.org/datatype3.html, 3.1).
func (c *Column) numeric() bool {
	kind := strings.ToLower(c.Type)
	of := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(kind, part) })
	}
	return of("int") || !of("char", "clob", "text", "blob") && of("real", "floa", "doub", "num", "dec")
}

// eachRow reads rows as texts; a null is an empty one.
func eachRow(ctx context.Context, db *sql.DB, query string, f func([]string)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		texts := make([]string, len(columns))
		for i, cell := range cells {
			texts[i] = cell.String
		}
		f(texts)
	}
	return rows.Err()
}

func (l *lite) optimize(ctx context.Context, o Options) (*Report, error) {
	r := &run{options: o, catalog: l.catalog, lite: l, report: &Report{Literals: o.Literals, Catalog: l.catalog}}
	queries, passed, unread, left := merge(o.Statements, mostQueries, newSQLiteForm(l.catalog), o.Literals)
	r.report.Notes, r.report.Passed = left.notes(), passed
	if len(queries) == 0 && len(o.Statements) > 0 && len(unread) == 0 {
		r.note(nothingToRead)
	} else {
		r.report.Notes = append(r.report.Notes, leftOut(passed)...)
	}
	references, err := l.references(ctx)
	if err != nil {
		return nil, interruption(ctx, err)
	}
	for i, q := range queries {
		o.says("statement %d of %d", i+1, len(queries))
		if err := l.first(ctx, q, references); err != nil {
			if ctx.Err() != nil {
				r.report.Interrupted = fmt.Sprintf("%d of %d statements were not looked at", len(queries)-i, len(queries))
				break
			}
			unread = append(unread, unreadOf(q.Where, "it cannot be run and is left out: %s", told(err, o.Literals)))
			continue
		}
		r.queries = append(r.queries, q)
	}
	r.report.Left = len(unread) + left.wordings
	r.report.Notes = append(r.report.Notes, unreadNotes(unread)...)
	r.queries = rank(r.queries)
	r.report.Queries = slices.Clone(r.queries)
	for _, q := range r.queries {
		if q.Base.cut {
			r.note("%s: %s was ended after %s steps of SQLite's machine, and is taken for one that takes so many", q.Where, q.title(), Count(q.Base.Cost()))
		}
	}
	if r.options.Explains == 0 || r.options.Explains == usualExplains {
		r.options.Explains = sqliteExplains
	}
	r.plans = newCounted(l, r.options.Explains)
	for _, step := range []func(context.Context) error{func(ctx context.Context) error { return r.sqliteRewrites(ctx, l) }, r.chooseIndexes, r.sqliteAdvices, r.sqliteRewritten} {
		if err = step(ctx); err != nil {
			break
		}
	}
	switch {
	case ctx.Err() != nil:
		if r.report.Interrupted == "" {
			r.report.Interrupted = "what follows was found until then, each index for its statement alone"
		}
		r.soFar(l)
	case err != nil:
		return nil, err
	}
	if l.spent > mostTrialSteps {
		r.note("the steps that trials may take were used up (%s): more may be gained with fewer statements at a time", Count(mostTrialSteps))
	}
	if err := r.hygiene(ctx); err != nil {
		return nil, err
	}
	r.report.finish()
	return r.report, nil
}

// first runs a query as the database is.
func (l *lite) first(ctx context.Context, q *Query, references []reference) error {
	q.roles = pgsql.RolesOf(q.parsed, l.catalog)
	l.deletes(q, references)
	q.bound = pgsql.Bind(q.own, values(l.catalog, q.roles, pgsql.Params(q.parsed), nil, "typical"))
	plan, _, err := l.plan(ctx, q, q.bound, nil)
	if err != nil && q.parsed.Tree.Is("InsertStmt") && (strings.Contains(err.Error(), "constraint failed") || err.Error() == "datatype mismatch") {
		// Its values are made up: it is what writes to its table, and no more is known of it.
		plan, err = &Plan{Root: &Node{Type: "statement", Cost: 1, Rows: 1}, bare: true}, nil
	}
	q.Before, q.Base = plan, plan
	return err
}

// leastGain is the part of its steps that a statement keeps at most, for an index to have gained anything.
const leastGain = 0.8

// beside is what a query gains by one index where all the others that are chosen are there: its steps without that index and with it.
func (r *run) beside(ctx context.Context, q *Query, index *Index) (g gain, is bool, err error) {
	all := q.relevant(r.chosen)
	if !slices.Contains(all, index) {
		return g, false, nil
	}
	with, used, err := r.plans.plan(ctx, q, q.bound, all)
	if err != nil || !slices.Contains(used, index) {
		return g, false, err
	}
	lacks, _, err := r.plans.plan(ctx, q, q.bound, without(all, index))
	gains := err == nil && with.Cost() < leastGain*lacks.Cost()
	if index.walked(with) && with.Cost() > lacks.Cost()/muchFaster {
		gains = false // it is narrower than its table, and no more
	}
	return gain{query: q, before: lacks, after: with, used: used}, gains, err
}

// stepsOfRow are the fewest in which SQLite looks at a row.
const stepsOfRow = 3

// walked reports whether a statement of SQLite reads most of an index: it goes through it from one end, or it searches it and nothing
// else, and takes steps for so many rows. Beside another table, what it takes is mostly for that.
func (i *Index) walked(p *Plan) bool {
	scans, elsewhere := false, false
	of := ""
	for _, n := range p.All() {
		if words := strings.Fields(n.Type); len(words) > 1 && slices.Contains(words, i.Name()) {
			scans, of = scans || words[0] == "SCAN", words[1]
		}
	}
	for _, n := range p.All() {
		if words := strings.Fields(n.Type); len(words) > 1 && (words[0] == "SCAN" || words[0] == "SEARCH") && words[1] != of {
			elsewhere = true
		}
	}
	if scans {
		return p.Cost() >= walkedWhole*i.Table.Rows
	}
	return !elsewhere && p.Cost() >= stepsOfRow*walkedWhole*i.Table.Rows
}

// sqliteGains are the queries that gain by an index beside the others, and what they are spared. What two indexes gain together, neither
// of which does anything alone, is each one's in part.
func (r *run) sqliteGains(ctx context.Context, index *Index) (gains []gain, parts map[*Query]float64, err error) {
	parts = map[*Query]float64{}
	for _, q := range r.worthwhile() {
		g, is, err := r.beside(ctx, q, index)
		if err != nil {
			return nil, nil, err
		}
		if !is {
			continue
		}
		own := g.before.Cost() - g.after.Cost()
		sum := own
		for _, other := range without(g.used, index) {
			more, is, err := r.beside(ctx, q, other)
			if err != nil {
				return nil, nil, err
			}
			if is {
				sum += more.before.Cost() - more.after.Cost()
				g.together = append(g.together, other)
			}
		}
		gains = append(gains, g)
		parts[q] = own / max(sum, q.Base.Cost()-g.after.Cost()) * (q.Base.Cost() - g.after.Cost()) / q.Base.Cost()
	}
	slices.SortStableFunc(gains, func(a, b gain) int {
		of := func(g gain) float64 { return g.query.Weight * (g.before.Cost() - g.after.Cost()) }
		return cmp.Compare(of(b), of(a))
	})
	return gains, parts, nil
}

// sqliteAdvices advises what is chosen, if each gains enough beside the others: what does not goes, the least first, and what is left is
// measured again.
func (r *run) sqliteAdvices(ctx context.Context) error {
	for {
		var advice []*Advice
		var least *Index
		var note func()
		lowest := math.Inf(1)
		for _, index := range r.chosen {
			gains, parts, err := r.sqliteGains(ctx, index)
			if err != nil {
				return err
			}
			saved := savings{}
			for q, part := range parts {
				saved[q] = r.atMost(q) * part
			}
			if worth := len(gains) > 0 && saved.worth(r.upkeep(index)); worth {
				advice = append(advice, r.sqliteAdvice(index, gains, parts))
			} else if total := saved.total(); total < lowest {
				least, lowest, note = index, total, func() {
					if len(gains) > 0 {
						r.leftAlone(index.String(), gains[0].query, saved, false)
					}
				}
			}
		}
		if least == nil {
			r.report.Advice = append(r.report.Advice, advice...)
			return nil
		}
		note()
		r.chosen = without(r.chosen, least)
	}
}

// soFar advises what trials have shown until the run was interrupted: for each statement the best of its trials.
func (r *run) soFar(l *lite) {
	r.report.Advice = nil
	gains, parts := map[*Index][]gain{}, map[*Index]map[*Query]float64{}
	var found []*Index
	for _, q := range r.worthwhile() {
		best := l.best[q.bound]
		if best == nil || best.plan.Cost() >= leastGain*q.Base.Cost() {
			continue
		}
		for _, index := range best.indexes {
			if parts[index] == nil {
				found = append(found, index)
				parts[index] = map[*Query]float64{}
			}
			gains[index] = append(gains[index], gain{query: q, before: q.Base, after: best.plan, used: best.indexes, together: best.indexes})
			parts[index][q] = (1 - best.plan.Cost()/q.Base.Cost()) / float64(len(best.indexes))
		}
	}
	for _, index := range found {
		saved := savings{}
		for q, part := range parts[index] {
			saved[q] = r.atMost(q) * part
		}
		if !saved.worth(r.upkeep(index)) {
			continue
		}
		r.add(r.sqliteAdvice(index, gains[index], parts[index]))
	}
}

// named are the indexes chosen that a plan of SQLite names.
func (r *run) named(p *Plan) (indexes []*Index) {
	names := namesIn(p)
	for _, index := range r.chosen {
		if slices.Contains(names, index.Name()) {
			indexes = append(indexes, index)
		}
	}
	return indexes
}

func (r *run) sqliteAdvice(index *Index, gains []gain, parts map[*Query]float64) *Advice {
	best := gains[0]
	a := r.indexAdvice(best, index)
	before, after := best.before.Cost(), best.after.Cost()
	a.Proof = Proof{L3, &Evidence{Cost: before, Steps: &before, Plan: best.before.Lines(), tree: best.before}, &Evidence{Cost: after, Steps: &after, Plan: best.after.Lines()}}
	least := ""
	if best.before.cut {
		least = "more than "
	}
	a.Confidence = fmt.Sprintf("high (L3): run on a temporary copy, %s%s steps of SQLite's machine → %s; the number is exact, a time was not measured", least, Count(before), Count(after))
	beside := r.named(best.before)
	for _, other := range r.named(best.after) {
		if !slices.Contains(beside, other) {
			beside = append(beside, other)
		}
	}
	for _, n := range best.before.All() {
		what := n.Type
		for _, other := range beside {
			if slices.Contains(strings.Fields(what), other.Name()) {
				what += " (which is advised here, too)"
			}
		}
		switch {
		case strings.Contains(n.Type, "AUTOMATIC"):
			a.Why = append(a.Why, "SQLite builds an index for each run and throws it away: "+what)
		case strings.HasPrefix(n.Type, "SCAN"):
			a.Why = append(a.Why, what+": all of it is read")
		case strings.Contains(n.Type, "TEMP B-TREE"):
			a.Why = append(a.Why, what+": the rows are sorted for each run")
		}
	}
	if others := without(best.together, index); len(others) > 0 {
		note := "works together with %s: measured with it, without this one and with both"
		if r.report.Interrupted != "" {
			note = "works together with %s: the steps are those without both and with both"
		}
		a.Notes = append(a.Notes, fmt.Sprintf(note, namesOf(others)))
	}
	beside = slices.DeleteFunc(beside, func(i *Index) bool { return i == index || slices.Contains(best.together, i) })
	if len(beside) > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("measured beside %s, advised here, too: before is with it and without this one", namesOf(beside)))
	}
	for _, g := range gains {
		a.Saved += g.query.Share * parts[g.query]
		a.serve(servedToo{g.query.ID, g.query.title(), fmt.Sprintf("%s → %s steps", Count(g.before.Cost()), Count(g.after.Cost())), ""})
	}
	if target := r.catalog.find(best.query.target()); best.query.parsed.Tree.Is("DeleteStmt") && target != index.Table {
		a.Notes = append(a.Notes, fmt.Sprintf("where PRAGMA foreign_keys = ON, each row deleted from %s makes SQLite look for its rows in %s", target.ID, index.Table.ID))
	}
	a.Notes = append(a.Notes, "making it locks writers for as long as it takes")
	return a
}
