package optimize

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// The copy of a SQLite file that trials are made on stands in a folder of its own, which goes with the run. A run that is killed removes
// nothing, so each holds a lock in its folder, and the next one removes those that nobody holds.

const (
	copyFolder = "fettle-optimize"
	lockFile   = "lock.db"   // a database of SQLite, whose locks every system has and ends with the process
	unlocked   = time.Minute // that a folder may be there before its lock is taken
	copyFile   = "copy.db"   // the copy itself
	noWait     = "busy_timeout(0)"
)

// copyPlace is the folder of a run.
type copyPlace struct {
	dir  string
	lock *sql.DB
}

func newCopyPlace(ctx context.Context) (*copyPlace, error) {
	dir, err := os.MkdirTemp("", copyFolder)
	if err != nil {
		return nil, err
	}
	p := &copyPlace{dir: dir}
	if p.lock, err = lockIn(ctx, dir, true); err != nil {
		p.end()
		return nil, fmt.Errorf("%s: %w", dir, interruption(ctx, err))
	}
	return p, nil
}

// lockIn takes the lock of a folder; nil and an error: another run has it.
func lockIn(ctx context.Context, dir string, create bool) (*sql.DB, error) {
	mode := "rw"
	if create {
		mode = "rwc"
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(dir, lockFile)}).EscapedPath()+"?mode="+mode+"&_pragma="+noWait)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		db.Close() //nolint:errcheck // nothing was written
		return nil, err
	}
	return db, nil
}

func (p *copyPlace) end() {
	if p.lock != nil {
		p.lock.Close() //nolint:errcheck // nothing was written
	}
	os.RemoveAll(p.dir) //nolint:errcheck // the next run removes what is left
}

// sweepCopies removes what runs have left that were killed, and tells it.
func sweepCopies(ctx context.Context) (notes []string) {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), copyFolder+"*")) //nolint:errcheck // the pattern is one
	for _, dir := range left {
		about, err := os.Lstat(dir)
		if err != nil || !about.IsDir() || time.Since(about.ModTime()) < unlocked {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, lockFile)); err != nil {
			continue // whose it is nothing says
		}
		lock, err := lockIn(ctx, dir, false)
		if err != nil {
			continue // somebody is at work there, or it is another user's
		}
		size := 0.0
		if copied, err := os.Stat(filepath.Join(dir, copyFile)); err == nil {
			size = float64(copied.Size())
		}
		(&copyPlace{dir: dir, lock: lock}).end()
		if _, err := os.Lstat(dir); err != nil {
			notes = append(notes, fmt.Sprintf("removed %s, a copy of %s which a run that was killed had left", dir, Bytes(size)))
		}
	}
	return notes
}
