package optimize

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fettlehq/fettle/pgsql"
)

// Catalog is what a database says of itself.
type Catalog struct {
	Dialect    Dialect
	Version    int // such as 150004
	Replica    bool
	Tables     []*Table // by name
	Extensions map[string]bool
	Settings   map[string]string
	StatsReset time.Time // counters count since; zero: unknown
	Now        time.Time // the server's clock

	byName   map[string]*Table
	path     []string // schemas in which an unqualified name is looked for
	classes  map[served][]operatorClass
	asked    func(t *Table, expression string) *Column // what is known of the values of an expression; nil: nobody can be asked
	mutable  map[string]bool                           // functions whose result may change between statements or sessions
	volatile map[string]bool                           // functions that may do anything
	folding  *folding                                  // nil: nothing is run while a statement is planned
}

// Dialect is the database.
type Dialect string

// The dialects.
const (
	Postgres Dialect = "postgres"
	SQLite   Dialect = "sqlite"
)

// Table is a table or view with its statistics.
type Table struct {
	Schema, Name string
	ID           string // as SQL names it: without the schema where that is not needed
	Kind         string // r table, p partitioned, v view, m materialised view
	View         string // its statement
	Rows         float64
	Pages        float64 // of 8 KiB
	Visible      float64 // part of its pages that an index-only scan need not look at
	Columns      []*Column
	Indexes      []*Existing
	Keys         []ForeignKey
	Partitions   []*Table // of a partitioned table; some may be partitioned themselves
	Heirs        []*Table // that inherit from it (INHERITS), those of its heirs among them: its rows are counted with theirs

	Inserted, Updated, Hot, Deleted, Dead, Modified float64
	Analysed                                        bool // once at least
	Counted                                         bool // it has counters

	home             *Catalog // that it is of
	oid              uint32
	size             float64  // pages that it has now; Pages is as of the last VACUUM or ANALYZE
	fresh            bool     // its statistics are those of the clone, where it was analysed
	toasted          bool     // values of it are stored beside it, which counts in no width
	policies, passed []policy // of row-level security: that bind the session's role, and that do not
	own              *Table   // of its own rows alone, where others inherit from it
	read             bool     // by a plan of the workload; only told of heirs, and of what they inherit from
}

// Column is a column with its statistics.
type Column struct {
	Name, Type  string
	NotNull     bool
	kinds       []string // its type under all names that operators are made for
	ByteOrder   bool     // text of it sorts by bytes, so that LIKE 'x%' can use a plain index
	NullFrac    float64
	Distinct    float64 // negative: as a fraction of the rows
	Width       float64 // bytes
	Common      []string
	Frequencies []float64
	Histogram   []string
	Correlation float64
	Known       bool // there are statistics
	Whole       bool // of SQLite: it holds whole numbers and nothing else, whatever is written to it
}

// Existing is an index that is there.
type Existing struct {
	Name, Definition string
	Method           string
	Unique, Primary  bool
	Valid            bool
	Constraint       bool // a constraint lives by it
	Replica          bool // it tells replicas which row is meant
	Bytes            float64
	Scans            float64
	Columns          []string // of the key; an expression is empty
	Include          []string
	Where            string
	parts            []string // column, operator class, collation and order of each part of the key
	expressions      string
	oid              uint32
}

// ForeignKey names rows of another table.
type ForeignKey struct {
	Name     string
	Columns  []string
	Table    *Table   // that is named
	Refers   []string // its columns
	OnDelete string   // a no action, r restrict, c cascade, n set null, d set default
}

// Table implements pgsql.Tables.
func (c *Catalog) Table(schema, name string) (id string, columns []string, view string, found bool) {
	t := c.find(schema, name)
	if t == nil {
		return "", nil, "", false
	}
	for _, column := range t.Columns {
		columns = append(columns, column.Name)
	}
	return t.ID, columns, t.View, true
}

func (c *Catalog) find(schema, name string) *Table {
	if schema != "" {
		return c.byName[schema+"."+name]
	}
	for _, schema := range c.path {
		if t := c.byName[schema+"."+name]; t != nil {
			return t
		}
	}
	return nil
}

// table finds a table by its ID.
func (c *Catalog) table(id string) *Table {
	for _, t := range c.Tables {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func (t *Table) column(name string) *Column {
	for _, column := range t.Columns {
		if column.Name == name {
			return column
		}
	}
	return nil
}

// distinct is how many values a column has, and at least 1.
func (t *Table) distinct(column string) float64 {
	c := t.column(column)
	switch {
	case c == nil || !c.Known:
		return max(1, t.Rows/10)
	case c.Distinct < 0:
		return max(1, -c.Distinct*t.Rows)
	}
	return max(1, c.Distinct)
}

// width is how many bytes the values of columns have, on average.
func (t *Table) width(columns []string) float64 {
	sum := 0.0
	for _, name := range columns {
		if c := t.column(name); c != nil && c.Known {
			sum += c.Width
		} else {
			sum += 16
		}
	}
	return sum
}

// unique reports whether no two rows agree in all of these columns.
func (t *Table) unique(columns []string) bool {
	return slices.ContainsFunc(t.Indexes, func(i *Existing) bool {
		return i.Unique && i.Valid && i.Where == "" && !slices.Contains(i.Columns, "") &&
			!slices.ContainsFunc(i.Columns, func(column string) bool { return !slices.Contains(columns, column) })
	})
}

// primary is the columns of the primary key.
func (t *Table) primary() []string {
	for _, i := range t.Indexes {
		if i.Primary {
			return i.Columns
		}
	}
	return nil
}

// stale reports whether so many rows changed since the last ANALYZE that its statistics tell little. A session that
// loads and analyses a table may count its rows after the ANALYZE, so that what was only loaded has to have grown, too.
func (t *Table) stale() bool {
	switch {
	case t.Kind != "r" || t.fresh:
		return false
	case len(t.Heirs) > 0:
		return t.own.stale() || slices.ContainsFunc(t.Heirs, (*Table).stale)
	case !t.Analysed:
		return t.size > 8
	}
	changed := t.Updated+t.Deleted > 1000+0.1*t.Rows
	return t.Counted && t.Modified > 1000+0.1*t.Rows && (changed || t.size > 1.05*t.Pages+8)
}

// readCatalog asks Postgres. What it may not see becomes a note.
func readCatalog(ctx context.Context, s *session) (c *Catalog, notes []string, err error) {
	c = &Catalog{Dialect: Postgres, Extensions: map[string]bool{}, Settings: map[string]string{}, byName: map[string]*Table{}, mutable: map[string]bool{}, volatile: map[string]bool{}}
	var reset *time.Time
	err = s.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), current_schemas(false)::text[],
		now(), (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database())`).
		Scan(&c.Version, &c.Replica, &c.path, &c.Now, &reset)
	if err != nil {
		return nil, nil, fmt.Errorf("server version: %w", shortened(err))
	}
	if reset != nil {
		c.StatsReset = *reset
	}
	if err := supported(c.Version); err != nil {
		return nil, nil, err
	}
	if c.Replica {
		notes = append(notes, "this is a replica: counters of index use are its own, and the primary's writes are not counted here")
	}
	for _, read := range []struct {
		what string
		f    func(context.Context, *session) error
	}{
		{"tables", c.readTables},
		{"columns", c.readColumns},
		{"column statistics", c.readStatistics},
		{"indexes", c.readIndexes},
		{"foreign keys", c.readKeys},
		{"tables that inherit", c.readHeirs},
		{"policies of row-level security", c.readPolicies},
		{"extensions and settings", c.readSettings},
		{"functions", c.readFunctions},
		{"operator classes", c.readClasses},
		{whatFolds, c.readFolding},
	} {
		if err := read.f(ctx, s); err != nil {
			if !denied(err) || slices.Contains([]string{"tables", "columns", whatFolds}, read.what) {
				return nil, nil, fmt.Errorf("%s of the database: %w", read.what, shortened(err))
			}
			notes = append(notes, fmt.Sprintf("%s cannot be read: %v", read.what, shortened(err)))
		}
	}
	return c, append(notes, c.missing()...), nil
}

// whatFolds has to be known before anything is planned.
const whatFolds = "functions that are run while a statement is planned"

// oldest is the version of the oldest server whose catalog is known.
const oldest = 150000

// supported refuses a server that is too old.
func supported(version int) error {
	if version < oldest {
		return fmt.Errorf("it is PostgreSQL %d.%d, and %d is the oldest that can be looked at", version/10000, version%10000, oldest/10000)
	}
	return nil
}

// missing tells what a reader should know about statistics that are not there.
func (c *Catalog) missing() []string {
	var without []string
	for _, t := range c.Tables {
		if t.Kind == "r" && t.Pages > 8 && !slices.ContainsFunc(t.Columns, func(column *Column) bool { return column.Known }) {
			without = append(without, t.ID)
		}
	}
	if len(without) == 0 {
		return nil
	}
	return []string{"no column statistics can be read of " + strings.Join(without, ", ") +
		": either they were never analysed, or this user may not read the tables; costs of their statements are guesses"}
}

const ours = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg\_temp%'`

func (c *Catalog) readTables(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `SELECT k.oid, n.nspname, k.relname, k.relkind::text, greatest(k.reltuples, leaves.tuples, 0),
			coalesce(leaves.pages, k.relpages),
			CASE WHEN coalesce(leaves.pages, k.relpages) > 0 THEN coalesce(leaves.visible, k.relallvisible)::float8 / coalesce(leaves.pages, k.relpages) ELSE 0 END,
			CASE WHEN k.relkind IN ('v') THEN pg_get_viewdef(k.oid) ELSE '' END,
			coalesce(st.n_tup_ins, 0), coalesce(st.n_tup_upd, 0), coalesce(st.n_tup_hot_upd, 0), coalesce(st.n_tup_del, 0),
			coalesce(st.n_dead_tup, 0), coalesce(st.n_mod_since_analyze, 0), st.relid IS NOT NULL,
			k.reltuples >= 0, CASE WHEN k.relkind IN ('r', 'm') THEN coalesce(pg_relation_size(k.oid), 0) / 8192 ELSE coalesce(leaves.pages, k.relpages) END,
			ARRAY(SELECT inhrelid::oid FROM pg_inherits WHERE inhparent = k.oid AND k.relkind = 'p' ORDER BY 1), coalesce(leaves.beside, pg_relation_size(nullif(k.reltoastrelid, 0)), 0) > 0
		FROM pg_class k LEFT JOIN LATERAL (SELECT sum(pg_relation_size(nullif(l.reltoastrelid, 0))) AS beside, sum(greatest(l.reltuples, 0))::float8 AS tuples, sum(l.relpages)::float8 AS pages, sum(l.relallvisible)::float8 AS visible
			FROM pg_partition_tree(k.oid) p JOIN pg_class l ON l.oid = p.relid WHERE p.isleaf) leaves ON k.relkind = 'p'
			JOIN pg_namespace n ON n.oid = k.relnamespace LEFT JOIN pg_stat_user_tables st ON st.relid = k.oid
		WHERE k.relkind IN ('r', 'p', 'v', 'm') AND `+ours+` ORDER BY 2, 3`)
	if err != nil {
		return err
	}
	defer rows.Close()
	partitions := map[*Table][]uint32{}
	for rows.Next() {
		t := &Table{}
		var parts []uint32
		if err := rows.Scan(&t.oid, &t.Schema, &t.Name, &t.Kind, &t.Rows, &t.Pages, &t.Visible, &t.View, &t.Inserted, &t.Updated,
			&t.Hot, &t.Deleted, &t.Dead, &t.Modified, &t.Counted, &t.Analysed, &t.size, &parts, &t.toasted); err != nil {
			return err
		}
		t.View = strings.TrimSuffix(t.View, ";")
		c.add(t)
		partitions[t] = parts
	}
	known := c.byOID()
	for t, parts := range partitions {
		for _, oid := range parts {
			if part := known[oid]; part != nil {
				t.Partitions = append(t.Partitions, part)
			}
		}
	}
	for _, t := range c.Tables {
		t.ID = pgsql.Ident(t.Name)
		if c.find("", t.Name) != t {
			t.ID = pgsql.Ident(t.Schema) + "." + pgsql.Ident(t.Name)
		}
	}
	return rows.Err()
}

func (c *Catalog) add(t *Table) {
	t.home = c
	c.Tables = append(c.Tables, t)
	c.byName[t.Schema+"."+t.Name] = t
}

func (c *Catalog) byOID() map[uint32]*Table {
	out := map[uint32]*Table{}
	for _, t := range c.Tables {
		out[t.oid] = t
	}
	return out
}

func (c *Catalog) readColumns(ctx context.Context, s *session) error {
	tables := c.byOID()
	rows, err := s.Query(ctx, `SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
			coalesce(l.collname = 'C' OR l.collname = 'POSIX' OR l.collname = 'default'
				AND (SELECT datcollate IN ('C', 'POSIX') AND datlocprovider <> 'i' FROM pg_database WHERE datname = current_database()), false),
			base.oid::regtype::text, CASE WHEN base.typcategory = 'A' THEN 'A' WHEN base.typtype IN ('r', 'm') THEN upper(base.typtype::text) ELSE '' END,
			ARRAY(SELECT casttarget::regtype::text FROM pg_cast WHERE castsource = base.oid AND castmethod = 'b' AND castcontext = 'i' ORDER BY 1)
		FROM pg_attribute a JOIN pg_class k ON k.oid = a.attrelid JOIN pg_namespace n ON n.oid = k.relnamespace
			CROSS JOIN LATERAL (WITH RECURSIVE b AS (
				SELECT t.oid, t.typbasetype, t.typcategory, t.typtype FROM pg_type t WHERE t.oid = a.atttypid
				UNION ALL SELECT t.oid, t.typbasetype, t.typcategory, t.typtype FROM pg_type t JOIN b ON t.oid = b.typbasetype
			) SELECT * FROM b WHERE typbasetype = 0) base
			LEFT JOIN pg_collation l ON l.oid = a.attcollation
		WHERE a.attnum > 0 AND NOT a.attisdropped AND k.relkind IN ('r', 'p', 'v', 'm') AND `+ours+` ORDER BY a.attrelid, a.attnum`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var oid uint32
		column := &Column{}
		var base, sort string
		var alike []string
		if err := rows.Scan(&oid, &column.Name, &column.Type, &column.NotNull, &column.ByteOrder, &base, &sort, &alike); err != nil {
			return err
		}
		column.kinds = kindsOf(base, alike, sort)
		if t := tables[oid]; t != nil {
			t.Columns = append(t.Columns, column)
		}
	}
	return rows.Err()
}

func (c *Catalog) readStatistics(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `SELECT schemaname, tablename, attname, null_frac, n_distinct, avg_width, coalesce(correlation, 0),
			coalesce(most_common_vals::text::text[], '{}'), coalesce(most_common_freqs::float8[], '{}'),
			coalesce(histogram_bounds::text::text[], '{}')
		FROM pg_stats n WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY inherited`) // of a table with heirs both are told, and that of all rows is meant
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var schema, table, name string
		var read Column
		if err := rows.Scan(&schema, &table, &name, &read.NullFrac, &read.Distinct, &read.Width, &read.Correlation,
			&read.Common, &read.Frequencies, &read.Histogram); err != nil {
			return err
		}
		t := c.byName[schema+"."+table]
		if t == nil {
			continue
		}
		if column := t.column(name); column != nil {
			read.Name, read.Type, read.NotNull, read.ByteOrder, read.Known = column.Name, column.Type, column.NotNull, column.ByteOrder, true
			read.kinds = column.kinds
			*column = read
		}
	}
	return rows.Err()
}

func (c *Catalog) readIndexes(ctx context.Context, s *session) error {
	tables := c.byOID()
	rows, err := s.Query(ctx, `SELECT x.indrelid, x.indexrelid, k.relname, coalesce(pg_get_indexdef(x.indexrelid), ''), m.amname, x.indisunique, x.indisprimary,
			x.indisvalid, EXISTS (SELECT FROM pg_constraint WHERE conindid = x.indexrelid AND contype IN ('p', 'u', 'x')), x.indisreplident,
			coalesce(pg_relation_size(x.indexrelid), 0), coalesce(st.idx_scan, 0), coalesce(pg_get_expr(x.indpred, x.indrelid), ''),
			coalesce(pg_get_expr(x.indexprs, x.indrelid), ''),
			ARRAY(SELECT coalesce((SELECT attname FROM pg_attribute WHERE attrelid = x.indrelid AND attnum = x.indkey[i] AND attnum > 0), '')::text
				FROM generate_series(0, x.indnkeyatts - 1) i ORDER BY i),
			ARRAY(SELECT (SELECT attname FROM pg_attribute WHERE attrelid = x.indrelid AND attnum = x.indkey[i])::text
				FROM generate_series(x.indnkeyatts, x.indnatts - 1) i ORDER BY i),
			ARRAY(SELECT x.indkey[i] || ' ' || x.indclass[i] || ' ' || x.indcollation[i] || ' ' || x.indoption[i]
				FROM generate_series(0, x.indnkeyatts - 1) i ORDER BY i)
		FROM pg_index x JOIN pg_class k ON k.oid = x.indexrelid JOIN pg_am m ON m.oid = k.relam
			JOIN pg_namespace n ON n.oid = k.relnamespace LEFT JOIN pg_stat_user_indexes st ON st.indexrelid = x.indexrelid
		WHERE `+ours+` ORDER BY n.nspname, k.relname`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table uint32
		i := &Existing{}
		if err := rows.Scan(&table, &i.oid, &i.Name, &i.Definition, &i.Method, &i.Unique, &i.Primary, &i.Valid, &i.Constraint, &i.Replica,
			&i.Bytes, &i.Scans, &i.Where, &i.expressions, &i.Columns, &i.Include, &i.parts); err != nil {
			return err
		}
		if t := tables[table]; t != nil {
			t.Indexes = append(t.Indexes, i)
		}
	}
	return rows.Err()
}

func (c *Catalog) readKeys(ctx context.Context, s *session) error {
	tables := c.byOID()
	rows, err := s.Query(ctx, `SELECT f.conrelid, f.conname, f.confrelid, f.confdeltype::text,
			ARRAY(SELECT attname::text FROM unnest(f.conkey) WITH ORDINALITY u(num, i) JOIN pg_attribute ON attrelid = f.conrelid AND attnum = u.num ORDER BY u.i),
			ARRAY(SELECT attname::text FROM unnest(f.confkey) WITH ORDINALITY u(num, i) JOIN pg_attribute ON attrelid = f.confrelid AND attnum = u.num ORDER BY u.i)
		FROM pg_constraint f WHERE f.contype = 'f' AND f.conparentid = 0 ORDER BY f.conrelid::regclass::text, f.conname`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var from, to uint32
		var key ForeignKey
		if err := rows.Scan(&from, &key.Name, &to, &key.OnDelete, &key.Columns, &key.Refers); err != nil {
			return err
		}
		if t := tables[from]; t != nil {
			key.Table = tables[to]
			t.Keys = append(t.Keys, key)
		}
	}
	return rows.Err()
}

func (c *Catalog) readSettings(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `SELECT 'extension', extname::text, extversion FROM pg_extension
		UNION ALL SELECT 'setting', name, setting FROM pg_settings
		WHERE name IN ('random_page_cost', 'work_mem', 'effective_cache_size', 'default_statistics_target')`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var what, name, value string
		if err := rows.Scan(&what, &name, &value); err != nil {
			return err
		}
		if what == "extension" {
			c.Extensions[name] = true
		} else {
			c.Settings[name] = value
		}
	}
	return rows.Err()
}

// readFunctions notes which functions an index may not hold, and which may do anything when they are called.
func (c *Catalog) readFunctions(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `SELECT proname::text, bool_or(provolatile = 'v') FROM pg_proc WHERE provolatile <> 'i' GROUP BY 1`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var volatile bool
		if err := rows.Scan(&name, &volatile); err != nil {
			return err
		}
		c.mutable[name] = true
		c.volatile[name] = volatile
	}
	return rows.Err()
}
