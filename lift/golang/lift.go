// Package golang reads Go modules and tells what they do, as facts.
//
//	files ─▶ load: packages with types ─▶ functions, loops, definitions ─▶ calls, queries, effects, resources ─▶ routes
//
// Types come from source alone (decision 0050): no program of the reviewed code is built or run, and nothing is
// downloaded. Where a library's source is not at hand its types are made up, and Coverage says so. Every look at types
// therefore takes "not known" for an answer.
package golang

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
)

// Lifted is what a folder of Go code holds.
type Lifted struct {
	Facts    *facts.Facts
	Embedded []sql.Text // SQL that stands in the code and changes the schema
	Looked   []string   // folders in which libraries were looked for, there or not
	Drawn    int        // packages whose facts were drawn anew
}

// Lift reads all Go code below a folder, but for the parts that are kept (nil for none). Files that cannot be parsed are in the
// coverage; an error says that the folder itself cannot be read.
func Lift(dir string, kept Kept) (*Lifted, error) {
	goroot, cache := installation()
	return lift(dir, kept, goroot, cache)
}

// lift is Lift with the Go installation and the module cache, each "" for none.
func lift(dir string, kept Kept, goroot, cache string) (*Lifted, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	loader := newLoader(root, &facts.Coverage{})
	loader.goroot, loader.cache = goroot, cache
	dirs, err := loader.findModules()
	if err != nil {
		return nil, err
	}
	modules, drawn := loader.sumModules(), 0
	var lifted []*Part
	for _, folders := range parts(loader.read(dirs)) {
		sum := sumOf(folders, modules)
		var part *Part
		if kept != nil {
			part = kept.Part(sum)
		}
		if part == nil {
			part = loader.part(folders)
			drawn += part.Facts.Coverage.Packages
			if kept != nil {
				kept.Keep(sum, part)
			}
		}
		for _, f := range folders {
			f.files = nil // not needed any more
		}
		lifted = append(lifted, part)
	}
	out := merge(lifted)
	out.Drawn = drawn
	out.Facts.Coverage.Unread = loader.unread
	return out, nil
}

// all draws the facts, in the order in which they need each other.
func (l *lifter) all() {
	l.eachFile(l.findFunctions)
	l.findTypes()
	l.findBound()
	l.findContractLimits()
	l.eachFile(l.findDefinitions)
	l.eachFile(l.findInjected)
	l.eachFile(l.findEmbeddedTexts)
	l.eachFile(l.judgeLoops)
	l.settlePositive()
	l.eachFile(l.findRefused)
	l.eachFile(l.findCutOffs)
	l.eachFile(l.findOperations)
	l.findEngines()
	l.findRouters()
	l.findNests()
	l.eachFile(l.findFilters)
	l.eachFile(l.findRoutes)
	l.eachFile(l.findRegistered)
	l.eachFile(l.findBeegoRoutes)
	l.eachFile(l.findGoZeroRoutes)
	l.eachFile(l.findOperationRoutes)
	l.eachFile(l.findServed)
	l.findProcedureChecks()
	l.findToldBack()
	l.findDeepLooks()
	l.eachFile(l.findMessages)
	l.eachFile(l.findWork)
	l.findMeasured()
	l.eachFile(l.findLists)
	l.liftWrappers()
	l.findHanded()
	l.eachFile(l.findSorts)
	l.findSortings()
	l.eachFile(l.findTransactions)
	l.eachFile(l.findResources)
	l.eachFile(l.findLate)
	l.eachFile(l.findGoroutines)
	l.eachFile(l.findCaptured)
	l.eachFile(l.findAbandoned)
	l.eachFile(l.findCalledBack)
	l.findKeptLocks()
	for _, f := range l.functions {
		f.fact.Locks, f.fact.LocksAny = l.locks(f), l.locksAnywhere(f)
		f.fact.Tx, f.fact.Begins = l.givenTransaction(f), l.beginsOne(f)
		f.fact.Counted = l.countedApart(f)
		f.fact.Toils, f.fact.Serves = l.toils(f), l.serves(f)
	}
	l.keepNarrowing()
	l.findLasting()
	l.eachFile(l.findLiterals)
	l.findGuarded()
	l.findAlone()
	l.eachFile(l.findIgnores)
	l.findReturns()
	l.findRowHooks()
	l.findSetFields()
	l.findModels()
	l.eachFile(l.findEmbedded)
	l.findPackages()
	l.eachFile(l.findPractices)
	l.findUncalled()
	l.link()
	l.findCallers()
	l.facts.Sums = l.loader.sums
}

func newLifter(loader *loader, out *facts.Facts) *lifter {
	return &lifter{
		loader: loader, facts: out, fset: loader.fset,
		declared: map[*types.Func]*function{}, nodes: map[ast.Node]*function{}, defs: map[types.Object][]def{}, withMethod: map[string][]*types.Named{},
		checked: map[types.Object]bool{}, formed: map[types.Object]bool{}, loops: map[ast.Node]*facts.Loop{}, implementations: map[throughInterface][]*function{},
		handlers: map[*function]bool{}, injected: map[types.Object]string{}, scopes: map[types.Object]*scope{}, scopeCalls: map[*ast.CallExpr]*scope{},
		specs: map[*ast.CallExpr]querySpec{}, queries: map[*ast.CallExpr]*facts.Query{}, marked: map[*facts.Query]string{}, limitOver: map[*facts.Query]*facts.Value{}, wrapped: map[*facts.Query]bool{},
		origins: map[types.Object]kept{}, results: map[result]kept{}, listed: map[result][]facts.Origin{}, callees: map[ast.Expr][]*function{},
		effects: map[*ast.CallExpr][]*facts.Effect{}, callFacts: map[*ast.CallExpr]*facts.Call{},
		guards: map[ast.Expr]facts.Guard{}, guardsOfAPI: map[string][]facts.Guard{}, endings: map[*types.Var]ending{}, givenTx: map[types.Object]int{}, ownTx: map[*types.Named]bool{}, glances: map[*function]*glance{},
		bounded: map[types.Object]bool{}, positive: map[types.Object]bool{}, ranged: map[types.Object]bool{}, floored: map[types.Object]bool{}, limits: map[*types.Var]bool{}, checkedIn: map[*types.Var][]ast.Decl{}, written: map[types.Object]bool{}, pathParams: map[*types.Var]string{}, documents: map[types.Object]bool{},
		taken: map[*function][]taken{}, spawned: map[ast.Node]bool{},
		libraries: map[string]*facts.Library{}, registrars: map[*function]registrar{}, messages: map[message][]*function{}, operations: map[types.Object]operation{}, generated: map[*types.TypeName]bool{}, embeddedTexts: map[types.Object]string{}, boiled: map[*source]map[string]*boiled{}, askedOf: map[types.Object][]token.Pos{}, jetWritten: map[*source]map[string]jetTable{}, contractual: map[*facts.Function]bool{}, engines: map[*types.TypeName]bool{}, contexts: map[*types.TypeName]bool{}, inPlace: map[types.Object][]step{}, outer: map[*ast.CallExpr]*ast.CallExpr{},
	}
}

// lifter holds what is known while facts are drawn from the code.
type lifter struct {
	loader *loader
	facts  *facts.Facts
	fset   *token.FileSet

	functions       []*function
	declared        map[*types.Func]*function
	nodes           map[ast.Node]*function // of FuncDecl and FuncLit
	defs            map[types.Object][]def
	checked         map[types.Object]bool // variables that are compared with what is allowed
	formed          map[types.Object]bool // those whose form alone is asked for
	loops           map[ast.Node]*facts.Loop
	named           []*types.Named
	withMethod      map[string][]*types.Named // by the name of a method, in the order of the code
	implementations map[throughInterface][]*function
	handlers        map[*function]bool
	scopes          map[types.Object]*scope
	scopeCalls      map[*ast.CallExpr]*scope
	gorpTables      map[*types.TypeName]gorpTable   // nil before they were looked for
	outer           map[*ast.CallExpr]*ast.CallExpr // the call that is made on a call's result
	siteOf          map[*function][]site
	givenTx         map[types.Object]int         // see givenWithin
	ownTx           map[*types.Named]bool        // see isOwnTx
	endings         map[*types.Var]ending        // of what variables of functions hold
	clients         map[types.Object][]clientUse // nil before they were looked for
	defaultMux      *bool                        // whether operators alone ask the handler of net/http itself; nil before it was looked for
	callSites       map[*function][]site         // the places that call each function; nil before they were looked for
	mentioned       map[*types.Func]bool         // functions that the code outside of tests names, see calledAt
	begunSessions   *bool                        // whether a function of the code makes sessions that have begun; nil where nobody has asked
	origins         map[types.Object]kept
	results         map[result]kept
	listed          map[result][]facts.Origin // of results that are lists: where their items are from
	documents       map[types.Object]bool     // fields of what is read from XML
	callees         map[ast.Expr][]*function
	embedded        []sql.Text
	effects         map[*ast.CallExpr][]*facts.Effect
	callFacts       map[*ast.CallExpr]*facts.Call
	openQueries     []openQuery
	sortings        []sorting
	preparedTexts   map[types.Object]element
	tableFields     map[*types.Var]bool // that chains select from
	madeIn          map[string][]*facts.Function
	lockedUses      map[*types.Var][]*facts.LockedUse // see guardOf; nil before they were looked for
	logins          map[types.Object]bool             // see isLogin; nil before they were looked for
	handed          map[*ast.FuncLit]*ast.CallExpr    // the calls that literals are given to
	taken           map[*function][]taken
	spawned         map[ast.Node]bool             // literals that a go statement runs
	bare            map[*types.Var][]facts.MapUse // of maps, where functions that take no lock use them
	contextual      map[string]bool               // types of what is made where it is put into a context; nil before they were looked for
	guards          map[ast.Expr]facts.Guard
	guardsOfAPI     map[string][]facts.Guard // by the package that puts them around an API made of operations
	glances         map[*function]*glance
	specs           map[*ast.CallExpr]querySpec
	queries         map[*ast.CallExpr]*facts.Query
	marked          map[*facts.Query]string       // their texts, with marks of what is there only sometimes
	above           []givenAbove                  // see settlePositive
	limitOver       map[*facts.Query]*facts.Value // the number that must be above zero for such a text to have a limit
	wrapped         map[*facts.Query]bool
	inPlace         map[types.Object][]step
	overs           map[types.Object]bool     // what loops go over, and maps that functions of the code are given
	bounded         map[types.Object]bool     // numbers that have an upper limit
	hides           *bool                     // see hidesFailures
	fallback        *bool                     // see fallsBack
	closeAsked      *bool                     // see asksForClose
	answerers       map[*function]*answerer   // see answererOf
	positive        map[types.Object]bool     // numbers that are never zero where it matters, see zerolimits.go
	ranged          map[types.Object]bool     // numbers that a function of the code refuses where they are too large, and not where they are zero
	floored         map[types.Object]bool     // numbers of which what checks them asks nothing but whether they are too small
	checkedIn       map[*types.Var][]ast.Decl // the declarations in which fields are compared with what is allowed
	limits          map[*types.Var]bool       // fields that were asked whether they hold only numbers that have one
	filledFields    map[*types.Var]bool       // see decoded
	filledTypes     map[*types.TypeName]bool  // see readInto; nil before they were looked for
	handedTypes     map[*types.TypeName]bool  // see handedIn; nil before they were looked for
	written         map[types.Object]bool     // maps and lists of which an element is assigned
	pathParams      map[*types.Var]string     // fields that a parameter of a route's path fills
	params          map[types.Object]param
	libraries       map[string]*facts.Library
	senders         map[*function]*ast.GoStmt // functions that give away a channel to which a goroutine of theirs sends
	nests           map[*function][]nest      // see findNests
	injected        map[types.Object]string   // parameters that hold what the client sent, and what of it, see findInjected
	engines         map[*types.TypeName]bool  // types of the code that are routers, see findEngines
	contexts        map[*types.TypeName]bool  // what such routers give their handlers
	registrars      map[*function]registrar   // functions that register what they are given
	filters         []beegoFilter
	generated       map[*types.TypeName]bool        // see isGenerated
	embeddedTexts   map[types.Object]string         // of variables that hold a file of SQL
	boiled          map[*source]map[string]*boiled  // see boiledTables
	jetWritten      map[*source]map[string]jetTable // see jetTables
	askedOf         map[types.Object][]token.Pos    // see asksOf
	contractual     map[*facts.Function]bool        // see asksForContract
	messages        map[message][]*function         // what handles each, see findMessages
	operations      map[types.Object]operation      // by the type of their functions
	resolved        map[*types.TypeName]string      // see resolvedObject; nil before it was asked for
	numbersGiven    map[*facts.Function][]site      // see numberSites; nil before it was asked for
}

// function is a function of the code with its fact.
type function struct {
	fact   *facts.Function
	node   ast.Node // FuncDecl or FuncLit
	body   *ast.BlockStmt
	source *source
	sig    *types.Signature
	params []types.Object
	recv   types.Object
	parent *function // of a literal
	calls  map[*ast.CallExpr]*facts.Call

	returnsKnown     bool
	returnStatements []*ast.ReturnStmt
}

// place is one file under work.
type place struct {
	*source
	file *ast.File
}

func (l *lifter) eachFile(do func(place)) {
	for _, s := range l.loader.order {
		if s.info == nil {
			continue
		}
		for _, file := range s.files {
			do(place{s, file})
		}
	}
}

// pos is a place as facts say it.
func (l *lifter) pos(p token.Pos) facts.Pos {
	if !p.IsValid() {
		return facts.Pos{}
	}
	at := l.fset.PositionFor(p, false)
	return facts.Pos{File: at.Filename, Line: at.Line, Column: at.Column}
}

// text is an expression as written, on one line and shortened.
func text(e ast.Expr) string {
	if e == nil {
		return ""
	}
	s := types.ExprString(e)
	if runes := []rune(s); len(runes) > 80 {
		s = string(runes[:77]) + "…"
	}
	return s
}

// findFunctions declares every function and literal of a file.
func (l *lifter) findFunctions(p place) {
	count := map[*function]int{}
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body == nil {
				return false
			}
			f := &function{node: n, body: n.Body, source: p.source, fact: &facts.Function{Name: l.declName(p, n), Own: n.Name.Name, Of: receiverOf(n), Package: p.path}}
			if object, is := p.info.Defs[n.Name].(*types.Func); is {
				l.declared[object] = f
				f.sig, _ = object.Type().(*types.Signature)
			}
			f.params, f.recv = p.parameters(n.Type), p.receiver(n)
			l.addFunction(p, f)
		case *ast.FuncLit:
			f := &function{node: n, body: n.Body, source: p.source, params: p.parameters(n.Type)}
			f.parent = l.around(stack)
			name := "func"
			if f.parent != nil {
				count[f.parent]++
				name = fmt.Sprintf("%s.func%d", f.parent.fact.Name, count[f.parent])
			}
			f.fact = &facts.Function{Name: name, Package: p.path}
			if f.parent != nil {
				f.fact.Outer = f.parent.fact
			}
			if t, is := p.info.TypeOf(n).(*types.Signature); is {
				f.sig = t
			}
			l.addFunction(p, f)
		}
		return true
	})
}

func (l *lifter) addFunction(p place, f *function) {
	f.fact.Pos, f.fact.End = l.pos(f.node.Pos()), l.pos(f.node.End())
	f.fact.Lines = f.fact.End.Line - f.fact.Pos.Line + 1
	f.fact.Aside = p.aside[p.file]
	if strings.HasSuffix(f.fact.Own, "ForTest") || strings.HasSuffix(f.fact.Own, "ForTests") || strings.HasSuffix(f.fact.Own, "ForTesting") {
		f.fact.Aside = "test"
	}
	if f.parent != nil && f.parent.fact.Aside == "test" || slices.ContainsFunc(f.params, func(o types.Object) bool { return o != nil && namedPath(o.Type()) == "testing" }) {
		f.fact.Aside = "test"
	}
	if f.fact.Aside == "" && p.name == "main" && f.parent == nil && (f.fact.Name == "main.main" || f.fact.Name == "main.init") ||
		f.fact.Aside == "" && slices.ContainsFunc(f.params, func(o types.Object) bool { return o != nil && isCommand(o.Type()) }) {
		f.fact.Aside = "command"
	}
	for _, param := range f.params {
		name := "_"
		if param != nil {
			name = param.Name()
		}
		f.fact.Params = append(f.fact.Params, name)
		if param != nil && f.fact.Context == "" {
			f.fact.Context = contextOf(param)
		}
	}
	f.calls = map[*ast.CallExpr]*facts.Call{}
	l.nodes[f.node] = f
	l.functions = append(l.functions, f)
	l.facts.Functions = append(l.facts.Functions, f.fact)
}

// contextOf is an expression for the context of a request, if a parameter has one.
func contextOf(param types.Object) string {
	path, name := namedType(param.Type())
	switch {
	case param.Name() == "_":
		return ""
	case path == "context" && name == "Context":
		return param.Name()
	case path == "net/http" && name == "Request":
		return param.Name() + ".Context()"
	case strings.HasPrefix(path, "github.com/gin-gonic/gin") && name == "Context":
		return param.Name() + ".Request.Context()"
	case strings.HasPrefix(path, "github.com/labstack/echo") && name == "Context":
		return param.Name() + ".Request().Context()"
	case strings.HasPrefix(path, "github.com/gofiber/fiber/v3") && name == "Ctx":
		return param.Name() + ".Context()"
	case strings.HasPrefix(path, "github.com/gofiber/fiber") && name == "Ctx":
		return param.Name() + ".UserContext()"
	case isRestful(path) && name == "Request":
		return param.Name() + ".Request.Context()"
	case isMacaron(path) && name == "Context":
		return param.Name() + ".Req.Context()"
	case path == "github.com/flamego/flamego" && name == "Context":
		return param.Name() + ".Request().Context()"
	}
	return ""
}

// declName is a function's name as people say it: package.Name or (*Type).Name.
func (l *lifter) declName(p place, n *ast.FuncDecl) string {
	if n.Recv == nil || len(n.Recv.List) == 0 {
		return p.name + "." + n.Name.Name
	}
	t := n.Recv.List[0].Type
	if index, is := t.(*ast.IndexExpr); is {
		t = index.X
	}
	if _, is := t.(*ast.StarExpr); is {
		return "(" + text(t) + ")." + n.Name.Name
	}
	return text(t) + "." + n.Name.Name
}

// receiverOf is the type whose method a function is; "" for none.
func receiverOf(n *ast.FuncDecl) string {
	if n.Recv == nil || len(n.Recv.List) == 0 {
		return ""
	}
	return receiverName(n.Recv.List[0].Type)
}

// parameters are the objects of a function's parameters, nil for those without a name.
func (s *source) parameters(t *ast.FuncType) []types.Object {
	var out []types.Object
	if t.Params == nil {
		return nil
	}
	for _, field := range t.Params.List {
		if len(field.Names) == 0 {
			out = append(out, nil)
		}
		for _, name := range field.Names {
			out = append(out, s.info.Defs[name])
		}
	}
	return out
}

func (s *source) receiver(n *ast.FuncDecl) types.Object {
	if n.Recv != nil && len(n.Recv.List) == 1 && len(n.Recv.List[0].Names) == 1 {
		return s.info.Defs[n.Recv.List[0].Names[0]]
	}
	return nil
}

// around is the function that a node lies in, by the stack of its ancestors.
func (l *lifter) around(stack []ast.Node) *function {
	for _, n := range slices.Backward(stack) {
		if f := l.nodes[n]; f != nil {
			return f
		}
	}
	return nil
}

// findTypes lists the types of the code, and by the names of their methods those that may implement an interface.
func (l *lifter) findTypes() {
	for _, s := range l.loader.order {
		if s.types == nil {
			continue
		}
		scope := s.types.Scope()
		for _, name := range scope.Names() {
			object, is := scope.Lookup(name).(*types.TypeName)
			if !is || object.IsAlias() {
				continue
			}
			named, is := object.Type().(*types.Named)
			if !is || types.IsInterface(named) {
				continue
			}
			l.named = append(l.named, named)
			if named.TypeParams().Len() > 0 {
				continue
			}
			methods := map[string]bool{}
			methodNames(named, methods, map[*types.Named]bool{})
			for method := range methods {
				l.withMethod[method] = append(l.withMethod[method], named)
			}
		}
	}
}

// methodNames adds the names of the methods that a type has, and of all that it could have by what it embeds.
func methodNames(named *types.Named, names map[string]bool, seen map[*types.Named]bool) {
	if seen[named] {
		return
	}
	seen[named] = true
	for method := range named.Methods() {
		names[method.Name()] = true
	}
	structure, is := named.Underlying().(*types.Struct)
	if !is {
		return
	}
	for field := range structure.Fields() {
		t := types.Unalias(field.Type())
		if pointer, is := t.(*types.Pointer); is {
			t = types.Unalias(pointer.Elem())
		}
		if embedded, is := t.(*types.Named); is && field.Embedded() {
			methodNames(embedded, names, seen)
		}
	}
}

// link connects calls with what they call, and orders everything.
func (l *lifter) link() {
	for _, f := range l.facts.Functions {
		for _, q := range f.Queries {
			if q.Statement == nil && q.Text != "" {
				text := q.Text
				if marked := l.marked[q]; marked != "" {
					text = marked
				}
				if q.Statement = sql.Read(text, q.Args); q.Statement != nil && q.Statement.Limit != "" {
					q.Statement.LimitOver = l.limitOver[q]
				}
			}
		}
		for _, call := range f.Calls {
			for _, callee := range call.Callees {
				callee.Callers = append(callee.Callers, call)
			}
		}
	}
	sortRoutes(l.facts.Routes)
}

// sortRoutes orders routes by where they are registered.
func sortRoutes(routes []*facts.Route) {
	slices.SortStableFunc(routes, func(a, b *facts.Route) int {
		return strings.Compare(fmt.Sprintf("%s:%06d", a.Pos.File, a.Pos.Line), fmt.Sprintf("%s:%06d", b.Pos.File, b.Pos.Line))
	})
}

// findIgnores reads the lines that ask for silence.
func (l *lifter) findIgnores(p place) {
	for _, group := range p.file.Comments {
		for _, comment := range group.List {
			if ignore, found := facts.ReadIgnore(l.pos(comment.Pos()), comment.Text); found {
				l.facts.Ignores = append(l.facts.Ignores, ignore)
			}
		}
	}
}
