package facts

import (
	"path"
	"strings"
)

// dialects are the words by which code calls databases, with the dialect of SQL that each of them has.
var dialects = map[string]string{
	"postgres": "postgres", "postgresql": "postgres", "pg": "postgres", "pgsql": "postgres", "psql": "postgres", "pgx": "postgres",
	"mysql": "mysql", "mariadb": "mysql", "sqlite": "sqlite", "sqlite3": "sqlite",
	"cockroach": "cockroach", "cockroachdb": "cockroach", "crdb": "cockroach", "mssql": "mssql", "sqlserver": "mssql", "oracle": "oracle", "tidb": "tidb", "tdsql": "tdsql", "clickhouse": "clickhouse",
}

// DialectOf is the dialect that a word names, as postgresql or mysqldb, and "" where it names none.
func DialectOf(word string) string {
	word = strings.ToLower(word)
	if d := dialects[word]; d != "" {
		return d
	}
	return dialects[strings.TrimPrefix(strings.TrimSuffix(word, "db"), "db")]
}

// DialectIn is the dialect that a path names in one of its words, as store/mysql/users.go or schema.postgres.sql, and "" where it names
// none, or several.
func DialectIn(name string) string {
	out := ""
	for _, word := range strings.FieldsFunc(strings.TrimSuffix(name, path.Ext(name)), func(c rune) bool { return strings.ContainsRune("/._-", c) }) {
		d := DialectOf(word)
		if d != "" && out != "" && d != out {
			return ""
		}
		if d != "" {
			out = d
		}
	}
	return out
}
