package mend

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"

	"golang.org/x/tools/go/ast/astutil"
)

// tidy takes away the imports of a Go file that nothing uses any more, and formats it if it was formatted before.
func tidy(name string, before, after []byte) ([]byte, error) {
	fset := token.NewFileSet()
	was, err := parser.ParseFile(fset, name, before, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	is, err := parser.ParseFile(fset, name, after, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, spec := range slices.Backward(is.Imports) {
		path, _ := strconv.Unquote(spec.Path.Value)
		if astutil.UsesImport(was, path) && !astutil.UsesImport(is, path) {
			after = removeImport(fset, is, spec, after)
		}
	}
	formatted, err := format.Source(after)
	if err != nil {
		return nil, err
	}
	if old, err := format.Source(before); err == nil && bytes.Equal(old, before) {
		return formatted, nil
	}
	return after, nil
}

// removeImport takes an import away, with the line that it stands on.
func removeImport(fset *token.FileSet, file *ast.File, spec *ast.ImportSpec, text []byte) []byte {
	from, to := fset.PositionFor(spec.Pos(), false).Offset, fset.PositionFor(spec.End(), false).Offset
	for _, decl := range file.Decls {
		if block, is := decl.(*ast.GenDecl); is && block.Tok == token.IMPORT && len(block.Specs) == 1 && block.Specs[0] == ast.Spec(spec) {
			from, to = fset.PositionFor(block.Pos(), false).Offset, fset.PositionFor(block.End(), false).Offset
		}
	}
	for from > 0 && (text[from-1] == ' ' || text[from-1] == '\t') {
		from--
	}
	if to < len(text) && text[to] == '\n' && (from == 0 || text[from-1] == '\n') {
		to++
	}
	return slices.Concat(text[:from], text[to:])
}
