package cli_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fettlehq/fettle/internal/pgtest"
)

// agent is a client of the real program over its stdin and stdout.
type agent struct {
	t       *testing.T
	session *sdk.ClientSession
}

func agentOf(t *testing.T, dir string, env ...string) *agent {
	t.Helper()
	this, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	fettle := filepath.Join(t.TempDir(), "fettle") // as which TestMain runs the tool
	if err := os.Symlink(this, fettle); err != nil {
		t.Fatal(err)
	}
	kit, err := filepath.Abs("../kit")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(fettle, "mcp", "--kit", kit, dir)
	command.Env = append(os.Environ(), env...)
	command.Stderr = os.Stderr
	session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &sdk.CommandTransport{Command: command}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return &agent{t, session}
}

// call is what a tool says.
func (a *agent) call(name, arguments string) (said string, failed bool) {
	a.t.Helper()
	r, err := a.session.CallTool(a.t.Context(), &sdk.CallToolParams{Name: name, Arguments: json.RawMessage(arguments)})
	if err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	var parts []string
	for _, c := range r.Content {
		if text, is := c.(*sdk.TextContent); is {
			parts = append(parts, text.Text)
		}
	}
	return strings.Join(parts, "\n"), r.IsError
}

// says expects parts of what a tool says, which did not fail.
func (a *agent) says(name, arguments string, parts ...string) string {
	a.t.Helper()
	said, failed := a.call(name, arguments)
	if failed {
		a.t.Fatalf("%s %s: %s", name, arguments, said)
	}
	for _, part := range parts {
		if !strings.Contains(said, part) {
			a.t.Errorf("%s does not say %q:\n%s", name, part, said)
		}
	}
	return said
}

var applying = regexp.MustCompile(`apply: ([0-9a-f]{16})`)

// done shows a change and then makes it, by its hash.
func (a *agent) done(name, arguments string, parts ...string) {
	a.t.Helper()
	m := applying.FindStringSubmatch(a.says(name, arguments, parts...))
	if m == nil {
		a.t.Fatalf("%s has no hash", name)
	}
	a.says(name, withHash(arguments, m[1]))
}

func withHash(arguments, hash string) string {
	return strings.Replace(strings.TrimSuffix(arguments, "}")+`,"apply":"`+hash+`"}`, "{,", "{", 1)
}

// slowListOverMCP is the session of an agent that is told that the list of people by their names is slow: how it is read, what would help,
// the edit, the migration, the service, and how it is read then.
func slowListOverMCP(t *testing.T, dir string) {
	at := pgtest.New(t)
	t.Setenv("DATABASE_URL", at)
	if code, out := said("seed", dir); code != 0 {
		t.Fatal(out)
	}
	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, statement := range append(manyUsersPostgres, "UPDATE users SET name = md5(email)", countChanges, "VACUUM ANALYZE users") {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	hypothetical := true
	if _, err := conn.Exec(t.Context(), "CREATE EXTENSION hypopg"); err != nil {
		if hypothetical = false; os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
	}
	a := agentOf(t, dir)
	const read = `{"query":"{ users(first: 20, order: [name_ASC]) { nodes { name } } }","as":"admin@shop.example"}`
	shown := a.says("explain", read, "Seq Scan on users", "ORDER BY t0.name, t0.id")
	sql := regexp.MustCompile(`(?s)SELECT .*? LIMIT 20`).FindString(shown)
	id := regexp.MustCompile(`\$1 = (\S+)`).FindStringSubmatch(shown)
	if sql == "" || id == nil {
		t.Fatal(shown)
	}
	arguments, err := json.Marshal(map[string]string{"statements": strings.ReplaceAll(sql, "$1", "'"+id[1]+"'")})
	if err != nil {
		t.Fatal(err)
	}
	advised := a.says("optimize", string(arguments), "design/accounts.graphql:14: type User … @index(fields: [name, id])")
	if hypothetical && !strings.Contains(advised, "the planner would use it and the cost falls") {
		t.Error(advised)
	}
	a.done("edit_design", `{"recipe":"index","args":["User.name","User.id"]}`, "@index(fields: [name, id])")
	a.says("plan_migration", `{}`, "add index users_name_id", "no loss")
	a.done("generate", `{}`, "users_name_id")
	migrate := exec.Command("go", "run", "./cmd/shop", "migrate") // which a person does: no tool writes to a database
	migrate.Dir, migrate.Env = dir, append(os.Environ(), "GOWORK=off")
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	a.says("explain", read, "Scan using users_name_id")
}
