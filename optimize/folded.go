package optimize

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/pgsql"
)

// folding is what of a database's own functions PostgreSQL runs while it plans: it trusts those that are declared immutable or stable, and
// computes a call of constants beforehand. What such a function does is nobody's promise: it may write over a connection of its own, which a
// transaction that only reads does not hinder.
type folding struct {
	functions map[string][]function // that may do anything, by name
	operators map[string][]operator // of such functions
	casts     map[string]bool       // the types to or from which such a function leads
	takes     map[string][]string   // types of the database that functions take, by the function's name
	beside    map[string][]string   // what is planned with each statement of a table: its policies and rules, by schema and name
	defaults  map[string][]string   // what is planned with an INSERT besides
}

// function is one of the database's own.
type function struct {
	oid          uint32
	schema, name string
	volatile     bool
	language     string
	extension    string
	body         string
	takes        []string
}

// operator is one of the database's own, with those of its operands' types that are.
type operator struct {
	schema string
	types  []string
}

// far are extensions whose functions reach beyond the transaction. The functions in C of others do what their documents say.
var far = []string{"dblink", "postgres_fdw", "file_fdw", "http", "pg_net", "pg_background", "pg_cron", "plproxy"}

// safe reports whether a function is known to do no more than it returns, before what it calls is looked at.
func (f *function) safe() bool {
	switch {
	case f.extension != "" && !slices.Contains(far, f.extension) && (f.language == "c" || f.language == "internal" || strings.HasPrefix(f.extension, "postgis")):
		return true
	case f.language != "sql":
		return false
	}
	for _, piece := range f.pieces() {
		parsed, err := pgsql.Parse(piece)
		if err != nil {
			return false
		}
		if reads, _ := pgsql.ReadsOnly(parsed); !reads {
			return false
		}
	}
	return true
}

// pieces are the statements of a function in SQL, whichever way its body is written.
func (f *function) pieces() (pieces []string) {
	body := strings.TrimSpace(f.body)
	if inner, is := strings.CutPrefix(body, "BEGIN ATOMIC"); is {
		body = strings.TrimSuffix(strings.TrimSpace(inner), "END")
	} else if value, is := strings.CutPrefix(body, "RETURN "); is {
		body = "SELECT " + value
	}
	for _, piece := range pgsql.Split(body) {
		pieces = append(pieces, piece.Text)
	}
	return pieces
}

const typeOf = `(SELECT t.typname::text FROM pg_type t WHERE t.oid = %s AND t.typnamespace <> 'pg_catalog'::regnamespace)`

// readFolding asks for the functions that are not PostgreSQL's own, and for what is made of them.
func (c *Catalog) readFolding(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `SELECT p.oid, n.nspname::text, p.proname::text, p.provolatile = 'v', l.lanname::text, coalesce(x.extname::text, ''),
			coalesce(pg_get_function_sqlbody(p.oid), p.prosrc, ''),
			ARRAY(SELECT t.typname::text FROM unnest(p.proargtypes) a JOIN pg_type t ON t.oid = a WHERE t.typnamespace <> 'pg_catalog'::regnamespace)
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
			LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' LEFT JOIN pg_extension x ON x.oid = d.refobjid
		WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY p.oid`)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*function, error) {
		f := &function{}
		return f, row.Scan(&f.oid, &f.schema, &f.name, &f.volatile, &f.language, &f.extension, &f.body, &f.takes)
	})
	if err != nil {
		return err
	}
	fold := &folding{functions: map[string][]function{}, operators: map[string][]operator{}, casts: map[string]bool{}, takes: map[string][]string{}, beside: map[string][]string{}, defaults: map[string][]string{}}
	unsafe := map[uint32]bool{}
	for _, f := range all {
		fold.takes[f.name] = append(fold.takes[f.name], f.takes...)
		if !f.safe() {
			unsafe[f.oid] = true
			fold.functions[f.name] = append(fold.functions[f.name], *f)
		}
	}
	operators, casts, err := readOperators(ctx, s)
	if err != nil {
		return err
	}
	for {
		fold.made(operators, casts, unsafe)
		more := false
		for _, f := range all { // a function in SQL does what it calls
			if !unsafe[f.oid] && f.language == "sql" && f.extension == "" && c.callsUnsafe(fold, f) {
				more, unsafe[f.oid] = true, true
				fold.functions[f.name] = append(fold.functions[f.name], *f)
			}
		}
		if !more {
			break
		}
	}
	c.folding = fold
	return fold.readBeside(ctx, s)
}

// ownOperator and ownCast are as the catalog has them: of which function, between which types that are the database's own.
type ownOperator struct {
	name, schema string
	code         uint32
	types        []string
}

type ownCast struct {
	code  uint32
	types []string
}

func readOperators(ctx context.Context, s *session) (operators []ownOperator, casts []ownCast, err error) {
	rows, err := s.Query(ctx, fmt.Sprintf(`SELECT o.oprname::text, n.nspname::text, o.oprcode::oid, array_remove(ARRAY[`+typeOf+`, `+typeOf+`], NULL)
		FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE n.nspname <> 'pg_catalog'`, "o.oprleft", "o.oprright"))
	if err != nil {
		return nil, nil, err
	}
	operators, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o ownOperator, err error) {
		return o, row.Scan(&o.name, &o.schema, &o.code, &o.types)
	})
	if err != nil {
		return nil, nil, err
	}
	rows, err = s.Query(ctx, `SELECT c.castfunc, ARRAY[(SELECT typname::text FROM pg_type WHERE oid = c.casttarget), (SELECT typname::text FROM pg_type WHERE oid = c.castsource AND typnamespace <> 'pg_catalog'::regnamespace)]
		FROM pg_cast c WHERE c.castfunc >= 16384`)
	if err != nil {
		return nil, nil, err
	}
	casts, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o ownCast, err error) {
		var types []*string
		err = row.Scan(&o.code, &types)
		for _, name := range types {
			if name != nil {
				o.types = append(o.types, *name)
			}
		}
		return o, err
	})
	return operators, casts, err
}

// made notes the operators and casts that are made of unsafe functions.
func (f *folding) made(operators []ownOperator, casts []ownCast, unsafe map[uint32]bool) {
	clear(f.operators)
	for _, o := range operators {
		if unsafe[o.code] {
			f.operators[o.name] = append(f.operators[o.name], operator{o.schema, o.types})
		}
	}
	for _, o := range casts {
		for _, name := range o.types {
			f.casts[name] = f.casts[name] || unsafe[o.code]
		}
	}
}

// callsUnsafe reports whether a function in SQL calls what may do anything, with whatever arguments.
func (c *Catalog) callsUnsafe(fold *folding, f *function) bool {
	for _, piece := range f.pieces() {
		parsed, err := pgsql.Parse(piece)
		if err != nil {
			return true
		}
		_, functions := pgsql.ReadsOnly(parsed)
		if slices.ContainsFunc(functions, func(name string) bool {
			return len(fold.functions[name]) > 0 || c.volatile[name] && !slices.Contains(harmless, name)
		}) {
			return true
		}
		if (&folder{c: c, f: fold, seen: map[string]bool{}}).look(parsed.Tree, true) != "" {
			return true
		}
	}
	return false
}

// readBeside reads what is planned with the statements of a table.
func (f *folding) readBeside(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `SELECT n.nspname || '.' || k.relname, texts.text, texts.inserts FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace,
		LATERAL (
			SELECT 'SELECT ' || concat_ws(', ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS text, false AS inserts FROM pg_policy p WHERE p.polrelid = k.oid
			UNION ALL SELECT pg_get_ruledef(w.oid), false FROM pg_rewrite w WHERE w.ev_class = k.oid AND k.relkind IN ('r', 'p', 'v') AND w.rulename <> '_RETURN'
			UNION ALL SELECT 'SELECT ' || pg_get_expr(d.adbin, d.adrelid), true FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = k.oid AND a.attgenerated = ''
		) texts WHERE `+ours)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table, text string
		var inserts bool
		if err := rows.Scan(&table, &text, &inserts); err != nil {
			return err
		}
		into := f.beside
		if inserts {
			into = f.defaults
		}
		into[table] = append(into[table], text)
	}
	return rows.Err()
}

// plannable reports whether the database itself may plan a statement, and if not, why: something is called that would be run for it.
func (c *Catalog) plannable(s *pgsql.Statement) (reason string) {
	if c.folding == nil {
		return ""
	}
	look := &folder{c: c, f: c.folding, seen: map[string]bool{}, types: map[string]bool{}}
	if what := look.look(s.Tree, false); what != "" {
		return what + " is run while it is planned, and may do anything, so it is not planned"
	}
	return ""
}

// folder looks through one statement and what is planned with it.
type folder struct {
	c     *Catalog
	f     *folding
	seen  map[string]bool // tables
	types map[string]bool // of the database's own, that are mentioned; nil: all
}

// look names what would be run. Where rows of constants may stand for a table, a column may be a constant.
func (l *folder) look(tree pgsql.Node, derived bool) (what string) {
	var texts []string
	tree.Walk(func(n pgsql.Node) bool {
		switch {
		case n.Is("RangeSubselect", "CommonTableExpr", "RangeFunction"):
			derived = true
		case n.Is("TypeCast"):
			l.mention(last(n.As("typeName", "TypeName").Names("names")))
		case n.Is("FuncCall"):
			for _, name := range l.f.takes[last(n.Names("funcname"))] {
				l.mention(name)
			}
		case n.Is("RangeVar"):
			t := l.c.find(n.Text("schemaname"), n.Text("relname"))
			if t == nil || l.seen[t.Schema+"."+t.Name] {
				break
			}
			name := t.Schema + "." + t.Name
			l.seen[name] = true
			for _, column := range t.Columns {
				l.mention(baseName(column.Type))
			}
			if t.View != "" && t.Kind == "v" {
				texts, derived = append(texts, t.View), true
			}
			texts = append(texts, l.f.beside[name]...)
			if tree.Is("InsertStmt") {
				texts = append(texts, l.f.defaults[name]...)
			}
		}
		return true
	})
	tree.Walk(func(n pgsql.Node) bool {
		if what == "" {
			what = l.runs(n, derived)
		}
		return what == ""
	})
	for _, text := range texts {
		if what != "" {
			break
		}
		parsed, err := pgsql.Parse(text)
		if err != nil {
			return "what belongs to its tables, and cannot be read,"
		}
		what = l.look(parsed.Tree, derived)
	}
	return what
}

func (l *folder) mention(name string) {
	if l.types != nil && name != "" {
		l.types[name] = true
	}
}

// runs names what one node makes the server run.
func (l *folder) runs(n pgsql.Node, derived bool) string {
	switch {
	case n.Is("FuncCall"):
		names := n.Names("funcname")
		if !derived && varies(n) {
			return ""
		}
		for _, f := range l.f.functions[last(names)] {
			if (!f.volatile || f.language == "sql") && l.reaches(f.schema, names) {
				return f.name + "()"
			}
		}
	case n.Is("A_Expr"), n.Is("SubLink"):
		field := "name"
		if n.Is("SubLink") {
			field = "operName"
		}
		names := n.Names(field)
		for _, o := range l.f.operators[last(names)] {
			if l.reaches(o.schema, names) && (len(o.types) == 0 || l.types == nil || slices.ContainsFunc(o.types, func(name string) bool { return l.types[name] })) {
				return "the operator " + last(names)
			}
		}
	case n.Is("TypeCast"):
		if name := last(n.As("typeName", "TypeName").Names("names")); l.f.casts[name] && (derived || !varies(n)) {
			return "the cast of " + name
		}
	}
	return ""
}

// reaches reports whether a name as it is written may mean what is in a schema.
func (l *folder) reaches(schema string, names []string) bool {
	if len(names) > 1 {
		return names[len(names)-2] == schema
	}
	return slices.Contains(l.c.path, schema)
}

// varies reports whether a call is of a column, so that it cannot be computed beforehand: unless what is around the column leaves it out.
func varies(n pgsql.Node) (column bool) {
	sure := true
	n.Walk(func(n pgsql.Node) bool {
		switch {
		case n.Is("ColumnRef"):
			column = true
		case n.Is("CoalesceExpr", "CaseExpr", "BoolExpr", "SubLink"), n.Is("A_Const") && n.Has("isnull"):
			sure = false
		}
		return true
	})
	return column && sure
}

func last(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// baseName is the name of a type as the catalog has it, without schema, list and length.
func baseName(kind string) string {
	kind, _, _ = strings.Cut(strings.TrimSuffix(kind, "[]"), "(")
	return strings.Trim(kind[strings.LastIndex(kind, ".")+1:], `"`)
}
