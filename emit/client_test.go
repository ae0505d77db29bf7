package emit_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit/goclient"
	"github.com/fettlehq/fettle/emit/tsclient"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
)

// The clients of all designs build with nothing but the standard library: those that are the measure of the language, with
// what is built later, one with a field of every kind, and one whose names mean something else to clients.
func TestClientsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds clients")
	}
	designs := map[string][]design.Source{"kinds": everyKind, "names": hostile(t), "reads": reads}
	for _, name := range []string{"1-tracker", "2-marketplace", "3-conduit", "4-booking", "5-chat"} {
		designs[name[2:]] = measure(t, name)
	}
	dir := t.TempDir()
	write := func(path string, content []byte) {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", []byte("module example.com/clients\n\ngo 1.26\n"))
	for name, sources := range designs {
		m := unfinished(t, sources)
		for _, f := range goclient.Emit(m) {
			write(name+"/"+filepath.Base(f.Path), f.Content)
		}
		if out := os.Getenv("CLIENTS_TYPESCRIPT"); out != "" {
			if err := os.WriteFile(filepath.Join(out, name+".ts"), tsclient.Emit(m), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	vet(t, dir)
}

// reads is a design of which clients change nothing.
var reads = []design.Source{{Name: "design/reads.graphql", Text: `
extend schema @backend(name: "reads", module: "example.com/reads")
type Thing @entity @allow(do: READ, when: "true") { name: String! }
extend type Query { many: Int! @allow(when: "true") }
`}}

// hostile is the design whose names mean something else.
func hostile(t *testing.T) []design.Source {
	const file = "../.ci/doors/names.graphql"
	return []design.Source{{Name: "design/names.graphql", Text: read(t, file)}}
}

// unfinished is the model of a design parts of which are built later.
func unfinished(t *testing.T, sources []design.Source) *model.Model {
	t.Helper()
	var problems diag.List
	m := build.Model(design.Parse(sources, &problems), &problems)
	for _, p := range problems {
		t.Errorf("%s:%d:%d: %s [%s]", p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message, p.Code)
	}
	return m
}
