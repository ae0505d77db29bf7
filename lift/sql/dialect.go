package sql

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// sides are the databases that one code keeps a schema for each of, in files that are alike but for a name.
//
//	migrations/postgres/1_init.sql, migrations/sqlite/1_init.sql
//	schema_postgres.go, schema_sqlite.go
//	1_init.mysql.up.sql, 1_init.postgres.up.sql
type sides struct {
	dialects []string            // those that are known here, the foremost first; none where there is one schema alone
	keys     map[string][]string // the dialects of what is alike
	beside   map[string]side     // of folders that name no database, see unnamed
	guessed  map[side]bool       // those of them
}

// known are the dialects whose schemas are read, the foremost first.
var known = []string{"postgres", "mysql", "sqlite"}

// sidesOf reads the names of files.
func sidesOf(texts []Text) sides {
	s := sides{keys: map[string][]string{}, beside: map[string]side{}, guessed: map[side]bool{}}
	for _, t := range texts {
		if key, d := twins(t.Name); d != "" && !slices.Contains(s.keys[key], d) {
			s.keys[key] = append(s.keys[key], d)
		}
	}
	s.unnamed(texts)
	for _, d := range known {
		for _, list := range s.keys {
			if len(list) > 1 && slices.Contains(list, d) && !slices.Contains(s.dialects, d) {
				s.dialects = append(s.dialects, d)
			}
		}
	}
	return s
}

// holds reports whether a file is of the schema of one of the dialects: it is that one's, or has no twin. The foremost also has
// what there is for others alone.
func (s sides) holds(name, dialect string) bool {
	key, own := twins(name)
	if beside, is := s.beside[path.Dir(name)]; is && own == "" {
		key, own = beside.key, beside.dialect
	}
	list := s.keys[key]
	if own == "" || len(list) < 2 || own == dialect {
		return true
	}
	if slices.Contains(list, dialect) || dialect != s.dialects[0] {
		return false
	}
	for _, d := range known {
		if slices.Contains(list, d) {
			return own == d
		}
	}
	return own == list[0]
}

// side is of which of several schemas a folder is.
type side struct{ key, dialect string }

var createsTable = regexp.MustCompile("(?i)\\bcreate\\s+table\\s+(?:if\\s+not\\s+exists\\s+)?[`\"]?(?:\\w+[`\"]?\\.[`\"]?)?(\\w+)")

// unnamed looks for folders that name no database and stand beside one that does: versioned beside mysql. What makes the same tables in the
// words of another database is the schema of that one.
func (s sides) unnamed(texts []Text) {
	made := map[string]map[string]bool{} // tables, by the key of twins, or by the folder of what has none
	of := map[string][]Text{}
	for _, t := range texts {
		key, own := twins(t.Name)
		if own == "" {
			if path.Ext(t.Name) != ".sql" {
				continue
			}
			key = path.Dir(t.Name)
			of[key] = append(of[key], t)
		}
		if made[key] == nil {
			made[key] = map[string]bool{}
		}
		for _, found := range createsTable.FindAllStringSubmatch(t.SQL, -1) {
			made[key][strings.ToLower(found[1])] = true
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(of)) {
		key, d := strings.ToLower(path.Join(path.Dir(folder), "*")), dialect(of[folder], nil)
		same := 0
		for table := range made[folder] {
			if made[key][table] {
				same++
			}
		}
		if d == "" || len(s.keys[key]) == 0 || slices.Contains(s.keys[key], d) && s.beside[folder].key == "" && !s.guessed[side{key, d}] || same < 2 || same*2 < min(len(made[folder]), len(made[key])) {
			continue
		}
		if !slices.Contains(s.keys[key], d) {
			s.keys[key] = append(s.keys[key], d)
		}
		s.beside[folder], s.guessed[side{key, d}] = side{key, d}, true
	}
}

// of leaves those of the texts that are of the schema of one of the dialects.
func (s sides) of(texts []Text, dialect string) []Text {
	if dialect == "" {
		return texts
	}
	return slices.DeleteFunc(slices.Clone(texts), func(t Text) bool { return !s.holds(t.Name, dialect) })
}

// twins is what the files of several databases have in common in their names, with the database that this one is for: of
// postgresql/v12/schema.sql and mysql/v8/schema.sql the folder that both stand in, whatever there is in each.
func twins(name string) (key, dialect string) {
	folder, base := path.Split(strings.ToLower(name))
	parts := strings.Split(strings.TrimSuffix(folder, "/"), "/")
	for i := range parts {
		words := strings.FieldsFunc(parts[i], func(c rune) bool { return c == '_' || c == '-' })
		for n, word := range words {
			if dialect = facts.DialectOf(word); dialect != "" {
				words[n] = "*"
				return strings.Join(append(parts[:i:i], strings.Join(words, "_")), "/"), dialect
			}
		}
	}
	if marks := strings.Split(base, "."); len(marks) > 2 { // 1_init.mysql.up.sql
		for _, mark := range marks[1 : len(marks)-1] {
			if dialect = facts.DialectOf(mark); dialect != "" {
				return folder + "*", dialect
			}
		}
	}
	words := strings.Split(strings.TrimSuffix(base, path.Ext(base)), "_")
	for n, word := range words {
		if dialect = facts.DialectOf(word); dialect != "" {
			words[n] = "*"
			return folder + strings.Join(words, "_") + path.Ext(base), dialect
		}
	}
	return "", ""
}

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
