package optimize

import (
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
	write := func(statements []string) {
		for _, statement := range statements {
			out.WriteString(statement)
			if !strings.HasSuffix(statement, endOfBlock) {
				out.WriteString(";")
			}
			out.WriteString("\n")
		}
	}
	write(up)
	if len(down) > 0 {
		out.WriteString("\n-- +goose Down\n")
		write(down)
	}
	return out.String()
}

// endOfBlock ends a statement that has semicolons within.
const endOfBlock = "-- +goose StatementEnd"

// indexMigration makes indexes while the table is written to. What stands in their way is dropped last. On SQLite the tables that are named
// get statistics: without them it does not choose as it did when it was measured, and PRAGMA optimize gives none to a table that its
// connection has not asked anything.
func indexMigration(d Dialect, indexes []*Index, replaced []*Existing, analysed []string) string {
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
		for _, table := range analysed {
			up = append(up, "ANALYZE "+table)
		}
		return migration(up, down, true)
	}
	up = append(up, waitShort)
	for _, index := range indexes {
		if index.Needs != "" {
			up = append(up, "CREATE EXTENSION IF NOT EXISTS "+pgsql.Ident(index.Needs))
		}
		for _, part := range index.each() {
			name := part.Name()
			up = append(up, part.concurrently(name)...)
			down = append(down, "DROP INDEX "+part.beside()+"IF EXISTS "+part.Table.qualified(name))
			if !part.simple() {
				up = append(up, "ANALYZE "+part.Table.ID)
			}
		}
	}
	for _, old := range replaced {
		up = append(up, "DROP INDEX CONCURRENTLY IF EXISTS "+schemaOf(indexes[0].Table)+pgsql.Ident(old.Name))
		down = append(down, strings.Replace(old.Definition, "INDEX ", "INDEX CONCURRENTLY ", 1))
	}
	up = append(up, "RESET lock_timeout")
	return migration(up, down, false)
}

// dropMigration drops an index that is there, on Postgres beside running writes.
func dropMigration(d Dialect, e *Existing, name string) string {
	if d == SQLite {
		return migration([]string{"DROP INDEX IF EXISTS " + name}, []string{e.Definition}, true)
	}
	return migration([]string{"DROP INDEX CONCURRENTLY IF EXISTS " + name}, []string{strings.Replace(e.Definition, "INDEX ", "INDEX CONCURRENTLY ", 1)}, false)
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
// becomes valid with the last index of a partition that is attached to it, which may itself be one of a partitioned table.
func (i *Index) concurrently(name string) []string {
	if len(i.Table.Partitions) == 0 {
		if i.beside() == "" {
			return []string{i.Create("IF NOT EXISTS ", name)}
		}
		return i.wholly(name)
	}
	statements := []string{strings.Replace(i.Create("IF NOT EXISTS ", name), " ON ", " ON ONLY ", 1)}
	for _, partition := range i.Table.Partitions {
		part := i.on(partition)
		own := part.Name()
		statements = append(append(statements, part.concurrently(own)...),
			"ALTER INDEX "+i.Table.qualified(name)+" ATTACH PARTITION "+partition.qualified(own))
	}
	return statements
}

// waitShort makes statements give up that would let all others wait behind them. One that makes an index beside running writes lets
// nobody wait, and itself waits for every transaction that is older: given up, it leaves an index that is written to and not read.
const waitShort, waitLong = "SET lock_timeout = '5s'", "SET lock_timeout = 0"

// wholly are the statements that make an index beside running writes, after what an earlier attempt may have left of it.
func (i *Index) wholly(name string) []string {
	qualified := i.Table.qualified(name)
	return []string{
		"-- +goose StatementBegin\nDO $$ BEGIN\n" +
			"  IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(" + pgsql.Literal(qualified) + ") AND NOT indisvalid) THEN\n" +
			"    DROP INDEX " + qualified + "; -- what an attempt that was broken off has left\n" +
			"  END IF;\nEND $$;\n" + endOfBlock,
		waitLong,
		i.Create("CONCURRENTLY IF NOT EXISTS ", name),
		waitShort,
	}
}

// Migrations are the texts of the migrations of the advice, hints left out, by what a file of them is called after its number: in the
// order of the report, with names that stay the same from run to run.
func (r *Report) Migrations() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, a := range r.Advice {
			if a.Migration == "" || a.Kind == KindHint {
				continue
			}
			if !yield(plainName(a.File), a.Migration) {
				return
			}
		}
	}
}
