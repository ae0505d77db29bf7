// Package schema describes a database: tables, columns, keys, indexes and constraints.
//
//	model, lift/sql, a live catalog ─▶ Schema ─▶ migrate, review, optimize
//
// It is plain data that marshals to JSON and back without loss. It knows no dialect: a column has one logical Type,
// and whoever talks to a database renders it.
package schema

// Schema is the tables of a database, sorted by name.
type Schema struct {
	Tables []*Table `json:"tables"`
}

// Table is a table. Its Columns keep their order; the rest is sorted by name.
type Table struct {
	Name        string        `json:"name"`
	Was         string        `json:"was,omitempty"` // its former name, for a rename
	Comment     string        `json:"comment,omitempty"`
	Columns     []*Column     `json:"columns"`
	PrimaryKey  []string      `json:"primaryKey"`
	Indexes     []*Index      `json:"indexes,omitempty"`
	ForeignKeys []*ForeignKey `json:"foreignKeys,omitempty"`
	Exclusions  []*Exclusion  `json:"exclusions,omitempty"`
	Checks      []*Check      `json:"checks,omitempty"`
	Search      []string      `json:"search,omitempty"` // text columns whose words form one document that is searched
}

// How a table with a Search is kept. Postgres has the document as a column of the table, SQLite has tables of its own,
// whose names begin with the table's and this suffix.
const (
	SearchColumn = "search_document"
	SearchSuffix = "_search"
)

// The longest names, in bytes. PostgreSQL cuts a name after 63, and makes a primary key's from the table's and "_pkey".
const (
	LongestName  = 63
	LongestTable = LongestName - len("_pkey")
)

// Escaped are the characters that no name has, since they would end it or a statement within quotes.
const Escaped = "\"`'\\;\n\x00"

// Type is a logical column type.
type Type string

// The logical types, with how each database stores them.
const (
	Text     Type = "text"     // Postgres text; SQLite TEXT
	Boolean  Type = "boolean"  // Postgres boolean; SQLite INTEGER 0 or 1
	Integer  Type = "integer"  // 32 bits. Postgres integer; SQLite INTEGER
	BigInt   Type = "bigint"   // 64 bits. Postgres bigint; SQLite INTEGER
	Double   Type = "double"   // Postgres double precision; SQLite REAL
	Decimal  Type = "decimal"  // Postgres numeric(Digits, Scale); SQLite INTEGER, the value times 10^Scale, at most 18 digits
	DateTime Type = "datetime" // Postgres timestamptz; SQLite INTEGER, microseconds since 1970-01-01T00:00:00Z
	Date     Type = "date"     // Postgres date; SQLite TEXT YYYY-MM-DD
	Time     Type = "time"     // Postgres time; SQLite TEXT HH:MM:SS.ffffff
	Duration Type = "duration" // Postgres bigint; SQLite INTEGER; microseconds
	UUID     Type = "uuid"     // Postgres uuid; SQLite TEXT, lower case with hyphens
	JSON     Type = "json"     // Postgres jsonb; SQLite TEXT
	Bytes    Type = "bytes"    // Postgres bytea; SQLite BLOB
)

// Column is a column.
type Column struct {
	Name    string `json:"name"`
	Was     string `json:"was,omitempty"`
	Type    Type   `json:"type"`
	Digits  int    `json:"digits,omitempty"` // of a Decimal
	Scale   int    `json:"scale,omitempty"`  // of a Decimal
	List    bool   `json:"list,omitempty"`   // of values of Type. Postgres an array; SQLite TEXT, a JSON array of what the Type is stored as
	Null    bool   `json:"null,omitempty"`
	Default *Value `json:"default,omitempty"` // what old rows get when the column is added
	Comment string `json:"comment,omitempty"`

	Numbered bool `json:"numbered,omitempty"` // a BigInt that numbers the rows as they come. Postgres an identity; SQLite the rowid: it is the primary key

	Tombstone bool   `json:"tombstone,omitempty"` // a row that has a value here is deleted
	Kept      string `json:"kept,omitempty"`      // of a Tombstone: how long a deleted row stays, as time.Duration spells it, or Ever; empty where that is not known

	Copied *Copied `json:"copied,omitempty"` // where its value comes from

	Renamed []Renaming `json:"renamed,omitempty"` // values that are called otherwise now: what old rows that have one get when it is new here
}

// Renaming is the former name of a value, and its name.
type Renaming struct {
	Was  string `json:"was"`
	Name string `json:"name"`
}

// Ever is how long deleted rows stay that are never erased.
const Ever = "for ever"

// Copied says what a column repeats: Column of the row of Table whose id the column By holds. It is what old rows get when the
// column is added.
type Copied struct {
	By     string `json:"by"`
	Table  string `json:"table"`
	Column string `json:"column"`
}

// Value is a literal, in the text form that its column's Type has in the design ("12.50", "true", "OPEN"); of a list a JSON
// array of such texts.
type Value struct {
	Text string `json:"text"`
}

// Index is an index. A unique one is also how uniqueness is enforced.
type Index struct {
	Name   string      `json:"name"`
	Unique bool        `json:"unique,omitempty"`
	Parts  []IndexPart `json:"parts"`
	Lists  bool        `json:"lists,omitempty"` // of the elements of a column of lists: Postgres gin; SQLite has no such index
	Where  *Predicate  `json:"where,omitempty"` // of a partial index

	Include []string `json:"include,omitempty"` // columns that it only holds, so that queries are answered out of it alone: Postgres; no index that this tool makes
}

// IndexPart is one part of an index's key.
type IndexPart struct {
	Column     string `json:"column"`
	IgnoreCase bool   `json:"ignoreCase,omitempty"` // lower(column)
	Descending bool   `json:"descending,omitempty"`
}

// Predicate is a condition on the columns of one row, in the SQL of each dialect.
type Predicate struct {
	SQLite   string `json:"sqlite"`
	Postgres string `json:"postgres"`
}

// Action is what a foreign key does when the row that it names is deleted.
type Action string

// The actions.
const (
	Restrict Action = "restrict"
	Cascade  Action = "cascade"
	SetNull  Action = "set null"
)

// ForeignKey names a row of another table by its primary key, or by another unique key that ends with that. Of several columns
// the last is the reference: SetNull makes that one null, and keeps the others.
type ForeignKey struct {
	Name     string   `json:"name"`
	Columns  []string `json:"columns"`
	Table    string   `json:"table"`
	To       []string `json:"to"`
	OnDelete Action   `json:"onDelete"`
}

// Exclusion is a constraint between rows: no two that are equal in Per have spans that overlap. A span is two columns of
// one type, DateTime or Date; its start belongs to it and its end does not, and a null is no limit. A row with a null in
// Per is equal to none.
//
// Postgres has such a constraint; on SQLite two triggers refuse what breaks it.
type Exclusion struct {
	Name  string     `json:"name"`
	From  string     `json:"from"`
	Until string     `json:"until"`
	Per   []string   `json:"per,omitempty"`
	Where *Predicate `json:"where,omitempty"` // of the rows that it is about
}

// Check is a constraint on one row.
type Check struct {
	Name string    `json:"name"`
	That Predicate `json:"that"`
}
