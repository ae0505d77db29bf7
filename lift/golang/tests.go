package golang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// testFile reads what the syntax of a file of tests tells. Its types are not looked for: tests call the code by its names.
func (l *loader) testFile(shown, dir string, text []byte) {
	file, _ := parser.ParseFile(l.fset, shown, text, parser.SkipObjectResolution)
	if file == nil || file.Name == nil {
		return
	}
	t := &testReader{names: map[string]bool{}, requests: map[string]bool{}, read: map[ast.Expr]bool{}, methods: map[string]bool{}}
	out := &facts.TestFile{Pos: facts.Pos{File: shown, Line: 1, Column: 1}, Outside: strings.HasSuffix(file.Name.Name, "_test")}
	for _, spec := range file.Imports {
		out.Libraries = append(out.Libraries, strings.Trim(spec.Path.Value, "\"`"))
	}
	for _, decl := range file.Decls {
		fn, is := decl.(*ast.FuncDecl)
		if is && fn.Body != nil {
			if kind := testKind(fn); kind != "" {
				at := l.fset.PositionFor(fn.Name.Pos(), false)
				out.Tests = append(out.Tests, facts.Test{
					Pos: facts.Pos{File: shown, Line: at.Line, Column: at.Column}, Name: fn.Name.Name, Kind: kind,
					Table: isTable(fn.Body), Parallel: callsMethod(fn.Body, "Parallel"),
				})
			}
		}
		ast.Inspect(decl, t.visit)
		t.endFunction()
	}
	out.Names, out.Requests = sortedKeys(t.names), sortedKeys(t.requests)
	l.testFiles[dir] = append(l.testFiles[dir], out)
}

func testKind(fn *ast.FuncDecl) string {
	for prefix, kind := range map[string]string{"Test": "test", "Benchmark": "benchmark", "Fuzz": "fuzz", "Example": "example"} {
		rest, found := strings.CutPrefix(fn.Name.Name, prefix)
		if !found || rest != "" && rest[0] >= 'a' && rest[0] <= 'z' || fn.Name.Name == "TestMain" {
			continue
		}
		// A method is a test where its type is a suite.
		if params := len(fn.Type.Params.List); kind == "example" && params == 0 || kind != "example" && (params == 1 || fn.Recv != nil && params == 0) {
			return kind
		}
	}
	return ""
}

// isTable reports whether a test goes over cases: a loop whose body runs a test of its own.
func isTable(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if loop, is := n.(*ast.RangeStmt); is && callsMethod(loop.Body, "Run") {
			found = true
		}
		return !found
	})
	return found
}

func callsMethod(body ast.Node, name string) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			selector, is := call.Fun.(*ast.SelectorExpr)
			found = found || is && selector.Sel.Name == name
		}
		return !found
	})
	return found
}

// testReader collects which functions tests name and what they ask for.
type testReader struct {
	names, requests map[string]bool
	read            map[ast.Expr]bool // what was told with its method already
	methods         map[string]bool   // that the function at hand names
	bare            []string          // the paths that it names without a method
}

// endFunction gives the paths of a function that stand without a method those that the function names: cases in a table
// are asked for in one place.
func (t *testReader) endFunction() {
	for _, path := range t.bare {
		if len(t.methods) == 0 {
			t.requests[path] = true
		}
		for method := range t.methods {
			t.requests[method+" "+path] = true
		}
	}
	t.bare, t.methods = nil, map[string]bool{}
}

func (t *testReader) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		t.names[n.Sel.Name] = true
	case *ast.CallExpr:
		if name, is := n.Fun.(*ast.Ident); is {
			t.names[name.Name] = true
		}
		method := ""
		for _, arg := range n.Args {
			if id, is := arg.(*ast.Ident); is { // a function that is handed over
				t.names[id.Name] = true
			}
			if m := methodOf(arg); m != "" {
				method, t.methods[m] = m, true
				continue
			}
			t.ask(method, arg)
		}
	case *ast.CompositeLit: // a row of a table of cases
		method := ""
		for _, element := range n.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is {
				element = pair.Value
			}
			if m := methodOf(element); m != "" {
				method, t.methods[m] = m, true
			}
		}
		for _, element := range n.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is {
				element = pair.Value
			}
			t.ask(method, element)
		}
	case *ast.BinaryExpr:
		t.ask("", n)
	case *ast.BasicLit:
		t.ask("", n)
	}
	return true
}

// ask notes that tests ask for the path that an expression holds.
func (t *testReader) ask(method string, e ast.Expr) {
	path := pathOf(e)
	if path == "" || t.read[e] {
		return
	}
	if method == "" {
		t.bare = append(t.bare, path)
	} else {
		t.requests[method+" "+path] = true
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if part, is := n.(ast.Expr); is {
			t.read[part] = true
		}
		return true
	})
}

// methodOf is the method of HTTP that an argument says.
func methodOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if name := strings.Trim(e.Value, "\"`"); httpMethods[name] {
			return name
		}
	case *ast.SelectorExpr:
		if name, found := strings.CutPrefix(e.Sel.Name, "Method"); found && httpMethods[strings.ToUpper(name)] {
			return strings.ToUpper(name)
		}
	}
	return ""
}

// pathOf is the path of a request that an expression holds. What is put in stands there as {}.
func pathOf(e ast.Expr) string {
	text := pathText(e)
	if address, err := url.Parse(text); err == nil && address.Scheme != "" && address.Host != "" {
		text = address.Path
	}
	text = strings.TrimPrefix(text, "{}") // the address of a test server
	text, _, _ = strings.Cut(text, "?")
	if !strings.HasPrefix(text, "/") || len(text) > 200 || strings.ContainsAny(text, " \t\n") {
		return ""
	}
	return text
}

func pathText(e ast.Expr) string {
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return verbs.ReplaceAllString(strings.Trim(e.Value, "\"`"), "{}")
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return pathText(e.X) + pathText(e.Y)
		}
	case *ast.CallExpr:
		if calledName(e) == "Sprintf" && len(e.Args) > 0 {
			return pathText(e.Args[0])
		}
	}
	return "{}"
}
