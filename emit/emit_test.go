package emit_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// parse makes the model of a design.
func parse(t *testing.T, sources []design.Source) *model.Model {
	t.Helper()
	var problems diag.List
	d := design.Parse(sources, &problems)
	m := build.Model(d, &problems)
	if len(problems) == 0 {
		build.Unbuilt(d, m, &problems)
	}
	for _, p := range problems {
		t.Errorf("%s:%d:%d: %s [%s] %s", p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message, p.Code, p.Hint)
	}
	if len(problems) > 0 {
		t.FailNow()
	}
	return m
}

// Each testdata/*.txtar holds a design and what is written for it: "FILE" is a whole file, "FILE: START" what begins
// so in it (a declaration, a line, or the JSON value at a path). Its title is the rule.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files := written(t, archive)
			valid(t, files)
			for i, section := range archive.Files {
				if strings.HasPrefix(section.Name, "design/") {
					continue
				}
				path, start, _ := strings.Cut(section.Name, ": ")
				got := cut(files[path], path, start)
				if len(got) == 0 {
					t.Errorf("%s: there is no such file, or nothing in it begins so", section.Name)
					continue
				}
				if !bytes.Equal(got, section.Data) && !*update {
					t.Errorf("%s:\n%s", section.Name, got)
				}
				archive.Files[i].Data = got
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// written is the files of the design in archive, by path.
func written(t *testing.T, archive *txtar.Archive) map[string][]byte {
	sources, named := []design.Source{}, false
	backend := `extend schema @backend(name: "shop", module: "example.com/shop", clients: [GO, TYPESCRIPT])` + "\n"
	for _, section := range archive.Files {
		if strings.HasPrefix(section.Name, "design/") {
			sources = append(sources, design.Source{Name: section.Name, Text: string(section.Data)})
			named = named || bytes.Contains(section.Data, []byte("@backend("))
		}
	}
	if !named {
		sources = append(sources, design.Source{Name: "design/zz.graphql", Text: backend})
	}
	m := parse(t, sources)
	files := map[string][]byte{}
	all, _ := emit.All(m, nil)
	for _, f := range all {
		files[f.Path] = f.Content
	}
	all, _ = emit.All(m, nil)
	for _, again := range all {
		if !bytes.Equal(files[again.Path], again.Content) {
			t.Errorf("%s differs from run to run", again.Path)
		}
	}
	return files
}

// valid asks other implementations whether the contracts are well-formed.
func valid(t *testing.T, files map[string][]byte) {
	schema := string(files["api/schema.graphql"])
	if _, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schema}); err != nil {
		t.Errorf("%v\n%s", err, schema)
	}
	document, err := openapi3.NewLoader().LoadFromData(files["api/openapi.json"])
	if err != nil {
		t.Fatalf("%v\n%s", err, files["api/openapi.json"])
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Errorf("%v\n%s", err, files["api/openapi.json"])
	}
}

// cut is the part of a file that starts so: up to the bracket that closes it at the same indentation.
func cut(content []byte, path, start string) []byte {
	if start == "" {
		return content
	}
	lines := strings.SplitAfter(string(content), "\n")
	var out []string
	inside, indent := false, ""
	for i, line := range lines {
		text := strings.TrimSuffix(line, "\n")
		trimmed := strings.TrimLeft(text, " \t")
		if !inside && strings.HasPrefix(trimmed, start) {
			indent = text[:len(text)-len(trimmed)]
			out = append(comments(lines[:i]), line)
			if !strings.HasSuffix(text, "{") && !strings.HasSuffix(text, "(") {
				break
			}
			inside = true
			continue
		}
		if inside {
			out = append(out, line)
			if strings.TrimLeft(text, " \t") != text[min(len(indent), len(text)):] || strings.HasSuffix(text, "{") {
				continue
			}
			if strings.HasPrefix(trimmed, "}") || strings.HasPrefix(trimmed, ")") {
				break
			}
		}
	}
	for i := range out {
		out[i] = strings.TrimPrefix(out[i], indent)
	}
	return []byte(strings.Join(out, ""))
}

// comments are the comment lines at the end of lines.
func comments(lines []string) []string {
	from := len(lines)
	for from > 0 {
		line := strings.TrimSpace(lines[from-1])
		description := strings.HasPrefix(line, `"`) && strings.HasSuffix(line, `"`) && !strings.Contains(line, `":`)
		if !strings.HasPrefix(line, "//") && !description {
			break
		}
		from--
	}
	return append([]string{}, lines[from:]...)
}
