package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/internal/child"
)

// Asked is what a service said of itself.
type Asked struct {
	*Checked
	Built *Built // nil where the design has mistakes
	Text  string
	Empty string // where a database would be, for want of which one without rows was asked; empty where there is one
}

// Unfilled says what plans of a database without rows are worth; empty where there was one to ask.
func (a *Asked) Unfilled() string {
	if a.Empty == "" {
		return ""
	}
	return a.Empty + ": there is no database yet: these are the plans of an empty one, thrown away again; they say nothing of what is slow. " +
		"fettle dev makes one, or DATABASE_URL names one"
}

// Refusal is what a service says of a question that it cannot answer.
type Refusal struct{ Text string }

func (e *Refusal) Error() string { return e.Text }

// Plan tells the statements of a GraphQL query with the database's plans, in a session that can only read: a copy of an
// SQLite file, a read-only session of Postgres; where there is no database yet, in an empty one. as is who asks: a login or id, empty for nobody.
func Plan(ctx context.Context, dir, query, as string) (*Asked, error) {
	args := []string{"explain", "plan"}
	for _, word := range []string{query, as} {
		if strings.HasPrefix(word, "-") {
			return nil, fmt.Errorf("%.50q: is no query or account", word)
		}
	}
	if as != "" {
		args = append(args, "--as", as)
	}
	return askService(ctx, dir, os.Getenv("DATABASE_URL"), true, append(args, query)...)
}

// statements are those that a GraphQL query is answered with, for an account (its login or id), with the values that they are sent
// with. Nobody sees what is for those who have signed in only: as is an id that nothing has where none is given.
func statements(ctx context.Context, dir, database, as, query string) ([]string, error) {
	if as == "" {
		as = "00000000-0000-7000-8000-000000000000"
	}
	if strings.HasPrefix(as, "-") {
		return nil, fmt.Errorf("%.50q: is no account", as)
	}
	if !strings.HasPrefix(database, "postgres") {
		file, err := filepath.Abs(sqliteFile(database))
		if err != nil {
			return nil, err
		}
		database = file
	}
	asked, err := askService(ctx, dir, database, true, "explain", "plan", "--as", as, "--format", "json", query)
	if err != nil {
		return nil, err
	}
	if asked.Built == nil || len(asked.Built.Problems) > 0 {
		return nil, errors.New("its service does not build: fettle dev shows why")
	}
	var sent []struct {
		SQL  string
		Args []any
	}
	decoder := json.NewDecoder(strings.NewReader(asked.Text))
	decoder.UseNumber()
	if err := decoder.Decode(&sent); err != nil {
		return nil, fmt.Errorf("statements of %s: %w", query, err)
	}
	var out []string
	for _, one := range sent {
		out = append(out, withValues(one.SQL, one.Args))
	}
	return out, nil
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// withValues puts the values of a statement where they are sent to, as far as SQL can say them.
func withValues(sql string, args []any) string {
	return placeholder.ReplaceAllStringFunc(sql, func(hole string) string {
		n, err := strconv.Atoi(hole[1:])
		if err != nil || n < 1 || n > len(args) {
			return hole
		}
		switch value := args[n-1].(type) {
		case nil:
			return "NULL"
		case bool:
			return strings.ToUpper(fmt.Sprint(value))
		case json.Number:
			return value.String()
		case string:
			return "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		return hole
	})
}

// Access tells which clauses of which rules let an account at a row, in a session that can only read.
func Access(ctx context.Context, dir, verb, row, as, in string) (*Asked, error) {
	args := []string{"explain", "access"}
	for _, option := range [][2]string{{"--as", as}, {"--in", in}} {
		if option[1] != "" {
			args = append(args, option[0], option[1])
		}
	}
	for _, word := range []string{verb, row, as, in} {
		if strings.HasPrefix(word, "-") {
			return nil, fmt.Errorf("%.50q: is no verb, row or name", word)
		}
	}
	return askService(ctx, dir, os.Getenv("DATABASE_URL"), false, append(args, verb, row)...)
}

// askService runs the service with arguments, on a copy of an SQLite file or in a session of Postgres that can only read.
func askService(ctx context.Context, dir, database string, empty bool, args ...string) (*Asked, error) {
	checked, err := Check(dir)
	if err != nil {
		return nil, err
	}
	a := &Asked{Checked: checked}
	if len(checked.Problems) > 0 {
		return a, nil
	}
	scratch, err := os.MkdirTemp("", "fettle-ask-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	settings, err := onlyReading(dir, checked.Model.Name, database, scratch)
	if missing := (*noDatabase)(nil); errors.As(err, &missing) && empty {
		a.Empty, err = missing.file, nil
	}
	if err != nil {
		return nil, err
	}
	if a.Built, err = Build(ctx, dir, checked.Model); err != nil || len(a.Built.Problems) > 0 {
		return a, err
	}
	command := child.Command(ctx, a.Built.Program, args...)
	command.Dir = scratch
	command.Env = scratchEnv(append(settings, "LOG_LEVEL=error")...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &Refusal{strings.TrimSpace(stderr.String())}
	}
	a.Text = stdout.String()
	return a, nil
}

// maxCopied is the size in bytes up to which an SQLite file is copied to be asked.
const maxCopied = 1 << 30

// noDatabase says that the file of a database is not there.
type noDatabase struct{ file string }

func (e *noDatabase) Error() string {
	return e.file + ": there is no database yet to ask; fettle dev makes one, or DATABASE_URL names one"
}

// onlyReading is the settings of a service that can change nothing of the project's database. They are those of an empty one, with
// a noDatabase, where it has none.
func onlyReading(dir, name, database, scratch string) (settings []string, err error) {
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		at, err := url.Parse(database)
		if err != nil {
			return nil, errors.New("DATABASE_URL: is no URL") // its text holds a password
		}
		query := at.Query()
		query.Set("default_transaction_read_only", "on")
		at.RawQuery = query.Encode()
		settings = []string{"DATABASE_URL=" + at.String(), "MIGRATE=off"}
		for _, setting := range os.Environ() {
			if strings.HasPrefix(setting, "PG") { // how it is reached: PGPASSWORD, PGSSLROOTCERT, …
				settings = append(settings, setting)
			}
		}
		return settings, nil
	}
	file := sqliteFile(database)
	if file == "" {
		file = filepath.Join("data", name+".db")
	}
	copied := filepath.Join(scratch, "copy.db")
	settings = []string{"DATABASE_URL=sqlite:" + filepath.ToSlash(copied)}
	for _, suffix := range []string{"", "-wal"} {
		err := copyFile(absolute(dir, file)+suffix, copied+suffix)
		switch {
		case errors.Is(err, os.ErrNotExist) && suffix == "":
			return settings, &noDatabase{file}
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, err
		}
	}
	return settings, nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if info, err := source.Stat(); err != nil || info.Size() > maxCopied {
		return fmt.Errorf("%s: is too large to be copied", from)
	}
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}
