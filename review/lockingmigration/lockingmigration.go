// Package lockingmigration finds migrations that stop a Postgres database while they run.
package lockingmigration

import (
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/growth"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed locking-migration.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "locking-migration", Severity: rule.High, CWE: "CWE-833", Document: document, Find: find}

// numbered are the names of migrations of runners that leave no mark in the file.
var numbered = regexp.MustCompile(`(?i)^v?\d`)

func find(f *facts.Facts) []rule.Finding {
	if f.Database == nil || f.Database.Dialect != "postgres" {
		return nil
	}
	var out []rule.Finding
	tables := growth.Of(f, trace.New(f))
	for _, m := range f.Migrations {
		if m.Baseline || !m.Last || m.Runner == "plain" && !numbered.MatchString(path.Base(m.File)) {
			continue // it has run, there is nothing to stop yet, or it is a copy of the schema
		}
		small := !slices.ContainsFunc(m.Statements, func(s *facts.MigrationStatement) bool {
			_, found := judge(m, s)
			return found && !tables.Few(s.Table)
		})
		for _, s := range m.Statements {
			if finding, found := judge(m, s); found {
				if small && bySize(m, s) {
					finding.Confidence = rule.Uncertain // so few rows are soon done
				}
				out = append(out, finding)
			}
		}
		if m.Together() {
			out = append(append(out, fills(f, m)...), crossed(f, m, tables)...)
		}
	}
	return out
}

// judge says what a statement locks, and the form that does not.
func judge(m *facts.Migration, s *facts.MigrationStatement) (rule.Finding, bool) {
	out := rule.Finding{Pos: s.Pos, Confidence: rule.Certain, Evidence: []rule.Evidence{
		{Pos: s.Pos, What: strings.Join(strings.Fields(s.Text), " ")},
		{Pos: facts.Pos{File: m.File, Line: 1, Column: 1}, What: newest(m)},
	}}
	if s.NewTable || s.Table == "" {
		return out, false
	}
	tell := func(severity rule.Severity, fix, format string, args ...any) (rule.Finding, bool) {
		out.Severity, out.Fix, out.Message = severity, fix, fmt.Sprintf(format, args...)
		out.Edits = s.Unlocked
		return out, true
	}
	switch {
	case s.Kind == "create index" && s.Concurrently && m.InTx:
		return tell(rule.High, marker(m)+s.Text+";", "CREATE INDEX CONCURRENTLY cannot run in the transaction that %s opens: the migration fails", m.Runner)
	case s.Kind == "create index" && !s.Concurrently:
		return tell(rule.High, marker(m)+strings.Replace(s.Text, "INDEX", "INDEX CONCURRENTLY", 1)+";", "building index %s stops all writes to %s until it is done", s.Name, s.Table)
	case s.Kind == "drop index" && !s.Concurrently && s.Table != "":
		return tell(rule.Medium, marker(m)+strings.Replace(s.Text, "INDEX", "INDEX CONCURRENTLY", 1)+";", "dropping index %s waits for every reader of %s, and stops all who come after", s.Name, s.Table)
	case s.Kind == "add column" && s.NotNull && s.Default == "":
		return tell(rule.High, fmt.Sprintf("add %s with a default or nullable, fill it, then SET NOT NULL", s.Column), "column %s.%s is NOT NULL and has no default: the migration fails as soon as the table has a row", s.Table, s.Column)
	case s.Kind == "add column" && volatile(s.Default):
		return tell(rule.High, fmt.Sprintf("add %s without the default, set the default for new rows, fill old rows in batches", s.Column), "adding %s.%s with a default that differs per row rewrites %s while nobody may read it", s.Table, s.Column, s.Table)
	case s.Kind == "set not null" && !s.Proven:
		return tell(rule.Medium, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s_%s_set CHECK (%s IS NOT NULL) NOT VALID; then VALIDATE CONSTRAINT in another migration, then SET NOT NULL", s.Table, s.Table, s.Column, s.Column), "SET NOT NULL on %s.%s reads the whole table while nobody may use it", s.Table, s.Column)
	case s.Kind == "change type" && !widening(s.To):
		return tell(rule.High, fmt.Sprintf("add a new column, write both, fill it in batches, then switch and drop %s", s.Column), "changing the type of %s.%s rewrites the table while nobody may use it", s.Table, s.Column)
	case (s.Kind == "add foreign key" || s.Kind == "add check") && !s.NotValid:
		return tell(rule.Medium, strings.TrimSuffix(s.Text, ";")+" NOT VALID; then ALTER TABLE "+s.Table+" VALIDATE CONSTRAINT … in another migration", "the constraint on %s is checked against every row under a lock", s.Table)
	case s.Kind == "add exclusion":
		return tell(rule.Medium, "add it while the table is small, or while the service stands still: PostgreSQL has no form of it that waits for nobody", "the index behind this constraint is built while nobody may use %s", s.Table)
	case s.Kind == "vacuum full" || s.Kind == "cluster":
		return tell(rule.High, "leave it out: VACUUM without FULL frees the space for new rows; pg_repack rewrites a table in use", "%s rewrites %s while nobody may use it", strings.ToUpper(s.Kind), s.Table)
	case s.Kind == "set logged" || s.Kind == "set unlogged":
		return tell(rule.High, "make a new table, copy the rows in batches, and switch", "%s rewrites %s while nobody may use it", strings.ToUpper(s.Kind), s.Table)
	case s.Kind == "reindex" && !s.Concurrently:
		return tell(rule.High, fmt.Sprintf("%sREINDEX TABLE CONCURRENTLY %s;", marker(m), s.Table), "REINDEX stops all writes to %s, and the reads that use the index, until it is done", s.Table)
	case s.Kind == "lock table" && !bounded(m):
		return tell(rule.Medium, "lock the rows that are changed (SELECT … FOR UPDATE), or set lock_timeout and let go soon", "LOCK TABLE keeps everybody from %s until the transaction ends", s.Table)
	case s.Kind == "add unique" || s.Kind == "add primary key":
		return tell(rule.Medium, fmt.Sprintf("%sCREATE UNIQUE INDEX CONCURRENTLY %s_new ON %s (%s); then ADD CONSTRAINT … USING INDEX", marker(m), s.Table, s.Table, strings.Join(s.Columns, ", ")), "the index behind this constraint is built while nobody may use %s", s.Table)
	}
	return out, false
}

// bySize reports whether how long a statement keeps others waiting goes by how many rows its table has. One that fails does so whatever they are, and
// a lock is kept until the transaction ends.
func bySize(m *facts.Migration, s *facts.MigrationStatement) bool {
	fails := s.Kind == "create index" && s.Concurrently && m.InTx || s.Kind == "add column" && s.NotNull && s.Default == ""
	return !fails && s.Kind != "lock table"
}

// newest says what a migration is.
func newest(m *facts.Migration) string {
	if m.Runner == "folders" {
		return "of the newest folder of migrations"
	}
	if m.Runner == "embedded" {
		return "of the newest migration, which stands in code"
	}
	return "one of the newest migrations, for " + m.Runner
}

// volatile reports whether a default is reckoned for each row.
func volatile(text string) bool {
	lower := strings.ToLower(text)
	for _, call := range []string{"random()", "gen_random_uuid", "uuid_generate", "clock_timestamp", "nextval", "stored()"} {
		if strings.Contains(lower, call) {
			return true
		}
	}
	return false
}

// widening reports whether values of any type that is likely here need no rewriting for this one.
func widening(to string) bool {
	lower := strings.ToLower(strings.TrimSpace(to))
	return !strings.Contains(lower, "using") && (strings.HasPrefix(lower, "text") || strings.HasPrefix(lower, "varchar") || strings.HasPrefix(lower, "character varying"))
}

// marker keeps the runner from opening a transaction.
func marker(m *facts.Migration) string {
	switch m.Runner {
	case "goose":
		return "-- +goose NO TRANSACTION\n"
	case "dbmate":
		return "-- migrate:up transaction:false\n"
	case "sql-migrate":
		return "-- +migrate Up notransaction\n"
	case "bun":
		return "in a file of its own, whose name ends with .up.sql without .tx: "
	}
	return ""
}
