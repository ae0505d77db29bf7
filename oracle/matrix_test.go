package oracle

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/internal/designs"
)

var update = flag.Bool("update", false, "write the answers of the matrices")

// Every operation of the five designs, by everybody, at every door, on both databases: one answer.
func TestMatrix(t *testing.T) {
	for _, design := range designs.Names {
		t.Run(design, func(t *testing.T) {
			source, err := designs.Built(design)
			if err != nil {
				t.Fatal(err)
			}
			p, problems, err := blueprintOf(string(source))
			if err != nil || problems != nil {
				t.Fatal(problems, err)
			}
			path := filepath.Join("testdata", "matrix", design+".txtar")
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := ParseMatrix(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"sqlite", "postgres"} {
				answers := matrixOn(t, name, p, m)
				if *update {
					if err := os.WriteFile(path, m.Format(answers), 0o644); err != nil {
						t.Fatal(err)
					}
					m.Answers = answers
				}
				if answers != m.Answers {
					t.Errorf("on %s, of %s:\n%s", name, path, lineDiff(m.Answers, answers))
				}
			}
		})
	}
}

func matrixOn(t *testing.T, name string, p *blueprint, m *Matrix) string {
	t.Helper()
	db := open(t, name, "main")
	defer db.Close()
	made, err := newProduct(name, p, db)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.start(made)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	schema, wrong := gqlparser.LoadSchema(&ast.Source{Name: "api/schema.graphql", Input: p.sdl})
	if wrong != nil {
		t.Fatal(wrong)
	}
	methods, err := methodsOf(p.descriptors)
	if err != nil {
		t.Fatal(err)
	}
	r.doors = []door{restDoor{}, restDoor{batched: true}, graphqlDoor{schema}, grpcDoor{methods: methods}, grpcDoor{methods: methods, streamed: true}}
	wishes, err := r.wishes()
	if err != nil {
		t.Fatal(err)
	}
	var lines [][]string
	head := []string{""}
	for _, v := range m.Viewers {
		head = append(head, v.Name)
	}
	lines = append(lines, head)
	for _, w := range wishes {
		line := []string{w.String()}
		for _, v := range m.Viewers {
			s, err := r.cell(w, v)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				line = append(line, "?")
				continue
			}
			cell := s.short()
			if hidden := r.hidden(w, s.answer); hidden != nil {
				cell += ", no " + strings.Join(hidden, " ")
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	for _, missing := range r.unasked(schema, methods) {
		t.Errorf("%s: nobody asks for %s", name, missing)
	}
	t.Logf("%s: %d cells of %d requests, %d doors each", name, r.cells, len(wishes), len(r.doors))
	return table(lines)
}

// table is lines in columns.
func table(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	var out strings.Builder
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			fmt.Fprintf(&text, "%-*s", widths[i]+2, cell)
		}
		out.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	return out.String()
}
