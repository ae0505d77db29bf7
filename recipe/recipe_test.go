package recipe_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model/build"
	"github.com/fettlehq/fettle/recipe"
)

var update = flag.Bool("update", false, "rewrite expected output")

// TestRecipes does what each file of testdata asks of the design of a new project and of the shop's, and shows the
// difference. What was done is correct, done twice it is done once, and no comment is lost.
func TestRecipes(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	tried := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i, section := range archive.Files {
				var out strings.Builder
				for line := range strings.Lines(string(section.Data)) {
					if asked, is := strings.CutPrefix(line, "$ fettle add "); is {
						words := strings.Fields(asked)
						tried[words[0]] = true
						fmt.Fprintf(&out, "%s%s", line, does(t, project(t, section.Name), words))
					}
				}
				if *update {
					archive.Files[i].Data = []byte(out.String())
				} else if out.String() != string(section.Data) {
					t.Errorf("%s: got\n%s", section.Name, diff.Diff("want", section.Data, "got", []byte(out.String())))
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	for _, name := range recipe.Names() {
		if !tried[name] {
			t.Errorf("no case does %s", name)
		}
	}
}

// project is the design of a new project, or of an example.
func project(t testing.TB, name string) []design.Source {
	t.Helper()
	dir := "../examples/" + name
	if name == "new" {
		dir = "../pipeline/starter"
	}
	sources, err := design.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sources {
		sources[i].Text = strings.NewReplacer("NAME", "notes", "MODULE", "example.com/notes").Replace(sources[i].Text)
	}
	return sources
}

func does(t *testing.T, before []design.Source, words []string) string {
	t.Helper()
	r, err := recipe.Named(words[0])
	if err != nil {
		t.Fatal(err)
	}
	done, err := recipe.Apply(before, "notes", r, words[1:])
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	if problem := sound(before, done.Sources); problem != "" {
		t.Errorf("%v: %s", words, problem)
	}
	again, err := recipe.Apply(done.Sources, "notes", r, words[1:])
	if err != nil || len(again.Changed) > 0 {
		t.Errorf("%v: done twice it changes %v (%v)", words, again.Changed, err)
	}
	var out strings.Builder
	for _, note := range done.Notes {
		fmt.Fprintf(&out, "note: %s\n", note)
	}
	texts := design.Texts(before)
	for _, s := range done.Sources {
		out.Write(diff.Diff("a/"+s.Name, []byte(texts[s.Name]), "b/"+s.Name, []byte(s.Text)))
	}
	if len(done.Changed) == 0 {
		out.WriteString("nothing changes\n")
	}
	return out.String()
}

// sound says what is wrong with a design that recipes made of another, empty if nothing.
func sound(before, after []design.Source) string {
	var problems diag.List
	build.Model(design.Parse(after, &problems), &problems)
	if len(problems) > 0 {
		var text strings.Builder
		_ = diag.Text(&text, problems, design.Texts(after), false)
		return text.String()
	}
	texts := design.Texts(after)
	for _, s := range before {
		have := strings.Split(texts[s.Name], "\n")
		for _, line := range strings.Split(s.Text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "#") && !slices.Contains(have, line) {
				return fmt.Sprintf("%s: the comment is lost: %s", s.Name, line)
			}
		}
	}
	return ""
}

// A design stays correct whatever recipes it is given, in whatever order; what is refused changes nothing.
func TestAnySequence(t *testing.T) {
	words := []string{
		"Note", "User", "Note.title", "Note.status", "Note.owner", "User.notes", "User.name", "Book", "Book.title", "Comment", "Tag", "Workspace",
		"shelves/Book", "title:String!", "pages:Int", "note:Note!", "tags:[String!]!", "OPEN:DONE", "A:B,C", "B:A", "READER", "ADMIN", "Note.stage", "notes", "", "é", "Status",
	}
	rapid.Check(t, func(t *rapid.T) {
		var sources []design.Source
		if rapid.Bool().Draw(t, "begun") {
			sources = []design.Source{{Name: "design/notes.graphql", Text: fullOfLayout}}
		}
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			r := rapid.SampledFrom(recipe.Recipes).Draw(t, "recipe")
			args := rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(t, "args")
			done, err := recipe.Apply(sources, "notes", r, args)
			if err != nil || len(done.Sources) == 0 {
				continue
			}
			if problem := sound(sources, done.Sources); problem != "" {
				t.Skip(problem) // what does not check is never written: it is shown, with its mistake
			}
			again, err := recipe.Apply(done.Sources, "notes", r, args)
			if err != nil || len(again.Changed) > 0 {
				t.Fatalf("%s %v twice: %v %v", r.Name, args, again.Changed, err)
			}
			sources = done.Sources
		}
	})
}

// fullOfLayout is written as nobody should.
const fullOfLayout = "# é: a head\r\nextend schema @backend(name: \"notes\", module: \"example.com/notes\")\r\n\r\n" +
	"type User @entity # who\r\n @account(login: email) @allow(do: READ, when: \"this == viewer\") { email: Email! @unique @personal, name: String! # its name\r\n}\r\n" +
	"enum Status { OPEN, DONE } # two\r\n\"\"\"\r\nA note,\r\n# no comment\r\n\"\"\"\r\ntype Note @entity @allow(do: [READ, CREATE], when: \"owner == viewer\") { owner: User! @readOnly @default(from: \"viewer\") title: String!, status: Status! @default(value: OPEN) }\r\n"
