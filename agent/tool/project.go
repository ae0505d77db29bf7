package tool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fettlehq/fettle/pipeline"
)

// Project is the one folder that tools work in.
type Project struct {
	Dir      string
	Database string // URL of the database that is optimized, or empty; it comes from whoever starts the tools, never from a call

	Kit string // folder of the runtime library; empty to find it

	// Meaning says what the code of a problem, or a rule of review, means.
	Meaning func(code string) (string, error)

	// Staged is the design as it has been edited, where edits are kept until somebody agrees to all of them; nil where
	// each is written by its hash.
	Staged *pipeline.Edited

	trial *trial // of staged edits

	working  gate // calls that write the project, or its staged edits, are alone in it
	building gate // one build, or run of the service or on a database, at a time: it takes all of a machine
	lifting  gate // and one reading of all code
}

// edits tells whether the design has been edited and is not written.
func (p *Project) edits() bool { return p.Staged != nil && p.Staged.Hash != "" }

// design is the design as it is, or as it has been edited.
func (p *Project) design() (*pipeline.Checked, error) {
	if p.Staged != nil {
		return p.Staged.Checked, nil
	}
	e, err := pipeline.Open(p.Dir)
	if err != nil {
		return nil, err
	}
	return e.Checked, nil
}

// contained refuses a project of which a part that tools read or write lies outside of its folder, by a link. (What is
// written replaces links and does not follow them; folders it would follow.)
func (p *Project) contained() error {
	root, err := filepath.Abs(p.Dir)
	if err != nil {
		return err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return fmt.Errorf("project: %w", err)
	}
	looked := 0
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // what cannot be read is read by no tool either
		}
		if looked++; looked > maxLooked {
			return errors.New("project: too many files to be sure that none leads outside")
		}
		if entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.Type()&fs.ModeSymlink == 0 {
			return nil
		}
		to, err := filepath.EvalSymlinks(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it leads nowhere
		}
		if err != nil || to != root && !strings.HasPrefix(to, root+string(os.PathSeparator)) {
			relative, _ := filepath.Rel(root, path)
			return fmt.Errorf("project: %s leads outside of the project", filepath.ToSlash(relative))
		}
		return nil
	})
}

const maxLooked = 200_000
