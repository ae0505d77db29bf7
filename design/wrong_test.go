package design_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

// Designs with mistakes say where they are: # want "…" at the end of the line, or # want-above "…" on the next one
// where the line cannot end in a comment. Each text is part of "message [code] hint". Nothing else is reported.
func TestWrong(t *testing.T) {
	for _, file := range glob(t, "testdata/wrong/*.graphql") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			files := wrongDesign(t, file)
			problems := parse(files)
			compare(t, wants(t, files[0].Text), problems, files)
		})
	}
}

// A hint that can be applied mechanically removes its problem and brings no other.
func TestEdits(t *testing.T) {
	for _, file := range glob(t, "testdata/wrong/*.graphql") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			files := wrongDesign(t, file)
			problems := parse(files)
			for i, p := range problems {
				if p.Edit != nil {
					checkEdit(t, files, problems, i)
				}
			}
			checkAllEdits(t, files, problems)
		})
	}
}

func checkEdit(t *testing.T, files []design.Source, problems diag.List, i int) {
	fixed := edited(files, []diag.Edit{*problems[i].Edit})
	after := messages(parse(fixed))
	for j, p := range problems {
		if j == i {
			continue
		}
		if at := slices.Index(after, message(p)); at >= 0 {
			after = slices.Delete(after, at, at+1)
		}
	}
	if len(after) > 0 {
		t.Errorf("edit %+v of %s leaves or brings:\n%s\nin\n%s", *problems[i].Edit, message(problems[i]), strings.Join(after, "\n"), fixed[0].Text)
	}
}

// checkAllEdits applies every edit at once: what remains was without an edit before.
func checkAllEdits(t *testing.T, files []design.Source, problems diag.List) {
	var edits []diag.Edit
	var rest []string
	for _, p := range problems {
		if p.Edit != nil {
			edits = append(edits, *p.Edit)
		} else {
			rest = append(rest, message(p))
		}
	}
	fixed := edited(files, edits)
	for _, m := range messages(parse(fixed)) {
		if !slices.Contains(rest, m) {
			t.Errorf("all edits together bring: %s\nin\n%s", m, fixed[0].Text)
		}
	}
}

// message is what a problem says, without line numbers, which edits move.
func message(p diag.Diagnostic) string {
	return regexp.MustCompile(`(line |graphql:)\d+`).ReplaceAllString(string(p.Code)+" "+p.Message, "${1}N")
}

func messages(list diag.List) []string {
	var all []string
	for _, p := range list {
		all = append(all, message(p))
	}
	return all
}

func edited(files []design.Source, edits []diag.Edit) []design.Source {
	fixed := slices.Clone(files)
	for i := range fixed {
		var ours []diag.Edit
		for _, e := range edits {
			if e.Pos.File == fixed[i].Name {
				ours = append(ours, e)
			}
		}
		fixed[i].Text = diag.Apply(fixed[i].Text, ours)
	}
	return fixed
}

func wrongDesign(t *testing.T, file string) []design.Source {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return withBackend([]design.Source{{Name: "design/" + filepath.Base(file), Text: string(text)}})
}

func wants(t *testing.T, text string) map[int][]string {
	comment := regexp.MustCompile(`# want(-above)? ((?:"(?:[^"\\]|\\.)*" ?)+)$`)
	found := map[int][]string{}
	for i, line := range strings.Split(text, "\n") {
		m := comment.FindStringSubmatch(strings.TrimRight(line, " "))
		if m == nil {
			continue
		}
		at := i + 1 - len(m[1])/len("-above")
		for _, quoted := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).FindAllString(m[2], -1) {
			want, err := strconv.Unquote(quoted)
			if err != nil {
				t.Fatalf("want %s: %v", quoted, err)
			}
			found[at] = append(found[at], want)
		}
	}
	return found
}

func compare(t *testing.T, wants map[int][]string, problems diag.List, files []design.Source) {
	for _, p := range problems {
		said := p.Message + " [" + string(p.Code) + "] " + p.Hint
		line := wants[p.Pos.Line]
		i := slices.IndexFunc(line, func(w string) bool { return strings.Contains(said, w) })
		if i < 0 || p.Pos.File != files[0].Name {
			t.Errorf("not wanted:\n%s", printed(diag.List{p}, files))
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

func glob(t *testing.T, pattern string) []string {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, no files", pattern, err)
	}
	return files
}
