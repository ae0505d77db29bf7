package cli_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestCodes wants codes.json to be what the sources say about each code; -update makes it so.
func TestCodes(t *testing.T) {
	texts := map[string]string{}
	for _, dir := range []string{"../design", "../model/build", "../pipeline"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				readCodes(t, file, texts)
			}
		}
	}
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(texts); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("codes.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("codes.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Error("codes.json is not what the sources say; run go test ./cli -run Codes -update")
	}
}

// readCodes adds the comments of a file's constants of type diag.Code, without the constant's name.
func readCodes(t *testing.T, name string, texts map[string]string) {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, is := node.(*ast.ValueSpec)
		if !is || len(spec.Values) != 1 {
			return true
		}
		of, is := spec.Type.(*ast.SelectorExpr)
		if !is || of.Sel.Name != "Code" {
			return true
		}
		literal, is := spec.Values[0].(*ast.BasicLit)
		if !is {
			return true
		}
		code, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.TrimPrefix(spec.Doc.Text(), spec.Names[0].Name+" is ")
		if text == "" {
			t.Errorf("%s: %s has no comment", name, code)
		}
		texts[code] = strings.ReplaceAll(text, "\t", "    ")
		return true
	})
}
