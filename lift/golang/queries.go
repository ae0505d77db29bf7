package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
)

// querySpec says how a call reaches a database.
type querySpec struct {
	library string
	text    int  // the argument that is SQL, or -1 where a builder says it
	args    int  // the first argument that is a parameter
	one     bool // answers with one row
	ctx     int  // the argument that is a context, or -1
	pos     *ast.SelectorExpr
}

// querySpec recognises a call that reaches a database.
func (l *lifter) querySpec(s *source, call *ast.CallExpr) (querySpec, bool) {
	if spec, known := l.specs[call]; known {
		return spec, spec.library != ""
	}
	spec := l.findSpec(s, call)
	l.specs[call] = spec
	return spec, spec.library != ""
}

func (l *lifter) findSpec(s *source, call *ast.CallExpr) querySpec {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		return querySpec{}
	}
	if s.generatedByBoiler() {
		return querySpec{} // what it sends is lifted where the code calls it, which says more
	}
	if spec, is := l.boilerSpec(s, call, selector); is {
		return spec
	}
	name := selector.Sel.Name
	if path := s.packageOf(selector.X); path != "" {
		if strings.HasSuffix(path, "jmoiron/sqlx") && (name == "Get" || name == "Select") && len(call.Args) >= 3 {
			return querySpec{library: "sqlx", text: 2, args: 3, one: name == "Get", ctx: -1, pos: selector}
		}
		return querySpec{}
	}
	received := s.info.TypeOf(selector.X)
	path, typeName := namedType(received)
	fn, _ := s.info.Uses[selector.Sel].(*types.Func)
	if fn != nil {
		if sig, is := fn.Type().(*types.Signature); is && sig.Recv() != nil {
			if p, n := namedType(sig.Recv().Type()); p != "" {
				path, typeName = p, n
			}
		}
		if spec, is := l.entSpec(s, call, selector, path, typeName); is {
			return spec
		}
		if l.declared[fn.Origin()] != nil {
			if spec, is := l.gorpSpec(s, call, selector, path, typeName); is {
				return spec
			}
			return querySpec{} // a function of the code: what it does is found in it
		}
	}
	if spec, is := l.jetSpec(s, call, selector); is {
		return spec
	}
	if spec, is := l.gorpSpec(s, call, selector, path, typeName); is {
		return spec
	}
	if spec, is := l.goPgSpec(s, call, selector, path, typeName); is {
		return spec
	}
	if n, is := gormTerminals[name]; is && isGorm(path) && typeName == "DB" {
		spec := querySpec{library: "gorm", text: -1, args: n, one: name == "First" || name == "Take" || name == "Last", ctx: -1, pos: selector}
		if name == "Exec" || name == "Raw" {
			spec.text = 0
			if name == "Raw" && l.chainedOn(call) {
				return querySpec{} // the terminal behind it is the query
			}
		}
		return spec
	}
	if one, is := popTerminals[name]; is && isPop(path) && (typeName == "Connection" || typeName == "Query") && (len(call.Args) > 0 || !popModel(name)) {
		return querySpec{library: "pop", text: -1, args: len(call.Args), one: one, ctx: -1, pos: selector}
	}
	if (isXorm(path) || leadsToXorm(received)) && xormTerminals[name] && len(call.Args) > 0 {
		spec := querySpec{library: "xorm", text: -1, args: 0, one: name == "Get" || name == "Exist", ctx: -1, pos: selector}
		if (name == "Exec" || strings.HasPrefix(name, "Query")) && !isXormBuilder(s, call.Args[0]) {
			spec.text, spec.args = 0, 1
		}
		return spec
	}
	if squirrelTerminals[name] && l.ofSquirrel(s, selector.X, 0) {
		return querySpec{library: "squirrel", text: -1, one: strings.HasPrefix(name, "QueryRow"), ctx: contextIndex(s, call), pos: selector}
	}
	if strings.HasPrefix(path, "github.com/uptrace/bun") && strings.HasSuffix(typeName, "Query") && (name == "Scan" || name == "Exec" || name == "Count" || name == "Exists" || name == "ScanAndCount" || name == "Rows") {
		return querySpec{library: "bun", text: -1, args: 1, one: name == "Exists", ctx: contextIndex(s, call), pos: selector}
	}
	return l.textSpec(s, call, selector, path, typeName)
}

// textMethods are methods that take SQL, whatever type has them, with whether they answer with one row.
var textMethods = map[string]bool{
	"Query": false, "QueryContext": false, "QueryRow": true, "QueryRowContext": true, "Exec": false, "ExecContext": false,
	"Queryx": false, "QueryxContext": false, "QueryRowx": true, "QueryRowxContext": true, "Get": true, "GetContext": true, "Select": false,
	"SelectContext": false, "NamedExec": false, "NamedExecContext": false, "NamedQuery": false, "NamedQueryContext": false, "MustExec": false,
	"Prepare": false, "PrepareContext": false, "Preparex": false, "PreparexContext": false,
}

// textSpec recognises methods that take SQL: by their type, or by what they answer.
func (l *lifter) textSpec(s *source, call *ast.CallExpr, selector *ast.SelectorExpr, path, typeName string) querySpec {
	one, is := textMethods[selector.Sel.Name]
	if !is {
		return l.sayingSQL(s, call, selector)
	}
	library := ""
	switch {
	case path == "database/sql" && typeName != "Stmt" && typeName != "Rows" && typeName != "Row":
		library = "database/sql"
	case path == "database/sql" && typeName == "Stmt" && !strings.HasPrefix(selector.Sel.Name, "Prepare"):
		return querySpec{library: "database/sql", text: -1, args: max(0, contextIndex(s, call)+1), one: one, ctx: contextIndex(s, call), pos: selector}
	case strings.Contains(path, "jmoiron/sqlx") && typeName != "Stmt" && typeName != "NamedStmt":
		library = "sqlx"
	case strings.HasPrefix(path, "github.com/jackc/pgx") && typeName != "Rows" && typeName != "Batch":
		library = "pgx"
	default:
		library = answersRows(s.info.TypeOf(call))
	}
	if library == "" {
		return l.sayingSQL(s, call, selector)
	}
	spec := querySpec{library: library, one: one, ctx: contextIndex(s, call), pos: selector}
	spec.text = spec.ctx + 1
	if name := selector.Sel.Name; name == "Get" || name == "GetContext" || name == "Select" || name == "SelectContext" {
		spec.text++ // behind the destination
	}
	spec.args = spec.text + 1
	if len(call.Args) <= spec.text {
		return querySpec{}
	}
	if t := s.info.TypeOf(call.Args[spec.text]); t != nil && t != types.Typ[types.Invalid] {
		if b, is := t.Underlying().(*types.Basic); !is || b.Info()&types.IsString == 0 {
			return querySpec{}
		}
	}
	return spec
}

// sendsSQL are names of methods that send SQL in one of their first arguments, of libraries and wrappers that are not
// known by their types: gorp's SelectOne, a client of one's own.
var (
	sendsSQL = regexp.MustCompile(`^(Select|SelectOne|SelectInt|SelectNullInt|SelectStr|SelectNullStr|SelectFloat|Get|GetAll|Find|FindOne|Query|QueryRow|QueryContext|QueryRowContext|Exec|ExecContext|ExecOne|Execute|(QueryRows?|Exec)(Partial)?(NoCache)?Ctx)$`)
	startSQL = regexp.MustCompile(`(?is)^\s*(--[^\n]*\n\s*)*(select\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\w+\s+as\b)`)
)

// sayingSQL recognises a call by an argument that begins as SQL does.
func (l *lifter) sayingSQL(s *source, call *ast.CallExpr, selector *ast.SelectorExpr) querySpec {
	name := selector.Sel.Name
	if !sendsSQL.MatchString(name) {
		return querySpec{}
	}
	for i, arg := range call.Args[:min(4, len(call.Args))] {
		t := s.info.TypeOf(arg)
		if t == nil || !isString(t) {
			continue
		}
		r := &reader{l: l, seen: map[types.Object]bool{}}
		if startSQL.MatchString(sql.Always(r.read(s, arg, 0))) {
			one := name == "SelectOne" || name == "Get" || name == "FindOne" || strings.HasPrefix(name, "QueryRow") || strings.HasPrefix(name, "SelectNull") || name == "SelectInt" || name == "SelectStr"
			return querySpec{library: "sql", text: i, args: i + 1, one: one, ctx: contextIndex(s, call), pos: selector}
		}
		if _, is := textMethods[name]; is {
			if _, made := l.built(s, arg, 0); made != nil { // the text of a builder, sent through a type that is not at hand
				return querySpec{library: "sql", text: i, args: i + 1, one: textMethods[name], ctx: contextIndex(s, call), pos: selector}
			}
		}
		return querySpec{}
	}
	return querySpec{}
}

// answersRows names the library whose rows or results a call answers with.
func answersRows(t types.Type) string {
	if tuple, is := t.(*types.Tuple); is && tuple.Len() > 0 {
		t = tuple.At(0).Type()
	}
	if t == nil {
		return ""
	}
	path, name := namedType(t)
	switch {
	case path == "database/sql" && (name == "Rows" || name == "Row" || name == "Result"):
		return "database/sql"
	case strings.HasPrefix(path, "github.com/jackc/pg") && (name == "Rows" || name == "Row" || name == "CommandTag"):
		return "pgx"
	case strings.HasSuffix(path, "jmoiron/sqlx") && (name == "Rows" || name == "Row"):
		return "sqlx"
	}
	return ""
}

// contextIndex is 0 where the first argument is a context, or is taken for one, else -1.
func contextIndex(s *source, call *ast.CallExpr) int {
	if len(call.Args) == 0 {
		return -1
	}
	if isNamed(typeOr(s.info.TypeOf(call.Args[0])), "context", "Context") {
		return 0
	}
	if sig, is := typeOr(s.info.TypeOf(call.Fun)).(*types.Signature); is && sig.Params().Len() > 0 && isNamed(sig.Params().At(0).Type(), "context", "Context") {
		return 0
	}
	return -1
}

// isNewContext reports whether a call makes a context that nothing ends.
func (s *source) isNewContext(call *ast.CallExpr) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return is && s.packageOf(selector.X) == "context" && (selector.Sel.Name == "Background" || selector.Sel.Name == "TODO")
}

// isOwnContext reports whether a context is a new one that nothing ends, or made of such a one, also by way of a variable that is set
// once. One with a time limit ends by itself.
func (l *lifter) isOwnContext(s *source, e ast.Expr, depth int) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		if !is || s.packageOf(selector.X) != "context" {
			return false
		}
		made := selector.Sel.Name == "WithCancel" || selector.Sel.Name == "WithValue"
		return s.isNewContext(e) || made && len(e.Args) > 0 && depth < 4 && l.isOwnContext(s, e.Args[0], depth+1)
	case *ast.Ident:
		d, is := l.setOnce(s, e)
		return is && d.index <= 0 && depth < 4 && l.isOwnContext(d.source, d.expr, depth+1)
	}
	return false
}

// chainedOn reports whether something is called on the result of a call.
func (l *lifter) chainedOn(call *ast.CallExpr) bool { return l.outer[call] != nil }

// query lifts a query.
func (l *lifter) query(at work, spec querySpec) {
	q := &facts.Query{
		Pos: l.pos(spec.pos.Sel.Pos()), From: at.in.fact, Library: spec.library, One: spec.one, Loop: at.loop, Place: at.lies,
		Name: text(at.call.Fun),
	}
	handle := l.handleOf(at.source, at.call, spec)
	q.Handle = facts.Handle{Text: text(handle), Kind: l.handleKind(at.source, handle), Field: l.fieldOfReceiver(at.in, at.source, handle), Held: l.given(at.in, at.source, handle)}
	if spec.ctx >= 0 {
		q.Context = l.value(at.source, at.call.Args[spec.ctx])
		_, q.Passed = l.holder(at.in, at.source, at.call.Args[spec.ctx], 0)
		q.Endless = l.endless(at.source, at.call.Args[spec.ctx])
	} else if !builders[spec.library] {
		q.Endless = facts.TakesNoContext
	}
	if strings.HasPrefix(spec.pos.Sel.Name, "Prepare") {
		q.Library = "prepare"
	}
	var read *reader
	if spread := at.call.Ellipsis.IsValid() && spec.text == len(at.call.Args)-1; spec.text >= 0 && spec.text < len(at.call.Args) && !spread {
		read = l.readText(at.source, at.call.Args[spec.text], q)
		l.note(q, read)
		l.noteHandedText(at, spec, q)
		l.noteSorting(q, read)
	}
	first := spec.args
	if spec.text < 0 && !builders[spec.library] {
		first = max(first, 0)
	}
	for i := first; i < len(at.call.Args); i++ {
		q.Args = append(q.Args, l.value(at.source, at.call.Args[i]))
	}
	if n := len(q.Args); n > 0 && at.call.Ellipsis.IsValid() {
		q.Args[n-1].Kind = "" // args… are several values, not one list
		if values := read.spread(at.source, at.call.Args[len(at.call.Args)-1]); values != nil {
			q.Args = append(q.Args[:n-1], values...)
		}
	}
	switch spec.library {
	case "gorm", "xorm", "squirrel", "bun", "pop":
		l.chain(at, spec, q)
		q.Reckoned = l.reckonedFields(at, q)
	case "ent":
		l.entChain(at, spec, q)
	case "sqlboiler":
		l.boiler(at, spec, q)
		q.Reckoned = l.reckonedFields(at, q)
	case "jet":
		l.jet(at, spec, q)
	case "sqlx":
		q.Mapped = true
	case "gorp":
		q.Mapped = true
		l.gorpContext(at, spec, q)
		if spec.text < 0 {
			l.gorpRows(at, spec, q)
			q.Reckoned = l.reckonedFields(at, q)
		}
	case "database/sql":
		if spec.text < 0 {
			l.prepared(at, spec, q)
		}
	}
	if q.Statement == nil && q.Text == "" && spec.text >= 0 && spec.text < len(at.call.Args) {
		if in, call := l.built(at.source, at.call.Args[spec.text], 0); call != nil {
			l.builtText(at, q, in, call)
		}
	}
	if q.Text == "" && q.Statement == nil {
		l.facts.Coverage.Dynamic++
	}
	q.ErrorLost = errorLost(at, spec)
	q.WhenNone = l.whenNone(at)
	q.GivesKey = l.givesKey(at, q)
	q.PassContext = l.passContext(at, spec)
	q.Parameters = l.parameters(at, spec, q)
	at.in.fact.Queries = append(at.in.fact.Queries, q)
	l.queries[at.call] = q
}

// handleOf is the handle that a call sends a statement through: an argument, where the library takes it so.
func (l *lifter) handleOf(s *source, call *ast.CallExpr, spec querySpec) ast.Expr {
	switch spec.library {
	case "sqlboiler":
		return l.boilerHandle(s, call, spec)
	case "jet":
		if i := spec.ctx + 1; i < len(call.Args) {
			return call.Args[i]
		}
	}
	return l.sentThrough(s, spec)
}

// sentThrough is the handle that a query is sent through: what its chain begins with, or what squirrel is told to run with.
func (l *lifter) sentThrough(s *source, spec querySpec) ast.Expr {
	if spec.library == "squirrel" {
		for e := ast.Unparen(spec.pos.X); ; {
			call, is := e.(*ast.CallExpr)
			if !is {
				break
			}
			selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if !is {
				break
			}
			if selector.Sel.Name == "RunWith" && len(call.Args) == 1 {
				return call.Args[0]
			}
			e = ast.Unparen(selector.X)
		}
	}
	begin := root(spec.pos.X)
	if selector, is := ast.Unparen(begin).(*ast.SelectorExpr); is && spec.library == "ent" && l.entClientOf(s, begin) {
		return selector.X // of client.User the client
	}
	return begin
}

// builders are libraries whose chains of calls say what is asked.
var builders = map[string]bool{"gorm": true, "xorm": true, "squirrel": true, "bun": true, "ent": true, "gorp": true, "pop": true, "sqlboiler": true, "jet": true}

var (
	// insertReturning is an insertion that answers with the row that it made.
	insertReturning = regexp.MustCompile(`(?is)\binsert\s+into\b.*\breturning\b`)
	// newKey are names of what a row that was made gives back.
	newKey = regexp.MustCompile(`^(ID|Id|UUID)$`)
)

// givesKey reports whether a query inserts a row whose new key is used: the statement returns it, or the key of what was inserted is
// read behind it.
func (l *lifter) givesKey(at work, q *facts.Query) bool {
	if q.One && insertReturning.MatchString(q.Text) {
		return true
	}
	builder := q.Statement != nil && q.Statement.Verb == facts.Insert
	around := at.source.declarationAt(at.call.Pos(), l)
	if around == nil {
		return false
	}
	var made []types.Object
	if assign, is := last(at.stack).(*ast.AssignStmt); is {
		made = append(made, at.source.target(assign.Lhs[0]))
	}
	for _, arg := range at.call.Args {
		made = append(made, at.source.target(arg))
	}
	found := false
	ast.Inspect(around.node, func(n ast.Node) bool {
		selector, is := n.(*ast.SelectorExpr)
		if is && n.Pos() > at.call.End() && (selector.Sel.Name == "LastInsertId" || builder && newKey.MatchString(selector.Sel.Name)) {
			object := at.source.target(rootOf(selector.X))
			found = found || object != nil && slices.Contains(made, object)
		}
		return !found
	})
	return found
}

// whenNone finds the query without whose failing to find or change a row a call is not made: if count == 0 { … }.
func (l *lifter) whenNone(at work) facts.Pos {
	path := append(slices.Clone(at.stack), ast.Node(at.call))
	for i, n := range slices.Backward(path) {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return facts.Pos{}
		case *ast.IfStmt:
			if i+1 < len(path) && path[i+1] == ast.Node(n.Body) {
				if counted := none(n.Cond); counted != nil {
					if pos := l.countedBy(at.source, counted, 0); pos.Line > 0 {
						return pos
					}
				}
			}
		}
	}
	return facts.Pos{}
}

// none is what a condition says there is none of: n in n == 0, n < 1 and !n.
func none(cond ast.Expr) ast.Expr {
	switch cond := ast.Unparen(cond).(type) {
	case *ast.BinaryExpr:
		value, is := cond.Y.(*ast.BasicLit)
		if is && (cond.Op == token.EQL && value.Value == "0" || cond.Op == token.LSS && value.Value == "1" || cond.Op == token.LEQ && value.Value == "0") {
			return cond.X
		}
		if cond.Op == token.LAND || cond.Op == token.LOR {
			if left := none(cond.X); left != nil {
				return left
			}
			return none(cond.Y)
		}
	case *ast.UnaryExpr:
		if cond.Op == token.NOT {
			return cond.X
		}
	}
	return nil
}

// countedBy finds the query whose count of rows an expression is.
func (l *lifter) countedBy(s *source, e ast.Expr, depth int) facts.Pos {
	if depth > 3 {
		return facts.Pos{}
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		if spec, is := l.querySpec(s, e); is {
			return l.pos(spec.pos.Sel.Pos())
		}
		if selector, is := e.Fun.(*ast.SelectorExpr); is && calledName(e) == "RowsAffected" {
			return l.countedBy(s, selector.X, depth+1)
		}
	case *ast.SelectorExpr:
		if e.Sel.Name == "RowsAffected" {
			return l.countedBy(s, e.X, depth+1)
		}
	case *ast.Ident:
		defs := l.defs[s.target(e)]
		for _, d := range slices.Backward(defs) {
			if d.pos < e.Pos() && d.kind == assigned && d.expr != nil && d.source == s {
				return l.countedBy(s, d.expr, depth+1)
			}
		}
	}
	return facts.Pos{}
}

// reckonedFields are the columns of a row that is stored whole whose new value the function reckons from the old one.
func (l *lifter) reckonedFields(at work, q *facts.Query) []string {
	if q.Statement == nil || q.Statement.Verb != facts.Update {
		return nil
	}
	var out []string
	args := at.call.Args
	if selector, is := ast.Unparen(at.call.Fun).(*ast.SelectorExpr); is && q.Library == "sqlboiler" {
		args = []ast.Expr{selector.X}
	}
	for _, s := range chained(at.source, at.call) {
		if s.name == "Model" && q.Library == "bun" {
			args = s.call.Args
		}
	}
	for _, arg := range args {
		object, is := at.target(arg).(*types.Var)
		if !is || object.IsField() || structOf(object.Type()) == nil {
			continue
		}
		structure := structOf(object.Type()).Underlying().(*types.Struct)
		for i := range structure.NumFields() {
			field := structure.Field(i)
			if isNumber(field.Type()) && slices.ContainsFunc(l.defs[field], func(d def) bool { return l.reckons(at, d, object, field) }) {
				out = append(out, facts.Snake(field.Name()))
			}
		}
	}
	return out
}

// reckons reports whether a definition gives a variable's field a sum of itself, in the function at work and before its
// call.
func (l *lifter) reckons(at work, d def, object, field *types.Var) bool {
	if d.source != at.source || d.pos < at.in.body.Pos() || d.pos > at.call.Pos() || d.expr == nil {
		return false
	}
	if d.kind == appended {
		return true
	}
	sum, is := ast.Unparen(d.expr).(*ast.BinaryExpr)
	if !is || d.kind != assigned || sum.Op != token.ADD && sum.Op != token.SUB {
		return false
	}
	for _, side := range []ast.Expr{sum.X, sum.Y} {
		if selector, is := ast.Unparen(side).(*ast.SelectorExpr); is && at.target(selector.X) == types.Object(object) && at.info.Uses[selector.Sel] == types.Object(field) {
			return true
		}
	}
	return false
}

// root is what a chain of calls begins with.
func root(e ast.Expr) ast.Expr {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.CallExpr:
			selector, is := ast.Unparen(x.Fun).(*ast.SelectorExpr)
			if !is {
				return e
			}
			if _, isCall := ast.Unparen(selector.X).(*ast.CallExpr); !isCall {
				return selector.X
			}
			e = selector.X
		default:
			return e
		}
	}
}

// handleKind says what a query is sent through, by its type.
func (l *lifter) handleKind(s *source, e ast.Expr) string {
	path, name := namedType(s.info.TypeOf(e))
	switch {
	case name == "Tx" && path != "", name == "Transaction" && isGorp(path), name == "Session" && isXorm(path):
		return "tx"
	case l.isOwnTx(typeOr(s.info.TypeOf(e))):
		return "tx"
	case isPool(path, name), embedsPool(s.info.TypeOf(e)), l.wrapsPool(s.info.TypeOf(e)):
		return "pool"
	case name == "Conn" && path != "":
		return "conn"
	}
	return ""
}

// embedsPool reports whether a type is a pool of connections with more to it.
func embedsPool(t types.Type) bool {
	structure, is := deref(typeOr(t)).Underlying().(*types.Struct)
	if !is {
		return false
	}
	for field := range structure.Fields() {
		if path, name := namedType(field.Type()); field.Embedded() && isPool(path, name) {
			return true
		}
	}
	return false
}

// wrapsPool reports whether a type of the code is a pool in other clothes: a struct that holds one and nothing else.
func (l *lifter) wrapsPool(t types.Type) bool {
	named, is := types.Unalias(deref(typeOr(t))).(*types.Named)
	if !is || named.Obj().Pkg() == nil || l.loader.sources[named.Obj().Pkg().Path()] == nil {
		return false
	}
	structure, is := named.Underlying().(*types.Struct)
	if !is || structure.NumFields() != 1 {
		return false
	}
	path, name := namedType(structure.Field(0).Type())
	return isPool(path, name)
}

// isPool reports whether the named type of a library is a pool of connections, and no transaction.
func isPool(path, name string) bool {
	switch name {
	case "DB":
		return path == "database/sql" || strings.HasSuffix(path, "sqlx") || strings.HasPrefix(path, "github.com/uptrace/bun") || isGoPg(path)
	case "Pool":
		return strings.HasSuffix(path, "pgxpool")
	case "Engine", "EngineGroup":
		return isXorm(path)
	}
	return name == "DbMap" && isGorp(path)
}

// hole stands in a query's text for a piece that is no constant.
const hole = "\uFFFC"
