package pipeline_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model/build"
)

// TestMistakes checks designs with several mistakes each: every mistake is reported at its line, nothing follows from
// another, and a hint that is applied mechanically mends what it is about and breaks nothing.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.graphql")
	if err != nil || len(files) < 10 {
		t.Fatalf("want at least ten designs, have %d (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".graphql"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := "design/" + filepath.Base(file)
			found := check(name, string(text))
			compareWithWants(t, string(text), found)

			var edits []diag.Edit
			var left []string
			for _, d := range found {
				if d.Edit != nil {
					edits = append(edits, *d.Edit)
				} else {
					left = append(left, d.Message)
				}
			}
			mended := diag.Apply(string(text), edits)
			for _, d := range check(name, mended) {
				if !slices.Contains(left, d.Message) {
					t.Errorf("after the hints were applied: line %d: %s [%s]", d.Pos.Line, d.Message, d.Code)
				}
			}
		})
	}
}

func check(name, text string) diag.List {
	var problems diag.List
	d := design.Parse([]design.Source{{Name: name, Text: text}}, &problems)
	build.Model(d, &problems)
	problems.Sort()
	return problems
}

var (
	want   = regexp.MustCompile(`# want (".*)$`)
	quoted = regexp.MustCompile(`"([^"]*)"`)
)

// compareWithWants demands one problem for each text that a line wants, on that line and saying that text, and no other.
func compareWithWants(t *testing.T, text string, found diag.List) {
	t.Helper()
	rest := slices.Clone(found)
	for i, line := range strings.Split(text, "\n") {
		match := want.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		for _, q := range quoted.FindAllStringSubmatch(match[1], -1) {
			at := slices.IndexFunc(rest, func(d diag.Diagnostic) bool {
				return d.Pos.Line == i+1 && strings.Contains(d.Message+" "+d.Hint, q[1])
			})
			if at < 0 {
				t.Errorf("line %d: no problem that says %q", i+1, q[1])
				continue
			}
			rest = slices.Delete(rest, at, at+1)
		}
	}
	for _, d := range rest {
		t.Errorf("line %d, column %d: unexpected: %s [%s] (hint: %s)", d.Pos.Line, d.Pos.Column, d.Message, d.Code, d.Hint)
	}
}
