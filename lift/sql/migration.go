package sql

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

// largest bounds a file of SQL; a larger one is data.
const largest = 4 << 20

// Text is SQL in a file, or in a string of code, with the place where it begins.
type Text struct {
	Pos  facts.Pos
	SQL  string
	Name string // of the file
}

// Lifted is what files of SQL hold.
type Lifted struct {
	Database   *facts.Database
	Migrations []*facts.Migration
	Queries    []*facts.Function // that the code loads by their names
	Ignores    []facts.Ignore
	Sums       map[string]facts.Sum // of the files
	Unread     []string             // files that are too large
}

// Lift reads the files of SQL below a folder: the schema that they make in their order, each migration, and queries that
// have names. It is also given SQL that stands in code.
func Lift(dir string, embedded []Text) Lifted {
	files, unread := find(dir)
	r := &replay{
		tables: map[string]*schema.Table{}, cut: map[string]bool{}, checks: map[string]string{}, proven: map[string]bool{}, database: &facts.Database{Schema: &schema.Schema{}, At: map[string]facts.Pos{}},
	}
	r.database.Dialect = dialect(files, embedded)
	var migrations []*facts.Migration
	var ignores []facts.Ignore
	for _, folder := range folders(files) {
		for _, m := range folder {
			ignores = append(ignores, ignoresOf(m)...)
			if migration := r.file(m); migration != nil {
				r.unlock(migration)
				migrations = append(migrations, migration)
			}
		}
	}
	for _, text := range embedded {
		if migration := r.file(text); migration != nil && len(migration.Statements) > 0 {
			migration.Runner = "embedded"
			migrations = append(migrations, migration)
		}
	}
	r.finish()
	markEnds(migrations)
	sums := map[string]facts.Sum{}
	for _, f := range files {
		sums[f.Pos.File] = sha256.Sum256([]byte(f.SQL))
	}
	return Lifted{r.database, migrations, named(files), ignores, sums, unread}
}

// find reads the files of SQL below a folder, without those of tests and of queries for sqlc.
func find(dir string) (out []Text, unread []string) {
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		base := ""
		if entry != nil {
			base = entry.Name()
		}
		switch {
		case err != nil:
			return nil // what cannot be read holds nothing to review
		case entry.IsDir() && name != dir && (base == "vendor" || base == "node_modules" || base == "testdata" || base == "test" || base == "tests" || base == "fixtures" || base[0] == '.'):
			return filepath.SkipDir
		case entry.IsDir() || !entry.Type().IsRegular() || !strings.HasSuffix(strings.ToLower(base), ".sql"):
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		shown, err := filepath.Rel(dir, name)
		if err != nil {
			return nil
		}
		shown = filepath.ToSlash(shown)
		if info.Size() > largest {
			unread = append(unread, shown)
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil
		}
		out = append(out, Text{Pos: facts.Pos{File: shown, Line: 1, Column: 1}, SQL: string(text), Name: shown})
		return nil
	})
	return out, unread
}

var leading = regexp.MustCompile(`^\D*(\d+(?:[._]\d+)*)`)

// folders orders files as their runner does: by the number that their names, or their folders, begin with, down migrations left out. Of
// folders that hold the same migrations for several dialects one is taken: PostgreSQL's, else the first.
func folders(files []Text) [][]Text {
	byFolder := map[string][]Text{}
	var names []string
	for _, f := range files {
		base := strings.ToLower(path.Base(f.Name))
		if strings.Contains(base, ".down.") || base == "down.sql" || strings.HasSuffix(base, "_down.sql") || strings.Contains(base, "rollback") || strings.Contains(strings.ToLower(f.Name), "seed") || strings.Contains(base, "test") {
			continue
		}
		folder := path.Dir(f.Name)
		if byFolder[folder] == nil {
			names = append(names, folder)
		}
		byFolder[folder] = append(byFolder[folder], f)
	}
	slices.SortFunc(names, func(a, b string) int {
		return slices.CompareFunc(strings.Split(a, "/"), strings.Split(b, "/"), func(a, b string) int {
			if step.MatchString(a) && step.MatchString(b) {
				return compareNumbers(a, b)
			}
			return strings.Compare(a, b)
		})
	})
	names = oneDialect(names)
	parents := sequences(names)
	var out [][]Text
	at := map[string]int{} // of the sequence in a folder
	for _, name := range names {
		list := inOrder(byFolder[name])
		if parent := parents[name]; parent != "" {
			if i, begun := at[parent]; begun {
				out[i] = append(out[i], list...)
				continue
			}
			at[parent] = len(out)
		}
		out = append(out, list)
	}
	return out
}

// inOrder sorts the files of one folder.
func inOrder(list []Text) []Text {
	slices.SortStableFunc(list, func(a, b Text) int { return compareNumbers(path.Base(a.Name), path.Base(b.Name)) })
	return list
}

// step is the name of a folder that holds one of several migrations: v1.14, 0.27, 29-add-index, 20240101120000_orders.
var step = regexp.MustCompile(`^[vV]?\d+([._]\d+)*([_-].*)?$`)

// sequences are the folders in which folders stand that are one migration each, by the names of those.
func sequences(names []string) map[string]string {
	count := map[string]int{}
	for _, name := range names {
		if step.MatchString(path.Base(name)) {
			count[path.Dir(name)]++
		}
	}
	out := map[string]string{}
	for _, name := range names {
		if step.MatchString(path.Base(name)) && count[path.Dir(name)] > 1 {
			out[name] = path.Dir(name)
		}
	}
	return out
}

var dialectNames = map[string]string{"postgres": "postgres", "postgresql": "postgres", "pg": "postgres", "pgsql": "postgres", "psql": "postgres", "mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite", "sqlite3": "sqlite"}

// oneDialect leaves out folders that are the twin of another, for another database.
func oneDialect(names []string) []string {
	best := map[string]string{}
	for _, name := range names {
		if key, d := twins(name); d != "" && (best[key] == "" || d == "postgres") {
			best[key] = name
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		key, d := twins(name)
		if d == "" {
			return false
		}
		_, chosen := twins(best[key])
		return d != chosen
	})
}

// twins is what folders for several databases have in common in their names, with the database that this one is for: of
// postgresql/v12/schema and mysql/v8/schema all but the first two parts.
func twins(name string) (key, dialect string) {
	parts := strings.Split(strings.ToLower(name), "/")
	for i, part := range parts {
		if d := dialectNames[part]; d != "" {
			parts[i] = "*"
			if i+1 < len(parts) && release.MatchString(parts[i+1]) {
				parts = slices.Delete(parts, i+1, i+2)
			}
			return strings.Join(parts, "/"), d
		}
	}
	return "", ""
}

// release is the name of a folder that says for which release of a database it is.
var release = regexp.MustCompile(`^v?\d+$`)

// compareNumbers orders names by the numbers in them, so that 10 comes behind 9.
func compareNumbers(a, b string) int {
	na, nb := leading.FindStringSubmatch(a), leading.FindStringSubmatch(b)
	if na == nil || nb == nil {
		return strings.Compare(a, b)
	}
	pa, pb := strings.FieldsFunc(na[1], notDigit), strings.FieldsFunc(nb[1], notDigit)
	for i := range min(len(pa), len(pb)) {
		x, _ := strconv.ParseUint(pa[i], 10, 64)
		y, _ := strconv.ParseUint(pb[i], 10, 64)
		if x != y {
			if x < y {
				return -1
			}
			return 1
		}
	}
	return strings.Compare(a, b)
}

func notDigit(c rune) bool { return c < '0' || c > '9' }

// dialect guesses the database from words that only it has.
func dialect(files, embedded []Text) string {
	votes := map[string]int{}
	for _, f := range append(slices.Clone(files), embedded...) {
		lower := strings.ToLower(f.SQL)
		for word, d := range map[string]string{
			"timestamptz": "postgres", "bigserial": "postgres", " serial": "postgres", "jsonb": "postgres", "concurrently": "postgres", "plpgsql": "postgres", "uuid_generate": "postgres", "gen_random_uuid": "postgres", "timestamp with time zone": "postgres", " bytea": "postgres",
			"auto_increment": "mysql", "engine=innodb": "mysql", "engine = innodb": "mysql", "`": "mysql", "unsigned": "mysql",
			"autoincrement": "sqlite", "pragma ": "sqlite", "without rowid": "sqlite",
		} {
			if strings.Contains(lower, word) {
				votes[d]++
			}
		}
	}
	best := ""
	for _, d := range []string{"postgres", "mysql", "sqlite"} {
		if votes[d] > votes[best] {
			best = d
		}
	}
	return best
}

// markEnds says of migrations whether they are the first of their sequence, or the newest: files of a folder, or folders that stand in
// one. All files of the newest folder are new.
func markEnds(migrations []*facts.Migration) {
	var names []string
	for _, m := range migrations {
		if folder := path.Dir(m.File); m.Runner != "embedded" && !slices.Contains(names, folder) {
			names = append(names, folder)
		}
	}
	parents := sequences(names)
	first, last := map[string]string{}, map[string]*facts.Migration{} // of a sequence, its first folder and its newest migration
	for _, m := range migrations {
		folder := path.Dir(m.File)
		if parent := parents[folder]; parent != "" && m.Runner != "embedded" {
			if m.Runner == "plain" {
				m.Runner = "folders"
			}
			folder = parent
		}
		start, begun := first[folder]
		m.Baseline = !begun || start != folder && start == path.Dir(m.File)
		if !begun {
			first[folder] = path.Dir(m.File)
		}
		last[folder] = m
	}
	for _, m := range last {
		m.Last = true
	}
	made := map[[2]string]bool{} // tables, by their folder
	for _, m := range migrations {
		folder := path.Dir(m.File)
		if parents[folder] == "" || m.Runner == "embedded" {
			continue
		}
		m.Last = m.Last || path.Dir(last[parents[folder]].File) == folder
		for _, s := range m.Statements {
			made[[2]string{folder, s.Table}] = made[[2]string{folder, s.Table}] || s.Kind == "create table"
			s.NewTable = s.NewTable || made[[2]string{folder, s.Table}]
		}
	}
}

func ignoresOf(t Text) []facts.Ignore {
	var out []facts.Ignore
	for i, line := range strings.Split(t.SQL, "\n") {
		if ignore, found := facts.ReadIgnore(facts.Pos{File: t.Pos.File, Line: t.Pos.Line + i, Column: 1}, line); found {
			out = append(out, ignore)
		}
	}
	return out
}
