package optimize_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif" // whose schema is read
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fettlehq/fettle/optimize"
)

// example is a report with an advice whose texts need care in every format.
func example() *optimize.Report {
	before, after := 367.2, 0.04
	pages := 20_000.0
	return &optimize.Report{
		Catalog: &optimize.Catalog{Dialect: optimize.Postgres, Version: 150008},
		Advice: []*optimize.Advice{{
			ID: "index-a", Kind: optimize.KindIndex, Statement: "select <b> & 'x'", Where: "work.sql:7", Change: "CREATE INDEX ON a (b) WHERE c < 5",
			Title: "the <list>", Migration: "-- +goose Up\n", Confidence: "high (L3)", Why: []string{"Seq Scan on a"},
			Proof: optimize.Proof{
				Level:  optimize.L3,
				Before: &optimize.Evidence{Cost: 5, MS: &before, Pages: &pages, Plan: []string{"Limit", "  Seq Scan a"}},
				After:  &optimize.Evidence{Cost: 1, MS: &after, Pages: &pages, Plan: []string{"Index Scan a"}},
			},
		}},
		Notes: []string{"<script>alert(1)</script>"},
	}
}

func TestJSONHasTheFieldsThatWerePromised(t *testing.T) {
	var out bytes.Buffer
	if err := example().JSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Advice []map[string]any
		Notes  []string
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Notes, example().Notes) {
		t.Errorf("its notes are %q", got.Notes)
	}
	for _, field := range []string{"id", "kind", "statement", "where", "change", "migration", "proof", "confidence", "notes"} {
		if _, has := got.Advice[0][field]; !has {
			t.Errorf("%s is missing", field)
		}
	}
	proof, _ := got.Advice[0]["proof"].(map[string]any)
	for _, field := range []string{"level", "before", "after"} {
		if _, has := proof[field]; !has || len(proof) != 3 {
			t.Errorf("the proof is %v", proof)
		}
	}
	if len(got.Advice[0]) != 9 {
		t.Errorf("there are other fields: %v", got.Advice[0])
	}
	out.Reset()
	if err := (&optimize.Report{}).JSON(&out); err != nil || strings.TrimSpace(out.String()) != "{\n  \"advice\": [],\n  \"notes\": []\n}" {
		t.Errorf("an empty report: %v %s", err, out.String())
	}
}

func TestHTMLStandsAloneAndRunsNothing(t *testing.T) {
	var out bytes.Buffer
	if err := example().HTML(&out); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"<script", "http://", "https://", "src=", "the <list>"} {
		if strings.Contains(out.String(), foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
	for _, want := range []string{"before: 367 ms, 20,000 pages", "after: 0.04 ms", "the &lt;list&gt;", "PostgreSQL 15.8"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestSARIFNamesTheLineAndTheLevel(t *testing.T) {
	var out bytes.Buffer
	if err := example().SARIF(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"startLine": 7`, `"uri": "work.sql"`, `"level": "error"`, `"ruleId": "index"`, `"text": "<script>alert(1)</script>"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %s:\n%s", want, out.String())
		}
	}
}

// TestSARIFFitsItsSchema compares what is written with the schema of the standard, OASIS's, as a library of SARIF brings it along.
func TestSARIFFitsItsSchema(t *testing.T) {
	schema := sarifSchema(t)
	report := example()
	for i, kind := range []optimize.Kind{optimize.KindRewrite, optimize.KindStatistics, optimize.KindHygiene, optimize.KindSetting, optimize.KindHint} {
		a := *report.Advice[0]
		a.ID, a.Kind, a.Where = "advice-"+string(kind), kind, []string{"a log/of ours: 100 %.csv:12", "pg_stat_statements"}[i%2]
		a.Proof = optimize.Proof{Level: []optimize.Level{optimize.L0, optimize.L1, optimize.L2}[i%3]}
		report.Advice = append(report.Advice, &a)
	}
	for _, r := range []*optimize.Report{report, {}} {
		var out bytes.Buffer
		if err := r.SARIF(&out); err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%v\n%s", err, out.String())
		}
		value.(map[string]any)["runs"].([]any)[0].(map[string]any)["result"] = []any{}
		if schema.Validate(value) == nil {
			t.Error("the schema takes what SARIF does not have")
		}
	}
}

// sarifSchema reads the constant in which the library has the schema: it does not give it away.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	dir, err := osexec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, is := n.(*ast.BasicLit); is && text == "" {
			text, _ = strconv.Unquote(literal.Value)
		}
		return true
	})
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", value); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestTextIsNarrowAndSaysBothTimes(t *testing.T) {
	var out bytes.Buffer
	if err := example().Text(&out, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "before: 367 ms, 20,000 pages                          after: 0.04 ms, 20,000 pages") {
		t.Errorf("plans do not stand side by side:\n%s", out.String())
	}
	for line := range strings.Lines(out.String()) {
		if len([]rune(line)) > 115 {
			t.Errorf("wide line: %s", line)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]float64{"500MB": 500 << 20, "2 GiB": 2 << 30, "8192": 8192, "1.5 kB": 1536} {
		if got, err := optimize.ParseBytes(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "MB", "-5MB", "0", "0MB", "5 parsecs"} {
		if _, err := optimize.ParseBytes(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestWorkloadComments(t *testing.T) {
	statements, notes := optimize.ParseWorkload("w.sql", "-- name: a list\n-- calls: 24/hour\n-- mean: 3 ms\nselect 1;\nselect 2;\n-- calls: often\nselect 3")
	if len(statements) != 3 || statements[0].Name != "a list" || statements[0].Day != 576 || statements[0].Mean != 3 || statements[1].Calls != 1 || statements[2].Where != "w.sql:7" {
		t.Errorf("got %+v", statements)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "w.sql:7: calls: \"often\"") {
		t.Errorf("notes %v", notes)
	}
}
