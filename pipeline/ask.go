package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/fettlehq/fettle/internal/child"
)

// Asked is what a service said of itself.
type Asked struct {
	*Checked
	Built *Built // nil where the design has mistakes
	Text  string
}

// Plan tells the statements of a GraphQL query with the database's plans, in a session that can only read: a copy of an
// SQLite file, a read-only session of Postgres; where there is no database yet, in an empty one.
func Plan(ctx context.Context, dir, query string) (*Asked, error) {
	return askService(ctx, dir, true, "explain", "plan", query)
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
	return askService(ctx, dir, false, append(args, verb, row)...)
}

func askService(ctx context.Context, dir string, empty bool, args ...string) (*Asked, error) {
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
	settings, err := onlyReading(dir, checked.Model.Name, scratch, empty)
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
		return nil, errors.New(strings.TrimSpace(stderr.String()))
	}
	a.Text = stdout.String()
	return a, nil
}

// maxCopied is the size in bytes up to which an SQLite file is copied to be asked.
const maxCopied = 1 << 30

// onlyReading is the settings of a service that can change nothing of the project's database.
func onlyReading(dir, name, scratch string, empty bool) ([]string, error) {
	database := os.Getenv("DATABASE_URL")
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		at, err := url.Parse(database)
		if err != nil {
			return nil, errors.New("DATABASE_URL: is no URL") // its text holds a password
		}
		query := at.Query()
		query.Set("default_transaction_read_only", "on")
		at.RawQuery = query.Encode()
		return []string{"DATABASE_URL=" + at.String(), "MIGRATE=off"}, nil
	}
	file := sqliteFile(database)
	if file == "" {
		file = filepath.Join("data", name+".db")
	}
	copied := filepath.Join(scratch, "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		err := copyFile(absolute(dir, file)+suffix, copied+suffix)
		switch {
		case errors.Is(err, os.ErrNotExist) && suffix == "" && !empty:
			return nil, fmt.Errorf("%s: there is no database yet to ask; fettle dev makes one, or DATABASE_URL names one", file)
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, err
		}
	}
	return []string{"DATABASE_URL=sqlite:" + filepath.ToSlash(copied)}, nil
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
