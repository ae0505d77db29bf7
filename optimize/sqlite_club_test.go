package optimize

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/pgsql"
)

// club is a chess club, with names as people write them.
const club = `
CREATE TABLE Member (memberId INTEGER PRIMARY KEY, clubCode TEXT NOT NULL, fullName TEXT NOT NULL, email TEXT COLLATE NOCASE, rating INT NOT NULL, standing TEXT NOT NULL, leftOn TEXT);
CREATE TABLE Game (gameId INTEGER PRIMARY KEY, whiteId INT NOT NULL REFERENCES Member ON DELETE CASCADE, blackId INT NOT NULL REFERENCES Member ON DELETE CASCADE, opening TEXT NOT NULL, playedOn TEXT NOT NULL, result TEXT NOT NULL, tags TEXT NOT NULL);
CREATE TABLE Venue (venueId INTEGER PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE Move (moveId INTEGER PRIMARY KEY, gameId INT NOT NULL REFERENCES Game, said TEXT NOT NULL);
CREATE TABLE "entry list" (id INTEGER PRIMARY KEY, "event no" INT NOT NULL, seat INT NOT NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
	INSERT INTO Member SELECT i, printf('C%03d', i * 7919 % 400), 'Player ' || hex(i * 7919), 'P' || i || '@club.example', 800 + i * 7919 % 1900, CASE WHEN i % 50 = 0 THEN 'banned' ELSE 'active' END, CASE WHEN i % 20 = 0 THEN '2024-05-01' END FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
	INSERT INTO Game SELECT i, 1 + i * 7919 % 8000, 1 + i * 104729 % 7993, printf('%s%02d', substr('ABCDE', 1 + i % 5, 1), i * 7919 % 100), date(1500000000 + i * 7919 % 20000 * 7200, 'unixepoch'), CASE i % 3 WHEN 0 THEN '1-0' WHEN 1 THEN '0-1' ELSE 'draw' END, '{"event":"E' || i % 300 || '"}' FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO "entry list" SELECT i, i * 7919 % 500, i % 64 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO Move SELECT i, 1 + i * 7919 % 20000, 'e4' FROM n;
INSERT INTO Venue VALUES (1, 'Hall'), (2, 'Cellar');
`

// clubWork is its workload: each statement with the beginning of what is advised for it, or nothing.
var clubWork = []struct{ name, calls, text, want string }{
	{"games of a player", "900/hour", "select gameid, opening from game where whiteid = :player order by playedon desc limit 10", "Game (\"whiteId\""},
	{"openings of a kind", "60/hour", "select gameId from Game where opening glob 'E9*'", "Game (opening"},
	{"by mail", "900/hour", "select memberId from Member where email == @mail", "Member (email"},
	{"members of a club", "300/hour", "select `fullName` from `Member` where [clubCode] is ?1 and leftOn is null", "Member (\"clubCode\""},
	{"a member goes", "60/hour", "delete from member where memberid = ?", "Game (\"blackId\""},
	{"a game that others refer to goes", "60/hour", "delete from game where gameid = 7919", "Move (\"gameId\""},
	{"by name in any case", "300/hour", "select memberId from Member where lower(fullName) = $name", "Member ((lower(\"fullName\")))"},
	{"seats of an event", "300/hour", `select seat from "entry list" where "event no" = ? order by seat limit 0, 64`, `"entry list" ("event no"`},
	{"the best of a range", "120/hour", "select memberId, rating from Member where rating between ? and ? order by rating desc limit 20, 10", "Member (rating"},
	{"games of an event", "120/hour", "select gameId from Game where json_extract(tags, '$.event') = :event", "Game ((json_extract(tags, '$.event')))"},
	{"games of the banned", "20/hour", "select m.memberId, (select count(*) from Game g where g.whiteId = m.memberId) from Member m where m.standing = 'banned' limit 20", "Game (\"whiteId\""},
	{"a member", "9000/hour", "select * from Member where memberId = ?", ""},
	{"a venue", "9000/hour", "select * from Venue where title = ?", ""},
	{"all the active", "100/hour", "select count(*) from Member where standing = 'active'", ""},
	{"once a year", "1/month", "select count(*) from Game where result = '1-0' and playedOn < '2018'", ""},
	{"a game is written", "600/hour", "insert or replace into Game (gameId, whiteId, blackId, opening, playedOn, result, tags) values (?, ?, ?, ?, ?, ?, ?)", ""},
	{"nonsense", "5/hour", "selec nothing frm", ""},
}

func clubStatements() []*Statement {
	text := ""
	for _, w := range clubWork {
		text += fmt.Sprintf("-- name: %s\n-- calls: %s\n%s;\n", w.name, w.calls, w.text)
	}
	statements, _ := ParseWorkload("club.sql", text)
	return statements
}

func clubFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "club.db")
	execSQLite(t, path, club)
	return path
}

// execSQLite runs statements on a connection of their own.
func execSQLite(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		t.Fatal(err)
	}
}

// Each statement that is slow is advised an index, no other is, and what is claimed of each index is what its statement takes beside all that is
// advised: without the index and with it.
func TestSQLiteClub(t *testing.T) {
	path := clubFile(t)
	ctx := context.Background()
	report, err := RunSQLite(ctx, Options{Database: path, Statements: clubStatements()})
	if err != nil {
		t.Fatal(err)
	}
	m, err := openMachine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	run := func(text string) ran {
		t.Helper()
		did, err := m.run(ctx, text, 100)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return did
	}
	run("PRAGMA foreign_keys = ON")
	var all []*Index
	for _, a := range report.Advice {
		all = append(all, a.Indexes...)
	}
	for _, index := range all {
		run(index.Create("", index.Name()))
	}
	run("ANALYZE")
	taken := func(q *Query) float64 {
		run("BEGIN")
		run("PRAGMA defer_foreign_keys = ON")
		defer run("ROLLBACK")
		return run(q.bound).Steps
	}
	used := map[string][]string{}
	for _, q := range report.Queries {
		names := namesIn(sqlitePlan(run("EXPLAIN QUERY PLAN " + q.bound).texts))
		for _, index := range all {
			if slices.Contains(names, index.Name()) {
				used[q.Name] = append(used[q.Name], index.String())
			}
		}
	}
	for _, w := range clubWork {
		serves := func(index string) bool {
			return strings.HasPrefix(strings.NewReplacer(`"Game"`, "Game", `"Member"`, "Member", `"Move"`, "Move").Replace(index), w.want)
		}
		if w.want != "" && !slices.ContainsFunc(used[w.name], serves) {
			t.Errorf("%s: it uses %v, want %s", w.name, used[w.name], w.want)
		}
	}
	for _, a := range report.Advice {
		at := slices.IndexFunc(clubWork, func(w struct{ name, calls, text, want string }) bool { return w.name == a.Title })
		if a.Kind != KindIndex || at < 0 || clubWork[at].want == "" {
			t.Errorf("%s is advised for %s", a.Change, a.Title)
			continue
		}
		q := report.Queries[slices.IndexFunc(report.Queries, func(q *Query) bool { return q.ID == a.Query })]
		after := taken(q)
		index := a.Indexes[0]
		run("DROP INDEX " + pgsql.Ident(index.Name()))
		before := taken(q)
		run(index.Create("", index.Name()))
		run("ANALYZE " + pgsql.Ident(index.Name()))
		claimed := *a.Proof.Before.Steps - *a.Proof.After.Steps
		same := math.Abs(after-*a.Proof.After.Steps) <= 1 || !q.reads() // what is written is written to all indexes
		if !same || math.Abs(before-after-claimed) > 1 {
			t.Errorf("%s, %s: %.0f → %.0f steps, and it says %.0f → %.0f", a.Title, a.Change, before, after, *a.Proof.Before.Steps, *a.Proof.After.Steps)
		}
	}
	notes := strings.Join(report.Notes, "\n")
	if strings.Count(notes, "club.sql:51: does not parse") != 1 || strings.Contains(notes, "cannot be run") {
		t.Errorf("it notes %s", notes)
	}
}

// Whoever ends a run is told what it found until then.
func TestInterruptedSQLite(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	report, err := RunSQLite(ctx, Options{Database: clubFile(t), Statements: clubStatements(), Progress: func(what string) {
		if strings.HasPrefix(what, "trial 30") {
			cancel()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Interrupted == "" || len(report.Advice) == 0 {
		t.Errorf("interrupted: %q, %d advices", report.Interrupted, len(report.Advice))
	}
	for _, a := range report.Advice {
		if a.Kind == KindIndex && *a.Proof.After.Steps >= *a.Proof.Before.Steps {
			t.Errorf("%s: %+v", a.Change, a.Proof)
		}
	}
}

// A statement that does not end within its steps is ended, told, and helped all the same.
func TestEndlessSQLite(t *testing.T) {
	statements, _ := ParseWorkload("endless.sql", `
-- name: all pairs
select count(*) from Game a, Game b, Game c where a.tags < b.tags and b.tags < c.tags;
-- name: rivals
select count(*) from Game g where (select count(*) from Game h where h.whiteId = g.blackId) > 3;
`)
	report, err := RunSQLite(context.Background(), Options{Database: clubFile(t), Statements: statements, steps: 3_000_000})
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(report.Notes, "\n")
	for _, name := range []string{"all pairs", "rivals"} {
		if !strings.Contains(notes, name+" was ended after 3,0") {
			t.Errorf("%s is not told to have been ended: %s", name, notes)
		}
	}
	if len(report.Advice) != 1 || report.Advice[0].Title != "rivals" || !strings.Contains(report.Advice[0].Confidence, "more than 3,0") {
		for _, a := range report.Advice {
			t.Error(a.Title, a.Change, a.Confidence)
		}
	}
}

// school is a table of which SQLite chooses between two indexes by their statistics.
const school = `
CREATE TABLE attendance (lesson_id INT NOT NULL, pupil_id INT NOT NULL, status TEXT NOT NULL, noted_at TEXT, PRIMARY KEY (lesson_id, pupil_id)) WITHOUT ROWID;
CREATE TABLE lessons (id INTEGER PRIMARY KEY, teacher_id INT NOT NULL, day TEXT NOT NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
	INSERT INTO attendance SELECT i, 1 + i * 31 % 6000, CASE WHEN i % 97 = 0 THEN 'absent' WHEN i % 53 = 0 THEN 'late' ELSE 'present' END, datetime('2025-09-01', '+' || i || ' minutes') FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) INSERT INTO lessons SELECT i, 1 + i * 7 % 300, date('2025-09-01', '+' || (i / 240) || ' days') FROM n;
`

const schoolWork = `
SELECT count(*) FROM attendance WHERE status = 'absent';
SELECT pupil_id, noted_at FROM attendance WHERE status = 'late' ORDER BY noted_at DESC LIMIT 10;
SELECT DISTINCT day FROM lessons ORDER BY day;
SELECT id FROM lessons WHERE teacher_id = 5 AND day > '2026-01-01';
UPDATE lessons SET day = '2026-02-02' WHERE id = 5;
`

// A report of SQLite speaks of SQLite: of its steps, of what an update does there, and of which indexes its plans name that the file lacks.
func TestSQLiteReportSpeaksOfSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "school.db")
	execSQLite(t, path, school)
	statements, _ := ParseWorkload("school.sql", schoolWork)
	report, err := RunSQLite(context.Background(), Options{Database: path, Statements: statements})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := report.Text(&out, nil); err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"HOT", "planned cost"} {
		if strings.Contains(out.String(), foreign) {
			t.Errorf("it speaks of %s:\n%s", foreign, out.String())
		}
	}
	for _, want := range []string{"of the workload's steps", "changes day: with this index such an update writes it, too"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it lacks %q:\n%s", want, out.String())
		}
	}
	for _, a := range report.Advice {
		for _, other := range report.Chosen {
			name := other.Name()
			shown := slices.ContainsFunc(a.Proof.Before.Plan, func(line string) bool { return slices.Contains(strings.Fields(line), name) })
			told := slices.ContainsFunc(a.Notes, func(note string) bool { return strings.Contains(note, name) })
			why := !slices.ContainsFunc(a.Why, func(why string) bool {
				return strings.Contains(why, name) && !strings.Contains(why, "which is advised here, too")
			})
			if shown && (!told || !why) {
				t.Errorf("%s: before it has %s, which is not there, and does not say so: %q %q", a.Change, name, a.Why, a.Notes)
			}
		}
	}
}

// What is claimed holds in a file to which the migrations were applied, and nothing else.
func TestSQLiteMigrationsDeliverWhatWasMeasured(t *testing.T) {
	path := filepath.Join(t.TempDir(), "school.db")
	execSQLite(t, path, school)
	ctx := context.Background()
	statements, _ := ParseWorkload("school.sql", schoolWork)
	report, err := RunSQLite(ctx, Options{Database: path, Statements: statements})
	if err != nil {
		t.Fatal(err)
	}
	for _, migration := range report.Migrations() {
		up, _, _ := strings.Cut(migration, "-- +goose Down")
		execSQLite(t, path, up)
	}
	m, err := openMachine(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	for _, a := range report.Advice {
		q := report.Queries[slices.IndexFunc(report.Queries, func(q *Query) bool { return q.ID == a.Query })]
		did, err := m.run(ctx, q.bound, 0)
		if !strings.Contains(a.Migration, "\nANALYZE "+a.Indexes[0].Table.ID) { // PRAGMA optimize does so in newer libraries alone
			t.Errorf("%s: its migration leaves it without statistics:\n%s", a.Change, a.Migration)
		}
		if err != nil || math.Abs(did.Steps-*a.Proof.After.Steps) > 1 {
			t.Errorf("%s: %s takes %.0f steps, and it says %.0f (%v)", a.Change, q.Text, did.Steps, *a.Proof.After.Steps, err)
		}
	}
	if len(report.Advice) < 4 {
		t.Errorf("%d advices", len(report.Advice))
	}
}
