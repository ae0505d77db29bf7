package oracle

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fettlehq/fettle/internal/designs"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

var (
	update = flag.Bool("update", false, "write the answers of the matrices")
	rules  = flag.Bool("rules", false, "break each rule of the designs, and tell whether the matrices do")
)

// Every operation of the five designs, by everybody, at every door, on both databases: one answer.
func TestMatrix(t *testing.T) {
	for _, design := range designs.Names {
		t.Run(design, func(t *testing.T) {
			source, err := designs.Built(design)
			if err != nil {
				t.Fatal(err)
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
			p, problems, err := blueprintOf(string(source) + m.Extra)
			if err != nil || problems != nil {
				t.Fatal(problems, err)
			}
			if *rules {
				breakRules(t, string(source)+m.Extra, m)
				return
			}
			for _, name := range []string{"sqlite", "postgres"} {
				answers, heard := matrixOn(t, name, p, m)
				if *update {
					if err := os.WriteFile(path, m.Format(answers, heard), 0o644); err != nil {
						t.Fatal(err)
					}
					m.Answers, m.Heard = answers, heard
				}
				if answers != m.Answers {
					t.Errorf("on %s, of %s:\n%s", name, path, lineDiff(m.Answers, answers))
				}
				if heard != m.Heard {
					t.Errorf("on %s, what is heard, of %s:\n%s", name, path, lineDiff(m.Heard, heard))
				}
			}
		})
	}
}

// hiddenFromSomebody fits a table in which somebody may not read a row.
var hiddenFromSomebody = regexp.MustCompile(`(?m)^get .*NOT_FOUND`)

// matrixOn asks for everything, while everybody listens, and gives the tables.
func matrixOn(t *testing.T, name string, p *blueprint, m *Matrix) (answers, heard string) {
	t.Helper()
	r, schema, methods := startMatrix(t, name, p, m)
	r.doors = []door{
		restDoor{},
		restDoor{batched: true},
		graphqlDoor{schema: schema},
		graphqlDoor{schema: schema, by: "node"},
		graphqlDoor{schema: schema, by: "nodes"},
		grpcDoor{methods: methods},
		grpcDoor{methods: methods, streamed: true},
	}
	for _, e := range r.product.backend.Entities {
		if e.HistoryOf == "" && query.Exposed(e, meta.Read) && !strings.Contains(m.Extra, ": "+e.Name+"! @on(entity: "+e.Name+", do: [CREATE, UPDATE]) @allow(when: \"true\")") {
			t.Errorf("nobody hears of every %s", e.Name)
		}
	}
	answers, differences := r.table()
	for _, d := range differences {
		t.Errorf("%s: %v", name, d)
	}
	for _, missing := range r.unasked(schema, methods) {
		t.Errorf("%s: nobody asks for %s", name, missing)
	}
	t.Logf("%s: %d requests by somebody, at up to %d doors, before %d who subscribe, at %d doors", name, r.cells, len(r.doors), len(r.audience.seats), len(r.audience.doors))
	t.Logf("%s: %d requests named a row that is hidden, and then one that nobody made", name, r.hiddenAsked)
	if r.hiddenAsked == 0 && hiddenFromSomebody.MatchString(answers) {
		t.Errorf("%s: rows are hidden, and nobody names one as if nobody had made it", name)
	}
	return answers, r.audience.table()
}

// startMatrix makes the rows, before everybody who listens.
func startMatrix(t *testing.T, name string, p *blueprint, m *Matrix) (*matrixRun, *ast.Schema, map[string]protoreflect.MethodDescriptor) {
	t.Helper()
	schema, wrong := gqlparser.LoadSchema(&ast.Source{Name: "api/schema.graphql", Input: p.sdl})
	if wrong != nil {
		t.Fatal(wrong)
	}
	methods, err := methodsOf(p.descriptors)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, name, "matrix")
	t.Cleanup(func() { db.Close() })
	made, err := newProduct(name, p, db)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.start(made)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := r.gather(p, &socketDoor{schema: schema}, eventsDoor{schema: schema}, streamDoor{methods: methods}); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	t.Cleanup(r.audience.end)
	return r, schema, methods
}

// ruleOf finds the rules of a design, each of which lets a person in.
var ruleOf = regexp.MustCompile(`@allow\((?:do: [^"]*, )?when: ("[^"]*")\)`)

// breakRules lets everybody do what each rule lets some do, one after the other, and tells which the table does not tell apart.
func breakRules(t *testing.T, source string, m *Matrix) {
	told, all := 0, 0
	for _, at := range ruleOf.FindAllStringSubmatchIndex(source, -1) {
		rule := source[at[0]:at[1]]
		if source[at[2]:at[3]] == `"true"` {
			continue
		}
		all++
		p, problems, err := blueprintOf(source[:at[2]] + `"true"` + source[at[3]:])
		if err != nil {
			t.Fatal(err)
		}
		where := fmt.Sprintf("line %d, %s", strings.Count(source[:at[0]], "\n")+1, rule)
		if problems != nil {
			t.Logf("%s: check refuses it without: %s", where, problems[0].Message)
			told++
			continue
		}
		r, _, _ := startMatrix(t, "sqlite", p, m)
		r.doors = []door{restDoor{}}
		if answers, _ := r.table(); answers != m.Answers || r.audience.table() != m.Heard {
			told++
			continue
		}
		t.Errorf("%s: the table is the same without it", where)
	}
	t.Logf("%d of %d rules", told, all)
}
