package pipeline

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/mend"
	"github.com/fettlehq/fettle/review/rule"
)

// Mended is what the mechanical fixes of a review would change. Nothing is written until Write is called.
type Mended struct {
	Diff string         // unified; empty where nothing would change
	Done []rule.Finding // whose fixes are in it
	Left []LeftFinding

	dir   string
	files []mendedFile
}

// LeftFinding is a finding that is not mended, with the reason.
type LeftFinding struct {
	rule.Finding
	Why string
}

type mendedFile struct {
	name          string
	before, after []byte
}

// Mend makes the changes of a review's findings, each whole or not at all. A file that is not as it was reviewed, or is no
// plain file within the folder, is left as it is.
func (r *Reviewed) Mend(dir string) (*Mended, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	m := &Mended{dir: dir}
	edits := map[string][]facts.Edit{}
	texts := map[string][]byte{}
	for _, f := range r.Findings {
		if why := r.refuse(root, f.Edits, edits, texts); why != "" {
			m.Left = append(m.Left, LeftFinding{f, why})
			continue
		}
		m.Done = append(m.Done, f)
	}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		after, err := mend.Apply(name, texts[name], edits[name])
		if err != nil {
			return nil, err
		}
		m.files = append(m.files, mendedFile{name, texts[name], after})
		m.Diff += string(diff.Diff("a/"+name, texts[name], "b/"+name, after))
	}
	return m, nil
}

// refuse says why a finding's edits cannot be made beside those that are made already, or adds them to these.
func (r *Reviewed) refuse(root *os.Root, wanted []facts.Edit, edits map[string][]facts.Edit, texts map[string][]byte) string {
	if len(wanted) == 0 {
		return "no mechanical fix"
	}
	next := map[string][]facts.Edit{}
	for _, e := range wanted {
		if texts[e.File] == nil {
			text, err := plainFile(root, e.File)
			if err != nil {
				return err.Error()
			}
			if sum, known := r.Facts.Sums[e.File]; !known || sha256.Sum256(text) != sum {
				return e.File + " has changed since it was read"
			}
			texts[e.File] = text
		}
		if next[e.File] == nil {
			next[e.File] = slices.Clone(edits[e.File])
		}
		if slices.ContainsFunc(next[e.File], func(o facts.Edit) bool { return mend.Meet(o, e) }) {
			return "its fix meets that of another: review again"
		}
		next[e.File] = append(next[e.File], e)
	}
	for name, list := range next {
		if _, err := mend.Apply(name, texts[name], list); err != nil {
			return err.Error()
		}
	}
	maps.Copy(edits, next)
	return ""
}

// plainFile reads a file within a folder that is one itself, and no link to one.
func plainFile(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is no plain file", name)
	}
	return root.ReadFile(filepath.FromSlash(name))
}

// ErrChanged is that a file is not as it was read.
var ErrChanged = errors.New("has changed since it was read")

// Write makes the changes, each file at once. One that has changed meanwhile stops the rest.
func (m *Mended) Write() error {
	root, err := os.OpenRoot(m.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range m.files {
		if now, err := plainFile(root, f.name); err != nil {
			return err
		} else if sha256.Sum256(now) != sha256.Sum256(f.before) {
			return fmt.Errorf("%s: %w", f.name, ErrChanged)
		}
	}
	for _, f := range m.files {
		if err := f.write(root); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// write puts the new text beside the file and then in its place.
func (f mendedFile) write(root *os.Root) error {
	name := filepath.FromSlash(f.name)
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	beside := name + ".fettle-new"
	out, err := root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is in the way", beside)
	}
	if err != nil {
		return err
	}
	_, err = out.Write(f.after)
	if err = errors.Join(err, out.Close()); err == nil {
		err = root.Chmod(beside, info.Mode().Perm())
	}
	if err == nil {
		err = root.Rename(beside, name)
	}
	if err != nil {
		return errors.Join(err, root.Remove(beside))
	}
	return nil
}
