package cli_test

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/cli"
	"github.com/fettlehq/fettle/internal/pgtest"
)

const slowUsers = "The user list query is taking too long, can you help optimize it?"

func said(args ...string) (int, string) {
	var out bytes.Buffer
	code := cli.Do(args, strings.NewReader(""), &out, &out)
	return code, out.String()
}

// manyUsersPostgres are many people, of whom the list is read without the index of its order, as in a database that has drifted from its
// migrations. On SQLite internal/slowshop makes them.
var manyUsersPostgres = []string{
	`INSERT INTO users (id, created_at, updated_at, version, email, name, role)
		SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, now() - i * interval '1 second', now(), 1, 'u' || i || '@shop.example', 'U', 'CUSTOMER'
		FROM generate_series(1, 30000) i`,
	"DROP INDEX users_created_at_id_idx",
	countChanges,
	"ANALYZE users",
}

// countChanges makes the server count at once what a session has changed: what is counted after an ANALYZE counts as changed since it.
const countChanges = "SELECT pg_stat_force_next_flush()"

// The list of users is slow in a copy of the shop: what reads it is found in the design, asked of the database and made fast, with a proof
// that was measured, on SQLite and on Postgres, without a model and with one.
func TestSlowList(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a service")
	}
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.CopyFS(dir, os.DirFS("../examples/shop")); err != nil {
		t.Fatal(err)
	}
	if code, out := said("generate", "--kit", "../kit", dir); code != 0 {
		t.Fatal(out)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Setenv("DATABASE_URL", "")
		if code, out := said("seed", dir); code != 0 {
			t.Fatal(out)
		}
		file := filepath.Join(dir, "data", "shop.db")
		if out, err := exec.Command("go", "run", "../internal/slowshop", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		before := sum(t, file)
		words := in(t, dir)
		code, out := words.do(slowUsers, "--as", "admin@shop.example")
		wants(t, code, 1, out, "its statement holds the rule: this == viewer || viewer.role in [STAFF, ADMIN]", "N steps", "(L3): run on a temporary copy", "the design makes this index already, as users_created_at_id_idx")
		words.is("slow-shop")
		if code, out = said("do", slowUsers, "--project", dir, "--as", "nobody@shop.example"); code != 2 || !strings.Contains(out, "there is no such account") {
			t.Errorf("%d\n%s", code, out)
		}
		// An account that is new sees none of them, so that nothing is slow for it.
		if code, out = said("do", slowUsers, "--project", dir); code != 0 || !strings.Contains(out, "looked at for an account that is new") || !strings.Contains(out, "of others nothing is claimed; --as ACCOUNT") {
			t.Errorf("%d\n%s", code, out)
		}
		explained := `{"query":"{ users(first: 20) { nodes { email name role } } }","as":"admin@shop.example"}`
		byModel := in(t, dir)
		model := scripted(t, byModel, step{tool: "explain", arguments: explained}, step{tool: "optimize", arguments: `{}`}, step{tool: "optimize", arguments: `{"statements":"SELECT email, name FROM users ORDER BY created_at DESC, id DESC LIMIT 20"}`},
			step{words: "The database lacks users_created_at_id_idx, which the design makes: apply the migrations there."})
		code, out = byModel.do(slowUsers, "--model", model.URL+"/v1")
		wants(t, code, 0, out, "model: explain", "model: optimize", "model: The database lacks", "nothing changes")
		for _, want := range []string{"ORDER BY t0.created_at DESC, t0.id DESC LIMIT 20", "SCAN t0", "steps of SQLite", "users_created_at_id_idx", `{"statements":"SELECT …"}`} {
			if !strings.Contains(model.heard(), want) {
				t.Errorf("the model was not told %q:\n%s", want, model.heard())
			}
		}
		byModel.is("slow-shop-model")
		if sum(t, file) != before {
			t.Error("the database was written")
		}
	})
	t.Run("postgres", func(t *testing.T) {
		at := pgtest.New(t)
		t.Setenv("DATABASE_URL", at)
		if code, out := said("seed", dir); code != 0 {
			t.Fatal(out)
		}
		conn, err := pgx.Connect(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range manyUsersPostgres {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		conn.Close(t.Context())
		clone := cloned(t, at)
		code, out := said("do", slowUsers, "--project", dir, "--as", "admin@shop.example", "--database", at, "--clone", clone)
		wants(t, code, 1, out, "Seq Scan users", "(L3): 5 of 5 runs faster", "the design makes this index already, as users_created_at_id_idx")
		model := scripted(t, nil, step{tool: "optimize", arguments: `{"statements":"SELECT email, name FROM users ORDER BY created_at DESC, id DESC LIMIT 20"}`}, step{words: "It is done."})
		code, out = said("do", slowUsers, "--project", dir, "--kit", "../kit", "--model", model.URL+"/v1/messages")
		wants(t, code, 0, out, "model: optimize", "model: It is done.", "nothing changes")
		if !strings.Contains(model.heard(), "created_at") {
			t.Error(model.heard())
		}
	})
	t.Run("over MCP", func(t *testing.T) { slowListOverMCP(t, dir) })
}

// From an empty folder the same sentence says what is missing, and a model is told so too; nothing is written.
func TestSlowListOfNothing(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	dir := filepath.Join(t.TempDir(), "notes")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	words := in(t, dir)
	code, out := words.do(slowUsers)
	wants(t, code, 2, out, "there is no design in", "fettle add registration", "--database URL", "nothing is claimed to be slow that was not looked at")
	words.is("slow-empty")
	for _, path := range []string{"/v1", "/v1/messages"} {
		byModel := in(t, dir)
		model := scripted(t, byModel, step{tool: "check_design", arguments: `{}`}, step{tool: "optimize", arguments: `{}`},
			step{words: "There is no design and no database here, so nothing can be said to be slow."})
		code, out := byModel.do(slowUsers, "--model", model.URL+path)
		wants(t, code, 1, out, "nothing changes", "optimize did not do what the model wanted")
		if heard := model.heard(); !strings.Contains(heard, "There is no design yet") || !strings.Contains(heard, "no database is known") {
			t.Error(heard)
		}
		if path == "/v1" {
			byModel.is("slow-empty-model")
		}
	}
	// What a model says is shown as its own, and moves no cursor.
	loud := scripted(t, nil, step{words: "All done.\x1b[2J\x1b]0;x\a\ncheck: no problem"})
	if _, out := said("do", slowUsers, "--project", dir, "--model", loud.URL+"/v1"); strings.ContainsAny(out, "\x1b\a") || !strings.Contains(out, "model: All done.\\x1b[2J") || !strings.Contains(out, "\nmodel: check: no problem\n") {
		t.Errorf("%q", out)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Error("something was written")
	}
}

func wants(t *testing.T, code, wanted int, out string, parts ...string) {
	t.Helper()
	if code != wanted {
		t.Errorf("exit code %d, not %d", code, wanted)
	}
	for _, part := range parts {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), part) {
			t.Errorf("it does not say %q:\n%s", part, out)
		}
	}
}

// cloned is a copy of a database of Postgres, on the same server.
func cloned(t *testing.T, at string) string {
	t.Helper()
	to, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Trim(to.Path, "/")
	to.Path = "/postgres"
	conn, err := pgx.Connect(t.Context(), to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	copied := name + "_clone"
	if _, err := conn.Exec(t.Context(), fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", pgx.Identifier{copied}.Sanitize(), pgx.Identifier{name}.Sanitize())); err != nil {
		t.Fatal(err)
	}
	to.Path = "/" + copied
	return to.String()
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func sum(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
