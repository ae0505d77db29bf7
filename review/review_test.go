package review_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/internal/graph"
	"github.com/fettlehq/fettle/pipeline"
	"github.com/fettlehq/fettle/review"
	"github.com/fettlehq/fettle/review/rule"
)

var update = flag.Bool("update", false, "rewrite doc/rules")

// Each example of a rule is a backend whose wrong lines say so: // want "part of the message [severity]". All other lines are right.
func TestRules(t *testing.T) {
	examples, err := filepath.Glob("*/testdata/*.txtar")
	if err != nil || len(examples) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, example := range examples {
		t.Run(filepath.ToSlash(example), func(t *testing.T) {
			archive, err := txtar.ParseFile(example)
			if err != nil {
				t.Fatal(err)
			}
			dir := unpack(t, archive)
			rules := strings.Fields(regexp.MustCompile(`(?m)^rules: (.*)$`).FindString(string(archive.Comment)))
			if len(rules) > 0 {
				rules = rules[1:]
			}
			options := pipeline.ReviewOptions{Rules: rules, Cache: t.TempDir()}
			reviewed, err := pipeline.Review(dir, options)
			if err != nil {
				t.Fatal(err)
			}
			// What is kept is what was read: the same facts, bit by bit, and the same findings; of the whole, and of its parts alone.
			for _, without := range []string{"", "all-*"} {
				entries, err := filepath.Glob(filepath.Join(options.Cache, without))
				if err != nil {
					t.Fatal(err)
				}
				for _, entry := range entries {
					if without != "" {
						_ = os.Remove(entry)
					}
				}
				kept, err := pipeline.Review(dir, options)
				if err != nil {
					t.Fatal(err)
				}
				if kept.Drawn > 0 || !reflect.DeepEqual(kept.Findings, reviewed.Findings) || !bytes.Equal(graph.Encode(kept.Facts), graph.Encode(reviewed.Facts)) {
					t.Errorf("with what is kept (without %q) other things are told, %d packages anew: %v, not %v", without, kept.Drawn, kept.Findings, reviewed.Findings)
				}
			}
			findings := reviewed.Findings
			if filepath.Base(example) != "uncalled.txtar" { // the others show what functions do, most of which none of them calls
				for _, f := range reviewed.Facts.Functions {
					f.Uncalled = false
				}
				findings = review.Find(reviewed.Facts, asked(rules), false)
			}
			wanted := wants(archive)
			for _, f := range findings {
				place := fmt.Sprintf("%s:%d", f.Pos.File, f.Pos.Line)
				i := slices.IndexFunc(wanted[place], func(want string) bool { return strings.Contains(told(f), want) })
				if i < 0 {
					t.Errorf("%s: not wanted: %s: %s\n%v\n%s", place, f.Rule, f.Message, f.Evidence, f.Fix)
					continue
				}
				wanted[place] = slices.Delete(wanted[place], i, i+1)
			}
			for place, missing := range wanted {
				for _, want := range missing {
					t.Errorf("%s: no finding with %q", place, want)
				}
			}
			mendsWhole(t, dir, archive, options, reviewed)
		})
	}
}

// asked are the rules of some names, all for none.
func asked(names []string) []*rule.Rule {
	if len(names) == 0 {
		return review.Rules
	}
	var out []*rule.Rule
	for _, name := range names {
		out = append(out, review.Named(name))
	}
	return out
}

// told is a finding as examples ask for it.
func told(f rule.Finding) string {
	return fmt.Sprintf("%s: %s [%s]", f.Rule, f.Message, f.Severity)
}

// Every rule has a document with its parts, and examples both wrong and right; the pages of doc/rules are these documents.
func TestDocuments(t *testing.T) {
	pages := map[string]string{"README.md": review.Index()}
	for _, r := range review.Rules {
		for _, part := range []string{"# ", "## Why it hurts", "## Wrong", "## Right", "## How to mend it", "## When to leave it"} {
			if !strings.Contains(r.Document, part) {
				t.Errorf("%s: its document has no %q", r.Name, part)
			}
		}
		pages[r.Name+".md"] = review.Page(r)
	}
	const folder = "../doc/rules"
	for name, text := range pages {
		file := filepath.Join(folder, name)
		if *update {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("%s is not what the rules say (%v): run this test with -update", file, err)
		}
	}
}

func unpack(t *testing.T, archive *txtar.Archive) string {
	dir := t.TempDir()
	if !slices.ContainsFunc(archive.Files, func(f txtar.File) bool { return f.Name == "go.mod" }) {
		archive.Files = append(archive.Files, txtar.File{Name: "go.mod", Data: []byte("module example.com/app\n\ngo 1.26\n")})
	}
	for _, f := range archive.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var want = regexp.MustCompile(`(?://|--) want ("[^"]*"(?: "[^"]*")*)`)

func wants(archive *txtar.Archive) map[string][]string {
	out := map[string][]string{}
	for _, f := range archive.Files {
		for i, line := range strings.Split(string(f.Data), "\n") {
			if m := want.FindStringSubmatch(line); m != nil {
				for _, text := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(m[1], -1) {
					place := fmt.Sprintf("%s:%d", f.Name, i+1)
					out[place] = append(out[place], text[1])
				}
			}
		}
	}
	return out
}
