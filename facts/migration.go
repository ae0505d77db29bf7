package facts

import "slices"

// Migration is one file that changes the database.
type Migration struct {
	File       string
	Runner     string // "goose", "golang-migrate", "bun" (in a transaction), "plain", "folders" (one for each migration), "embedded"
	InTx       bool   // the runner wraps it in a transaction
	Baseline   bool   // the first, so that no table is in use yet
	Last       bool   // the newest, or of the newest folder
	Statements []*MigrationStatement
}

// Together reports whether its statements stand in one transaction: that of the runner, or the one in which PostgreSQL runs several
// statements that come as one text.
func (m *Migration) Together() bool { return m.InTx || m.Runner == "golang-migrate" }

// MigrationStatement is one statement of a migration.
type MigrationStatement struct {
	Pos          Pos
	Text         string
	Kind         string // "create index", "add column", …
	Table        string
	Schema       string // of the table, where an ALTER TABLE says it
	Column       string
	Name         string   // of the index or constraint
	Columns      []string // of the index or constraint
	Unique       bool
	Concurrently bool
	NewTable     bool // its table is made by the same migration
	NotNull      bool
	Default      string // the text of a default
	NotValid     bool
	Proven       bool   // of SET NOT NULL: a constraint that was validated before says it of every row
	To           string // the new name of a renaming
	Unlocked     []Edit // do the same without a lock
}

// Undialected reports whether there are migrations of tables in use, and nothing says which database they are for: what they lock there
// nobody knows then.
func (f *Facts) Undialected() bool {
	return f.Database != nil && f.Database.Dialect == "" && slices.ContainsFunc(f.Migrations, func(m *Migration) bool { return m.Last && !m.Baseline })
}
