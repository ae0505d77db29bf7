package sql

import (
	"crypto/sha256"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

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
	whole := slices.Concat(files, embedded)
	apart := sidesOf(whole)
	dialects := apart.dialects
	if len(dialects) == 0 {
		dialects = []string{""}
	}
	var out Lifted
	for n, d := range dialects {
		database, migrations := replayed(apart.of(files, d), apart.of(embedded, d), d)
		if n > 0 {
			out.Database.Others = append(out.Database.Others, database)
			continue
		}
		out.Database, out.Migrations = database, migrations
	}
	for _, folder := range folders(files) {
		for _, m := range folder {
			out.Ignores = append(out.Ignores, ignoresOf(m)...)
		}
	}
	sums := map[string]facts.Sum{}
	for _, f := range files {
		sums[f.Pos.File] = sha256.Sum256([]byte(f.SQL))
	}
	out.Queries, out.Sums, out.Unread = named(files), sums, unread
	return out
}

// replayed is the schema that files and strings of code make of a database, with the migrations that make it.
func replayed(files, embedded []Text, d string) (*facts.Database, []*facts.Migration) {
	r := &replay{
		tables: map[string]*schema.Table{}, cut: map[string]bool{}, checks: map[string]string{}, proven: map[string]bool{}, database: &facts.Database{Schema: &schema.Schema{}, At: map[string]facts.Pos{}, Dialect: d},
	}
	if d == "" {
		r.database.Dialect = dialect(files, embedded)
	}
	var migrations []*facts.Migration
	fromCode := func(text Text) {
		if migration := r.file(text); migration != nil && len(migration.Statements) > 0 {
			migration.Runner = "embedded"
			migrations = append(migrations, migration)
		}
	}
	steps, others := stepsInCode(embedded)
	for _, folder := range folders(files) {
		for _, m := range folder {
			in := path.Dir(m.Name)
			for len(steps[in]) > 0 && compareNumbers(path.Base(steps[in][0].Name), path.Base(m.Name)) < 0 {
				fromCode(steps[in][0])
				steps[in] = steps[in][1:]
			}
			if migration := r.file(m); migration != nil {
				r.unlock(migration)
				migrations = append(migrations, migration)
			}
		}
		if len(folder) > 0 {
			in := path.Dir(folder[len(folder)-1].Name)
			for _, text := range steps[in] {
				fromCode(text)
			}
			delete(steps, in)
		}
	}
	for _, in := range slices.Sorted(maps.Keys(steps)) {
		for _, text := range steps[in] {
			fromCode(text)
		}
	}
	for _, text := range others {
		fromCode(text)
	}
	r.finish()
	markEnds(migrations)
	return r.database, migrations
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

// stepsInCode takes from strings of code those of migrations whose files begin with their number, as files of SQL do: they run in the order of
// the numbers, between such files. The others stay in the order in which they were found.
func stepsInCode(embedded []Text) (steps map[string][]Text, others []Text) {
	steps = map[string][]Text{}
	for _, text := range embedded {
		if in := path.Dir(text.Name); numberedFile(text.Name) {
			steps[in] = append(steps[in], text)
		} else {
			others = append(others, text)
		}
	}
	for _, list := range steps {
		inOrder(list)
	}
	return steps, others
}

// numberedFile reports whether the name of a file begins with a number.
func numberedFile(name string) bool {
	base := path.Base(name)
	return base != "" && !notDigit(rune(base[0]))
}

var leading = regexp.MustCompile(`^\D*(\d+(?:[._]\d+)*)`)

// folders orders files as their runner does: by the number that their names, or their folders, begin with, down migrations left out.
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

// release is how far apart the migrations of one release may be made.
const release = 7 * 24 * time.Hour

// sameRelease reports whether a migration was made, by the dates in both names, so shortly before the newest that it reaches the database
// with it.
func sameRelease(file, newest string) bool {
	a, b := madeAt(file), madeAt(newest)
	return !a.IsZero() && !b.IsZero() && b.Sub(a) <= release
}

// madeAt is when a migration was made by its name: 20260722093000_batches.sql, 2026-07-22-batches.sql, 1784700000_batches.sql. It is the
// zero time where the name does not say.
func madeAt(file string) time.Time {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_.T", r) {
			return -1
		}
		return r
	}, path.Base(file))
	if end := strings.IndexFunc(digits, notDigit); end >= 0 {
		digits = digits[:end]
	}
	if len(digits) >= 8 {
		if t, err := time.Parse("20060102", digits[:8]); err == nil && t.Year() >= 2000 && t.Year() < 2100 {
			return t
		}
	}
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil && len(digits) == 10 {
		return time.Unix(n, 0)
	}
	return time.Time{}
}

func notDigit(c rune) bool { return c < '0' || c > '9' }

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
	for _, m := range migrations { // several strings of the newest file
		if newest := last[path.Dir(m.File)]; newest != nil && m.Runner == "embedded" && numberedFile(m.File) {
			m.Last = m.File == newest.File
		}
	}
	for _, m := range migrations {
		if newest := last[path.Dir(m.File)]; newest != nil && m.Runner != "embedded" && !m.Baseline && sameRelease(m.File, newest.File) {
			m.Last = true
		}
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
