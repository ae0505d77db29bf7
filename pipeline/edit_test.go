package pipeline

import (
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// What recipes make of a design generates and compiles: of a new project, of the shop, and of nothing at all.
func TestRecipesCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds services")
	}
	for _, begin := range []string{"new", "shop", "nothing"} {
		t.Run(begin, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "notes")
			asked := [][]string{{"registration"}, {"roles", "READER", "WRITER", "EDITOR"}, {"entity", "Note", "title:String!"}, {"tenancy", "Note"}}
			switch begin {
			case "new":
				if _, err := New(dir, "", "../kit"); err != nil {
					t.Fatal(err)
				}
				asked = cases(t, begin)
			case "shop":
				if err := os.CopyFS(dir, os.DirFS("../examples/shop")); err != nil {
					t.Fatal(err)
				}
				asked = cases(t, begin)
			default:
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, words := range asked {
				e, err := Add(dir, words[0], words[1:])
				if err != nil {
					t.Fatalf("%v: %v", words, err)
				}
				sound(t, e.Problems, words...)
				g, err := e.Generate(Options{Kit: "../kit"})
				if err != nil {
					t.Fatalf("%v: %v", words, err)
				}
				for _, p := range g.Problems {
					t.Logf("%v: %v: %s [%s]", words, p.Pos, p.Message, p.Code)
				}
				if err := e.Write(); err != nil {
					t.Fatalf("%v: %v", words, err)
				}
			}
			g, err := Generate(dir, Options{Kit: "../kit", AcceptLoss: true})
			if err != nil {
				t.Fatal(err)
			}
			sound(t, g.Problems)
			if err := g.Write(); err != nil {
				t.Fatal(err)
			}
			if begin == "nothing" {
				return // what it is made of is compiled above
			}
			cmd := exec.Command("go", "build", "./app") // which imports all of it; linking a program would show no more
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// cases are the recipes that the golden files of package recipe show to fit a project.
func cases(t *testing.T, project string) [][]string {
	t.Helper()
	files, err := filepath.Glob("../recipe/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var out [][]string
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, section := range archive.Files {
			lines := strings.Split(string(section.Data), "\n")
			for i, line := range lines {
				words, is := strings.CutPrefix(line, "$ fettle add ")
				if is && section.Name == project && !strings.HasPrefix(lines[i+1], "error: ") {
					r := csv.NewReader(strings.NewReader(words)) // words in quotes are one
					r.Comma = ' '
					asked, err := r.Read()
					if err != nil {
						t.Fatalf("%s: %v", line, err)
					}
					switch {
					case asked[0] == "operation": // which wants Go of the team before it builds
					case asked[0] == "roles" && len(asked) > 1: // others, where there are some by now
					default:
						out = append(out, asked)
					}
				}
			}
		}
	}
	return out
}

// A change that was planned is not made of files that differ from those that it was planned for.
func TestEditOfWhatChanged(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "design", "notes.graphql")
	first := "extend schema @backend(name: \"notes\", module: \"example.com/notes\")\n\ntype User @entity @account(login: email) @allow(do: READ, when: \"this == viewer\") { email: Email! @unique @personal }\n"
	put(t, file, []byte(first))
	e, err := Add(dir, "roles", nil)
	if err != nil || len(e.Problems) > 0 || e.Hash == "" {
		t.Fatal(e, err)
	}
	put(t, file, []byte(first+"# somebody else\n"))
	if err := e.Write(); err == nil || !strings.Contains(err.Error(), "has changed since") {
		t.Errorf("it was written: %v", err)
	}
	if have := string(text(t, file)); have != first+"# somebody else\n" {
		t.Errorf("it is\n%s", have)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(); err == nil {
		t.Error("it was written where nothing was")
	}
}

// Replacements reach no file but those of the design.
// Lines end as they do in the file, however a client writes them.
func TestRewriteKeepsReturns(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "design"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "design", "notes.graphql")
	const before = "extend schema @backend(name: \"notes\", module: \"example.com/notes\")\r\n\r\ntype Note @entity @allow(do: [READ, CREATE, UPDATE, DELETE], when: \"true\") {\r\n  text: String!\r\n}\r\n"
	if err := os.WriteFile(file, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Rewrite(dir, []Replacement{{File: "design/notes.graphql", Old: "  text: String!\n}\n", New: "  text: String!\n  more: String\r\n}\n"}})
	if err != nil {
		t.Fatal(err)
	}
	sound(t, e.Problems)
	if err := e.Write(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(file)
	if want := strings.Replace(before, "!\r\n}", "!\r\n  more: String\r\n}", 1); err != nil || string(after) != want {
		t.Errorf("it is %q, want %q (%v)", after, want, err)
	}
}

func TestRewriteReachesTheDesignOnly(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "design", "notes.graphql"), []byte("extend schema @backend(name: \"notes\", module: \"example.com/notes\")\n"))
	for _, file := range []string{"../up.graphql", "design/../../up.graphql", "/etc/passwd", "design/prelude.graphql", "design/sub/x.graphql", "main.go", "design/x.graphql\x00.go", "", "design/.graphql"} {
		if _, err := Rewrite(dir, []Replacement{{File: file, New: "type X { a: Int }"}}); err == nil {
			t.Errorf("%q was written", file)
		}
	}
}

// A copy of a project whose go.mod leads nowhere is told which line that is, and what to say instead.
func TestKitThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "go.mod"), []byte("module example.com/notes\n\ngo 1.26\n\nreplace "+KitModule+" => ../../nowhere\n"))
	if _, err := findKit(dir, ""); err == nil || !strings.Contains(err.Error(), "go.mod:5: takes the runtime library from ../../nowhere") || !strings.Contains(err.Error(), "--kit DIR") {
		t.Error(err)
	}
}
