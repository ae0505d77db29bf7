package build

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/diag"
)

const backend = `extend schema @backend(name: "test", module: "example.com/test")`

// snippet is a design of one file, with a backend where it has none.
func snippet(name, text string) map[string]string {
	files := map[string]string{name: text}
	if !strings.Contains(text, "@backend") {
		files["design/zz.graphql"] = backend
	}
	return files
}

// Designs with mistakes say where they are: # want "…" at the end of the line, each text a part of
// "message [code] hint". Nothing else is reported.
func TestWrong(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.graphql")
	if err != nil || len(files) == 0 {
		t.Fatal("no designs", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := "design/" + filepath.Base(file)
			_, _, problems := parse(snippet(name, string(text)))
			compare(t, wants(t, string(text)), problems)
			checkEdits(t, name, string(text), problems)
		})
	}
}

func wants(t *testing.T, text string) map[int][]string {
	comment := regexp.MustCompile(`# want ((?:"(?:[^"\\]|\\.)*" ?)+)$`)
	found := map[int][]string{}
	for i, line := range strings.Split(text, "\n") {
		m := comment.FindStringSubmatch(strings.TrimRight(line, " "))
		if m == nil {
			continue
		}
		for _, quoted := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).FindAllString(m[1], -1) {
			want, err := strconv.Unquote(quoted)
			if err != nil {
				t.Fatalf("want %s: %v", quoted, err)
			}
			found[i+1] = append(found[i+1], want)
		}
	}
	return found
}

func compare(t *testing.T, wants map[int][]string, problems diag.List) {
	for _, p := range problems {
		said := strconv.Itoa(p.Pos.Column) + ": " + p.Message + " [" + string(p.Code) + "] " + p.Hint
		line := wants[p.Pos.Line]
		i := slices.IndexFunc(line, func(w string) bool { return strings.Contains(said, w) })
		if i < 0 {
			t.Errorf("not wanted: %s:%d:%s", p.Pos.File, p.Pos.Line, said)
			continue
		}
		wants[p.Pos.Line] = slices.Delete(line, i, i+1)
	}
	for line, missing := range wants {
		for _, want := range missing {
			t.Errorf("line %d: wanted %q", line, want)
		}
	}
}

// checkEdits applies each mechanical hint: it removes its problem and brings no other.
func checkEdits(t *testing.T, name, text string, problems diag.List) {
	before := messages(problems)
	for i, p := range problems {
		if p.Edit == nil {
			continue
		}
		fixed := diag.Apply(text, []diag.Edit{*p.Edit})
		_, _, after := parse(snippet(name, fixed))
		left := messages(after)
		for _, m := range before {
			if at := slices.Index(left, m); at >= 0 {
				left = slices.Delete(left, at, at+1)
			}
		}
		if len(left) > 0 || len(after) >= len(problems) {
			t.Errorf("edit %+v of %q leaves %d of %d, and brings %v", *problems[i].Edit, p.Message, len(after), len(problems), left)
		}
	}
}

func messages(list diag.List) []string {
	var all []string
	for _, p := range list {
		all = append(all, string(p.Code)+" "+strconv.Itoa(p.Pos.Line)+" "+p.Message)
	}
	return all
}
