package pipeline

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"

	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/internal/designs"
)

// The designs that are the measure of the language run, without the parts that are not built: what is generated for each, with
// the business code in testdata/run, answers the test beside it as its clients call it, on both databases.
func TestDesignsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs services")
	}
	for module, design := range map[string]string{"tracker": "1-tracker", "marketplace": "2-marketplace", "booking": "4-booking", "chat": "5-chat"} {
		t.Run(module, func(t *testing.T) {
			dir := t.TempDir()
			generateDesign(t, dir, module, design)
			files := map[string]string{ // where each stands in testdata/run, and in the service
				"client_test.go":                   "client_test.go",
				"contract_test.go":                 "app/contract_test.go",
				module + "/" + module + "_test.go": module + "_test.go",
				module + "/" + module + ".go":      module + "/" + module + ".go",
			}
			if module == "tracker" { // whose clients stand in a tenant: it has its own
				delete(files, "client_test.go")
			}
			for from, to := range files {
				put(t, filepath.Join(dir, to), text(t, filepath.Join("testdata", "run", from)))
			}
			requireOpenAPITest(t, dir)
			cmd := exec.Command("go", "test", "-count=1", ".", "./app")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// requireOpenAPITest gives a service what holds its answers against its OpenAPI document while its tests run.
func requireOpenAPITest(t *testing.T, dir string) {
	t.Helper()
	folder, err := filepath.Abs("../kit/openapitest")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "go.mod")
	mod, err := modfile.Parse(name, text(t, name), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(mod.AddRequire(KitModule+"/openapitest", unreleased), mod.AddReplace(KitModule+"/openapitest", "", folder, "")); err != nil {
		t.Fatal(err)
	}
	content, err := mod.Format()
	if err != nil {
		t.Fatal(err)
	}
	put(t, name, content)
	sums := mergeSums(text(t, filepath.Join(dir, "go.sum")), bytes.Split(text(t, filepath.Join(folder, "go.sum")), []byte("\n")))
	put(t, filepath.Join(dir, "go.sum"), sums)
}

func generateDesign(t *testing.T, dir, module, design string) {
	t.Helper()
	source, err := designs.Built(design)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "design", module+".graphql"), source)
	g, err := Generate(dir, Options{Kit: "../kit"})
	if err != nil {
		t.Fatal(err)
	}
	sound(t, g.Problems)
	if err := g.Write(); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// sound demands a design without problems; about says what was done to it.
func sound(t *testing.T, problems diag.List, about ...string) {
	t.Helper()
	for _, p := range problems {
		t.Errorf("%s %s:%d:%d: %s [%s]", strings.Join(about, " "), p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message, p.Code)
	}
	if len(problems) > 0 {
		t.FailNow()
	}
}
