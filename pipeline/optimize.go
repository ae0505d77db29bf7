package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/optimize"
)

// OptimizeOptions are what the user asks of Optimize.
type OptimizeOptions struct {
	Database string       // URL of the database, or the path of a SQLite file
	Clone    string       // URL of a copy that may be changed, or empty
	Workload string       // path of a file of statements, of a log, or of a folder of code, or the address of a service; empty: what the database counted
	Text     string       // the statements themselves, in place of a file
	Budget   string       // size that new indexes may take together, or empty
	Explains int          // plans that may be asked for; 0: the usual number
	Literals bool         // constants of statements are shown
	Progress func(string) // is told what is being done, or nil
	Project  string       // folder of the project whose database it is, or empty: its indexes are edits of the design
}

// passwordOf finds the password in a URL of whatever scheme, also where url.Parse would not read it, or in a list of settings.
var passwordOf = regexp.MustCompile(`(://[^/?#:@]*):.*@|((?i:password|passwd|pwd|secret|token)=)[^&\s]*`)

// withoutPassword is the address of a database as it may be shown.
func withoutPassword(address string) string {
	return passwordOf.ReplaceAllStringFunc(address, func(found string) string {
		m := passwordOf.FindStringSubmatch(found)
		if m[2] != "" {
			return m[2] + "…"
		}
		return m[1] + ":…@"
	})
}

// Optimize finds which statements of a database cost most, and what would help.
func Optimize(ctx context.Context, o OptimizeOptions) (*optimize.Report, error) {
	options := optimize.Options{Database: o.Database, Clone: o.Clone, Explains: o.Explains, Literals: o.Literals, Progress: o.Progress}
	if o.Database == "" {
		return nil, errors.New("which database? --database postgres://user@host:5432/name, or DATABASE_URL")
	}
	if !onPostgres(o.Database) {
		if _, err := os.Stat(sqliteFile(o.Database)); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s: there is no such database; it is a URL as postgres://user@host:5432/name, or the file of an SQLite database", withoutPassword(o.Database))
		}
	}
	if o.Budget != "" {
		var err error
		if options.Budget, err = optimize.ParseBytes(o.Budget); err != nil {
			return nil, err
		}
	}
	var err error
	var notes []string
	if options.Statements, notes, err = o.statements(ctx); err != nil {
		return nil, err
	}
	look := optimize.Run
	if !onPostgres(o.Database) {
		options.Database = sqliteFile(o.Database)
		look = optimize.RunSQLite
	}
	if o.Clone != "" && onPostgres(o.Database) && !onPostgres(o.Clone) {
		return nil, errors.New("the clone's URL cannot be read: it looks like postgres://user@host:5432/name")
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

// statements are those of the workload, or nil for what the database counted.
func (o OptimizeOptions) statements(ctx context.Context) (statements []*optimize.Statement, notes []string, err error) {
	text := o.Text
	switch {
	case text != "":
		o.Workload = "statements"
	case o.Workload == "":
		return nil, nil, nil
	case isService(o.Workload):
		statements, notes, err := statementsOfService(ctx, o.Workload)
		if err != nil {
			err = fmt.Errorf("workload: %w", err)
		}
		return statements, notes, err
	default:
		info, err := os.Stat(o.Workload)
		if err != nil {
			return nil, nil, fmt.Errorf("workload: %w", err)
		}
		if info.IsDir() {
			statements, notes, err := statementsOf(o.Workload, onPostgres(o.Database))
			if err == nil && len(statements) == 0 {
				err = fmt.Errorf("workload %s: its code has no statement whose text is known", o.Workload)
			}
			return statements, notes, err
		}
		read, err := os.ReadFile(o.Workload)
		if err != nil {
			return nil, nil, fmt.Errorf("workload: %w", err)
		}
		text = string(read)
	}
	read := optimize.ParseWorkload
	if optimize.IsLog(text) {
		read = optimize.ParseLog
	}
	if statements, notes = read(o.Workload, text); len(statements) == 0 {
		return nil, nil, fmt.Errorf("workload %s: it has no statement", o.Workload)
	}
	return statements, notes, nil
}

// keywords matches libpq's other form of a URL: host=localhost dbname=shop.
var keywords = regexp.MustCompile(`(^|\s)(host|hostaddr|dbname|service)\s*=`)

func onPostgres(url string) bool {
	scheme, _, is := strings.Cut(url, "://")
	return is && (strings.EqualFold(scheme, "postgres") || strings.EqualFold(scheme, "postgresql")) || keywords.MatchString(url)
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

// ErrNoStatements is that a database which counts no statements was to be made fast, and none was named.
var ErrNoStatements = optimize.ErrNoStatements

// firstMigration is the number of the first migration in an empty folder, above those that a project writes.
const firstMigration = 90001

// WriteMigrations writes the migrations of the advice into a folder, a file each, in the order in which they are
// advised, with numbers that follow those that are there. What has a file already, under whatever number, is left alone and not named.
func WriteMigrations(dir string, report *optimize.Report) (written []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	next, there := firstMigration, map[string]bool{}
	for _, entry := range entries {
		number, name, _ := strings.Cut(entry.Name(), "_")
		there[name] = true
		if n, err := strconv.Atoi(number); err == nil && n >= next {
			next = n + 1
		}
	}
	for name, text := range report.Migrations() {
		if there[name+".sql"] {
			continue
		}
		path := filepath.Join(dir, fmt.Sprintf("%05d_%s.sql", next, name))
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // a file of the project, for all who may read it
			return written, err
		}
		next++
		written = append(written, path)
	}
	return written, nil
}
