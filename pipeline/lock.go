package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fettlehq/fettle/emit/proto"
	"github.com/fettlehq/fettle/optimize"
)

// LockFile is where a project records what the tool wrote.
const LockFile = "fettle.lock"

// lock is the content of fettle.lock: what a file was when the tool wrote it. A file that differs since is the team's.
type lock struct {
	// Kit is the hash of the requirements of the kit that go.mod was last brought up to. Lines that the team takes out
	// again, as "go mod tidy" does, stay out until kit asks for others.
	Kit string `json:"kit,omitempty"`
	// Files are the hashes of the files that follow from the design, by path with slashes.
	Files map[string]string `json:"files"`
	// Fresh says that the migrations have been applied nowhere that the tool knows of: they are those of a new project. Until a
	// verb applies them, a database shows them (data/, or the one that DATABASE_URL names), they are committed, or a further one is
	// asked for because tables would lose data, they are planned anew in place of a further one.
	Fresh bool `json:"fresh,omitempty"`
	// Migrations are the hashes of the migrations as they were written.
	Migrations map[string]string `json:"migrations,omitempty"`
	// Numbers are those of the fields of the gRPC door, by message (see emit/proto): once given they are never given again.
	Numbers proto.Numbers `json:"numbers,omitempty"`

	replan *bool // what mayReplan found out: a database is asked once
}

// readLock reads fettle.lock of a project; without one it is empty.
func readLock(dir string) (*lock, error) {
	l := &lock{Files: map[string]string{}, Migrations: map[string]string{}}
	text, err := os.ReadFile(filepath.Join(dir, LockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	if bytes.Contains(text, []byte("<<<<<<<")) {
		return nil, fmt.Errorf("%s: has the marks of a merge; take either side and generate again", LockFile)
	}
	if err := json.Unmarshal(text, l); err != nil {
		return nil, fmt.Errorf("%s: %w", LockFile, err)
	}
	if l.Files == nil {
		l.Files = map[string]string{}
	}
	if l.Migrations == nil {
		l.Migrations = map[string]string{}
	}
	return l, nil
}

// mayReplan tells whether the migrations on disk are the tool's own and no database is known to have seen them.
func (l *lock) mayReplan(dir string) (bool, error) {
	if !l.Fresh {
		return false, nil
	}
	if l.replan != nil {
		return *l.replan, nil
	}
	may, err := l.seenNowhere(dir)
	if err == nil {
		l.replan = &may
	}
	return may, err
}

func (l *lock) seenNowhere(dir string) (bool, error) {
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		return false, nil
	}
	for path, written := range l.Migrations {
		if have, err := read(dir, path); err != nil || have == nil || hash(have) != written {
			return false, err
		}
	}
	return !l.committed(dir) && !migrated(dir, os.Getenv("DATABASE_URL")), nil
}

// committed tells whether one of the migrations is in the last commit: then others may have it, and databases of theirs.
func (l *lock) committed(dir string) bool {
	if len(l.Migrations) == 0 {
		return false
	}
	tree, err := git(dir, append([]string{"ls-tree", "--name-only", "HEAD", "--"}, slices.Sorted(maps.Keys(l.Migrations))...)...)
	return err == nil && len(tree) > 0 // an error: there is no repository, or nothing is committed
}

// askTimeout is how long a database is waited for that is asked whether it has migrations.
const askTimeout = 5 * time.Second

// migrated tells whether the database of a URL has migrations applied, as far as it can be asked; a SQLite file is named from the
// project's folder, as for its service.
func migrated(dir, database string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		return optimize.Migrated(ctx, database)
	}
	file, _, _ := strings.Cut(sqliteFile(database), "?")
	if file == "" || strings.HasPrefix(file, ":memory:") {
		return false
	}
	path, err := filepath.Abs(absolute(dir, file))
	return err != nil || optimize.Migrated(ctx, path)
}

// Applied records that the migrations of a project are about to run somewhere. Each verb that runs the service on a database that is
// not thrown away calls it first.
func Applied(dir string) error {
	l, err := readLock(dir)
	if err != nil || !l.Fresh {
		return err
	}
	l.Fresh = false
	return write(dir, []Change{{LockFile, l.text()}})
}

// text is the lock as it stands in its file, sorted by path.
func (l *lock) text() []byte {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("lock: %v", err)) // it is maps of strings
	}
	return append(text, '\n')
}

// hash names a content, whatever line ends a checkout gave it.
func hash(content []byte) string {
	sum := sha256.Sum256(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")))
	return hex.EncodeToString(sum[:])
}
