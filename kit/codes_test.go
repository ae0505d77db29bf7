package kit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit"
)

// Wherever the runtime makes a problem of a code that every service has, it has the status that the vocabulary says.
func TestOneVocabulary(t *testing.T) {
	constants, found := map[string]string{}, 0
	files := token.NewFileSet()
	read := func(path string) *ast.File {
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	ast.Inspect(read("problem.go"), func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "Code") {
			constants[spec.Names[0].Name] = strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)
		}
		return true
	})
	for name, code := range constants {
		if kit.StatusOf(code) == 0 {
			t.Errorf("%s has no status", name)
		}
	}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		ast.Inspect(read(path), func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			said := map[string]string{}
			for _, e := range literal.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					if key, ok := pair.Key.(*ast.Ident); ok {
						said[key.Name] = last(pair.Value)
					}
				}
			}
			code, known := constants[said["Code"]]
			if !known || said["Status"] == "" {
				return true
			}
			found++
			status, known := statuses[said["Status"]]
			if path == filepath.Join("graphql", "values.go") && status == http.StatusBadRequest {
				return true // variables that do not fit their document: GraphQL over HTTP has 400
			}
			if known && status != kit.StatusOf(code) && said["Status"] != "StatusClientGone" {
				t.Errorf("%s: %s with %s, not %d", files.Position(literal.Pos()), code, said["Status"], kit.StatusOf(code))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 20 {
		t.Errorf("only %d problems were found", found)
	}
}

// last is the last name of an expression: StatusConflict of http.StatusConflict.
func last(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.Ident:
		return x.Name
	case *ast.BasicLit:
		return x.Value
	}
	return ""
}

var statuses = map[string]int{
	"400": 400, "StatusBadRequest": 400, "StatusUnauthorized": 401, "StatusForbidden": 403, "StatusNotFound": 404, "StatusMethodNotAllowed": 405,
	"StatusNotAcceptable": 406, "StatusConflict": 409, "StatusPreconditionFailed": 412, "StatusRequestEntityTooLarge": 413,
	"StatusUnsupportedMediaType": 415, "StatusUnprocessableEntity": 422, "StatusPreconditionRequired": 428, "StatusTooManyRequests": 429,
	"StatusInternalServerError": 500, "StatusServiceUnavailable": 503, "StatusGatewayTimeout": 504, "StatusOK": 200,
}

func TestStatusOfGRPC(t *testing.T) {
	for _, test := range []struct {
		problem *kit.Problem
		want    uint32
	}{
		{kit.NotFound("x"), 5},
		{kit.Forbidden("x"), 7},
		{kit.Fail("SOLD_OUT", "x"), 9},
		{&kit.Problem{Code: "NO_MONEY", Status: http.StatusPaymentRequired}, 9},
		{&kit.Problem{Code: "GONE_WRONG", Status: http.StatusBadGateway}, 2},
		{kit.Internal(nil), 13},
		{&kit.Problem{Code: kit.CodeConflict, Status: http.StatusConflict}, 10},
		{&kit.Problem{Code: kit.CodeConflict, Status: http.StatusConflict, Fields: []kit.FieldError{{Code: kit.FieldTaken}}}, 6},
	} {
		if got := test.problem.GRPC(); got != test.want {
			t.Errorf("%s: %d, want %d", test.problem.Code, got, test.want)
		}
	}
}
