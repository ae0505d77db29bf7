package dev

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/fettlehq/fettle/pipeline"
)

// settle is how long a folder must be quiet after a save: editors write a file in several steps.
const settle = 50 * time.Millisecond

// watch tells which files of a project get another content. What the tool itself writes is expected and not told.
type watch struct {
	dir    string
	saved  chan []string // paths with another content, relative to the project
	events *fsnotify.Watcher
	quit   chan struct{}

	mu    sync.Mutex
	known map[string][sha256.Size]byte // content of each file, by path
}

func newWatch(dir string) (*watch, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &watch{dir: dir, saved: make(chan []string), events: events, quit: make(chan struct{}), known: map[string][sha256.Size]byte{}}
	files, err := w.add(dir)
	if err != nil {
		events.Close()
		return nil, err
	}
	w.differing(files)
	go w.collect()
	return w, nil
}

// Close ends the watch.
func (w *watch) Close() error {
	close(w.quit)
	return w.events.Close()
}

// expect says which contents are about to be written by the tool.
func (w *watch) expect(changes []pipeline.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changes {
		path := filepath.Join(w.dir, filepath.FromSlash(c.Path))
		if c.Content == nil {
			delete(w.known, path)
			continue
		}
		w.known[path] = sha256.Sum256(c.Content)
	}
}

// collect gathers events until the project is quiet, and tells of those that made a difference.
func (w *watch) collect() {
	touched := map[string]bool{}
	quiet := time.NewTimer(0)
	<-quiet.C
	for {
		select {
		case <-w.quit:
			return
		case event, ok := <-w.events.Events:
			if !ok {
				return
			}
			for _, path := range w.paths(event) {
				touched[path] = true
				quiet.Reset(settle)
			}
		case <-w.events.Errors:
		case <-quiet.C:
			paths := make([]string, 0, len(touched))
			for path := range touched {
				paths = append(paths, path)
			}
			clear(touched)
			if paths = w.differing(paths); len(paths) == 0 {
				continue
			}
			select {
			case w.saved <- paths:
			case <-w.quit:
				return
			}
		}
	}
}

// paths are the files that an event may be about.
func (w *watch) paths(event fsnotify.Event) []string {
	if event.Has(fsnotify.Create) {
		if info, err := os.Stat(event.Name); err == nil && info.IsDir() {
			files, _ := w.add(event.Name)
			return files
		}
	}
	if !matters(event.Name) || event.Op == fsnotify.Chmod {
		return nil
	}
	return []string{event.Name}
}

// differing keeps the files whose content is another than was known, and knows it then.
func (w *watch) differing(files []string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(files, func(path string) bool {
		before, was := w.known[path]
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			delete(w.known, path)
			return !was
		}
		if err != nil {
			return true
		}
		w.known[path] = sha256.Sum256(content)
		return was && before == w.known[path]
	})
}

// add watches a folder and those in it, and returns the files there that matter.
func (w *watch) add(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if path == dir {
				return err
			}
			return nil // gone again
		case !entry.IsDir():
			if matters(path) {
				files = append(files, path)
			}
			return nil
		case path != w.dir && ignored(entry.Name()):
			return filepath.SkipDir
		}
		return w.events.Add(path)
	})
	return files, err
}

func ignored(folder string) bool {
	return strings.HasPrefix(folder, ".") || folder == "data" || folder == "node_modules" || folder == "vendor" || folder == "testdata"
}

// matters reports whether a file may change what the service does.
func matters(path string) bool {
	name := filepath.Base(path)
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "_test.go") {
		return false
	}
	return slices.Contains([]string{".go", ".graphql", ".sql", ".mod"}, filepath.Ext(name))
}
