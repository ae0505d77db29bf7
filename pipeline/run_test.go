package pipeline

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The designs that are the measure of the language run, without the parts that are not built: what is generated for each, with
// the business code in testdata/run, answers the test beside it as its clients call it, on both databases.
func TestDesignsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs services")
	}
	for module, design := range map[string]string{"chat": "5-chat", "booking": "4-booking", "marketplace": "2-marketplace"} {
		t.Run(module, func(t *testing.T) {
			dir := t.TempDir()
			generateDesign(t, dir, module, design)
			for _, file := range []string{"client_test.go", module + "/" + module + "_test.go", module + "/" + module + ".go"} {
				into := filepath.Base(file)
				if into == module+".go" {
					into = filepath.Join(module, into)
				}
				put(t, filepath.Join(dir, into), text(t, filepath.Join("testdata", "run", file)))
			}
			cmd := exec.Command("go", "test", "-count=1", ".")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// notBuilt are the parts of the designs that wait for what is not built.
var notBuilt = []*regexp.Regexp{
	regexp.MustCompile(`(?ms)^extend type (Task|External|Subscription) \{.*?^\}\n`),
	regexp.MustCompile(`(?ms)^(?:"[^"\n]*"\n)?type \w+ @event[^{]*\{.*?\}\n`),
	regexp.MustCompile(`(?m)^  \w+: (File|\[File!\]!) @upload.*\n`),
	regexp.MustCompile(` @(emits|signed|cache|rateLimit|upload)\([^)]*\)`),
	regexp.MustCompile(` @idempotent\(key: "[^"]*"\)`),
	regexp.MustCompile(` @encrypted`),
}

func generateDesign(t *testing.T, dir, module, design string) {
	t.Helper()
	source := text(t, filepath.Join("..", "design", "testdata", "designs", design+".graphql"))
	for _, part := range notBuilt {
		source = part.ReplaceAll(source, nil)
	}
	put(t, filepath.Join(dir, "design", module+".graphql"), source)
	g, err := Generate(dir, Options{Kit: "../kit"})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range g.Problems {
		t.Errorf("%s:%d:%d: %s [%s]", p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message, p.Code)
	}
	if t.Failed() {
		t.FailNow()
	}
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
