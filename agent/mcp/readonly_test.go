package mcp_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/internal/pgtest"
)

// What writes reaches a database of Postgres by no statement that a client gives: what is no read is refused before, and what hides
// a write in a function that planning evaluates is refused by the database, whose transaction is read-only.
func TestTheDatabaseIsOnlyRead(t *testing.T) {
	at := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	do := func(statement string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	do("CREATE TABLE people (id bigint PRIMARY KEY, name text)")
	do("INSERT INTO people SELECT i, 'p' || i FROM generate_series(1, 2000) i")
	do("ANALYZE people")
	do("CREATE FUNCTION wipes() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$ BEGIN DELETE FROM people; RETURN 1; END $$")
	do("CREATE FUNCTION writes() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN wipes(); END $$")
	do("CREATE FUNCTION opens() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM set_config('default_transaction_read_only', 'off', false); RETURN 1; END $$")
	do("CREATE FUNCTION opens_now() RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM set_config('transaction_read_only', 'off', false); RETURN wipes(); END $$")
	// What a constant is cast to unsaid is seen by nobody before it runs: there the session alone refuses.
	do("CREATE TYPE hidden AS (x text)")
	do("CREATE FUNCTION hides(varchar) RETURNS hidden LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM wipes(); RETURN ROW('x')::hidden; END $$")
	do("CREATE CAST (varchar AS hidden) WITH FUNCTION hides(varchar) AS IMPLICIT")
	do("ALTER TABLE people ADD COLUMN face hidden")
	// Where a backslash escapes a quote what is one text to the parser is several statements to the server.
	do("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database()); END $$")
	if _, err := conn.Exec(t.Context(), "EXPLAIN SELECT * FROM people WHERE id = writes()"); err != nil {
		t.Fatal("planning does not evaluate it here:", err)
	}
	do("INSERT INTO people SELECT i, 'p' || i FROM generate_series(1, 2000) i ON CONFLICT DO NOTHING")
	state := func() (out string) {
		t.Helper()
		err := conn.QueryRow(t.Context(), `SELECT count(*) || ' ' || sum(id) || ' ' || (SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace) FROM people`).Scan(&out)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := state()
	p := project(t)
	p.Database = at
	session := connect(t, p)
	ran := filepath.Join(t.TempDir(), "ran")
	for _, c := range []struct {
		statements []string
		want       []string // what the database says
	}{
		{[]string{
			"DELETE FROM people",
			"WITH gone AS (DELETE FROM people RETURNING id) SELECT * FROM gone",
			"SELECT * FROM people WHERE id = 7 FOR UPDATE",
			"SELECT * FROM people WHERE id = opens()",
			"SELECT * FROM people WHERE id = writes()",
			"SELECT * FROM people WHERE id = opens_now()",
			"COPY people TO PROGRAM 'touch " + ran + "'",
			"EXPLAIN ANALYZE DELETE FROM people",
			"SELECT pg_read_file('/etc/passwd')",
			"TRUNCATE people",
			"SELECT id FROM people WHERE name = 'p7'",
			"INSERT INTO people (id, face) VALUES (1, 'a'::varchar)",
		}, []string{"opens() is run while it is planned", "writes() is run while it is planned", "cannot execute DELETE in a read-only transaction"}},
		{[]string{"SELECT * FROM people", "COMMIT", "SET default_transaction_read_only = off", "DELETE FROM people", "DO $$ BEGIN DELETE FROM people; END $$", "DROP TABLE people"}, []string{
			"2 statements looked at", "statements:2: left out: it is about the session", "DROP TABLE people",
		}},
		{[]string{`SELECT $1::text, '\''; COMMIT; BEGIN READ WRITE; CREATE TABLE written (a int); DELETE FROM people; COMMIT; --'`}, nil},
	} {
		arguments, _ := json.Marshal(map[string]string{"statements": strings.Join(c.statements, ";\n") + ";\n"})
		said := textOf(call(t, session, "optimize", string(arguments)))
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("it does not say %q:\n%s", want, said)
			}
		}
		if strings.Contains(said, "root:") || strings.Contains(said, "'p7'") || len(said) > 13<<10 {
			t.Errorf("%s", said)
		}
		if have := state(); have != before {
			t.Fatalf("the database is %s, was %s", have, before)
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program was run")
	}
}
