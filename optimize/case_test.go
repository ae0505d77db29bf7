package optimize_test

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/tools/txtar"

	"github.com/fettlehq/fettle/internal/applike"
	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
	"github.com/fettlehq/fettle/pgsql"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	scale  = flag.Float64("scale", 0.1, "size of the applike schema; 1 is 500,000 users")
)

// TestCases gives each script of testdata its database, a copy of it and its workload, and compares the advice: its
// kind, its change and the level of its proof. Times and sizes differ between machines and are left out.
func TestCases(t *testing.T) {
	if testing.Short() {
		t.Skip("builds databases of some hundred thousand rows")
	}
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata: %d files, %v", len(files), err)
	}
	right := 0
	defer func() { t.Logf("score: %d of %d cases as expected", right, len(files)) }()
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			section := map[string]*txtar.File{}
			for i := range archive.Files {
				section[archive.Files[i].Name] = &archive.Files[i]
			}
			report := runCase(t, section)
			tellsBeside(t, report)
			got := outline(report)
			want := string(section["advice"].Data)
			if asGood(got, want) {
				got = want
				right++
			} else if !*update {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if t.Failed() || testing.Verbose() {
				report.Text(os.Stderr, nil) //nolint:errcheck // for reading
			}
			section["advice"].Data = []byte(got)
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func runCase(t *testing.T, section map[string]*txtar.File) *optimize.Report {
	t.Helper()
	base := template(t)
	schema := section["schema"]
	switch {
	case schema != nil && strings.TrimSpace(string(schema.Data)) == "support":
		base = supportTemplate(t)
	case schema != nil:
		base = pgtest.New(t)
		must(t, base, applike.Hash+string(schema.Data))
	}
	// Cases that change nothing share a database and its clone, which a run leaves as it found it.
	database := base
	clone := sharedClone(t, base)
	if data := section["data"]; data != nil {
		database = copyOf(t, base)
		must(t, database, string(data.Data))
		clone = copyOf(t, database)
	}
	if section["without-clone"] != nil {
		clone = ""
	}
	statements, notes := optimize.ParseWorkload("workload.sql", string(section["workload"].Data))
	for _, note := range notes {
		t.Error(note)
	}
	options := optimize.Options{Database: database, Clone: clone, Statements: statements, Literals: true}
	if section["budget"] != nil {
		options.Budget = 1 << 30
	}
	report, err := optimize.Run(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// tellsBeside fails where the evidence of an advice names an index of another one as if it were there.
func tellsBeside(t *testing.T, r *optimize.Report) {
	t.Helper()
	for _, a := range r.Advice {
		for _, other := range r.Chosen {
			if slices.Contains(a.Indexes, other) || a.Proof.Before == nil || a.Kind != optimize.KindIndex {
				continue
			}
			names := func(line string) bool { return slices.Contains(strings.Fields(line), other.Name()) }
			told := slices.ContainsFunc(a.Notes, func(note string) bool { return strings.Contains(note, other.Name()) })
			if slices.ContainsFunc(a.Proof.Before.Plan, names) && !told {
				t.Errorf("%s: its plan before has %s, and no note says that it is advised, too: %q", a.Change, other.Name(), a.Notes)
			}
			for _, why := range a.Why {
				if strings.Contains(why, other.Name()) && !strings.Contains(why, "advised here, too") {
					t.Errorf("%s: says of %s as if it were there: %s", a.Change, other.Name(), why)
				}
			}
		}
	}
}

// outline is what a script compares.
func outline(r *optimize.Report) string {
	var out strings.Builder
	for _, a := range r.Advice {
		fmt.Fprintf(&out, "%s %s: %s\n", a.Proof.Level, a.Kind, strings.ReplaceAll(a.Change, "\n", "\n  "))
	}
	if out.Len() == 0 {
		return "nothing\n"
	}
	return out.String()
}

// asGood tells whether advice is that of a script, or has indexes in its place that do the same and more: which of two forms
// of an index is the faster is measured, and machines differ. So does what saves most, and with it the order.
func asGood(got, want string) bool {
	given, wanted := advices(got), advices(want)
	for _, w := range wanted {
		at := slices.IndexFunc(given, func(g string) bool { return g == w || serves(strings.TrimSpace(g), strings.TrimSpace(w)) })
		if at < 0 {
			return false
		}
		given = slices.Delete(given, at, at+1)
	}
	return len(given) == 0
}

// advices takes an outline apart.
func advices(outline string) (each []string) {
	for line := range strings.Lines(outline) {
		if strings.HasPrefix(line, " ") && len(each) > 0 {
			each[len(each)-1] += line
			continue
		}
		each = append(each, line)
	}
	return each
}

var indexForm = regexp.MustCompile(`^(L\d index: CREATE INDEX ON \w+) \(([\w, ]+)\)(?: INCLUDE \(([\w, ]+)\))?( WHERE .*)?$`)

// serves tells whether an index begins with the keys of another, in whatever direction, and holds all that it includes.
func serves(got, want string) bool {
	g, w := indexForm.FindStringSubmatch(got), indexForm.FindStringSubmatch(want)
	if g == nil || w == nil || g[1] != w[1] || g[4] != w[4] {
		return false
	}
	keys, needed := columnsOf(g[2]), columnsOf(w[2])
	if len(keys) < len(needed) || !slices.Equal(keys[:len(needed)], needed) {
		return false
	}
	held := append(keys, columnsOf(g[3])...)
	return !slices.ContainsFunc(columnsOf(w[3]), func(c string) bool { return !slices.Contains(held, c) })
}

func columnsOf(list string) []string {
	if list == "" {
		return nil
	}
	columns := strings.Split(list, ", ")
	for i := range columns {
		columns[i] = strings.TrimSuffix(columns[i], " DESC")
	}
	return columns
}

// template is the database with the applike schema, made once.
var templateOnce struct {
	sync.Once
	url string
}

func template(t *testing.T) string {
	t.Helper()
	templateOnce.Do(func() {
		url := pgtest.New(t)
		must(t, url, applike.SQL(*scale)+"VACUUM ANALYZE orgs; VACUUM ANALYZE users; VACUUM ANALYZE orders; VACUUM ANALYZE events; VACUUM ANALYZE countries; CREATE EXTENSION hypopg;")
		templateOnce.url = url
	})
	if templateOnce.url == "" {
		t.Skip("no template")
	}
	return templateOnce.url
}

// supportTemplate is the database with the schema of support.sql, made once.
func supportTemplate(t *testing.T) string {
	t.Helper()
	if supportURL == "" {
		text, err := os.ReadFile("testdata/support.sql")
		if err != nil {
			t.Fatal(err)
		}
		url := pgtest.New(t)
		must(t, url, applike.Hash+string(text))
		supportURL = url
	}
	return supportURL
}

var (
	supportURL   string
	sharedClones = map[string]string{}
)

func sharedClone(t *testing.T, base string) string {
	t.Helper()
	if sharedClones[base] == "" {
		source, _ := url.Parse(base)
		name := strings.TrimPrefix(source.Path, "/")
		must(t, strings.Replace(base, source.Path, "/postgres", 1), "CREATE DATABASE "+name+"_clone TEMPLATE "+name+" STRATEGY file_copy")
		sharedClones[base] = strings.Replace(base, "?", "_clone?", 1)
	}
	return sharedClones[base]
}

// must runs statements one by one.
//
// Where they VACUUM, each commit is written before the next statement. VACUUM takes rows for visible to all, which plans hang on, only when the
// log of the transaction that wrote them is written, and Postgres knows how far it has to be for 32 transactions at a time. With commits that
// are written later a CHECKPOINT between is not enough: the VACUUM of one table hid the rows of the next, by what number its transaction had.
func must(t *testing.T, url, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if strings.Contains(text, "VACUUM") {
		text = "SET synchronous_commit = on; " + text
	}
	for _, piece := range split(text) {
		if _, err := conn.Exec(ctx, piece); err != nil {
			if strings.Contains(err.Error(), `extension "hypopg" is not available`) && os.Getenv("CI") != "true" {
				t.Skip("HypoPG is not installed on this machine (Debian: postgresql-15-hypopg)")
			}
			t.Fatalf("%.200s: %v", piece, err)
		}
	}
}

func copyOf(t *testing.T, from string) string {
	t.Helper()
	source, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	to := *source
	to.Path = source.Path + "_" + fmt.Sprint(time.Now().UnixNano())
	admin := *source
	admin.Path = "/postgres"
	must(t, admin.String(), "CREATE DATABASE "+strings.TrimPrefix(to.Path, "/")+" TEMPLATE "+strings.TrimPrefix(source.Path, "/")+" STRATEGY file_copy")
	t.Cleanup(func() {
		must(t, admin.String(), "DROP DATABASE "+strings.TrimPrefix(to.Path, "/")+" WITH (FORCE)")
	})
	return to.String()
}

func split(text string) []string {
	var out []string
	for _, piece := range pgsql.Split(text) {
		out = append(out, piece.Text)
	}
	return out
}
