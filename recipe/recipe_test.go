package recipe_test

import (
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model/build"
	"github.com/fettlehq/fettle/recipe"
)

var (
	update = flag.Bool("update", false, "rewrite expected output")
	all    = flag.Bool("all", false, "try recipes on every entity and kind of field, which takes a minute")
)

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
						words := wordsOf(t, asked)
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

// wordsOf cuts a command into words; those in quotes are one.
func wordsOf(t testing.TB, command string) []string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(command))
	r.Comma = ' '
	words, err := r.Read()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return words
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

// Every recipe is tried on every entity and field of the five designs and of the examples. It is refused with a reason, or what
// comes out checks; what stood there stands there still, in the same order, and twice is once.
func TestDesigns(t *testing.T) {
	designs := map[string][]design.Source{"shop": project(t, "shop"), "conduit": project(t, "conduit")}
	files, err := filepath.Glob("../design/testdata/designs/*.graphql")
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		designs[name] = []design.Source{{Name: "design/" + strings.TrimLeft(name, "12345-"), Text: string(text)}}
	}
	var fits sync.Map
	t.Run("each", func(t *testing.T) {
		for name, sources := range designs {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var problems diag.List
				for _, words := range tries(design.Parse(sources, &problems)) {
					if tried(t, sources, words) {
						fits.Store(words[0], true)
					}
				}
			})
		}
	})
	for _, name := range recipe.Names() {
		if _, found := fits.Load(name); !found {
			t.Errorf("%s fits nowhere", name)
		}
	}
}

// tried does a recipe to a design and tells whether it fits.
func tried(t *testing.T, sources []design.Source, words []string) bool {
	t.Helper()
	r, err := recipe.Named(words[0])
	if err != nil {
		t.Fatal(err)
	}
	made, err := recipe.Apply(sources, "x", r, words[1:])
	if err != nil {
		if len(err.Error()) < len(r.Name)+10 {
			t.Errorf("%v: %v", words, err)
		}
		return false
	}
	if len(made.Changed) == 0 {
		return true
	}
	problem := sound(sources, made.Sources)
	if problem != "" && !slices.ContainsFunc(decisions[r.Name], func(code string) bool { return strings.Contains(problem, "["+code+"]") }) {
		t.Errorf("%v: %s", words, problem)
	}
	if again, err := recipe.Apply(made.Sources, "x", r, words[1:]); err != nil || len(again.Changed) > 0 {
		t.Errorf("%v: done twice it changes %v (%v)", words, again.Changed, err)
	}
	texts := design.Texts(made.Sources)
	for _, s := range sources {
		if !holds(texts[s.Name], s.Text) && !replaces(r.Name, s.Text, texts[s.Name]) {
			t.Errorf("%v: what stood there is gone:\n%s", words, diff.Diff("before", []byte(s.Text), "after", []byte(texts[s.Name])))
		}
	}
	return problem == ""
}

// decisions are the mistakes that a recipe may make of a design, since a person has to decide what is meant: they are shown, and
// nothing is written.
var decisions = map[string][]string{
	"unique":        {"M027"},         // whether it may tell of rows that a viewer does not see
	"ownership":     {"M027"},         // likewise, of what was seen by more people
	"upsert":        {"M010", "M027"}, // who may make rows, and what else such a row needs
	"abuse-reports": {"M026"},         // what is reported across tenants
	"bounds":        {"M012"},         // a default that does not fit
	"entity":        {"M010"},         // what is made by naming it is to have a field more
}

// tries are the arguments with which recipes are tried: none, entities and fields, with what a person would write besides. Unless
// -all is given each recipe is tried on the account, and on every third entity in turn.
func tries(d *design.Design) (out [][]string) {
	beside := map[string][]string{
		"bounds": {"1..20"}, "no-overlap": {"startsAt", "endsAt"}, "entity": {"remark:String!", "labels:[String!]!"},
		"operation": {"viewer != null", "ALREADY_DONE"}, "query": {"createdAt < now"},
	}
	var entities []*design.Type
	for _, t := range d.Types {
		if t.Kind == design.Object && design.Find(t.Directives, "entity") != nil {
			entities = append(entities, t)
		}
	}
	for i, r := range recipe.Recipes {
		out = append(out, []string{r.Name})
		var targets []string
		alike := map[string]bool{} // fields of which one speaks for the others
		for j, t := range entities {
			turn := *all || (i+j)%3 == 0 || r.Name == "upsert" || r.Name == "state-machine" // which fit seldom
			if turn || design.Find(t.Directives, "account") != nil {
				targets = append(targets, t.Name)
			}
			if !strings.Contains(r.Takes, "TYPE.FIELD") && !strings.Contains(r.Takes, "TYPE.LIST") {
				continue
			}
			for _, f := range t.Fields {
				kind := fmt.Sprint(f.Type.Name, f.Type.List)
				if r.Name == "upsert" {
					kind += t.Name
				}
				for _, of := range []string{"computed", "key", "internal", "encrypted", "flow"} {
					kind += fmt.Sprint(design.Find(f.Directives, of) != nil)
				}
				if turn && !alike[kind] {
					alike[kind] = true
					targets = append(targets, t.Name+"."+f.Name)
				}
			}
		}
		for _, target := range targets {
			words := []string{r.Name, target}
			switch r.Name {
			case "query", "operation":
				words = []string{r.Name, "tried", target}
			case "state-machine":
				words = append(words, steps(d, target)...)
			}
			out = append(out, append(words, beside[r.Name]...))
		}
	}
	return append(out, []string{"entity", "Pamphlet", "title:String!"})
}

// steps lead from each value of a field's enum to the next.
func steps(d *design.Design, place string) []string {
	of, name, _ := strings.Cut(place, ".")
	words := []string{"OPEN:DONE"}
	for _, f := range d.ByName[of].Fields {
		if enum := d.ByName[f.Type.Name]; f.Name == name && enum != nil && len(enum.Values) > 1 {
			words = nil
			for i, v := range enum.Values[1:] {
				words = append(words, enum.Values[i].Name+":"+v.Name)
			}
		}
	}
	return words
}

// replaces tells whether a recipe that may write a line anew did so with one: a bound that is another, a step more, a key that
// may be unknown.
func replaces(name, before, after string) bool {
	gone := 0
	for line := range strings.Lines(string(diff.Diff("before", []byte(before), "after", []byte(after)))) {
		if strings.HasPrefix(line, "-") && !strings.HasPrefix(line, "---") {
			gone++
		}
	}
	return gone <= 1 && slices.Contains([]string{"registration", "state-machine", "bounds", "upsert"}, name)
}

// holds tells whether a text has the characters of another in order: whether the other was only added to.
func holds(text, other string) bool {
	for _, c := range other {
		i := strings.IndexRune(text, c)
		if i < 0 {
			return false
		}
		text = text[i+len(string(c)):]
	}
	return true
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

// A report of what belongs to a tenant belongs to it too: a union does not say whose its rows are.
func TestReportsOfATenant(t *testing.T) {
	tenancy, err := recipe.Named("tenancy")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := recipe.Apply(project(t, "new"), "notes", tenancy, []string{"Note"})
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"abuse-reports", "Note"}, {"abuse-reports", "Note", "User"}} {
		if said := does(t, kept.Sources, words); !strings.Contains(said, "+  workspace: Workspace! @immutable") {
			t.Errorf("%v: %s", words, said)
		}
	}
	if said := does(t, kept.Sources, []string{"abuse-reports", "User"}); strings.Contains(said, "workspace") {
		t.Error(said)
	}
}
