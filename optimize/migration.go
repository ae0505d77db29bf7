package optimize

import (
	"fmt"
	"iter"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// migration writes statements as a file for goose, which "fettle migrate --apply" and a service at its start run. One
// that cannot be undone has no way down.
func migration(up, down []string, transaction bool) string {
	var out strings.Builder
	if !transaction {
		out.WriteString("-- +goose NO TRANSACTION\n")
	}
	out.WriteString("-- +goose Up\n")
	for _, statement := range up {
		out.WriteString(statement + ";\n")
	}
	if len(down) > 0 {
		out.WriteString("\n-- +goose Down\n")
		for _, statement := range down {
			out.WriteString(statement + ";\n")
		}
	}
	return out.String()
}

// indexMigration makes indexes while the table is written to. What stands in their way is dropped last.
func indexMigration(d Dialect, indexes []*Index, replaced []*Existing) string {
	var up, down []string
	if d == SQLite {
		for _, index := range indexes {
			up = append(up, index.Create("IF NOT EXISTS ", index.Name()))
			down = append(down, "DROP INDEX IF EXISTS "+pgsql.Ident(index.Name()))
		}
		for _, old := range replaced {
			up = append(up, "DROP INDEX "+pgsql.Ident(old.Name))
			down = append(down, old.Definition)
		}
		return migration(append(up, "PRAGMA optimize"), down, true)
	}
	up = append(up, "SET lock_timeout = '5s'")
	for _, index := range indexes {
		if index.Needs != "" {
			up = append(up, "CREATE EXTENSION IF NOT EXISTS "+pgsql.Ident(index.Needs))
		}
		name := index.Name()
		up = append(up, index.concurrently(name)...)
		down = append(down, "DROP INDEX "+index.beside()+"IF EXISTS "+schemaOf(index.Table)+pgsql.Ident(name))
		if !index.simple() {
			up = append(up, "ANALYZE "+index.Table.ID)
		}
	}
	for _, old := range replaced {
		up = append(up, "DROP INDEX CONCURRENTLY IF EXISTS "+schemaOf(indexes[0].Table)+pgsql.Ident(old.Name))
		down = append(down, strings.Replace(old.Definition, "INDEX ", "INDEX CONCURRENTLY ", 1))
	}
	up = append(up, "RESET lock_timeout")
	return migration(up, down, false)
}

func schemaOf(t *Table) string {
	if strings.Contains(t.ID, ".") {
		return pgsql.Ident(t.Schema) + "."
	}
	return ""
}

// beside is the word for making and dropping beside running writes, which Postgres cannot do with the index of a partitioned
// table.
func (i *Index) beside() string {
	if i.Table.Kind == "p" {
		return ""
	}
	return "CONCURRENTLY "
}

// concurrently are the statements that make an index beside running writes: that of a partitioned table begins empty, and
// becomes valid with the last index of a partition that is attached to it.
func (i *Index) concurrently(name string) []string {
	if len(i.Table.Partitions) == 0 {
		return []string{i.Create(i.beside()+"IF NOT EXISTS ", name)}
	}
	statements := []string{strings.Replace(i.Create("IF NOT EXISTS ", name), " ON ", " ON ONLY ", 1)}
	for _, partition := range i.Table.Partitions {
		part := *i
		part.Table = partition
		own := part.Name()
		statements = append(statements, part.Create("CONCURRENTLY IF NOT EXISTS ", own),
			"ALTER INDEX "+schemaOf(i.Table)+pgsql.Ident(name)+" ATTACH PARTITION "+schemaOf(partition)+pgsql.Ident(own))
	}
	return statements
}

// Migrations are the files of the advice, hints left out, by their names: in the order of the report, with names that
// stay the same from run to run.
func (r *Report) Migrations() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, a := range r.Advice {
			if a.Migration == "" || a.Kind == KindHint {
				continue
			}
			// goose orders by the number; what is advised again later gets the same file.
			if !yield(fmt.Sprintf("%05d_%s.sql", 90000+i+1, a.File), a.Migration) {
				return
			}
		}
	}
}
