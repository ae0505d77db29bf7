package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fettlehq/fettle/optimize"
)

// OptimizeOptions are what the user asks of Optimize.
type OptimizeOptions struct {
	Database string // URL of the database, or the path of a SQLite file
	Clone    string // URL of a copy that may be changed, or empty
	Workload string // path of a file of statements, or empty: what the database counted
	Text     string // the statements themselves, in place of a file
	Budget   string // size that new indexes may take together, or empty
	Explains int    // plans that may be asked for; 0: the usual number
	Literals bool   // constants of statements are shown
	Project  string // folder of the project whose database it is, or empty: its indexes are edits of the design
}

// Optimize finds which statements of a database cost most, and what would help.
func Optimize(ctx context.Context, o OptimizeOptions) (*optimize.Report, error) {
	options := optimize.Options{Database: o.Database, Clone: o.Clone, Explains: o.Explains, Literals: o.Literals}
	if o.Database == "" {
		return nil, errors.New("which database? --database postgres://user@host:5432/name, or DATABASE_URL")
	}
	if !onPostgres(o.Database) {
		if _, err := os.Stat(sqliteFile(o.Database)); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: there is no such database; it is a URL as postgres://user@host:5432/name, or the file of an SQLite database", o.Database)
		}
	}
	if o.Budget != "" {
		var err error
		if options.Budget, err = optimize.ParseBytes(o.Budget); err != nil {
			return nil, err
		}
	}
	var notes []string
	if o.Workload != "" || o.Text != "" {
		text, err := []byte(o.Text), error(nil)
		if o.Text == "" {
			text, err = os.ReadFile(o.Workload)
		} else {
			o.Workload = "statements"
		}
		if err != nil {
			return nil, fmt.Errorf("workload: %w", err)
		}
		read := optimize.ParseWorkload
		if optimize.IsLog(string(text)) {
			read = optimize.ParseLog
		}
		options.Statements, notes = read(o.Workload, string(text))
		if len(options.Statements) == 0 {
			return nil, fmt.Errorf("workload %s: it has no statement", o.Workload)
		}
	}
	look := optimize.Run
	if !onPostgres(o.Database) {
		options.Database = sqliteFile(o.Database)
		look = optimize.RunSQLite
	}
	report, err := look(ctx, options)
	if err != nil {
		return nil, err
	}
	report.Notes = append(notes, report.Notes...)
	if o.Project == "" {
		return report, nil
	}
	checked, err := Check(o.Project)
	if err != nil {
		return nil, fmt.Errorf("project: %w", err)
	}
	if len(checked.Problems) > 0 {
		return nil, fmt.Errorf("project %s: its design has mistakes: fettle check %[1]s shows them", o.Project)
	}
	intoDesign(checked.Model, report)
	return report, nil
}

func onPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// sqliteFile is the file that a URL names as services write it (sqlite:data/shop.db), or as SQLite does.
func sqliteFile(url string) string {
	for _, scheme := range []string{"sqlite://", "sqlite:", "file:"} {
		if file, ok := strings.CutPrefix(url, scheme); ok {
			return file
		}
	}
	return url
}

// WriteMigrations writes the migrations of the advice into a folder, a file each, in the order in which they are
// advised. A file that is there is left alone and not named.
func WriteMigrations(dir string, report *optimize.Report) (written []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for name, text := range report.Migrations() {
		path := filepath.Join(dir, name)
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return written, err
		}
		_, err = file.WriteString(text)
		if err := errors.Join(err, file.Close()); err != nil {
			return written, err
		}
		written = append(written, path)
	}
	return written, nil
}
