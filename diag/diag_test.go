package diag_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Diagnostics print as the golden file shows, for people and for programs.
func TestPrint(t *testing.T) {
	golden, err := txtar.ParseFile("testdata/print.txtar")
	if err != nil {
		t.Fatal(err)
	}
	section := func(name string) *txtar.File {
		for i := range golden.Files {
			if golden.Files[i].Name == name {
				return &golden.Files[i]
			}
		}
		t.Fatalf("no section %s", name)
		return nil
	}
	sources := map[string]string{"design/orders.graphql": string(section("design/orders.graphql").Data)}
	for name, got := range map[string]string{"text": text(t, sources, false), "colour": text(t, sources, true), "json": jsonText(t)} {
		want := section(name)
		got = strings.ReplaceAll(got, "\x1b", "ESC")
		if *update {
			want.Data = []byte(got)
		} else if got != string(want.Data) {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/print.txtar", txtar.Format(golden), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func list() diag.List {
	at := func(line, column int) diag.Pos {
		return diag.Pos{File: "design/orders.graphql", Line: line, Column: column}
	}
	var l diag.List
	l.AddEdit(at(3, 9), "D204", `did you mean "total"?`, diag.Edit{Pos: at(3, 9), Length: 4, Text: "total"}, "Order has no field %q", "totl")
	l.Add(at(4, 4), "D001", "", "a tab\x1b before it")
	l.Add(at(5, 140), "D001", "", "far to the right")
	l.Add(at(6, 12), "D001", "", "behind the end of the line")
	l.Add(diag.Pos{File: "gone.graphql", Line: 1, Column: 1}, "D001", "", "a file that is not at hand")
	l.Add(diag.Pos{}, "D119", "write a design", "the project has no design")
	return l
}

func text(t *testing.T, sources map[string]string, colour bool) string {
	var b bytes.Buffer
	if err := diag.Text(&b, list(), sources, colour); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonText(t *testing.T) string {
	var b bytes.Buffer
	if err := diag.JSON(&b, list()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// No problems are an empty list, never null.
func TestNoProblems(t *testing.T) {
	var b bytes.Buffer
	if err := diag.JSON(&b, nil); err != nil || strings.Join(strings.Fields(b.String()), "") != `{"problems":[]}` {
		t.Errorf("%s, %v", b.String(), err)
	}
}

func TestApply(t *testing.T) {
	edit := func(line, column, length int, text string) diag.Edit {
		return diag.Edit{Pos: diag.Pos{Line: line, Column: column}, Length: length, Text: text}
	}
	tests := []struct {
		name, text string
		edits      []diag.Edit
		want       string
	}{
		{"replaces", "a totl b", []diag.Edit{edit(1, 3, 4, "total")}, "a total b"},
		{"inserts at the end", "a", []diag.Edit{edit(1, 2, 0, "!")}, "a!"},
		{"counts characters", "é→x y", []diag.Edit{edit(1, 3, 1, "z")}, "é→z y"},
		{"knows every line end", "a\r\nb\rc\nd", []diag.Edit{edit(2, 1, 1, "B"), edit(3, 1, 1, "C"), edit(4, 1, 1, "D")}, "a\r\nB\rC\nD"},
		{"takes any order", "abc", []diag.Edit{edit(1, 3, 1, "C"), edit(1, 1, 1, "A")}, "AbC"},
		{"makes the first of two that overlap", "abc", []diag.Edit{edit(1, 1, 2, "x"), edit(1, 2, 2, "y")}, "xc"},
		{"leaves out what is outside", "abc", []diag.Edit{edit(2, 1, 1, "x"), edit(1, 9, 1, "y"), edit(0, 0, 0, "z")}, "abc"},
		{"stops at the end", "abc", []diag.Edit{edit(1, 3, 9, "x")}, "abx"},
	}
	for _, test := range tests {
		if got := diag.Apply(test.text, test.edits); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// Problems are in the order of the text, without repeats.
func TestSort(t *testing.T) {
	at := func(line int) diag.Pos { return diag.Pos{File: "a", Line: line, Column: 1} }
	l := diag.List{{Pos: at(2), Code: "D001"}, {Pos: at(1), Code: "D002"}, {Pos: at(1), Code: "D001"}, {Pos: at(2), Code: "D001"}}
	l.Sort()
	if len(l) != 3 || l[0].Code != "D001" || l[1].Code != "D002" || l[2].Pos.Line != 2 {
		t.Errorf("%v", l)
	}
}

func TestBetween(t *testing.T) {
	at := func(line, column int) diag.Pos { return diag.Pos{File: "a", Line: line, Column: column} }
	tests := []struct {
		from, to diag.Pos
		want     string
	}{
		{at(1, 3), at(1, 5), "abXef"},
		{at(1, 3), at(1, 3), "abXcdef"},
		{at(1, 3), at(2, 5), "abcdef"}, // two lines
		{at(1, 5), at(1, 3), "abcdef"},
		{diag.Pos{}, diag.Pos{}, "abcdef"},
	}
	for _, test := range tests {
		if got := diag.Apply("abcdef", []diag.Edit{diag.Between(test.from, test.to, "X")}); got != test.want {
			t.Errorf("from %s to %s: %q, want %q", test.from, test.to, got, test.want)
		}
	}
}
